/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OUT_MAX 1000000u
#define ANSWER_MAX 300000u

double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool address_set(struct sockaddr_storage *out, socklen_t *len, const char *text)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        *len = sizeof(*v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        *len = sizeof(*v6);
        return true;
    }
    return false;
}

static uint8_t *address_bytes(struct sockaddr_storage *at, unsigned *bits)
{
    if (at->ss_family == AF_INET) {
        *bits = 32;
        return (uint8_t *)&((struct sockaddr_in *)at)->sin_addr;
    }
    *bits = 128;
    return ((struct sockaddr_in6 *)at)->sin6_addr.s6_addr;
}

bool target_set(struct target *t, const char *server, const char *from)
{
    char text[128];
    char *end = NULL;
    socklen_t from_len = 0;
    uint16_t port = 0;

    snprintf(text, sizeof(text), "%s", server);
    end = strrchr(text, ':');
    if (end == NULL) {
        return false;
    }
    *end = '\0';
    port = htons((uint16_t)atoi(end + 1));
    if (text[0] == '[') {
        text[strlen(text) - 1] = '\0';
    }
    if (!address_set(&t->server, &t->server_len, text[0] == '[' ? text + 1 : text)) {
        return false;
    }
    if (t->server.ss_family == AF_INET) {
        ((struct sockaddr_in *)&t->server)->sin_port = port;
    } else {
        ((struct sockaddr_in6 *)&t->server)->sin6_port = port;
    }
    snprintf(text, sizeof(text), "%s", from);
    end = strchr(text, '/');
    if (end == NULL) {
        return false;
    }
    *end = '\0';
    t->from_bits = (unsigned)atoi(end + 1);
    return address_set(&t->from, &from_len, text) && t->from.ss_family == t->server.ss_family;
}

/* An address of the network: random bits after the prefix. */
static struct sockaddr_storage pick_source(const struct target *t)
{
    struct sockaddr_storage source = t->from;
    unsigned bits = 0;
    uint8_t *bytes = address_bytes(&source, &bits);
    uint8_t noise[16];

    (void)getrandom(noise, sizeof(noise), 0);
    for (unsigned i = t->from_bits; i < bits; i++) {
        uint8_t mask = (uint8_t)(0x80u >> (i % 8));

        bytes[i / 8] = (uint8_t)((bytes[i / 8] & ~mask) | (noise[i / 8] & mask));
    }
    return source;
}

static bool wait_for(int fd, short events, int limit_s)
{
    struct pollfd poll_fd = { .fd = fd, .events = events };

    return poll(&poll_fd, 1, limit_s * 1000) == 1 && (poll_fd.revents & POLLNVAL) == 0;
}

static bool dial(struct peer *p, int limit_s)
{
    const struct target *t = p->target;
    struct sockaddr_storage source = pick_source(t);
    int on = 1;
    int error = 0;
    socklen_t len = sizeof(error);

    p->fd = socket(t->server.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0) {
        return false;
    }
    (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(p->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    (void)setsockopt(p->fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
    if (bind(p->fd, (struct sockaddr *)&source, t->server_len) != 0) {
        return false;
    }
    if (connect(p->fd, (const struct sockaddr *)&t->server, t->server_len) != 0 &&
        errno != EINPROGRESS) {
        return false;
    }
    return wait_for(p->fd, POLLOUT, limit_s) &&
           getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

static bool shake_hands(struct peer *p, const char *alpn, int limit_s)
{
    double until_s = now_s() + limit_s;
    uint8_t protocol[16];
    size_t len = strlen(alpn);

    protocol[0] = (uint8_t)len;
    memcpy(protocol + 1, alpn, len);
    p->ssl = SSL_new(p->target->tls);
    if (p->ssl == NULL || SSL_set_fd(p->ssl, p->fd) != 1 ||
        SSL_set_alpn_protos(p->ssl, protocol, (unsigned)len + 1) != 0) {
        return false;
    }
    SSL_set_connect_state(p->ssl);
    while (now_s() < until_s) {
        int result = 0;
        int error = 0;

        ERR_clear_error(); /* of another connection; SSL_get_error looks at it */
        result = SSL_do_handshake(p->ssl);
        error = SSL_get_error(p->ssl, result);

        if (result == 1) {
            return true;
        }
        if ((error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) ||
            !wait_for(p->fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, limit_s)) {
            return false;
        }
    }
    return false;
}

bool peer_open(struct peer *p, const struct target *t, bool is_tls, const char *alpn, int limit_s)
{
    peer_close(p);
    p->target = t;
    p->stream_id = 1;
    p->stream_count = 0;
    p->step_count = 0;
    p->path[0] = '\0';
    if (dial(p, limit_s) && (!is_tls || shake_hands(p, alpn, limit_s))) {
        return true;
    }
    peer_close(p);
    return false;
}

void peer_close(struct peer *p)
{
    SSL_free(p->ssl);
    p->ssl = NULL;
    if (p->fd >= 0 && p->target != NULL) {
        close(p->fd);
    }
    p->fd = -1;
    p->out_at = 0;
    p->out_len = 0;
    free(p->out);
    p->out = NULL;
}

void peer_put(struct peer *p, const void *bytes, size_t len)
{
    uint8_t *out = NULL;

    if (p->fd < 0 || p->out_len + len > OUT_MAX) {
        return;
    }
    out = realloc(p->out, p->out_len + len);
    if (out == NULL) {
        exit(1);
    }
    memcpy(out + p->out_len, bytes, len);
    p->out = out;
    p->out_len += len;
}

/* Returns what was written, 0: not at the moment, -1: broken. */
static long write_some(struct peer *p, const uint8_t *bytes, size_t len)
{
    if (p->ssl != NULL) {
        size_t sent = 0;
        int result = 0;
        int error = 0;

        ERR_clear_error();
        result = SSL_write_ex(p->ssl, bytes, len, &sent);
        error = SSL_get_error(p->ssl, result);

        return result == 1                                                     ? (long)sent
               : error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0
                                                                               : -1;
    }
    ssize_t sent = send(p->fd, bytes, len, MSG_NOSIGNAL);

    return sent >= 0 ? (long)sent : errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
}

bool peer_flush(struct peer *p)
{
    while (p->out_at < p->out_len) {
        long sent = write_some(p, p->out + p->out_at, p->out_len - p->out_at);

        if (sent < 0) {
            return false;
        }
        if (sent == 0) {
            return true;
        }
        p->out_at += (size_t)sent;
    }
    p->out_at = 0;
    p->out_len = 0;
    return true;
}

long peer_read(struct peer *p, void *out, size_t cap)
{
    static uint8_t discarded[16384];
    uint8_t *to = out != NULL ? out : discarded;
    size_t room = out != NULL ? cap : sizeof(discarded);

    if (p->ssl != NULL) {
        size_t got = 0;
        int result = 0;
        int error = 0;

        ERR_clear_error();
        result = SSL_read_ex(p->ssl, to, room, &got);
        error = SSL_get_error(p->ssl, result);

        return result == 1                                                     ? (long)got
               : error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0
                                                                               : -1;
    }
    ssize_t got = recv(p->fd, to, room, 0);

    return got > 0 ? (long)got : got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
}

unsigned peer_answer(struct peer *p, int limit_s)
{
    static char answer[ANSWER_MAX + 1];
    double until_s = now_s() + limit_s;
    size_t len = 0;

    while (now_s() < until_s && len < ANSWER_MAX) {
        long got = peer_read(p, answer + len, ANSWER_MAX - len);
        char *end = NULL;
        const char *length = NULL;

        if (got < 0) {
            return 0;
        }
        if (got == 0) {
            if (!peer_flush(p) || !wait_for(p->fd, POLLIN, limit_s)) {
                return 0;
            }
            continue;
        }
        len += (size_t)got;
        answer[len] = '\0';
        end = strstr(answer, "\r\n\r\n");
        if (end == NULL) {
            continue;
        }
        length = strcasestr(answer, "\ncontent-length:");
        if (length == NULL || (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10) <= len) {
            return (unsigned)strtoul(answer + 9, NULL, 10);
        }
    }
    return 0;
}

const char *peer_find(struct peer *p, const char *what, char *out, size_t cap, int limit_s)
{
    double until_s = now_s() + limit_s;
    size_t len = 0;

    while (now_s() < until_s && len + 1 < cap && peer_flush(p)) {
        long got = peer_read(p, out + len, cap - 1 - len);
        const uint8_t *found = NULL;

        if (got < 0) {
            return NULL;
        }
        if (got == 0) {
            (void)wait_for(p->fd, POLLIN, limit_s);
            continue;
        }
        len += (size_t)got;
        out[len] = '\0';
        found = memmem(out, len, what, strlen(what));
        if (found != NULL) {
            return (const char *)found;
        }
    }
    return NULL;
}
