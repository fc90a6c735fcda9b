/* SPDX-License-Identifier: Apache-2.0 */
#include "push/http_loop.h"

#include "base/mem.h"
#include "push/settings.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define MULTIS_MAX TG_PUSH_SENDERS_MAX

/* A socket of libcurl's. libcurl changes what it waits for several times during a request; epoll
   gets the last state once a run. */
struct tg_push_http_socket {
    struct tg_push_http_socket *next;
    curl_socket_t fd;
    uint32_t wanted;
    uint32_t known; /* to epoll */
};

struct tg_push_http_loop {
    int fd;
    int64_t (*mono_ms)(void);
    struct tg_push_http_multi *multis[MULTIS_MAX]; /* NULL: a free place */
};

enum tg_err tg_push_http_loop_new(struct tg_push_http_loop **out, int64_t (*mono_ms)(void))
{
    struct tg_push_http_loop *loop = tg_mem_calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return TG_E_NOMEM;
    }
    loop->mono_ms = mono_ms;
    loop->fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->fd < 0) {
        tg_mem_free(loop);
        return TG_E_IO;
    }
    *out = loop;
    return TG_OK;
}

void tg_push_http_loop_free(struct tg_push_http_loop **loop)
{
    if (loop != NULL && *loop != NULL) {
        (void)close((*loop)->fd);
        tg_mem_free(*loop);
        *loop = NULL;
    }
}

int tg_push_http_loop_fd(const struct tg_push_http_loop *loop)
{
    return loop->fd;
}

int tg_push_http_loop_wait_ms(const struct tg_push_http_loop *loop)
{
    int64_t due_ms = -1;
    int64_t now_ms = loop->mono_ms();

    for (size_t i = 0; i < MULTIS_MAX; i++) {
        int64_t one_ms = loop->multis[i] == NULL ? -1 : loop->multis[i]->due_ms;

        if (one_ms >= 0 && (due_ms < 0 || one_ms < due_ms)) {
            due_ms = one_ms;
        }
    }
    if (due_ms < 0) {
        return -1;
    }
    return due_ms <= now_ms ? 0 : (int)(due_ms - now_ms);
}

/* ---- sockets -------------------------------------------------------------------------------- */

static struct epoll_event event_of(const struct tg_push_http_multi *multi,
                                   const struct tg_push_http_socket *s)
{
    return (struct epoll_event){ .events = s->wanted,
                                 .data.u64 = (uint64_t)multi->index << 32 | (uint32_t)s->fd };
}

static void cork(curl_socket_t fd, int is_corked)
{
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &is_corked, sizeof(is_corked));
}

static struct tg_push_http_socket *socket_new(struct tg_push_http_multi *multi, curl_socket_t fd,
                                              uint32_t wanted)
{
    struct tg_push_http_socket *s = tg_mem_calloc(1, sizeof(*s));
    struct epoll_event event;

    if (s == NULL) {
        return NULL;
    }
    s->fd = fd;
    s->wanted = wanted;
    s->known = wanted;
    event = event_of(multi, s);
    if (epoll_ctl(multi->loop->fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        tg_mem_free(s);
        return NULL;
    }
    s->next = multi->sockets;
    multi->sockets = s;
    return s;
}

/* The socket may be closed already. Both system calls then fail without effect. */
static void socket_free(struct tg_push_http_multi *multi, struct tg_push_http_socket *s)
{
    struct tg_push_http_socket **at = &multi->sockets;

    while (*at != NULL && *at != s) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = s->next;
        (void)epoll_ctl(multi->loop->fd, EPOLL_CTL_DEL, s->fd, NULL);
        cork(s->fd, 0);
        tg_mem_free(s);
    }
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct tg_push_http_multi *multi = ctx;
    struct tg_push_http_socket *s = known;
    uint32_t wanted = ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
                      ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        socket_free(multi, s);
        return 0;
    }
    if (s != NULL) {
        s->wanted = wanted;
        return 0;
    }
    s = socket_new(multi, fd, wanted);
    return s != NULL && curl_multi_assign(multi->handle, fd, s) == CURLM_OK ? 0 : -1;
}

/* Reads the clock only for a time that lies ahead. */
static int set_timer(CURLM *handle, long timeout_ms, void *ctx)
{
    struct tg_push_http_multi *multi = ctx;

    (void)handle;
    if (timeout_ms <= 0) {
        multi->due_ms = timeout_ms;
        return 0;
    }
    multi->due_ms = multi->loop->mono_ms() + timeout_ms;
    return 0;
}

/* ---- a run ---------------------------------------------------------------------------------- */

/* libcurl writes each frame with a separate call. When several requests were added, their frames
   are held back until all are written, and are sent in few packets. */
static bool hold_back(struct tg_push_http_multi *multi)
{
    bool is_bundle = multi->fresh_count > 1 && multi->writes == TG_PUSH_WRITES_BUNDLED;

    multi->fresh_count = 0;
    for (struct tg_push_http_socket *s = is_bundle ? multi->sockets : NULL; s != NULL;
         s = s->next) {
        cork(s->fd, 1);
    }
    return is_bundle;
}

static void let_go(struct tg_push_http_multi *multi, bool is_held_back)
{
    for (struct tg_push_http_socket *s = multi->sockets; s != NULL; s = s->next) {
        struct epoll_event event = event_of(multi, s);

        if (is_held_back) {
            cork(s->fd, 0);
        }
        if (s->wanted != s->known &&
            epoll_ctl(multi->loop->fd, EPOLL_CTL_MOD, s->fd, &event) == 0) {
            s->known = s->wanted;
        }
    }
}

static void run_socket(struct tg_push_http_loop *loop, const struct epoll_event *event)
{
    struct tg_push_http_multi *multi = loop->multis[event->data.u64 >> 32];
    int mask = ((event->events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
               ((event->events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
               ((event->events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
    int running = 0;

    if (multi != NULL) {
        (void)curl_multi_socket_action(multi->handle, (curl_socket_t)(uint32_t)event->data.u64,
                                       mask, &running);
    }
}

static void run_timer(struct tg_push_http_multi *multi, int64_t now_ms)
{
    int running = 0;

    if (multi->due_ms >= 0 && multi->due_ms <= now_ms) {
        multi->due_ms = -1;
        (void)curl_multi_socket_action(multi->handle, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

void tg_push_http_loop_run(struct tg_push_http_loop *loop)
{
    struct epoll_event events[EVENTS_MAX];
    bool is_held_back[MULTIS_MAX] = { false };
    int count = epoll_wait(loop->fd, events, EVENTS_MAX, 0);
    int64_t now_ms = loop->mono_ms();

    for (size_t i = 0; i < MULTIS_MAX; i++) {
        is_held_back[i] = loop->multis[i] != NULL && hold_back(loop->multis[i]);
    }
    for (int i = 0; i < count; i++) {
        run_socket(loop, &events[i]);
    }
    for (size_t i = 0; i < MULTIS_MAX; i++) {
        struct tg_push_http_multi *multi = loop->multis[i];

        if (multi != NULL) {
            run_timer(multi, now_ms);
            multi->collect(multi->ctx);
            let_go(multi, is_held_back[i]);
        }
    }
}

/* ---- handles -------------------------------------------------------------------------------- */

enum tg_err tg_push_http_multi_init(struct tg_push_http_multi *multi,
                                    struct tg_push_http_loop *loop,
                                    enum tg_push_http_loop_writes writes,
                                    tg_push_http_loop_collect_fn *collect, void *ctx)
{
    CURLMcode bad = CURLM_OK;
    size_t index = 0;

    while (index < MULTIS_MAX && loop->multis[index] != NULL) {
        index++;
    }
    if (index == MULTIS_MAX) {
        return TG_E_LIMIT;
    }
    *multi = (struct tg_push_http_multi){ .loop = loop,
                                          .handle = curl_multi_init(),
                                          .index = index,
                                          .due_ms = -1,
                                          .writes = writes,
                                          .collect = collect,
                                          .ctx = ctx };
    if (multi->handle == NULL) {
        return TG_E_NOMEM;
    }
    bad |= curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, watch_socket);
    bad |= curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi);
    bad |= curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, set_timer);
    bad |= curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi);
    loop->multis[index] = multi;
    return bad == CURLM_OK ? TG_OK : TG_E_NOMEM;
}

void tg_push_http_multi_deinit(struct tg_push_http_multi *multi)
{
    if (multi->handle == NULL) {
        return;
    }
    (void)curl_multi_cleanup(multi->handle);
    while (multi->sockets != NULL) {
        socket_free(multi, multi->sockets);
    }
    multi->loop->multis[multi->index] = NULL;
    multi->handle = NULL;
}

bool tg_push_http_multi_add(struct tg_push_http_multi *multi, CURL *easy)
{
    if (curl_multi_add_handle(multi->handle, easy) != CURLM_OK) {
        return false;
    }
    multi->fresh_count++;
    return true;
}
