/* SPDX-License-Identifier: Apache-2.0 */
/* The libcurl transport against a server on loopback that sends what a test wants. */
#include <tigress/transport_curl.h>

#include "unit/client/wallet_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWERS_MAX 4

struct server {
    int listener;
    unsigned port;
    pthread_t thread;
    const char *answers[ANSWERS_MAX]; /* one for each connection or request, NULL: hang */
    size_t answer_count;
    bool speaks_first; /* the first answer comes before a request */
    size_t padding;    /* bytes of 'x' after the last answer */
    char requests[ANSWERS_MAX][4096];
    unsigned connection_count;
    unsigned request_count;
};

static bool read_request(int fd, char *out, size_t cap)
{
    size_t len = 0;

    while (len + 1 < cap) {
        ssize_t got = recv(fd, out + len, cap - 1 - len, 0);
        const char *end = NULL;
        const char *length = NULL;

        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        out[len] = '\0';
        end = strstr(out, "\r\n\r\n");
        length = strstr(out, "Content-Length: ");
        if (end != NULL &&
            (length == NULL || out + len >= end + 4 + strtoul(length + 16, NULL, 10))) {
            return true;
        }
    }
    return false;
}

static void answer_one(struct server *s, int fd)
{
    const char *answer = s->answers[s->request_count];
    static const char filler[4096] = { 'x' };

    s->request_count++;
    (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    for (size_t sent = 0; sent < s->padding; sent += sizeof(filler)) {
        if (send(fd, filler, sizeof(filler), MSG_NOSIGNAL) <= 0) {
            return;
        }
    }
}

static void *serve(void *ctx)
{
    struct server *s = ctx;

    while (s->request_count < s->answer_count) {
        struct pollfd waiting = { .fd = s->listener, .events = POLLIN };
        int fd = poll(&waiting, 1, 60000) == 1 ? accept(s->listener, NULL, NULL) : -1;

        if (fd < 0) {
            return NULL;
        }
        s->connection_count++;
        if (s->speaks_first) {
            answer_one(s, fd);
            (void)shutdown(fd, SHUT_WR);
            (void)read_request(fd, s->requests[0], sizeof(s->requests[0]));
        }
        while (s->request_count < s->answer_count &&
               read_request(fd, s->requests[s->request_count], sizeof(s->requests[0]))) {
            if (s->answers[s->request_count] == NULL) {
                struct pollfd gone = { .fd = fd, .events = POLLIN };

                s->request_count++;
                (void)poll(&gone, 1, 60000);
                break;
            }
            answer_one(s, fd);
        }
        (void)close(fd);
    }
    return NULL;
}

static void start(struct server *s, size_t answer_count)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    s->answer_count = answer_count;
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    s->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
    (void)shutdown(s->listener, SHUT_RDWR); /* it waits for no other connection */
    (void)pthread_join(s->thread, NULL);
    (void)close(s->listener);
}

struct pair {
    struct tigress_session *session;
    struct tigress_transport *transport;
};

static void open_pair(struct pair *p, unsigned port, unsigned tries)
{
    char url[TIGRESS_SHARE_URL_MAX];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/m/" FAKE_MAILBOX, port);
    assert_int_equal(tigress_recipient_new(&p->session, url, "AAAAAAAAAAAAAAAAAAAAAA==", NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_want_preview(p->session), TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(p->session, tries), TIGRESS_OK);
    assert_int_equal(tigress_transport_new(&p->transport, p->session), TIGRESS_OK);
}

static void close_pair(struct pair *p)
{
    tigress_transport_free(&p->transport);
    tigress_session_free(&p->session);
}

#define PREVIEW                                                                                    \
    "{\"displayInformation\":{\"title\":\"T\",\"description\":\"\",\"imageURL\":\"\"},"            \
    "\"expiration\":\"2030-01-03T00:00:00Z\"}"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\n"

/* spec-test: protocol/7#client-privacy */
static void run__two_sessions__no_shared_connection_cookie_or_agent(void **state)
{
    struct server s = { .answers = { HEAD "Content-Length: 103\r\n\r\n" PREVIEW,
                                     "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n",
                                     HEAD "Content-Length: 103\r\n\r\n" PREVIEW,
                                     "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n" } };
    struct pair pairs[2];

    (void)state;
    assert_int_equal(strlen(PREVIEW), 103);
    start(&s, 4);
    for (size_t i = 0; i < 2; i++) {
        open_pair(&pairs[i], s.port, 1);
        assert_int_equal(tigress_transport_run(pairs[i].transport, 0), TIGRESS_WANT_INPUT);
        assert_string_equal(tigress_session_title(pairs[i].session), "T");
        assert_int_equal(tigress_session_accept(pairs[i].session), TIGRESS_OK);
        assert_int_equal(tigress_transport_run(pairs[i].transport, 0), TIGRESS_FAILED);
        assert_int_equal(tigress_session_error(pairs[i].session), TIGRESS_E_GONE);
        close_pair(&pairs[i]);
    }
    stop(&s);
    assert_int_equal(s.connection_count, 2);
    for (size_t i = 0; i < 4; i++) {
        assert_null(strcasestr(s.requests[i], "user-agent"));
        assert_null(strcasestr(s.requests[i], "cookie"));
        assert_null(strcasestr(s.requests[i], "referer"));
        assert_null(strcasestr(s.requests[i], "accept-language"));
    }
    assert_true(strncmp(s.requests[0], "GET /v1/m/" FAKE_MAILBOX " HTTP/1.1\r\n", 50) == 0);
    assert_null(strcasestr(s.requests[0], "claim"));
    assert_true(strncmp(s.requests[1], "POST ", 5) == 0);
    assert_non_null(strcasestr(s.requests[1], "\r\nContent-Length: 0\r\n"));
}

static const struct wire_case {
    const char *answer;
    size_t padding;
    enum tigress_error error;
} cases[] = {
    { "SSH-2.0-OpenSSH_9.2\r\n", 0, TIGRESS_E_PROTOCOL },
    { "", 0, TIGRESS_E_NETWORK },
    { HEAD "Content-Length: 500\r\n\r\n{", 0, TIGRESS_E_NETWORK },
    { HEAD "Content-Length: 600000\r\n\r\n{", 600000, TIGRESS_E_PROTOCOL },
    { HEAD "Content-Length: 10000000000\r\n\r\n{", 0, TIGRESS_E_PROTOCOL }, /* not waited for */
    { HEAD "Connection: close\r\n\r\n", 600000, TIGRESS_E_PROTOCOL },
    { HEAD "Content-Length: 15\r\n\r\n<html>hello</ht", 0, TIGRESS_E_PROTOCOL },
    { "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0,
      TIGRESS_E_PROTOCOL },
    { "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 0, TIGRESS_E_UNAVAILABLE },
};

static void run__each_kind_of_nonsense__named_and_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct server s = { .answers = { cases[i].answer }, .padding = cases[i].padding };
        struct pair p;

        start(&s, 1);
        open_pair(&p, s.port, 1);
        assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_FAILED);
        assert_string_equal(tigress_error_name(tigress_session_error(p.session)),
                            tigress_error_name(cases[i].error));
        close_pair(&p);
        stop(&s);
    }
}

/* spec-test: protocol/7#own-error */
static void run__nobody_listens__refused_and_the_port_is_named(void **state)
{
    struct server s = { .answers = { "" } };
    struct pair p;
    char place[32];

    (void)state;
    start(&s, 0);
    stop(&s);
    open_pair(&p, s.port, 1);
    assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_FAILED);
    assert_string_equal(tigress_error_name(tigress_session_error(p.session)), "E_CONNECT");
    (void)snprintf(place, sizeof(place), "127.0.0.1:%u.", s.port);
    assert_non_null(strstr(tigress_session_error_text(p.session), place));
    close_pair(&p);
}

/* RFC 6761: no name below "invalid" exists. spec-test: protocol/7#own-error */
static void run__name_that_does_not_exist__the_name_is_named(void **state)
{
    struct pair p = { NULL, NULL };

    (void)state;
    assert_int_equal(tigress_recipient_new(&p.session,
                                           "https://relay.invalid:8443/v1/m/" FAKE_MAILBOX,
                                           "AAAAAAAAAAAAAAAAAAAAAA==", NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(p.session, 1), TIGRESS_OK);
    assert_int_equal(tigress_transport_new(&p.transport, p.session), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_FAILED);
    assert_string_equal(tigress_error_name(tigress_session_error(p.session)), "E_NAME");
    assert_non_null(strstr(tigress_session_error_text(p.session), "relay.invalid:8443."));
    close_pair(&p);
}

/* spec-test: protocol/1#https-only */
static void run__plain_server_behind_https__nothing_is_sent_to_it(void **state)
{
    struct server s = { .answers = { "HTTP/1.1 400 Bad\r\n\r\n" }, .speaks_first = true };
    struct pair p = { NULL, NULL };
    char url[TIGRESS_SHARE_URL_MAX];

    (void)state;
    start(&s, 1);
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/v1/m/" FAKE_MAILBOX, s.port);
    assert_int_equal(tigress_recipient_new(&p.session, url, "AAAAAAAAAAAAAAAAAAAAAA==", NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(p.session, 1), TIGRESS_OK);
    assert_int_equal(tigress_transport_new(&p.transport, p.session), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_FAILED);
    assert_int_equal(tigress_session_error(p.session), TIGRESS_E_NETWORK);
    close_pair(&p);
    stop(&s);
    assert_null(memmem(s.requests[0], sizeof(s.requests[0]), FAKE_MAILBOX, 36));
}

static int stop_now(void *ctx, const struct tigress_session *s, enum tigress_want doing)
{
    unsigned *calls = ctx;

    assert_non_null(s);
    assert_true(doing == TIGRESS_WANT_HTTP || doing == TIGRESS_WANT_WAIT);
    return ++*calls > 2;
}

static void run__progress_stops__session_intact(void **state)
{
    struct server s = { .answers = { NULL } };
    struct pair p;
    unsigned calls = 0;

    (void)state;
    start(&s, 1);
    open_pair(&p, s.port, 3);
    assert_int_equal(tigress_transport_set_progress(p.transport, stop_now, &calls), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_WANT_HTTP);
    assert_true(calls > 2);
    assert_int_equal(tigress_session_failures(p.session), 0);
    assert_int_equal(tigress_session_cancel(p.session), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_DONE);
    close_pair(&p);
    stop(&s);
}

static void run__until_reached__returns_in_time(void **state)
{
    struct server s = { .answers = { NULL } };
    struct pair p;
    time_t before = time(NULL);

    (void)state;
    start(&s, 1);
    open_pair(&p, s.port, 3);
    assert_int_equal(tigress_transport_run(p.transport, before + 1), TIGRESS_WANT_HTTP);
    assert_true(time(NULL) - before < 50);
    close_pair(&p);
    stop(&s);
}

static int refuse_to_save(void *ctx, struct tigress_session *s)
{
    unsigned char *saved = NULL;
    size_t len = 0;
    unsigned *calls = ctx;

    assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
    tigress_free(saved, len);
    ++*calls;
    return -1;
}

static void run__save_fails__nothing_is_sent(void **state)
{
    struct tigress_session *s = NULL;
    struct tigress_transport *t = NULL;
    unsigned calls = 0;

    (void)state;
    assert_int_equal(
        tigress_initiator_new(&s, "http://127.0.0.1:1", MESSAGE_1, strlen(MESSAGE_1), NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(s), TIGRESS_OK);
    assert_int_equal(tigress_transport_new(&t, s), TIGRESS_OK);
    assert_int_equal(tigress_transport_set_save(t, refuse_to_save, &calls), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(t, 0), TIGRESS_WANT_HTTP);
    assert_int_equal(calls, 1);
    assert_int_equal(tigress_session_failures(s), 0);
    tigress_transport_free(&t);
    tigress_session_free(&s);
}

struct watched {
    unsigned calls;
    unsigned status;
    char method[8];
    char body[64];
};

static void watch(void *ctx, const struct tigress_http_request *request, unsigned status,
                  const char *body, size_t body_len)
{
    struct watched *w = ctx;

    w->calls++;
    w->status = status;
    (void)snprintf(w->method, sizeof(w->method), "%s", request->method);
    (void)snprintf(w->body, sizeof(w->body), "%.*s", (int)body_len, body == NULL ? "" : body);
    assert_true((body == NULL) == (body_len == 0));
}

static void run__observed__request_and_answer_are_reported(void **state)
{
    struct server s = { .answers = { "HTTP/1.1 404 Gone\r\nContent-Length: 5\r\n\r\nabcde" } };
    struct watched w = { 0 };
    struct pair p;

    (void)state;
    start(&s, 1);
    open_pair(&p, s.port, 1);
    assert_int_equal(tigress_transport_set_observe(p.transport, watch, &w), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_FAILED);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.status, 404);
    assert_string_equal(w.method, "GET");
    assert_string_equal(w.body, "abcde");
    close_pair(&p);
    stop(&s);
}

static void run__observed_without_an_answer__status_is_zero(void **state)
{
    struct server s = { .answers = { "" } };
    struct watched w = { 0 };
    struct pair p;

    (void)state;
    start(&s, 1);
    open_pair(&p, s.port, 1);
    assert_int_equal(tigress_transport_set_observe(p.transport, watch, &w), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(p.transport, 0), TIGRESS_FAILED);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.status, 0);
    assert_string_equal(w.body, "");
    assert_int_equal(tigress_transport_set_observe(NULL, watch, &w), TIGRESS_E_ARGUMENT);
    close_pair(&p);
    stop(&s);
}

#define NOT_FOUND(headers) "HTTP/1.1 404 Not Found\r\n" headers "Content-Length: 0\r\n\r\n"

static void run__date_of_the_answer__told_only_in_the_form_of_http(void **state)
{
    static const struct {
        const char *answer;
        int64_t date_s;
    } rows[] = {
        { NOT_FOUND("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 784111777 },
        { NOT_FOUND("date:  Tue, 01 Jan 2030 00:00:00 GMT \r\n"), 1893456000 },
        { NOT_FOUND(""), 0 },
        { NOT_FOUND("Date: soon\r\n"), 0 },
        { NOT_FOUND("Date: 2030-01-01T00:00:00Z\r\n"), 0 },
        { NOT_FOUND("Date: Wed, 01 Jan 2030 00:00:00 GMT\r\n"), 0 },
        { NOT_FOUND("Date: Tue, 01 Jan 2030 00:00:00 +0100\r\n"), 0 },
        { NOT_FOUND("Date: Sun Nov  6 08:49:37 1994\r\n"), 0 },
    };

    (void)state;
    assert_int_equal(tigress_transport_date_s(NULL), 0);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct server s = { .answers = { rows[i].answer } };
        struct pair p;

        start(&s, 1);
        open_pair(&p, s.port, 1);
        assert_int_equal(tigress_transport_date_s(p.transport), 0);
        (void)tigress_transport_run(p.transport, 0);
        assert_int_equal(tigress_transport_date_s(p.transport), rows[i].date_s);
        close_pair(&p);
        stop(&s);
    }
}

static void settings__wrong_value__named_with_what_was_expected(void **state)
{
    struct tigress_session *s = NULL;
    struct tigress_transport *t = NULL;
    static char path[4200];

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    assert_int_equal(
        tigress_initiator_new(&s, "https://relay.example", MESSAGE_1, strlen(MESSAGE_1), NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_transport_new(&t, s), TIGRESS_OK);
    assert_string_equal(tigress_transport_error_text(t), "");
    assert_int_equal(tigress_transport_set_connect_timeout_ms(t, 99), TIGRESS_E_ARGUMENT);
    assert_string_equal(tigress_transport_error_text(t),
                        "timeout_ms: expected 100 to 600000 milliseconds");
    assert_int_equal(tigress_transport_set_connect_timeout_ms(t, 100), TIGRESS_OK);
    assert_string_equal(tigress_transport_error_text(t), "");
    assert_int_equal(tigress_transport_set_ca_file(t, path), TIGRESS_E_LIMIT);
    assert_string_equal(tigress_transport_error_text(t), "path: expected at most 4095 bytes");
    assert_string_equal(tigress_transport_error_text(NULL), "");
    tigress_transport_free(&t);
    tigress_session_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__date_of_the_answer__told_only_in_the_form_of_http),
        cmocka_unit_test(settings__wrong_value__named_with_what_was_expected),
        cmocka_unit_test(run__two_sessions__no_shared_connection_cookie_or_agent),
        cmocka_unit_test(run__each_kind_of_nonsense__named_and_bounded),
        cmocka_unit_test(run__nobody_listens__refused_and_the_port_is_named),
        cmocka_unit_test(run__name_that_does_not_exist__the_name_is_named),
        cmocka_unit_test(run__plain_server_behind_https__nothing_is_sent_to_it),
        cmocka_unit_test(run__progress_stops__session_intact),
        cmocka_unit_test(run__until_reached__returns_in_time),
        cmocka_unit_test(run__save_fails__nothing_is_sent),
        cmocka_unit_test(run__observed__request_and_answer_are_reported),
        cmocka_unit_test(run__observed_without_an_answer__status_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
