/* SPDX-License-Identifier: Apache-2.0 */
/* A link over TCP. It opens the connections itself. */
#include "direct/link.h"

#include "direct/tcp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 10000
#define READ_STEP 2048u

enum tigress_error tigress_direct_link_set_save(struct tigress_direct_link *link,
                                                tigress_direct_link_save_fn *save, void *ctx)
{
    if (link == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    link->save = save;
    link->save_ctx = ctx;
    return TIGRESS_OK;
}

enum tigress_error tigress_direct_link_set_progress(struct tigress_direct_link *link,
                                                    tigress_direct_progress_fn *progress, void *ctx)
{
    if (link == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    link->progress = progress;
    link->progress_ctx = ctx;
    return TIGRESS_OK;
}

/* One run call. */
struct running {
    struct tigress_direct_link *link;
    int64_t until_s;
    int64_t reported_ms;
    bool is_stopped;
};

static bool should_stop(struct running *r)
{
    int64_t now_ms = tg_tcp_now_ms();

    if (r->until_s > 0 && now_ms / 1000 >= r->until_s) {
        r->is_stopped = true;
    }
    if (!r->is_stopped && r->link->progress != NULL &&
        (now_ms - r->reported_ms >= 1000 || now_ms < r->reported_ms)) {
        r->reported_ms = now_ms;
        r->is_stopped = r->link->progress(r->link->progress_ctx) != 0;
    }
    return r->is_stopped;
}

static void hang_up(struct tigress_direct_link *link)
{
    if (link->fd >= 0) {
        (void)close(link->fd);
        link->fd = -1;
    }
}

/* ---- connecting ----------------------------------------------------------------------------- */

/* TG_E_SYNTAX: not a numeric address. TG_E_IO */
static enum tg_err begin_connect(struct tigress_direct_link *link)
{
    struct sockaddr_storage address;
    socklen_t len = 0;
    int fd = -1;

    if (tg_tcp_address(&address, &len, tg_bytes_str(link->url.host), link->url.port) != TG_OK) {
        return TG_E_SYNTAX;
    }
    fd = socket(address.ss_family, SOCK_STREAM, 0);
    if (fd < 0 || tg_tcp_prepare(fd) != TG_OK) {
        return TG_E_IO;
    }
    if (connect(fd, (const struct sockaddr *)(const void *)&address, len) != 0 &&
        errno != EINPROGRESS) {
        (void)close(fd);
        return TG_E_IO;
    }
    link->fd = fd;
    return TG_OK;
}

static bool is_connected(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

static void connect_link(struct running *r)
{
    struct tigress_direct_link *link = r->link;
    struct pollfd fds[1];
    int64_t until_ms = tg_tcp_now_ms() + CONNECT_MS;

    hang_up(link);
    if (begin_connect(link) != TG_OK) {
        tigress_direct_link_failed(link, TIGRESS_NET_UNREACHABLE);
        return;
    }
    do {
        fds[0] = (struct pollfd){ .fd = link->fd, .events = POLLOUT };
        tg_tcp_wait(fds, 1, until_ms, tg_tcp_now_ms());
    } while (fds[0].revents == 0 && tg_tcp_now_ms() < until_ms && !should_stop(r));
    if (fds[0].revents != 0 && is_connected(link->fd)) {
        tigress_direct_link_opened(link, tg_tcp_now_ms());
        return;
    }
    hang_up(link);
    tigress_direct_link_failed(link,
                               r->is_stopped ? TIGRESS_NET_INTERRUPTED : TIGRESS_NET_UNREACHABLE);
}

/* ---- exchanging ----------------------------------------------------------------------------- */

static void write_link(struct tigress_direct_link *link)
{
    enum tg_tcp_io io = TG_TCP_DONE;

    while (link->fd >= 0 && io == TG_TCP_DONE) {
        size_t len = 0;
        const unsigned char *data = tigress_direct_link_output(link, &len);

        if (len == 0) {
            return;
        }
        io = tg_tcp_write(link->fd, tg_bytes(data, len), &len);
        tigress_direct_link_sent(link, len);
        /* Bytes from the other side may still be unread, such as an alert. */
        if (io == TG_TCP_GONE) {
            (void)shutdown(link->fd, SHUT_WR);
            tigress_direct_link_sent(link, SIZE_MAX);
        }
    }
}

static void read_link(struct tigress_direct_link *link)
{
    uint8_t piece[READ_STEP];
    enum tg_tcp_io io = TG_TCP_DONE;

    while (link->fd >= 0 && io == TG_TCP_DONE) {
        size_t len = sizeof(piece);

        io = tg_tcp_read(link->fd, piece, &len);
        if (io == TG_TCP_DONE) {
            tigress_direct_link_received(link, piece, len, tg_tcp_now_ms());
        } else if (io == TG_TCP_GONE) {
            hang_up(link);
            tigress_direct_link_failed(link, TIGRESS_NET_LOST);
        }
    }
}

static void exchange(struct running *r)
{
    struct tigress_direct_link *link = r->link;
    struct pollfd fds[1];
    short events = POLLIN;

    write_link(link);
    if (tigress_direct_link_output(link, NULL) != NULL) {
        events |= POLLOUT;
    }
    fds[0] = (struct pollfd){ .fd = link->fd, .events = events };
    tg_tcp_wait(fds, 1, tigress_direct_link_deadline_ms(link), tg_tcp_now_ms());
    if (fds[0].revents != 0) {
        read_link(link);
    }
    tigress_direct_link_tick(link, tg_tcp_now_ms());
    if (link->fd >= 0 && !tigress_direct_link_is_open(link)) {
        write_link(link);
        hang_up(link);
    }
}

/* Until the request is answered or has failed. */
static void perform(struct running *r)
{
    struct tigress_direct_link *link = r->link;

    if (link->fd >= 0) {
        read_link(link); /* has the other side closed the connection? */
    }
    if (link->fd >= 0 && !tigress_direct_link_is_open(link)) {
        hang_up(link);
    }
    if (tigress_direct_link_start(link, tg_tcp_now_ms()) != TIGRESS_OK) {
        (void)tigress_session_reply_failed(link->session, TIGRESS_NET_LOST);
        return;
    }
    while (tigress_direct_link_is_busy(link)) {
        if (should_stop(r)) {
            hang_up(link);
            tigress_direct_link_failed(link, TIGRESS_NET_INTERRUPTED);
        } else if (tigress_direct_link_needs_stream(link)) {
            connect_link(r);
        } else {
            exchange(r);
        }
    }
}

/* ---- run ------------------------------------------------------------------------------------ */

static bool was_saved(struct running *r)
{
    if (r->link->save != NULL && r->link->save(r->link->save_ctx, r->link->session) != 0) {
        r->is_stopped = true;
    }
    return !r->is_stopped;
}

static bool is_change(const struct tigress_session *s)
{
    const struct tigress_http_request *request = tigress_session_request(s);

    return request != NULL &&
           (tigress_session_version(s) == 0 ||
            (strcmp(request->method, "POST") != 0 && strcmp(request->method, "GET") != 0));
}

static void perform_and_save(struct running *r)
{
    struct tigress_session *s = r->link->session;

    if ((is_change(s) && !was_saved(r)) || should_stop(r)) {
        (void)tigress_session_reply_failed(s, TIGRESS_NET_INTERRUPTED);
        return;
    }
    perform(r);
    (void)was_saved(r);
}

static void pause_until(struct running *r)
{
    int64_t until_ms = tigress_session_deadline_s(r->link->session) * 1000;

    while (tg_tcp_now_ms() < until_ms && !should_stop(r)) {
        tg_tcp_wait(NULL, 0, until_ms, tg_tcp_now_ms());
    }
}

enum tigress_want tigress_direct_run(struct tigress_direct_link *link, int64_t until_s)
{
    struct running r = { .link = link, .until_s = until_s };
    enum tigress_want want = TIGRESS_FAILED;

    if (link == NULL) {
        return TIGRESS_FAILED;
    }
    for (;;) {
        want = tigress_session_step(link->session, tg_tcp_now_ms() / 1000);
        if (r.is_stopped && want == TIGRESS_WANT_HTTP) {
            (void)tigress_session_reply_failed(link->session, TIGRESS_NET_INTERRUPTED);
        }
        if (r.is_stopped || (want != TIGRESS_WANT_HTTP && want != TIGRESS_WANT_WAIT)) {
            return want;
        }
        if (want == TIGRESS_WANT_HTTP) {
            perform_and_save(&r);
        } else {
            pause_until(&r);
        }
    }
}
