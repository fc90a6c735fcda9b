/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/preview.h"

#include "base/time3339.h"

/* ---- words: one row for each language ------------------------------------------------------- */

struct words {
    const char *tag;
    const char *untitled, *shared, *until, *what_to_do, *claimed, *keep_private, *alt;
    const char *unknown_title, *unknown;
    const char *damaged_title, *damaged;
    struct {
        const char *title, *text;
    } ended[TG_MAILBOX_ENDED_BY_RECIPIENT + 1]; /* by how; TG_MAILBOX_LIVE: it has expired */
};

static const struct words languages[TG_PREVIEW_LANGUAGE_COUNT] = {
    [TG_PREVIEW_EN] = {
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
        .unknown_title = "No such invitation",
        .unknown = "There is no invitation at this link. Check that the link is complete, or ask "
                   "the sender for a new one.",
        .damaged_title = "This link is damaged",
        .damaged = "A program has changed this link on its way, and the secret part of it was sent "
                   "to this server. Do not use it. Ask the sender for a new link, and open it as "
                   "it was sent.",
        .ended = {
            [TG_MAILBOX_LIVE] = {
                "Expired", "This invitation has expired. Ask the sender for a new one." },
            [TG_MAILBOX_ENDED_BY_INITIATOR] = {
                "Ended by the sender",
                "The device of the sender has ended this invitation. Ask the sender if you still "
                "need it." },
            [TG_MAILBOX_ENDED_BY_RECIPIENT] = {
                "Ended by the receiver",
                "A device opened this invitation and has ended it. If it was not yours, tell the "
                "sender." },
        },
    },
};

enum tg_preview_language tg_preview_language_pick(struct tg_bytes accept_language)
{
    (void)accept_language; /* there is one language */
    return TG_PREVIEW_EN;
}

const char *tg_preview_language_tag(enum tg_preview_language language)
{
    return languages[language].tag;
}

/* ---- writing HTML --------------------------------------------------------------------------- */

/* A change here changes the hash in TG_PREVIEW_CSP; the failing test prints the new one.
   spec: protocol/5#style-hash */
static const char style[] =
    ":root{color-scheme:light dark;--fg:#1b1b1f;--bg:#fff;--dim:#55555f;--line:#d7d7de}"
    "@media(prefers-color-scheme:dark){:root{--fg:#ececf1;--bg:#17171a;--dim:#a9a9b4;"
    "--line:#3a3a42}}"
    "body{margin:0;background:var(--bg);color:var(--fg);"
    "font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "main{max-width:34rem;margin:0 auto;padding:1.5rem 1rem}"
    "h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 1rem}"
    ".dim{color:var(--dim)}"
    ".todo{border-top:1px solid var(--line);padding-top:1rem;margin-top:1.5rem}";

struct tg_bytes tg_preview_style(void)
{
    return tg_bytes(style, sizeof(style) - 1);
}

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

static void put_style(struct tg_buf *out)
{
    tg_buf_append_str(out, "<style>");
    tg_buf_append(out, tg_preview_style());
    tg_buf_append_str(out, "</style>\n</head>\n<body>\n<main>\n");
}

static void put_foot(struct tg_buf *out)
{
    tg_buf_append_str(out, "</main>\n</body>\n</html>\n");
}

/* ---- pages ---------------------------------------------------------------------------------- */

/* spec: protocol/5#image-https-only */
static bool is_https_url(struct tg_bytes url)
{
    static const struct tg_bytes scheme = { (const uint8_t *)"https://", 8 };

    if (url.len <= scheme.len ||
        !tg_bytes_is_equal_nocase(tg_bytes_first(url, scheme.len), scheme)) {
        return false;
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= ' ' || url.ptr[i] == 0x7f || url.ptr[i] == '\\') {
            return false;
        }
    }
    return true;
}

/* spec: protocol/5#opengraph */
static void put_opengraph(struct tg_buf *out, const struct words *w,
                          const struct tg_display_info *display, struct tg_bytes title,
                          struct tg_bytes url)
{
    put_meta(out, "og:title", title);
    put_meta(out, "og:type", TG_LIT("website"));
    put_meta(out, "og:description", display->description);
    put_meta(out, "og:url", url);
    if (is_https_url(display->image_url)) {
        put_meta(out, "og:image", display->image_url);
        put_meta(out, "og:image:alt",
                 display->title.len > 0 ? display->title : tg_bytes_str(w->alt));
    }
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

enum tg_err tg_preview_page(struct tg_buf *out, enum tg_preview_language language,
                            const struct tg_mailbox *box, struct tg_bytes url)
{
    const struct words *w = &languages[language];
    const struct tg_display_info *display = &box->display;
    struct tg_bytes title = display->title.len > 0 ? display->title : tg_bytes_str(w->untitled);

    put_head(out, w, title);
    put_opengraph(out, w, display, title, url);
    put_style(out);
    put_element(out, "<p class=\"dim\">", tg_bytes_str(w->shared), "</p>\n");
    put_element(out, "<h1>", title, "</h1>\n");
    if (display->description.len > 0) {
        put_element(out, "<p>", display->description, "</p>\n");
    }
    put_element(out, "<p>", tg_bytes_str(w->until), " ");
    put_time(out, box->expires_s);
    tg_buf_append_str(out, ".</p>\n");
    /* spec: protocol/4#preview-says-claimed */
    put_element(out, "<p class=\"todo\">",
                tg_bytes_str(box->recipient.is_bound ? w->claimed : w->what_to_do), "</p>\n");
    put_element(out, "<p class=\"dim\">", tg_bytes_str(w->keep_private), "</p>\n");
    put_foot(out);
    return tg_buf_status(out);
}

static enum tg_err put_note_page(struct tg_buf *out, const struct words *w, const char *title,
                                 const char *text)
{
    put_head(out, w, tg_bytes_str(title));
    put_style(out);
    put_element(out, "<h1>", tg_bytes_str(title), "</h1>\n");
    put_element(out, "<p>", tg_bytes_str(text), "</p>\n");
    put_foot(out);
    return tg_buf_status(out);
}

/* spec: protocol/5#used-told-from-unknown */
enum tg_err tg_preview_gone_page(struct tg_buf *out, enum tg_preview_language language,
                                 bool was_once_valid, enum tg_mailbox_state ended)
{
    const struct words *w = &languages[language];
    const char *title = w->unknown_title, *text = w->unknown;

    if (was_once_valid) {
        title = w->ended[ended].title;
        text = w->ended[ended].text;
    }
    return put_note_page(out, w, title, text);
}

enum tg_err tg_preview_damaged_page(struct tg_buf *out, enum tg_preview_language language)
{
    const struct words *w = &languages[language];

    return put_note_page(out, w, w->damaged_title, w->damaged);
}
