/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - drives one HTTP/1.1 server on loopback with many connections from one thread, and prints
 * one JSON line: operations a second and latency percentiles.
 *
 *   load MODE HOST:PORT [--tls] [--path /x] [--connections 64] [--seconds 3] [--payload 1024]
 *
 *   get        GET --path on persistent connections
 *   handshake  repeats: connect, full TLS handshake, one GET, close
 *   create     CreateMailbox with new claims on persistent connections
 *   transfer   the stateful transfer of eight requests on persistent connections; one operation is
 *              one transfer, the latency is that of one request
 *
 * The certificate is not checked, because only the server is measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define REQUEST_MAX 70000
#define RESPONSE_MAX 200000
#define SAMPLES_MAX (1u << 22)
#define UUID_TEXT 37
#define URL_MARK "/v1/m/"

enum mode { MODE_GET, MODE_HANDSHAKE, MODE_CREATE, MODE_TRANSFER };

struct options {
    enum mode mode;
    struct sockaddr_in address;
    bool is_tls;
    const char *path;
    int connections;
    double seconds;
    size_t payload_len;
};

struct peer {
    int fd;
    SSL *ssl;
    bool is_connected; /* TCP and TLS are established */
    int step;          /* of a transfer: 0 to 7 */
    char initiator[UUID_TEXT], recipient[UUID_TEXT], mailbox[UUID_TEXT];
    double sent_s;
    char out[REQUEST_MAX];
    size_t out_len, out_at;
    char in[RESPONSE_MAX];
    size_t in_len;
    uint32_t events;
};

struct totals {
    uint64_t operations, requests, failures;
    uint32_t *samples_us;
    size_t sample_count;
};

static char payload_text[REQUEST_MAX];
static char expiration[32]; /* an hour from the start */

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void fresh_uuid(char text[UUID_TEXT])
{
    static uint8_t pool[4096];
    static size_t used = sizeof(pool);
    uint8_t *b = NULL;

    if (used + 16 > sizeof(pool)) {
        if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool)) {
            fail("getrandom");
        }
        used = 0;
    }
    b = pool + used;
    used += 16;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(text, UUID_TEXT,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

/* One step of the stateful transfer: who sends what. */
static const struct {
    const char *method;
    bool is_initiator, has_claim, has_request_id, has_body;
} steps[] = {
    { "POST", true, true, true, true },     /* create */
    { "GET", false, false, false, false },  /* preview */
    { "POST", false, true, false, false },  /* first read binds */
    { "PUT", false, true, true, true },     /* key signing request */
    { "POST", true, true, false, false },   /* read it */
    { "PUT", true, true, true, true },      /* key import request */
    { "POST", false, true, false, false },  /* read it */
    { "DELETE", false, true, true, false }, /* done */
};
#define STEP_COUNT ((int)(sizeof(steps) / sizeof(steps[0])))

static size_t write_body(char *body, size_t cap, int step)
{
    int len = 0;

    if (!steps[step].has_body) {
        return 0;
    }
    len = snprintf(body, cap, "{\"payload\":{\"type\":\"AEAD_AES_128_GCM\",\"data\":\"%s\"}",
                   payload_text);
    if (step == 0) {
        len += snprintf(body + len, cap - (size_t)len,
                        ",\"displayInformation\":{\"title\":\"Car key\",\"description\":\"A key\","
                        "\"imageURL\":\"https://cars.example/key.png\"},"
                        "\"mailboxConfiguration\":{\"accessRights\":\"RWD\",\"expiration\":\"%s\"}",
                        expiration);
    }
    len += snprintf(body + len, cap - (size_t)len, "}");
    return (size_t)len;
}

static void fill_mailbox_request(struct peer *p)
{
    static char body[REQUEST_MAX - 1024];
    char request_id[UUID_TEXT] = "";
    char claim_line[128] = "";
    char id_line[128] = "";
    size_t body_len = 0;

    if (p->step == 0) {
        fresh_uuid(p->initiator);
        fresh_uuid(p->recipient);
        p->mailbox[0] = '\0';
    }
    body_len = write_body(body, sizeof(body), p->step);
    if (steps[p->step].has_claim) {
        (void)snprintf(claim_line, sizeof(claim_line), "Mailbox-Device-Claim: %s\r\n",
                       steps[p->step].is_initiator ? p->initiator : p->recipient);
    }
    if (steps[p->step].has_request_id) {
        fresh_uuid(request_id);
        (void)snprintf(id_line, sizeof(id_line), "Mailbox-Request-ID: %s\r\n", request_id);
    }
    p->out_len = (size_t)snprintf(
        p->out, sizeof(p->out),
        "%s /v1/m%s%s HTTP/1.1\r\nHost: localhost\r\n%s%s%sContent-Length: %zu\r\n\r\n%.*s",
        steps[p->step].method, p->step > 0 ? "/" : "", p->mailbox, claim_line, id_line,
        body_len > 0 ? "Content-Type: application/json\r\n" : "", body_len, (int)body_len, body);
}

static void fill_request(struct peer *p, const struct options *o)
{
    if (o->mode == MODE_GET || o->mode == MODE_HANDSHAKE) {
        p->out_len = (size_t)snprintf(p->out, sizeof(p->out),
                                      "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", o->path);
    } else {
        fill_mailbox_request(p);
    }
    p->out_at = 0;
    p->in_len = 0;
    p->sent_s = now_s();
}

static void set_events(int epoll_fd, struct peer *p, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = p };

    if (p->events == events) {
        return;
    }
    if (epoll_ctl(epoll_fd, p->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, p->fd, &e) != 0) {
        fail("epoll_ctl");
    }
    p->events = events;
}

static void peer_open(struct peer *p, const struct options *o, SSL_CTX *tls, int epoll_fd)
{
    int one = 1;

    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0) {
        fail("socket");
    }
    (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(p->fd, (const struct sockaddr *)&o->address, sizeof(o->address)) != 0 &&
        errno != EINPROGRESS) {
        fail("connect");
    }
    p->is_connected = !o->is_tls;
    p->events = 0;
    if (o->is_tls) {
        p->ssl = SSL_new(tls);
        if (p->ssl == NULL || SSL_set_fd(p->ssl, p->fd) != 1) {
            fail("SSL_new");
        }
        SSL_set_connect_state(p->ssl);
    }
    fill_request(p, o);
    set_events(epoll_fd, p, EPOLLOUT);
}

static void peer_close(struct peer *p)
{
    if (p->ssl != NULL) {
        SSL_set_quiet_shutdown(p->ssl, 1);
        SSL_free(p->ssl);
        p->ssl = NULL;
    }
    (void)close(p->fd);
    p->fd = -1;
}

/* Number of bytes; 0: would block (*want has the event to wait for); -1: the connection is closed.
 */
static ssize_t peer_io(struct peer *p, bool is_write, char *at, size_t len, uint32_t *want)
{
    ssize_t got = 0;

    if (p->ssl == NULL) {
        got = is_write ? send(p->fd, at, len, MSG_NOSIGNAL) : recv(p->fd, at, len, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            *want = is_write ? EPOLLOUT : EPOLLIN;
            return 0;
        }
        return got > 0 ? got : -1;
    }
    got = is_write ? SSL_write(p->ssl, at, (int)len) : SSL_read(p->ssl, at, (int)len);
    if (got > 0) {
        return got;
    }
    switch (SSL_get_error(p->ssl, (int)got)) {
    case SSL_ERROR_WANT_READ:
        *want = EPOLLIN;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        *want = EPOLLOUT;
        return 0;
    default:
        return -1;
    }
}

/* The status of a complete response; 0: not complete. */
static int response_status(struct peer *p)
{
    char *end = NULL;
    char *length = NULL;
    size_t head = 0;
    size_t body = 0;

    p->in[p->in_len] = '\0';
    end = strstr(p->in, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    head = (size_t)(end - p->in) + 4;
    length = strcasestr(p->in, "\r\ncontent-length:");
    body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return p->in_len >= head + body ? (int)strtol(p->in + 9, NULL, 10) : 0;
}

static bool take_mailbox(struct peer *p)
{
    const char *at = strstr(p->in, URL_MARK);

    if (at == NULL) {
        return false;
    }
    (void)snprintf(p->mailbox, sizeof(p->mailbox), "%.36s", at + strlen(URL_MARK));
    return strlen(p->mailbox) == UUID_TEXT - 1;
}

static void count_answer(struct peer *p, const struct options *o, struct totals *t, int status)
{
    double us = (now_s() - p->sent_s) * 1e6;
    bool is_good = status == 200;

    t->requests++;
    if (t->sample_count < SAMPLES_MAX) {
        t->samples_us[t->sample_count++] = (uint32_t)us;
    }
    if (o->mode == MODE_TRANSFER && is_good && p->step == 0) {
        is_good = take_mailbox(p);
    }
    if (!is_good) {
        if (t->failures++ == 0) {
            fprintf(stderr, "load: first failure: step %d: %.120s\n", p->step, p->in);
        }
        p->step = 0;
        return;
    }
    if (o->mode == MODE_TRANSFER) {
        p->step = (p->step + 1) % STEP_COUNT;
        t->operations += p->step == 0 ? 1 : 0;
    } else {
        t->operations++;
    }
}

static void finish_response(struct peer *p, const struct options *o, struct totals *t, SSL_CTX *tls,
                            int epoll_fd, int status)
{
    bool is_closing = strcasestr(p->in, "\r\nconnection: close") != NULL;

    count_answer(p, o, t, status);
    if (o->mode == MODE_HANDSHAKE || is_closing) {
        peer_close(p);
        peer_open(p, o, tls, epoll_fd);
        return;
    }
    fill_request(p, o);
    set_events(epoll_fd, p, EPOLLOUT);
}

static void lost(struct peer *p, const struct options *o, struct totals *t, SSL_CTX *tls,
                 int epoll_fd)
{
    t->failures++;
    p->step = 0;
    peer_close(p);
    peer_open(p, o, tls, epoll_fd);
}

static void peer_ready(struct peer *p, const struct options *o, struct totals *t, SSL_CTX *tls,
                       int epoll_fd)
{
    uint32_t want = 0;

    if (p->out_at < p->out_len) {
        ssize_t sent = peer_io(p, true, p->out + p->out_at, p->out_len - p->out_at, &want);

        if (sent < 0) {
            lost(p, o, t, tls, epoll_fd);
            return;
        }
        p->out_at += (size_t)sent;
        if (p->out_at < p->out_len) {
            set_events(epoll_fd, p, want == 0 ? EPOLLOUT : want);
            return;
        }
    }
    for (;;) {
        ssize_t got = peer_io(p, false, p->in + p->in_len, sizeof(p->in) - 1 - p->in_len, &want);
        int status = 0;

        if (got < 0) {
            lost(p, o, t, tls, epoll_fd);
            return;
        }
        if (got == 0) {
            set_events(epoll_fd, p, want);
            return;
        }
        p->in_len += (size_t)got;
        status = response_status(p);
        if (status != 0) {
            finish_response(p, o, t, tls, epoll_fd, status);
            return;
        }
    }
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void report(const struct totals *t, double elapsed_s)
{
    size_t n = t->sample_count;

    qsort(t->samples_us, n, sizeof(*t->samples_us), compare_u32);
    printf("{\"operations_per_s\":%.1f,\"requests_per_s\":%.1f,\"failures\":%llu,\"p50_us\":%u,"
           "\"p99_us\":%u}\n",
           (double)t->operations / elapsed_s, (double)t->requests / elapsed_s,
           (unsigned long long)t->failures, n > 0 ? t->samples_us[n / 2] : 0,
           n > 0 ? t->samples_us[n * 99 / 100] : 0);
}

static void run(const struct options *o)
{
    struct peer *peers = calloc((size_t)o->connections, sizeof(*peers));
    struct totals t = { .samples_us = malloc(SAMPLES_MAX * sizeof(uint32_t)) };
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    double start = 0;

    if (peers == NULL || t.samples_us == NULL || tls == NULL || epoll_fd < 0) {
        fail("set-up");
    }
    (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
    for (int i = 0; i < o->connections; i++) {
        peer_open(&peers[i], o, tls, epoll_fd);
    }
    start = now_s();
    while (now_s() - start < o->seconds) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll_fd, events, 256, 100);

        for (int i = 0; i < count; i++) {
            peer_ready(events[i].data.ptr, o, &t, tls, epoll_fd);
        }
    }
    report(&t, now_s() - start);
    for (int i = 0; i < o->connections; i++) {
        peer_close(&peers[i]);
    }
    (void)close(epoll_fd);
    SSL_CTX_free(tls);
    free(t.samples_us);
    free(peers);
}

static void usage(void)
{
    fprintf(stderr, "usage: load get|handshake|create|transfer 127.0.0.1:PORT [--tls] [--path P]"
                    " [--connections N] [--seconds S] [--payload BYTES]\n");
    exit(2);
}

static void parse_address(struct options *o, char *text)
{
    char *colon = strrchr(text, ':');

    if (colon == NULL) {
        usage();
    }
    *colon = '\0';
    o->address.sin_family = AF_INET;
    o->address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    /* Loopback only: the load generator must not be usable against other machines. */
    if (inet_pton(AF_INET, text, &o->address.sin_addr) != 1 ||
        (ntohl(o->address.sin_addr.s_addr) >> 24) != 127) {
        fprintf(stderr, "load: the address must be 127.x.x.x\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static const char *const modes[] = { "get", "handshake", "create", "transfer" };
    struct options o = {
        .mode = MODE_GET, .path = "/", .connections = 64, .seconds = 3, .payload_len = 1024
    };
    bool is_known = false;
    time_t later = 0;

    if (argc < 3) {
        usage();
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i]) == 0) {
            o.mode = (enum mode)i;
            is_known = true;
        }
    }
    parse_address(&o, argv[2]);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--tls") == 0) {
            o.is_tls = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--path") == 0) {
            o.path = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--connections") == 0) {
            o.connections = (int)strtol(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0) {
            o.seconds = strtod(argv[++i], NULL);
        } else if (i + 1 < argc && strcmp(argv[i], "--payload") == 0) {
            o.payload_len = strtoul(argv[++i], NULL, 10);
        } else {
            usage();
        }
    }
    if (!is_known || o.connections < 1 || o.connections > CONNECTIONS_MAX || o.seconds <= 0 ||
        o.payload_len + 2048 > REQUEST_MAX) {
        usage();
    }
    memset(payload_text, 'A', o.payload_len);
    later = time(NULL) + 3600;
    (void)strftime(expiration, sizeof(expiration), "%Y-%m-%dT%H:%M:%SZ", gmtime(&later));
    run(&o);
    return 0;
}
