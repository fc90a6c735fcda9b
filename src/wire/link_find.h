/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/link_find.h - the readings of a cleaned text as a share URL (wire/link_repair.h decides).
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: a finder has the secret of a link. Its owner wipes it.
 */
#ifndef TG_WIRE_LINK_FIND_H
#define TG_WIRE_LINK_FIND_H

#include "wire/link_text.h"
#include "wire/share_url.h"

/* How a line break inside the text is read. */
enum tg_link_breaks {
    TG_LINK_BREAKS_END, /* it ends a link */
    TG_LINK_BREAKS_CUT, /* a mail program wrapped the line */
    TG_LINK_BREAKS_COUNT
};

/* A text to look at. */
struct tg_link_view {
    struct tg_bytes text;
    unsigned repairs;
    enum tg_link_breaks breaks;
    const uint32_t *gaps; /* where a line break was taken out, in order */
    size_t gap_count;
};

/* What was found so far. */
struct tg_link_finder {
    struct tg_share_url link; /* without its secret; is_known: there is one */
    struct tg_secret secret;  /* len 0: no reading has one */
    unsigned repairs;         /* of the reading that is taken */
    unsigned damage;          /* of a reading whose secret is not valid */
    bool is_known;
    bool is_two_links;
    bool is_two_secrets;
    bool is_damaged; /* a reading has something else than a secret behind its # */
    bool is_exposed;
    bool is_uncertain; /* a host may have lost its beginning at a line break */
    bool is_unclear;   /* the same, at another character */
};

/* Adds every reading of the view to what was found so far. */
void tg_link_find(struct tg_link_finder *f, const struct tg_link_view *v);

#endif
