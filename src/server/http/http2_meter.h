/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2_meter.h - what the frames of an HTTP/2 connection cost, counted before nghttp2
 * processes them; private to http2*.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.      Clock: an argument.
 *
 * The meter reads the head of each frame that arrives, also of those that nghttp2 skips. Each kind
 * of frame takes from two token buckets, and the connection ends with ENHANCE_YOUR_CALM when one is
 * empty. What a frame achieves is given back: content that was delivered, a request that was
 * answered. So a stream that ends with a reset, from either side and for any cause, stays
 * spent. The rates are in conn_limits.h, the costs in http2_meter.c.
 *
 * The meter also knows which of the newest streams the peer has ended: a frame that may not follow
 * is a connection error, also after nghttp2 has forgotten the stream.
 */
#ifndef TG_SERVER_HTTP_HTTP2_METER_H
#define TG_SERVER_HTTP_HTTP2_METER_H

#include "base/bytes.h"

#include <stdbool.h>

/* The token buckets. */
enum tg_http2_bucket {
    TG_HTTP2_BUCKET_FRAMES,  /* frames, beyond what they achieve */
    TG_HTTP2_BUCKET_STREAMS, /* streams that are open, and streams that were reset */
    TG_HTTP2_BUCKET_COUNT
};

#define TG_HTTP2_PAST 256u /* streams whose state is known after their end */
#define TG_HTTP2_PAST_WORDS (TG_HTTP2_PAST / 64u)

struct tg_http2_meter {
    size_t preface_left; /* bytes */
    uint8_t head[9];     /* of the next frame */
    uint8_t head_len;    /* bytes of it that arrived */
    uint32_t payload_left;

    uint64_t spent[TG_HTTP2_BUCKET_COUNT]; /* tokens */
    uint64_t burst[TG_HTTP2_BUCKET_COUNT];
    uint64_t share;        /* bursts and rates are so many times those of conn_limits.h */
    uint64_t at_mono_ms;   /* the time of spent */
    uint64_t unbilled;     /* tokens of frames that achieved nothing, since the last bill */
    uint64_t content_owed; /* tokens that the content of the current DATA frame can give back */

    uint32_t block_len;   /* bytes of the current header block */
    uint32_t block_parts; /* its CONTINUATION frames */

    uint32_t newest; /* the highest stream of the peer */
    /* A bit for each of the streams up to newest; the position is that of (id / 2) modulo the
       number of bits. */
    uint64_t used[TG_HTTP2_PAST_WORDS];  /* the peer began it */
    uint64_t ended[TG_HTTP2_PAST_WORDS]; /* the peer ended it, with END_STREAM or RST_STREAM */
};

/* share: 1, or more for a connection that carries many clients. */
void tg_http2_meter_init(struct tg_http2_meter *m, uint32_t stream_max, uint32_t share,
                         uint64_t now_mono_ms);

/*
 * How many bytes of in may be processed next: up to the end of one frame. Call it again with the
 * rest. *error is an error code of RFC 9113, section 7: not 0 when a frame ends the connection, and
 * then nothing more may be processed.
 */
size_t tg_http2_meter_next(struct tg_http2_meter *m, struct tg_bytes in, uint64_t now_mono_ms,
                           uint32_t *error);

/* How many times ten frames achieved nothing since the last bill: the client's network pays for
   them, so that many connections do not multiply the budget. The first TG_HTTP2_FRAMES_FREE frames
   of a connection are free. */
uint32_t tg_http2_meter_bill(struct tg_http2_meter *m);
/* len bytes of content of the current DATA frame were delivered. */
void tg_http2_meter_received(struct tg_http2_meter *m, size_t len);
/* len bytes of an answer were sent; the peer may open its windows for them. */
void tg_http2_meter_sent(struct tg_http2_meter *m, size_t len);
/* A stream ended with its whole answer and without a reset. */
void tg_http2_meter_answered(struct tg_http2_meter *m);

#endif
