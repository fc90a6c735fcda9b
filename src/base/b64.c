/* SPDX-License-Identifier: Apache-2.0 */
#include "base/b64.h"

#include "base/mem.h"

#include <string.h>

/* Sixteen characters at a time, with the compiler's vectors. A comparison gives a mask, so no
   branch depends on data, on any processor. */
typedef uint8_t vec16 __attribute__((vector_size(16)));
typedef int8_t vec16s __attribute__((vector_size(16))); /* signed: its comparisons are cheap */
typedef uint64_t vec2 __attribute__((vector_size(16)));
#define VEC_TEXT 16u
#define VEC_RAW 12u
#define VEC_RAW_READ 14u /* two loads of 8 bytes for 6 each */

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

/* The six bits of c, or a value above 63 if c is not in the alphabet. */
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

/* Four characters of three bytes. */
static void encode_group(uint8_t text[4], const uint8_t raw[3], enum tg_b64_form form)
{
    unsigned v = (unsigned)raw[0] << 16 | (unsigned)raw[1] << 8 | (unsigned)raw[2];

    for (unsigned k = 0; k < 4; k++) {
        text[k] = encode_char((v >> (18 - 6 * k)) & 63u, form);
    }
}

/* From or to big-endian; some systems lack <endian.h>. */
static uint64_t big_endian(uint64_t v)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

/* Six bytes as eight times six bits, one in each byte. */
static uint64_t spread(const uint8_t *raw)
{
    uint64_t v = 0;

    memcpy(&v, raw, sizeof(v));
    v = big_endian(v) >> 16;
    v = ((v & UINT64_C(0x0000ffffff000000)) << 8) | (v & UINT64_C(0x0000000000ffffff));
    v = ((v & UINT64_C(0x00fff00000fff000)) << 4) | (v & UINT64_C(0x00000fff00000fff));
    v = ((v & UINT64_C(0x0fc00fc00fc00fc0)) << 2) | (v & UINT64_C(0x003f003f003f003f));
    return big_endian(v);
}

static void encode_vec(uint8_t text[VEC_TEXT], const uint8_t *raw, enum tg_b64_form form)
{
    /* Distance from '0' + 10 down to the character for 62, and from the character after that one to
       the character for 63. */
    uint8_t down = form == TG_B64_URL ? 13 : 15;
    uint8_t up = form == TG_B64_URL ? 49 : 3;
    vec16 v = (vec16)(vec2){ spread(raw), spread(raw + VEC_RAW / 2) };
    vec16s n = (vec16s)v;

    v = v + 'A' + ((vec16)(n > 25) & 6) - ((vec16)(n > 51) & 75) - ((vec16)(n > 61) & down) +
        ((vec16)(n > 62) & up);
    memcpy(text, &v, sizeof(v));
}

/* The one or two bytes behind the last whole group. */
static void encode_tail(struct tg_buf *out, struct tg_bytes rest, enum tg_b64_form form)
{
    uint8_t raw[3] = { 0 };
    uint8_t text[4];

    if (rest.len == 0) {
        return;
    }
    memcpy(raw, rest.ptr, rest.len);
    encode_group(text, raw, form);
    memset(text + rest.len + 1, '=', 3 - rest.len);
    tg_buf_append(out, tg_bytes(text, form == TG_B64_URL ? rest.len + 1 : sizeof(text)));
    tg_mem_wipe(raw, sizeof(raw));
    tg_mem_wipe(text, sizeof(text));
}

static size_t encoded_len(size_t raw_len, enum tg_b64_form form)
{
    size_t rest = raw_len % 3;

    return raw_len / 3 * 4 + (rest == 0 ? 0 : form == TG_B64_URL ? rest + 1 : 4);
}

void tg_b64_encode(struct tg_buf *out, struct tg_bytes raw, enum tg_b64_form form)
{
    size_t group_count = raw.len / 3;
    size_t start = out->len;
    size_t done = 0;
    uint8_t *at = NULL;

    if (group_count > SIZE_MAX / 4 - 1) {
        out->err = out->err == TG_OK ? TG_E_LIMIT : out->err;
        return;
    }
    tg_buf_reserve(out, encoded_len(raw.len, form)); /* with the tail */
    at = tg_buf_extend(out, group_count * 4);
    if (at == NULL) {
        return;
    }
    while (raw.len - 3 * done >= VEC_RAW_READ) {
        encode_vec(at + 4 * done, raw.ptr + 3 * done, form);
        done += VEC_RAW / 3;
    }
    for (; done < group_count; done++) {
        encode_group(at + 4 * done, raw.ptr + 3 * done, form);
    }
    encode_tail(out, tg_bytes_from(raw, group_count * 3), form);
    if (tg_buf_status(out) != TG_OK) {
        tg_buf_truncate(out, start);
    }
}

/* Removes the padding. False: the form does not allow it. */
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
    unsigned seen = 0;

    if (form != TG_B64_ANY) {
        return form == TG_B64_URL;
    }
    for (size_t i = 0; i < text.len; i++) {
        seen |= (unsigned)(text.ptr[i] == '-') | (unsigned)(text.ptr[i] == '_');
    }
    return seen != 0;
}

/* The number of bytes that text of this length, without padding, encodes. */
static size_t decoded_len(size_t text_len)
{
    return text_len / 4 * 3 + (text_len % 4 == 0 ? 0 : text_len % 4 - 1);
}

/* Three bytes of up to four characters; missing characters count as zero bits. Not 0: refused. */
static unsigned decode_group(uint8_t raw[3], const uint8_t *text, size_t have, bool is_url)
{
    unsigned bad = 0;
    unsigned v = 0;

    for (size_t k = 0; k < 4; k++) {
        unsigned bits = k < have ? decode_char(text[k], is_url) : 0u;

        bad |= bits & 64u;
        v = (v << 6) | (bits & 63u);
    }
    raw[0] = (uint8_t)(v >> 16);
    raw[1] = (uint8_t)(v >> 8);
    raw[2] = (uint8_t)v;
    return bad;
}

/* Eight times six bits, one in each byte, as six bytes. */
static void gather(uint8_t *raw, uint64_t v)
{
    v = big_endian(v);
    v = ((v & UINT64_C(0x3f003f003f003f00)) >> 2) | (v & UINT64_C(0x003f003f003f003f));
    v = ((v & UINT64_C(0x0fff00000fff0000)) >> 4) | (v & UINT64_C(0x00000fff00000fff));
    v = ((v & UINT64_C(0x00ffffff00000000)) >> 8) | (v & UINT64_C(0x0000000000ffffff));
    v = big_endian(v << 16);
    memcpy(raw, &v, VEC_RAW / 2);
}

/* A byte of *bad that is not 0: its character is not in the alphabet. */
static void decode_vec(uint8_t raw[VEC_RAW], vec16 *bad, const uint8_t *text, bool is_url)
{
    uint8_t c62 = is_url ? '-' : '+';
    uint8_t c63 = is_url ? '_' : '/';
    vec2 half;
    vec16s n;
    vec16 c;
    vec16 large;
    vec16 small;
    vec16 digit;
    vec16 is62;
    vec16 is63;
    vec16 v;

    memcpy(&c, text, sizeof(c));
    n = (vec16s)c; /* above 127 is negative and in no range */
    large = (vec16)(n > 'A' - 1) & (vec16)(n < 'Z' + 1);
    small = (vec16)(n > 'a' - 1) & (vec16)(n < 'z' + 1);
    digit = (vec16)(n > '0' - 1) & (vec16)(n < '9' + 1);
    is62 = (vec16)(c == c62);
    is63 = (vec16)(c == c63);
    v = (large & (c - 'A')) | (small & (c - ('a' - 26))) | (digit & (c + (52 - '0'))) |
        (is62 & 62) | (is63 & 63);
    *bad |= ~(large | small | digit | is62 | is63);
    half = (vec2)v;
    gather(raw, half[0]);
    gather(raw + VEC_RAW / 2, half[1]);
}

/* raw holds decoded_len(text.len) bytes. Not 0: refused. */
static unsigned decode_all(uint8_t *raw, struct tg_bytes text, bool is_url)
{
    size_t group_count = text.len / 4;
    size_t rest = text.len % 4;
    size_t done = 0;
    vec16 bad_vec = { 0 };
    unsigned bad = 0;

    for (; group_count - done >= VEC_TEXT / 4; done += VEC_TEXT / 4) {
        decode_vec(raw + 3 * done, &bad_vec, text.ptr + 4 * done, is_url);
    }
    for (size_t i = 0; i < VEC_TEXT; i++) {
        bad |= bad_vec[i];
    }
    for (; done < group_count; done++) {
        bad |= decode_group(raw + 3 * done, text.ptr + 4 * done, 4, is_url);
    }
    if (rest > 0) {
        uint8_t last[3];

        bad |= decode_group(last, text.ptr + 4 * group_count, rest, is_url);
        for (size_t k = 0; k < 3; k++) {
            if (k < rest - 1) {
                raw[3 * group_count + k] = last[k];
            } else {
                bad |= last[k]; /* bits that encode nothing must be zero */
            }
        }
        tg_mem_wipe(last, sizeof(last));
    }
    return bad;
}

enum tg_err tg_b64_decode(struct tg_buf *out, struct tg_bytes text, enum tg_b64_form form)
{
    bool is_url = is_url_alphabet(text, form);
    size_t start = out->len;
    uint8_t *raw = NULL;

    if (!strip_padding(&text, form)) {
        return TG_E_SYNTAX;
    }
    raw = tg_buf_extend(out, decoded_len(text.len));
    if (raw == NULL) {
        return tg_buf_status(out);
    }
    if (decode_all(raw, text, is_url) != 0) {
        tg_buf_truncate(out, start);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

enum tg_err tg_b64_decode_exact(uint8_t *raw, size_t raw_len, struct tg_bytes text,
                                enum tg_b64_form form)
{
    bool is_url = is_url_alphabet(text, form);

    if (!strip_padding(&text, form) || decoded_len(text.len) != raw_len ||
        decode_all(raw, text, is_url) != 0) {
        tg_mem_wipe(raw, raw_len);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}
