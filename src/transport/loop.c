/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/transport.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define LOOK_AGAIN_MS 60000 /* at the latest, because the system's clock may be set */

static int64_t mono_ms(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Milliseconds until a time of the system's clock. */
static int64_t until_ms(int64_t at_s)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    /* Rounded up: an early timer would find that it is not yet time. */
    return (at_s - (int64_t)now.tv_sec) * 1000 - now.tv_nsec / 1000000 + 1;
}

/* ---- the pipe ------------------------------------------------------------------------------- */

void tg_transport_loop_init(struct tigress_transport *t)
{
    t->loop = (struct tg_transport_loop){ .wake_fds = { -1, -1 } };
}

static bool set_flags(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static void close_pipe(struct tigress_transport *t)
{
    for (size_t i = 0; i < 2; i++) {
        if (t->loop.wake_fds[i] >= 0) {
            (void)close(t->loop.wake_fds[i]);
        }
        t->loop.wake_fds[i] = -1;
    }
}

/* It stays until the transport is freed, so another thread never writes to a descriptor that has
   become another one. */
static bool open_pipe(struct tigress_transport *t)
{
    if (t->loop.wake_fds[0] >= 0) {
        return true;
    }
    if (pipe(t->loop.wake_fds) != 0) {
        tg_transport_loop_init(t);
        return false;
    }
    if (!set_flags(t->loop.wake_fds[0]) || !set_flags(t->loop.wake_fds[1])) {
        close_pipe(t);
        return false;
    }
    return true;
}

static void write_pipe(struct tigress_transport *t)
{
    if (t->loop.wake_fds[1] >= 0) {
        ssize_t written = write(t->loop.wake_fds[1], "", 1);

        (void)written; /* a full pipe wakes the reader too */
    }
}

static void drain_pipe(struct tigress_transport *t)
{
    char bytes[64];

    while (read(t->loop.wake_fds[0], bytes, sizeof(bytes)) > 0) {
    }
}

/* ---- other threads -------------------------------------------------------------------------- */

static void notify(struct tigress_transport *t, enum tg_transport_flag flag)
{
    if (t != NULL) {
        (void)atomic_fetch_or(&t->flags, flag);
        (void)curl_multi_wakeup(t->multi);
        write_pipe(t);
    }
}

void tigress_transport_cancel(struct tigress_transport *t)
{
    notify(t, TG_TRANSPORT_CANCEL);
}

void tigress_transport_wake(struct tigress_transport *t)
{
    notify(t, TG_TRANSPORT_WAKE);
}

/* ---- what libcurl asks for ------------------------------------------------------------------ */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
    struct tigress_transport *t = ctx;
    unsigned events = 0;

    (void)easy;
    (void)of_socket;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
        events |= TIGRESS_FD_READ;
    }
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
        events |= TIGRESS_FD_WRITE;
    }
    t->loop.watch(t->loop.ctx, t, fd, events);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct tigress_transport *t = ctx;

    (void)multi;
    t->loop.curl_due_ms = timeout_ms < 0 ? INT64_MAX : mono_ms() + timeout_ms;
    return 0;
}

/* Only while it is started: the form that blocks has no use for these. */
static bool set_callbacks(struct tigress_transport *t, bool is_on)
{
    CURLMcode bad = CURLM_OK;

    bad |= curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, is_on ? on_socket : NULL);
    bad |= curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
    bad |= curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, is_on ? on_timer : NULL);
    bad |= curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
    return bad == CURLM_OK;
}

/* ---- the run -------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void arm(struct tigress_transport *t)
{
    int64_t now = mono_ms();
    int64_t due = earlier(t->is_busy ? t->loop.curl_due_ms : INT64_MAX, now + LOOK_AGAIN_MS);

    if (!t->is_busy) {
        due = earlier(due, now + until_ms(tigress_session_deadline_s(t->session)));
    }
    if (t->until_s > 0) {
        due = earlier(due, now + until_ms(t->until_s));
    }
    due = due < now ? now : due;
    if (due != t->loop.armed_ms) {
        t->loop.armed_ms = due;
        t->loop.timer(t->loop.ctx, t, due - now);
    }
}

static void forget(struct tigress_transport *t)
{
    (void)set_callbacks(t, false);
    t->loop.is_started = false;
    t->loop.watch(t->loop.ctx, t, t->loop.wake_fds[0], 0);
    t->loop.timer(t->loop.ctx, t, -1);
}

/* The last call of each entry: done may have freed t. */
static void go(struct tigress_transport *t)
{
    tg_exchange_collect(t);
    if (t->is_busy) {
        (void)tg_transport_should_stop(t, TIGRESS_WANT_HTTP);
    }
    if (tg_transport_advance(t)) {
        forget(t);
        t->loop.done(t->loop.ctx, t, t->want);
    } else {
        arm(t);
    }
}

static void act(struct tigress_transport *t, int fd, int events)
{
    int running = 0;

    if (curl_multi_socket_action(t->multi, fd, events, &running) != CURLM_OK) {
        tg_exchange_abort(t, CURLE_OUT_OF_MEMORY);
    }
}

/* ---- what is exported ----------------------------------------------------------------------- */

enum tigress_error tigress_transport_set_loop(struct tigress_transport *t, tigress_watch_fn *watch,
                                              tigress_timer_fn *timer, tigress_done_fn *done,
                                              void *ctx)
{
    if (t == NULL || watch == NULL || timer == NULL || done == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (t->loop.is_started) {
        return TIGRESS_E_STATE;
    }
    if (!open_pipe(t)) {
        return TIGRESS_E_UNAVAILABLE;
    }
    t->loop.watch = watch;
    t->loop.timer = timer;
    t->loop.done = done;
    t->loop.ctx = ctx;
    return TIGRESS_OK;
}

enum tigress_error tigress_transport_start(struct tigress_transport *t, int64_t until_s)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (t->loop.watch == NULL || t->loop.is_started) {
        return TIGRESS_E_STATE;
    }
    if (!set_callbacks(t, true)) {
        (void)set_callbacks(t, false);
        return TIGRESS_E_STATE;
    }
    tg_transport_begin_run(t, until_s);
    t->loop.is_started = true;
    t->loop.curl_due_ms = INT64_MAX;
    t->loop.armed_ms = mono_ms();
    t->loop.watch(t->loop.ctx, t, t->loop.wake_fds[0], TIGRESS_FD_READ);
    t->loop.timer(t->loop.ctx, t, 0);
    return TIGRESS_OK;
}

void tigress_transport_ready(struct tigress_transport *t, int fd, unsigned events)
{
    int bits = ((events & TIGRESS_FD_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & TIGRESS_FD_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

    if (t == NULL || !t->loop.is_started) {
        return;
    }
    if (fd == t->loop.wake_fds[0]) {
        drain_pipe(t);
    } else if (fd >= 0) {
        act(t, fd, bits);
    }
    go(t);
}

void tigress_transport_timeout(struct tigress_transport *t)
{
    if (t == NULL || !t->loop.is_started) {
        return;
    }
    t->loop.armed_ms = INT64_MAX; /* the timer is used up */
    if (t->loop.curl_due_ms <= mono_ms()) {
        t->loop.curl_due_ms = INT64_MAX;
        act(t, CURL_SOCKET_TIMEOUT, 0);
    }
    go(t);
}

void tg_transport_loop_deinit(struct tigress_transport *t)
{
    if (t->loop.is_started) {
        tg_exchange_abort(t, CURLE_ABORTED_BY_CALLBACK);
        forget(t);
    }
    close_pipe(t);
}
