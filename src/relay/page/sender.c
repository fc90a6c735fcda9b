/* SPDX-License-Identifier: Apache-2.0 */
/* What a page has of the sender: the tags of a link preview, and the quotation. */
#include "relay/page/text.h"
#include "relay/page/writer.h"

#define put tg_page_put
#define put_word tg_page_put_word

#define TITLE_MAX 256u       /* characters of a title, in the page and in a preview */
#define DESCRIPTION_MAX 300u /* characters of a description in a preview */

/* Returns the bytes of its HTML. */
static size_t put_line(const struct tg_page_writer *w, struct tg_bytes text, size_t max,
                       size_t room)
{
    size_t before = w->out->len;

    tg_page_put_line(w->out, text, max, room);
    return w->out->len - before;
}

/* ---- the preview ---------------------------------------------------------------------------- */

static void put_property(const struct tg_page_writer *w, const char *name)
{
    put(w, "<meta property=\"og:");
    put(w, name);
    put(w, "\" content=\"");
}

/* The title of a preview is the sender's, or the relay's words. spec: protocol/5#foreign-text */
static size_t put_title(const struct tg_page_writer *w)
{
    if (tg_page_is_blank(w->page->display->title)) {
        put(w, w->words->text[TG_W_SHARED_GENERAL + (unsigned)w->page->vertical]);
        return 0;
    }
    return put_line(w, w->page->display->title, TITLE_MAX, w->room.og_title);
}

/* spec: protocol/5#image-described */
static void put_image(const struct tg_page_writer *w)
{
    const struct tg_page_image *image =
        w->page->image.url.len == 0 || w->has_own_drawing ? &w->page->drawing : &w->page->image;

    if (image->url.len == 0) {
        return;
    }
    put_property(w, "image");
    tg_page_put_escaped(w->out, image->url);
    if (image->type == NULL) {
        put(w, "\">\n");
        put_property(w, "image:alt");
        (void)put_title(w);
        put(w, "\">\n");
    } else {
        put(w, "\">\n");
        put_property(w, "image:type");
        put(w, image->type);
        put(w, "\">\n");
        put_property(w, "image:width");
        put(w, image->width);
        put(w, "\">\n");
        put_property(w, "image:height");
        put(w, image->height);
        put(w, "\">\n");
        put_property(w, "image:alt");
        put_word(w, "", TG_W_PICTURE, "\">\n");
    }
    put(w, "<meta name=\"twitter:card\" content=\"summary_large_image\">\n");
}

/* spec: protocol/5#opengraph */
void tg_page_put_opengraph(struct tg_page_writer *w)
{
    struct tg_bytes description = w->page->display->description;

    put_property(w, "title");
    w->used.og_title = put_title(w);
    put(w, "\">\n<meta property=\"og:type\" content=\"website\">\n");
    put_property(w, "description");
    if (tg_page_is_blank(description)) {
        put(w, w->words->text[TG_W_PREVIEW]);
    } else {
        w->used.og_description = put_line(w, description, DESCRIPTION_MAX, w->room.og_description);
    }
    put(w, "\">\n");
    put_property(w, "url");
    tg_page_put_escaped(w->out, w->page->url);
    put(w, "\">\n");
    put_image(w);
}

/* ---- the quotation -------------------------------------------------------------------------- */

/* What the sender wrote, under a caption of the relay that says so. Its language is unknown, and
   its direction is that of its first letter. spec: protocol/5#quoted */
void tg_page_put_quote(struct tg_page_writer *w)
{
    const struct tg_display_info *display = w->page->display;
    bool has_title = !tg_page_is_blank(display->title);
    bool has_description = !tg_page_is_blank(display->description);
    size_t before = 0;

    if (!has_title && !has_description) {
        return;
    }
    put_word(w, "<figure><figcaption>", TG_W_QUOTED, "</figcaption>\n<blockquote lang=\"\">");
    if (has_title) {
        put(w, "<p class=\"q\" dir=\"auto\"><bdi>");
        w->used.title = put_line(w, display->title, TITLE_MAX, w->room.title);
        put(w, "</bdi></p>");
    }
    if (has_description) {
        put(w, "<p dir=\"auto\"><bdi>");
        before = w->out->len;
        tg_page_put_lines(w->out, display->description, w->room.description);
        w->used.description = w->out->len - before;
        put(w, "</bdi></p>");
    }
    put(w, "</blockquote></figure>\n");
}

/* ---- room ----------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A messenger shows the beginning of a text alone, so the page keeps more of it. */
struct tg_page_shares tg_page_share_room(const struct tg_page_shares *used, size_t room)
{
    struct tg_page_shares shares = { .og_title = least(used->og_title, room / 8),
                                     .og_description = least(used->og_description, room / 6),
                                     .title = least(used->title, room / 4) };

    shares.description = room - shares.og_title - shares.og_description - shares.title;
    return shares;
}
