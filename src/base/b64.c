/* SPDX-License-Identifier: Apache-2.0 */
#include "base/b64.h"

#include <string.h>

/* All ones when lo <= c <= hi, without a branch on c. */
static unsigned mask_range(int c, int lo, int hi)
{
    unsigned bit = ((unsigned)(lo - 1 - c) & (unsigned)(c - hi - 1)) >> 31;

    return 0u - bit;
}

static uint8_t encode_char(unsigned v, enum tg_b64_form form)
{
    int i = (int)v;
    unsigned c62 = form == TG_B64_URL ? '-' : '+';
    unsigned c63 = form == TG_B64_URL ? '_' : '/';

    return (uint8_t)((mask_range(i, 0, 25) & ('A' + v)) |
                     (mask_range(i, 26, 51) & ('a' + v - 26u)) |
                     (mask_range(i, 52, 61) & ('0' + v - 52u)) | (mask_range(i, 62, 62) & c62) |
                     (mask_range(i, 63, 63) & c63));
}

/* The six bits of c, or above 63 when c is not of the alphabet. */
static unsigned decode_char(uint8_t byte, bool is_url)
{
    int c = byte;
    int c62 = is_url ? '-' : '+';
    int c63 = is_url ? '_' : '/';
    unsigned v = byte;
    unsigned hit = mask_range(c, 'A', 'Z') | mask_range(c, 'a', 'z') | mask_range(c, '0', '9') |
                   mask_range(c, c62, c62) | mask_range(c, c63, c63);
    unsigned bits = (mask_range(c, 'A', 'Z') & (v - 'A')) |
                    (mask_range(c, 'a', 'z') & (v - 'a' + 26u)) |
                    (mask_range(c, '0', '9') & (v - '0' + 52u)) | (mask_range(c, c62, c62) & 62u) |
                    (mask_range(c, c63, c63) & 63u);

    return bits | (~hit & 64u);
}

void tg_b64_encode(struct tg_buf *out, struct tg_bytes raw, enum tg_b64_form form)
{
    for (size_t i = 0; i < raw.len; i += 3) {
        size_t have = raw.len - i < 3 ? raw.len - i : 3;
        unsigned v = (unsigned)raw.ptr[i] << 16;

        v |= have > 1 ? (unsigned)raw.ptr[i + 1] << 8 : 0u;
        v |= have > 2 ? (unsigned)raw.ptr[i + 2] : 0u;
        for (size_t k = 0; k < 4; k++) {
            if (k <= have) {
                tg_buf_append_u8(out, encode_char((v >> (18 - 6 * k)) & 63u, form));
            } else if (form != TG_B64_URL) {
                tg_buf_append_u8(out, '=');
            }
        }
    }
}

/* Takes the padding off. False: it is not as the form demands. */
static bool strip_padding(struct tg_bytes *text, enum tg_b64_form form)
{
    size_t pad = 0;

    while (pad < 2 && pad < text->len && text->ptr[text->len - 1 - pad] == '=') {
        pad++;
    }
    if (pad > 0 && (form == TG_B64_URL || text->len % 4 != 0)) {
        return false;
    }
    if (pad == 0 && form == TG_B64_STANDARD && text->len % 4 != 0) {
        return false;
    }
    text->len -= pad;
    return text->len % 4 != 1;
}

static bool is_url_alphabet(struct tg_bytes text, enum tg_b64_form form)
{
    bool seen = false;

    if (form != TG_B64_ANY) {
        return form == TG_B64_URL;
    }
    for (size_t i = 0; i < text.len; i++) {
        seen |= text.ptr[i] == '-' || text.ptr[i] == '_';
    }
    return seen;
}

enum tg_err tg_b64_decode(struct tg_buf *out, struct tg_bytes text, enum tg_b64_form form)
{
    bool is_url = is_url_alphabet(text, form);
    unsigned bad = 0;
    size_t start = out->len;

    if (!strip_padding(&text, form)) {
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < text.len; i += 4) {
        size_t have = text.len - i < 4 ? text.len - i : 4;
        unsigned v = 0;
        uint8_t raw[3];

        for (size_t k = 0; k < 4; k++) {
            unsigned bits = k < have ? decode_char(text.ptr[i + k], is_url) : 0u;

            bad |= bits & 64u;
            v = (v << 6) | (bits & 63u);
        }
        raw[0] = (uint8_t)(v >> 16);
        raw[1] = (uint8_t)(v >> 8);
        raw[2] = (uint8_t)v;
        for (size_t k = have - 1; k < 3; k++) {
            bad |= raw[k]; /* bits that encode nothing must be zero */
        }
        tg_buf_append(out, tg_bytes(raw, have - 1));
    }
    if (bad != 0 || tg_buf_status(out) != TG_OK) {
        enum tg_err failed = tg_buf_status(out);

        tg_buf_truncate(out, start);
        return bad != 0 ? TG_E_SYNTAX : failed;
    }
    return TG_OK;
}
