/* SPDX-License-Identifier: Apache-2.0 */
/* The form on the loop of the application, and cancel from another thread. */
#include "unit/transport/wallets.h"
#include "unit/transport/web.h"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS 200
#define WATCHES_MAX (SESSIONS * 3)

/* ---- what the test sees of the process ------------------------------------------------------ */

/* A name that the test resolves: the resolver waits for it. */
#define SLOW_NAME "slow.example"

static sem_t resolving;
static sem_t may_resolve;
static _Thread_local bool is_counting;
static _Thread_local unsigned threads_made;

/* These stand before the ones of libc, also for libcurl. */
#define EXPORTED __attribute__((visibility("default")))

EXPORTED int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    if (node != NULL && strcmp(node, SLOW_NAME) == 0) {
        (void)sem_post(&resolving);
        while (sem_wait(&may_resolve) != 0) {
        }
        return EAI_NONAME;
    }
    memcpy(&real, &symbol, sizeof(real));
    return real(node, service, hints, found);
}

EXPORTED int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                            void *(*run)(void *), void *ctx)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "pthread_create");

    threads_made += is_counting;
    memcpy(&real, &symbol, sizeof(real));
    return real(thread, attributes, run, ctx);
}

static int64_t mono_ms(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a poll loop, as an application has one ------------------------------------------------- */

struct watched {
    int fd;
    unsigned events;
    struct tigress_transport *t;
};

struct timer {
    struct tigress_transport *t;
    int64_t due_ms; /* INT64_MAX: none */
};

struct loop {
    struct watched watches[WATCHES_MAX];
    size_t watch_count;
    struct timer timers[SESSIONS];
    size_t timer_count;
    size_t done_count;
    enum tigress_want wants[SESSIONS];
    struct tigress_transport *done[SESSIONS];
    bool may_restart;
    bool does_free;
    struct wallet *first;
};

static void on_watch(void *ctx, struct tigress_transport *t, int fd, unsigned events)
{
    struct loop *l = ctx;
    size_t at = 0;

    while (at < l->watch_count && l->watches[at].fd != fd) {
        at++;
    }
    if (events == 0) {
        assert_in_range(at, 0, l->watch_count - 1); /* it forgets only what it watches */
        l->watches[at] = l->watches[--l->watch_count];
        return;
    }
    assert_in_range(at, 0, WATCHES_MAX - 1);
    l->watches[at] = (struct watched){ fd, events, t };
    l->watch_count = at == l->watch_count ? at + 1 : l->watch_count;
}

static void on_timer(void *ctx, struct tigress_transport *t, int64_t in_ms)
{
    struct loop *l = ctx;
    size_t at = 0;

    while (at < l->timer_count && l->timers[at].t != t) {
        at++;
    }
    assert_in_range(at, 0, SESSIONS - 1);
    l->timers[at] = (struct timer){ t, in_ms < 0 ? INT64_MAX : mono_ms() + in_ms };
    l->timer_count = at == l->timer_count ? at + 1 : l->timer_count;
}

static void on_done(void *ctx, struct tigress_transport *t, enum tigress_want want)
{
    struct loop *l = ctx;

    l->wants[l->done_count] = want;
    l->done[l->done_count++] = t;
    if (l->may_restart) {
        l->may_restart = false;
        assert_int_equal(tigress_session_accept(l->first->session), TIGRESS_OK);
        assert_int_equal(tigress_transport_start(t, 0), TIGRESS_OK);
    } else if (l->does_free) {
        close_wallet(l->first);
    }
}

static void expire(struct loop *l)
{
    for (size_t i = 0; i < l->timer_count; i++) {
        if (l->timers[i].due_ms <= mono_ms()) {
            l->timers[i].due_ms = INT64_MAX;
            tigress_transport_timeout(l->timers[i].t);
        }
    }
}

static void turn(struct loop *l)
{
    static struct pollfd fds[WATCHES_MAX];
    static struct watched ready[WATCHES_MAX];
    size_t count = l->watch_count;
    int64_t wait_ms = 60000;

    for (size_t i = 0; i < l->timer_count; i++) {
        int64_t left = l->timers[i].due_ms - mono_ms();

        wait_ms = left < wait_ms ? left : wait_ms;
    }
    for (size_t i = 0; i < count; i++) {
        ready[i] = l->watches[i];
        fds[i] = (struct pollfd){
            .fd = ready[i].fd,
            .events = (short)(((ready[i].events & TIGRESS_FD_READ) != 0 ? POLLIN : 0) |
                              ((ready[i].events & TIGRESS_FD_WRITE) != 0 ? POLLOUT : 0))
        };
    }
    (void)poll(fds, count, wait_ms > 0 ? (int)wait_ms : 0);
    for (size_t i = 0; i < count; i++) {
        unsigned events = ((fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? 1u : 0) |
                          ((fds[i].revents & (POLLOUT | POLLERR | POLLHUP)) != 0 ? 2u : 0);

        if (events != 0) {
            tigress_transport_ready(ready[i].t, ready[i].fd, events);
        }
    }
    expire(l);
}

static void run_until(struct loop *l, size_t done_count)
{
    int64_t end_ms = mono_ms() + 60000;

    while (l->done_count < done_count && mono_ms() < end_ms) {
        turn(l);
    }
    assert_int_equal(l->done_count, done_count);
}

static void start(struct loop *l, struct wallet *w, int64_t until_s)
{
    assert_int_equal(tigress_transport_set_loop(w->transport, on_watch, on_timer, on_done, l),
                     TIGRESS_OK);
    assert_int_equal(tigress_transport_start(w->transport, until_s), TIGRESS_OK);
    assert_int_equal(l->done_count, 0);
}

static void open_http(struct wallet *w, const struct web *relay)
{
    char origin[64];

    (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", relay->port);
    open_wallet(w, origin);
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* Answers nobody before all have asked. */
static const char *together(struct web *w, const char *request)
{
    int64_t end_ms = mono_ms() + 60000;

    (void)request;
    while (atomic_load(&w->request_count) < SESSIONS && mono_ms() < end_ms) {
        const struct timespec nap = { .tv_nsec = 1000000 };

        (void)nanosleep(&nap, NULL);
    }
    return PREVIEW_ANSWER;
}

static void start__200_sessions__together_on_one_loop_and_one_thread(void **state)
{
    static struct web relay = { .answer = together };
    static struct wallet wallets[SESSIONS];
    static struct loop l;

    (void)state;
    web_start(&relay);
    is_counting = true;
    threads_made = 0;
    for (size_t i = 0; i < SESSIONS; i++) {
        open_http(&wallets[i], &relay);
        start(&l, &wallets[i], 0);
    }
    run_until(&l, SESSIONS);
    is_counting = false;
    assert_int_equal(threads_made, 0); /* cancel__name_resolves shows that one would be seen */
    assert_int_equal(relay.connection_count, SESSIONS); /* none is shared */
    assert_int_equal(l.watch_count, 0);
    for (size_t i = 0; i < SESSIONS; i++) {
        assert_int_equal(l.wants[i], TIGRESS_WANT_INPUT);
        assert_string_equal(tigress_session_title(wallets[i].session), "T");
        assert_int_equal(l.timers[i].due_ms, INT64_MAX);
        close_wallet(&wallets[i]);
    }
    web_stop(&relay);
}

static const char *preview_then_gone(struct web *w, const char *request)
{
    (void)w;
    return strncmp(request, "GET ", 4) == 0 ? PREVIEW_ANSWER
                                            : "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n";
}

static void done__starts_again__on_the_same_connection(void **state)
{
    struct web relay = { .answer = preview_then_gone };
    struct wallet w = { NULL, NULL };
    static struct loop l;

    (void)state;
    web_start(&relay);
    open_http(&w, &relay);
    l.first = &w;
    l.may_restart = true;
    start(&l, &w, 0);
    run_until(&l, 2);
    assert_int_equal(l.wants[0], TIGRESS_WANT_INPUT);
    assert_int_equal(l.wants[1], TIGRESS_FAILED);
    assert_int_equal(tigress_session_error(w.session), TIGRESS_E_GONE);
    close_wallet(&w);
    web_stop(&relay);
    assert_int_equal(relay.connection_count, 1);
}

static const char *silence(struct web *w, const char *request)
{
    (void)w;
    (void)request;
    return NULL;
}

static void done__frees_the_transport__nothing_is_touched_afterwards(void **state)
{
    struct web relay = { .answer = preview_then_gone };
    struct wallet w = { NULL, NULL };
    static struct loop l;

    (void)state;
    web_start(&relay);
    open_http(&w, &relay);
    l.first = &w;
    l.does_free = true;
    start(&l, &w, 0);
    run_until(&l, 1);
    assert_null(w.transport);
    assert_int_equal(l.watch_count, 0);
    web_stop(&relay);
}

static void free__while_started__forgets_descriptors_and_timer(void **state)
{
    struct web relay = { .answer = silence };
    struct wallet w = { NULL, NULL };
    static struct loop l;

    (void)state;
    web_start(&relay);
    open_http(&w, &relay);
    start(&l, &w, 0);
    while (atomic_load(&relay.request_count) == 0) {
        turn(&l);
    }
    assert_true(l.watch_count >= 2);
    close_wallet(&w);
    assert_int_equal(l.watch_count, 0);
    assert_int_equal(l.timers[0].due_ms, INT64_MAX);
    assert_int_equal(l.done_count, 0);
    web_stop(&relay);
}

static void start__until_is_reached__ends_in_time(void **state)
{
    struct web relay = { .answer = silence };
    struct wallet w = { NULL, NULL };
    static struct loop l;
    time_t before = time(NULL);

    (void)state;
    web_start(&relay);
    open_http(&w, &relay);
    /* So that no timer of libcurl ends before. */
    assert_int_equal(tigress_transport_set_connect_timeout_ms(w.transport, 600000), TIGRESS_OK);
    start(&l, &w, before + 1);
    run_until(&l, 1);
    assert_int_equal(l.wants[0], TIGRESS_WANT_HTTP);
    assert_in_range(time(NULL) - before, 1, 30);
    assert_int_equal(tigress_session_failures(w.session), 0);
    close_wallet(&w);
    web_stop(&relay);
}

static void wrong_calls__refused(void **state)
{
    struct web relay = { .answer = silence };
    struct wallet w = { NULL, NULL };
    static struct loop l;

    (void)state;
    web_start(&relay);
    open_http(&w, &relay);
    assert_int_equal(tigress_transport_start(w.transport, 0), TIGRESS_E_STATE);
    assert_int_equal(tigress_transport_start(NULL, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_transport_set_loop(NULL, on_watch, on_timer, on_done, &l),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_transport_set_loop(w.transport, NULL, on_timer, on_done, &l),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_transport_set_loop(w.transport, on_watch, NULL, on_done, &l),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_transport_set_loop(w.transport, on_watch, on_timer, NULL, &l),
                     TIGRESS_E_ARGUMENT);
    start(&l, &w, 0);
    assert_int_equal(tigress_transport_start(w.transport, 0), TIGRESS_E_STATE);
    assert_int_equal(tigress_transport_set_loop(w.transport, on_watch, on_timer, on_done, &l),
                     TIGRESS_E_STATE);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_FAILED);
    assert_int_equal(tigress_session_step(w.session, time(NULL)), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_transport_perform(w.transport), TIGRESS_E_STATE);
    tigress_transport_ready(NULL, 0, 0);
    tigress_transport_timeout(NULL);
    tigress_transport_cancel(NULL);
    tigress_transport_wake(NULL);
    close_wallet(&w);
    web_stop(&relay);
}

/* ---- cancel and wake ------------------------------------------------------------------------ */

#define CANCEL_MS 100

struct canceller {
    struct tigress_transport *t;
    sem_t *when;
    int64_t at_ms;
};

static void *cancel_later(void *ctx)
{
    struct canceller *c = ctx;

    while (sem_wait(c->when) != 0) {
    }
    c->at_ms = mono_ms();
    tigress_transport_cancel(c->t);
    return NULL;
}

/* Cancels from another thread while the name of the relay resolves. Returns how long it took. */
static int64_t cancel_while_resolving(bool has_loop)
{
    struct wallet w = { NULL, NULL };
    struct canceller c = { .when = &resolving };
    static struct loop l;
    pthread_t thread;
    int64_t took_ms = 0;

    memset(&l, 0, sizeof(l));
    open_wallet(&w, "https://" SLOW_NAME);
    c.t = w.transport;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
    is_counting = true;
    threads_made = 0;
    if (has_loop) {
        start(&l, &w, 0);
        run_until(&l, 1);
        assert_int_equal(l.wants[0], TIGRESS_WANT_HTTP);
    } else {
        assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_HTTP);
    }
    assert_int_equal(tigress_session_failures(w.session), 0);
    took_ms = mono_ms();
    is_counting = false;
    assert_int_equal(threads_made, 1); /* the resolver's */
    (void)pthread_join(thread, NULL);
    took_ms -= mono_ms();
    close_wallet(&w); /* does not wait for the resolver either */
    took_ms += mono_ms();
    (void)sem_post(&may_resolve);
    return took_ms - c.at_ms;
}

/* The shortest of several: the machine may be busy, the mechanism must not be. */
static void cancel__name_resolves__ends_at_once(void **state)
{
    (void)state;
    for (unsigned has_loop = 0; has_loop < 2; has_loop++) {
        int64_t best_ms = INT64_MAX;

        for (unsigned i = 0; i < 20 && best_ms > CANCEL_MS; i++) {
            int64_t took_ms = cancel_while_resolving(has_loop != 0);

            best_ms = took_ms < best_ms ? took_ms : best_ms;
        }
        print_message("cancel, %s: %ld ms\n", has_loop ? "loop" : "run", (long)best_ms);
        assert_in_range(best_ms, 0, CANCEL_MS);
    }
}

static void cancel__before_the_run__ends_only_that_run(void **state)
{
    struct web relay = { .answer = preview_then_gone };
    struct wallet w = { NULL, NULL };

    (void)state;
    web_start(&relay);
    open_http(&w, &relay);
    tigress_transport_cancel(w.transport);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_HTTP);
    assert_int_equal(relay.connection_count, 0);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_INPUT);
    close_wallet(&w);
    web_stop(&relay);
}

static const char *busy_then_preview(struct web *w, const char *request)
{
    (void)request;
    return atomic_load(&w->request_count) == 1
               ? "HTTP/1.1 503 Busy\r\nRetry-After: 3000\r\nContent-Length: 0\r\n\r\n"
               : PREVIEW_ANSWER;
}

static int wake_at_wait(void *ctx, const struct tigress_session *s, enum tigress_want doing)
{
    (void)s;
    if (doing == TIGRESS_WANT_WAIT) {
        tigress_transport_wake(ctx);
    }
    return 0;
}

static void wake__long_wait__ends(void **state)
{
    (void)state;
    for (unsigned has_loop = 0; has_loop < 2; has_loop++) {
        struct web relay = { .answer = busy_then_preview };
        struct wallet w = { NULL, NULL };
        static struct loop l;

        memset(&l, 0, sizeof(l));
        web_start(&relay);
        open_http(&w, &relay);
        assert_int_equal(tigress_session_set_tries(w.session, 3), TIGRESS_OK);
        if (has_loop) {
            start(&l, &w, 0);
            while (tigress_session_deadline_s(w.session) == 0) {
                turn(&l);
            }
            tigress_transport_wake(w.transport);
            run_until(&l, 1);
            assert_int_equal(l.wants[0], TIGRESS_WANT_INPUT);
        } else {
            assert_int_equal(tigress_transport_set_progress(w.transport, wake_at_wait, w.transport),
                             TIGRESS_OK);
            assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_INPUT);
        }
        close_wallet(&w);
        web_stop(&relay);
    }
}

static int begin(void **state)
{
    struct rlimit files = { 0 };

    (void)state;
    /* Each session has a connection, whose other end is here too, and a pipe. */
    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    return sem_init(&resolving, 0, 0) + sem_init(&may_resolve, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__200_sessions__together_on_one_loop_and_one_thread),
        cmocka_unit_test(done__starts_again__on_the_same_connection),
        cmocka_unit_test(done__frees_the_transport__nothing_is_touched_afterwards),
        cmocka_unit_test(free__while_started__forgets_descriptors_and_timer),
        cmocka_unit_test(start__until_is_reached__ends_in_time),
        cmocka_unit_test(wrong_calls__refused),
        cmocka_unit_test(cancel__name_resolves__ends_at_once),
        cmocka_unit_test(cancel__before_the_run__ends_only_that_run),
        cmocka_unit_test(wake__long_wait__ends),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
