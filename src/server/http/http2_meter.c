/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http2_meter.h"

#include "server/http/conn_limits.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

/* A token is 1/1000 of what a small frame costs. */
#define TOKENS 1000u

/* ---- the token buckets ---- */

/* What a kind of frame takes. Types that have no row cost the same as TYPE_OTHER; HEADERS of a
   stream that exists cost as TYPE_TRAILERS. */
enum { TYPE_OTHER = NGHTTP2_CONTINUATION + 1, TYPE_TRAILERS, TYPE_COUNT };

struct cost {
    uint32_t frame;    /* tokens of TG_HTTP2_BUCKET_FRAMES */
    uint32_t per_byte; /* of the payload, padding included */
    uint32_t stream;   /* tokens of TG_HTTP2_BUCKET_STREAMS */
};

static const struct cost costs[TYPE_COUNT] = {
    /* A frame of 250 bytes of content gives everything back, see CONTENT_TOKENS. */
    [NGHTTP2_DATA] = { TOKENS, 1, 0 },
    [NGHTTP2_HEADERS] = { TOKENS, 1, TOKENS },
    [TYPE_TRAILERS] = { 4 * TOKENS, 1, 0 },
    [NGHTTP2_CONTINUATION] = { TOKENS, 1, 0 },
    [NGHTTP2_PRIORITY] = { 2 * TOKENS, 1, 0 }, /* it may move a part of nghttp2's tree */
    [NGHTTP2_RST_STREAM] = { TOKENS, 1, 0 },
    /* It is acknowledged, and each of its entries can change every stream. */
    [NGHTTP2_SETTINGS] = { 2 * TOKENS, TOKENS / 6, 0 },
    [NGHTTP2_PUSH_PROMISE] = { TOKENS, 1, 0 },
    [NGHTTP2_PING] = { TOKENS, 1, 0 },
    [NGHTTP2_GOAWAY] = { TOKENS, 1, 0 },
    [NGHTTP2_WINDOW_UPDATE] = { TOKENS, 1, 0 },
    [TYPE_OTHER] = { TOKENS, 1, 0 },
};

/* What is given back. */
#define CONTENT_TOKENS 5u            /* for each byte of content, at most what its frame cost */
#define SENT_TOKENS 4u               /* for each byte of an answer: a window update for 250 bytes */
#define ANSWER_TOKENS (50u * TOKENS) /* more than a head of TG_HEAD_MAX bytes with its trailers */

#define BILL_TOKENS (10u * TOKENS)

static const uint64_t per_s[TG_HTTP2_BUCKET_COUNT] = {
    [TG_HTTP2_BUCKET_FRAMES] = TG_HTTP2_FRAMES_PER_S,
    [TG_HTTP2_BUCKET_STREAMS] = TG_HTTP2_RESETS_PER_S,
};

static uint64_t less(uint64_t from, uint64_t tokens)
{
    return from > tokens ? from - tokens : 0;
}

static void give_back(struct tg_http2_meter *m, enum tg_http2_bucket bucket, uint64_t tokens)
{
    m->spent[bucket] = less(m->spent[bucket], tokens);
    if (bucket == TG_HTTP2_BUCKET_FRAMES) {
        m->unbilled = less(m->unbilled, tokens);
    }
}

static void refill(struct tg_http2_meter *m, uint64_t now_mono_ms)
{
    uint64_t passed_ms = now_mono_ms - m->at_mono_ms;

    if (passed_ms == 0) {
        return;
    }
    m->at_mono_ms = now_mono_ms;
    for (size_t i = 0; i < TG_HTTP2_BUCKET_COUNT; i++) {
        /* A second has 1000 ms, and a frame 1000 tokens. */
        m->spent[i] = less(m->spent[i], passed_ms * per_s[i] * m->share);
    }
}

static uint32_t take(struct tg_http2_meter *m, const nghttp2_frame_hd *hd, uint64_t now_mono_ms)
{
    const struct cost *cost = &costs[hd->type < TYPE_OTHER ? hd->type : TYPE_OTHER];
    uint64_t tokens = 0;

    if (hd->type == NGHTTP2_HEADERS && (uint32_t)hd->stream_id <= m->newest) {
        cost = &costs[TYPE_TRAILERS];
    }
    tokens = cost->frame + (uint64_t)cost->per_byte * hd->length;
    refill(m, now_mono_ms);
    m->content_owed = hd->type == NGHTTP2_DATA ? tokens : 0;
    m->spent[TG_HTTP2_BUCKET_FRAMES] += tokens;
    m->unbilled += tokens;
    m->spent[TG_HTTP2_BUCKET_STREAMS] += cost->stream;
    for (size_t i = 0; i < TG_HTTP2_BUCKET_COUNT; i++) {
        if (m->spent[i] > m->burst[i]) {
            return NGHTTP2_ENHANCE_YOUR_CALM;
        }
    }
    return NGHTTP2_NO_ERROR;
}

uint32_t tg_http2_meter_bill(struct tg_http2_meter *m)
{
    uint64_t count = less(m->unbilled, (uint64_t)TG_HTTP2_FRAMES_FREE * TOKENS) / BILL_TOKENS;

    m->unbilled -= count * BILL_TOKENS;
    return (uint32_t)count;
}

void tg_http2_meter_received(struct tg_http2_meter *m, size_t len)
{
    uint64_t tokens = (uint64_t)len * CONTENT_TOKENS;

    tokens = tokens < m->content_owed ? tokens : m->content_owed;
    m->content_owed -= tokens;
    give_back(m, TG_HTTP2_BUCKET_FRAMES, tokens);
}

void tg_http2_meter_sent(struct tg_http2_meter *m, size_t len)
{
    give_back(m, TG_HTTP2_BUCKET_FRAMES, (uint64_t)len * SENT_TOKENS);
}

void tg_http2_meter_answered(struct tg_http2_meter *m)
{
    give_back(m, TG_HTTP2_BUCKET_FRAMES, ANSWER_TOKENS);
    give_back(m, TG_HTTP2_BUCKET_STREAMS, TOKENS);
}

/* ---- header blocks ---- */

/* A block costs work before nghttp2 reports a field of it, and also where nghttp2 skips it. */
static uint32_t limit_block(struct tg_http2_meter *m, const nghttp2_frame_hd *hd)
{
    if (hd->type == NGHTTP2_CONTINUATION) {
        m->block_parts++;
        m->block_len += (uint32_t)hd->length;
    } else if (hd->type == NGHTTP2_HEADERS) {
        m->block_parts = 0;
        m->block_len = (uint32_t)hd->length;
    }
    return m->block_parts > TG_HTTP2_CONTINUATIONS_MAX || m->block_len > TG_HTTP2_BLOCK_MAX
               ? NGHTTP2_ENHANCE_YOUR_CALM
               : NGHTTP2_NO_ERROR;
}

/* ---- streams that the peer has ended ---- */

static bool get(const uint64_t *bits, uint32_t id)
{
    return (bits[id / 2 % TG_HTTP2_PAST / 64] >> (id / 2 % 64) & 1u) != 0;
}

static void set(uint64_t *bits, uint32_t id, bool value)
{
    uint64_t bit = UINT64_C(1) << (id / 2 % 64);
    uint64_t *word = &bits[id / 2 % TG_HTTP2_PAST / 64];

    *word = value ? *word | bit : *word & ~bit;
}

/* A new stream. It closes all lower streams that were not used (RFC 9113, section 5.1.1). */
static void begin_stream(struct tg_http2_meter *m, uint32_t id)
{
    uint32_t from = id - m->newest > 2 * TG_HTTP2_PAST ? id - 2 * TG_HTTP2_PAST : m->newest;

    for (uint32_t skipped = from + (from % 2 == 0 ? 1 : 2); skipped <= id; skipped += 2) {
        set(m->used, skipped, skipped == id);
        set(m->ended, skipped, false);
    }
    m->newest = id;
}

/* spec: protocol/1#http2-ended-streams */
static uint32_t follow_stream(struct tg_http2_meter *m, const nghttp2_frame_hd *hd)
{
    uint32_t id = (uint32_t)hd->stream_id;
    bool is_message = hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_DATA;
    bool is_end = is_message && (hd->flags & NGHTTP2_FLAG_END_STREAM) != 0;

    if (id % 2 == 0 || (!is_message && hd->type != NGHTTP2_RST_STREAM)) {
        return NGHTTP2_NO_ERROR; /* nghttp2 knows what is allowed here */
    }
    if (id > m->newest) {
        if (hd->type != NGHTTP2_HEADERS) {
            return NGHTTP2_NO_ERROR; /* an idle stream: nghttp2 ends the connection */
        }
        begin_stream(m, id);
    } else if (m->newest - id >= 2 * TG_HTTP2_PAST) {
        return NGHTTP2_NO_ERROR; /* long ago: nghttp2 ignores what does not belong to a stream */
    } else if (is_message && get(m->ended, id)) {
        return NGHTTP2_STREAM_CLOSED;
    } else if (is_message && !get(m->used, id)) {
        return hd->type == NGHTTP2_HEADERS ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED;
    }
    if (is_end || hd->type == NGHTTP2_RST_STREAM) {
        set(m->ended, id, true);
    }
    return NGHTTP2_NO_ERROR;
}

/* ---- frames ---- */

void tg_http2_meter_init(struct tg_http2_meter *m, uint32_t stream_max, uint32_t share,
                         uint64_t now_mono_ms)
{
    memset(m, 0, sizeof(*m));
    m->preface_left = NGHTTP2_CLIENT_MAGIC_LEN;
    m->at_mono_ms = now_mono_ms;
    m->share = share;
    m->burst[TG_HTTP2_BUCKET_FRAMES] = m->share * TG_HTTP2_FRAMES_BURST * TOKENS;
    /* Open streams take from the same bucket as those that were reset. */
    m->burst[TG_HTTP2_BUCKET_STREAMS] = (m->share * TG_HTTP2_RESETS_BURST + stream_max) * TOKENS;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static nghttp2_frame_hd head_of(const uint8_t head[9])
{
    return (nghttp2_frame_hd){
        .length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2],
        .type = head[3],
        .flags = head[4],
        .stream_id = (int32_t)((uint32_t)(head[5] & 0x7fu) << 24 | (uint32_t)head[6] << 16 |
                               (uint32_t)head[7] << 8 | head[8]),
    };
}

/* The head of a frame is complete. */
static uint32_t begin_frame(struct tg_http2_meter *m, uint64_t now_mono_ms)
{
    nghttp2_frame_hd hd = head_of(m->head);
    uint32_t error = NGHTTP2_NO_ERROR;

    m->payload_left = (uint32_t)hd.length;
    m->head_len = 0;
    if (hd.length > TG_HTTP2_FRAME_MAX) {
        return NGHTTP2_FRAME_SIZE_ERROR;
    }
    error = take(m, &hd, now_mono_ms);
    if (error == NGHTTP2_NO_ERROR) {
        error = limit_block(m, &hd);
    }
    if (error == NGHTTP2_NO_ERROR) {
        error = follow_stream(m, &hd);
    }
    return error;
}

size_t tg_http2_meter_next(struct tg_http2_meter *m, struct tg_bytes in, uint64_t now_mono_ms,
                           uint32_t *error)
{
    size_t used = least(m->preface_left, in.len);
    size_t payload_len = 0;

    *error = NGHTTP2_NO_ERROR;
    m->preface_left -= used;
    if (m->preface_left > 0) {
        return used;
    }
    if (m->payload_left == 0) {
        size_t head_len = least(sizeof(m->head) - m->head_len, in.len - used);

        if (head_len > 0) {
            memcpy(m->head + m->head_len, in.ptr + used, head_len);
        }
        m->head_len = (uint8_t)(m->head_len + head_len);
        used += head_len;
        if (m->head_len < sizeof(m->head)) {
            return used;
        }
        *error = begin_frame(m, now_mono_ms);
    }
    payload_len = least(m->payload_left, in.len - used);
    m->payload_left -= (uint32_t)payload_len;
    return used + payload_len;
}
