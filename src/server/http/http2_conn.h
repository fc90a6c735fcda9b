/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2_conn.h - the state of an HTTP/2 connection; private to http2*.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_HTTP2_CONN_H
#define TG_SERVER_HTTP_HTTP2_CONN_H

#include "base/mem_pages.h"
#include "server/http/http2_meter.h"
#include "server/http/proto.h"
#include "server/http/taking.h"

#include <nghttp2/nghttp2.h>

/* Closing in order takes two GOAWAY frames: a notice, then one with the last stream served. */
enum tg_http2_goaway { TG_HTTP2_GOAWAY_NONE, TG_HTTP2_GOAWAY_NOTICE, TG_HTTP2_GOAWAY_FINAL };

struct tg_http2 {
    struct tg_proto proto;
    struct tg_proto_io *io;
    struct tg_env *env;
    const struct tg_service *service;
    nghttp2_session *session;
    struct tg_mem_pages frame; /* where nghttp2 makes the frames that it sends */
    struct tg_link streams;
    struct tg_link expecting; /* streams that expect 100 Continue */
    size_t stream_count;
    size_t sending_count;    /* streams whose answer is not yet all sent */
    size_t answer_bytes;     /* of the answers of open streams */
    size_t unsent;           /* of them, those that no frame has */
    uint64_t taken_total;    /* bytes of answers in frames, since the connection began */
    struct tg_taking taking; /* of unsent, while a stream sends */
    struct tg_deadline deadline;
    struct tg_deadline goaway_deadline; /* from the notice to the final GOAWAY */
    uint64_t progress_mono_ms;          /* of the last call of tg_http2_progress */
    uint32_t request_count;
    struct tg_http2_meter meter;
    int64_t largest_window;  /* of the streams, when a SETTINGS frame began */
    uint32_t initial_window; /* the peer's, then */
    enum tg_http2_goaway goaway;
    bool is_frame_elsewhere; /* nghttp2 sends what is not in frame: it keeps its memory */
    bool is_broken;
    bool is_counted; /* as refused */
};

/* Progress: a request came, or a part of an answer went out. The idle time starts again. */
void tg_http2_progress(struct tg_http2 *c);
/* Sets the deadline of an idle connection, or of one whose peer does not read. */
void tg_http2_set_deadline(struct tg_http2 *c);
/* bytes of an answer went into a frame. */
void tg_http2_taken(struct tg_http2 *c, size_t bytes);
/* The deadline has fired while a stream sends. True: the peer takes too little. False: it takes
   what it has a window for, and only streams stall, which have deadlines of their own. */
bool tg_http2_is_stalled(struct tg_http2 *c);
/* Counts the end of the connection by an error, once. code: RFC 9113, section 7. */
void tg_http2_count_end(struct tg_http2 *c, uint32_t code);
/* Begins to close in order. Does nothing the second time. */
void tg_http2_go_away(struct tg_http2 *c);

#endif
