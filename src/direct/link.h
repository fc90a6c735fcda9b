/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct/link.h - the link of a direct transfer as its own parts see it. The link is the receiving
 * device's end: it connects to the host.
 * Layer: L2.   Threads: one at a time.   Secrets: the share secret's key, in tls.
 */
#ifndef TG_DIRECT_LINK_H
#define TG_DIRECT_LINK_H

#include <tigress/direct.h>

#include "direct/tls.h"
#include "wire/share_url.h"

struct tigress_direct_link {
    struct tigress_session *session; /* borrowed */
    struct tg_share_url url;         /* address of the other device; without the secret */
    struct tg_direct_key *key;
    struct tg_direct_tls *tls; /* NULL: no stream */
    bool is_proved;            /* the handshake is over */
    bool is_ending;            /* the stream must be closed */
    bool is_busy;
    struct tg_buf request; /* the frame; sent once the secret is proved */
    bool is_sent;
    struct tg_buf in;
    size_t received_len;  /* on this stream */
    int64_t opened_ms;    /* of this stream */
    int64_t deadline_ms;  /* of the request */
    int64_t time_left_ms; /* for the request */

    /* tcp_link.c */
    int fd; /* -1: none */
    tigress_direct_link_save_fn *save;
    void *save_ctx;
    tigress_direct_progress_fn *progress;
    void *progress_ctx;
};

/* Drops the stream. The session's request does not change. */
void tg_direct_link_drop(struct tigress_direct_link *link);

#endif
