/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/pg_proxy.h"

#include "support/c/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HELD_MAX (1u << 20)
#define SOCKET_NAME ".s.PGSQL.5432"
#define POLL_MS 20

/* One direction of a connection. */
struct way {
    size_t len;
    unsigned char held[HELD_MAX];
};

struct pair {
    int fds[2];         /* the client, the server; -1: the pair is free */
    bool is_started;    /* the client's first message, which has no type, is through */
    bool has_statement; /* the one to cut at was sent, and no sync point since */
    struct way ways[2];
};

/* ---- sockets -------------------------------------------------------------------------------- */

static struct sockaddr_un address(const char *folder)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int len = snprintf(at.sun_path, sizeof(at.sun_path), "%s/" SOCKET_NAME, folder);

    assert_true(len > 0 && (size_t)len < sizeof(at.sun_path));
    return at;
}

static int connect_to(const char *folder)
{
    struct sockaddr_un at = address(folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static void close_pair(struct pair *pair)
{
    for (int side = 0; side < 2; side++) {
        if (pair->fds[side] >= 0) {
            (void)close(pair->fds[side]);
        }
        pair->fds[side] = -1;
        pair->ways[side].len = 0;
    }
}

static bool send_all(int fd, const unsigned char *at, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* ---- messages ------------------------------------------------------------------------------- */

static size_t number(const unsigned char *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* The length of the first message; 0: it is not complete. */
static size_t message_len(const struct pair *pair, int side)
{
    const struct way *way = &pair->ways[side];
    size_t head = side == 0 && !pair->is_started ? 0 : 1;
    size_t len = way->len < head + 4 ? 0 : head + number(way->held + head);

    assert_true(len <= HELD_MAX);
    return len <= way->len ? len : 0;
}

/* The name of the statement comes after the portal's, which is empty. */
static bool is_bind_of(const unsigned char *message, size_t len, const char *statement)
{
    size_t name = strlen(statement) + 1;

    return message[0] == 'B' && len > 6 + name && memcmp(message + 6, statement, name) == 0;
}

/* Whether the connection is cut at this message. */
static bool is_cut(struct pg_proxy *p, struct pair *pair, int side, const unsigned char *message,
                   size_t len)
{
    int cut = atomic_load(&p->cut);

    if (cut == PG_PROXY_NEVER || !pair->is_started) {
        return false;
    }
    if (side == 0 && is_bind_of(message, len, p->statement)) {
        pair->has_statement = true;
    }
    return pair->has_statement && (cut == PG_PROXY_BEFORE_COMMIT ? side == 0 && message[0] == 'S'
                                                                 : side == 1 && message[0] == 'Z');
}

/* ParameterStatus: the name, NUL, "off", NUL. */
static bool is_read_only_off(const unsigned char *message, size_t len)
{
    static const char name[] = "default_transaction_read_only\0off";

    return message[0] == 'S' && len == 5 + sizeof(name) &&
           memcmp(message + 5, name, sizeof(name)) == 0;
}

static bool pass(struct pg_proxy *p, struct pair *pair, int side, unsigned char *message,
                 size_t len)
{
    static const char on[] = "S\0\0\0\x25"
                             "default_transaction_read_only\0on";

    if (side == 1 && atomic_load(&p->is_read_only) && is_read_only_off(message, len)) {
        return send_all(pair->fds[0], (const unsigned char *)on, sizeof(on));
    }
    return send_all(pair->fds[1 - side], message, len);
}

/* Passes the whole messages that have come from a side. False: the pair ends. */
static bool move(struct pg_proxy *p, struct pair *pair, int side)
{
    struct way *way = &pair->ways[side];
    ssize_t got = recv(pair->fds[side], way->held + way->len, HELD_MAX - way->len, 0);
    size_t len = 0;

    if (got <= 0) {
        return false;
    }
    way->len += (size_t)got;
    while ((len = message_len(pair, side)) > 0) {
        if (is_cut(p, pair, side, way->held, len)) {
            atomic_store(&p->cut, PG_PROXY_NEVER);
            atomic_fetch_add(&p->cut_count, 1);
            return false;
        }
        if (!pass(p, pair, side, way->held, len)) {
            return false;
        }
        pair->is_started = pair->is_started || side == 0;
        way->len -= len;
        memmove(way->held, way->held + len, way->len);
    }
    return true;
}

/* ---- the thread ----------------------------------------------------------------------------- */

static void accept_one(struct pg_proxy *p, struct pair *pairs)
{
    int fd = accept(p->listen_fd, NULL, NULL);

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; !atomic_load(&p->is_refusing) && i < PG_PROXY_PAIRS; i++) {
        if (pairs[i].fds[0] < 0) {
            pairs[i].fds[1] = connect_to(p->server);
            if (pairs[i].fds[1] < 0) {
                break;
            }
            pairs[i].fds[0] = fd;
            pairs[i].is_started = false;
            pairs[i].has_statement = false;
            atomic_fetch_add(&p->accepted_count, 1);
            return;
        }
    }
    (void)close(fd);
}

static void *run(void *ctx)
{
    struct pg_proxy *p = ctx;
    struct pair *pairs = calloc(PG_PROXY_PAIRS, sizeof(*pairs));

    assert_non_null(pairs);
    for (size_t i = 0; i < PG_PROXY_PAIRS; i++) {
        pairs[i].fds[0] = pairs[i].fds[1] = -1;
    }
    while (!atomic_load(&p->must_end)) {
        struct pollfd fds[1 + 2 * PG_PROXY_PAIRS] = { { .fd = p->listen_fd, .events = POLLIN } };

        for (size_t i = 0; i < 2 * PG_PROXY_PAIRS; i++) {
            fds[1 + i] = (struct pollfd){ .fd = pairs[i / 2].fds[i % 2], .events = POLLIN };
        }
        (void)poll(fds, TG_COUNT(fds), POLL_MS);
        for (size_t i = 0; i < 2 * PG_PROXY_PAIRS; i++) {
            struct pair *pair = &pairs[i / 2];
            bool is_over = atomic_load(&p->is_refusing);

            if (pair->fds[i % 2] >= 0 &&
                (is_over || (fds[1 + i].revents != 0 && !move(p, pair, (int)(i % 2))))) {
                close_pair(pair);
            }
        }
        if (fds[0].revents != 0) {
            accept_one(p, pairs);
        }
    }
    for (size_t i = 0; i < PG_PROXY_PAIRS; i++) {
        close_pair(&pairs[i]);
    }
    free(pairs);
    return NULL;
}

void pg_proxy_start(struct pg_proxy *p, const char *server)
{
    struct sockaddr_un at;

    memset(p, 0, sizeof(*p));
    assert_true(snprintf(p->server, sizeof(p->server), "%s", server) < (int)sizeof(p->server));
    (void)snprintf(p->folder, sizeof(p->folder), "/tmp/tg-proxy-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    at = address(p->folder);
    p->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(p->listen_fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(p->listen_fd, 16), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
}

void pg_proxy_stop(struct pg_proxy *p)
{
    struct sockaddr_un at = address(p->folder);

    atomic_store(&p->must_end, true);
    (void)pthread_join(p->thread, NULL);
    (void)close(p->listen_fd);
    (void)unlink(at.sun_path);
    (void)rmdir(p->folder);
}
