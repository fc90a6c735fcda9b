/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/link.h"

#include "base/mem.h"
#include "server/net/clock.h"
#include "server/pushlink/spawn.h"
#include "server/pushlink/window.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define READY_MS 10000u /* from exec to TG_PUSH_IPC_READY */
#define TICK_MS 1000u   /* the outbox is looked at as often without any note */
#define DRAIN_TICK_MS 50u
#define READ_BATCH 64u /* messages of one turn */
#define BACKOFF_MIN_MS 100u
#define BACKOFF_MAX_MS 30000u
#define STEADY_MS 30000u /* a process that lived this long did not fail at its start */
#define END_MS 2000u     /* from closing the pair to SIGKILL */
#define REAP_MS 20u
#define ENDING_MAX 16u
#define STORE_GRACE_MS 5000u

enum order { ORDER_NOTE = 1, ORDER_RELOAD = 2, ORDER_DRAIN = 4, ORDER_FINISH = 8 };

/* A push process that takes jobs, or will, or did. */
struct peer {
    struct tg_push_link *link;
    struct tg_push_child child;
    uv_poll_t poll;
    bool is_ready;
    uint64_t since_mono_ms; /* started; for one that retires: since then */
};

/* A push process whose pair is closed, until it has been waited for. */
struct ending {
    pid_t pid;
    uint64_t kill_mono_ms;
};

struct tg_push_link {
    struct tg_push_link_setup setup;
    struct tg_push_window window;
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t store_wake;
    uv_async_t order_wake;
    atomic_uint orders;
    atomic_bool is_up;
    uv_timer_t tick;
    uv_timer_t respawn;
    uv_timer_t reap;
    uv_prepare_t prepare;

    struct peer *current; /* NULL: none is up */
    struct peer *next;    /* not ready yet */
    struct peer *old;     /* takes no more jobs */
    bool is_reload;       /* what next is for; else it replaces one that ended */
    uint64_t backoff_ms;
    struct ending endings[ENDING_MAX];
    size_t ending_count;

    uint64_t drain_until_mono_ms; /* 0: not draining */
    bool is_finishing;            /* the workers are gone */
    bool is_ending;               /* no more jobs, no more processes */
    uint64_t ending_since_mono_ms;
    bool is_closing;
    bool has_failed;
    uint8_t inbox[TG_PUSH_IPC_MAX + 1u];
};

static void work(struct tg_push_link *l);
static void lose(struct peer *p, const char *event);
static void on_respawn(uv_timer_t *timer);
static void on_reap(uv_timer_t *timer);

static uint64_t now_ms(void)
{
    uint64_t mono_ms = 0;
    int64_t s = 0;

    tg_clock_read(&s, &mono_ms);
    return mono_ms;
}

static int64_t now_utc_s(void)
{
    uint64_t mono_ms = 0;
    int64_t s = 0;

    tg_clock_read(&s, &mono_ms);
    return s;
}

static void set_up(struct tg_push_link *l, bool is_up)
{
    l->window.is_open = is_up;
    atomic_store(&l->is_up, is_up);
}

/* --- messages ----------------------------------------------------------------------------------
 */

static void on_peer(uv_poll_t *poll, int status, int events);

static void watch(struct peer *p, bool wants_room)
{
    (void)uv_poll_start(&p->poll, UV_READABLE | (wants_room ? UV_WRITABLE : 0), on_peer);
}

/* False: the socket takes no more for now, or the peer is gone. */
static bool send_one(struct peer *p, const struct tg_push_slot *slot)
{
    struct tg_bytes data = tg_buf_view(&slot->message);
    bool is_full = false;
    ssize_t done = 0;

    do {
        done = send(p->child.fd, data.ptr, data.len, MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    if (done >= 0) {
        tg_push_window_sent(&p->link->window, p, now_ms());
        return true;
    }
    is_full = errno == EAGAIN || errno == EWOULDBLOCK;
    if (is_full || errno == ENOBUFS || errno == ENOMEM) {
        watch(p, is_full); /* without memory the tick tries again */
    } else {
        lose(p, "push.process_ended");
    }
    return false;
}

static void send_waiting(struct tg_push_link *l)
{
    struct tg_push_slot *slot = NULL;

    while (l->current != NULL && (slot = tg_push_window_next(&l->window)) != NULL) {
        if (!send_one(l->current, slot)) {
            return;
        }
    }
    if (l->current != NULL) {
        watch(l->current, false);
    }
}

static void end_peer(struct peer **peer);

static void take_over(struct peer *p)
{
    struct tg_push_link *l = p->link;

    p->is_ready = true;
    l->next = NULL;
    if (l->current != NULL) {
        if (l->old != NULL) {
            end_peer(&l->old);
        }
        l->old = l->current;
        l->old->since_mono_ms = now_ms();
    }
    l->current = p;
    p->since_mono_ms = now_ms();
    set_up(l, true);
    tg_metrics_count(l->setup.metrics, TG_COUNTER_PUSH_RESTARTS);
    TG_LOG(l->setup.log, TG_LOG_INFO, l->is_reload ? "push.reloaded" : "push.process_started",
           { "pid", (int64_t)p->child.pid });
    l->is_reload = false;
    l->window.wants_lease = true;
}

static bool take_message(struct peer *p, struct tg_bytes data)
{
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_JOB };

    if (tg_push_ipc_decode(&msg, data) != TG_OK) {
        return false;
    }
    switch (msg.kind) {
    case TG_PUSH_IPC_OUTCOME:
        return tg_push_window_settle(&p->link->window, p, &msg.of.outcome);
    case TG_PUSH_IPC_READY:
        if (!p->is_ready) {
            take_over(p);
            return true;
        }
        return false;
    case TG_PUSH_IPC_JOB:
        break;
    }
    return false;
}

static void on_peer(uv_poll_t *poll, int status, int events)
{
    struct peer *p = poll->data;
    struct tg_push_link *l = p->link;
    ssize_t got = 1;

    (void)status;
    (void)events; /* room is used by work(), an error shows in recv */
    for (size_t i = 0; i < READ_BATCH && got > 0; i++) {
        got = recv(p->child.fd, l->inbox, sizeof l->inbox, MSG_DONTWAIT);
        if (got > 0 && !take_message(p, tg_bytes(l->inbox, (size_t)got))) {
            lose(p, "push.process_broken");
            got = -1;
            break;
        }
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            lose(p, "push.process_ended");
            break;
        }
    }
    work(l);
}

/* --- processes ---------------------------------------------------------------------------------
 */

static void on_peer_closed(uv_handle_t *handle)
{
    tg_mem_free(handle->data);
}

/* Closes the pair, which ends the process; what it held is due again. */
static void end_peer(struct peer **peer)
{
    struct peer *p = *peer;
    struct tg_push_link *l = p->link;

    *peer = NULL;
    tg_push_window_release(&l->window, p, now_utc_s());
    uv_close((uv_handle_t *)&p->poll, on_peer_closed);
    (void)close(p->child.fd);
    if (l->ending_count == ENDING_MAX) {
        (void)kill(p->child.pid, SIGKILL);
        (void)waitpid(p->child.pid, NULL, 0);
    } else {
        l->endings[l->ending_count++] =
            (struct ending){ .pid = p->child.pid, .kill_mono_ms = now_ms() + END_MS };
        (void)uv_timer_start(&l->reap, on_reap, REAP_MS, REAP_MS);
    }
}

static void on_reap(uv_timer_t *timer)
{
    struct tg_push_link *l = timer->loop->data;
    size_t kept = 0;

    for (size_t i = 0; i < l->ending_count; i++) {
        struct ending *e = &l->endings[i];

        if (now_ms() >= e->kill_mono_ms) {
            (void)kill(e->pid, SIGKILL);
        }
        if (waitpid(e->pid, NULL, WNOHANG) == 0) {
            l->endings[kept++] = *e;
        }
    }
    l->ending_count = kept;
    if (kept == 0) {
        (void)uv_timer_stop(timer);
    }
    work(l);
}

static struct peer *adopt(struct tg_push_link *l, const struct tg_push_child *child)
{
    struct peer *p = tg_mem_calloc(1, sizeof *p);

    if (p == NULL || uv_poll_init(&l->loop, &p->poll, child->fd) != 0) {
        tg_mem_free(p);
        (void)close(child->fd);
        (void)kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
        return NULL;
    }
    p->link = l;
    p->child = *child;
    p->poll.data = p;
    p->since_mono_ms = now_ms();
    watch(p, false);
    return p;
}

static void back_off(struct tg_push_link *l)
{
    (void)uv_timer_start(&l->respawn, on_respawn, l->backoff_ms, 0);
    l->backoff_ms = l->backoff_ms * 2 < BACKOFF_MAX_MS ? l->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void start_next(struct tg_push_link *l)
{
    struct tg_push_child child = { .fd = -1 };

    if (tg_push_child_spawn(&child, l->setup.config, NULL) == TG_OK) {
        l->next = adopt(l, &child);
    }
    if (l->next == NULL && l->current == NULL) {
        back_off(l);
    }
}

static void on_respawn(uv_timer_t *timer)
{
    struct tg_push_link *l = timer->loop->data;

    if (l->current == NULL && l->next == NULL && !l->is_ending) {
        l->is_reload = false;
        start_next(l);
    }
}

/* The one place where a process ends that was not told to. */
static void lose(struct peer *p, const char *event)
{
    struct tg_push_link *l = p->link;
    bool is_current = p == l->current;
    bool is_next = p == l->next;

    if (is_next && l->is_reload && l->current != NULL) {
        TG_LOG(l->setup.log, TG_LOG_ERROR, "push.reload_failed", { "pid", (int64_t)p->child.pid });
    } else {
        if (is_current && now_ms() - p->since_mono_ms >= STEADY_MS) {
            l->backoff_ms = BACKOFF_MIN_MS;
        }
        TG_LOG(l->setup.log, TG_LOG_ERROR, event, { "pid", (int64_t)p->child.pid },
               { "jobs", (int64_t)tg_push_window_held(&l->window, p) },
               { "again_ms", (int64_t)l->backoff_ms });
    }
    if (is_current) {
        set_up(l, false);
        tg_push_window_release(&l->window, NULL, now_utc_s());
    }
    end_peer(is_current ? &l->current : is_next ? &l->next : &l->old);
    if (l->current == NULL && l->next == NULL && !l->is_ending) {
        back_off(l);
    }
}

static void reload(struct tg_push_link *l)
{
    if (l->is_ending || l->drain_until_mono_ms != 0) {
        return;
    }
    if (l->next != NULL) {
        end_peer(&l->next); /* it may have read the keys of before */
    }
    l->is_reload = true;
    start_next(l);
    if (l->next == NULL) {
        TG_LOG(l->setup.log, TG_LOG_ERROR, "push.reload_failed", { "pid", 0 });
    }
}

/* --- time --------------------------------------------------------------------------------------
 */

static void kill_peer(struct peer *p, const char *event)
{
    (void)kill(p->child.pid, SIGKILL);
    lose(p, event);
}

static void check_peers(struct tg_push_link *l, uint64_t mono_ms)
{
    uint64_t retire_ms = 2u * 1000u * l->window.settings.request_timeout_s;

    if (l->next != NULL && mono_ms - l->next->since_mono_ms > READY_MS) {
        kill_peer(l->next, "push.process_not_ready");
    }
    if (l->current != NULL && tg_push_window_is_stuck(&l->window, l->current, mono_ms)) {
        kill_peer(l->current, "push.process_stuck");
    }
    if (l->old != NULL && (tg_push_window_held(&l->window, l->old) == 0 ||
                           mono_ms - l->old->since_mono_ms > retire_ms)) {
        end_peer(&l->old);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct tg_push_link *l = timer->loop->data;

    check_peers(l, now_ms());
    tg_push_window_tick(&l->window);
    work(l);
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void end_all(struct tg_push_link *l)
{
    l->is_ending = true;
    l->ending_since_mono_ms = now_ms();
    set_up(l, false);
    (void)uv_timer_stop(&l->respawn);
    tg_push_window_release(&l->window, NULL, now_utc_s());
    if (l->next != NULL) {
        end_peer(&l->next);
    }
    if (l->old != NULL) {
        end_peer(&l->old);
    }
    if (l->current != NULL) {
        end_peer(&l->current);
    }
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void check_end(struct tg_push_link *l)
{
    uint64_t mono_ms = now_ms();
    bool is_idle = tg_push_window_is_idle(&l->window);
    bool is_time_over = l->drain_until_mono_ms != 0 && mono_ms >= l->drain_until_mono_ms;

    if (!l->is_ending && (is_time_over || (l->is_finishing && is_idle && !l->window.wants_lease) ||
                          (l->is_finishing && l->current == NULL))) {
        end_all(l);
        is_idle = tg_push_window_is_idle(&l->window);
    }
    if (!l->is_ending || !l->is_finishing || l->is_closing) {
        return;
    }
    l->has_failed = !is_idle && mono_ms > l->ending_since_mono_ms + STORE_GRACE_MS;
    if (l->ending_count == 0 && (is_idle || l->has_failed)) {
        l->is_closing = true;
        uv_walk(&l->loop, close_handle, NULL);
    }
}

static void drain(struct tg_push_link *l)
{
    if (l->drain_until_mono_ms == 0) {
        l->drain_until_mono_ms = now_ms() + (uint64_t)l->setup.config->drain_timeout_s * 1000u / 2u;
        (void)uv_timer_start(&l->tick, on_tick, DRAIN_TICK_MS, DRAIN_TICK_MS);
    }
}

/* --- the turn of the loop ----------------------------------------------------------------------
 */

static void work(struct tg_push_link *l)
{
    if (l->is_closing) {
        return;
    }
    send_waiting(l);
    tg_push_window_lease(&l->window, now_utc_s());
    check_end(l);
}

static void on_order(uv_async_t *async)
{
    struct tg_push_link *l = async->loop->data;
    unsigned orders = atomic_exchange(&l->orders, 0);

    if ((orders & (unsigned)ORDER_RELOAD) != 0) {
        reload(l);
    }
    if ((orders & (unsigned)ORDER_DRAIN) != 0) {
        drain(l);
    }
    if ((orders & (unsigned)ORDER_FINISH) != 0) {
        drain(l);
        l->is_finishing = true;
        l->window.is_last = true;
    }
    l->window.wants_lease = true;
    work(l);
}

static void on_store_notify(void *ctx)
{
    struct tg_push_link *l = ctx;

    (void)uv_async_send(&l->store_wake);
}

static void on_store_wake(uv_async_t *async)
{
    struct tg_push_link *l = async->loop->data;

    l->setup.store->ops->dispatch(l->window.port);
    work(l);
}

static void on_prepare(uv_prepare_t *handle)
{
    (void)handle;
    tg_mem_wipe_registers(); /* the loop sleeps now */
}

static void *run(void *ctx)
{
    struct tg_push_link *l = ctx;

    (void)uv_run(&l->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* --- life --------------------------------------------------------------------------------------
 */

static enum tg_err start_handles(struct tg_push_link *l)
{
    enum tg_err err = TG_E_IO;

    TG_REQUIRE(uv_async_init(&l->loop, &l->store_wake, on_store_wake) == 0, TG_E_IO);
    TG_REQUIRE(uv_async_init(&l->loop, &l->order_wake, on_order) == 0, TG_E_IO);
    TG_REQUIRE(uv_prepare_init(&l->loop, &l->prepare) == 0, TG_E_IO);
    TG_REQUIRE(uv_prepare_start(&l->prepare, on_prepare) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_init(&l->loop, &l->respawn) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_init(&l->loop, &l->reap) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_init(&l->loop, &l->tick) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_start(&l->tick, on_tick, TICK_MS, TICK_MS) == 0, TG_E_IO);
    err = TG_OK;
out:
    return err;
}

/* TG_OK: it said that it is ready. */
static enum tg_err await_ready(const struct tg_push_child *child, struct tg_fault *fault)
{
    uint64_t until_ms = now_ms() + READY_MS;
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_JOB };
    uint8_t data[16];
    ssize_t got = -1;
    int ready = 0;

    do {
        struct pollfd at = { .fd = child->fd, .events = POLLIN };
        uint64_t at_ms = now_ms();

        ready = poll(&at, 1, at_ms < until_ms ? (int)(until_ms - at_ms) : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready > 0) {
        got = recv(child->fd, data, sizeof data, MSG_DONTWAIT);
    }
    if (got > 0 && tg_push_ipc_decode(&msg, tg_bytes(data, (size_t)got)) == TG_OK &&
        msg.kind == TG_PUSH_IPC_READY) {
        return TG_OK;
    }
    tg_fault_set(fault, ready == 0 ? "the push process was not ready after 10 seconds"
                                   : "the push process has ended; its reason stands above");
    return TG_E_IO;
}

static enum tg_err start_first(struct tg_push_link *l, struct tg_fault *fault)
{
    struct tg_push_child child = { .fd = -1 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_push_child_spawn(&child, l->setup.config, fault));
    err = await_ready(&child, fault);
    if (err != TG_OK) {
        (void)kill(child.pid, SIGKILL);
        (void)waitpid(child.pid, NULL, 0);
        (void)close(child.fd);
        goto out;
    }
    l->current = adopt(l, &child);
    TG_REQUIRE(l->current != NULL, TG_E_NOMEM);
    l->current->is_ready = true;
    set_up(l, true);
    TG_LOG(l->setup.log, TG_LOG_INFO, "push.process_started", { "pid", (int64_t)child.pid });
    err = TG_OK;
out:
    return err;
}

/* A start that failed after the process was there. */
static void abandon(struct tg_push_link *l)
{
    if (l->current != NULL) {
        (void)kill(l->current->child.pid, SIGKILL);
        (void)waitpid(l->current->child.pid, NULL, 0);
        uv_close((uv_handle_t *)&l->current->poll, on_peer_closed);
        (void)close(l->current->child.fd);
    }
    l->is_closing = true;
    uv_walk(&l->loop, close_handle, NULL);
    (void)uv_run(&l->loop, UV_RUN_DEFAULT);
}

/* Nothing runs any more: gives everything back. */
static void discard(struct tg_push_link *l)
{
    l->setup.store->ops->detach(&l->window.port);
    (void)uv_loop_close(&l->loop);
    tg_push_window_deinit(&l->window);
    tg_mem_free(l);
}

static void order(struct tg_push_link *link, enum order what)
{
    if (link != NULL) {
        (void)atomic_fetch_or(&link->orders, (unsigned)what);
        (void)uv_async_send(&link->order_wake);
    }
}

enum tg_err tg_push_link_start(struct tg_push_link **out, const struct tg_push_link_setup *setup,
                               struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_push_settings settings;
    struct tg_push_link *l = NULL;

    *out = NULL;
    tg_config_push(&settings, setup->config);
    if (!tg_push_is_any_on(&settings)) {
        return TG_OK;
    }
    l = tg_mem_calloc(1, sizeof *l);
    if (l == NULL || uv_loop_init(&l->loop) != 0) {
        tg_mem_free(l);
        return TG_E_NOMEM;
    }
    l->setup = *setup;
    tg_push_window_init(&l->window, setup, &settings);
    l->backoff_ms = BACKOFF_MIN_MS;
    l->loop.data = l;
    TG_TRY(start_handles(l));
    TG_TRY(setup->store->ops->attach(setup->store, on_store_notify, l, &l->window.port));
    TG_TRY(start_first(l, fault));
    order(l, ORDER_NOTE); /* what the last run left in the outbox waits for no tick */
    TG_REQUIRE(pthread_create(&l->thread, NULL, run, l) == 0, TG_E_NOMEM);
    *out = l;
    l = NULL;
    err = TG_OK;
out:
    if (l != NULL) {
        abandon(l);
        discard(l);
    }
    return err;
}

void tg_push_link_note(struct tg_push_link *link)
{
    order(link, ORDER_NOTE);
}

void tg_push_link_reload(struct tg_push_link *link)
{
    order(link, ORDER_RELOAD);
}

void tg_push_link_drain(struct tg_push_link *link)
{
    order(link, ORDER_DRAIN);
}

bool tg_push_link_is_up(const struct tg_push_link *link)
{
    return link != NULL && atomic_load(&link->is_up);
}

bool tg_push_link_stop(struct tg_push_link **link)
{
    struct tg_push_link *l = *link;

    if (l == NULL) {
        return true;
    }
    order(l, ORDER_FINISH);
    (void)pthread_join(l->thread, NULL);
    if (l->has_failed) {
        return false;
    }
    discard(l);
    *link = NULL;
    return true;
}
