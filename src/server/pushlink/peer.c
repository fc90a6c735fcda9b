/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/peer.h"

#include "base/mem.h"
#include "server/pushlink/now.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS 10000u /* from exec to TG_PUSH_IPC_READY */
#define BACKOFF_MIN_MS 100u
#define BACKOFF_MAX_MS 30000u
#define STEADY_MS 30000u /* a process that lived this long did not fail at its start */
#define END_MS 2000u     /* from closing the pair to SIGKILL */
#define REAP_MS 20u

static void set_up(struct tg_push_peers *ps, bool is_up)
{
    ps->setup.window->is_open = is_up;
    atomic_store(&ps->is_up, is_up);
}

static void kill_child(const struct tg_push_child *child)
{
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    (void)close(child->fd);
}

/* ---- the end of a process ---- */

static void on_reap(uv_timer_t *timer)
{
    struct tg_push_peers *ps = timer->data;
    size_t kept = 0;

    for (size_t i = 0; i < ps->ending_count; i++) {
        struct tg_push_ending *e = &ps->endings[i];

        if (tg_push_now_ms() >= e->kill_mono_ms) {
            (void)kill(e->pid, SIGKILL);
        }
        if (waitpid(e->pid, NULL, WNOHANG) == 0) {
            ps->endings[kept++] = *e;
        }
    }
    ps->ending_count = kept;
    if (kept == 0) {
        (void)uv_timer_stop(timer);
    }
    ps->setup.on_reaped(ps->setup.ctx);
}

static void on_peer_closed(uv_handle_t *handle)
{
    tg_mem_free(handle->data);
}

/* Closes the pair, which ends the process, and makes its jobs due again. */
static void end_peer(struct tg_push_peer **peer)
{
    struct tg_push_peer *p = *peer;
    struct tg_push_peers *ps = p->peers;

    *peer = NULL;
    tg_push_window_release(ps->setup.window, p, tg_push_now_s(&ps->setup.window->hand));
    uv_close((uv_handle_t *)&p->poll, on_peer_closed);
    if (ps->ending_count == TG_PUSH_ENDING_MAX) {
        kill_child(&p->child);
        return;
    }
    (void)close(p->child.fd);
    ps->endings[ps->ending_count++] =
        (struct tg_push_ending){ .pid = p->child.pid, .kill_mono_ms = tg_push_now_ms() + END_MS };
    (void)uv_timer_start(&ps->reap, on_reap, REAP_MS, REAP_MS);
}

static void end_if_any(struct tg_push_peer **peer)
{
    if (*peer != NULL) {
        end_peer(peer);
    }
}

void tg_push_peers_end(struct tg_push_peers *peers)
{
    peers->is_ending = true;
    set_up(peers, false);
    (void)uv_timer_stop(&peers->respawn);
    tg_push_window_release(peers->setup.window, NULL, tg_push_now_s(&peers->setup.window->hand));
    end_if_any(&peers->next);
    end_if_any(&peers->old);
    end_if_any(&peers->current);
}

/* ---- the start of a process ---- */

void tg_push_peer_poll(struct tg_push_peer *peer, bool wants_room)
{
    (void)uv_poll_start(&peer->poll, UV_READABLE | (wants_room ? UV_WRITABLE : 0),
                        peer->peers->setup.on_poll);
}

static struct tg_push_peer *adopt(struct tg_push_peers *ps, const struct tg_push_child *child)
{
    struct tg_push_peer *p = tg_mem_calloc(1, sizeof(*p));

    if (p == NULL || uv_poll_init(ps->setup.loop, &p->poll, child->fd) != 0) {
        tg_mem_free(p);
        kill_child(child);
        return NULL;
    }
    p->peers = ps;
    p->child = *child;
    p->poll.data = p;
    p->since_mono_ms = tg_push_now_ms();
    tg_push_peer_poll(p, false);
    return p;
}

static void on_respawn(uv_timer_t *timer);

static void back_off(struct tg_push_peers *ps)
{
    (void)uv_timer_start(&ps->respawn, on_respawn, ps->backoff_ms, 0);
    ps->backoff_ms = ps->backoff_ms * 2 < BACKOFF_MAX_MS ? ps->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void start_next(struct tg_push_peers *ps)
{
    struct tg_push_child child = { .fd = -1 };

    if (tg_push_spawn(&child, ps->setup.link->config, NULL) == TG_OK) {
        ps->next = adopt(ps, &child);
    }
    if (ps->next == NULL && ps->current == NULL) {
        back_off(ps);
    }
}

static void on_respawn(uv_timer_t *timer)
{
    struct tg_push_peers *ps = timer->data;

    if (ps->current == NULL && ps->next == NULL && !ps->is_ending) {
        ps->is_reload = false;
        start_next(ps);
    }
}

void tg_push_peers_reload(struct tg_push_peers *peers)
{
    if (peers->is_ending) {
        return;
    }
    end_if_any(&peers->next); /* it may have read the keys from before the reload */
    peers->is_reload = true;
    start_next(peers);
    if (peers->next == NULL) {
        TG_LOG(peers->setup.link->log, TG_LOG_ERROR, "push.reload_failed", { "pid", 0 });
    }
}

void tg_push_peer_take_over(struct tg_push_peer *peer)
{
    struct tg_push_peers *ps = peer->peers;
    const struct tg_push_link_setup *link = ps->setup.link;

    peer->is_ready = true;
    ps->next = NULL;
    if (ps->current != NULL) {
        end_if_any(&ps->old);
        ps->old = ps->current;
        ps->old->since_mono_ms = tg_push_now_ms();
    }
    ps->current = peer;
    peer->since_mono_ms = tg_push_now_ms();
    set_up(ps, true);
    tg_metrics_count(link->metrics, TG_COUNTER_PUSH_RESTARTS);
    if (ps->is_reload) {
        tg_refusals_settings_changed(link->refusals);
    }
    TG_LOG(link->log, TG_LOG_INFO, ps->is_reload ? "push.reloaded" : "push.process_started",
           { "pid", (int64_t)peer->child.pid });
    ps->is_reload = false;
    ps->setup.window->wants_lease = true;
}

/* ---- failures ---- */

/* The only place that handles the failure of a process. */
void tg_push_peer_lose(struct tg_push_peer *peer, const char *event)
{
    struct tg_push_peers *ps = peer->peers;
    const struct tg_log *log = ps->setup.link->log;
    bool is_current = peer == ps->current;
    bool is_next = peer == ps->next;

    if (is_next && ps->is_reload && ps->current != NULL) {
        TG_LOG(log, TG_LOG_ERROR, "push.reload_failed", { "pid", (int64_t)peer->child.pid });
    } else {
        if (is_current && tg_push_now_ms() - peer->since_mono_ms >= STEADY_MS) {
            ps->backoff_ms = BACKOFF_MIN_MS;
        }
        TG_LOG(log, TG_LOG_ERROR, event, { "pid", (int64_t)peer->child.pid },
               { "jobs", (int64_t)tg_push_window_held(ps->setup.window, peer) },
               { "restart_ms", (int64_t)ps->backoff_ms });
    }
    if (is_current) {
        set_up(ps, false);
        tg_push_window_release(ps->setup.window, NULL, tg_push_now_s(&ps->setup.window->hand));
    }
    end_peer(is_current ? &ps->current : is_next ? &ps->next : &ps->old);
    if (ps->current == NULL && ps->next == NULL && !ps->is_ending) {
        back_off(ps);
    }
}

static void kill_peer(struct tg_push_peer *p, const char *event)
{
    (void)kill(p->child.pid, SIGKILL);
    tg_push_peer_lose(p, event);
}

void tg_push_peers_check(struct tg_push_peers *peers, uint64_t mono_ms)
{
    struct tg_push_window *w = peers->setup.window;
    uint64_t retire_ms = 2u * 1000u * w->settings.request_timeout_s;

    if (peers->next != NULL && mono_ms - peers->next->since_mono_ms > READY_MS) {
        kill_peer(peers->next, "push.process_not_ready");
    }
    if (peers->current != NULL && tg_push_window_is_stuck(w, peers->current, mono_ms)) {
        kill_peer(peers->current, "push.process_stuck");
    }
    if (peers->old != NULL && (tg_push_window_held(w, peers->old) == 0 ||
                               mono_ms - peers->old->since_mono_ms > retire_ms)) {
        end_peer(&peers->old);
    }
}

/* ---- the first process ---- */

enum tg_err tg_push_peers_init(struct tg_push_peers *peers, const struct tg_push_peers_setup *setup)
{
    enum tg_err err = TG_E_IO;

    peers->setup = *setup;
    peers->backoff_ms = BACKOFF_MIN_MS;
    TG_REQUIRE(uv_timer_init(setup->loop, &peers->respawn) == 0, TG_E_IO);
    TG_REQUIRE(uv_timer_init(setup->loop, &peers->reap) == 0, TG_E_IO);
    peers->respawn.data = peers;
    peers->reap.data = peers;
    err = TG_OK;
out:
    return err;
}

/* TG_OK: the child is ready. */
static enum tg_err await_ready(const struct tg_push_child *child, struct tg_fault *fault)
{
    uint64_t until_ms = tg_push_now_ms() + READY_MS;
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_JOB };
    uint8_t data[16];
    ssize_t got = -1;
    int ready = 0;

    do {
        struct pollfd at = { .fd = child->fd, .events = POLLIN };
        uint64_t at_ms = tg_push_now_ms();

        ready = poll(&at, 1, at_ms < until_ms ? (int)(until_ms - at_ms) : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready > 0) {
        got = recv(child->fd, data, sizeof(data), MSG_DONTWAIT);
    }
    if (got > 0 && tg_push_ipc_decode(&msg, tg_bytes(data, (size_t)got)) == TG_OK &&
        msg.kind == TG_PUSH_IPC_READY) {
        return TG_OK;
    }
    tg_fault_set(fault, ready == 0 ? "the push process was not ready after 10 seconds"
                                   : "the push process ended; the message above says why");
    return TG_E_IO;
}

enum tg_err tg_push_peers_start(struct tg_push_peers *peers, struct tg_fault *fault)
{
    struct tg_push_child child = { .fd = -1 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_push_spawn(&child, peers->setup.link->config, fault));
    err = await_ready(&child, fault);
    if (err != TG_OK) {
        kill_child(&child);
        goto out;
    }
    peers->current = adopt(peers, &child);
    TG_REQUIRE(peers->current != NULL, TG_E_NOMEM);
    peers->current->is_ready = true;
    set_up(peers, true);
    TG_LOG(peers->setup.link->log, TG_LOG_INFO, "push.process_started",
           { "pid", (int64_t)child.pid });
    err = TG_OK;
out:
    return err;
}

void tg_push_peers_abandon(struct tg_push_peers *peers)
{
    if (peers->current != NULL) {
        uv_close((uv_handle_t *)&peers->current->poll, on_peer_closed);
        kill_child(&peers->current->child);
        peers->current = NULL;
    }
}
