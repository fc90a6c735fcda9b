/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin.h"

#include "base/mem.h"
#include "server/opening.h"
#include "server/shared.h"
#include "server/status/page.h"
#include "server/status/style.h"
#include "server/storage/counter.h"
#include "store/database.h"

#include <stdio.h>
#include <string.h>

#define PROBE_EXPIRES_S 60
#define MAILBOX_LEN_MIN 256u /* bytes; about the smallest sealed mailbox */
#define RETRY_AFTER_S 5u
#define TEXT_PLAIN "text/plain; charset=utf-8"

/* A record written to the store and read back, for one request. */
struct probe {
    struct tg_admin *admin;
    const struct tg_exchange_ops *ops;
    void *ops_ctx; /* NULL: the client has disconnected */
    struct tg_store_key key;
    uint64_t number;
    uint8_t sealed[8];
    int64_t now_s;
    const char *limit; /* why a new record is refused; NULL: it is not */
    bool is_written;
};

static void add_header(struct tg_http_response *response, const char *name, const char *value)
{
    response->headers[response->header_count++] =
        (struct tg_http_header){ tg_bytes_str(name), tg_bytes_str(value) };
}

static void answer(const struct tg_exchange_ops *ops, void *ctx, unsigned status,
                   const char *content_type, struct tg_bytes body, unsigned retry_after_s)
{
    struct tg_http_response response = { .status = status, .body = body, .call = -1 };

    add_header(&response, "content-type", content_type);
    add_header(&response, "cache-control", "no-store");
    if (retry_after_s > 0) {
        add_header(&response, "retry-after", "5");
    }
    if (status == 405) {
        add_header(&response, "allow", "GET");
    }
    ops->respond(ctx, &response);
}

static void healthz(struct tg_admin *a, const struct tg_exchange_ops *ops, void *ctx)
{
    struct tg_pending *pending = ctx;

    if (tg_shared_is_alive(a->shared, pending->env->now_mono_ms)) {
        answer(ops, ctx, 200, TEXT_PLAIN, TG_LIT("ok\n"), 0);
    } else {
        answer(ops, ctx, 503, TEXT_PLAIN, TG_LIT("a worker does not respond\n"), RETRY_AFTER_S);
    }
}

/* At a limit the store accepts no new mailbox, and perhaps no probe, but serves everything else.
   The relay counts as ready: otherwise a load balancer would cut devices off from their mailboxes.
   NULL: it is at no limit. */
static const char *limit_text(const struct tg_shared *shared)
{
    static const char *const rooms[] = {
        [TG_STORE_ROOM_DISK_LOW] = "ready, but the disk is nearly full: no new mailboxes\n",
        [TG_STORE_ROOM_DISK_FULL] =
            "ready, but the disk is full: mailboxes can be read and deleted\n",
        [TG_STORE_ROOM_MAP_FULL] =
            "ready, but the address space of the store is full: mailboxes can be read and deleted\n"
    };
    struct tg_store_limits limits = tg_config_store_limits(shared->config);
    struct tg_store_stats stats = { 0 };

    shared->store->ops->stats(shared->store, &stats);
    if (stats.room != TG_STORE_ROOM_ANY) {
        return rooms[stats.room];
    }
    return tg_store_has_room(&limits, &stats, MAILBOX_LEN_MIN)
               ? NULL
               : "ready, but full: no new mailboxes\n";
}

static void answer_sentence(const struct tg_exchange_ops *ops, void *ctx, const char *sentence)
{
    char text[TG_FAULT_MAX + 2];

    (void)snprintf(text, sizeof(text), "%s\n", sentence);
    answer(ops, ctx, 503, TEXT_PLAIN, tg_bytes_str(text), RETRY_AFTER_S);
}

/* A database that cannot be used is explained in the words of the start. */
static void answer_failed(const struct tg_admin *a, const struct tg_exchange_ops *ops, void *ctx)
{
    struct tg_store_database database;

    (void)tg_store_database(a->shared->store, &database);
    answer_sentence(ops, ctx,
                    database.trouble.text[0] != '\0'
                        ? database.trouble.text
                        : "the store failed: a probe was not written and read back");
}

static void finish_probe(struct probe *p, bool is_ready)
{
    struct tg_admin *a = p->admin;

    a->is_store_ready = is_ready;
    a->probe_count--;
    if (p->ops_ctx != NULL) {
        if (is_ready) {
            answer(p->ops, p->ops_ctx, 200, TEXT_PLAIN,
                   tg_bytes_str(p->limit != NULL ? p->limit : "ready\n"), 0);
        } else {
            answer_failed(a, p->ops, p->ops_ctx);
        }
    }
    tg_mem_free(p);
}

static void on_probe_read(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct probe *p = ctx;

    /* Another probe may have written since: a newer version is as good. */
    finish_probe(p, err == TG_OK &&
                        (!p->is_written || (record != NULL && record->version >= p->number)));
}

static void on_probe_written(void *ctx, enum tg_err err)
{
    struct probe *p = ctx;

    p->limit = limit_text(p->admin->shared);
    p->is_written = err == TG_OK;
    if (!p->is_written && !(err == TG_E_FULL && p->limit != NULL)) {
        finish_probe(p, false);
        return;
    }
    p->admin->shared->store->ops->read(p->admin->port, &p->key, on_probe_read, p);
}

static enum tg_store_verdict probe_change(void *ctx, const struct tg_store_record *old,
                                          struct tg_store_next *next)
{
    struct probe *p = ctx;

    (void)old;
    next->record = (struct tg_store_record){ .version = p->number,
                                             .class = TG_STORE_ENDED, /* no mailbox */
                                             .expires_s = p->now_s + PROBE_EXPIRES_S,
                                             .sealed = TG_ARRAY_BYTES(p->sealed) };
    return TG_STORE_PUT;
}

/* The store is not open: the first line says why. */
static void answer_closed(struct tg_admin *a, const struct tg_exchange_ops *ops, void *ctx)
{
    struct tg_fault fault = { "" };

    if (a->shared->opening != NULL) {
        tg_opening_explain(a->shared->opening, &fault);
    }
    answer_sentence(ops, ctx, fault.text[0] != '\0' ? fault.text : "the store is not open yet");
}

/* The probe has a separate key, which no keyed hash equals. */
static void readyz(struct tg_admin *a, const struct tg_exchange_ops *ops, void *ctx)
{
    static const char name[TG_STORE_KEY_LEN] = "tigressd readiness probe";
    struct tg_pending *pending = ctx;
    struct probe *p = NULL;

    if (atomic_load(&a->shared->is_draining)) {
        answer(ops, ctx, 503, TEXT_PLAIN, TG_LIT("draining\n"), RETRY_AFTER_S);
        return;
    }
    if (!tg_shared_is_serving(a->shared)) {
        answer_closed(a, ops, ctx);
        return;
    }
    p = tg_mem_calloc(1, sizeof(*p));
    if (p == NULL) {
        answer(ops, ctx, 503, TEXT_PLAIN, TG_LIT("out of memory\n"), RETRY_AFTER_S);
        return;
    }
    p->admin = a;
    p->ops = ops;
    p->ops_ctx = ctx;
    p->number = ++a->probe_number;
    p->now_s = pending->env->now.low_s;
    memcpy(p->key.bytes, name, sizeof(name));
    if (a->shared->store->ops->place != NULL) {
        a->shared->store->ops->place(a->shared->store, &p->key);
    }
    a->probe_count++;
    pending->exchange = (struct tg_exchange *)(void *)p;
    a->shared->store->ops->apply(a->port, &p->key, probe_change, p, on_probe_written);
}

/* now_s: the earlier time, because a sweep needs both. */
static void look_now(struct tg_metrics_now *now, const struct tg_admin *a, int64_t now_s)
{
    struct tg_shared *shared = a->shared;
    int64_t until_s = atomic_load(&shared->swept_until_s);
    struct tg_clock_state clock;

    *now = (struct tg_metrics_now){ .is_store_ready =
                                        a->is_store_ready && tg_shared_is_serving(shared),
                                    .start_s = shared->start_s };
    if (shared->store != NULL) {
        shared->store->ops->stats(shared->store, &now->store);
        now->has_database = tg_store_database(shared->store, &now->database);
    }
    now->sweep_behind_s = until_s < now_s ? (uint64_t)(now_s - until_s) : 0;
    now->has_counter = shared->store_counter != NULL; /* of a store that is open at the start */
    now->counter_failures = now->has_counter ? tg_store_counter_failures(shared->store_counter) : 0;
    tg_clock_state(shared->clock, &clock);
    now->clock_difference_s = clock.difference_s;
    now->clock_ahead_count = clock.ahead_count;
    now->clock_back_count = clock.back_count;
    now->memory_used = tg_memory_used(&shared->memory);
    now->has_push = shared->push != NULL;
    now->is_push_up = tg_push_link_is_up(shared->push);
    (void)pthread_mutex_lock(&shared->reload_lock);
    now->cert_not_after_s = shared->tls != NULL ? tg_tls_context_not_after(shared->tls) : 0;
    (void)pthread_mutex_unlock(&shared->reload_lock);
}

static void metrics(struct tg_admin *a, const struct tg_exchange_ops *ops, void *ctx)
{
    const struct tg_pending *pending = ctx;
    const struct tg_shared *shared = a->shared;
    struct tg_metrics_now now;
    struct tg_buf text;

    look_now(&now, a, pending->env->now.low_s);
    tg_buf_init(&text, TG_METRICS_TEXT_MAX);
    if (tg_metrics_format(&text, shared->metrics, &now) == TG_OK) {
        answer(ops, ctx, 200, "text/plain; version=0.0.4", tg_buf_view(&text), 0);
    } else {
        answer(ops, ctx, 503, TEXT_PLAIN, TG_LIT("out of memory\n"), RETRY_AFTER_S);
    }
    tg_buf_deinit(&text);
}

static void list_limits(struct tg_status *status, const struct tg_shared *shared)
{
    const struct tg_config *c = shared->config;
    const struct tg_store_limits all = tg_config_store_limits(c);
    const struct tg_store_limits *limits = &all;
    const struct tg_metrics_now *now = status->now;
    const struct tg_store_stats *store = &now->store;
    int64_t connections = tg_metrics_gauge_sum(shared->metrics, TG_GAUGE_CONNECTIONS);
    int64_t polls = tg_metrics_gauge_sum(shared->metrics, TG_GAUGE_LONG_POLLS);
    const struct tg_status_limit list[] = {
        { "mailboxes-max", TG_STATUS_COUNT, store->live_count, limits->live_max },
        { "tombstones-max", TG_STATUS_COUNT, store->live_count + store->ended_count,
          limits->ended_max },
        { "store-bytes-max", TG_STATUS_BYTES, store->live_bytes, limits->bytes_max },
        { "spent-tokens-max", TG_STATUS_COUNT, store->spent_count, limits->spent_max },
        { "max-connections", TG_STATUS_COUNT, connections > 0 ? (uint64_t)connections : 0,
          c->connection_max },
        { "max-long-polls", TG_STATUS_COUNT, polls > 0 ? (uint64_t)polls : 0, c->long_poll_max },
        { "memory-max", TG_STATUS_BYTES, now->memory_used, c->memory_max },
    };

    _Static_assert(TG_COUNT(list) <= TG_STATUS_LIMITS_MAX, "room for each limit");
    memcpy(status->limits, list, sizeof(list));
    status->limit_count = TG_COUNT(list);
}

static const char *const store_names[] = {
    [TG_STORE_LMDB] = "LMDB", [TG_STORE_MEMORY] = "memory", [TG_STORE_POSTGRES] = "PostgreSQL"
};

static void write_status(struct tg_buf *out, const struct tg_admin *a, const struct tg_env *env)
{
    const struct tg_shared *shared = a->shared;
    struct tg_metrics_now now;
    struct tg_status status = { .public_url = shared->config->public_url,
                                .version = TG_VERSION,
                                .store = store_names[shared->config->store_kind],
                                .now_s = env->now.low_s,
                                .worker_count = shared->worker_count,
                                .is_draining = atomic_load(&shared->is_draining),
                                .is_alive = tg_shared_is_alive(shared, env->now_mono_ms),
                                .metrics = shared->metrics,
                                .now = &now,
                                .history = a->history };

    look_now(&now, a, env->now.low_s);
    memcpy(status.is_push_on, a->is_push_on, sizeof(status.is_push_on));
    list_limits(&status, shared);
    tg_status_write(out, &status);
}

static void status_page(struct tg_admin *a, const struct tg_exchange_ops *ops, void *ctx)
{
    const struct tg_pending *pending = ctx;
    struct tg_http_response response = { .status = 200, .call = -1 };
    char csp[TG_STATUS_CSP_LEN];
    struct tg_buf text;

    tg_buf_init(&text, TG_STATUS_TEXT_MAX);
    write_status(&text, a, pending->env);
    if (tg_buf_status(&text) == TG_OK && tg_status_csp(csp) == TG_OK) {
        add_header(&response, "content-type", "text/html; charset=utf-8");
        add_header(&response, "cache-control", "no-store");
        add_header(&response, "content-security-policy", csp);
        add_header(&response, "x-content-type-options", "nosniff");
        add_header(&response, "referrer-policy", "no-referrer");
        response.body = tg_buf_view(&text);
        ops->respond(ctx, &response);
    } else {
        answer(ops, ctx, 503, TEXT_PLAIN, TG_LIT("out of memory\n"), RETRY_AFTER_S);
    }
    tg_buf_deinit(&text);
}

static const struct {
    const char *path;
    void (*handler)(struct tg_admin *a, const struct tg_exchange_ops *ops, void *ctx);
} pages[] = { { "/", status_page },
              { "/status", status_page },
              { "/healthz", healthz },
              { "/readyz", readyz },
              { "/metrics", metrics } };

static struct tg_exchange *admin_begin(void *ctx, const struct tg_http_request *request,
                                       struct tg_moment now, const struct tg_exchange_ops *ops,
                                       void *ops_ctx)
{
    struct tg_admin *a = ctx;
    struct tg_pending *pending = ops_ctx;
    struct tg_bytes path = tg_bytes_first(request->target, tg_bytes_find(request->target, '?'));

    (void)now;
    for (size_t i = 0; i < TG_COUNT(pages); i++) {
        if (!tg_bytes_is_equal(path, tg_bytes_str(pages[i].path))) {
            continue;
        }
        if (tg_bytes_is_equal(request->method, TG_LIT("GET"))) {
            pages[i].handler(a, ops, ops_ctx);
            return pending->exchange;
        }
        answer(ops, ops_ctx, 405, TEXT_PLAIN, TG_LIT("only GET is supported\n"), 0);
        return NULL;
    }
    answer(ops, ops_ctx, 404, TEXT_PLAIN,
           TG_LIT("unknown path; expected /, /status, /healthz, /readyz or /metrics\n"), 0);
    return NULL;
}

static void admin_refuse(void *ctx, const struct tg_refusal *refusal,
                         const struct tg_exchange_ops *ops, void *ops_ctx)
{
    (void)ctx;
    answer(ops, ops_ctx, refusal->status, TEXT_PLAIN, tg_bytes_str(refusal->detail),
           refusal->retry_after_s);
}

static void admin_cancel(void *ctx, struct tg_exchange *exchange, void *ops_ctx)
{
    struct probe *p = (struct probe *)(void *)exchange;

    (void)ctx;
    (void)ops_ctx;
    if (p != NULL) {
        p->ops_ctx = NULL;
    }
}

void tg_admin_tick(struct tg_admin *a, uint64_t now_mono_ms)
{
    struct tg_store_stats stats = { .live_count = 0 };

    if (tg_history_is_due(a->history, now_mono_ms)) {
        if (a->shared->store != NULL) {
            a->shared->store->ops->stats(a->shared->store, &stats);
        }
        tg_history_add(a->history, a->shared->metrics, stats.live_count, now_mono_ms);
    }
}

void tg_admin_init(struct tg_admin *a, struct tg_shared *shared, struct tg_store_port *port)
{
    struct tg_push_settings push;

    *a = (struct tg_admin){ .shared = shared, .port = port, .is_store_ready = true };
    a->service = (struct tg_service){
        .begin = admin_begin, .refuse = admin_refuse, .cancel = admin_cancel, .ctx = a
    };
    tg_config_push_settings(&push, shared->config);
    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        a->is_push_on[id] = tg_push_is_on(&push, id);
    }
}
