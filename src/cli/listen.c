/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listen.h"

#include "cli/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 8192u
#define EXCHANGE_MAX_S 10 /* for a whole request, so that no peer blocks the endpoint */
#define DRAIN_MAX_S 1
#define DRAIN_READS_MAX 64
#define POLL_MAX_S 3600

struct listener {
    int fd;
    SSL_CTX *tls;
    SSL *peer; /* connection of the POST that waits for its answer */
    int peer_fd;
    char origin[LISTEN_ORIGIN_MAX];
};

static const struct {
    const char *host; /* as in the address, and in the origin */
    int family;
} hosts[] = { { "127.0.0.1", AF_INET }, { "localhost", AF_INET }, { "[::1]", AF_INET6 } };

/* ---- opening -------------------------------------------------------------------------------- */

/* The port of "HOST:PORT"; -1: not that, or a host that others may reach. */
static int parse_address(const char *address, size_t *host)
{
    const char *colon = strrchr(address, ':');
    char *end = NULL;
    long port = colon == NULL ? -1 : strtol(colon + 1, &end, 10);

    if (colon == NULL || colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (strlen(hosts[i].host) == (size_t)(colon - address) &&
            strncasecmp(hosts[i].host, address, (size_t)(colon - address)) == 0) {
            *host = i;
            return (int)port;
        }
    }
    return -1;
}

static bool bind_loopback(int fd, int family, int port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    return (family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
                              : bind(fd, (struct sockaddr *)&v6, sizeof(v6))) == 0;
}

static int bound_port(int fd)
{
    struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    socklen_t len = sizeof(name);

    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0) {
        return 0;
    }
    memcpy(&v4, &name, sizeof(v4));
    memcpy(&v6, &name, sizeof(v6));
    return ntohs(name.ss_family == AF_INET ? v4.sin_port : v6.sin6_port);
}

static enum cli_exit open_socket(struct ui *ui, struct listener *l, const char *address)
{
    const int yes = 1;
    size_t host = 0;
    int port = parse_address(address, &host);

    if (port < 0) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--webpush-listen: expected 127.0.0.1, localhost or [::1], a colon and a "
                       "port; port 0 selects a free port.");
    }
    l->fd = socket(hosts[host].family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        !bind_loopback(l->fd, hosts[host].family, port) || listen(l->fd, 8) != 0) {
        return ui_fail(ui, CLI_REFUSED, "listen", "cannot listen on %s: %s.", address,
                       strerror(errno));
    }
    snprintf(l->origin, sizeof(l->origin), "https://%s:%d", hosts[host].host, bound_port(l->fd));
    return CLI_OK;
}

static enum cli_exit open_tls(struct ui *ui, struct listener *l, const char *cert, const char *key)
{
    l->tls = SSL_CTX_new(TLS_server_method());
    if (l->tls == NULL || SSL_CTX_set_min_proto_version(l->tls, TLS1_2_VERSION) != 1) {
        return ui_fail(ui, CLI_REFUSED, "tls", "the TLS library failed to start.");
    }
    if (SSL_CTX_use_certificate_chain_file(l->tls, cert) != 1) {
        return ui_fail(ui, CLI_REFUSED, "certificate",
                       "%s has no usable certificate (expected: a certificate or a chain in PEM).",
                       cert);
    }
    if (SSL_CTX_use_PrivateKey_file(l->tls, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(l->tls) != 1) {
        return ui_fail(ui, CLI_REFUSED, "certificate",
                       "%s is not the private key of the certificate (expected: PEM).", key);
    }
    return CLI_OK;
}

enum cli_exit listen_open(struct ui *ui, struct listener **out, const char *address,
                          const char *cert, const char *key)
{
    struct listener *l = cli_alloc(sizeof(*l));
    enum cli_exit exit;

    if (l == NULL) {
        return ui_fail(ui, CLI_REFUSED, "memory", "out of memory.");
    }
    l->fd = -1;
    l->peer_fd = -1;
    exit = open_socket(ui, l, address);
    if (exit == CLI_OK) {
        exit = open_tls(ui, l, cert, key);
    }
    if (exit != CLI_OK) {
        listen_close(&l);
        return exit;
    }
    *out = l;
    return CLI_OK;
}

static void disconnect(struct listener *l)
{
    SSL_free(l->peer);
    l->peer = NULL;
    if (l->peer_fd >= 0) {
        (void)close(l->peer_fd);
    }
    l->peer_fd = -1;
}

void listen_close(struct listener **l)
{
    if (l == NULL || *l == NULL) {
        return;
    }
    disconnect(*l);
    SSL_CTX_free((*l)->tls);
    if ((*l)->fd >= 0) {
        (void)close((*l)->fd);
    }
    cli_free(*l);
    *l = NULL;
}

const char *listen_origin(const struct listener *l)
{
    return l->origin;
}

/* ---- a request ------------------------------------------------------------------------------ */

struct request {
    char bytes[HEAD_MAX + LISTEN_BODY_MAX + 1]; /* len bytes and a NUL */
    size_t len;
    size_t head_len; /* with the empty line; 0: not complete */
    time_t until;
};

/* Reads more; false: the peer closed, or it took too long. */
static bool read_more(struct listener *l, struct request *r)
{
    int got;

    if (time(NULL) >= r->until || r->len == sizeof(r->bytes) - 1) {
        return false;
    }
    got = SSL_read(l->peer, r->bytes + r->len, (int)(sizeof(r->bytes) - 1 - r->len));
    if (got <= 0) {
        return false;
    }
    r->len += (size_t)got;
    r->bytes[r->len] = '\0';
    return true;
}

static bool read_head(struct listener *l, struct request *r)
{
    const char *end;

    while ((end = strstr(r->bytes, "\r\n\r\n")) == NULL) {
        if (r->len > HEAD_MAX || !read_more(l, r)) {
            return false;
        }
    }
    r->head_len = (size_t)(end - r->bytes) + 4;
    return r->head_len <= HEAD_MAX;
}

/* The value of a header, up to the end of its line; NULL: not there. */
static const char *header_of(const struct request *r, const char *name)
{
    size_t len = strlen(name);
    const char *line = strstr(r->bytes, "\r\n") + 2;

    while (line < r->bytes + r->head_len - 2) {
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            return line + len + 1 + strspn(line + len + 1, " \t");
        }
        line = strstr(line, "\r\n") + 2;
    }
    return NULL;
}

static bool has_value(const struct request *r, const char *name, const char *value)
{
    const char *found = header_of(r, name);

    return found != NULL && strncasecmp(found, value, strlen(value)) == 0 &&
           strspn(found + strlen(value), " \t\r") > 0;
}

/* The value of Content-Length; -1: missing, or not a number. */
static long body_len(const struct request *r)
{
    const char *text = header_of(r, "Content-Length");
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");

    return digits == 0 || digits > 6 || text[digits] != '\r' ? -1 : strtol(text, NULL, 10);
}

/* 0: a complete push is in *post. Otherwise the status that refuses it. */
static unsigned take_request(struct listener *l, struct request *r, struct listen_post *post)
{
    size_t path_len;
    long len;

    if (!read_head(l, r)) {
        return 400;
    }
    if (strncmp(r->bytes, "POST ", 5) != 0) {
        return 405;
    }
    path_len = strcspn(r->bytes + 5, " \r");
    if (path_len >= sizeof(post->path)) {
        return 404;
    }
    if (!has_value(r, "Content-Encoding", "aes128gcm")) {
        return 415;
    }
    len = body_len(r);
    if (len < 0 || len > (long)LISTEN_BODY_MAX) {
        return len < 0 ? 411 : 413;
    }
    while (r->len < r->head_len + (size_t)len) {
        if (!read_more(l, r)) {
            return 400;
        }
    }
    memcpy(post->path, r->bytes + 5, path_len);
    post->path[path_len] = '\0';
    memcpy(post->body, r->bytes + r->head_len, (size_t)len);
    post->len = (size_t)len;
    return 0;
}

/* Reads what a refused peer still sends: closing now would reset the connection and lose the
 * answer. */
static void drain(struct listener *l)
{
    const struct timeval limit = { .tv_sec = DRAIN_MAX_S };
    char rest[1024];

    (void)setsockopt(l->peer_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)shutdown(l->peer_fd, SHUT_WR);
    for (int i = 0; i < DRAIN_READS_MAX && recv(l->peer_fd, rest, sizeof(rest), 0) > 0; i++) {
    }
}

void listen_answer(struct listener *l, unsigned status)
{
    char answer[160];
    int len = snprintf(answer, sizeof(answer),
                       "HTTP/1.1 %u %s\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", status,
                       status < 300 ? "Created" : "Refused",
                       status == 201 ? "Location: /message\r\n" : "");

    if (l->peer != NULL && SSL_write(l->peer, answer, len) == len) {
        (void)SSL_shutdown(l->peer);
        drain(l);
    }
    disconnect(l);
}

/* Accepts a connection and does the TLS handshake; false: there is none. */
static bool accept_peer(struct listener *l)
{
    const struct timeval limit = { .tv_sec = EXCHANGE_MAX_S / 2 };

    l->peer_fd = accept(l->fd, NULL, NULL);
    if (l->peer_fd < 0) {
        return false;
    }
    (void)fcntl(l->peer_fd, F_SETFD, FD_CLOEXEC);
    (void)setsockopt(l->peer_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(l->peer_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    l->peer = SSL_new(l->tls);
    if (l->peer == NULL || SSL_set_fd(l->peer, l->peer_fd) != 1 || SSL_accept(l->peer) != 1) {
        disconnect(l);
        return false;
    }
    return true;
}

/* Milliseconds until until_s, at most an hour; 0: it has passed. */
static int left_ms(int64_t until_s)
{
    int64_t left_s = until_s == 0 ? POLL_MAX_S : until_s - (int64_t)time(NULL);

    return left_s <= 0 ? 0 : (int)(left_s < POLL_MAX_S ? left_s : POLL_MAX_S) * 1000;
}

bool listen_wait(struct listener *l, int64_t until_s, struct listen_post *post)
{
    struct request *r = cli_alloc(sizeof(*r));
    struct pollfd ready = { .fd = l->fd, .events = POLLIN };
    bool has_come = false;
    int wait_ms;

    while (r != NULL && !has_come && (wait_ms = left_ms(until_s)) > 0) {
        if (poll(&ready, 1, wait_ms) == 1 && accept_peer(l)) {
            unsigned status;

            memset(r, 0, sizeof(*r));
            r->until = time(NULL) + EXCHANGE_MAX_S;
            status = take_request(l, r, post);
            has_come = status == 0;
            if (!has_come) {
                listen_answer(l, status);
            }
        }
    }
    cli_free(r);
    return has_come;
}
