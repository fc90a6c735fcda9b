/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/text.h"

#include "base/harmful.h"
#include "base/utf8.h"

#include <string.h>

#define MARKS_MAX 4u /* on one character; more would be drawn over the lines above and below */
#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"

/* The characters that HTML text and quoted attributes use. spec: protocol/5#escaped */
static const char *const escapes[256] = {
    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
};

void tg_page_put_escaped(struct tg_buf *out, struct tg_bytes text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (escapes[text.ptr[i]] != NULL) {
            tg_buf_append(out, tg_bytes(text.ptr + from, i - from));
            tg_buf_append_str(out, escapes[text.ptr[i]]);
            from = i + 1;
        }
    }
    tg_buf_append(out, tg_bytes_from(text, from));
}

static bool is_mark(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } marks[] = { { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x1ab0, 0x1aff },
                  { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe20, 0xfe2f } };

    for (size_t i = 0; i < TG_COUNT(marks); i++) {
        if (code >= marks[i].first && code <= marks[i].last) {
            return true;
        }
    }
    return false;
}

/* What a character of a stranger becomes. */
enum kind { KIND_ITSELF, KIND_NOTHING, KIND_SPACE, KIND_BREAK, KIND_BROKEN };

struct cursor {
    struct tg_bytes rest;
    struct tg_bytes at; /* the character */
    uint32_t before;    /* the last one that is shown, for joiners */
    unsigned marks;     /* in a row */
};

static uint32_t look_ahead(const struct cursor *c)
{
    uint32_t code = 0;

    (void)tg_utf8_first(c->rest, &code);
    return code;
}

static enum kind kind_of(struct cursor *c, uint32_t code)
{
    if (code == '\t') {
        return KIND_SPACE;
    }
    if (code == '\r') { /* of a line break of two characters */
        return c->rest.len > 0 && c->rest.ptr[0] == '\n' ? KIND_NOTHING : KIND_BREAK;
    }
    if (code == '\n' || code == '\v' || code == '\f' || code == 0x85 || code == 0x2028 ||
        code == 0x2029) {
        return KIND_BREAK;
    }
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
        return KIND_BROKEN;
    }
    c->marks = is_mark(code) ? c->marks + 1 : 0;
    /* spec: protocol/5#foreign-text */
    if (tg_text_is_harmful_at(c->before, code, look_ahead(c)) || c->marks > MARKS_MAX) {
        return KIND_NOTHING;
    }
    c->before = tg_text_is_transparent(code) ? c->before : code;
    return KIND_ITSELF;
}

/* Most texts are letters of ASCII: none of them is harmful or combines. */
static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

static enum kind next(struct cursor *c)
{
    uint32_t code = 0;
    size_t len = 0;

    if (is_plain(c->rest.ptr[0])) {
        c->before = c->rest.ptr[0];
        c->marks = 0;
        c->at = tg_bytes_first(c->rest, 1);
        c->rest = tg_bytes_from(c->rest, 1);
        return KIND_ITSELF;
    }
    len = tg_utf8_first(c->rest, &code);

    c->at = tg_bytes_first(c->rest, len == 0 ? 1 : len);
    c->rest = tg_bytes_from(c->rest, c->at.len);
    return len == 0 ? KIND_BROKEN : kind_of(c, code);
}

static struct tg_bytes html_of(const struct cursor *c, enum kind kind)
{
    if (kind == KIND_BROKEN) {
        return TG_LIT(REPLACEMENT);
    }
    return escapes[c->at.ptr[0]] != NULL ? tg_bytes_str(escapes[c->at.ptr[0]]) : c->at;
}

/* What is before the next character, and the character. False: it has no room; an ellipsis. */
static bool put_char(struct tg_buf *out, const char *before, struct tg_bytes html, size_t *room)
{
    size_t len = strlen(before) + html.len;

    if (len > *room) {
        tg_buf_append_str(out, ELLIPSIS);
        return false;
    }
    *room -= len;
    tg_buf_append_str(out, before);
    tg_buf_append(out, html);
    return true;
}

void tg_page_put_line(struct tg_buf *out, struct tg_bytes text, size_t max, size_t room)
{
    struct cursor c = { .rest = text };
    size_t count = 0;
    bool has_space = false; /* before the next character */

    while (c.rest.len > 0) {
        enum kind kind = next(&c);

        if (kind == KIND_SPACE || kind == KIND_BREAK || (c.at.len == 1 && c.at.ptr[0] == ' ')) {
            has_space = count > 0;
        } else if (kind != KIND_NOTHING) {
            room = count++ == max ? 0 : room;
            if (!put_char(out, has_space ? " " : "", html_of(&c, kind), &room)) {
                return;
            }
            has_space = false;
        }
    }
}

void tg_page_put_lines(struct tg_buf *out, struct tg_bytes text, size_t room)
{
    static const char *const before[] = { "", "<br>", "<br><br>" };
    struct cursor c = { .rest = text };
    unsigned breaks = 0; /* before the next character */
    bool has_begun = false, has_space = false;

    while (c.rest.len > 0) {
        enum kind kind = next(&c);

        if (kind == KIND_BREAK) {
            breaks++;
            has_space = false;
        } else if (kind == KIND_SPACE || (c.at.len == 1 && c.at.ptr[0] == ' ')) {
            has_space = true;
        } else if (kind != KIND_NOTHING) {
            unsigned shown = !has_begun ? 0 : breaks < 2 ? breaks : 2;

            if (!put_char(out, has_begun && has_space && breaks == 0 ? " " : before[shown],
                          html_of(&c, kind), &room)) {
                return;
            }
            breaks = 0;
            has_begun = true;
            has_space = false;
        }
    }
}

bool tg_page_is_blank(struct tg_bytes text)
{
    struct cursor c = { .rest = text };

    while (c.rest.len > 0) {
        enum kind kind = next(&c);

        if (kind == KIND_BROKEN || (kind == KIND_ITSELF && !tg_bytes_is_equal(c.at, TG_LIT(" ")))) {
            return false;
        }
    }
    return true;
}
