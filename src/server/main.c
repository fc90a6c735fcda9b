/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigressd: reads the settings, opens keys, store and sockets, runs the workers, and drains them at
 * the end.
 */
#include "base/mem.h"
#include "crypto/own.h"
#include "server/keys/devcert.h"
#include "server/opening.h"
#include "server/ops/log_sink.h"
#include "server/ops/notify.h"
#include "server/ops/zone.h"
#include "server/preflight.h"
#include "server/push_start.h"
#include "server/pushlink/child.h"
#include "server/startup.h"
#include "server/time/start.h"
#include "server/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define TEXT_MAX (64u * 1024u)
#define OTHER_ARENAS 2u   /* for the writer, and for the threads that allocate little */
#define LISTEN_FD_FIRST 3 /* sd_listen_fds(3) */
#define OPENER_MS 20u

struct daemon {
    struct tg_config *config;
    struct tg_log_sink sink;
    struct tg_log log;
    struct tg_opening opening;
    struct tg_clock waiting_clock; /* until the store is open */
    struct tg_tls_tickets *tickets;
    int argc; /* as main got it; argv too: a reload reads the settings again */
    char *const *argv;
    struct tg_shared shared;
    struct tg_push_start push;
    pthread_t *threads; /* of workers 1 and up */
    size_t thread_count;
    int listen_fds[TG_WORKERS_MAX];
    int admin_fd;
    uint16_t admin_port;
    uv_signal_t on_term;
    uv_signal_t on_int;
    uv_signal_t on_hup;
    uv_timer_t watchdog;
    uv_timer_t opener; /* while the store is not open */
};

static int64_t utc_now_s(void)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec;
}

/* ---- settings ---- */

static void forbid_core_dumps(const struct tg_config *config)
{
    const struct rlimit none = { 0, 0 };

    if (!config->has_core_dumps) {
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
}

/* Every connection is a descriptor. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* ---- what the workers share ---- */

static enum tg_err make_data_dir(struct daemon *d, struct tg_startup_failure *failure)
{
    enum tg_err err = tg_config_make_data_dir(d->config, &failure->fault);

    failure->path = err != TG_OK ? d->config->data_dir : NULL;
    return err;
}

/* Until the store is open nothing is decided: a clock that ignores what it has kept is enough. */
static enum tg_err start_waiting_clock(struct daemon *d, struct tg_fault *fault)
{
    static const struct tg_time_kept none;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_time_check(fault));
    TG_TRY(tg_clock_init(&d->waiting_clock, &d->log));
    TG_REQUIRE(tg_clock_start(&d->waiting_clock, &none, 0) == TG_TIME_START_OK, TG_E_DENIED);
    d->shared.clock = &d->waiting_clock;
    err = TG_OK;
out:
    return err;
}

/* The certificate and its key are used at the start and on SIGHUP if they pass this alone. */
static enum tg_err load_tls(struct daemon *d, struct tg_tls_context **out,
                            struct tg_findings *findings)
{
    return tg_preflight_tls(out, d->config, d->tickets, utc_now_s(), findings);
}

static enum tg_err open_tls(struct daemon *d, struct tg_findings *findings,
                            struct tg_startup_failure *failure)
{
    enum tg_err err = TG_OK;

    if (d->config->is_plain_http) {
        return TG_OK;
    }
    if (d->config->is_dev_cert) {
        failure->path = d->config->data_dir;
        TG_TRY(tg_devcert_ensure(d->config->data_dir, d->config->listen.host, utc_now_s(), NULL,
                                 &failure->fault));
        failure->path = NULL;
    }
    TG_TRY(tg_tls_tickets_new(&d->tickets, &tg_rng_system));
    err = load_tls(d, &d->shared.tls, findings);
out:
    return err;
}

/* Errors refuse the start; warnings are printed and logged. */
static enum tg_err report_findings(struct daemon *d, const struct tg_findings *findings)
{
    tg_startup_report_findings(findings);
    tg_findings_log(findings, &d->log, "server.refused", "server.warning");
    return tg_findings_refuse(findings) ? TG_E_DENIED : TG_OK;
}

/* Before a socket is bound, and after the clock was found to be right. */
static enum tg_err open_checked(struct daemon *d, struct tg_startup_failure *failure)
{
    struct tg_findings findings = { .count = 0 };
    enum tg_err err = TG_E_BUG;

    tg_preflight_descriptors(d->config, &findings);
    tg_preflight_verifier(d->config, &findings);
    err = open_tls(d, &findings, failure);
    return report_findings(d, &findings) == TG_OK ? err : TG_E_DENIED;
}

/* All workers accept on the one socket from the service manager. */
static enum tg_err adopt_all(struct daemon *d, uint16_t *port, struct tg_fault *fault)
{
    enum tg_err err = TG_OK;

    for (size_t i = 0; i < d->config->worker_count; i++) {
        d->listen_fds[i] = i == 0 ? LISTEN_FD_FIRST : fcntl(LISTEN_FD_FIRST, F_DUPFD_CLOEXEC, 0);
        TG_REQUIRE(d->listen_fds[i] >= 0, TG_E_IO);
        TG_TRY(tg_listener_adopt(d->listen_fds[i], port, fault));
    }
out:
    return err;
}

/* All sockets are bound before a worker starts: the port is part of the URLs of mailboxes. */
static enum tg_err bind_all(struct daemon *d, struct tg_fault *fault)
{
    struct tg_config *config = d->config;
    uint16_t port = config->listen.port;
    enum tg_err err = TG_OK;

    if (tg_notify_listen_fds() > 0) {
        TG_TRY(adopt_all(d, &port, fault));
    } else {
        TG_TRY(tg_listener_check_free(&config->listen, fault));
    }
    for (size_t i = 0; i < config->worker_count && tg_notify_listen_fds() == 0; i++) {
        TG_TRY(tg_listener_bind(&d->listen_fds[i], &port, &config->listen, port, fault));
    }
    tg_config_set_port(config, port);
    d->admin_fd = -1;
    if (config->admin.addr_len > 0) {
        TG_TRY(tg_listener_check_free(&config->admin, fault));
        TG_TRY(tg_listener_bind(&d->admin_fd, &d->admin_port, &config->admin, config->admin.port,
                                fault));
    }
out:
    return err;
}

/* The store is open: what depends on it, before the workers serve. */
static enum tg_err use_store(struct daemon *d, struct tg_fault *fault)
{
    struct tg_shared *shared = &d->shared;
    enum tg_err err = TG_E_BUG;

    shared->store = d->opening.storage.store;
    shared->store_counter =
        d->config->store_counter[0] != '\0' ? &d->opening.storage.counter : NULL;
    shared->clock = &d->opening.clock;
    atomic_store(&shared->swept_until_s, tg_clock_keep(shared->clock).mark_s);
    TG_TRY(tg_push_start_link(&d->push, shared, fault));
    atomic_store(&shared->is_open, true);
out:
    return err;
}

static enum tg_err prepare_shared(struct daemon *d, struct tg_startup_failure *failure)
{
    struct tg_shared *shared = &d->shared;
    struct tg_fault *fault = &failure->fault;
    struct tg_ledger_settings ledger;
    enum tg_err err = TG_E_BUG;

    shared->config = d->config;
    shared->keyring = &d->opening.storage.keyring;
    shared->log = &d->log;
    shared->rng = &tg_rng_system;
    shared->start_s = utc_now_s();
    shared->worker_count = d->config->worker_count;
    TG_REQUIRE(pthread_mutex_init(&shared->reload_lock, NULL) == 0, TG_E_NOMEM);
    TG_TRY(make_data_dir(d, failure));
    TG_TRY(tg_opening_init(&d->opening, d->config, &d->log));
    TG_TRY(tg_opening_run(&d->opening, TG_OPENING_STORE, failure));
    TG_TRY(start_waiting_clock(d, fault));
    TG_TRY(open_checked(d, failure));
    TG_TRY(bind_all(d, fault));
    TG_TRY(tg_standing_policy_open(&shared->standing, d->config, fault));
    tg_config_relay(&shared->relay_config, d->config);
    shared->relay_config.standing = tg_standing_policy_view(shared->standing);
    tg_zone_use(d->config->page.time_zone);
    TG_TRY(tg_face_new(&shared->face, d->config));
    tg_worker_settings(&shared->settings, d->config);
    TG_TRY(tg_metrics_new(&shared->metrics, shared->worker_count + 1));
    TG_TRY(tg_push_start_prepare(&d->push, shared));
    d->opening.standing = shared->standing;
    d->opening.refusals = shared->refusals;
    TG_TRY(tg_opening_run(&d->opening, TG_OPENING_REST, failure));
    if (tg_opening_is_done(&d->opening)) {
        TG_TRY(use_store(d, fault));
    } else {
        shared->opening = &d->opening;
    }
    tg_worker_ledger(&ledger, shared);
    TG_TRY(tg_ledger_new(&shared->ledger, &ledger, shared->rng));
    shared->workers = tg_mem_calloc(shared->worker_count, sizeof(*shared->workers));
    d->threads = tg_mem_calloc(shared->worker_count, sizeof(*d->threads));
    TG_REQUIRE(shared->workers != NULL && d->threads != NULL, TG_E_NOMEM);
    for (size_t i = 0; i < shared->worker_count; i++) {
        TG_TRY(tg_worker_init(&shared->workers[i], shared, i, d->listen_fds[i],
                              i == 0 ? d->admin_fd : -1));
    }
    err = TG_OK;
out:
    return err;
}

/* ---- signals ---- */

static void on_stop_signal(uv_signal_t *handle, int signal_number)
{
    struct tg_worker *w = handle->loop->data;
    struct tg_shared *shared = w->shared;

    (void)signal_number;
    if (atomic_exchange(&shared->is_draining, true)) {
        return;
    }
    tg_notify("STOPPING=1");
    TG_LOG(shared->log, TG_LOG_INFO, "server.draining",
           { "timeout_s", (int64_t)shared->config->drain_timeout_s });
    tg_push_link_drain(shared->push);
    tg_worker_order_all(shared, TG_ORDER_DRAIN);
}

/* If there is anything wrong with the new certificate or its key, the current one stays in use, and
   the log says why. */
static void reload_tls(struct daemon *d)
{
    struct tg_tls_context *fresh = NULL;
    struct tg_findings findings = { .count = 0 };
    enum tg_err err = load_tls(d, &fresh, &findings);

    tg_findings_log(&findings, &d->log, "tls.reload_failed", "tls.warning");
    if (err != TG_OK) {
        if (!tg_findings_refuse(&findings)) {
            TG_LOG(&d->log, TG_LOG_ERROR, "tls.reload_failed", { "error", (int64_t)err });
        }
        return;
    }
    tg_shared_put_tls(&d->shared, fresh);
    tg_worker_order_all(&d->shared, TG_ORDER_NEW_CERTIFICATE);
    TG_LOG(&d->log, TG_LOG_INFO, "tls.reloaded",
           { "not_after_s", tg_tls_context_not_after(fresh) });
}

/* All settings must be valid, as for a start. Of valid ones the face alone is used. */
static void reload_face(struct daemon *d)
{
    struct tg_config *config = NULL;
    struct tg_face *fresh = NULL;
    enum tg_err err = TG_E_SYNTAX;

    if (tg_startup_load(&config, d->argc, d->argv) == TG_CONFIG_RUN) {
        err = tg_face_take(&fresh, &config);
    }
    if (err != TG_OK) {
        TG_LOG(&d->log, TG_LOG_ERROR, "settings.reload_failed", { "error", (int64_t)err });
        return;
    }
    tg_shared_put_face(&d->shared, fresh);
    tg_worker_order_all(&d->shared, TG_ORDER_NEW_FACE);
    TG_LOG(&d->log, TG_LOG_INFO, "settings.reloaded", { "changed", 1 });
}

static void on_reload_signal(uv_signal_t *handle, int signal_number)
{
    struct daemon *d = handle->data;

    (void)signal_number;
    tg_push_link_reload(d->shared.push);
    reload_face(d);
    if (!d->config->is_plain_http) {
        reload_tls(d);
    }
}

static void watch_signal(struct daemon *d, uv_signal_t *handle, uv_signal_cb callback,
                         int signal_number)
{
    handle->data = d;
    if (uv_signal_init(&d->shared.workers[0].loop, handle) == 0) {
        (void)uv_signal_start(handle, callback, signal_number);
    }
}

/* Only while every loop runs: if a worker does not respond, the service manager restarts the
   daemon. */
static void on_watchdog(uv_timer_t *timer)
{
    struct tg_worker *w = timer->loop->data;

    if (tg_shared_is_alive(w->shared, w->env.now_mono_ms)) {
        tg_notify("WATCHDOG=1");
    }
}

static void start_watchdog(struct daemon *d)
{
    uint64_t every_ms = tg_notify_watchdog_ms() / 2;

    if (every_ms > 0 && uv_timer_init(&d->shared.workers[0].loop, &d->watchdog) == 0) {
        (void)uv_timer_start(&d->watchdog, on_watchdog, every_ms, every_ms);
    }
}

/* ---- running ---- */

static void *worker_main(void *ctx)
{
    tg_worker_run(ctx);
    return NULL;
}

/* Scripts wait for this line. */
static void report_ready(const struct daemon *d)
{
    tg_startup_say(d->config, "ready", d->admin_fd >= 0 ? d->admin_port : 0);
    TG_LOG(&d->log, TG_LOG_INFO, "server.listening", { "port", d->config->listen.port },
           { "workers", (int64_t)d->shared.worker_count });
    tg_notify("READY=1");
}

/* The store is not open: health checks and refusals are answered. The start is complete for a
   service manager, because how long this lasts is not for the relay to say. */
static void report_waiting(const struct daemon *d)
{
    tg_startup_say(d->config, "not ready, waiting for the database,",
                   d->admin_fd >= 0 ? d->admin_port : 0);
    tg_notify("READY=1");
}

/* What a store that was open at the start does before the first worker runs. */
static void on_opener(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    struct tg_startup_failure failure = { .path = NULL };

    if (atomic_load(&d->shared.is_draining) || !tg_opening_is_done(&d->opening)) {
        return;
    }
    if (!atomic_load(&d->shared.is_open) && use_store(d, &failure.fault) != TG_OK) {
        tg_startup_report("cannot serve", &failure);
        _exit(EXIT_FAILURE);
    }
    if (tg_shared_is_serving(&d->shared)) {
        (void)uv_timer_stop(timer);
        report_ready(d);
    }
}

static void start_opener(struct daemon *d)
{
    d->opener.data = d;
    if (uv_timer_init(&d->shared.workers[0].loop, &d->opener) == 0) {
        (void)uv_timer_start(&d->opener, on_opener, 0, OPENER_MS);
    }
}

static int run(struct daemon *d)
{
    bool has_failed = false;
    bool has_cut_connections = false;

    tg_shared_limit_memory(&d->shared);
    /* Before the first connection is accepted, so that every signal is handled. */
    watch_signal(d, &d->on_term, on_stop_signal, SIGTERM);
    watch_signal(d, &d->on_int, on_stop_signal, SIGINT);
    watch_signal(d, &d->on_hup, on_reload_signal, SIGHUP);
    for (size_t i = 1; i < d->shared.worker_count; i++) {
        if (pthread_create(&d->threads[i], NULL, worker_main, &d->shared.workers[i]) != 0) {
            (void)fprintf(stderr, "tigressd: cannot start a worker thread\n");
            return EXIT_FAILURE;
        }
        d->thread_count = i;
    }
    start_watchdog(d);
    if (atomic_load(&d->shared.is_open)) {
        report_ready(d);
    } else {
        report_waiting(d);
        start_opener(d);
    }
    tg_worker_run(&d->shared.workers[0]);
    for (size_t i = 1; i <= d->thread_count; i++) {
        (void)pthread_join(d->threads[i], NULL);
    }
    for (size_t i = 0; i < d->shared.worker_count; i++) {
        has_failed = has_failed || d->shared.workers[i].has_failed;
        has_cut_connections = has_cut_connections || d->shared.workers[i].has_cut_connections;
        tg_worker_deinit(&d->shared.workers[i]);
    }
    has_failed = !tg_push_link_stop(&d->shared.push) || has_failed;
    if (!has_failed && d->shared.store != NULL &&
        tg_time_kept_end(d->shared.store, d->shared.clock) != TG_OK) {
        TG_LOG(&d->log, TG_LOG_WARNING, "clock.mark_not_saved", { "exit", EXIT_SUCCESS });
    }
    if (has_failed || has_cut_connections) {
        TG_LOG(&d->log, TG_LOG_ERROR, "server.drain_incomplete", { "exit", EXIT_FAILURE });
    }
    if (has_failed) {
        _exit(EXIT_FAILURE); /* the store may still use memory of the workers */
    }
    if (has_cut_connections) {
        return EXIT_FAILURE;
    }
    TG_LOG(&d->log, TG_LOG_INFO, "server.stopped", { "exit", EXIT_SUCCESS });
    return EXIT_SUCCESS;
}

static void cleanup(struct daemon *d)
{
    struct tg_shared *shared = &d->shared;

    /* The workers stay: what OpenSSL first made for a connection and keeps until the process ends
       is counted in that connection's account, which a worker holds. */
    tg_mem_free(d->threads);
    if (shared->store == NULL) {
        return; /* the thread that opens the store may use all of it */
    }
    shared->store = NULL;
    tg_storage_close(&d->opening.storage);
    tg_clock_deinit(&d->opening.clock);
    tg_ledger_free(&shared->ledger);
    tg_standing_policy_close(&shared->standing);
    tg_face_free(&shared->face);
    tg_metrics_free(&shared->metrics);
    tg_refusals_free(&shared->refusals);
    tg_tls_context_free(&shared->tls);
    tg_tls_tickets_free(&d->tickets);
    tg_config_free(&d->config);
}

int main(int argc, char **argv)
{
    static struct daemon daemon;
    struct daemon *d = &daemon;
    struct tg_startup_failure failure = { .path = NULL };
    enum tg_config_action action = TG_CONFIG_BAD;
    int status = EXIT_FAILURE;

    if (argc == 2 && strcmp(argv[1], TG_PUSH_CHILD_FLAG) == 0) {
        return tg_push_child_main();
    }
    d->argc = argc;
    d->argv = argv;
    action = tg_startup_load(&d->config, argc, argv);
    switch (action) {
    case TG_CONFIG_CHECK:
        status = tg_startup_check(d->config, utc_now_s());
        tg_config_free(&d->config);
        return status;
    case TG_CONFIG_DONE:
        return EXIT_SUCCESS;
    case TG_CONFIG_BAD:
        return EXIT_USAGE;
    case TG_CONFIG_UPGRADE:
    case TG_CONFIG_RESTORED:
    case TG_CONFIG_MIGRATE:
    case TG_CONFIG_COPY:
    case TG_CONFIG_OPEN_MAP:
    case TG_CONFIG_RUN:
        break;
    }
    tg_mem_own_process(d->config->worker_count + OTHER_ARENAS);
    if (tg_crypto_own_process() != TG_OK) {
        tg_startup_report("cannot start: libcrypto was used before tigressd set its allocator",
                          &failure);
        return EXIT_FAILURE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    forbid_core_dumps(d->config);
    raise_descriptor_limit();
    d->sink = (struct tg_log_sink){ .fd = STDERR_FILENO, .level = d->config->log_level };
    d->log = tg_log_sink_table(&d->sink);
    if (action != TG_CONFIG_RUN) {
        status = tg_startup_maintain(d->config, &d->log, action);
        tg_config_free(&d->config);
        return status;
    }
    if (prepare_shared(d, &failure) != TG_OK) {
        tg_startup_report("cannot start", &failure);
        _exit(EXIT_FAILURE); /* some workers may be attached to the store: exit frees everything */
    }
    status = run(d);
    cleanup(d);
    return status;
}
