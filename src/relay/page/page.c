/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/page.h"

#include "base/time3339.h"

/* ---- words: one row for each language ------------------------------------------------------- */

struct words {
    const char *tag;
    const char *untitled, *shared, *until, *what_to_do, *claimed, *keep_private, *alt;
    struct {
        const char *title, *text;
    } notes[TG_PAGE_STATE_COUNT]; /* of every state but open and opened */
};

static const struct words languages[TG_PAGE_LANGUAGE_COUNT] = {
    [TG_PAGE_EN] = {
        .tag = "en",
        .untitled = "A key for your wallet",
        .shared = "Somebody shared this with you.",
        .until = "The invitation is valid until",
        .what_to_do = "To accept it, open this link with the wallet app on the device that you "
                      "want to use as the key. Only one device can accept it: the first one.",
        .claimed = "A device has opened this invitation. Only that device can use it. If it is "
                   "not yours, tell the sender.",
        .keep_private = "Do not forward this link. It is for you only.",
        .alt = "Picture of what is shared",
        .notes = {
            [TG_PAGE_UNKNOWN] = {
                "No such invitation",
                "There is no invitation at this link. Check that the link is complete, or ask "
                "the sender for a new one." },
            [TG_PAGE_DAMAGED] = {
                "This link is damaged",
                "A program has changed this link on its way, and the secret part of it was sent "
                "to this server. Do not use it. Ask the sender for a new link, and open it as "
                "it was sent." },
            [TG_PAGE_EXPIRED] = {
                "Expired", "This invitation has expired. Ask the sender for a new one." },
            [TG_PAGE_ENDED_BY_SENDER] = {
                "Ended by the sender",
                "The device of the sender has ended this invitation. Ask the sender if you still "
                "need it." },
            [TG_PAGE_ENDED_BY_RECIPIENT] = {
                "Ended by the receiver",
                "A device opened this invitation and has ended it. If it was not yours, tell the "
                "sender." },
            [TG_PAGE_TOO_MANY] = {
                "Too many requests", "Wait a moment and load this page again." },
            [TG_PAGE_DOWN] = {
                "Not available now", "Wait a moment and load this page again." },
            [TG_PAGE_DRAINING] = {
                "About to restart", "Wait a moment and load this page again." },
            [TG_PAGE_FRONT] = {
                "A relay for shared keys", "To accept a key, open the link that you got." },
            [TG_PAGE_NOT_FOUND] = {
                "Nothing here", "There is no page at this address." },
            [TG_PAGE_BAD_REQUEST] = {
                "This request was not understood", "Open the link as it was sent." },
        },
    },
};

/* ---- writing HTML --------------------------------------------------------------------------- */

/* The characters to escape in HTML text and in quoted attributes. spec: protocol/5#escaped */
static const char *const escapes[256] = {
    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
};

static void put_escaped(struct tg_buf *out, struct tg_bytes text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;

        if (escapes[c] == NULL && !is_control) {
            continue;
        }
        tg_buf_append(out, tg_bytes(text.ptr + from, i - from));
        tg_buf_append_str(out, is_control ? "\xef\xbf\xbd" : escapes[c]);
        from = i + 1;
    }
    tg_buf_append(out, tg_bytes_from(text, from));
}

static void put_meta(struct tg_buf *out, const char *property, struct tg_bytes content)
{
    tg_buf_append_str(out, "<meta property=\"");
    tg_buf_append_str(out, property);
    tg_buf_append_str(out, "\" content=\"");
    put_escaped(out, content);
    tg_buf_append_str(out, "\">\n");
}

static void put_element(struct tg_buf *out, const char *open, struct tg_bytes text,
                        const char *close)
{
    tg_buf_append_str(out, open);
    put_escaped(out, text);
    tg_buf_append_str(out, close);
}

static void put_head(struct tg_buf *out, const struct words *w, struct tg_bytes title)
{
    tg_buf_append_str(out, "<!DOCTYPE html>\n<html lang=\"");
    tg_buf_append_str(out, w->tag);
    tg_buf_append_str(out,
                      "\" prefix=\"og: https://ogp.me/ns#\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      /* spec: protocol/5#noindex */
                      "<meta name=\"robots\" content=\"noindex\">\n"
                      "<meta name=\"referrer\" content=\"no-referrer\">\n");
    put_element(out, "<title>", title, "</title>\n");
}

static void put_style(struct tg_buf *out, const struct tg_page_site *site)
{
    tg_buf_append_str(out, "<style>");
    tg_buf_append(out, tg_page_site_style(site));
    tg_buf_append_str(out, "</style>\n</head>\n<body>\n<main>\n");
}

static void put_foot(struct tg_buf *out)
{
    tg_buf_append_str(out, "</main>\n</body>\n</html>\n");
}

/* ---- pages ---------------------------------------------------------------------------------- */

/* spec: protocol/5#image-described */
static void put_image(struct tg_buf *out, const struct tg_page_image *image, struct tg_bytes alt)
{
    if (image->url.len == 0) {
        return;
    }
    put_meta(out, "og:image", image->url);
    if (image->type != NULL) {
        put_meta(out, "og:image:type", tg_bytes_str(image->type));
        put_meta(out, "og:image:width", tg_bytes_str(image->width));
        put_meta(out, "og:image:height", tg_bytes_str(image->height));
    }
    put_meta(out, "og:image:alt", alt);
    tg_buf_append_str(out, "<meta name=\"twitter:card\" content=\"summary_large_image\">\n");
}

/* spec: protocol/5#opengraph */
static void put_opengraph(struct tg_buf *out, const struct words *w, const struct tg_page *page,
                          struct tg_bytes title)
{
    bool is_titled = page->display->title.len > 0 && page->image.type == NULL;

    put_meta(out, "og:title", title);
    put_meta(out, "og:type", TG_LIT("website"));
    put_meta(out, "og:description", page->display->description);
    put_meta(out, "og:url", page->url);
    put_image(out, &page->image, is_titled ? page->display->title : tg_bytes_str(w->alt));
}

/* "2030-01-01 00:00 UTC" for the reader, the full form for programs. */
static void put_time(struct tg_buf *out, int64_t time_s)
{
    char text[TG_TIME3339_LEN + 1];

    tg_time3339_format(text, time_s);
    tg_buf_append_str(out, "<time datetime=\"");
    tg_buf_append_str(out, text);
    tg_buf_append_str(out, "\">");
    tg_buf_append(out, tg_bytes(text, 10));
    tg_buf_append_str(out, " ");
    tg_buf_append(out, tg_bytes(text + 11, 5));
    tg_buf_append_str(out, " UTC</time>");
}

static void put_share_page(struct tg_buf *out, const struct tg_page_site *site,
                           const struct tg_page *page)
{
    const struct words *w = &languages[page->reader.language];
    const struct tg_display_info *display = page->display;
    struct tg_bytes title = display->title.len > 0 ? display->title : tg_bytes_str(w->untitled);

    put_head(out, w, title);
    put_opengraph(out, w, page, title);
    put_style(out, site);
    put_element(out, "<p class=\"dim\">", tg_bytes_str(w->shared), "</p>\n");
    put_element(out, "<h1>", title, "</h1>\n");
    if (display->description.len > 0) {
        put_element(out, "<p>", display->description, "</p>\n");
    }
    put_element(out, "<p>", tg_bytes_str(w->until), " ");
    put_time(out, page->expires_s);
    tg_buf_append_str(out, ".</p>\n");
    /* spec: protocol/4#preview-says-claimed */
    put_element(out, "<p class=\"todo\">",
                tg_bytes_str(page->state == TG_PAGE_OPENED ? w->claimed : w->what_to_do), "</p>\n");
    put_element(out, "<p class=\"dim\">", tg_bytes_str(w->keep_private), "</p>\n");
    put_foot(out);
}

/* spec: protocol/5#used-told-from-unknown */
static void put_note_page(struct tg_buf *out, const struct tg_page_site *site,
                          const struct tg_page *page)
{
    const struct words *w = &languages[page->reader.language];

    put_head(out, w, tg_bytes_str(w->notes[page->state].title));
    put_style(out, site);
    put_element(out, "<h1>", tg_bytes_str(w->notes[page->state].title), "</h1>\n");
    put_element(out, "<p>", tg_bytes_str(w->notes[page->state].text), "</p>\n");
    put_foot(out);
}

enum tg_err tg_page_write(struct tg_buf *out, const struct tg_page_site *site,
                          const struct tg_page *page)
{
    if (page->state == TG_PAGE_OPEN || page->state == TG_PAGE_OPENED) {
        put_share_page(out, site, page);
    } else {
        put_note_page(out, site, page);
    }
    return tg_buf_status(out);
}

/* ---- verticals ------------------------------------------------------------------------------ */

static const struct {
    struct tg_bytes v;
    enum tg_page_vertical vertical;
} verticals[] = { { { (const uint8_t *)"c", 1 }, TG_PAGE_CAR },
                  { { (const uint8_t *)"h", 1 }, TG_PAGE_HOME },
                  { { (const uint8_t *)"hotel", 5 }, TG_PAGE_HOTEL } };

enum tg_page_vertical tg_page_vertical_of(struct tg_bytes target)
{
    struct tg_bytes query = tg_bytes_from(target, tg_bytes_find(target, '?') + 1);

    while (query.len > 0) {
        struct tg_bytes item = tg_bytes_first(query, tg_bytes_find(query, '&'));

        for (size_t i = 0; tg_bytes_has_prefix(item, TG_LIT("v=")) && i < TG_COUNT(verticals);
             i++) {
            if (tg_bytes_is_equal(tg_bytes_from(item, 2), verticals[i].v)) {
                return verticals[i].vertical;
            }
        }
        query = tg_bytes_from(query, item.len + 1);
    }
    return TG_PAGE_GENERAL;
}
