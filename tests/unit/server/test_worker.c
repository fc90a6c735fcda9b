/* SPDX-License-Identifier: Apache-2.0 */
/* Two workers with the real relay core and the memory store, on loopback sockets. */
#include "support/c/unit.h"
#include "unit/server/clock_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/keys/devcert.h"
#include "server/worker.h"

#define WORKERS 2u
#define CLAIM_A "0d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f01"
#define CLAIM_B "1d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f02"
#define BODY                                                                                       \
    "{\"payload\":{\"type\":\"t\",\"data\":\"d\"},\"displayInformation\":{\"title\":\"T\","        \
    "\"description\":\"D\",\"imageURL\":\"\"},\"mailboxConfiguration\":{\"accessRights\":\"RWD\"," \
    "\"expiration\":\"%s\"}}"

struct fixture {
    struct tg_config *config;
    struct tg_keyring keyring;
    struct tg_clock clock;
    struct tg_shared shared;
    struct tg_ledger_settings limits;
    struct tg_tls_tickets *tickets;
    pthread_t threads[WORKERS];
    uint16_t port;
    uint16_t admin_port;
    bool is_joined;      /* the threads have ended */
    bool has_no_reserve; /* the listeners have no spare descriptor */
    char dir[64];
    char reply[8192];
};

static void *run_worker(void *ctx)
{
    tg_worker_run(ctx);
    return NULL;
}

static void load_config(struct fixture *f)
{
    char program[] = "tigressd";
    char args[][24] = { "--plain-http", "--store", "memory:", "--listen", "127.0.0.1:0",
                        "--workers",    "2",       "--rate",  "0",        "--admin",
                        "127.0.0.1:0" };
    char *argv[1 + sizeof(args) / sizeof(args[0])] = { program };
    const struct tg_config_env env = { .core_count = WORKERS };
    struct tg_buf text;

    for (size_t i = 0; i < TG_COUNT(args); i++) {
        argv[1 + i] = args[i];
    }
    tg_buf_init(&text, 65536);
    if (tg_config_load(&f->config, (int)TG_COUNT(argv), argv, &env, &text) != TG_CONFIG_RUN) {
        fail_msg("%s", tg_buf_cstr(&text));
    }
    tg_buf_deinit(&text);
}

static struct fixture *fixture_new(void)
{
    struct fixture *f = tg_mem_calloc(1, sizeof(*f));

    assert_non_null(f);
    load_config(f);
    f->shared.config = f->config;
    f->shared.keyring = &f->keyring;
    f->shared.rng = &tg_rng_system;
    start_clock(&f->clock);
    f->shared.clock = &f->clock;
    f->shared.worker_count = WORKERS;
    assert_int_equal(pthread_mutex_init(&f->shared.tls_lock, NULL), 0);
    assert_int_equal(tg_store_mem_open(&f->shared.store, &f->config->store_limits), TG_OK);
    assert_int_equal(tg_keyring_generate(&f->keyring, &tg_rng_system), TG_OK);
    assert_int_equal(tg_metrics_new(&f->shared.metrics, WORKERS), TG_OK);
    tg_worker_settings(&f->shared.settings, f->config);
    tg_worker_ledger(&f->limits, &f->shared);
    return f;
}

static void use_tls(struct fixture *f)
{
    struct tg_findings findings = { .count = 0 };
    struct tg_pair pair = { .cert = NULL };
    char cert[128];
    char key[128];
    struct tg_fault fault = { { 0 } };

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/tg-worker-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(tg_devcert_ensure(f->dir, NULL, (int64_t)time(NULL), NULL, &fault), TG_OK);
    (void)snprintf(cert, sizeof(cert), "%.60s/%s", f->dir, TG_DEVCERT_CERT);
    (void)snprintf(key, sizeof(key), "%.60s/%s", f->dir, TG_DEVCERT_KEY);
    assert_int_equal(tg_tls_tickets_new(&f->tickets, &tg_rng_system), TG_OK);
    assert_int_equal(tg_pair_load(&pair,
                                  &(struct tg_pair_request){ .cert_path = cert,
                                                             .key_path = key,
                                                             .now_s = (int64_t)time(NULL) },
                                  &findings),
                     TG_OK);
    assert_int_equal(tg_tls_context_new(&f->shared.tls, &pair, f->tickets), TG_OK);
    tg_pair_deinit(&pair);
}

static void start(struct fixture *f)
{
    struct tg_fault fault = { { 0 } };
    int fds[WORKERS] = { -1, -1 };
    int admin_fd = -1;

    assert_int_equal(tg_ledger_new(&f->shared.ledger, &f->limits, &tg_rng_system), TG_OK);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(tg_listener_bind(&fds[i], &f->port, &f->config->listen, f->port, &fault),
                         TG_OK);
    }
    assert_int_equal(tg_listener_bind(&admin_fd, &f->admin_port, &f->config->admin, 0, &fault),
                     TG_OK);
    tg_config_set_port(f->config, f->port);
    tg_config_relay(&f->shared.relay_config, f->config);
    f->shared.workers = tg_mem_calloc(WORKERS, sizeof(*f->shared.workers));
    assert_non_null(f->shared.workers);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(
            tg_worker_init(&f->shared.workers[i], &f->shared, i, fds[i], i == 0 ? admin_fd : -1),
            TG_OK);
        if (f->has_no_reserve) {
            (void)close(f->shared.workers[i].listener.reserve_fd);
            f->shared.workers[i].listener.reserve_fd = -1;
        }
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&f->threads[i], NULL, run_worker, &f->shared.workers[i]),
                         0);
    }
}

static void order_drain(struct fixture *f)
{
    atomic_store(&f->shared.is_draining, true);
    for (size_t i = 0; i < WORKERS; i++) {
        tg_worker_order(&f->shared.workers[i], TG_ORDER_DRAIN);
    }
}

static void fixture_free(struct fixture *f)
{
    static const char *const names[] = { TG_DEVCERT_CA, TG_DEVCERT_CERT, TG_DEVCERT_KEY };
    char path[128];

    if (!f->is_joined) {
        order_drain(f);
    }
    for (size_t i = 0; i < WORKERS && !f->is_joined; i++) {
        assert_int_equal(pthread_join(f->threads[i], NULL), 0);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_false(f->shared.workers[i].has_failed);
        tg_worker_deinit(&f->shared.workers[i]);
    }
    assert_int_equal(tg_metrics_gauge_sum(f->shared.metrics, TG_GAUGE_CONNECTIONS), 0);
    assert_int_equal(tg_metrics_gauge_sum(f->shared.metrics, TG_GAUGE_LONG_POLLS), 0);
    assert_int_equal(tg_metrics_gauge_sum(f->shared.metrics, TG_GAUGE_REQUESTS), 0);
    tg_mem_free(f->shared.workers);
    f->shared.store->ops->close(&f->shared.store);
    tg_clock_deinit(&f->clock);
    tg_ledger_free(&f->shared.ledger);
    tg_metrics_free(&f->shared.metrics);
    tg_tls_context_free(&f->shared.tls);
    tg_tls_tickets_free(&f->tickets);
    tg_keyring_wipe(&f->keyring);
    tg_config_free(&f->config);
    for (size_t i = 0; i < TG_COUNT(names) && f->dir[0] != '\0'; i++) {
        (void)snprintf(path, sizeof(path), "%.60s/%s", f->dir, names[i]);
        (void)unlink(path);
    }
    if (f->dir[0] != '\0') {
        (void)rmdir(f->dir);
    }
    tg_mem_free(f);
}

static int dial(uint16_t port)
{
    const struct timeval limit = { .tv_sec = 5 };
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* io_uring of a loop that this thread made may interrupt a recv() with a time limit. */
static ssize_t recv_again(int fd, void *data, size_t len)
{
    ssize_t got = 0;

    do {
        got = recv(fd, data, len, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* One whole answer; "" if the connection ended first. */
static const char *hear(struct fixture *f, int fd)
{
    size_t len = 0;

    memset(f->reply, 0, sizeof(f->reply));
    while (len < sizeof(f->reply) - 1) {
        char *end = strstr(f->reply, "\r\n\r\n");
        const char *length = strstr(f->reply, "content-length: ");
        ssize_t got = 0;

        if (end != NULL) {
            size_t body_len = length != NULL ? (size_t)strtoul(length + 16, NULL, 10) : 0;

            if (len >= (size_t)(end + 4 - f->reply) + body_len) {
                break;
            }
        }
        got = recv_again(fd, f->reply + len, sizeof(f->reply) - 1 - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    return f->reply;
}

static bool is_status(const char *reply, unsigned status)
{
    return strlen(reply) > 12 && (unsigned)strtoul(reply + 9, NULL, 10) == status;
}

static bool is_closed(int fd)
{
    char byte = 0;

    return recv_again(fd, &byte, 1) <= 0;
}

static void sleep_ms(long ms)
{
    const struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)nanosleep(&ts, NULL);
}

static void await_gauge(struct fixture *f, enum tg_gauge gauge, int64_t value)
{
    for (size_t i = 0; i < 300 && tg_metrics_gauge_sum(f->shared.metrics, gauge) != value; i++) {
        sleep_ms(10);
    }
    assert_int_equal(tg_metrics_gauge_sum(f->shared.metrics, gauge), value);
}

static void request(int fd, const char *method, const char *path, const char *claim, const char *id,
                    const char *extra, const char *body)
{
    char text[2048];

    (void)snprintf(text, sizeof(text),
                   "%s %s HTTP/1.1\r\nHost: relay\r\nMailbox-Device-Claim: %s\r\n"
                   "Mailbox-Request-ID: %s\r\nContent-Type: application/json\r\n%s"
                   "Content-Length: %zu\r\n\r\n%s",
                   method, path, claim, id, extra, strlen(body), body);
    say(fd, text);
}

static void create(struct fixture *f, int fd, char path[64])
{
    char body[512];
    char until[32];
    time_t later = time(NULL) + 3600;
    struct tm tm;
    const char *at = NULL;

    assert_non_null(gmtime_r(&later, &tm));
    (void)strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", &tm);
    (void)snprintf(body, sizeof(body), BODY, until);
    request(fd, "POST", "/v1/m", CLAIM_A, "create", "", body);
    assert_true(is_status(hear(f, fd), 200));
    at = strstr(f->reply, "/v1/m/");
    assert_non_null(at);
    memcpy(path, at, 6 + 36);
    path[6 + 36] = '\0';
}

static void request__served_over_a_socket(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->port);
    say(fd, "GET /nowhere HTTP/1.1\r\nHost: r\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    (void)close(fd);
    fixture_free(f);
}

static void connect_to(int fd, uint16_t port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
}

static int unconnected(void)
{
    const struct timeval limit = { .tv_sec = 5 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

/* From another address of the loopback network. */
static int dial_from(const char *address, uint16_t port)
{
    struct sockaddr_in own = { .sin_family = AF_INET };
    int fd = unconnected();

    assert_int_equal(inet_pton(AF_INET, address, &own.sin_addr), 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
    connect_to(fd, port);
    return fd;
}

static uint64_t counted(struct fixture *f, enum tg_counter counter)
{
    return tg_metrics_counter_sum(f->shared.metrics, counter);
}

/* docs/architecture.md, property 6; the limit is exact over all workers.
   spec-test: protocol/3#places */
static void connections__up_to_the_limit_served__one_more_closed(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fds[7];
    int fd = -1;

    (void)state;
    f->limits.max[TG_PLACE_CONNECTION] = TG_COUNT(fds);
    start(f);
    for (size_t i = 0; i < TG_COUNT(fds); i++) {
        fds[i] = dial(f->port);
        if (i == 0) {
            create(f, fds[i], path);
        }
        request(fds[i], "POST", path, CLAIM_A, "read", "", "");
        assert_true(is_status(hear(f, fds[i]), 200));
    }
    fd = dial(f->port);
    assert_true(is_closed(fd));
    (void)close(fd);
    assert_int_equal(counted(f, TG_COUNTER_REFUSED_CONNECTIONS), 1);
    (void)close(fds[0]);
    await_gauge(f, TG_GAUGE_CONNECTIONS, TG_COUNT(fds) - 1);
    fd = dial(f->port);
    say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    /* It has shown nothing, so the next one takes its place. */
    fds[0] = dial(f->port);
    request(fds[0], "POST", path, CLAIM_A, "read", "", "");
    assert_true(is_status(hear(f, fds[0]), 200));
    assert_true(is_closed(fd));
    assert_int_equal(counted(f, TG_COUNTER_EVICTED_CONNECTIONS), 1);
    for (size_t i = 0; i < TG_COUNT(fds); i++) {
        (void)close(fds[i]);
    }
    (void)close(fd);
    fixture_free(f);
}

static void connections__all_places_idle_of_one_address__24_of_24_others_served(void **state)
{
    struct fixture *f = fixture_new();
    int idle[200];

    (void)state;
    f->limits.max[TG_PLACE_CONNECTION] = TG_COUNT(idle);
    start(f);
    for (size_t i = 0; i < TG_COUNT(idle); i++) {
        idle[i] = dial(f->port);
    }
    for (unsigned i = 0; i < 24; i++) {
        char address[32];
        int fd = -1;

        (void)snprintf(address, sizeof(address), "127.9.%u.1", i);
        fd = dial_from(address, f->port);
        say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
        assert_true(is_status(hear(f, fd), 404));
        (void)close(fd);
    }
    assert_in_range(counted(f, TG_COUNTER_EVICTED_CONNECTIONS), 1, 24);
    assert_int_equal(counted(f, TG_COUNTER_REFUSED_CONNECTIONS), 0);
    for (size_t i = 0; i < TG_COUNT(idle); i++) {
        (void)close(idle[i]);
    }
    fixture_free(f);
}

static void connections__network_over_its_budget__closed_before_they_cost_more(void **state)
{
    struct fixture *f = fixture_new();
    size_t served = 0;

    (void)state;
    f->limits.rate = 1;
    f->limits.burst = 10; /* 30 units; a connection is 2, its request 2 */
    start(f);
    for (size_t i = 0; i < 20; i++) {
        int fd = dial(f->port);

        say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
        served += is_status(hear(f, fd), 404) ? 1 : 0;
        (void)close(fd);
    }
    assert_in_range(served, 7, 9);
    assert_in_range(counted(f, TG_COUNTER_REFUSED_HANDSHAKES), 9, 13);
    fixture_free(f);
}

static void slow_head__gets_408_and_is_closed(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    f->shared.settings.head_ms = 300;
    f->shared.settings.linger_ms = 300;
    start(f);
    fd = dial(f->port);
    say(fd, "GET / HTT");
    assert_true(is_status(hear(f, fd), 408));
    assert_true(is_closed(fd));
    (void)close(fd);
    await_gauge(f, TG_GAUGE_CONNECTIONS, 0);
    fixture_free(f);
}

static void silent_handshake__closed(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    use_tls(f);
    f->shared.settings.handshake_ms = 300;
    start(f);
    fd = dial(f->port);
    assert_true(is_closed(fd));
    assert_int_equal(tg_metrics_counter_sum(f->shared.metrics, TG_COUNTER_REFUSED_TIMEOUT), 1);
    (void)close(fd);
    fixture_free(f);
}

/* Reads until the peer has closed. */
static size_t hear_all(int fd, char *out, size_t cap)
{
    size_t len = 0;
    ssize_t got = 0;

    while (len < cap - 1 && (got = recv_again(fd, out + len, cap - 1 - len)) > 0) {
        len += (size_t)got;
    }
    assert_int_equal(got, 0); /* in order, not by a reset */
    out[len] = '\0';
    return len;
}

/* spec-test: protocol/1#plain-http-on-tls-port */
static void plain_http_on_the_tls_port__400_that_reflects_nothing(void **state)
{
    static const char *const parts[][3] = {
        { "GET /v1/m/SECRET HTTP/1.1\r\nHost: SECRET\r\n\r\n", NULL },
        { "G", "ET ", "/v1/m/SECRET HTTP/1.1\r\nHost: SECRET\r\n\r\n" },
        { "POST /v1/m HTTP/1.0\r\n", NULL },
        { "NOT-A-METHOD-THAT-WE-KNOW /SECRET", NULL },
        { "P", "RI * HTTP/1.1\r\n\r\n", NULL },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(parts); i++) {
        struct fixture *f = fixture_new();
        int fd = -1;

        use_tls(f);
        start(f);
        fd = dial(f->port);
        for (size_t part = 0; part < 3 && parts[i][part] != NULL; part++) {
            say(fd, parts[i][part]);
            sleep_ms(part == 0 ? 20 : 0);
        }
        (void)hear_all(fd, f->reply, sizeof(f->reply));
        assert_true(is_status(f->reply, 400));
        assert_non_null(strstr(f->reply, "HTTPS"));
        assert_non_null(strstr(f->reply, "\r\nconnection: close\r\n"));
        assert_null(strstr(f->reply, "SECRET"));
        (void)close(fd);
        await_gauge(f, TG_GAUGE_CONNECTIONS, 0);
        assert_int_equal(tg_metrics_counter_sum(f->shared.metrics, TG_COUNTER_REFUSED_PLAIN_HTTP),
                         1);
        fixture_free(f);
    }
}

static void plain_http2_on_the_tls_port__goaway_that_says_so(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;
    size_t len = 0;

    (void)state;
    use_tls(f);
    start(f);
    fd = dial(f->port);
    say(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    len = hear_all(fd, f->reply, sizeof(f->reply));
    assert_true(len > 26);
    assert_int_equal(f->reply[3], 4);                    /* SETTINGS */
    assert_int_equal(f->reply[9 + 3], 7);                /* GOAWAY */
    assert_int_equal(len, 18 + (size_t)f->reply[9 + 2]); /* its length is right */
    assert_int_equal(f->reply[9 + 9 + 7], 12);           /* INADEQUATE_SECURITY */
    assert_non_null(strstr(f->reply + 26, "HTTPS"));
    (void)close(fd);
    fixture_free(f);
}

static void garbage_instead_of_tls__closed(void **state)
{
    static const char *const garbage[] = {
        "\x80\x2e\x01\x03\x01 an old ClientHello",
        "\r\n\r\n_\r\nQUIT\n a header of the PROXY protocol",
        "EHLO\r\n", /* a word, but no method */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(garbage); i++) {
        struct fixture *f = fixture_new();
        int fd = -1;

        use_tls(f);
        start(f);
        fd = dial(f->port);
        say(fd, garbage[i]);
        while (!is_closed(fd)) {
        }
        await_gauge(f, TG_GAUGE_CONNECTIONS, 0);
        assert_int_equal(tg_metrics_counter_sum(f->shared.metrics, TG_COUNTER_HANDSHAKE_FAILED), 1);
        (void)close(fd);
        fixture_free(f);
    }
}

static void slow_reader__closed_and_memory_limited(void **state)
{
    struct fixture *f = fixture_new();
    static const char get[] = "GET /nowhere HTTP/1.1\r\nHost: r\r\n\r\n";
    int fd = -1;
    size_t sent = 0;

    (void)state;
    f->shared.settings.write_ms = 400;
    f->shared.settings.requests_max = UINT32_MAX;
    start(f);
    fd = dial(f->port);
    /* The client never reads: the server must stop reading requests, then close. */
    while (sent < 64u * 1024u * 1024u) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };

        if (poll(&p, 1, 3000) != 1 || send(fd, get, sizeof(get) - 1, MSG_NOSIGNAL) <= 0) {
            break;
        }
        sent += sizeof(get) - 1;
    }
    assert_true(sent < 64u * 1024u * 1024u);
    await_gauge(f, TG_GAUGE_CONNECTIONS, 0);
    assert_int_equal(tg_metrics_counter_sum(f->shared.metrics, TG_COUNTER_REFUSED_TIMEOUT), 1);
    (void)close(fd);
    fixture_free(f);
}

static void long_polls__on_both_workers__woken_by_one_update(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fds[16];
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->port);
    create(f, fd, path);
    request(fd, "POST", path, CLAIM_B, "read", "", "");
    assert_true(is_status(hear(f, fd), 200));
    for (size_t i = 0; i < TG_COUNT(fds); i++) {
        fds[i] = dial(f->port);
        request(fds[i], "POST", path, CLAIM_A, "wait",
                "Prefer: wait=30\r\nMailbox-Known-Version: 1\r\n", "");
    }
    await_gauge(f, TG_GAUGE_LONG_POLLS, TG_COUNT(fds));
    request(fd, "PUT", path, CLAIM_B, "update", "",
            "{\"payload\":{\"type\":\"t\",\"data\":\"new\"}}");
    assert_true(is_status(hear(f, fd), 200));
    for (size_t i = 0; i < TG_COUNT(fds); i++) {
        assert_true(is_status(hear(f, fds[i]), 200));
        assert_non_null(strstr(f->reply, "\"new\""));
        (void)close(fds[i]);
    }
    (void)close(fd);
    fixture_free(f);
}

static void long_poll__client_closes__removed(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->port);
    create(f, fd, path);
    request(fd, "POST", path, CLAIM_A, "wait", "Prefer: wait=30\r\nMailbox-Known-Version: 1\r\n",
            "");
    await_gauge(f, TG_GAUGE_LONG_POLLS, 1);
    (void)close(fd);
    await_gauge(f, TG_GAUGE_LONG_POLLS, 0);
    await_gauge(f, TG_GAUGE_CONNECTIONS, 0);
    fixture_free(f);
}

static void long_poll__drain__answered_204_and_closed(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->port);
    create(f, fd, path);
    request(fd, "POST", path, CLAIM_A, "wait", "Prefer: wait=30\r\nMailbox-Known-Version: 1\r\n",
            "");
    await_gauge(f, TG_GAUGE_LONG_POLLS, 1);
    order_drain(f);
    assert_true(is_status(hear(f, fd), 204));
    assert_non_null(strstr(f->reply, "connection: close"));
    assert_true(is_closed(fd));
    (void)close(fd);
    fixture_free(f);
}

static void drain__busy_connection__every_request_answered(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->port);
    say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    order_drain(f);
    /* For every order of drain and requests, every request is answered, and the last answer
       announces that the connection closes. */
    for (size_t i = 0; i < 1000 && strstr(f->reply, "connection: close") == NULL; i++) {
        say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
        assert_true(is_status(hear(f, fd), 404));
    }
    assert_non_null(strstr(f->reply, "connection: close"));
    assert_true(is_closed(fd));
    (void)close(fd);
    fixture_free(f);
}

static void rate__over_the_burst_of_a_network__429_with_retry_after(void **state)
{
    struct fixture *f = fixture_new();
    char text[256];
    int fd = -1;

    (void)state;
    f->limits.rate = 1;
    f->limits.burst = 3;
    assert_int_equal(
        tg_ip_network_parse(&f->config->trusted_proxies.networks[0], TG_LIT("127.0.0.0/8"), NULL),
        TG_OK);
    f->config->trusted_proxies.count = 1;
    start(f);
    fd = dial(f->port);
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(text, sizeof(text),
                       "GET /v1/m/" CLAIM_A " HTTP/1.1\r\nHost: r\r\n"
                       "X-Forwarded-For: 198.51.100.%zu, "
                       "192.0.2.7\r\n\r\n",
                       i);
        say(fd, text);
        assert_true(is_status(hear(f, fd), i < 3 ? 404 : 429));
    }
    assert_non_null(strstr(f->reply, "retry-after: "));
    say(fd, "GET / HTTP/1.1\r\nHost: r\r\nX-Forwarded-For: 192.0.3.1\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    (void)close(fd);
    fixture_free(f);
}

static void admin__each_page__answered(void **state)
{
    struct fixture *f = fixture_new();
    int client = -1;
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->admin_port);
    say(fd, "GET /healthz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 200));
    say(fd, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 200));
    say(fd, "GET /metrics HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 200));
    assert_non_null(strstr(f->reply, "tigress_requests_total"));
    say(fd, "POST /healthz HTTP/1.1\r\nHost: r\r\nContent-Length: 0\r\n\r\n");
    assert_true(is_status(hear(f, fd), 405));
    say(fd, "GET /v1/m HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    client = dial(f->port); /* a request that is not complete holds the drain */
    say(client, "POST /v1/m HTTP/1.1\r\nHost: r\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"
                "\r\n");
    assert_true(is_status(hear(f, client), 100));
    order_drain(f);
    say(fd, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 503));
    (void)close(client);
    (void)close(fd);
    fixture_free(f);
}

/* Opens every free descriptor below a limit of `max`; returns how many. */
/* What has become free since, but for the spare descriptors of the workers. */
static size_t take_rest(int taken[], size_t max)
{
    size_t count = 0;

    sleep_ms(3 * (long)TG_WHEEL_TICK_MS);
    while (count < max && (taken[count] = dup(STDERR_FILENO)) >= 0) {
        count++;
    }
    return count;
}

static size_t take_descriptors(int taken[], size_t max, struct rlimit *before)
{
    struct rlimit low = { 0 };
    size_t count = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    low = (struct rlimit){ .rlim_cur = max, .rlim_max = before->rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while ((taken[count] = dup(STDERR_FILENO)) >= 0) {
        count++;
        assert_true(count < max);
    }
    return count;
}

/* ---- a store that fails ---- */

/* The memory store with an apply that fails, or that never answers. */
static struct tg_store_ops troubled;
static const struct tg_store_ops *sound;
static atomic_bool is_holding;
static struct {
    struct tg_store_port *port;
    struct tg_store_key key;
    tg_store_change_fn *change;
    void *ctx;
    tg_store_done_fn *done;
} held;

static void failing_apply(struct tg_store_port *port, const struct tg_store_key *key,
                          tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    (void)port;
    (void)key;
    (void)change;
    done(ctx, TG_E_STORE);
}

static void holding_apply(struct tg_store_port *port, const struct tg_store_key *key,
                          tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    if (!atomic_load(&is_holding)) {
        sound->apply(port, key, change, ctx, done);
        return;
    }
    held.port = port;
    held.key = *key;
    held.change = change;
    held.ctx = ctx;
    held.done = done;
}

static void trouble(struct fixture *f,
                    void (*apply)(struct tg_store_port *, const struct tg_store_key *,
                                  tg_store_change_fn *, void *, tg_store_done_fn *))
{
    sound = f->shared.store->ops;
    troubled = *sound;
    troubled.apply = apply;
    f->shared.store->ops = &troubled;
}

static void readyz__store_fails__503(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    trouble(f, failing_apply);
    start(f);
    fd = dial(f->admin_port);
    say(fd, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 503));
    assert_non_null(strstr(f->reply, "retry-after: "));
    say(fd, "GET /metrics HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 200));
    assert_non_null(strstr(f->reply, "tigress_store_ready 0"));
    (void)close(fd);
    fixture_free(f);
}

static void readyz__store_at_its_limit__200_because_existing_mailboxes_work(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fd = -1;
    int admin = -1;

    (void)state;
    f->shared.store->ops->close(&f->shared.store);
    f->config->store_limits.live_max = 1;
    assert_int_equal(tg_store_mem_open(&f->shared.store, &f->config->store_limits), TG_OK);
    start(f);
    fd = dial(f->port);
    create(f, fd, path);
    admin = dial(f->admin_port);
    say(admin, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, admin), 200));
    assert_non_null(strstr(f->reply, "full"));
    request(fd, "POST", path, CLAIM_B, "read", "", "");
    assert_true(is_status(hear(f, fd), 200));
    (void)close(fd);
    (void)close(admin);
    fixture_free(f);
}

/* ---- the drain timeout ---- */

static void join_workers(struct fixture *f)
{
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(f->threads[i], NULL), 0);
    }
    f->is_joined = true;
}

static void drain__connection_open_at_the_timeout__closed_and_reported(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    f->config->drain_timeout_s = 1;
    start(f);
    fd = dial(f->port);
    say(fd, "POST /v1/m HTTP/1.1\r\nHost: r\r\nContent-Length: 10\r\n\r\n");
    await_gauge(f, TG_GAUGE_CONNECTIONS, 1);
    sleep_ms(50);
    order_drain(f);
    join_workers(f);
    assert_true(f->shared.workers[0].has_cut_connections !=
                f->shared.workers[1].has_cut_connections);
    assert_true(is_closed(fd));
    (void)close(fd);
    fixture_free(f);
}

static void drain__nothing_open_at_the_timeout__not_reported(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->port);
    say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    order_drain(f);
    join_workers(f);
    assert_false(f->shared.workers[0].has_cut_connections ||
                 f->shared.workers[1].has_cut_connections);
    (void)close(fd);
    fixture_free(f);
}

static void drain__store_never_answers__failed_and_no_memory_freed(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fd = -1;

    (void)state;
    f->config->drain_timeout_s = 1;
    trouble(f, holding_apply);
    start(f);
    fd = dial(f->port);
    create(f, fd, path);
    atomic_store(&is_holding, true);
    request(fd, "DELETE", path, CLAIM_A, "delete", "", "");
    await_gauge(f, TG_GAUGE_REQUESTS, 1);
    sleep_ms(50);
    order_drain(f);
    join_workers(f);
    assert_true(is_closed(fd));
    assert_true(f->shared.workers[0].has_failed != f->shared.workers[1].has_failed);
    for (size_t i = 0; i < WORKERS; i++) {
        struct tg_worker *w = &f->shared.workers[i];

        if (w->has_failed) {
            tg_worker_deinit(w); /* does nothing: the change may still be applied */
            assert_int_equal(tg_relay_in_flight(w->relay), 1);
            sound->apply(held.port, &held.key, held.change, held.ctx, held.done);
            sound->dispatch(held.port);
            assert_int_equal(tg_relay_in_flight(w->relay), 0);
            w->has_failed = false;
        }
    }
    atomic_store(&is_holding, false);
    (void)close(fd);
    fixture_free(f);
}

#define DESCRIPTORS 200u

/* Running out of descriptors is as running out of places. */
static void descriptors__exhausted__network_with_less_displaces_an_idle_connection(void **state)
{
    struct fixture *f = fixture_new();
    int taken[DESCRIPTORS];
    struct rlimit before;
    size_t count = 0;
    char path[64];
    int proven = -1;
    int idle[2] = { -1, -1 };
    int same = unconnected();
    int other = unconnected();
    struct sockaddr_in own = { .sin_family = AF_INET };

    (void)state;
    start(f);
    proven = dial(f->port);
    create(f, proven, path);
    for (size_t i = 0; i < TG_COUNT(idle); i++) {
        idle[i] = dial(f->port);
        say(idle[i], "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
        assert_true(is_status(hear(f, idle[i]), 404));
    }
    assert_int_equal(inet_pton(AF_INET, "127.9.9.1", &own.sin_addr), 1);
    assert_int_equal(bind(other, (const struct sockaddr *)&own, sizeof(own)), 0);
    count = take_descriptors(taken, DESCRIPTORS, &before);
    connect_to(other, f->port);
    say(other, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, other), 404));
    assert_true(is_closed(idle[0]));
    count += take_rest(taken + count, DESCRIPTORS - count);
    /* Of its own network a newcomer displaces what has shown nothing, and nothing else. */
    connect_to(same, f->port);
    say(same, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, same), 404));
    assert_true(is_closed(idle[1]));
    request(proven, "POST", path, CLAIM_A, "read", "", "");
    assert_true(is_status(hear(f, proven), 200));
    while (count > 0) {
        (void)close(taken[--count]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_in_range(counted(f, TG_COUNTER_EVICTED_CONNECTIONS), 2, 2);
    (void)close(same);
    (void)close(other);
    (void)close(proven);
    (void)close(idle[0]);
    (void)close(idle[1]);
    fixture_free(f);
}

static void descriptors__spare_one_taken_too__listener_pauses_and_serves_later(void **state)
{
    struct fixture *f = fixture_new();
    int taken[DESCRIPTORS];
    struct rlimit before;
    size_t count = 0;
    int late = unconnected();

    (void)state;
    f->has_no_reserve = true;
    start(f);
    count = take_descriptors(taken, DESCRIPTORS, &before);
    connect_to(late, f->port);
    say(late, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    sleep_ms(500);
    assert_in_range(tg_metrics_counter_sum(f->shared.metrics, TG_COUNTER_ACCEPT_FAILED), 1, 20);
    while (count > 0) {
        (void)close(taken[--count]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(is_status(hear(f, late), 404));
    (void)close(late);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__served_over_a_socket),
        cmocka_unit_test(connections__up_to_the_limit_served__one_more_closed),
        cmocka_unit_test(connections__all_places_idle_of_one_address__24_of_24_others_served),
        cmocka_unit_test(connections__network_over_its_budget__closed_before_they_cost_more),
        cmocka_unit_test(slow_head__gets_408_and_is_closed),
        cmocka_unit_test(silent_handshake__closed),
        cmocka_unit_test(garbage_instead_of_tls__closed),
        cmocka_unit_test(plain_http_on_the_tls_port__400_that_reflects_nothing),
        cmocka_unit_test(plain_http2_on_the_tls_port__goaway_that_says_so),
        cmocka_unit_test(slow_reader__closed_and_memory_limited),
        cmocka_unit_test(long_polls__on_both_workers__woken_by_one_update),
        cmocka_unit_test(long_poll__client_closes__removed),
        cmocka_unit_test(long_poll__drain__answered_204_and_closed),
        cmocka_unit_test(drain__busy_connection__every_request_answered),
        cmocka_unit_test(rate__over_the_burst_of_a_network__429_with_retry_after),
        cmocka_unit_test(readyz__store_fails__503),
        cmocka_unit_test(readyz__store_at_its_limit__200_because_existing_mailboxes_work),
        cmocka_unit_test(drain__connection_open_at_the_timeout__closed_and_reported),
        cmocka_unit_test(drain__nothing_open_at_the_timeout__not_reported),
        cmocka_unit_test(drain__store_never_answers__failed_and_no_memory_freed),
        cmocka_unit_test(descriptors__exhausted__network_with_less_displaces_an_idle_connection),
        cmocka_unit_test(descriptors__spare_one_taken_too__listener_pauses_and_serves_later),
        cmocka_unit_test(admin__each_page__answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
