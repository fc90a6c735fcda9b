/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct/host.h - the host of a direct transfer as its own parts see it. The host is the device
 * that shares directly: it has the mailbox, and the other device connects to it. Layer: L2.
 * Threads: one at a time.   Blocks: no.   Clock: an argument. Secrets: the share secret and the key
 * made of it; wiped by tigress_direct_host_free.
 *
 *   host.c, host_session.c   the exported functions: connections and time; the host's own session
 *   saved.c                  save and resume
 *   host_request.c           requests of peers
 *   host_conn.c              connections
 *   mailbox.c, tls.c         the mailbox, TLS
 */
#ifndef TG_DIRECT_HOST_H
#define TG_DIRECT_HOST_H

#include <tigress/direct.h>

#include "direct/mailbox.h"
#include "direct/tls.h"

enum tg_direct_stage {
    TG_DIRECT_STAGE_FREE,
    TG_DIRECT_STAGE_HANDSHAKE,
    TG_DIRECT_STAGE_READY, /* between requests, or while one arrives */
    TG_DIRECT_STAGE_WAIT,  /* a long poll: its frame stays in `in` */
    TG_DIRECT_STAGE_ENDING /* output is still written, nothing is read */
};

struct tg_direct_conn {
    enum tg_direct_stage stage;
    unsigned id; /* not 0 */
    struct tg_direct_tls *tls;
    struct tg_buf in;
    size_t handshake_len; /* bytes received before the secret was proved */
    int64_t since_ms;     /* of the stage, or of a request's first byte */
    int64_t moved_ms;     /* when output last became less, or first appeared */
    int64_t wait_until_ms;
};

struct tigress_direct_host {
    struct tg_direct_mailbox mailbox;
    struct tg_secret secret;   /* len 0 until the mailbox is made */
    struct tg_direct_key *key; /* NULL until then */
    struct tg_direct_conn conns[TIGRESS_DIRECT_CONNECTIONS_MAX];
    unsigned last_id;
    uint64_t counts[TIGRESS_DIRECT_EVENT_COUNT];
    bool is_changed; /* since it was saved */
    bool has_recipient;
    bool is_session_waiting; /* our own session's long poll */
    int64_t session_until_ms;
};

#endif
