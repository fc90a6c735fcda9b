/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/writer.h - what the functions of one page need, for page.c and sender.c alone.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: as page.h.
 */
#ifndef TG_RELAY_PAGE_WRITER_H
#define TG_RELAY_PAGE_WRITER_H

#include "relay/page/page.h"
#include "relay/page/words.h"

/* Bytes of HTML of each text of the sender. */
struct tg_page_shares {
    size_t og_title, og_description, title, description;
};

struct tg_page_writer {
    struct tg_buf *out;
    const struct tg_page_site *site;
    const struct tg_page_settings *settings;
    const struct tg_page *page;
    const struct tg_page_words *words;
    struct tg_page_shares room; /* at most */
    bool has_own_drawing;       /* also where the sender has a picture */
    struct tg_page_shares used;
};

static inline void tg_page_put(const struct tg_page_writer *w, const char *html)
{
    tg_buf_append_str(w->out, html);
}

/* A word between two pieces of HTML. */
static inline void tg_page_put_word(const struct tg_page_writer *w, const char *before,
                                    unsigned word, const char *after)
{
    tg_page_put(w, before);
    tg_page_put(w, w->words->text[word]);
    tg_page_put(w, after);
}

/* The tags of a link preview. */
void tg_page_put_opengraph(struct tg_page_writer *w);
/* What the sender wrote, as a quotation; nothing if that is blank. */
void tg_page_put_quote(struct tg_page_writer *w);
/* The room of each text where all of them have `room` bytes and would use `used`. */
struct tg_page_shares tg_page_share_room(const struct tg_page_shares *used, size_t room);

#endif
