/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/listener.h"

#include "server/http/conn_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024
#define ACCEPTS_PER_EVENT 64u
#define ACCEPTS_WHEN_BEHIND 8u
#define ACCEPTS_AT_STOP 4096u
#define PAUSE_MS 100u

static void set_port(struct sockaddr_storage *addr, uint16_t port)
{
    if (addr->ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)addr)->sin_port = htons(port);
    }
}

static uint16_t get_port(const struct sockaddr_storage *addr)
{
    return addr->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)addr)->sin6_port)
                                       : ntohs(((const struct sockaddr_in *)addr)->sin_port);
}

/* Accepted connections inherit them. */
static void set_options(int fd)
{
    int on = 1;
    int send_buffer = TG_SOCKET_SEND_BUFFER;
    int unacked_ms = TG_SOCKET_UNACKED_MS;

    /* Answers are written whole: waiting for more data would only delay them. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    /* Limits what a slow reader leaves in the kernel, and how long. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
}

/* With the reason in errno. */
static void report_bind(struct tg_fault *fault, const struct tg_endpoint *at, uint16_t port)
{
    tg_fault_set(fault,
                 "cannot listen on %s, port %u: %s (expected: a free port of an address of "
                 "this machine)",
                 at->host, (unsigned)port, strerror(errno));
}

enum tg_err tg_listener_check_free(const struct tg_endpoint *at, struct tg_fault *fault)
{
    enum tg_err err = TG_E_IO;
    int on = 1;
    int sock = socket(at->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    TG_REQUIRE(sock >= 0, TG_E_IO);
    TG_REQUIRE(setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, TG_E_IO);
    TG_REQUIRE(bind(sock, (const struct sockaddr *)&at->addr, at->addr_len) == 0, TG_E_IO);
    err = TG_OK;
out:
    if (err != TG_OK) {
        report_bind(fault, at, at->port);
    }
    if (sock >= 0) {
        (void)close(sock);
    }
    return err;
}

enum tg_err tg_listener_bind(int *fd, uint16_t *bound_port, const struct tg_endpoint *at,
                             uint16_t port, struct tg_fault *fault)
{
    enum tg_err err = TG_E_IO;
    struct sockaddr_storage addr = at->addr;
    socklen_t len = at->addr_len;
    int on = 1;
    int sock = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (port != 0) {
        set_port(&addr, port);
    }
    TG_REQUIRE(sock >= 0, TG_E_IO);
    TG_REQUIRE(setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, TG_E_IO);
    TG_REQUIRE(setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0, TG_E_IO);
    set_options(sock);
    TG_REQUIRE(bind(sock, (const struct sockaddr *)&addr, len) == 0, TG_E_IO);
    TG_REQUIRE(listen(sock, BACKLOG) == 0, TG_E_IO);
    len = sizeof(addr);
    TG_REQUIRE(getsockname(sock, (struct sockaddr *)&addr, &len) == 0, TG_E_IO);
    *bound_port = get_port(&addr);
    *fd = sock;
    sock = -1;
    err = TG_OK;
out:
    if (err != TG_OK) {
        report_bind(fault, at, port);
    }
    if (sock >= 0) {
        (void)close(sock);
    }
    return err;
}

enum tg_err tg_listener_adopt(int fd, uint16_t *bound_port, struct tg_fault *fault)
{
    enum tg_err err = TG_E_IO;
    struct sockaddr_storage addr = { 0 };
    socklen_t len = sizeof(addr);
    int on = 0;
    socklen_t on_len = sizeof(on);
    int flags = fcntl(fd, F_GETFL);

    TG_REQUIRE(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &on_len) == 0 && on == 1, TG_E_IO);
    TG_REQUIRE(getsockname(fd, (struct sockaddr *)&addr, &len) == 0, TG_E_IO);
    TG_REQUIRE(addr.ss_family == AF_INET || addr.ss_family == AF_INET6, TG_E_IO);
    TG_REQUIRE(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0, TG_E_IO);
    TG_REQUIRE(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0, TG_E_IO);
    set_options(fd);
    *bound_port = get_port(&addr);
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_fault_set(fault, "the socket from the service manager is not a listening TCP socket");
    }
    return err;
}

static void on_readable(uv_poll_t *poll, int status, int events);

void tg_listener_reserve(struct tg_listener *l)
{
    if (l->is_open && l->reserve_fd < 0) {
        l->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

/* Out of descriptors: uses the spare one for the next connection. False: another thread took it. */
static bool accept_last(struct tg_listener *l)
{
    int fd = -1;

    if (l->reserve_fd >= 0) {
        (void)close(l->reserve_fd);
        l->reserve_fd = -1;
    }
    fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        tg_metrics_count(l->metrics, TG_COUNTER_ACCEPTED);
        l->accepted(l->ctx, fd, TG_ACCEPTED_LAST);
    }
    tg_listener_reserve(l);
    return fd >= 0;
}

static void on_pause_over(uv_timer_t *timer)
{
    struct tg_listener *l = timer->data;

    tg_listener_reserve(l);
    (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

/* The socket stays readable: without a pause the loop would only try to accept, and fail. */
static void pause_accepting(struct tg_listener *l)
{
    (void)uv_poll_stop(&l->poll);
    (void)uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
}

static void accept_some(struct tg_listener *l, size_t max)
{
    for (size_t i = 0; i < max; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        bool is_out_of_fds = false;

        if (fd >= 0) {
            tg_metrics_count(l->metrics, TG_COUNTER_ACCEPTED);
            l->accepted(l->ctx, fd, TG_ACCEPTED);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
        if (errno == EINTR || errno == ECONNABORTED) {
            continue;
        }
        is_out_of_fds = errno == EMFILE || errno == ENFILE;
        tg_metrics_count(l->metrics, TG_COUNTER_ACCEPT_FAILED);
        if (!is_out_of_fds || !accept_last(l)) {
            l->starved(l->ctx);
            pause_accepting(l);
        }
        return;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct tg_listener *l = poll->data;

    (void)events;
    if (status == 0) {
        accept_some(l, l->is_behind ? ACCEPTS_WHEN_BEHIND : ACCEPTS_PER_EVENT);
    }
}

enum tg_err tg_listener_start(struct tg_listener *l, uv_loop_t *loop, int fd)
{
    l->fd = fd;
    l->reserve_fd = -1;
    if (uv_timer_init(loop, &l->pause) != 0 || uv_poll_init(loop, &l->poll, fd) != 0) {
        (void)close(fd);
        return TG_E_IO;
    }
    l->poll.data = l;
    l->pause.data = l;
    l->is_open = true;
    tg_listener_reserve(l);
    return uv_poll_start(&l->poll, UV_READABLE, on_readable) == 0 ? TG_OK : TG_E_IO;
}

void tg_listener_stop(struct tg_listener *l)
{
    if (!l->is_open) {
        return;
    }
    accept_some(l, ACCEPTS_AT_STOP);
    l->is_open = false;
    uv_close((uv_handle_t *)&l->poll, NULL);
    uv_close((uv_handle_t *)&l->pause, NULL);
    (void)close(l->fd);
    if (l->reserve_fd >= 0) {
        (void)close(l->reserve_fd);
    }
}
