/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include "base/mem.h"

/* 1 when lo <= c <= hi, without a branch on c. */
static int in_range(int c, int lo, int hi)
{
    return (int)(((unsigned)(lo - 1 - c) & (unsigned)(c - hi - 1)) >> 31);
}

int tg_hex_digit(uint8_t byte)
{
    int c = byte;
    int digit = in_range(c, '0', '9') * (c - '0' + 1);
    int small = in_range(c, 'a', 'f') * (c - 'a' + 11);
    int large = in_range(c, 'A', 'F') * (c - 'A' + 11);

    return digit + small + large - 1;
}

static uint8_t digit_char(unsigned v)
{
    /* '0'..'9', then 39 more to reach 'a'. */
    return (uint8_t)('0' + v + (unsigned)in_range((int)v, 10, 15) * 39u);
}

void tg_hex_encode(struct tg_buf *out, struct tg_bytes raw)
{
    uint8_t *at = tg_buf_extend(out, 2 * raw.len);

    for (size_t i = 0; at != NULL && i < raw.len; i++) {
        at[2 * i] = digit_char(raw.ptr[i] >> 4);
        at[2 * i + 1] = digit_char(raw.ptr[i] & 15u);
    }
}

enum tg_err tg_hex_decode(uint8_t *raw, size_t raw_len, struct tg_bytes text)
{
    int bad = 0;

    if (text.len % 2 != 0 || text.len / 2 != raw_len) {
        tg_mem_wipe(raw, raw_len);
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < raw_len; i++) {
        int high = tg_hex_digit(text.ptr[2 * i]);
        int low = tg_hex_digit(text.ptr[2 * i + 1]);

        bad |= (high | low) < 0;
        raw[i] = (uint8_t)(((unsigned)high << 4) | ((unsigned)low & 15u));
    }
    if (bad) {
        tg_mem_wipe(raw, raw_len);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}
