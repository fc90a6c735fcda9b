/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* Length of the sequence that c starts, and the range of its second byte. 0: c starts none. */
static size_t sequence(uint8_t c, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (c < 0x80) {
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf) {
        return 2;
    }
    if (c >= 0xe0 && c <= 0xef) {
        *low = c == 0xe0 ? 0xa0 : 0x80;
        *high = c == 0xed ? 0x9f : 0xbf;
        return 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        *low = c == 0xf0 ? 0x90 : 0x80;
        *high = c == 0xf4 ? 0x8f : 0xbf;
        return 4;
    }
    return 0;
}

size_t tg_utf8_first(struct tg_bytes text, uint32_t *code)
{
    uint8_t low = 0;
    uint8_t high = 0;
    size_t len = text.len > 0 ? sequence(text.ptr[0], &low, &high) : 0;
    uint32_t value = 0;

    *code = 0;
    if (len == 0 || len > text.len) {
        return 0;
    }
    value = len == 1 ? text.ptr[0] : text.ptr[0] & (0x7fu >> len);
    for (size_t k = 1; k < len; k++) {
        uint8_t c = text.ptr[k];

        if (c < (k == 1 ? low : 0x80) || c > (k == 1 ? high : 0xbf)) {
            return 0;
        }
        value = value << 6 | (c & 0x3fu);
    }
    *code = value;
    return len;
}

/* Whether the eight bytes are ASCII, as in most texts. */
static bool is_ascii(const uint8_t *eight)
{
    uint64_t word = 0;

    memcpy(&word, eight, sizeof(word));
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool tg_utf8_is_valid(struct tg_bytes text)
{
    uint32_t code = 0;

    for (size_t i = 0; i < text.len;) {
        size_t len = 8;

        if (text.len - i >= len && is_ascii(text.ptr + i)) {
            i += len;
            continue;
        }
        len = tg_utf8_first(tg_bytes_from(text, i), &code);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}
