/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/metrics.h - counters, in the Prometheus text format. They identify nobody.
 * Layer: L4.      Threads: each worker writes its own block (relaxed atomics, own cache lines);
 * any thread may format.      Blocks: no.      Secrets: none; labels are fixed words.
 */
#ifndef TG_SERVER_OPS_METRICS_H
#define TG_SERVER_OPS_METRICS_H

#include "base/buf.h"
#include "mailbox/mailbox.h"
#include "push/ipc.h"
#include "relay/standing.h"
#include "store/database.h"
#include "store/store.h"

#include <stdatomic.h>

#define TG_METRICS_BUCKETS 12u     /* latency buckets, +Inf not counted */
#define TG_METRICS_TEXT_MAX 65536u /* bytes */

/* They only increase. */
enum tg_counter {
    TG_COUNTER_ACCEPTED,            /* connections */
    TG_COUNTER_ACCEPT_FAILED,       /* accept(2) itself failed */
    TG_COUNTER_HANDSHAKES,          /* TLS, completed */
    TG_COUNTER_HANDSHAKE_FAILED,    /* TLS, refused or aborted */
    TG_COUNTER_RESETS,              /* connections that the peer closed during a request */
    TG_COUNTER_STREAM_RESETS,       /* HTTP/2 streams that ended with a reset */
    TG_COUNTER_WAKES,               /* long polls woken by a change */
    TG_COUNTER_SWEPT,               /* records removed after their expiration */
    TG_COUNTER_PUSH_LOST,           /* outbox entries that cannot be opened or have no provider */
    TG_COUNTER_PUSH_RESTARTS,       /* push processes started after the first */
    TG_COUNTER_REFUSED_CONNECTIONS, /* refusals by reason, from here on: connection limit */
    TG_COUNTER_REFUSED_LONG_POLLS,  /* long-poll limit */
    TG_COUNTER_REFUSED_RATE,        /* rate limit of a client network */
    TG_COUNTER_REFUSED_STORE,       /* store full or down */
    TG_COUNTER_REFUSED_CLOCK,       /* it depends on which of two times is right */
    TG_COUNTER_REFUSED_TIMEOUT,     /* handshake, headers, body or reading took too long */
    TG_COUNTER_REFUSED_SYNTAX,      /* not HTTP */
    TG_COUNTER_REFUSED_SIZE,        /* headers or body over the limit */
    TG_COUNTER_REFUSED_MEMORY,      /* no memory for a request */
    TG_COUNTER_REFUSED_FLOOD,       /* HTTP/2 frames and TLS records that achieve nothing, resets */
    TG_COUNTER_REFUSED_PLAIN_HTTP,  /* plain HTTP on the TLS port */
    TG_COUNTER_REFUSED_PROXY_HEADER, /* a trusted proxy began without a header it has to send */
    TG_COUNTER_REFUSED_DRAIN,        /* while draining */
    TG_COUNTER_REFUSED_HANDSHAKES,   /* connections of a network over its budget */
    TG_COUNTER_REFUSED_STORED,       /* a network has stored too much for too long */
    TG_COUNTER_REFUSED_FILLING,      /* a long life while the store fills up */
    TG_COUNTER_EVICTED_CONNECTIONS,  /* lost their place to another network */
    TG_COUNTER_EVICTED_LONG_POLLS,
    TG_COUNTER_COUNT
};

/* They increase and decrease. */
enum tg_gauge { TG_GAUGE_CONNECTIONS, TG_GAUGE_LONG_POLLS, TG_GAUGE_REQUESTS, TG_GAUGE_COUNT };

#define TG_METRICS_CALLS (TG_CALL_COUNT + 1u)            /* the last: no call of the API */
#define TG_METRICS_FORMATS (TG_ATTEST_FORMAT_COUNT + 1u) /* the last: unknown */
#define TG_METRICS_CLASSES 5u                            /* 1xx to 5xx */

struct tg_metrics_block {
    _Alignas(64) atomic_uint_least64_t counters[TG_COUNTER_COUNT];
    atomic_int_least64_t gauges[TG_GAUGE_COUNT];
    atomic_uint_least64_t requests[TG_METRICS_CALLS][TG_METRICS_CLASSES];
    atomic_uint_least64_t buckets[TG_METRICS_BUCKETS + 1u]; /* not cumulative; the last: +Inf */
    atomic_uint_least64_t latency_sum_us;
    /* [1]: would have been refused, see tg_standing_report.is_only_reported */
    atomic_uint_least64_t standing[2][TG_STANDING_SCHEME_COUNT][TG_METRICS_FORMATS]
                                  [TG_STANDING_STEP_COUNT];
    atomic_uint_least64_t pushes[TG_PUSH_COUNT][TG_PUSH_RESULT_COUNT];
};

struct tg_metrics; /* all blocks */

TG_NODISCARD enum tg_err tg_metrics_new(struct tg_metrics **out, size_t block_count);
/* Accepts NULL and *m == NULL. After the last worker has ended. */
void tg_metrics_free(struct tg_metrics **m);
/* The block of worker index, valid as long as m. NULL: index is too large. */
struct tg_metrics_block *tg_metrics_block(struct tg_metrics *m, size_t index);

static inline void tg_metrics_count(struct tg_metrics_block *b, enum tg_counter counter)
{
    atomic_fetch_add_explicit(&b->counters[counter], 1, memory_order_relaxed);
}

static inline void tg_metrics_count_n(struct tg_metrics_block *b, enum tg_counter counter,
                                      uint64_t n)
{
    atomic_fetch_add_explicit(&b->counters[counter], n, memory_order_relaxed);
}

static inline void tg_metrics_gauge_add(struct tg_metrics_block *b, enum tg_gauge gauge,
                                        int64_t delta)
{
    atomic_fetch_add_explicit(&b->gauges[gauge], delta, memory_order_relaxed);
}

/*
 * Counts a request that was answered.
 *   call        enum tg_mailbox_call, or anything else: counted as "other"
 *   status      100 to 599; others count as 5xx
 *   latency_us  microseconds from the last byte of the request to the write of the response;
 *               UINT64_MAX for a long poll that waited: the histogram leaves it out
 */
void tg_metrics_request(struct tg_metrics_block *b, int call, unsigned status, uint64_t latency_us);

/* Counts a proof of good standing that was verified. */
void tg_metrics_standing(struct tg_metrics_block *b, const struct tg_standing_report *report);
/* Counts the outcome of a push. */
void tg_metrics_push(struct tg_metrics_block *b, enum tg_push_id provider,
                     enum tg_push_result result);

/* Sums over all blocks at one moment. */
struct tg_metrics_totals {
    uint64_t requests[TG_METRICS_CALLS][TG_METRICS_CLASSES];
    uint64_t buckets[TG_METRICS_BUCKETS + 1u]; /* as in a block */
    uint64_t latency_sum_us;
    uint64_t pushes[TG_PUSH_COUNT][TG_PUSH_RESULT_COUNT];
    uint64_t pushes_taken; /* by all providers */
};
void tg_metrics_total(struct tg_metrics_totals *out, const struct tg_metrics *m);
/* The upper bound of a bucket, microseconds. bucket < TG_METRICS_BUCKETS. */
uint64_t tg_metrics_bucket_us(size_t bucket);
/* The words of the labels: of a call (call < TG_METRICS_CALLS), of a refusal (from
   TG_COUNTER_REFUSED_CONNECTIONS on), of the outcome of a push. */
const char *tg_metrics_call_name(size_t call);
const char *tg_metrics_refusal_name(enum tg_counter counter);
const char *tg_metrics_push_result_name(enum tg_push_result result);

/* Sums over all blocks; for limits of all workers together, and for tests. */
uint64_t tg_metrics_counter_sum(const struct tg_metrics *m, enum tg_counter counter);
int64_t tg_metrics_gauge_sum(const struct tg_metrics *m, enum tg_gauge gauge);

/* Values that are not in the blocks, at the time of formatting. */
struct tg_metrics_now {
    struct tg_store_stats store;
    bool has_database; /* the store is in one */
    struct tg_store_database database;
    bool is_store_ready;
    uint64_t
        sweep_behind_s; /* how long ago the oldest record that is not removed may have expired */
    int64_t start_s;    /* UTC seconds of the start; printed to the minute */
    int64_t cert_not_after_s;   /* 0: no TLS */
    int64_t clock_difference_s; /* system's clock minus the time of decisions */
    uint64_t clock_ahead_count; /* leaps of the system's clock */
    uint64_t clock_back_count;
    bool has_counter; /* the store has a counter file */
    uint64_t counter_failures;
    uint64_t memory_used; /* bytes of memory-max in use */
    bool has_push;        /* a provider is configured; else push has no metrics */
    bool is_push_up;      /* the push process accepts jobs */
};

/* Appends the text, HELP and TYPE included (content type "text/plain; version=0.0.4"). */
TG_NODISCARD enum tg_err tg_metrics_format(struct tg_buf *out, const struct tg_metrics *m,
                                           const struct tg_metrics_now *now);

#endif
