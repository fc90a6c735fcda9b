/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include "base/hex.h"
#include "base/mem.h"

static bool is_dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

enum tg_err tg_uuid_parse(struct tg_uuid *uuid, struct tg_bytes text)
{
    uint8_t digits[2 * TG_UUID_LEN];
    size_t n = 0;
    unsigned bad = 0;
    enum tg_err err = TG_E_SYNTAX;

    tg_mem_wipe(uuid, sizeof(*uuid));
    if (text.len != TG_UUID_TEXT_LEN) {
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < TG_UUID_TEXT_LEN; i++) {
        if (is_dash_at(i)) {
            bad |= (unsigned)(text.ptr[i] ^ '-');
        } else {
            digits[n++] = text.ptr[i];
        }
    }
    if (bad == 0) {
        err = tg_hex_decode(uuid->bytes, TG_UUID_LEN, TG_ARRAY_BYTES(digits));
    }
    tg_mem_wipe(digits, sizeof(digits));
    return err;
}

void tg_uuid_format(char text[TG_UUID_TEXT_LEN + 1], const struct tg_uuid *uuid)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = 0; i < TG_UUID_LEN; i++) {
        if (is_dash_at(n)) {
            text[n++] = '-';
        }
        text[n++] = digits[uuid->bytes[i] >> 4];
        text[n++] = digits[uuid->bytes[i] & 15u];
    }
    text[n] = '\0';
}

void tg_uuid_set_v4(struct tg_uuid *uuid)
{
    uuid->bytes[6] = (uint8_t)((uuid->bytes[6] & 0x0fu) | 0x40u);
    uuid->bytes[8] = (uint8_t)((uuid->bytes[8] & 0x3fu) | 0x80u);
}
