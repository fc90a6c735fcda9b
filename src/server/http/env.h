/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/env.h - what one worker's connections share: time, limits, timers, waiting requests,
 * memory for requests being read.
 * Layer: L4.      Threads: one per worker.      Blocks: no.
 * Clock: the fields are set by whoever runs the loop, so that tests move time by hand.
 */
#ifndef TG_SERVER_HTTP_ENV_H
#define TG_SERVER_HTTP_ENV_H

#include "base/log.h"
#include "relay/api.h"
#include "relay/limits.h"
#include "server/http/deadline.h"
#include "server/http/waiters.h"
#include "server/ops/metrics.h"

#define TG_HEAD_MAX 32768u       /* bytes of request line and headers: twice an attestation */
#define TG_HEADERS_MAX 64u       /* header lines */
#define TG_TARGET_MAX 4096u      /* bytes of the request target */
#define TG_UNSENT_MAX 262144u    /* bytes; above it a connection is not read */
#define TG_READ_MAX 16384u       /* bytes of one read: a TLS record */
#define TG_WAITS_PER_PEER_MAX 8u /* long polls of one connection */
#define TG_DATE_LEN 29u
#define TG_SCRATCH_MAX 65536u
#define TG_REQMEM_KEPT 32u /* request memories kept for reuse */

/* Numbers from the configuration. */
struct tg_server_settings {
    size_t body_max;           /* bytes */
    uint32_t stream_max;       /* HTTP/2 streams of a connection */
    uint32_t requests_max;     /* of a connection */
    uint32_t wait_max;         /* long polls, over all workers */
    uint32_t connection_max;   /* of one worker */
    uint32_t handshake_ms;     /* TLS */
    uint32_t head_ms;          /* first byte to last header */
    uint32_t body_max_ms;      /* the most a body may take */
    uint32_t write_ms;         /* a reader without progress */
    uint32_t idle_ms;          /* a kept connection */
    uint32_t linger_ms;        /* reading on after the last answer */
    uint32_t drain_idle_ms;    /* a kept connection while draining */
    bool is_rate_by_forwarded; /* the client network is in X-Forwarded-For */
};

/* The least a body must have grown: 20 s and another second for each 500 bytes. */
#define TG_BODY_BASE_MS 20000u
#define TG_BODY_BYTES_PER_S 500u

/* Text and fields of a request while it is read. Wiped when put back. */
struct tg_reqmem {
    struct tg_link link;
    struct tg_buf text; /* target, names and values, one after the other */
    struct tg_buf body;
    size_t target_len;
    size_t field_count;
    struct {
        uint16_t name_at, name_len, value_at, value_len; /* in text: TG_HEAD_MAX fits */
    } fields[TG_HEADERS_MAX];
    struct tg_http_header headers[TG_HEADERS_MAX];
};

struct tg_env {
    int64_t now_s;        /* UTC seconds */
    uint64_t now_mono_ms; /* never goes back */
    bool is_draining;
    const struct tg_server_settings *settings;
    const struct tg_log *log;
    struct tg_metrics_block *metrics;
    atomic_size_t *wait_total; /* long polls over all workers */
    struct tg_limits *limits;  /* shared by all workers; NULL: none */

    struct tg_wheel wheel;
    struct tg_waiters waiters;
    struct tg_link unsettled; /* long polls that may not wait (over the limit, draining) */

    struct tg_link free_mem;
    size_t free_mem_count;

    struct tg_buf scratch; /* a response head while it is put together */
    int64_t date_s;        /* what date says */
    char date[TG_DATE_LEN + 1];
};

/* The pointers are borrowed for good. limits is set afterwards. Set now_s and now_mono_ms
 * afterwards as time goes on. */
void tg_env_init(struct tg_env *env, const struct tg_server_settings *settings,
                 const struct tg_log *log, struct tg_metrics_block *metrics,
                 atomic_size_t *wait_total, int64_t now_s, uint64_t now_mono_ms);
/* After every connection is gone. */
void tg_env_deinit(struct tg_env *env);

/* The Date header's value at now_s (RFC 9110, section 5.6.7). Ends at the next call. */
struct tg_bytes tg_env_date(struct tg_env *env);

/* An empty request memory, or NULL. */
struct tg_reqmem *tg_reqmem_take(struct tg_env *env, size_t body_max);
/* Wipes and keeps or frees it; *m becomes NULL. Accepts NULL. */
void tg_reqmem_put(struct tg_env *env, struct tg_reqmem **m);
/* Fills m->headers from the fields and gives the request. All of it ends with m. */
void tg_reqmem_request(struct tg_reqmem *m, struct tg_bytes method, struct tg_http_request *out);

#endif
