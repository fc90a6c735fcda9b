/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/metrics.h"

#include "base/mem.h"
#include "server/ops/metrics_text.h"

#include <string.h>

#define MINUTE_S 60

struct tg_metrics {
    size_t block_count;
    void *memory; /* owned; blocks points into it, to a cache line */
    size_t memory_size;
    struct tg_metrics_block *blocks;
};

static const uint64_t bucket_bounds_us[TG_METRICS_BUCKETS] = { 100,    250,    500,     1000,
                                                               2500,   5000,   10000,   25000,
                                                               100000, 250000, 1000000, 5000000 };

static const char *const call_names[TG_METRICS_CALLS] = {
    [TG_CALL_CREATE] = "create", [TG_CALL_PREVIEW] = "preview", [TG_CALL_READ] = "read",
    [TG_CALL_UPDATE] = "update", [TG_CALL_DELETE] = "delete",   [TG_CALL_RELINQUISH] = "relinquish",
    [TG_CALL_COUNT] = "other"
};

/* Each counter before the refusals is a separate family. */
static const struct tg_metric counter_families[TG_COUNTER_REFUSED_CONNECTIONS] = {
    [TG_COUNTER_ACCEPTED] = { "tigress_connections_accepted_total", "Connections accepted." },
    [TG_COUNTER_ACCEPT_FAILED] = { "tigress_accept_failures_total",
                                   "Connections that could not be accepted." },
    [TG_COUNTER_HANDSHAKES] = { "tigress_tls_handshakes_total", "TLS handshakes completed." },
    [TG_COUNTER_HANDSHAKE_FAILED] = { "tigress_tls_handshake_failures_total",
                                      "TLS handshakes refused or aborted." },
    [TG_COUNTER_RESETS] = { "tigress_connection_resets_total",
                            "Connections that the client closed during a request." },
    [TG_COUNTER_STREAM_RESETS] = { "tigress_stream_resets_total",
                                   "HTTP/2 streams that ended with a reset." },
    [TG_COUNTER_WAKES] = { "tigress_long_poll_wakes_total",
                           "Long polls that a change of their mailbox ended." },
    [TG_COUNTER_SWEPT] = { "tigress_swept_total", "Mailboxes removed after their expiration." },
    [TG_COUNTER_PUSH_LOST] = { "tigress_push_lost_total",
                               "Outbox entries that could not become a push." },
    [TG_COUNTER_PUSH_RESTARTS] = { "tigress_push_restarts_total",
                                   "Push processes started after the first." },
};

static const char *const refusal_reasons[TG_COUNTER_COUNT] = {
    [TG_COUNTER_REFUSED_CONNECTIONS] = "connections",
    [TG_COUNTER_REFUSED_LONG_POLLS] = "long_polls",
    [TG_COUNTER_REFUSED_RATE] = "rate",
    [TG_COUNTER_REFUSED_STORE] = "store",
    [TG_COUNTER_REFUSED_CLOCK] = "clock",
    [TG_COUNTER_REFUSED_TIMEOUT] = "timeout",
    [TG_COUNTER_REFUSED_SYNTAX] = "syntax",
    [TG_COUNTER_REFUSED_SIZE] = "size",
    [TG_COUNTER_REFUSED_MEMORY] = "memory",
    [TG_COUNTER_REFUSED_FLOOD] = "flood",
    [TG_COUNTER_REFUSED_PLAIN_HTTP] = "plain_http",
    [TG_COUNTER_REFUSED_PROXY_HEADER] = "proxy_header",
    [TG_COUNTER_REFUSED_DRAIN] = "drain",
    [TG_COUNTER_REFUSED_HANDSHAKES] = "handshakes",
    [TG_COUNTER_REFUSED_STORED] = "stored",
    [TG_COUNTER_REFUSED_FILLING] = "filling",
    [TG_COUNTER_EVICTED_CONNECTIONS] = "evicted_connections",
    [TG_COUNTER_EVICTED_LONG_POLLS] = "evicted_long_polls",
};

static const char *const push_results[TG_PUSH_RESULT_COUNT] = {
    [TG_PUSH_RESULT_TAKEN] = "taken",
    [TG_PUSH_RESULT_DROPPED] = "dropped",
    [TG_PUSH_RESULT_RETRY] = "retried",
    [TG_PUSH_RESULT_GIVEN_UP] = "given_up",
};

static const struct tg_metric gauge_families[TG_GAUGE_COUNT] = {
    [TG_GAUGE_CONNECTIONS] = { "tigress_connections", "Open connections." },
    [TG_GAUGE_LONG_POLLS] = { "tigress_long_polls", "Waiting long polls." },
    [TG_GAUGE_REQUESTS] = { "tigress_requests_in_flight", "Requests in progress." },
};

enum tg_err tg_metrics_new(struct tg_metrics **out, size_t block_count)
{
    const size_t line = _Alignof(struct tg_metrics_block);
    struct tg_metrics *m = tg_mem_calloc(1, sizeof(*m));
    uintptr_t at = 0;

    if (m == NULL || block_count == 0 || block_count > SIZE_MAX / sizeof(*m->blocks) - 1) {
        tg_mem_free(m);
        return TG_E_NOMEM;
    }
    m->block_count = block_count;
    m->memory_size = (block_count + 1) * sizeof(*m->blocks);
    m->memory = tg_mem_calloc(1, m->memory_size);
    if (m->memory == NULL) {
        tg_mem_free(m);
        return TG_E_NOMEM;
    }
    /* The heap aligns to less than a cache line, so one more block is allocated than needed. */
    at = (uintptr_t)m->memory;
    m->blocks = (void *)((char *)m->memory + (line - at % line) % line);
    *out = m;
    return TG_OK;
}

void tg_metrics_free(struct tg_metrics **m)
{
    if (m != NULL && *m != NULL) {
        tg_mem_free((*m)->memory);
        tg_mem_free(*m);
        *m = NULL;
    }
}

struct tg_metrics_block *tg_metrics_block(struct tg_metrics *m, size_t index)
{
    return index < m->block_count ? &m->blocks[index] : NULL;
}

static void add(atomic_uint_least64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t load(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void tg_metrics_request(struct tg_metrics_block *b, int call, unsigned status, uint64_t latency_us)
{
    size_t row = call >= 0 && call < (int)TG_CALL_COUNT ? (size_t)call : TG_CALL_COUNT;
    size_t class = status >= 100 && status <= 599 ? status / 100 - 1 : TG_METRICS_CLASSES - 1;
    size_t bucket = 0;

    add(&b->requests[row][class], 1);
    if (latency_us == UINT64_MAX) {
        return;
    }
    while (bucket < TG_METRICS_BUCKETS && latency_us > bucket_bounds_us[bucket]) {
        bucket++;
    }
    add(&b->buckets[bucket], 1);
    add(&b->latency_sum_us, latency_us);
}

void tg_metrics_standing(struct tg_metrics_block *b, const struct tg_standing_report *report)
{
    size_t format = report->has_format && (unsigned)report->format < TG_ATTEST_FORMAT_COUNT
                        ? (size_t)report->format
                        : TG_ATTEST_FORMAT_COUNT;

    add(&b->standing[report->is_only_reported ? 1 : 0][report->scheme][format][report->step], 1);
}

void tg_metrics_push(struct tg_metrics_block *b, enum tg_push_id provider,
                     enum tg_push_result result)
{
    add(&b->pushes[provider][result], 1);
}

uint64_t tg_metrics_counter_sum(const struct tg_metrics *m, enum tg_counter counter)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < m->block_count; i++) {
        sum += load(&m->blocks[i].counters[counter]);
    }
    return sum;
}

int64_t tg_metrics_gauge_sum(const struct tg_metrics *m, enum tg_gauge gauge)
{
    int64_t sum = 0;

    for (size_t i = 0; i < m->block_count; i++) {
        sum += atomic_load_explicit(&m->blocks[i].gauges[gauge], memory_order_relaxed);
    }
    return sum;
}

void tg_metrics_total(struct tg_metrics_totals *out, const struct tg_metrics *m)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < m->block_count; i++) {
        const struct tg_metrics_block *b = &m->blocks[i];

        for (size_t call = 0; call < TG_METRICS_CALLS; call++) {
            for (size_t class = 0; class < TG_METRICS_CLASSES; class ++) {
                out->requests[call][class] += load(&b->requests[call][class]);
            }
        }
        for (size_t bucket = 0; bucket <= TG_METRICS_BUCKETS; bucket++) {
            out->buckets[bucket] += load(&b->buckets[bucket]);
        }
        out->latency_sum_us += load(&b->latency_sum_us);
        for (size_t id = 0; id < TG_PUSH_COUNT; id++) {
            for (size_t result = 0; result < TG_PUSH_RESULT_COUNT; result++) {
                out->pushes[id][result] += load(&b->pushes[id][result]);
            }
            out->pushes_taken += load(&b->pushes[id][TG_PUSH_RESULT_TAKEN]);
        }
    }
}

uint64_t tg_metrics_bucket_us(size_t bucket)
{
    return bucket_bounds_us[bucket];
}

const char *tg_metrics_call_name(size_t call)
{
    return call_names[call];
}

const char *tg_metrics_refusal_name(enum tg_counter counter)
{
    return refusal_reasons[counter];
}

const char *tg_metrics_push_result_name(enum tg_push_result result)
{
    return push_results[result];
}

static void append_signed(struct tg_buf *out, const char *name, int64_t v)
{
    /* A sum that is read while workers count can be slightly below zero. */
    tg_metric_sample(out, name, "", v < 0 ? 0 : (uint64_t)v);
}

static void append_requests(struct tg_buf *out, const struct tg_metrics_totals *total)
{
    static const struct tg_metric f = { "tigress_requests_total", "Requests answered." };

    tg_metric_head(out, f, "counter");
    for (size_t call = 0; call < TG_METRICS_CALLS; call++) {
        for (size_t class = 0; class < TG_METRICS_CLASSES; class ++) {
            tg_buf_append_str(out, f.name);
            tg_buf_append_str(out, "{call=\"");
            tg_buf_append_str(out, call_names[call]);
            tg_buf_append_str(out, "\",code=\"");
            tg_buf_append_dec(out, class + 1);
            tg_metric_sample(out, "xx\"}", "", total->requests[call][class]);
        }
    }
}

static void append_latency(struct tg_buf *out, const struct tg_metrics_totals *total)
{
    static const struct tg_metric f = { "tigress_request_duration_seconds",
                                        "Time from the last byte of a request to its response." };

    tg_metric_histogram(out, f, bucket_bounds_us, total->buckets, TG_METRICS_BUCKETS,
                        total->latency_sum_us);
}

/* [1]: what attestation = report did not refuse */
static const struct tg_metric standing_families[] = {
    { "tigress_standing_total", "Proofs of good standing, by the step that decided." },
    { "tigress_standing_reported_total",
      "Creates and updates that attestation = required would have refused, by step." },
};

static uint64_t standing_sum(const struct tg_metrics *m, size_t family, size_t scheme,
                             size_t format, size_t step)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < m->block_count; i++) {
        sum += load(&m->blocks[i].standing[family][scheme][format][step]);
    }
    return sum;
}

static void append_standing_sample(struct tg_buf *out, size_t family, size_t scheme, size_t format,
                                   size_t step, uint64_t sum)
{
    tg_buf_append_str(out, standing_families[family].name);
    tg_buf_append_str(out, "{scheme=\"");
    tg_buf_append_str(out, tg_standing_scheme_name((enum tg_standing_scheme)scheme));
    if (format < TG_ATTEST_FORMAT_COUNT) {
        tg_buf_append_str(out, "\",format=\"");
        tg_buf_append_str(out, tg_attest_format_name((enum tg_attest_format)format));
    }
    tg_buf_append_str(out, "\",step=\"");
    tg_buf_append_str(out, tg_standing_step_name((enum tg_standing_step)step));
    tg_metric_sample(out, "\"}", "", sum);
}

/* Only samples above zero: most of the table is empty on every relay. */
static void append_standing(struct tg_buf *out, const struct tg_metrics *m, size_t family)
{
    tg_metric_head(out, standing_families[family], "counter");
    for (size_t scheme = 0; scheme < TG_STANDING_SCHEME_COUNT; scheme++) {
        for (size_t format = 0; format < TG_METRICS_FORMATS; format++) {
            for (size_t step = 0; step < TG_STANDING_STEP_COUNT; step++) {
                uint64_t sum = standing_sum(m, family, scheme, format, step);

                if (sum > 0) {
                    append_standing_sample(out, family, scheme, format, step, sum);
                }
            }
        }
    }
}

static void append_counters(struct tg_buf *out, const struct tg_metrics *m)
{
    static const struct tg_metric f = { "tigress_refusals_total",
                                        "Requests and connections refused, by reason." };

    for (enum tg_counter c = 0; c < TG_COUNTER_REFUSED_CONNECTIONS; c++) {
        tg_metric_head(out, counter_families[c], "counter");
        tg_metric_sample(out, counter_families[c].name, "", tg_metrics_counter_sum(m, c));
    }
    tg_metric_head(out, f, "counter");
    for (enum tg_counter c = TG_COUNTER_REFUSED_CONNECTIONS; c < TG_COUNTER_COUNT; c++) {
        tg_buf_append_str(out, f.name);
        tg_buf_append_str(out, "{reason=\"");
        tg_buf_append_str(out, refusal_reasons[c]);
        tg_metric_sample(out, "\"}", "", tg_metrics_counter_sum(m, c));
    }
}

static void append_push_sample(struct tg_buf *out, const char *family, enum tg_push_id id,
                               enum tg_push_result result, uint64_t sum)
{
    tg_buf_append_str(out, family);
    tg_buf_append_str(out, "{provider=\"");
    tg_buf_append_str(out, tg_push_name(id));
    tg_buf_append_str(out, "\",outcome=\"");
    tg_buf_append_str(out, push_results[result]);
    tg_metric_sample(out, "\"}", "", sum);
}

static void append_counter_file(struct tg_buf *out, const struct tg_metrics_now *now)
{
    if (now->has_counter) {
        tg_metric_counter(out, "tigress_store_counter_failures_total",
                          "Writes of the store's counter file that failed.", now->counter_failures);
    }
}

static void append_gauges(struct tg_buf *out, const struct tg_metrics *m,
                          const struct tg_metrics_now *now)
{
    for (enum tg_gauge g = 0; g < TG_GAUGE_COUNT; g++) {
        tg_metric_head(out, gauge_families[g], "gauge");
        append_signed(out, gauge_families[g].name, tg_metrics_gauge_sum(m, g));
    }
    tg_metric_gauge(out, "tigress_mailboxes", "Live mailboxes in the store.",
                    now->store.live_count);
    tg_metric_gauge(out, "tigress_tombstones", "Tombstones in the store.", now->store.ended_count);
    tg_metric_gauge(out, "tigress_store_bytes", "Sealed bytes of the live mailboxes.",
                    now->store.live_bytes);
    tg_metric_gauge(out, "tigress_spent_tokens", "Spent private tokens that are remembered.",
                    now->store.spent_count);
    tg_metric_gauge(out, "tigress_sweep_behind_seconds",
                    "Everything that expired longer ago than this is removed from the store.",
                    now->sweep_behind_s);
    if (now->store.disk_used > 0) {
        tg_metric_gauge(out, "tigress_store_disk_used_bytes", "Bytes of the store on its disk.",
                        now->store.disk_used);
        tg_metric_gauge(out, "tigress_store_disk_free_bytes",
                        "Bytes that the store may still take, disk-reserve included.",
                        now->store.disk_free);
        tg_metric_gauge(out, "tigress_store_disk_low",
                        "1: no new mailboxes, because the disk is nearly full; 2: it is full.",
                        now->store.room == TG_STORE_ROOM_DISK_LOW    ? 1
                        : now->store.room == TG_STORE_ROOM_DISK_FULL ? 2
                                                                     : 0);
        tg_metric_counter(out, "tigress_store_disk_failures_total",
                          "Commits that found no room on the disk.", now->store.disk_failures);
    }
    append_counter_file(out, now);
    tg_metric_gauge(out, "tigress_store_ready", "1: the store answered the last probe.",
                    now->is_store_ready ? 1 : 0);
    tg_metric_gauge(out, "tigress_memory_used_bytes",
                    "Memory for connections and requests; memory-max is its limit.",
                    now->memory_used);
    tg_metric_gauge(out, "tigress_start_time_seconds", "UTC time of the start, to the minute.",
                    now->start_s < 0 ? 0 : (uint64_t)(now->start_s - now->start_s % MINUTE_S));
    if (now->cert_not_after_s > 0) {
        tg_metric_gauge(out, "tigress_certificate_expiry_seconds",
                        "UTC time at which the TLS certificate expires.",
                        (uint64_t)now->cert_not_after_s);
    }
}

static void append_clock(struct tg_buf *out, const struct tg_metrics_now *now)
{
    static const struct tg_metric difference = {
        "tigress_clock_difference_seconds",
        "The system's clock minus the time of decisions; 0: they agree."
    };
    static const struct tg_metric leaps = { "tigress_clock_leaps_total",
                                            "Leaps of the system's clock." };
    uint64_t magnitude = now->clock_difference_s < 0 ? 0 - (uint64_t)now->clock_difference_s
                                                     : (uint64_t)now->clock_difference_s;

    tg_metric_head(out, difference, "gauge");
    tg_buf_append_str(out, difference.name);
    tg_buf_append_str(out, now->clock_difference_s < 0 ? " -" : " ");
    tg_buf_append_dec(out, magnitude);
    tg_buf_append_u8(out, '\n');
    tg_metric_head(out, leaps, "counter");
    tg_metric_sample(out, leaps.name, "{direction=\"ahead\"}", now->clock_ahead_count);
    tg_metric_sample(out, leaps.name, "{direction=\"back\"}", now->clock_back_count);
}

static void append_losses(struct tg_buf *out, const struct tg_store_database *db)
{
    static const struct tg_metric f = { "tigress_database_losses_total",
                                        "Connections lost or not made, by reason." };

    tg_metric_head(out, f, "counter");
    for (enum tg_log_reason r = TG_REASON_DATABASE_UNREACHABLE; r < TG_REASON_COUNT; r++) {
        tg_buf_append_str(out, f.name);
        tg_buf_append_str(out, "{reason=\"");
        tg_buf_append_str(out, tg_log_reason_name(r));
        tg_metric_sample(out, "\"}", "", db->losses[r]);
    }
}

static void append_repeats(struct tg_buf *out, const struct tg_store_database *db)
{
    static const struct tg_metric f = { "tigress_database_repeats_total",
                                        "Operations that were run again, by cause." };

    tg_metric_head(out, f, "counter");
    tg_metric_sample(out, f.name, "{cause=\"conflict\"}", db->conflict_count);
    tg_metric_sample(out, f.name, "{cause=\"overtaken\"}", db->overtaken_count);
    tg_metric_sample(out, f.name, "{cause=\"doubt\"}", db->doubt_count);
}

static void append_database(struct tg_buf *out, const struct tg_store_database *db)
{
    static const uint64_t bounds_ms[] = { TG_STORE_WAIT_BOUNDS_MS };
    static const struct tg_metric wait = {
        "tigress_database_commit_wait_seconds",
        "Time from the request for a commit to its answer, or to the loss of its connection."
    };
    uint64_t bounds_us[TG_STORE_WAIT_COUNT];

    for (size_t i = 0; i < TG_STORE_WAIT_COUNT; i++) {
        bounds_us[i] = bounds_ms[i] * 1000;
    }
    tg_metric_gauge(out, "tigress_database_connections", "Connections of workers that serve.",
                    db->up_count);
    tg_metric_gauge(out, "tigress_database_connections_wanted",
                    "Connections of workers that should serve.", db->wanted_count);
    tg_metric_gauge(out, "tigress_database_synchronous",
                    "1: the last write saw that a synchronous standby is named.",
                    db->is_synchronous ? 1 : 0);
    append_losses(out, db);
    tg_metric_counter(out, "tigress_database_batches_total",
                      "Transactions with operations that were committed.", db->batch_count);
    tg_metric_counter(out, "tigress_database_changes_total", "Operations in these transactions.",
                      db->change_count);
    append_repeats(out, db);
    tg_metric_histogram(out, wait, bounds_us, db->waits, TG_STORE_WAIT_COUNT, db->wait_sum_us);
}

static void append_pushes(struct tg_buf *out, const struct tg_metrics_totals *total,
                          const struct tg_metrics_now *now)
{
    static const struct tg_metric f = { "tigress_push_total", "Pushes by provider and outcome." };

    tg_metric_head(out, f, "counter");
    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        for (enum tg_push_result result = 0; result < TG_PUSH_RESULT_COUNT; result++) {
            append_push_sample(out, f.name, id, result, total->pushes[id][result]);
        }
    }
    tg_metric_gauge(out, "tigress_push_outbox",
                    "Outbox entries: waiting pushes and refused tokens.", now->store.outbox_count);
    tg_metric_gauge(out, "tigress_push_process_up", "1: the push process accepts jobs.",
                    now->is_push_up ? 1 : 0);
}

enum tg_err tg_metrics_format(struct tg_buf *out, const struct tg_metrics *m,
                              const struct tg_metrics_now *now)
{
    struct tg_metrics_totals total;

    tg_metrics_total(&total, m);
    append_requests(out, &total);
    append_latency(out, &total);
    append_counters(out, m);
    append_standing(out, m, 0);
    append_standing(out, m, 1);
    append_gauges(out, m, now);
    append_clock(out, now);
    if (now->has_database) {
        append_database(out, &now->database);
    }
    if (now->has_push) {
        append_pushes(out, &total, now);
    }
    return tg_buf_status(out);
}
