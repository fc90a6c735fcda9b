/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigressd: reads the settings, opens keys, store and sockets, runs the workers, and drains them at
 * the end.
 */
#include "base/mem.h"
#include "crypto/own.h"
#include "server/keys/devcert.h"
#include "server/ops/log_sink.h"
#include "server/ops/notify.h"
#include "server/pushlink/child.h"
#include "server/pushlink/open.h"
#include "server/time/start.h"
#include "server/storage/storage.h"
#include "server/worker.h"
#include "wire/json.h"

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

struct daemon {
    struct tg_config *config;
    struct tg_log_sink sink;
    struct tg_log log;
    struct tg_storage storage;
    struct tg_tls_tickets *tickets;
    struct tg_clock clock;
    struct tg_shared shared;
    struct tg_push_settings push;
    struct tg_push_opener push_opener;
    pthread_t *threads; /* of workers 1 and up */
    size_t thread_count;
    int listen_fds[TG_WORKERS_MAX];
    int admin_fd;
    uint16_t admin_port;
    uv_signal_t on_term;
    uv_signal_t on_int;
    uv_signal_t on_hup;
    uv_timer_t watchdog;
};

static int64_t utc_now_s(void)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec;
}

/* advice: lines that say what to do, or NULL. */
static int report_failure(const char *what, const struct tg_fault *fault, const char *advice)
{
    (void)fprintf(stderr, "tigressd: %s%s%s\n%s", what, fault->text[0] != '\0' ? ": " : "",
                  fault->text, advice != NULL ? advice : "");
    return EXIT_FAILURE;
}

/* ---- settings ---- */

static enum tg_config_action load_config(struct daemon *d, int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const struct tg_config_env env = { .home = getenv("HOME"),
                                       .xdg_state_home = getenv("XDG_STATE_HOME"),
                                       .core_count = cores > 0 ? (uint32_t)cores : 1 };
    enum tg_config_action action = TG_CONFIG_BAD;
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    action = tg_config_load(&d->config, argc, argv, &env, &text);
    (void)fputs(tg_buf_cstr(&text), action == TG_CONFIG_BAD ? stderr : stdout);
    tg_buf_deinit(&text);
    return action;
}

/* A development certificate is made at the start. */
static enum tg_err check_tls(const struct tg_config *config, struct tg_fault *fault)
{
    struct tg_tls_tickets *tickets = NULL;
    struct tg_tls_context *tls = NULL;
    enum tg_err err = TG_OK;

    if (config->is_plain_http || config->is_dev_cert) {
        return TG_OK;
    }
    TG_TRY(tg_tls_tickets_new(&tickets, &tg_rng_system));
    TG_TRY(tg_tls_context_new(&tls, config->tls_cert, config->tls_key, tickets, fault));
out:
    tg_tls_context_free(&tls);
    tg_tls_tickets_free(&tickets);
    return err;
}

/* The files that the settings name are checked too: certificate, keys, roots, lists of issuers.
   The check of the push keys follows the one of the certificate, because it changes the user. */
static int check_config(struct daemon *d)
{
    struct tg_fault fault = { { 0 } };
    struct tg_standing_policy *standing = NULL;
    const char *advice = NULL;
    int status = EXIT_USAGE;

    if (tg_time_check(&fault) == TG_OK && check_tls(d->config, &fault) == TG_OK &&
        tg_push_child_check(d->config, &fault) == TG_OK &&
        tg_standing_policy_open(&standing, d->config, &fault) == TG_OK &&
        tg_storage_check(d->config, &fault, &advice) == TG_OK) {
        (void)puts("tigressd: the configuration is valid");
        status = EXIT_SUCCESS;
    } else {
        (void)report_failure(fault.text, &(struct tg_fault){ { 0 } }, advice);
    }
    tg_standing_policy_close(&standing);
    tg_config_free(&d->config);
    return status;
}

/* --upgrade-store, --restored: work on the store, then the process ends. */
static int maintain_store(struct daemon *d, enum tg_config_action action)
{
    struct tg_fault fault = { { 0 } };
    enum tg_err err =
        action == TG_CONFIG_UPGRADE
            ? tg_storage_upgrade(&d->storage, d->config, &d->log, STDIN_FILENO, &fault)
            : tg_storage_restore(&d->storage, d->config, &d->log, &fault);
    int status = EXIT_SUCCESS;

    if (err == TG_OK) {
        (void)puts(action == TG_CONFIG_UPGRADE
                       ? "tigressd: the store has the check of its keys: start the relay"
                       : "tigressd: the store is ready as restored: start the relay");
    } else {
        status = report_failure("cannot change the store", &fault, d->storage.advice);
    }
    tg_storage_close(&d->storage);
    tg_config_free(&d->config);
    return status;
}

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

static enum tg_err open_storage(struct daemon *d, struct tg_fault *fault)
{
    enum tg_err err = tg_storage_open(&d->storage, d->config, &d->log, fault);

    d->shared.store = d->storage.store;
    return err;
}

/* The store knows at which time the relay has decided last. */
static enum tg_err start_clock(struct daemon *d, struct tg_fault *fault)
{
    enum tg_time_accept accept =
        d->config->must_accept_clock ? TG_TIME_ACCEPT_CLOCK : TG_TIME_AS_KEPT;
    enum tg_err err = TG_E_BUG;
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    TG_TRY(tg_clock_init(&d->clock, &d->log));
    TG_TRY(tg_time_begin(&d->clock, d->shared.store, accept, &text, fault, &d->storage.advice));
    (void)fputs(tg_buf_cstr(&text), stderr);
    d->shared.clock = &d->clock;
    atomic_init(&d->shared.swept_until_s, tg_clock_keep(&d->clock).mark_s);
out:
    tg_buf_deinit(&text);
    return err;
}

static enum tg_err open_tls(struct daemon *d, struct tg_fault *fault)
{
    enum tg_err err = TG_OK;

    if (d->config->is_plain_http) {
        return TG_OK;
    }
    if (d->config->is_dev_cert) {
        TG_TRY(tg_devcert_ensure(d->config->data_dir, d->config->listen.host, utc_now_s(), NULL,
                                 fault));
    }
    TG_TRY(tg_tls_tickets_new(&d->tickets, &tg_rng_system));
    TG_TRY(tg_tls_context_new(&d->shared.tls, d->config->tls_cert, d->config->tls_key, d->tickets,
                              fault));
out:
    return err;
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

static bool can_push(const void *ctx, struct tg_bytes token_type, struct tg_bytes token_data)
{
    return tg_push_can_send(ctx, token_type, token_data);
}

/* After the development certificate is made: the push process trusts it. */
static enum tg_err start_push(struct daemon *d, struct tg_fault *fault)
{
    struct tg_shared *shared = &d->shared;
    struct tg_push_link_setup setup = { .config = d->config,
                                        .store = shared->store,
                                        .clock = shared->clock,
                                        .open = tg_push_open,
                                        .open_ctx = &d->push_opener,
                                        .log = &d->log };
    enum tg_err err = TG_E_BUG;

    tg_config_push_settings(&d->push, d->config);
    if (!tg_push_is_any_on(&d->push)) {
        return TG_OK;
    }
    shared->relay_config.can_push = can_push;
    shared->relay_config.can_push_ctx = &d->push;
    setup.metrics = tg_metrics_block(shared->metrics, shared->worker_count);
    TG_TRY(tg_push_opener_init(&d->push_opener, &d->storage.keyring, shared->rng));
    TG_TRY(tg_push_link_start(&shared->push, &setup, fault));
out:
    return err;
}

static enum tg_err prepare_shared(struct daemon *d, struct tg_fault *fault)
{
    struct tg_shared *shared = &d->shared;
    struct tg_ledger_settings ledger;
    enum tg_err err = TG_E_BUG;

    shared->config = d->config;
    shared->keyring = &d->storage.keyring;
    shared->log = &d->log;
    shared->rng = &tg_rng_system;
    shared->start_s = utc_now_s();
    shared->worker_count = d->config->worker_count;
    TG_REQUIRE(pthread_mutex_init(&shared->tls_lock, NULL) == 0, TG_E_NOMEM);
    TG_TRY(tg_config_make_data_dir(d->config, fault));
    TG_TRY(open_storage(d, fault));
    TG_TRY(start_clock(d, fault));
    TG_TRY(open_tls(d, fault));
    TG_TRY(bind_all(d, fault));
    TG_TRY(tg_standing_policy_open(&shared->standing, d->config, fault));
    tg_config_relay(&shared->relay_config, d->config);
    shared->relay_config.standing = tg_standing_policy_view(shared->standing);
    tg_worker_settings(&shared->settings, d->config);
    TG_TRY(tg_metrics_new(&shared->metrics, shared->worker_count + 1));
    TG_TRY(start_push(d, fault));
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
    for (size_t i = 0; i < shared->worker_count; i++) {
        tg_worker_order(&shared->workers[i], TG_ORDER_DRAIN);
    }
}

/* If the new certificate cannot be loaded, the current one stays in use. */
static void on_reload_signal(uv_signal_t *handle, int signal_number)
{
    struct daemon *d = handle->data;
    struct tg_shared *shared = &d->shared;
    struct tg_tls_context *fresh = NULL;
    struct tg_fault fault = { { 0 } };
    enum tg_err err = TG_OK;

    (void)signal_number;
    tg_push_link_reload(shared->push);
    if (d->config->is_plain_http) {
        return;
    }
    err = tg_tls_context_new(&fresh, d->config->tls_cert, d->config->tls_key, d->tickets, &fault);
    if (err != TG_OK) {
        TG_LOG(&d->log, TG_LOG_ERROR, "tls.reload_failed", { "error", (int64_t)err });
        return;
    }
    (void)pthread_mutex_lock(&shared->tls_lock);
    tg_tls_context_free(&shared->tls);
    shared->tls = fresh;
    (void)pthread_mutex_unlock(&shared->tls_lock);
    for (size_t i = 0; i < shared->worker_count; i++) {
        tg_worker_order(&shared->workers[i], TG_ORDER_NEW_CERTIFICATE);
    }
    TG_LOG(&d->log, TG_LOG_INFO, "tls.reloaded",
           { "not_after_s", tg_tls_context_not_after(fresh) });
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

static const char *bracket(const struct tg_endpoint *at, bool is_open)
{
    return at->addr.ss_family != AF_INET6 ? "" : is_open ? "[" : "]";
}

/* Scripts wait for this line. */
static void report_ready(const struct daemon *d)
{
    const struct tg_endpoint *at = &d->config->listen;
    const struct tg_endpoint *admin = &d->config->admin;

    (void)printf("tigressd: ready on %s://%s%s%s:%u", d->config->is_plain_http ? "http" : "https",
                 bracket(at, true), at->host, bracket(at, false), (unsigned)at->port);
    if (d->admin_fd >= 0) {
        (void)printf(" admin %s%s%s:%u", bracket(admin, true), admin->host, bracket(admin, false),
                     (unsigned)d->admin_port);
    }
    (void)printf("\n");
    (void)fflush(stdout);
    TG_LOG(&d->log, TG_LOG_INFO, "server.listening", { "port", at->port },
           { "workers", (int64_t)d->shared.worker_count });
    tg_notify("READY=1");
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
    report_ready(d);
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
    if (!has_failed && tg_time_kept_end(d->shared.store, &d->clock) != TG_OK) {
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

    tg_mem_free(shared->workers);
    tg_mem_free(d->threads);
    shared->store = NULL;
    tg_storage_close(&d->storage);
    tg_clock_deinit(&d->clock);
    tg_ledger_free(&shared->ledger);
    tg_standing_policy_close(&shared->standing);
    tg_metrics_free(&shared->metrics);
    tg_tls_context_free(&shared->tls);
    tg_tls_tickets_free(&d->tickets);
    tg_config_free(&d->config);
}

int main(int argc, char **argv)
{
    static struct daemon daemon;
    struct daemon *d = &daemon;
    struct tg_fault fault = { { 0 } };
    enum tg_config_action action = TG_CONFIG_BAD;
    int status = EXIT_FAILURE;

    if (argc == 2 && strcmp(argv[1], TG_PUSH_CHILD_FLAG) == 0) {
        return tg_push_child_main();
    }
    action = load_config(d, argc, argv);
    switch (action) {
    case TG_CONFIG_CHECK:
        return check_config(d);
    case TG_CONFIG_DONE:
        return EXIT_SUCCESS;
    case TG_CONFIG_BAD:
        return EXIT_USAGE;
    case TG_CONFIG_UPGRADE:
    case TG_CONFIG_RESTORED:
    case TG_CONFIG_RUN:
        break;
    }
    tg_mem_own_process(d->config->worker_count + OTHER_ARENAS);
    tg_json_own_process();
    if (tg_crypto_own_process() != TG_OK) {
        return report_failure("cannot start: libcrypto was used before tigressd set its allocator",
                              &fault, NULL);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    forbid_core_dumps(d->config);
    raise_descriptor_limit();
    d->sink = (struct tg_log_sink){ .fd = STDERR_FILENO, .level = d->config->log_level };
    d->log = tg_log_sink_table(&d->sink);
    if (action != TG_CONFIG_RUN) {
        return maintain_store(d, action);
    }
    if (d->config->worker_count > TG_WORKERS_MAX) {
        d->config->worker_count = TG_WORKERS_MAX;
    }
    if (prepare_shared(d, &fault) != TG_OK) {
        status = report_failure("cannot start", &fault, d->storage.advice);
        _exit(status); /* some workers may be attached to the store: exit frees everything */
    }
    status = run(d);
    cleanup(d);
    return status;
}
