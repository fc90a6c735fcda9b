/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/accept.h - which form of an answer a request prefers (Accept, RFC 9110 section 12.5.1).
 * Layer: L1.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_WIRE_ACCEPT_H
#define TG_WIRE_ACCEPT_H

#include "base/bytes.h"

/* The media ranges that matter. */
enum tg_accept_range {
    TG_ACCEPT_HTML,        /* text/html */
    TG_ACCEPT_TEXT,        /* all of text */
    TG_ACCEPT_JSON,        /* application/json */
    TG_ACCEPT_PROBLEM,     /* application/problem+json */
    TG_ACCEPT_APPLICATION, /* all of application */
    TG_ACCEPT_ANY
};
#define TG_ACCEPT_RANGES 6u

/* Zero: no header yet. */
struct tg_accept {
    uint16_t qualities[TG_ACCEPT_RANGES]; /* thousandths, and 1 more; 0: the range is not named */
};

/* Takes the value of one Accept header. Several are one list. */
void tg_accept_take(struct tg_accept *accept, struct tg_bytes value);

/* For a preview, whose default is HTML: whether JSON is named and preferred. */
bool tg_accept_is_json(const struct tg_accept *accept);
/* For an error, whose default is a problem document: whether HTML is named and not less wanted, as
   by a browser. */
bool tg_accept_is_html(const struct tg_accept *accept);

#endif
