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
       send. It does not report a broken connection: the caller of the engine cancels soon. */
    void (*write)(struct tg_proto_io *io, const struct tg_bytes *parts, size_t part_count);
    /* The engine's state changed outside of feed. Later, never inside this call, the caller calls
       pump and feeds the rest of the input. */
    void (*kick)(struct tg_proto_io *io);
    size_t unsent; /* bytes kept by write */
    struct tg_peer peer;
};

struct tg_proto_ops {
    /* Takes bytes and returns how many it used: fewer than all when it is busy or finished. */
    size_t (*feed)(struct tg_proto *p, struct tg_bytes in);
    /* There may be room for more output. */
    void (*pump)(struct tg_proto *p);
    /* The peer will send no more. */
    void (*eof)(struct tg_proto *p);
    /* Finish what was begun, take nothing new, then become finished. */
    void (*drain)(struct tg_proto *p);
    /* Cancels every request and clears every deadline; the engine is only good for free. */
    void (*cancel)(struct tg_proto *p);
    /* After cancel. */
    void (*free)(struct tg_proto *p);
};

struct tg_proto {
    const struct tg_proto_ops *ops;
    bool is_busy;     /* takes no input now: it will kick when it does */
    bool is_finished; /* close when everything is sent */
    bool must_linger; /* ... and read on for a while, so that the last answer arrives */
};

#endif
