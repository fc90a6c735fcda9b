/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/proto.h - an HTTP version as an engine without I/O: bytes in, bytes out.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 *
 * An engine sets its own deadlines (head, body, idle) on the worker's wheel. Everything that has to
 * do with a socket - reading, writing, TLS, a slow reader - is behind struct tg_proto_io.
 */
#ifndef TG_SERVER_HTTP_PROTO_H
#define TG_SERVER_HTTP_PROTO_H

#include "base/bytes.h"
#include "server/http/pending.h"

struct tg_proto;

/* The connection as the engine sees it. */
struct tg_proto_io {
    /* Sends the parts in order, in one write where possible, and keeps a copy of what it could not
       send. It does not report a broken connection: the connection cancels the engine soon. */
    void (*write)(struct tg_proto_io *io, const struct tg_bytes *parts, size_t part_count);
    /* The engine's state changed outside of feed. Later, never inside this call, the connection
       calls pump and feeds the rest of the input. */
    void (*kick)(struct tg_proto_io *io);
    size_t unsent; /* bytes kept by write */
    struct tg_peer peer;
};

struct tg_proto_ops {
    /* Consumes bytes and returns how many: fewer than all when it is busy or finished. */
    size_t (*feed)(struct tg_proto *p, struct tg_bytes in);
    /* io may accept more output. */
    void (*pump)(struct tg_proto *p);
    /* The peer has finished sending. */
    void (*eof)(struct tg_proto *p);
    /* Accepts no new request, answers the open ones, then becomes finished. */
    void (*drain)(struct tg_proto *p);
    /* The connection loses its place: answers waiting requests and takes leave. Cancel follows. */
    void (*evict)(struct tg_proto *p);
    /* Cancels every request and clears every deadline. Only free may be called afterwards. */
    void (*cancel)(struct tg_proto *p);
    /* After cancel. */
    void (*free)(struct tg_proto *p);
};

struct tg_proto {
    const struct tg_proto_ops *ops;
    bool is_busy;     /* accepts no input; it kicks when it does again */
    bool is_finished; /* close once everything is sent */
    bool must_linger; /* ... but read on for a while first, so that the peer gets the last answer */
};

#endif
