/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/page.h"

#include "relay/page/date.h"
#include "relay/page/drawing.h"
#include "relay/page/text.h"
#include "relay/page/writer.h"

#define PAGE_FIRST 12288u   /* bytes: most pages fit into the first allocation */
#define IMAGE_URL_MAX 2048u /* bytes of the address of a picture; a longer one is not used */
#define LONGEST_MAX 65536u  /* of a page with any settings */

#define put tg_page_put
#define put_word tg_page_put_word

static bool is_share(const struct tg_page *page)
{
    return page->state == TG_PAGE_OPEN || page->state == TG_PAGE_OPENED;
}

static unsigned title_of(const struct tg_page *page)
{
    if (page->state == TG_PAGE_OPEN) {
        return TG_W_SHARED_GENERAL + (unsigned)page->vertical;
    }
    return TG_W_OPENED_TITLE + 2u * ((unsigned)page->state - TG_PAGE_OPENED);
}

/* ---- head ----------------------------------------------------------------------------------- */

/* z: little to read, in one narrow column; y: over, or not possible now, without the colour. */
static const char *const classes[TG_PAGE_STATE_COUNT] = {
    [TG_PAGE_OPEN] = "",
    [TG_PAGE_OPENED] = "",
    [TG_PAGE_ENDED_BY_SENDER] = " class=\"z y\"",
    [TG_PAGE_ENDED_BY_RECIPIENT] = " class=\"z y\"",
    [TG_PAGE_EXPIRED] = " class=\"z y\"",
    [TG_PAGE_UNKNOWN] = " class=\"z y\"",
    [TG_PAGE_DAMAGED] = " class=\"z y\"",
    [TG_PAGE_TOO_MANY] = " class=\"z y\"",
    [TG_PAGE_DOWN] = " class=\"z y\"",
    [TG_PAGE_DRAINING] = " class=\"z y\"",
    [TG_PAGE_FRONT] = " class=\"z\"",
    [TG_PAGE_NOT_FOUND] = " class=\"z y\"",
    [TG_PAGE_BAD_REQUEST] = " class=\"z y\"",
};

/* Beside the name of an operator without a logo. */
static const char own_logo[] =
    "<svg viewBox=\"0 0 32 32\" aria-hidden=\"true\"><rect class=a width=32 height=32 rx=9 /><g "
    "fill=none stroke-width=3 class=w><circle cx=11 cy=16 r=4 /><path d=\"M15 16h10m-1 "
    "0v4m-4-4v3\"/>"
    "</g></svg>";

static void put_head(struct tg_page_writer *w)
{
    put(w, "<!DOCTYPE html>\n<html lang=\"");
    put(w, tg_page_language_tag(w->page->reader.language));
    put(w, w->words->is_right_to_left ? "\" dir=\"rtl\"" : "\" dir=\"ltr\"");
    put(w, " prefix=\"og: https://ogp.me/ns#\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n"
           /* spec: protocol/5#noindex */
           "<meta name=\"robots\" content=\"noindex\">\n"
           "<meta name=\"referrer\" content=\"no-referrer\">\n");
    put_word(w, "<title>", title_of(w->page), "</title>\n");
    if (is_share(w->page)) {
        tg_page_put_opengraph(w);
    }
    put(w, "<style>");
    tg_buf_append(w->out, tg_page_site_style(w->site));
    put(w, "</style>\n</head>\n<body");
    put(w, classes[w->page->state]);
    put(w, ">\n<header>");
    put(w, w->settings->logo != NULL ? w->settings->logo : own_logo);
    tg_buf_append(w->out, tg_page_site_name(w->site));
    put(w, "</header>\n<main>\n");
}

/* ---- the share ------------------------------------------------------------------------------ */

static void put_facts(const struct tg_page_writer *w)
{
    int64_t expires_s = w->page->expires_s;

    put(w, "<div class=\"f\"><p><strong>");
    tg_page_put_left(w->out, w->words, expires_s - w->page->now_s);
    put_word(w, "</strong></p>\n<p class=\"m\">", TG_W_UNTIL, " ");
    tg_page_put_date(w->out, w->words, expires_s,
                     w->settings->offset == NULL ? 0 : w->settings->offset(expires_s));
    put(w, "</p></div>\n");
}

/* ---- what to do ----------------------------------------------------------------------------- */

/* No link of a page carries the fragment of its address, and none replaces the page: then the
   secret would be lost. spec: protocol/5#links */
static void put_link(const struct tg_page_writer *w, const char *url, const char *attributes)
{
    put(w, "<a");
    put(w, attributes);
    put(w, " href=\"");
    tg_page_put_escaped(w->out, tg_bytes_str(url));
    put(w, "\" target=\"_blank\" rel=\"noreferrer noopener\">");
}

/* "Get Wallet". url NULL: no button. Returns whether there is one. */
static bool put_button(const struct tg_page_writer *w, const struct tg_page_app *app,
                       const char *url, enum tg_word word, const char *attributes)
{
    struct tg_buf name;

    if (url == NULL) {
        return false;
    }
    tg_buf_init(&name, 1024);
    tg_buf_append_str(&name, "<bdi translate=no>");
    tg_page_put_escaped(&name, tg_bytes_str(app->name));
    tg_buf_append_str(&name, "</bdi>");
    put(w, "<p>");
    put_link(w, url, attributes);
    tg_page_put_filled(w->out, w->words->text[word], tg_buf_view(&name));
    put(w, "</a></p>\n");
    tg_buf_deinit(&name);
    return true;
}

/* The apps for this vertical, and what their buttons do not do. */
static void put_apps(const struct tg_page_writer *w, enum tg_page_device device)
{
    bool has_button = false;

    for (size_t i = 0; i < w->settings->app_count; i++) {
        const struct tg_page_app *app = &w->settings->apps[i];

        if ((app->verticals >> w->page->vertical & 1u) == 0) {
            continue;
        }
        has_button |= put_button(w, app, app->open, TG_W_OPEN_APP, " class=\"b\"");
        has_button |= put_button(w, app, device == TG_PAGE_IOS ? app->ios : app->android,
                                 TG_W_GET_APP, " class=\"b o\"");
    }
    if (has_button) {
        put_word(w, "<p class=\"m\">", TG_W_APP_ONLY, "</p>\n");
    }
}

static const struct {
    const char *name; /* NULL: TG_W_COMPUTER */
    enum tg_word steps[3];
} devices[TG_PAGE_DEVICE_COUNT] = {
    [TG_PAGE_COMPUTER] = { NULL, { TG_W_PHONE_FIRST, TG_W_PHONE_TAP, TG_W_ACCEPT } },
    [TG_PAGE_IOS] = { "iPhone", { TG_W_TAP, TG_W_IOS_AGAIN, TG_W_ACCEPT } },
    [TG_PAGE_ANDROID] = { "Android", { TG_W_TAP, TG_W_ANDROID_AGAIN, TG_W_ACCEPT } },
};

static void put_device(const struct tg_page_writer *w, enum tg_page_device device)
{
    put(w, "<section class=\"c0\"><h3");
    if (devices[device].name != NULL) {
        put(w, " translate=\"no\">");
        put(w, devices[device].name);
    } else {
        put_word(w, ">", TG_W_COMPUTER, "");
    }
    put(w, "</h3>\n<ol>");
    for (size_t i = 0; i < TG_COUNT(devices[device].steps); i++) {
        put_word(w, "<li>", devices[device].steps[i], "</li>");
    }
    put(w, "</ol>\n");
    if (device != TG_PAGE_COMPUTER) {
        put_apps(w, device);
    }
    put(w, "</section>\n");
}

/* The reader's kind of device first, then the others. spec: protocol/5#device */
static void put_steps(const struct tg_page_writer *w)
{
    static const enum tg_page_device order[TG_PAGE_DEVICE_COUNT] = { TG_PAGE_IOS, TG_PAGE_ANDROID,
                                                                     TG_PAGE_COMPUTER };

    put_word(w, "<h2>", TG_W_WHAT_NOW, "</h2>\n<div class=\"p\">\n");
    put_device(w, w->page->reader.device);
    for (size_t i = 0; i < TG_COUNT(order); i++) {
        if (order[i] != w->page->reader.device) {
            put_device(w, order[i]);
        }
    }
    put(w, "</div>\n");
}

/* ---- what to know --------------------------------------------------------------------------- */

static void put_note(const struct tg_page_writer *w, const char *icon, enum tg_word title)
{
    put(w, "<section><svg class=n viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"");
    put(w, icon);
    put_word(w, "\"/></svg>\n<h2>", title, "</h2>\n<p>");
}

/* A phone, a shield, a lock. */
static void put_notes(const struct tg_page_writer *w)
{
    put(w, "<div class=\"p i\">\n");
    put_note(w, "M7 3h10v18H7zm4 15h2", TG_W_ONE_TITLE);
    put_word(w, "", TG_W_ONE, "</p></section>\n");
    put_note(w, "M12 3l8 3v5q0 7-8 10-8-3-8-10V6zM8 12l3 3 5-6", TG_W_MONEY_TITLE);
    put_word(w, "", TG_W_MONEY, "</p></section>\n");
    put_note(w, "M5 11h14v9H5zm3 0V8a4 4 0 018 0v3", TG_W_RELAY_TITLE);
    tg_page_put_filled(w->out, w->words->text[TG_W_RELAY], tg_page_site_name(w->site));
    put(w, "</p></section>\n</div>\n");
}

static void put_foot(const struct tg_page_writer *w)
{
    put(w, "</main>\n");
    if (w->settings->support != NULL) {
        put(w, "<footer>");
        put_link(w, w->settings->support, "");
        put_word(w, "", TG_W_SUPPORT, "</a></footer>\n");
    }
    put(w, "</body>\n</html>\n");
}

/* ---- pages ---------------------------------------------------------------------------------- */

/* The text of a state, and when to try again: "(30 s)". */
static void put_text(const struct tg_page_writer *w)
{
    put_word(w, "<p>", title_of(w->page) + 1u, "");
    if (w->page->retry_after_s > 0) {
        put(w, " <bdi dir=\"ltr\">(");
        tg_buf_append_dec(w->out, w->page->retry_after_s);
        put(w, "\xc2\xa0s)</bdi>");
    }
    put(w, "</p>\n");
}

static void put_page(struct tg_page_writer *w)
{
    const struct tg_page *page = w->page;

    put_head(w);
    put(w, "<section class=\"c0 h\">");
    tg_page_put_drawing(w->out, page->vertical, page->state);
    put_word(w, "<div class=\"x\">\n<h1>", title_of(page), "</h1>\n");
    if (page->state != TG_PAGE_OPEN) { /* spec: protocol/4#preview-says-claimed */
        put_text(w);
    }
    if (is_share(page)) {
        put_facts(w);
        tg_page_put_quote(w);
    }
    put(w, "</div></section>\n");
    if (page->state == TG_PAGE_OPEN) {
        put_steps(w);
    }
    if (is_share(page)) {
        put_notes(w);
    }
    put_foot(w);
}

/* Writes the page again with less of the sender's texts: once with none of them, which shows how
   much room they have. spec: protocol/5#one-round-trip */
static void put_shorter(struct tg_page_writer *w, size_t from)
{
    const struct tg_page_shares used = w->used;
    size_t len = 0;

    tg_buf_truncate(w->out, from);
    w->has_own_drawing = true;
    w->room = (struct tg_page_shares){ 0 };
    put_page(w);
    if (tg_buf_status(w->out) != TG_OK) {
        return;
    }
    len = w->out->len - from;
    w->room = tg_page_share_room(&used, len < TG_PAGE_MAX ? TG_PAGE_MAX - len : 0);
    tg_buf_truncate(w->out, from);
    put_page(w);
}

enum tg_err tg_page_write(struct tg_buf *out, const struct tg_page_site *site,
                          const struct tg_page *page)
{
    struct tg_page_writer w = { .out = out,
                                .site = site,
                                .settings = tg_page_site_settings(site),
                                .page = page,
                                .words = tg_page_words(page->reader.language),
                                .room = { TG_PAGE_MAX, TG_PAGE_MAX, TG_PAGE_MAX, TG_PAGE_MAX },
                                .has_own_drawing = page->image.url.len > IMAGE_URL_MAX };
    size_t from = out->len;

    if (tg_buf_extend(out, PAGE_FIRST) != NULL) {
        tg_buf_truncate(out, out->len - PAGE_FIRST);
    }
    put_page(&w);
    if (tg_buf_status(out) == TG_OK && out->len - from > TG_PAGE_MAX && is_share(page)) {
        put_shorter(&w, from);
    }
    return tg_buf_status(out);
}

/* The address is as long as that of a mailbox. */
enum tg_err tg_page_longest(size_t *len, const struct tg_page_site *site)
{
    const struct tg_display_info display = { TG_LIT(""), TG_LIT(""), TG_LIT("") };
    struct tg_buf out, url;
    enum tg_err err = TG_E_BUG;

    *len = 0;
    tg_buf_init(&out, LONGEST_MAX);
    tg_buf_init(&url, 1024);
    tg_buf_append_str(&url, tg_page_site_url(site));
    tg_buf_append_str(&url, "/v1/m/00000000-0000-4000-8000-000000000000");
    TG_TRY(tg_buf_status(&url));
    for (unsigned i = 0; i < TG_PAGE_LANGUAGE_COUNT * TG_PAGE_VERTICAL_COUNT * TG_PAGE_DEVICE_COUNT;
         i++) {
        const struct tg_page page = {
            .vertical = (enum tg_page_vertical)(i % TG_PAGE_VERTICAL_COUNT),
            .reader = { (enum tg_page_language)(i / TG_PAGE_VERTICAL_COUNT %
                                                TG_PAGE_LANGUAGE_COUNT),
                        (enum tg_page_device)(i / TG_PAGE_VERTICAL_COUNT /
                                              TG_PAGE_LANGUAGE_COUNT) },
            .display = &display,
            .url = tg_buf_view(&url),
            .drawing = { tg_buf_view(&url), "image/png", "1200", "630" },
        };

        tg_buf_clear(&out);
        TG_TRY(tg_page_write(&out, site, &page));
        *len = out.len > *len ? out.len : *len;
    }
    err = TG_OK;
out:
    tg_buf_deinit(&url);
    tg_buf_deinit(&out);
    return err;
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
