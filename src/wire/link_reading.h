/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/link_reading.h - one reading of a text as a share URL (wire/link_find.h looks for them).
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: a finder has the secret of a link. Its owner wipes it.
 */
#ifndef TG_WIRE_LINK_READING_H
#define TG_WIRE_LINK_READING_H

#include "wire/link_find.h"

/* One reading: where its parts are in the view. */
struct tg_link_reading {
    const struct tg_link_view *view;
    size_t start; /* of the scheme or the host */
    size_t end;   /* behind what was read */
    unsigned repairs;
    bool is_exposed;
    struct tg_share_url url;
};

/* 0 behind the end. */
uint8_t tg_link_at(struct tg_bytes text, size_t i);
/* Whether a URL ends in front of c. */
bool tg_link_ends_token(uint8_t c);
/* Where the token that has text[i] begins. At most a link's length is looked at. */
size_t tg_link_token_start(struct tg_bytes text, size_t i);
bool tg_link_has_part(struct tg_bytes text, struct tg_bytes part);
struct tg_bytes tg_link_slice(struct tg_bytes text, size_t from, size_t to);
/* Whether a line break was taken out in front of one of the characters first to last. */
bool tg_link_has_gap(const struct tg_link_view *v, size_t first, size_t last);
/* A reading without a secret, one with something else behind its #, and all with a secret that
   begins at i. true: there is one. A different link, or a different secret, is noted. */
void tg_link_accept_bare(struct tg_link_finder *f, const struct tg_link_reading *r);
void tg_link_accept_damaged(struct tg_link_finder *f, const struct tg_link_reading *r);
bool tg_link_read_secret(struct tg_link_finder *f, const struct tg_link_reading *r, size_t i);

#endif
