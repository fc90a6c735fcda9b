/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/conn_state.h - the state of a connection; private to conn*.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: buffers hold requests and answers; they are wiped when freed.
 */
#ifndef TG_SERVER_NET_CONN_STATE_H
#define TG_SERVER_NET_CONN_STATE_H

#include "server/http/taking.h"
#include "server/net/conn.h"

/* What the connection waits for, and what its deadline means. */
enum tg_conn_wait {
    TG_CONN_WAIT_HANDSHAKE, /* what comes before the engine; settings.handshake_ms */
    /* The engine's next step. No deadline here: the engine has its own for head, body, answer and
       the time between requests. */
    TG_CONN_WAIT_ENGINE,
    TG_CONN_WAIT_READER, /* the peer, to read what is unsent; see taking */
    TG_CONN_WAIT_LINGER, /* after the last answer, the peer's end; settings.linger_ms */
    TG_CONN_WAIT_NOTHING /* closed; freed when the loop has released the handle */
};

/* How far the connection has ended. */
enum tg_conn_ended {
    TG_CONN_NOT_ENDED,
    TG_CONN_ENDED_BY_PEER, /* it has finished sending, and may still read */
    TG_CONN_BROKEN         /* nothing can be sent or read: close it */
};

/* When the next read can succeed. */
enum tg_conn_read {
    TG_CONN_READ_ON_READABLE, /* of the socket */
    TG_CONN_READ_ON_WRITABLE, /* TLS has to write before it can read */
    TG_CONN_READ_AT_ONCE      /* bytes have arrived that the socket does not announce */
};

/* What TLS has taken, against floods of records that bring nothing. */
struct tg_conn_records {
    size_t handshake_len;  /* bytes of the handshake */
    uint64_t count;        /* records: of the handshake, then of the connection */
    uint32_t silent_count; /* records without data after the handshake */
    uint64_t content_len;  /* bytes of data */
    bool has_paid_group;   /* a costly one */
};

struct tg_conn {
    struct tg_proto_io io;
    struct tg_holder place; /* among the connections of all clients */
    struct tg_link link;
    struct tg_link turn; /* linked while it waits for its turn */
    struct tg_turn_key turn_key;
    struct tg_link costly; /* linked while its handshake waits until it may be long */
    bool has_leave;        /* it may now */
    struct tg_conns *conns;
    const struct tg_service *service;
    uv_poll_t poll;
    int fd;
    int events;            /* of poll; 0: stopped */
    int ready;             /* events reported since the last turn */
    unsigned report_count; /* how often */
    bool must_flush;       /* an answer came outside of its turn */
    enum tg_conn_wait wait;
    enum tg_conn_ended ended;
    enum tg_conn_read read;
    struct tg_deadline deadline;        /* of wait */
    bool awaits_proxy_header;           /* of a trusted proxy */
    struct tg_tls_context *tls_context; /* a reference; NULL: plain */
    struct tg_tls *tls;                 /* NULL: plain, or no record has arrived */
    struct tg_proto *proto;             /* the engine; NULL before the handshake is done */
    struct tg_buf raw;                  /* received, not yet taken by tls */
    struct tg_conn_records records;
    struct tg_buf in;  /* read, not yet taken by proto */
    struct tg_buf out; /* from out_at on: not yet sent */
    size_t out_at;
    struct tg_taking taking; /* of what is unsent */
    size_t lingered_len;     /* bytes discarded after the last answer */
};

/* Sets what c waits for, and starts its deadline again. */
void tg_conn_wait(struct tg_conn *c, enum tg_conn_wait wait);
/* Whether the engine runs: after the handshake, before the end. */
bool tg_conn_is_open(const struct tg_conn *c);
/* Puts c in the line for a turn: tg_conns_run handles it after the current callbacks. */
void tg_conn_kick(struct tg_conn *c);
/* Whether c has used up its turn: what remains waits for the next one. */
bool tg_conn_is_turn_over(const struct tg_conn *c);
/* The connection is broken. It is closed by the kick, not here. */
void tg_conn_break(struct tg_conn *c);

#endif
