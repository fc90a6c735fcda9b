/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "server/http/payment.h"
#include "server/net/clock.h"
#include "server/pushlink/refusals.h"
#include "server/status/history.h"
#include "server/worker_store.h"

#include <unistd.h>

#define ADMIN_CONNECTIONS 16u
#define RECORD_IDS_MAX 2048u /* bytes of claims, request ids and lengths in a record, at most */
#define DRAIN_GRACE_MS 5000u /* for changes at the store, after the connections were closed */

static struct tg_worker *of_loop(const uv_handle_t *handle)
{
    return handle->loop->data;
}

void tg_worker_settings(struct tg_server_settings *out, const struct tg_config *config)
{
    *out = (struct tg_server_settings){
        .body_max = config->limits.body_max,
        .stream_max = config->stream_max,
        .requests_max = config->connection_requests_max,
        .handshake_ms = config->handshake_timeout_s * 1000u,
        .head_ms = config->header_timeout_s * 1000u,
        .body_max_ms = config->body_timeout_s * 1000u,
        .write_ms = config->write_timeout_s * 1000u,
        .idle_ms = config->idle_timeout_s * 1000u,
        .linger_ms = TG_LINGER_MS,
        .drain_idle_ms = TG_DRAIN_IDLE_MS,
        .mailbox_default_s = config->expiration_default_s,
        .mailbox_max_s = config->expiration_max_s,
        .mailbox_growth = RECORD_IDS_MAX + 2 * (config->limits.token_type_max +
                                                config->limits.token_data_max + TG_TOKEN_TOPIC_MAX),
        .trusted_proxies = &config->trusted_proxies,
        .needs_proxy_header = config->proxy_protocol == TG_PROXY_PROTOCOL_V2,
    };
}

/* A holder of the worker has lost its place: run_queued ends it. */
static void on_doomed(void *ctx, size_t index)
{
    struct tg_shared *shared = ctx;

    (void)uv_async_send(&shared->workers[index].inbox_wake);
}

void tg_worker_ledger(struct tg_ledger_settings *out, struct tg_shared *shared)
{
    const struct tg_config *config = shared->config;

    *out = (struct tg_ledger_settings){
        .rate = config->rate,
        .burst = config->rate_burst,
        .mailboxes_per_day = config->mailboxes_per_day,
        .mailbox_s = config->expiration_default_s,
        .max = { [TG_PLACE_CONNECTION] = config->connection_max,
                 [TG_PLACE_LONG_POLL] = config->long_poll_max },
        .worker_count = shared->worker_count,
        .wake = on_doomed,
        .wake_ctx = shared,
    };
}

/* ---- store and waiters ---- */

static void on_inbox_wake(uv_async_t *async)
{
    (void)async; /* the current iteration of the loop empties the inbox */
}

static void on_changed(void *ctx, const struct tg_store_key *key)
{
    struct tg_worker *w = ctx;
    struct tg_shared *shared = w->shared;

    for (size_t i = 0; i < shared->worker_count; i++) {
        struct tg_worker *other = &shared->workers[i];

        if (tg_inbox_put(&other->inbox, key)) {
            (void)uv_async_send(&other->inbox_wake);
        }
    }
}

static enum tg_err on_offload(void *ctx, tg_offload_fn *work, tg_offload_fn *done, void *arg)
{
    struct tg_worker *w = ctx;

    return tg_offload_run(&w->offload, work, done, arg);
}

static enum tg_err on_ask(void *ctx, struct tg_bytes attestation,
                          const uint8_t challenge[TG_ATTEST_HASH_LEN], tg_ask_fn *done, void *arg)
{
    return tg_verifier_ask(&((struct tg_worker *)ctx)->verifier, attestation, challenge, done, arg);
}

static void on_judged(void *ctx, const struct tg_standing_report *report)
{
    struct tg_worker *w = ctx;

    tg_metrics_standing(w->env.metrics, report);
}

static struct tg_refusal on_pay(void *ctx, void *ops_ctx, enum tg_cost cost,
                                const struct tg_record_size *size)
{
    const struct tg_worker *w = ctx;

    return tg_payment_cost(ops_ctx, cost, size, tg_shared_fullness(w->shared));
}

static void on_token_left(void *ctx, const struct tg_store_key *key)
{
    const struct tg_worker *w = ctx;

    tg_refusals_forget(w->shared->refusals, key);
}

static void on_push_queued(void *ctx)
{
    const struct tg_worker *w = ctx;

    tg_push_link_wake(w->shared->push);
}

/* ---- an iteration of the loop ---- */

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Other workers may still have clients. */
static bool are_others_drained(struct tg_worker *w)
{
    struct tg_shared *shared = w->shared;

    if (!w->is_drained) {
        w->is_drained = true;
        (void)atomic_fetch_add(&shared->drained_count, 1);
        (void)uv_async_send(&shared->workers[0].inbox_wake);
    }
    return atomic_load(&shared->drained_count) >= shared->worker_count;
}

/* The pages for operators end last: until then they tell that the relay drains. Returns whether
   nothing is left. */
static bool close_admin(struct tg_worker *w, bool is_late)
{
    if (!are_others_drained(w) && w->admin_listener.is_open && !is_late) {
        return false;
    }
    tg_listener_stop(&w->admin_listener);
    tg_conns_close(&w->conns);
    return w->conns.count == 0; /* what was closed is freed in the loop's next iteration */
}

static void check_drained(struct tg_worker *w)
{
    size_t client_count = w->conns.count - w->conns.free_count;
    bool is_late = w->env.now_mono_ms >= w->drain_until_mono_ms + DRAIN_GRACE_MS;
    bool is_store_busy = tg_relay_in_flight(w->relay) > 0 || w->is_sweeping ||
                         w->admin.probe_count > 0 || w->saver.saving_count > 0;

    if (w->is_closing || w->drain_until_mono_ms == 0) {
        return;
    }
    if (client_count > 0 && w->env.now_mono_ms >= w->drain_until_mono_ms) {
        w->has_cut_connections = true;
        tg_conns_close(&w->conns);
    }
    if (client_count > 0 || (is_store_busy && !is_late) || !close_admin(w, is_late)) {
        return;
    }
    w->has_failed = is_store_busy;
    w->is_closing = true;
    tg_worker_store_end(w);
    uv_walk(&w->loop, close_handle, NULL);
}

/* While this handle is active, the loop looks at the sockets without sleeping. */
static void on_behind(uv_idle_t *idle)
{
    (void)idle;
}

static void run_queued(struct tg_worker *w)
{
    bool is_behind = false;

    if (w->is_closing) {
        return;
    }
    tg_inbox_deliver(&w->inbox, &w->env.waiters);
    is_behind = tg_waiters_run(&w->env.waiters, TG_WAKES_PER_PASS);
    if (tg_conns_relieve(&w->conns)) {
        tg_listener_reserve(&w->listener);
    }
    tg_pending_settle(&w->env);
    is_behind = tg_conns_run(&w->conns) || is_behind || !tg_list_is_empty(&w->env.unsettled);
    w->listener.is_behind = is_behind;
    if (is_behind) {
        (void)uv_idle_start(&w->behind, on_behind);
    } else {
        (void)uv_idle_stop(&w->behind);
    }
    check_drained(w);
}

static void on_prepare(uv_prepare_t *handle)
{
    struct tg_worker *w = of_loop((uv_handle_t *)handle);

    if (uv_is_active((uv_handle_t *)&w->behind) == 0) {
        run_queued(w);
    }
    tg_mem_publish();
    tg_mem_wipe_stack(); /* the loop sleeps now */
    tg_mem_wipe_registers();
}

static void on_check(uv_check_t *handle)
{
    run_queued(of_loop((uv_handle_t *)handle));
}

static void on_tick(uv_timer_t *timer)
{
    struct tg_worker *w = of_loop((uv_handle_t *)timer);

    tg_clock_tick(&w->env);
    tg_shared_beat(w->shared, w->index, w->env.now_mono_ms);
    tg_listener_reserve(&w->listener); /* another worker may have closed a connection */
    if (w->index == 0) {
        tg_shared_measure_memory(w->shared, &w->offload, w->env.now_mono_ms);
    }
    tg_conns_tick(&w->conns);
    tg_wheel_advance(&w->env.wheel, w->env.now_mono_ms);
    tg_admin_tick(&w->admin, w->env.now_mono_ms);
    tg_worker_store_tick(w);
}

/* ---- orders ---- */

static void drain(struct tg_worker *w)
{
    if (w->drain_until_mono_ms != 0) {
        return;
    }
    w->drain_until_mono_ms =
        w->env.now_mono_ms + (uint64_t)w->shared->config->drain_timeout_s * 1000u;
    tg_listener_stop(&w->listener);
    w->env.is_draining = true;
    tg_conns_drain(&w->conns);
    tg_waiters_wake_all(&w->env.waiters);
}

static void use_new_certificate(struct tg_worker *w)
{
    tg_tls_context_free(&w->tls);
    w->tls = tg_shared_hold_tls(w->shared);
}

/* If it fails the worker shows what it showed before. */
static enum tg_err use_new_face(struct tg_worker *w)
{
    struct tg_face *face = tg_shared_hold_face(w->shared);
    enum tg_err err = tg_relay_show(w->relay, tg_face_view(face));

    if (err == TG_OK) {
        struct tg_face *old = w->face;

        w->face = face;
        face = old;
    } else {
        TG_LOG(w->shared->log, TG_LOG_ERROR, "settings.reload_failed", { "error", (int64_t)err });
    }
    tg_face_free(&face);
    return err;
}

static void on_order(uv_async_t *async)
{
    struct tg_worker *w = of_loop((uv_handle_t *)async);
    unsigned orders = atomic_exchange(&w->orders, 0);

    tg_clock_tick(&w->env);
    if ((orders & TG_ORDER_NEW_CERTIFICATE) != 0) {
        use_new_certificate(w);
    }
    if ((orders & TG_ORDER_NEW_FACE) != 0) {
        (void)use_new_face(w);
    }
    if ((orders & TG_ORDER_DRAIN) != 0) {
        drain(w);
    }
}

void tg_worker_order(struct tg_worker *w, enum tg_worker_order order)
{
    (void)atomic_fetch_or(&w->orders, (unsigned)order);
    (void)uv_async_send(&w->order_wake);
}

void tg_worker_order_all(struct tg_shared *shared, enum tg_worker_order order)
{
    for (size_t i = 0; i < shared->worker_count; i++) {
        tg_worker_order(&shared->workers[i], order);
    }
}

/* ---- connections ---- */

static void open_connection(struct tg_worker *w, int fd, struct tg_tls_context *tls,
                            const struct tg_service *service)
{
    enum tg_err err = tg_conn_open(&w->conns, fd, tls, service);

    if (err != TG_OK && err != TG_E_DENIED && err != TG_E_FULL) {
        tg_metrics_count(w->env.metrics, TG_COUNTER_ACCEPT_FAILED);
    }
}

static void on_accepted(void *ctx, int fd, enum tg_accepted how)
{
    struct tg_worker *w = ctx;

    (void)tg_conns_relieve(&w->conns); /* many may come in one look at the listener */
    w->conns.must_make_room = how == TG_ACCEPTED_LAST;
    open_connection(w, fd, w->tls, &w->service);
    w->conns.must_make_room = false;
}

/* Room for a newcomer that nobody knows yet. */
static void on_starved(void *ctx)
{
    static const struct tg_network unknown = { .family = TG_NETWORK_OTHER };
    struct tg_worker *w = ctx;
    struct tg_payer payer;

    tg_ledger_find(w->env.ledger, &payer, &unknown, w->env.now_mono_ms);
    (void)tg_holders_make_room(tg_ledger_holders(w->env.ledger, TG_PLACE_CONNECTION), &payer);
}

/* An operator can connect even when the relay is full. */
static void on_admin_accepted(void *ctx, int fd, enum tg_accepted how)
{
    static const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };
    struct tg_worker *w = ctx;

    if (w->conns.free_count >= ADMIN_CONNECTIONS ||
        (how == TG_ACCEPTED_LAST &&
         !tg_holders_make_room(tg_ledger_holders(w->env.ledger, TG_PLACE_CONNECTION), &exempt))) {
        tg_metrics_count(w->env.metrics, TG_COUNTER_REFUSED_CONNECTIONS);
        (void)close(fd);
        return;
    }
    open_connection(w, fd, NULL, &w->admin.service);
}

/* ---- starting and stopping ---- */

static enum tg_err start_handles(struct tg_worker *w)
{
    enum tg_err err = TG_E_IO;

    TG_REQUIRE(uv_async_init(&w->loop, &w->inbox_wake, on_inbox_wake) == 0, TG_E_IO);
    TG_REQUIRE(uv_async_init(&w->loop, &w->order_wake, on_order) == 0, TG_E_IO);
    TG_REQUIRE(uv_idle_init(&w->loop, &w->behind) == 0, TG_E_IO);
    TG_REQUIRE(uv_prepare_init(&w->loop, &w->prepare) == 0, TG_E_IO);
    TG_REQUIRE(uv_prepare_start(&w->prepare, on_prepare) == 0, TG_E_IO);
    TG_REQUIRE(uv_check_init(&w->loop, &w->check) == 0, TG_E_IO);
    TG_REQUIRE(uv_check_start(&w->check, on_check) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_init(&w->loop, &w->tick) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_start(&w->tick, on_tick, TG_WHEEL_TICK_MS, TG_WHEEL_TICK_MS) == 0, TG_E_IO);
    err = TG_OK;
out:
    return err;
}

static enum tg_err start_listening(struct tg_worker *w, int listen_fd, int admin_fd)
{
    enum tg_err err = TG_E_BUG;

    w->listener = (struct tg_listener){ .metrics = w->env.metrics,
                                        .log = w->shared->log,
                                        .accepted = on_accepted,
                                        .starved = on_starved,
                                        .ctx = w };
    w->admin_listener = w->listener;
    w->admin_listener.accepted = on_admin_accepted;
    TG_TRY(tg_listener_start(&w->listener, &w->loop, listen_fd));
    if (admin_fd >= 0) {
        TG_TRY(tg_listener_start(&w->admin_listener, &w->loop, admin_fd));
    }
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_worker_init(struct tg_worker *w, struct tg_shared *shared, size_t index,
                           int listen_fd, int admin_fd)
{
    enum tg_err err = TG_E_BUG;
    uint64_t now_mono_ms = 0;
    struct tg_moment now;

    w->shared = shared;
    w->index = index;
    w->hooks = (struct tg_relay_hooks){ .changed = on_changed,
                                        .push_queued = on_push_queued,
                                        .token_left = on_token_left,
                                        .offload = on_offload,
                                        .ask = on_ask,
                                        .judged = on_judged,
                                        .pay = on_pay,
                                        .ctx = w };
    w->offload = (struct tg_offload){ .loop = &w->loop,
                                      .env = &w->env,
                                      .pending_total = &shared->offload_total };
    tg_verifier_init(&w->verifier, &w->loop, &w->env, shared->config);
    TG_REQUIRE(uv_loop_init(&w->loop) == 0, TG_E_IO);
    w->loop.data = w;
    tg_clock_hand_init(&w->hand, shared->clock);
    now = tg_clock_read(&w->hand, &now_mono_ms);
    tg_env_init(&w->env, &shared->settings, shared->log, tg_metrics_block(shared->metrics, index),
                shared->ledger, now, now_mono_ms);
    w->env.hand = &w->hand;
    w->env.memory = &shared->memory;
    w->env.worker = index;
    TG_TRY(tg_conns_init(&w->conns, &w->env, &w->loop));
    TG_TRY(tg_inbox_init(&w->inbox));
    TG_TRY(start_handles(w));
    TG_TRY(tg_relay_new(&w->relay, &shared->relay_config, shared->keyring, NULL, NULL, shared->rng,
                        &w->hooks));
    TG_TRY(use_new_face(w));
    w->service = tg_service_relay(w->relay);
    tg_admin_init(&w->admin, shared, NULL);
    if (admin_fd >= 0) {
        TG_TRY(tg_history_new(&w->admin.history, shared->metrics, now_mono_ms));
    }
    if (atomic_load(&shared->is_open)) {
        TG_TRY(tg_worker_store_serve(w));
    }
    use_new_certificate(w);
    tg_shared_beat(shared, index, now_mono_ms);
    TG_TRY(start_listening(w, listen_fd, admin_fd));
    err = TG_OK;
out:
    return err;
}

void tg_worker_run(struct tg_worker *w)
{
    (void)tg_tls_warm(w->tls);
    tg_clock_tick(&w->env);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
}

void tg_worker_deinit(struct tg_worker *w)
{
    if (w->has_failed) {
        return; /* the store still uses memory of this worker: it is freed by exit only */
    }
    tg_relay_free(&w->relay);
    tg_face_free(&w->face);
    tg_history_free(&w->admin.history);
    tg_loop_port_detach(&w->store);
    tg_tls_context_free(&w->tls);
    tg_conns_deinit(&w->conns);
    tg_inbox_deinit(&w->inbox);
    tg_env_deinit(&w->env);
    (void)uv_loop_close(&w->loop);
}
