/* SPDX-License-Identifier: Apache-2.0 */
/* A host behind a listening TCP socket. */
#include <tigress/direct.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/num.h"
#include "client/text.h"
#include "direct/common.h"
#include "direct/tcp.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define ADDRESS_MAX 128u
#define READ_STEP 16384u
#define LINGER_MS 2000 /* for the last answers, once a transfer is over */
#define BACKLOG 64

struct peer {
    int fd; /* -1: none */
    unsigned conn;
};

struct tigress_direct_listener {
    int fd;
    char url[TIGRESS_DIRECT_URL_MAX];
    struct peer peers[TIGRESS_DIRECT_CONNECTIONS_MAX];
    tigress_direct_save_fn *save;
    void *save_ctx;
    tigress_direct_progress_fn *progress;
    void *progress_ctx;
    struct tg_tcp_clock clock;
    int64_t reported_ms; /* when progress was last called */
    bool is_stopped;
};

/* ---- listening ------------------------------------------------------------------------------ */

static bool is_wildcard(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

    return address->ss_family == AF_INET ? v4->sin_addr.s_addr == htonl(INADDR_ANY)
                                         : IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static enum tg_err parse_address(struct sockaddr_storage *out, socklen_t *out_len,
                                 struct tg_bytes text)
{
    size_t colon = text.len;
    uint64_t port = 0;

    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || tg_num_parse_u64(&port, tg_bytes_from(text, colon), UINT16_MAX) != TG_OK ||
        tg_tcp_address(out, out_len, tg_bytes_first(text, colon - 1), (uint16_t)port) != TG_OK ||
        (out->ss_family == AF_INET6 && text.ptr[0] != '[') || is_wildcard(out)) {
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* The first IPv4 address of an interface that is up and not loopback; else loopback. */
static enum tg_err pick_address(struct sockaddr_storage *out, socklen_t *out_len)
{
    struct ifaddrs *all = NULL;
    enum tg_err err = tg_tcp_address(out, out_len, TG_LIT("127.0.0.1"), 0);

    if (getifaddrs(&all) != 0) {
        return err;
    }
    for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET &&
            (at->ifa_flags & IFF_UP) != 0 && (at->ifa_flags & IFF_LOOPBACK) == 0) {
            memcpy(out, at->ifa_addr, sizeof(struct sockaddr_in));
            *out_len = sizeof(struct sockaddr_in);
            ((struct sockaddr_in *)(void *)out)->sin_port = 0;
            break;
        }
    }
    freeifaddrs(all);
    return err;
}

static enum tg_err open_socket(int *fd, const struct sockaddr_storage *address, socklen_t len)
{
    int on = 1;
    int s = socket(address->ss_family, SOCK_STREAM, 0);

    if (s < 0) {
        return TG_E_IO;
    }
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(s, (const struct sockaddr *)(const void *)address, len) != 0 ||
        listen(s, BACKLOG) != 0) {
        (void)close(s);
        return TG_E_IO;
    }
    if (tg_tcp_prepare(s) != TG_OK) {
        return TG_E_IO;
    }
    *fd = s;
    return TG_OK;
}

/* The address and port that the socket has. */
static enum tg_err put_url(struct tigress_direct_listener *l)
{
    struct sockaddr_storage address;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address;
    socklen_t len = sizeof(address);
    char text[INET6_ADDRSTRLEN] = "";
    struct tg_buf url;
    bool is_v6 = false;
    enum tg_err err = TG_E_IO;

    tg_buf_init(&url, sizeof(l->url));
    memset(&address, 0, sizeof(address));
    TG_REQUIRE(getsockname(l->fd, (struct sockaddr *)(void *)&address, &len) == 0, TG_E_IO);
    is_v6 = address.ss_family == AF_INET6;
    TG_REQUIRE(inet_ntop(address.ss_family,
                         is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, text,
                         sizeof(text)) != NULL,
               TG_E_IO);
    tg_buf_append_str(&url, is_v6 ? "tigress-direct://[" : "tigress-direct://");
    tg_buf_append_str(&url, text);
    tg_buf_append_str(&url, is_v6 ? "]:" : ":");
    tg_buf_append_dec(&url, ntohs(is_v6 ? v6->sin6_port : v4->sin_port));
    (void)tg_buf_cstr(&url);
    TG_TRY(tg_buf_status(&url));
    memcpy(l->url, url.ptr, url.len + 1);
out:
    tg_buf_deinit(&url);
    return err;
}

enum tigress_error tigress_direct_listen(struct tigress_direct_listener **out, const char *address,
                                         char *why, size_t why_cap)
{
    struct tigress_direct_listener *l = NULL;
    struct sockaddr_storage where;
    socklen_t where_len = 0;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (address == NULL) {
        TG_TRY(pick_address(&where, &where_len));
    } else if (parse_address(&where, &where_len, tg_text_view(address, ADDRESS_MAX)) != TG_OK) {
        tg_text_copy(why, why_cap,
                     "address: expected a numeric address of this device, a colon and a port, such "
                     "as 192.0.2.7:0 or [2001:db8::7]:4711; not the wildcard");
        return TIGRESS_E_ARGUMENT;
    }
    tg_direct_follow_allocator();
    l = tg_mem_calloc(1, sizeof(*l));
    TG_REQUIRE(l != NULL, TG_E_NOMEM);
    l->fd = -1;
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        l->peers[i].fd = -1;
    }
    TG_TRY(open_socket(&l->fd, &where, where_len));
    TG_TRY(put_url(l));
    *out = l;
    l = NULL;
out:
    tigress_direct_listener_free(&l);
    if (err == TG_E_IO) {
        tg_text_copy(why, why_cap, "address: this device cannot listen on it");
    }
    return tg_direct_error(err);
}

void tigress_direct_listener_free(struct tigress_direct_listener **l)
{
    if (l == NULL || *l == NULL) {
        return;
    }
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        if ((*l)->peers[i].fd >= 0) {
            (void)close((*l)->peers[i].fd);
        }
    }
    if ((*l)->fd >= 0) {
        (void)close((*l)->fd);
    }
    tg_mem_free(*l);
    *l = NULL;
}

const char *tigress_direct_listener_url(const struct tigress_direct_listener *l)
{
    return l != NULL ? l->url : "";
}

enum tigress_error tigress_direct_listener_set_save(struct tigress_direct_listener *l,
                                                    tigress_direct_save_fn *save, void *ctx)
{
    if (l == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    l->save = save;
    l->save_ctx = ctx;
    return TIGRESS_OK;
}

enum tigress_error tigress_direct_listener_set_progress(struct tigress_direct_listener *l,
                                                        tigress_direct_progress_fn *progress,
                                                        void *ctx)
{
    if (l == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    l->progress = progress;
    l->progress_ctx = ctx;
    return TIGRESS_OK;
}

/* ---- peers ---------------------------------------------------------------------------------- */

/* One serve call. */
struct serving {
    struct tigress_direct_listener *l;
    struct tigress_direct_host *host;
    struct tigress_session *s; /* may be NULL */
};

static int64_t now_ms(const struct serving *v)
{
    return tg_tcp_clock_ms(&v->l->clock);
}

static void drop_peer(struct serving *v, struct peer *p)
{
    tigress_direct_host_close(v->host, p->conn);
    (void)close(p->fd);
    *p = (struct peer){ .fd = -1 };
}

static void write_peer(struct serving *v, struct peer *p)
{
    enum tg_tcp_io io = TG_TCP_DONE;

    while (p->fd >= 0 && io == TG_TCP_DONE) {
        size_t len = 0;
        const unsigned char *data = tigress_direct_host_output(v->host, p->conn, &len);

        if (len == 0) {
            break;
        }
        io = tg_tcp_write(p->fd, tg_bytes(data, len), &len);
        tigress_direct_host_sent(v->host, p->conn, len, now_ms(v));
        if (io == TG_TCP_GONE) {
            drop_peer(v, p);
        }
    }
    if (p->fd >= 0 && !tigress_direct_host_is_open(v->host, p->conn) &&
        tigress_direct_host_output(v->host, p->conn, NULL) == NULL) {
        drop_peer(v, p);
    }
}

static void write_peers(struct serving *v)
{
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        if (v->l->peers[i].fd >= 0) {
            write_peer(v, &v->l->peers[i]);
        }
    }
}

static void read_peer(struct serving *v, struct peer *p)
{
    uint8_t piece[READ_STEP / 8];
    size_t len = sizeof(piece);
    enum tg_tcp_io io = tg_tcp_read(p->fd, piece, &len);

    if (io == TG_TCP_DONE) {
        (void)tigress_direct_host_received(v->host, p->conn, piece, len, now_ms(v));
    } else if (io == TG_TCP_GONE) {
        drop_peer(v, p);
    }
}

static void accept_peer(struct serving *v)
{
    struct peer *place = NULL;
    unsigned conn = 0;
    int fd = accept(v->l->fd, NULL, NULL);

    if (fd < 0 || tg_tcp_prepare(fd) != TG_OK) {
        return;
    }
    if (tigress_direct_host_open(v->host, now_ms(v), &conn) != TIGRESS_OK) {
        (void)close(fd);
        return;
    }
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        struct peer *p = &v->l->peers[i];

        /* The host may have given the place of this peer to the new one. */
        if (p->fd >= 0 && !tigress_direct_host_is_open(v->host, p->conn)) {
            drop_peer(v, p);
        }
        if (p->fd < 0) {
            place = p;
        }
    }
    if (place == NULL) {
        tigress_direct_host_close(v->host, conn);
        (void)close(fd);
        return;
    }
    *place = (struct peer){ .fd = fd, .conn = conn };
}

/* ---- serve ---------------------------------------------------------------------------------- */

/* A change is saved before an answer about it is sent. */
static bool was_saved(struct serving *v)
{
    struct tigress_direct_listener *l = v->l;

    if (l->save != NULL && l->save(l->save_ctx, v->host, v->s) != 0) {
        l->is_stopped = true;
    }
    return !l->is_stopped;
}

static void exchange(struct serving *v, int64_t deadline_ms)
{
    struct pollfd fds[1 + TIGRESS_DIRECT_CONNECTIONS_MAX];
    int64_t due_ms = tigress_direct_host_deadline_ms(v->host);
    size_t count = 0;

    if (deadline_ms == 0 || (due_ms != 0 && due_ms < deadline_ms)) {
        deadline_ms = due_ms;
    }
    fds[count++] = (struct pollfd){ .fd = v->l->fd, .events = POLLIN };
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        const struct peer *p = &v->l->peers[i];
        bool has_output = p->fd >= 0 && tigress_direct_host_output(v->host, p->conn, NULL) != NULL;

        fds[count++] =
            (struct pollfd){ .fd = p->fd, .events = (short)(POLLIN | (has_output ? POLLOUT : 0)) };
    }
    tg_tcp_wait(fds, count, deadline_ms, now_ms(v));
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        if (v->l->peers[i].fd >= 0 && (fds[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            read_peer(v, &v->l->peers[i]);
        }
    }
    if ((fds[0].revents & POLLIN) != 0) {
        accept_peer(v);
    }
    tigress_direct_host_tick(v->host, now_ms(v));
    if (!tigress_direct_host_is_changed(v->host) || was_saved(v)) {
        write_peers(v);
    }
}

static bool has_output(const struct serving *v)
{
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        if (v->l->peers[i].fd >= 0 &&
            tigress_direct_host_output(v->host, v->l->peers[i].conn, NULL) != NULL) {
            return true;
        }
    }
    return false;
}

static void linger(struct serving *v)
{
    int64_t until_ms = now_ms(v) + LINGER_MS;

    write_peers(v);
    while (has_output(v) && now_ms(v) < until_ms && !v->l->is_stopped) {
        exchange(v, until_ms);
    }
}

static bool should_stop(struct serving *v, int64_t until_s)
{
    struct tigress_direct_listener *l = v->l;
    int64_t wall_ms = tg_tcp_now_ms(); /* until_s is by the clock of the caller */

    if (until_s > 0 && wall_ms / 1000 >= until_s) {
        l->is_stopped = true;
    }
    if (!l->is_stopped && l->progress != NULL &&
        (wall_ms - l->reported_ms >= 1000 || wall_ms < l->reported_ms)) {
        l->reported_ms = wall_ms;
        l->is_stopped = l->progress(l->progress_ctx) != 0;
    }
    return l->is_stopped;
}

/* Answers a request of the host's own session. false: wait for the peers. */
static bool advance(struct serving *v, enum tigress_want want)
{
    enum tigress_error error = TIGRESS_OK;
    int is_answered = 0;

    if (want != TIGRESS_WANT_HTTP) {
        return false;
    }
    error = tigress_direct_host_perform(v->host, v->s, now_ms(v), &is_answered);
    if (error != TIGRESS_OK && is_answered) {
        error = tigress_direct_host_perform(v->host, v->s, now_ms(v), NULL);
    }
    if (error != TIGRESS_OK && !is_answered) {
        (void)tigress_session_reply_failed(v->s, TIGRESS_NET_LOST);
        return true;
    }
    if (is_answered || tigress_direct_host_is_changed(v->host)) {
        (void)was_saved(v);
    }
    return is_answered != 0;
}

static enum tigress_want step(struct serving *v)
{
    return v->s == NULL ? TIGRESS_WANT_WAIT : tigress_session_step(v->s, now_ms(v) / 1000);
}

enum tigress_want tigress_direct_serve(struct tigress_direct_listener *l,
                                       struct tigress_direct_host *host, struct tigress_session *s,
                                       int64_t until_s)
{
    struct serving v = { l, host, s };
    enum tigress_want want = TIGRESS_FAILED;

    if (l == NULL || host == NULL) {
        return TIGRESS_FAILED;
    }
    l->is_stopped = false;
    l->reported_ms = 0;
    for (;;) {
        want = step(&v);
        if (want != TIGRESS_WANT_HTTP && want != TIGRESS_WANT_WAIT) {
            linger(&v);
            return want;
        }
        if (should_stop(&v, until_s)) {
            if (s != NULL && want == TIGRESS_WANT_HTTP) {
                (void)tigress_session_reply_failed(s, TIGRESS_NET_INTERRUPTED);
            }
            return want;
        }
        if (!advance(&v, want)) {
            int64_t wake_s = s != NULL ? tigress_session_deadline_s(s) : 0;

            exchange(&v, wake_s * 1000);
        }
    }
}
