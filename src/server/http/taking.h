/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/taking.h - whether a peer takes what is sent to it fast enough.
 * Layer: L4.      Threads: its worker's.      Blocks: no.      Clock: an argument.
 *
 * What is unsent at one moment must be taken in TG_ANSWER_BYTES_PER_S and settings.write_ms. The
 * time is for the bytes that were taken, as for a body that is received: a peer that takes a byte
 * now and then has hardly more time than one that takes nothing. When all of them are taken, the
 * rule begins again for what is unsent then, so nobody saves time for later.
 */
#ifndef TG_SERVER_HTTP_TAKING_H
#define TG_SERVER_HTTP_TAKING_H

#include "server/http/conn_limits.h"

struct tg_taking {
    uint64_t from_mono_ms;
    size_t goal; /* bytes that were unsent then */
    size_t done; /* bytes taken since */
};

/* So many bytes are unsent from now on. */
static inline void tg_taking_begin(struct tg_taking *t, size_t unsent, uint64_t now_mono_ms)
{
    *t = (struct tg_taking){ .from_mono_ms = now_mono_ms, .goal = unsent };
}

/* The peer took bytes; unsent are left. */
static inline void tg_taking_add(struct tg_taking *t, size_t bytes, size_t unsent,
                                 uint64_t now_mono_ms)
{
    t->done += bytes;
    if (t->done >= t->goal) {
        tg_taking_begin(t, unsent, now_mono_ms);
    }
}

/* When the peer is too slow, if it takes no more until then. */
static inline uint64_t tg_taking_until(const struct tg_taking *t,
                                       const struct tg_server_settings *settings)
{
    return t->from_mono_ms + tg_answer_allowed_ms(settings, t->done);
}

#endif
