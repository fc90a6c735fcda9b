/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_fixture.h"

#include "unit/server/clock_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/keys/devcert.h"

#define BODY                                                                                       \
    "{\"payload\":{\"type\":\"t\",\"data\":\"d\"},\"displayInformation\":{\"title\":\"T\","        \
    "\"description\":\"D\",\"imageURL\":\"\"},\"mailboxConfiguration\":{\"accessRights\":\"RWD\"," \
    "\"expiration\":\"%s\"}}"

#define WAIT_S 60 /* how long a test waits for what must come; never how long it takes */

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

struct fixture *fixture_new(void)
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
    assert_int_equal(pthread_mutex_init(&f->shared.reload_lock, NULL), 0);
    assert_int_equal(tg_store_mem_open(&f->shared.store, &f->config->store_limits), TG_OK);
    atomic_store(&f->shared.is_open, true);
    assert_int_equal(tg_keyring_generate(&f->keyring, &tg_rng_system), TG_OK);
    assert_int_equal(tg_metrics_new(&f->shared.metrics, WORKERS), TG_OK);
    tg_worker_settings(&f->shared.settings, f->config);
    tg_worker_ledger(&f->limits, &f->shared);
    return f;
}

void use_tls(struct fixture *f)
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

void start(struct fixture *f)
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
    assert_int_equal(tg_face_new(&f->shared.face, f->config), TG_OK);
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

void order_drain(struct fixture *f)
{
    atomic_store(&f->shared.is_draining, true);
    for (size_t i = 0; i < WORKERS; i++) {
        tg_worker_order(&f->shared.workers[i], TG_ORDER_DRAIN);
    }
}

void fixture_free(struct fixture *f)
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
    tg_face_free(&f->shared.face);
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

int dial(uint16_t port)
{
    const struct timeval limit = { .tv_sec = WAIT_S };
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

ssize_t recv_again(int fd, void *data, size_t len)
{
    ssize_t got = 0;

    do {
        got = recv(fd, data, len, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

const char *hear(struct fixture *f, int fd)
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

bool is_status(const char *reply, unsigned status)
{
    return strlen(reply) > 12 && (unsigned)strtoul(reply + 9, NULL, 10) == status;
}

bool is_closed(int fd)
{
    char byte = 0;
    ssize_t got = recv_again(fd, &byte, 1);

    return got == 0 || (got < 0 && errno != EAGAIN);
}

void sleep_ms(long ms)
{
    const struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)nanosleep(&ts, NULL);
}

void await_gauge(struct fixture *f, enum tg_gauge gauge, int64_t value)
{
    for (size_t i = 0; i < 100 * WAIT_S && tg_metrics_gauge_sum(f->shared.metrics, gauge) != value;
         i++) {
        sleep_ms(10);
    }
    assert_int_equal(tg_metrics_gauge_sum(f->shared.metrics, gauge), value);
}

void request(int fd, const char *method, const char *path, const char *claim, const char *id,
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

void create(struct fixture *f, int fd, char path[64])
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

void connect_to(int fd, uint16_t port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
}

int unconnected(void)
{
    const struct timeval limit = { .tv_sec = WAIT_S };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

int dial_from(const char *address, uint16_t port)
{
    struct sockaddr_in own = { .sin_family = AF_INET };
    int fd = unconnected();

    assert_int_equal(inet_pton(AF_INET, address, &own.sin_addr), 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
    connect_to(fd, port);
    return fd;
}

uint64_t counted(struct fixture *f, enum tg_counter counter)
{
    return tg_metrics_counter_sum(f->shared.metrics, counter);
}
