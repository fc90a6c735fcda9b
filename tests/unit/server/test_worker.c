/* SPDX-License-Identifier: Apache-2.0 */
/* What two workers serve: requests, long polls, a drain, the administration, and what is no TLS. */
#include "worker_fixture.h"

#include <stdio.h>
#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

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
    for (size_t i = 0; i < 60 && !is_status(f->reply, 429); i++) {
        (void)snprintf(text, sizeof(text),
                       "GET /v1/m/" CLAIM_A " HTTP/1.1\r\nHost: r\r\n"
                       "X-Forwarded-For: 198.51.100.%zu, "
                       "192.0.2.7\r\n\r\n",
                       i);
        say(fd, text);
        assert_true(is_status(hear(f, fd), 404) || (i >= 3 && is_status(f->reply, 429)));
    }
    assert_true(is_status(f->reply, 429));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__served_over_a_socket),
        cmocka_unit_test(garbage_instead_of_tls__closed),
        cmocka_unit_test(plain_http_on_the_tls_port__400_that_reflects_nothing),
        cmocka_unit_test(plain_http2_on_the_tls_port__goaway_that_says_so),
        cmocka_unit_test(long_polls__on_both_workers__woken_by_one_update),
        cmocka_unit_test(long_poll__client_closes__removed),
        cmocka_unit_test(long_poll__drain__answered_204_and_closed),
        cmocka_unit_test(drain__busy_connection__every_request_answered),
        cmocka_unit_test(rate__over_the_burst_of_a_network__429_with_retry_after),
        cmocka_unit_test(admin__each_page__answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
