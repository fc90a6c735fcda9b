/* SPDX-License-Identifier: Apache-2.0 */
/* The server side of TLS with OpenSSL as its client, over a socket pair. */
#include "support/c/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/mem_owner.h"
#include "crypto/own.h"
#include "server/http/conn_limits.h"
#include "server/keys/devcert.h"
#include "server/net/tls.h"

struct fixture {
    char dir[64];
    char cert[512];
    char key[512];
    struct tg_tls_tickets *tickets;
    struct tg_tls_context *context;
};

/* A context of the files, as a start makes it. TG_E_CRYPTO: they were refused. */
static enum tg_err load(struct tg_tls_context **out, const char *cert, const char *key,
                        struct tg_tls_tickets *tickets)
{
    const struct tg_pair_request request = { .cert_path = cert,
                                             .key_path = key,
                                             .now_s = (int64_t)time(NULL) };
    struct tg_findings findings = { .count = 0 };
    struct tg_pair pair = { .cert = NULL };
    enum tg_err err = tg_pair_load(&pair, &request, &findings);

    if (err == TG_OK) {
        err = tg_tls_context_new(out, &pair, tickets);
    }
    tg_pair_deinit(&pair);
    return err;
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct tg_fault fault = { { 0 } };

    memset(f, 0, sizeof(*f));
    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/tg-tls-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(tg_devcert_ensure(f->dir, NULL, (int64_t)time(NULL), NULL, &fault), TG_OK);
    (void)snprintf(f->cert, sizeof(f->cert), "%.60s/%s", f->dir, TG_DEVCERT_CERT);
    (void)snprintf(f->key, sizeof(f->key), "%.60s/%s", f->dir, TG_DEVCERT_KEY);
    assert_int_equal(tg_tls_tickets_new(&f->tickets, &tg_rng_system), TG_OK);
    assert_int_equal(load(&f->context, f->cert, f->key, f->tickets), TG_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { TG_DEVCERT_CA, TG_DEVCERT_CERT, TG_DEVCERT_KEY };
    struct fixture *f = *state;
    char path[1024];

    tg_tls_context_free(&f->context);
    tg_tls_tickets_free(&f->tickets);
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%.60s/%s", f->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(f->dir);
    return 0;
}

/* Added to the clock. */
static time_t later_s;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    int result = __real_clock_gettime(id, ts);

    ts->tv_sec += id == CLOCK_MONOTONIC ? later_s : 0;
    return result;
}

struct wish {
    int min_version;
    int max_version;
    const char *ciphers; /* of TLS 1.2; NULL: the default */
    const char *alpn;    /* wire form; NULL: none */
    const char *groups;  /* NULL: the default */
    SSL_SESSION *resume;
};

struct outcome {
    bool is_done; /* the handshake, on both sides */
    bool is_h2;
    int version;
    bool is_resumed;
    bool is_compressed;
    SSL_SESSION *session;
};

static SSL *client_new(SSL_CTX *ctx, const struct wish *wish, int fd)
{
    SSL *ssl = NULL;

    SSL_CTX_set_security_level(ctx, 0); /* so that the server refuses, not the client */
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, wish->min_version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, wish->max_version), 1);
    if (wish->ciphers != NULL) {
        assert_int_equal(SSL_CTX_set_cipher_list(ctx, wish->ciphers), 1);
    }
    if (wish->alpn != NULL) {
        assert_int_equal(SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)wish->alpn,
                                                 (unsigned)strlen(wish->alpn)),
                         0);
    }
    if (wish->groups != NULL) {
        assert_int_equal(
            SSL_CTX_ctrl(ctx, SSL_CTRL_SET_GROUPS_LIST, 0, (char *)(uintptr_t)wish->groups), 1);
    }
    ssl = SSL_new(ctx);
    assert_non_null(ssl);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    if (wish->resume != NULL) {
        assert_int_equal(SSL_set_session(ssl, wish->resume), 1);
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

static uint8_t record_buf[TG_TLS_RECORD_MAX];

/* The next record of the client at fd; empty: none has arrived. */
static struct tg_bytes record_at(int fd)
{
    ssize_t got = recv(fd, record_buf, sizeof(record_buf), MSG_PEEK | MSG_DONTWAIT);
    size_t len = got <= 0 ? 0 : tg_tls_record_len(tg_bytes(record_buf, (size_t)got));

    if (len > 0) {
        assert_int_equal(recv(fd, record_buf, len, 0), len);
    }
    return tg_bytes(record_buf, len);
}

static size_t leave_count; /* how often a handshake asked for one */

static enum tg_tls_io server_handshake(struct tg_tls *server, int fd)
{
    struct tg_bytes record = { 0 };
    enum tg_tls_io io = TG_TLS_WANT_READ;

    do {
        record = record_at(fd);
        io = tg_tls_handshake(server, &record);
        while (io == TG_TLS_WANT_LEAVE) {
            leave_count++;
            tg_tls_give_leave(server);
            io = tg_tls_handshake(server, &record);
        }
        assert_int_equal(record.len, 0);
    } while (io == TG_TLS_WANT_READ && recv(fd, record_buf, 1, MSG_PEEK | MSG_DONTWAIT) > 0);
    return io;
}

static enum tg_tls_io server_read(struct tg_tls *server, int fd, uint8_t *out, size_t *len)
{
    struct tg_bytes record = tg_tls_has_pending(server) ? (struct tg_bytes){ 0 } : record_at(fd);

    return tg_tls_read(server, &record, out, len);
}

static bool shake(struct tg_tls *server, int fd, SSL *client)
{
    for (size_t i = 0; i < 20; i++) {
        int result = SSL_do_handshake(client);
        enum tg_tls_io io = server_handshake(server, fd);

        if (result != 1 && SSL_get_error(client, result) != SSL_ERROR_WANT_READ) {
            return false;
        }
        if (io == TG_TLS_BROKEN || io == TG_TLS_CLOSED) {
            return false;
        }
        if (result == 1 && io == TG_TLS_OK) {
            return true;
        }
    }
    return false;
}

static void echo(struct tg_tls *server, int fd, SSL *client)
{
    uint8_t in[16] = { 0 };
    size_t len = sizeof(in);
    size_t sent = 0;

    assert_int_equal(SSL_write(client, "ping", 4), 4);
    assert_int_equal(server_read(server, fd, in, &len), TG_TLS_OK);
    assert_int_equal(len, 4);
    assert_false(tg_tls_has_pending(server));
    assert_int_equal(server_read(server, fd, in, &len), TG_TLS_WANT_READ);
    assert_int_equal(tg_tls_write(server, TG_LIT("pong"), &sent), TG_TLS_OK);
    assert_int_equal(sent, 4);
    assert_int_equal(SSL_read(client, in, sizeof(in)), 4);
}

static struct outcome meet(struct tg_tls_context *context, const struct wish *wish)
{
    struct outcome out = { .is_done = false };
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct tg_tls *server = NULL;
    SSL *client = NULL;
    int fds[2];

    assert_non_null(ctx);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    client = client_new(ctx, wish, fds[0]);
    server = tg_tls_new(context, fds[1]);
    assert_non_null(server);
    out.is_done = shake(server, fds[1], client);
    if (out.is_done) {
        echo(server, fds[1], client);
        out.is_h2 = tg_tls_is_h2(server);
        out.version = SSL_version(client);
        out.is_resumed = SSL_session_reused(client) == 1;
        out.is_compressed = SSL_get_current_compression(client) != NULL;
        out.session = SSL_get1_session(client);
        tg_tls_close_notify(server);
        (void)SSL_shutdown(client); /* otherwise OpenSSL would not offer its session again */
    }
    SSL_free(client);
    SSL_CTX_free(ctx);
    tg_tls_free(&server);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return out;
}

static struct outcome meet_once(struct fixture *f, const struct wish *wish)
{
    struct outcome out = meet(f->context, wish);

    SSL_SESSION_free(out.session);
    out.session = NULL;
    return out;
}

/* spec-test: protocol/1#tls-versions */
static void versions__1_2_and_1_3_accepted__older_refused(void **state)
{
    static const struct {
        int version;
        bool is_done;
    } cases[] = { { TLS1_VERSION, false },
                  { TLS1_1_VERSION, false },
                  { TLS1_2_VERSION, true },
                  { TLS1_3_VERSION, true } };

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct wish wish = { .min_version = cases[i].version,
                                   .max_version = cases[i].version };
        struct outcome out = meet_once(*state, &wish);

        assert_int_equal(out.is_done, cases[i].is_done);
        assert_true(!out.is_done || out.version == cases[i].version);
        assert_false(out.is_compressed);
    }
}

static void ciphers__without_forward_secrecy_or_aead__refused(void **state)
{
    static const struct {
        const char *ciphers;
        bool is_done;
    } cases[] = { { "ECDHE-ECDSA-AES128-GCM-SHA256", true },
                  { "ECDHE-ECDSA-CHACHA20-POLY1305", true },
                  { "ECDHE-ECDSA-AES128-SHA", false },
                  { "ECDHE-ECDSA-AES256-SHA384", false },
                  { "AES128-GCM-SHA256", false },
                  { "DHE-RSA-AES128-GCM-SHA256", false } };

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct wish wish = { .min_version = TLS1_2_VERSION,
                                   .max_version = TLS1_2_VERSION,
                                   .ciphers = cases[i].ciphers };

        assert_int_equal(meet_once(*state, &wish).is_done, cases[i].is_done);
    }
}

/* spec-test: protocol/1#http2-by-alpn */
static void alpn__h2_preferred__http_1_1_without_it__others_refused(void **state)
{
    static const struct {
        const char *alpn;
        bool is_done;
        bool is_h2;
    } cases[] = { { NULL, true, false },
                  { "\x08http/1.1", true, false },
                  { "\x02h2", true, true },
                  { "\x08http/1.1\x02h2", true, true },
                  { "\x03xyz", false, false } };

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct wish wish = { .min_version = TLS1_2_VERSION,
                                   .max_version = TLS1_3_VERSION,
                                   .alpn = cases[i].alpn };
        struct outcome out = meet_once(*state, &wish);

        assert_int_equal(out.is_done, cases[i].is_done);
        assert_int_equal(out.is_h2, cases[i].is_h2);
    }
}

/* Two ends with a finished handshake. */
struct pair {
    SSL_CTX *ctx;
    SSL *client;
    struct tg_tls *server;
    int fds[2];
};

static void pair_open(struct pair *p, struct fixture *f, int version)
{
    const struct wish wish = { .min_version = version, .max_version = version };

    p->ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(p->ctx);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fds), 0);
    p->client = client_new(p->ctx, &wish, p->fds[0]);
    p->server = tg_tls_new(f->context, p->fds[1]);
    assert_non_null(p->server);
    assert_true(shake(p->server, p->fds[1], p->client));
}

static void pair_close(struct pair *p)
{
    SSL_free(p->client);
    SSL_CTX_free(p->ctx);
    tg_tls_free(&p->server);
    (void)close(p->fds[0]);
    (void)close(p->fds[1]);
}

/* spec-test: protocol/1#tls-groups */
static void groups__each_alone__accepted(void **state)
{
    static const char *const groups[] = { "X25519", "P-256", "P-384", "P-521" };

    for (size_t i = 0; i < TG_COUNT(groups); i++) {
        const struct wish wish = { .min_version = TLS1_3_VERSION,
                                   .max_version = TLS1_3_VERSION,
                                   .groups = groups[i] };

        assert_true(meet_once(*state, &wish).is_done);
    }
}

/* spec-test: protocol/3#price-of-groups */
static void groups__costly_ones__known_from_the_first_record(void **state)
{
    static const struct {
        const char *groups;
        bool is_costly;
    } cases[] = { { "X25519", false },     { "P-256", false },        { "P-384", true },
                  { "P-521", true },       { "X25519:P-384", false }, { "P-384:P-256", true },
                  { "P-256:P-384", false } };

    for (size_t i = 0; i < 2 * TG_COUNT(cases); i++) {
        int version = i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION;
        struct pair p;
        struct fixture *f = *state;
        const struct wish wish = { .min_version = version,
                                   .max_version = version,
                                   .groups = cases[i / 2].groups };
        struct tg_bytes record = { 0 };

        if (version == TLS1_2_VERSION && strstr(wish.groups, "P-256") == NULL) {
            continue; /* the certificate is for P-256, which TLS 1.2 would refuse */
        }
        p.ctx = SSL_CTX_new(TLS_client_method());
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p.fds), 0);
        p.client = client_new(p.ctx, &wish, p.fds[0]);
        p.server = tg_tls_new(f->context, p.fds[1]);
        assert_non_null(p.server);
        assert_false(tg_tls_is_costly(p.server));
        assert_int_equal(SSL_do_handshake(p.client), -1);
        record = record_at(p.fds[1]);
        if (tg_tls_handshake(p.server, &record) == TG_TLS_WANT_LEAVE) {
            assert_true(cases[i / 2].is_costly);
            tg_tls_give_leave(p.server);
            assert_int_equal(tg_tls_handshake(p.server, &record), TG_TLS_WANT_READ);
        } else {
            assert_true(version == TLS1_2_VERSION || !cases[i / 2].is_costly);
        }
        if (version == TLS1_3_VERSION) {
            assert_int_equal(tg_tls_is_costly(p.server), cases[i / 2].is_costly);
        }
        pair_close(&p);
    }
}

/* Each long computation needs a leave of its own, also after the client was asked for another
   share. spec-test: protocol/3#costly-handshakes */
static void groups__costly_ones__each_computation_asks_for_leave(void **state)
{
    static const struct {
        int version;
        const char *groups;
        size_t leaves;
    } cases[] = {
        { TLS1_3_VERSION, "X25519", 0 },      { TLS1_3_VERSION, "P-256", 0 },
        { TLS1_3_VERSION, "P-384", 1 },       { TLS1_3_VERSION, "P-521", 1 },
        { TLS1_3_VERSION, "X448:P-384", 1 },  { TLS1_3_VERSION, "P-384:X25519", 1 },
        { TLS1_2_VERSION, "P-256:P-384", 0 }, { TLS1_2_VERSION, "P-384:P-256", 0 },
    };

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct wish wish = { .min_version = cases[i].version,
                                   .max_version = cases[i].version,
                                   .groups = cases[i].groups };

        leave_count = 0;
        assert_true(meet_once(*state, &wish).is_done);
        assert_int_equal(leave_count, cases[i].leaves);
    }
}

/* With a certificate for RSA a client of TLS 1.2 needs no other group. */
static struct tg_tls_context *context_for_rsa(struct tg_tls_tickets *tickets)
{
    struct tg_tls_context *context = NULL;
    struct tg_pair pair = { .cert = X509_new(), .key = EVP_RSA_gen(2048) };

    assert_non_null(pair.cert);
    assert_non_null(pair.key);
    assert_int_equal(X509_set_pubkey(pair.cert, pair.key), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(pair.cert), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(pair.cert), 86400));
    assert_true(X509_sign(pair.cert, pair.key, EVP_sha256()) > 0);
    assert_int_equal(tg_tls_context_new(&context, &pair, tickets), TG_OK);
    tg_pair_deinit(&pair);
    return context;
}

/* The share of the relay, and then the secret.
   spec-test: protocol/3#costly-handshakes */
static void groups__costly_ones_with_tls12__both_computations_ask_for_leave(void **state)
{
    struct fixture *f = *state;
    struct tg_tls_context *context = context_for_rsa(f->tickets);
    struct wish wish = { .min_version = TLS1_2_VERSION,
                         .max_version = TLS1_2_VERSION,
                         .groups = "P-384" };
    struct outcome first, again;

    leave_count = 0;
    first = meet(context, &wish);
    assert_true(first.is_done);
    assert_int_equal(leave_count, 2);
    wish.resume = first.session;
    again = meet(context, &wish);
    assert_true(again.is_resumed);
    assert_int_equal(leave_count, 3); /* for nothing: what is resumed is known later */
    SSL_SESSION_free(first.session);
    SSL_SESSION_free(again.session);
    tg_tls_context_free(&context);
}

/* A client that sends no share of a group that the server has is asked once for another. */
static void groups__share_of_none__retried_once(void **state)
{
    const struct wish wish = { .min_version = TLS1_3_VERSION,
                               .max_version = TLS1_3_VERSION,
                               .groups = "X448:P-384" };

    assert_true(meet_once(*state, &wish).is_done);
}

/* The hybrid group, where the library has it (OpenSSL 3.5). */
static void groups__hybrid__accepted_where_the_library_has_it(void **state)
{
    char name[] = "X25519MLKEM768";
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool is_known = SSL_CTX_set1_groups_list(ctx, name) == 1;
    const struct wish wish = { .min_version = TLS1_3_VERSION,
                               .max_version = TLS1_3_VERSION,
                               .groups = name };

    SSL_CTX_free(ctx);
    ERR_clear_error();
    if (is_known) {
        assert_true(meet_once(*state, &wish).is_done);
    }
}

/* A new context after a reload shares the keys; another process does not. */
static void tickets__resumed_by_a_new_context__not_by_other_keys(void **state)
{
    struct fixture *f = *state;
    struct tg_tls_tickets *others = NULL;
    struct tg_tls_context *reloaded = NULL;
    struct tg_tls_context *restarted = NULL;

    assert_int_equal(tg_tls_tickets_new(&others, &tg_rng_system), TG_OK);
    assert_int_equal(load(&reloaded, f->cert, f->key, f->tickets), TG_OK);
    assert_int_equal(load(&restarted, f->cert, f->key, others), TG_OK);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct wish wish = { .min_version = version, .max_version = version };
        struct outcome first = meet(f->context, &wish);
        struct outcome next = { 0 };

        assert_true(first.is_done);
        assert_false(first.is_resumed);
        wish.resume = first.session;
        next = meet(reloaded, &wish);
        assert_true(next.is_done);
        assert_true(next.is_resumed);
        SSL_SESSION_free(next.session);
        SSL_SESSION_free(first.session);
        wish.resume = NULL;
        first = meet(f->context, &wish);
        wish.resume = first.session;
        next = meet(restarted, &wish);
        assert_true(next.is_done);
        assert_false(next.is_resumed);
        SSL_SESSION_free(next.session);
        SSL_SESSION_free(first.session);
    }
    tg_tls_context_free(&reloaded);
    tg_tls_context_free(&restarted);
    tg_tls_tickets_free(&others);
}

/* A call reads one record, also where more have arrived and this one brings nothing. */
static void records__one_a_call__the_rest_not_touched(void **state)
{
    struct pair p;
    uint8_t in[16] = { 0 };
    uint8_t two[256];
    struct tg_bytes record = { 0 };
    size_t len = sizeof(in);
    ssize_t got = 0;

    pair_open(&p, *state, TLS1_3_VERSION);
    assert_int_equal(SSL_write(p.client, "one", 3), 3);
    assert_int_equal(SSL_write(p.client, "two", 3), 3);
    got = recv(p.fds[1], two, sizeof(two), 0);
    assert_true(got > 0);
    record = tg_bytes(two, tg_tls_record_len(tg_bytes(two, (size_t)got)));
    assert_true(record.len > 0 && record.len < (size_t)got);
    assert_int_equal(tg_tls_read(p.server, &record, in, &len), TG_TLS_OK);
    assert_int_equal(record.len, 0);
    assert_int_equal(len, 3);
    assert_memory_equal(in, "one", 3);
    assert_false(tg_tls_has_pending(p.server));
    len = sizeof(in);
    assert_int_equal(tg_tls_read(p.server, &record, in, &len), TG_TLS_WANT_READ);
    pair_close(&p);
}

static void record_len__each_start__waits_or_refuses(void **state)
{
    static const struct {
        uint8_t in[8];
        size_t in_len;
        size_t record_len;
    } cases[] = {
        { { 0 }, 0, 0 },
        { { 22, 3, 1, 0 }, 4, 0 },
        { { 22, 3, 1, 0, 0 }, 5, 5 },          /* an empty record */
        { { 22, 3, 1, 0, 2, 1 }, 6, 0 },       /* one byte is missing */
        { { 22, 3, 1, 0, 2, 1, 1, 9 }, 8, 7 }, /* the next one is not part of it */
        { { 22, 3, 1, 0x48, 0 }, 5, 0 },       /* the longest */
        { { 22, 3, 1, 0x48, 1, 7 }, 6, 6 },    /* longer: OpenSSL refuses what is there */
        { { 'G', 'E', 'T', ' ', '/' }, 5, 5 }, /* no record */
        { { 0x80, 0x2e, 1, 3, 1, 0 }, 6, 6 },  /* a ClientHello of SSL 2 */
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_int_equal(tg_tls_record_len(tg_bytes(cases[i].in, cases[i].in_len)),
                         cases[i].record_len);
    }
}

static void key_updates__each_takes_one_record_and_brings_nothing(void **state)
{
    struct pair p;
    uint8_t in[16] = { 0 };
    size_t len = 0;

    pair_open(&p, *state, TLS1_3_VERSION);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(p.client), 1);
        (void)SSL_read(p.client, in, sizeof(in)); /* the answers */
    }
    for (size_t i = 0; i < 20; i++) {
        struct tg_bytes record = record_at(p.fds[1]);

        assert_true(record.len > 0);
        len = sizeof(in);
        assert_int_equal(tg_tls_read(p.server, &record, in, &len), TG_TLS_WANT_READ);
        assert_int_equal(record.len, 0);
    }
    assert_int_equal(record_at(p.fds[1]).len, 0);
    pair_close(&p);
}

/* spec-test: protocol/1#tls-resumption */
static void tickets__old_keys__resumed_for_two_hours_at_most(void **state)
{
    static const struct {
        time_t made_s, used_s;
        bool is_resumed;
    } cases[] = {
        { 0, TG_TLS_TICKET_KEY_S - 60, true }, /* the same key */
        { 0, TG_TLS_TICKET_KEY_S + 60, true }, /* the previous key */
        { 0, 2 * TG_TLS_TICKET_KEY_S + 60,
          false }, /* expired, although no handshake took place since */
        { TG_TLS_TICKET_KEY_S / 2, TG_TLS_TICKET_KEY_S + 60, true },
    };

    (void)state;
    for (size_t i = 0; i < 2 * TG_COUNT(cases); i++) {
        int version = i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
        struct wish wish = { .min_version = version, .max_version = version };
        struct fixture *f = NULL;
        struct outcome first = { 0 };
        struct outcome next = { 0 };
        void *fresh = NULL;

        later_s = 0;
        (void)setup(&fresh);
        f = fresh;
        later_s = cases[i / 2].made_s;
        first = meet(f->context, &wish);
        assert_true(first.is_done);
        later_s = cases[i / 2].used_s;
        wish.resume = first.session;
        next = meet(f->context, &wish);
        assert_true(next.is_done);
        assert_int_equal(next.is_resumed, cases[i / 2].is_resumed);
        SSL_SESSION_free(next.session);
        SSL_SESSION_free(first.session);
        (void)teardown(&fresh);
    }
    later_s = 0;
}

/* A client with a ticket of the previous key gets one of the current key. */
static void tickets__resumed_with_the_previous_key__renewed(void **state)
{
    struct fixture *f = *state;
    struct wish wish = { .min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION };
    struct outcome first = meet(f->context, &wish);
    struct outcome second = { 0 };
    struct outcome third = { 0 };

    later_s = TG_TLS_TICKET_KEY_S + 60;
    wish.resume = first.session;
    second = meet(f->context, &wish);
    assert_true(second.is_resumed);
    later_s = 2 * TG_TLS_TICKET_KEY_S + 30; /* the first key has expired, the second has not */
    wish.resume = second.session;
    third = meet(f->context, &wish);
    later_s = 0;
    assert_true(third.is_resumed);
    SSL_SESSION_free(first.session);
    SSL_SESSION_free(second.session);
    SSL_SESSION_free(third.session);
}

/* A reload runs in a worker's loop, where OpenSSL would wait for terminal input. */
static void context__held_twice__survives_the_first_free(void **state)
{
    struct fixture *f = *state;
    struct tg_tls_context *held = tg_tls_context_hold(f->context);
    const struct wish wish = { .min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION };

    tg_tls_context_free(&held);
    assert_null(held);
    assert_true(meet_once(f, &wish).is_done);
    assert_true(tg_tls_context_not_after(f->context) > (int64_t)time(NULL));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* What libcrypto makes once for a thread belongs to no client. */
#define FIRST_KINDS 3u

struct first {
    struct fixture *f;
    bool is_warm;
    bool is_done[FIRST_KINDS];
    size_t held[FIRST_KINDS];
};

static void *meet_first(void *arg)
{
    static const struct wish wishes[FIRST_KINDS] = {
        { .min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION },
        { .min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION, .groups = "P-256" },
        { .min_version = TLS1_2_VERSION, .max_version = TLS1_2_VERSION },
    };
    /* What the entries belong to must stay. */
    static struct tg_mem_owner *owners[FIRST_KINDS];
    struct first *first = arg;

    first->is_warm = tg_tls_warm(first->f->context);
    for (size_t i = 0; i < FIRST_KINDS; i++) {
        struct tg_mem_owner *before = NULL;

        owners[i] = tg_mem_owner_new();
        before = tg_mem_enter(owners[i]);
        first->is_done[i] = meet_once(first->f, &wishes[i]).is_done;
        (void)tg_mem_enter(before);
        first->held[i] = tg_mem_owner_held(owners[i]);
        (void)tg_mem_owner_free(&owners[i]);
    }
    return NULL;
}

static void warm__first_sessions_of_a_thread__leave_next_to_nothing(void **state)
{
    struct first first = { .f = *state };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, meet_first, &first), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(first.is_warm);
    for (size_t i = 0; i < FIRST_KINDS; i++) {
        assert_true(first.is_done[i]);
        assert_in_range(first.held[i], 0, 1024); /* entries of a list; 24 KiB without warming */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(warm__first_sessions_of_a_thread__leave_next_to_nothing),
        CASE(versions__1_2_and_1_3_accepted__older_refused),
        CASE(ciphers__without_forward_secrecy_or_aead__refused),
        CASE(alpn__h2_preferred__http_1_1_without_it__others_refused),
        CASE(groups__each_alone__accepted),
        CASE(groups__costly_ones__known_from_the_first_record),
        CASE(groups__costly_ones__each_computation_asks_for_leave),
        CASE(groups__costly_ones_with_tls12__both_computations_ask_for_leave),
        CASE(groups__share_of_none__retried_once),
        CASE(groups__hybrid__accepted_where_the_library_has_it),
        CASE(records__one_a_call__the_rest_not_touched),
        CASE(record_len__each_start__waits_or_refuses),
        CASE(key_updates__each_takes_one_record_and_brings_nothing),
        CASE(tickets__resumed_by_a_new_context__not_by_other_keys),
        cmocka_unit_test(tickets__old_keys__resumed_for_two_hours_at_most),
        CASE(tickets__resumed_with_the_previous_key__renewed),
        CASE(context__held_twice__survives_the_first_free),
    };

    if (tg_crypto_own_process() != TG_OK) {
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
