/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json_scan.h"

#include "wire/json_number.h"
#include "wire/limits.h"

#include <assert.h>
#include <string.h>

#define EXPECTED_BODY "body: expected one JSON object in UTF-8; "
#define NOT_JSON "the syntax is not JSON"
#define ENDS_EARLY "the text ends early"

_Static_assert(TG_RESPONSE_BODY_MAX < UINT32_MAX, "a length fits into a node");

enum want {
    WANT_FIRST, /* the first item of an object or array, or its end */
    WANT_NEXT,  /* behind a comma: another item */
    WANT_COMMA, /* behind an item: a comma, or the end */
    WANT_NOTHING
};

struct scan {
    uint8_t *text;
    size_t len;
    size_t at;
    struct tg_buf *nodes;
    size_t open[TG_JSON_DEPTH_MAX]; /* nodes that have not ended */
    size_t depth;
    enum want want;
    enum tg_err err;
    const char *why; /* of TG_E_SYNTAX; of TG_E_LIMIT: NULL if the nesting is too deep */
};

/* ---- errors and nodes ---- */

static bool fail(struct scan *s, enum tg_err err, const char *why)
{
    if (s->err == TG_OK) {
        s->err = err;
        s->why = why;
    }
    return false;
}

static bool fail_syntax(struct scan *s)
{
    return fail(s, TG_E_SYNTAX, s->at >= s->len ? ENDS_EARLY : NOT_JSON);
}

static struct tg_json_node *node_at(const struct scan *s, size_t index)
{
    return (struct tg_json_node *)(void *)s->nodes->ptr + index;
}

static size_t node_count(const struct scan *s)
{
    return s->nodes->len / sizeof(struct tg_json_node);
}

static struct tg_json_node *innermost(const struct scan *s)
{
    return node_at(s, s->open[s->depth - 1]);
}

/* A text of 60 KB may be 30,000 values, which nobody reads: their nodes would be the longest part
   of a request, which cannot be divided, and ten times its memory. spec: protocol/1#strict-json */
static bool put(struct scan *s, enum tg_json_kind kind, const uint8_t *ptr, size_t len)
{
    struct tg_json_node node = { .ptr = ptr, .kind = kind, .len = (uint32_t)len, .span = 1 };

    if (node_count(s) == TG_JSON_VALUES_MAX) {
        return fail(s, TG_E_LIMIT, "too many");
    }
    tg_buf_append(s->nodes, tg_bytes(&node, sizeof(node)));
    return tg_buf_status(s->nodes) == TG_OK || fail(s, TG_E_NOMEM, NULL);
}

/* ---- characters ---- */

/* The character behind white space; 0, which no text contains: there is none. */
static uint8_t look(struct scan *s)
{
    while (s->at < s->len) {
        uint8_t c = s->text[s->at];

        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return c;
        }
        s->at++;
    }
    return 0;
}

static bool take(struct scan *s, uint8_t c)
{
    if (look(s) != c) {
        return fail_syntax(s);
    }
    s->at++;
    return true;
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* Whether one of eight characters is not plain. A byte of a sum is 0x80 or more where the byte of
   the text was less than the one subtracted; a borrow is possible only behind such a byte. */
static bool is_one_special(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones * 0x80;
    uint64_t quote = eight ^ ones * '"';
    uint64_t slash = eight ^ ones * '\\';

    return (((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) |
            ((slash - ones) & ~slash)) &
           tops;
}

/* Moves over characters that a string has as they are. */
static void skip_plain(struct scan *s)
{
    uint64_t eight = 0;

    while (s->len - s->at >= sizeof(eight)) {
        memcpy(&eight, s->text + s->at, sizeof(eight));
        if (is_one_special(eight)) {
            break;
        }
        s->at += sizeof(eight);
    }
    while (s->at < s->len && is_plain(s->text[s->at])) {
        s->at++;
    }
}

/* ---- strings ---- */

/* Four hexadecimal digits. */
static bool read_unit(struct scan *s, uint32_t *unit)
{
    *unit = 0;
    for (size_t i = 0; i < 4; i++, s->at++) {
        uint8_t c = s->at < s->len ? s->text[s->at] : 0;
        uint8_t letter = c | 0x20;

        if (c >= '0' && c <= '9') {
            *unit = *unit << 4 | (uint32_t)(c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            *unit = *unit << 4 | (uint32_t)(letter - 'a' + 10);
        } else {
            return fail_syntax(s);
        }
    }
    return true;
}

/* The character of \uXXXX, or of a pair of them, behind \u. */
static bool read_code(struct scan *s, uint32_t *code)
{
    uint32_t low = 0;

    if (!read_unit(s, code)) {
        return false;
    }
    if (*code < 0xd800 || *code > 0xdfff) {
        return true;
    }
    if (*code > 0xdbff || s->len - s->at < 2 || s->text[s->at] != '\\' ||
        s->text[s->at + 1] != 'u') {
        return fail_syntax(s);
    }
    s->at += 2;
    if (!read_unit(s, &low)) {
        return false;
    }
    if (low < 0xdc00 || low > 0xdfff) {
        return fail_syntax(s);
    }
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* Writes a character in UTF-8. Returns its bytes, fewer than those of its escape. */
static size_t write_code(uint8_t *out, uint32_t code)
{
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    if (len == 1) {
        out[0] = (uint8_t)code;
        return 1;
    }
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (uint8_t)(0xf00u >> len | code);
    return len;
}

/* Replaces the escape at the backslash by its character at out. Returns its bytes; 0: an error. */
static size_t unescape(struct scan *s, uint8_t *out, const char *nul)
{
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t"; /* letter, character, ... */
    uint32_t code = 0;
    uint8_t c = 0;

    s->at++;
    c = s->at < s->len ? s->text[s->at] : 0;
    if (c == 'u') {
        s->at++;
        if (!read_code(s, &code)) {
            return 0;
        }
        return code == 0 ? fail(s, TG_E_SYNTAX, nul) : write_code(out, code);
    }
    for (size_t i = 0; i + 1 < sizeof(letters) - 1; i += 2) {
        if (c == (uint8_t)letters[i]) {
            s->at++;
            out[0] = (uint8_t)letters[i + 1];
            return 1;
        }
    }
    return fail_syntax(s);
}

/* A string, at its quote. nul: what is said when it contains one. */
static bool read_string(struct scan *s, const char *nul)
{
    size_t start = ++s->at;
    size_t end = start; /* of what is written */

    for (;;) {
        size_t from = s->at;
        size_t len = 0;

        skip_plain(s);
        if (end != from) {
            memmove(s->text + end, s->text + from, s->at - from);
        }
        end += s->at - from;
        if (s->at < s->len && s->text[s->at] == '"') {
            s->at++;
            return put(s, TG_JSON_STRING, s->text + start, end - start);
        }
        if (s->at >= s->len || s->text[s->at] != '\\') {
            return fail_syntax(s);
        }
        len = unescape(s, s->text + end, nul);
        if (len == 0) {
            return false;
        }
        end += len;
    }
}

/* ---- values ---- */

static bool read_number(struct scan *s)
{
    struct tg_json_number number = tg_json_number_read(tg_bytes(s->text + s->at, s->len - s->at));

    if (number.len == 0) {
        s->at++; /* over the minus: what is behind it is wrong, or missing */
        return fail_syntax(s);
    }
    s->at += number.len;
    return put(s, TG_JSON_NUMBER, s->text + s->at - number.len, number.len);
}

static bool read_word(struct scan *s)
{
    static const struct {
        const char *word;
        enum tg_json_kind kind;
    } words[] = { { "true", TG_JSON_TRUE }, { "false", TG_JSON_FALSE }, { "null", TG_JSON_NULL } };
    struct tg_bytes rest = tg_bytes(s->text + s->at, s->len - s->at);

    for (size_t i = 0; i < TG_COUNT(words); i++) {
        struct tg_bytes word = tg_bytes_str(words[i].word);

        if (tg_bytes_has_prefix(rest, word)) {
            s->at += word.len;
            return put(s, words[i].kind, NULL, 0);
        }
    }
    return fail_syntax(s);
}

static bool open_node(struct scan *s, enum tg_json_kind kind)
{
    if (s->depth == TG_JSON_DEPTH_MAX) {
        return fail(s, TG_E_LIMIT, NULL);
    }
    s->at++;
    s->open[s->depth++] = node_count(s);
    s->want = WANT_FIRST;
    return put(s, kind, NULL, 0);
}

static bool close_node(struct scan *s)
{
    struct tg_json_node *node = innermost(s);

    s->at++;
    node->span = (uint32_t)(node_count(s) - s->open[s->depth - 1]);
    s->depth--;
    s->want = s->depth > 0 ? WANT_COMMA : WANT_NOTHING;
    if (node->kind == TG_JSON_OBJECT) {
        enum tg_err err = tg_json_names_differ(node);

        if (err != TG_OK) {
            return fail(s, err == TG_E_CONFLICT ? TG_E_SYNTAX : err, "a member occurs twice");
        }
    }
    return true;
}

static bool read_value(struct scan *s)
{
    uint8_t c = look(s);

    s->want = WANT_COMMA;
    if (c == '{' || c == '[') {
        return open_node(s, c == '{' ? TG_JSON_OBJECT : TG_JSON_ARRAY);
    }
    if (c == '"') {
        return read_string(s, "a string contains a NUL character");
    }
    return tg_json_number_begins(c) ? read_number(s) : read_word(s);
}

static bool read_item(struct scan *s)
{
    struct tg_json_node *in = innermost(s);

    in->len++;
    if (in->kind == TG_JSON_OBJECT) {
        if (look(s) != '"') {
            return fail_syntax(s);
        }
        if (!read_string(s, "the name of a member contains a NUL character") || !take(s, ':')) {
            return false;
        }
    }
    return read_value(s);
}

/* An item, a comma or an end. */
static bool step(struct scan *s)
{
    uint8_t end = innermost(s)->kind == TG_JSON_OBJECT ? '}' : ']';
    uint8_t c = look(s);

    if (c == end && s->want != WANT_NEXT) {
        return close_node(s);
    }
    if (s->want == WANT_COMMA) {
        s->want = WANT_NEXT;
        return take(s, ',');
    }
    return read_item(s);
}

enum tg_err tg_json_scan(struct tg_buf *text, struct tg_buf *nodes, struct tg_fault *fault)
{
    struct scan s = { .text = text->ptr, .len = text->len, .nodes = nodes, .err = TG_OK };
    bool is_well = look(&s) == '{' ? open_node(&s, TG_JSON_OBJECT) : fail_syntax(&s);

    while (is_well && s.depth > 0) {
        is_well = step(&s);
    }
    if (is_well && look(&s) != 0) {
        is_well = fail(&s, TG_E_SYNTAX, "there are bytes after the object");
    }
    assert(is_well == (s.err == TG_OK));
    if (s.err == TG_E_LIMIT && s.why != NULL) {
        tg_fault_set(fault, "body: expected at most %u values and names", TG_JSON_VALUES_MAX);
    } else if (s.err == TG_E_LIMIT) {
        tg_fault_set(fault, "body: expected nesting of at most %u levels", TG_JSON_DEPTH_MAX);
    } else if (s.err == TG_E_SYNTAX) {
        tg_fault_set(fault, EXPECTED_BODY "%s", s.why);
    }
    return s.err;
}
