/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small part of SVG, read and written again: shapes with numbers and colours. What is not in the
 * lists is refused, not left out, so that the operator sees the whole logo or none.
 * spec: protocol/5#logo
 */
#include "relay/page/logo.h"

#include <string.h>

#define DEPTH_MAX 16u
#define NAME_SHOWN_MAX 32

static const char *const elements[] = { "svg",     "g",    "path",     "rect",   "circle",
                                        "ellipse", "line", "polyline", "polygon" };
#define SVG 0u

/* The root's own size is left out: the page gives it one. */
static const char *const dropped[] = { "xmlns", "version", "width", "height", "x", "y" };
#define VIEW_BOX 0u
static const char *const attributes[] = { "viewBox",
                                          "d",
                                          "x",
                                          "y",
                                          "width",
                                          "height",
                                          "cx",
                                          "cy",
                                          "r",
                                          "rx",
                                          "ry",
                                          "x1",
                                          "y1",
                                          "x2",
                                          "y2",
                                          "points",
                                          "transform",
                                          "fill",
                                          "fill-rule",
                                          "clip-rule",
                                          "fill-opacity",
                                          "stroke",
                                          "stroke-width",
                                          "stroke-linecap",
                                          "stroke-linejoin",
                                          "stroke-miterlimit",
                                          "stroke-dasharray",
                                          "stroke-opacity",
                                          "opacity" };

struct reader {
    struct tg_buf *out;
    struct tg_fault *fault;
    struct tg_bytes rest;
    const char *open[DEPTH_MAX]; /* elements that are not closed yet */
    size_t depth;
    bool has_root;
};

static enum tg_err refuse(struct reader *r, const char *what, struct tg_bytes name)
{
    char shown[NAME_SHOWN_MAX + 1] = "";

    for (size_t i = 0; i < name.len && i < NAME_SHOWN_MAX; i++) {
        shown[i] = '?';
        if (name.ptr[i] > ' ' && name.ptr[i] < 0x7f) {
            shown[i] = (char)name.ptr[i];
        }
    }
    tg_fault_set(
        r->fault,
        "the SVG has %s %s (expected: svg with a viewBox, and shapes with numbers and colours "
        "alone; see tigressd.conf(5))",
        what, shown);
    return TG_E_SYNTAX;
}

/* The index in a list; count: it is not there. */
static size_t find(const char *const *list, size_t count, struct tg_bytes name)
{
    size_t i = 0;

    while (i < count && !tg_bytes_is_equal(name, tg_bytes_str(list[i]))) {
        i++;
    }
    return i;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Returns how many it skipped. */
static size_t skip_spaces(struct reader *r)
{
    size_t count = 0;

    while (count < r->rest.len && is_space(r->rest.ptr[count])) {
        count++;
    }
    r->rest = tg_bytes_from(r->rest, count);
    return count;
}

static bool take(struct reader *r, struct tg_bytes text)
{
    bool is_there = tg_bytes_has_prefix(r->rest, text);

    if (is_there) {
        r->rest = tg_bytes_from(r->rest, text.len);
    }
    return is_there;
}

static struct tg_bytes take_name(struct reader *r)
{
    size_t len = 0;
    struct tg_bytes name = { NULL, 0 };

    while (len < r->rest.len && !is_space(r->rest.ptr[len]) &&
           strchr("<>/=\"'", r->rest.ptr[len]) == NULL) {
        len++;
    }
    name = tg_bytes_first(r->rest, len);
    r->rest = tg_bytes_from(r->rest, len);
    return name;
}

/* Numbers, names of colours, lists and functions of numbers. No reference: "url" and ":" are not
   among them. */
static bool is_harmless(struct tg_bytes value)
{
    static const char others[] = " .,+-#()%\t\r\n";

    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_alnum && (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
        if ((c | 0x20) == 'u' && value.len - i >= 3 && (value.ptr[i + 1] | 0x20) == 'r' &&
            (value.ptr[i + 2] | 0x20) == 'l') {
            return false;
        }
    }
    return value.len > 0;
}

static void put_attribute(struct reader *r, const char *name, struct tg_bytes value)
{
    tg_buf_append_u8(r->out, ' ');
    tg_buf_append_str(r->out, name);
    tg_buf_append_str(r->out, "=\"");
    tg_buf_append(r->out, value);
    tg_buf_append_u8(r->out, '"');
}

/* One attribute, after its name. seen: a set of 1 << index of those of the element before it. */
static enum tg_err read_attribute(struct reader *r, struct tg_bytes name, uint64_t *seen)
{
    bool is_dropped = r->depth == 0 && find(dropped, TG_COUNT(dropped), name) < TG_COUNT(dropped);
    size_t known = find(attributes, TG_COUNT(attributes), name);
    struct tg_bytes value = { NULL, 0 };
    uint8_t quote = 0;

    (void)skip_spaces(r);
    if ((known == TG_COUNT(attributes) && !is_dropped) || !take(r, TG_LIT("="))) {
        return refuse(r, "the attribute", name);
    }
    if (!is_dropped && (*seen >> known & 1u) != 0) {
        return refuse(r, "twice the attribute", name);
    }
    (void)skip_spaces(r);
    quote = r->rest.len > 0 ? r->rest.ptr[0] : 0;
    if (quote != '"' && quote != '\'') {
        return refuse(r, "no quotes around the attribute", name);
    }
    r->rest = tg_bytes_from(r->rest, 1);
    value = tg_bytes_first(r->rest, tg_bytes_find(r->rest, quote));
    if (value.len == r->rest.len || (!is_dropped && !is_harmless(value))) {
        return refuse(r, "a value that is no number or colour in", name);
    }
    r->rest = tg_bytes_from(r->rest, value.len + 1);
    if (!is_dropped) {
        *seen |= UINT64_C(1) << known;
        put_attribute(r, attributes[known], value);
    }
    return TG_OK;
}

/* An element, after "<" and its name. */
static enum tg_err read_attributes(struct reader *r, const char *element)
{
    uint64_t seen = 0;
    enum tg_err err = TG_OK;

    while (skip_spaces(r) > 0 && r->rest.len > 0 && strchr("/>", r->rest.ptr[0]) == NULL) {
        struct tg_bytes name = take_name(r);

        err = read_attribute(r, name, &seen);
        if (err != TG_OK) {
            return err;
        }
    }
    if (r->depth == 0 && (seen >> VIEW_BOX & 1u) == 0) {
        return refuse(r, "no viewBox in", tg_bytes_str(element));
    }
    return TG_OK;
}

static enum tg_err open_element(struct reader *r)
{
    struct tg_bytes name = take_name(r);
    size_t index = find(elements, TG_COUNT(elements), name);
    const char *element = NULL;
    enum tg_err err = TG_OK;

    if (index == TG_COUNT(elements) || (index == SVG) != (r->depth == 0) ||
        (r->depth == 0 && r->has_root) || r->depth == DEPTH_MAX) {
        return refuse(r, "the element", name);
    }
    element = elements[index];
    tg_buf_append_u8(r->out, '<');
    tg_buf_append_str(r->out, element);
    if (r->depth == 0) {
        tg_buf_append_str(r->out, " aria-hidden=\"true\"");
    }
    err = read_attributes(r, element);
    if (err != TG_OK) {
        return err;
    }
    r->has_root = true;
    if (take(r, TG_LIT("/>"))) {
        tg_buf_append_str(r->out, "/>");
        return TG_OK;
    }
    if (!take(r, TG_LIT(">"))) {
        return refuse(r, "no end of the element", name);
    }
    tg_buf_append_u8(r->out, '>');
    r->open[r->depth++] = element;
    return TG_OK;
}

static enum tg_err close_element(struct reader *r)
{
    struct tg_bytes name = take_name(r);

    (void)skip_spaces(r);
    if (r->depth == 0 || !tg_bytes_is_equal(name, tg_bytes_str(r->open[r->depth - 1])) ||
        !take(r, TG_LIT(">"))) {
        return refuse(r, "a wrong end of the element", name);
    }
    r->depth--;
    tg_buf_append_str(r->out, "</");
    tg_buf_append(r->out, name);
    tg_buf_append_u8(r->out, '>');
    return TG_OK;
}

/* A comment, or the declaration in front: left out. False: there is none. */
static bool skip_unseen(struct reader *r)
{
    static const struct {
        const char *begin, *end;
    } unseen[] = { { "<!--", "-->" }, { "<?xml ", "?>" }, { "\xef\xbb\xbf", "" } };

    for (size_t i = 0; i < TG_COUNT(unseen); i++) {
        struct tg_bytes end = tg_bytes_str(unseen[i].end);

        if (!take(r, tg_bytes_str(unseen[i].begin))) {
            continue;
        }
        while (r->rest.len > 0 && !take(r, end)) {
            r->rest = tg_bytes_from(r->rest, 1);
        }
        return true;
    }
    return false;
}

enum tg_err tg_page_logo_svg(struct tg_buf *out, struct tg_bytes file, struct tg_fault *fault)
{
    struct reader r = { .out = out, .fault = fault, .rest = file };
    enum tg_err err = TG_OK;

    if (file.len > TG_PAGE_LOGO_FILE_MAX) {
        tg_fault_set(fault, "the SVG is too long (expected: at most %u bytes)",
                     TG_PAGE_LOGO_FILE_MAX);
        return TG_E_LIMIT;
    }
    while (err == TG_OK && (skip_spaces(&r) > 0 || r.rest.len > 0)) {
        if (r.rest.len == 0 || skip_unseen(&r)) {
            continue;
        }
        if (take(&r, TG_LIT("</"))) {
            err = close_element(&r);
        } else if (take(&r, TG_LIT("<"))) {
            err = open_element(&r);
        } else {
            err = refuse(&r, "text:", tg_bytes_first(r.rest, 8));
        }
    }
    if (err == TG_OK && (!r.has_root || r.depth > 0)) {
        err = refuse(&r, "no whole", tg_bytes_str(elements[SVG]));
    }
    return err;
}
