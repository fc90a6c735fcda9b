/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/link_text.h"

#include "base/b64.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

#define ENTITY_MAX 10u /* characters between & and ; */

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool tg_link_is_b64(uint8_t c)
{
    return is_letter(c) || is_digit(c) || c == '+' || c == '/' || c == '-' || c == '_';
}

/* ---- cleaning ------------------------------------------------------------------------------- */

/* Characters outside ASCII that do not stand for themselves. All others are in no URL. */
static const struct range {
    uint32_t first;
    uint32_t last;
    uint8_t becomes; /* 0: nothing */
} ranges[] = {
    { 0x0085, 0x0085, '\n' }, { 0x00a0, 0x00a0, ' ' }, { 0x00ad, 0x00ad, 0 },
    { 0x034f, 0x034f, 0 },    { 0x061c, 0x061c, 0 },   { 0x115f, 0x1160, 0 },
    { 0x1680, 0x1680, ' ' },  { 0x17b4, 0x17b5, 0 },   { 0x180b, 0x180f, 0 },
    { 0x2000, 0x200a, ' ' },  { 0x200b, 0x200f, 0 },   { 0x2010, 0x2011, '-' },
    { 0x2028, 0x2029, '\n' }, { 0x202a, 0x202e, 0 },   { 0x202f, 0x202f, ' ' },
    { 0x205f, 0x205f, ' ' },  { 0x2060, 0x206f, 0 },   { 0x3000, 0x3000, ' ' },
    { 0x3164, 0x3164, 0 },    { 0xfe00, 0xfe0f, 0 },   { 0xfeff, 0xfeff, 0 },
    { 0xffa0, 0xffa0, 0 },    { 0xfff9, 0xfffb, 0 },   { 0xe0000, 0xe0fff, 0 },
};

static void put_code(struct tg_buf *out, uint32_t code, bool has_marks, unsigned *repairs)
{
    if (code >= 0x80) {
        for (size_t i = 0; i < TG_COUNT(ranges); i++) {
            if (code >= ranges[i].first && code <= ranges[i].last) {
                *repairs |= ranges[i].becomes == 0 ? TG_LINK_INVISIBLE : 0;
                if (ranges[i].becomes != 0) {
                    tg_buf_append_u8(out, ranges[i].becomes);
                }
                return;
            }
        }
        tg_buf_append_u8(out, TG_LINK_FOREIGN);
    } else if (code == '\t') {
        tg_buf_append_u8(out, ' ');
    } else if (code == '\n' || code == '\v' || code == '\f' || code == '\r') {
        tg_buf_append_u8(out, '\n');
    } else if ((code < 0x20 && !(has_marks && code == TG_LINK_HASH)) || code == 0x7f) {
        tg_buf_append_u8(out, TG_LINK_BROKEN);
    } else {
        tg_buf_append_u8(out, (uint8_t)code);
    }
}

static bool read_number(struct tg_bytes digits, unsigned base, uint32_t *code)
{
    uint32_t value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        int digit = tg_hex_digit(digits.ptr[i]);

        if (digit < 0 || digit >= (int)base || value > 0x10ffff) {
            return false;
        }
        value = value * base + (uint32_t)digit;
    }
    *code = value;
    return digits.len > 0 && value > 0 && value <= 0x10ffff;
}

/* The length of the entity that text begins with, from & to ;. 0: it begins with none. */
static size_t read_entity(struct tg_bytes text, uint32_t *code)
{
    static const struct {
        const char *name;
        uint8_t code;
    } names[] = { { "amp", '&' },    { "lt", '<' },  { "gt", '>' },   { "quot", '"' },
                  { "equals", '=' }, { "num", '#' }, { "plus", '+' }, { "sol", '/' } };
    size_t end = tg_bytes_find(tg_bytes_first(text, ENTITY_MAX + 2), ';');
    struct tg_bytes name = tg_bytes_from(tg_bytes_first(text, end), 1);

    if (end >= text.len || text.ptr[end] != ';') {
        return 0;
    }
    if (tg_bytes_has_prefix(name, TG_LIT("#x")) || tg_bytes_has_prefix(name, TG_LIT("#X"))) {
        return read_number(tg_bytes_from(name, 2), 16, code) ? end + 1 : 0;
    }
    if (tg_bytes_has_prefix(name, TG_LIT("#"))) {
        return read_number(tg_bytes_from(name, 1), 10, code) ? end + 1 : 0;
    }
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (tg_bytes_is_equal(name, tg_bytes_str(names[i].name))) {
            *code = names[i].code;
            return end + 1;
        }
    }
    return 0;
}

enum tg_err tg_link_clean(struct tg_buf *out, struct tg_bytes text, bool has_marks,
                          unsigned *repairs)
{
    size_t i = 0;

    while (i < text.len) {
        struct tg_bytes rest = tg_bytes_from(text, i);
        uint32_t code = 0;
        size_t len = text.ptr[i] == '&' ? read_entity(rest, &code) : 0;

        *repairs |= len > 0 ? TG_LINK_ENTITIES : 0;
        len = len > 0 ? len : tg_utf8_first(rest, &code);
        if (len == 0) {
            tg_buf_append_u8(out, TG_LINK_BROKEN);
            i++;
            continue;
        }
        i += len;
        if (code == '\r' && i < text.len && text.ptr[i] == '\n') {
            continue;
        }
        /* JSON writes / as \/ */
        if (code == '\\' && i < text.len && text.ptr[i] == '/') {
            continue;
        }
        put_code(out, code, has_marks, repairs);
    }
    return tg_buf_status(out);
}

/* ---- decoding ------------------------------------------------------------------------------- */

static bool is_hex_pair(struct tg_bytes text, size_t at)
{
    return at + 1 < text.len && tg_hex_digit(text.ptr[at]) >= 0 &&
           tg_hex_digit(text.ptr[at + 1]) >= 0;
}

bool tg_link_is_percent(struct tg_bytes text)
{
    return text.len > 0 && text.ptr[0] == '%' && is_hex_pair(text, 1);
}

bool tg_link_is_quoted(struct tg_bytes text)
{
    return text.len > 0 && text.ptr[0] == '=' && is_hex_pair(text, 1) && text.ptr[1] >= '2' &&
           text.ptr[1] <= '7';
}

/* A character that was encoded: servers have seen what follows a # that was. */
static void put_decoded(struct tg_buf *out, uint8_t c)
{
    bool is_break = c == '\n' || c == '\r';

    tg_buf_append_u8(out, c == '#' ? TG_LINK_HASH : c < 0x20 && !is_break ? TG_LINK_BROKEN : c);
}

size_t tg_link_skip_break(struct tg_bytes text, size_t i)
{
    size_t end = i;

    while (end < text.len && text.ptr[end] == ' ') {
        end++;
    }
    end += end + 1 < text.len && text.ptr[end] == '=' && text.ptr[end + 1] == '\n' ? 1 : 0;
    if (end >= text.len || text.ptr[end] != '\n') {
        return i;
    }
    do {
        end++;
    } while (end < text.len &&
             (text.ptr[end] == ' ' || text.ptr[end] == '>' || text.ptr[end] == '|'));
    return end < text.len && text.ptr[end] == '\n' ? i : end;
}

static uint8_t hex_pair(struct tg_bytes text, size_t at)
{
    return (uint8_t)(tg_hex_digit(text.ptr[at]) * 16 + tg_hex_digit(text.ptr[at + 1]));
}

/* Reads %XX at i, also where a line break is between its characters. Returns its end, or i. */
static size_t read_percent(struct tg_bytes text, size_t i, uint8_t *c, bool *has_break)
{
    size_t first = i;
    size_t second = i;

    if (text.ptr[i] != '%') {
        return i;
    }
    first = tg_link_skip_break(text, i + 1);
    if (first >= text.len || tg_hex_digit(text.ptr[first]) < 0) {
        return i;
    }
    second = tg_link_skip_break(text, first + 1);
    if (second >= text.len || tg_hex_digit(text.ptr[second]) < 0) {
        return i;
    }
    *c = (uint8_t)(tg_hex_digit(text.ptr[first]) * 16 + tg_hex_digit(text.ptr[second]));
    *has_break = second > i + 2;
    return second + 1;
}

static void decode_percent(struct tg_buf *out, struct tg_bytes text)
{
    bool is_found = false;
    bool has_break = false;
    uint8_t c = 0;

    for (size_t i = 0; i < text.len && !is_found; i++) {
        is_found = read_percent(text, i, &c, &has_break) > i;
    }
    for (size_t i = 0; i < text.len && is_found;) {
        size_t end = read_percent(text, i, &c, &has_break);

        if (end == i) {
            tg_buf_append_u8(out, text.ptr[i++]);
            continue;
        }
        put_decoded(out, c);
        if (has_break) {
            tg_buf_append_u8(out, '\n');
        }
        i = end;
    }
}

static bool ends_value(uint8_t c)
{
    return c <= ' ' || c == '"' || c == '<' || c == '>' || c == '&';
}

/* Proofpoint, version 2: -XX for %XX, and _ for /. */
static void decode_proofpoint2(struct tg_buf *out, struct tg_bytes text)
{
    static const struct tg_bytes mark = { (const uint8_t *)"-3a__", 5 };

    for (size_t i = 0; i + mark.len <= text.len; i++) {
        size_t at = i;

        if (!tg_bytes_is_equal_nocase(tg_bytes_first(tg_bytes_from(text, i), mark.len), mark)) {
            continue;
        }
        while (at > 0 && is_letter(text.ptr[at - 1])) {
            at--;
        }
        for (; at < text.len && !ends_value(text.ptr[at]); at++) {
            if (text.ptr[at] == '-' && is_hex_pair(text, at + 1)) {
                put_decoded(out, hex_pair(text, at + 1));
                at += 2;
            } else {
                tg_buf_append_u8(out, text.ptr[at] == '_' ? '/' : text.ptr[at]);
            }
        }
        tg_buf_append_u8(out, '\n');
        i = at > i ? at : i;
    }
}

/* A value of base64 in either alphabet, padded or not. */
static void decode_b64(struct tg_buf *out, struct tg_bytes text)
{
    struct tg_bytes usable = text;

    /* Bits that are left over are not looked at: the writer may have cut the text. */
    usable.len -= usable.len % 4;
    if (tg_b64_decode(out, usable, TG_B64_ANY) != TG_OK || usable.len == text.len) {
        return;
    }
    (void)!tg_b64_decode(out, tg_bytes_from(text, usable.len), TG_B64_ANY);
}

static size_t b64_len(struct tg_bytes text)
{
    size_t len = 0;

    while (len < text.len && tg_link_is_b64(text.ptr[len])) {
        len++;
    }
    return len;
}

/* 2 to 65 characters: the letter behind ** in version 3 of Proofpoint. */
static size_t run_of(uint8_t c)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c == 0 ? NULL : strchr(letters, c);

    return at == NULL ? 0 : (size_t)(at - letters) + 2;
}

/* Writes the URL with each * replaced by the next of the characters that were taken out. */
static void put_replaced(struct tg_buf *out, struct tg_bytes url, struct tg_bytes taken)
{
    size_t used = 0;

    for (size_t i = 0; i < url.len; i++) {
        size_t run = 1;

        if (url.ptr[i] != '*') {
            tg_buf_append_u8(out, url.ptr[i]);
            continue;
        }
        if (i + 2 < url.len && url.ptr[i + 1] == '*') {
            run = run_of(url.ptr[i + 2]);
            i += 2;
        }
        for (; run > 0 && used < taken.len; run--) {
            put_decoded(out, taken.ptr[used++]);
        }
    }
    tg_buf_append_u8(out, '\n');
}

/* Proofpoint, version 3: /v3/__URL__;CHARACTERS!... */
static void decode_proofpoint3(struct tg_buf *out, struct tg_bytes text)
{
    for (size_t i = 0; i + 6 < text.len; i++) {
        struct tg_bytes rest = tg_bytes_from(text, i + 6);
        struct tg_bytes url = rest;
        struct tg_buf taken;

        if (!tg_bytes_has_prefix(tg_bytes_from(text, i), TG_LIT("/v3/__"))) {
            continue;
        }
        url.len = 0;
        while (url.len < rest.len && rest.ptr[url.len] > ' ' &&
               !tg_bytes_has_prefix(tg_bytes_from(rest, url.len), TG_LIT("__;"))) {
            url.len++;
        }
        rest = tg_bytes_from(rest, url.len + 3);
        tg_buf_init(&taken, TG_LINK_TEXT_MAX);
        decode_b64(&taken, tg_bytes_first(rest, b64_len(rest)));
        put_replaced(out, url, tg_buf_view(&taken));
        tg_buf_deinit(&taken);
        i += 5 + url.len;
    }
}

/* A link in base64, as the value of a parameter. */
static void decode_b64_value(struct tg_buf *out, struct tg_bytes text)
{
    /* base64 of http, tigress and their upper-case forms begins like this. */
    static const char *const starts[] = { "aHR0c", "SFRUU", "dGlncmVzcz", "VElHUkVTU" };

    for (size_t i = 0; i < text.len; i++) {
        struct tg_bytes rest = tg_bytes_from(text, i);
        struct tg_buf plain;

        if (i > 0 && tg_link_is_b64(text.ptr[i - 1]) && text.ptr[i - 1] != '/') {
            continue;
        }
        for (size_t k = 0; k < TG_COUNT(starts); k++) {
            if (!tg_bytes_has_prefix(rest, tg_bytes_str(starts[k]))) {
                continue;
            }
            tg_buf_init(&plain, TG_LINK_TEXT_MAX);
            decode_b64(&plain, tg_bytes_first(rest, b64_len(rest)));
            for (size_t j = 0; j < plain.len; j++) {
                put_decoded(out, plain.ptr[j]);
            }
            tg_buf_append_u8(out, '\n');
            tg_buf_deinit(&plain);
            i += b64_len(rest);
            break;
        }
    }
}

const struct tg_link_form tg_link_forms[] = {
    { decode_percent, TG_LINK_ENCODED },
    { decode_proofpoint2, TG_LINK_WRAPPER },
    { decode_proofpoint3, TG_LINK_WRAPPER },
    { decode_b64_value, TG_LINK_WRAPPER },
};
const size_t tg_link_form_count = TG_COUNT(tg_link_forms);
