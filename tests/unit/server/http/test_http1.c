/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/http/engine_fixture.h"

#define GET "GET /v1/m/x HTTP/1.1\r\nHost: relay\r\n\r\n"

static int setup(void **state)
{
    struct fixture *f = fixture_new();

    f->proto = tg_http1_new(&f->env, &f->io, &f->service);
    assert_non_null(f->proto);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static void assert_refused(struct fixture *f, unsigned status)
{
    char line[32];

    (void)snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
    if (strncmp(output(f), line, strlen(line)) != 0) {
        print_error("expected %s, got: %.60s\n", line, output(f));
    }
    assert_memory_equal(output(f), line, strlen(line));
    assert_int_equal(count_in_output(f, "\r\ndate: "), 1);
    assert_int_equal(count_in_output(f, "connection: close\r\n"), 1);
    assert_true(f->proto->is_finished);
}

/* One head on a new connection. The service must see it if and only if status is 200. */
static void expect(const char *text, unsigned status)
{
    struct fixture *f = NULL;
    void *state = NULL;

    (void)setup(&state);
    f = state;
    (void)feed(f, text);
    if (status == 200) {
        assert_int_equal(f->seen_count, 1);
        assert_memory_equal(output(f), "HTTP/1.1 200 ", 13);
    } else {
        assert_int_equal(f->seen_count, 0);
        assert_refused(f, status);
    }
    (void)teardown(&state);
}

static void request__whole__answered_in_one_write(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(feed(f, GET), strlen(GET));
    assert_int_equal(f->seen_count, 1);
    assert_string_equal(f->seen[0].method, "GET");
    assert_string_equal(f->seen[0].target, "/v1/m/x");
    assert_int_equal(f->write_count, 1);
    assert_string_equal(output(f), "HTTP/1.1 200 OK\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\n"
                                   "cache-control: no-store\r\ncontent-length: 5\r\n\r\nhello");
    assert_false(f->proto->is_finished);
}

static void request__byte_by_byte__same_request(void **state)
{
    static const char text[] = "POST /v1/m?a=b HTTP/1.1\r\nHost: relay\r\nX-Empty:\r\n"
                               "X-Last:  value \t\r\nContent-Length: 4\r\n\r\nbody";
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_int_equal(feed_bytes(f, text + i, 1), 1);
    }
    assert_int_equal(f->seen_count, 1);
    assert_string_equal(f->seen[0].target, "/v1/m?a=b");
    assert_int_equal(f->seen[0].header_count, 4);
    assert_string_equal(f->seen[0].last_name, "Content-Length");
    assert_string_equal(f->seen[0].body, "body");
}

static void header_values__trimmed_and_empty__kept_apart(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\nA:\r\nB: \t two words \t\r\n\r\n");
    assert_int_equal(f->seen[0].header_count, 3);
    assert_string_equal(f->seen[0].last_name, "B");
    assert_string_equal(f->seen[0].last_value, "two words");
}

static void chunked_body__extensions_and_trailers__only_the_body_is_passed(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nMailbox-Device-Claim: x\r\n\r\n");
    assert_int_equal(f->seen_count, 1);
    assert_int_equal(f->seen[0].header_count, 2);
    assert_string_equal(f->seen[0].body, "abcde");
    assert_false(f->proto->is_finished);
}

static void pipelined__while_busy__second_waits_for_the_first(void **state)
{
    struct fixture *f = *state;

    f->play = PLAY_HOLD;
    assert_int_equal(feed(f, GET GET), strlen(GET));
    assert_true(f->proto->is_busy);
    assert_int_equal(f->seen_count, 1);
    answer(f, 0);
    assert_false(f->proto->is_busy);
    assert_int_equal(f->kick_count, 1);
    assert_int_equal(feed(f, GET), strlen(GET));
    assert_int_equal(f->seen_count, 2);
    answer(f, 1);
    assert_int_equal(count_in_output(f, "HTTP/1.1 200 OK"), 2);
}

static void pipelined__peer_does_not_read__no_further_request_begun(void **state)
{
    struct fixture *f = *state;

    f->io.unsent = TG_UNSENT_MAX + 1;
    f->write_limit = 0;
    tg_buf_append(&f->out, tg_bytes(f->seen, 100)); /* something unsent already */
    f->io.unsent = TG_UNSENT_MAX + 1;
    f->settings.requests_max = 100;
    for (size_t i = 0; i < 6000; i++) {
        tg_buf_append_str(&f->out, "0123456789012345678901234567890123456789012345678901234567");
    }
    assert_int_equal(feed(f, GET GET GET), strlen(GET));
    assert_int_equal(f->seen_count, 1);
}

static void head__32_KiB_accepted__one_more_byte_431(void **state)
{
    static char text[TG_HEAD_MAX + 2];
    static const char start[] = "GET / HTTP/1.1\r\nHost: r\r\nX: ";

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, start, sizeof(start) - 1);
    memcpy(text + TG_HEAD_MAX - 4, "\r\n\r\n", 5);
    assert_int_equal(strlen(text), TG_HEAD_MAX);
    expect(text, 200);
    memset(text + TG_HEAD_MAX - 4, 'x', 4);
    memcpy(text + TG_HEAD_MAX - 3, "\r\n\r\n", 5);
    expect(text, 431);
}

static void headers__64_accepted__65_refused_with_431(void **state)
{
    static char text[4096];

    (void)state;
    for (size_t count = 64; count <= 65; count++) {
        size_t at = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: r\r\n");

        for (size_t i = 1; i < count; i++) {
            at += (size_t)snprintf(text + at, sizeof(text) - at, "X-%zu: y\r\n", i);
        }
        (void)snprintf(text + at, sizeof(text) - at, "\r\n");
        expect(text, count == 64 ? 200 : 431);
    }
}

static void target__4096_bytes_accepted__4097_refused_with_414(void **state)
{
    static char text[8192];

    (void)state;
    for (size_t len = 4096; len <= 4097; len++) {
        memset(text, 'a', sizeof(text));
        memcpy(text, "GET /", 5);
        (void)snprintf(text + 4 + len, sizeof(text) - 4 - len, " HTTP/1.1\r\nHost: r\r\n\r\n");
        expect(text, len == 4096 ? 200 : 414);
    }
}

static void body__at_its_limit__passed_whole(void **state)
{
    static char text[1200];
    struct fixture *f = *state;
    int head = snprintf(text, sizeof(text),
                        "POST / HTTP/1.1\r\nHost: r\r\n"
                        "Content-Length: 1000\r\n\r\n");

    memset(text + head, 'b', 1000);
    (void)feed_bytes(f, text, (size_t)head + 1000);
    assert_int_equal(f->seen[0].body_len, 1000);
    assert_false(f->seen[0].is_body_too_large);
    assert_false(f->proto->is_finished);
}

static void body__declared_one_byte_over_the_limit__refused_at_once_and_closed(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 1001\r\n\r\n");
    assert_int_equal(f->seen_count, 1);
    assert_true(f->seen[0].is_body_too_large);
    assert_int_equal(f->seen[0].body_len, 0);
    assert_int_equal(count_in_output(f, "connection: close"), 1);
    assert_true(f->proto->is_finished);
    assert_true(f->proto->must_linger);
}

static void body__chunked_one_byte_over_the_limit__refused_and_closed(void **state)
{
    static char chunk[1100];
    struct fixture *f = *state;
    int head = snprintf(chunk, sizeof(chunk), "3e9\r\n"); /* 1001 */

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_int_equal(f->seen_count, 0);
    memset(chunk + head, 'b', 1001);
    (void)feed_bytes(f, chunk, (size_t)head + 1001);
    assert_true(f->seen[0].is_body_too_large);
    assert_true(f->proto->is_finished);
}

static void begin_chunked(struct fixture *f, const char *more)
{
    char text[400];

    (void)snprintf(text, sizeof(text),
                   "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n%s\r\n", more);
    (void)feed(f, text);
}

/* The limit is 1000 bytes. spec-test: protocol/1#chunk-size */
static void chunk_size__over_what_is_left__413_before_a_byte_of_the_chunk(void **state)
{
    static const char content[1000];
    static const struct {
        size_t chunk_lens[3]; /* that come first */
        const char *size;     /* fed byte by byte */
        bool is_too_large;
    } cases[] = {
        { { 0 }, "3e8\r\n", false },
        { { 0 }, "3e9", true },
        { { 0 }, "3E9", true },
        { { 0 }, "00000000000003e8\r\n", false },
        { { 0 }, "00000000000003e9", true },
        { { 0 }, "7fffffffffffffff", true },
        { { 0 }, "ffffffffffffffff", true },
        { { 0 }, "fffffffffffffffff", true },
        { { 0 }, "1000000000000000000000000000000000000000", true },
        { { 999 }, "1\r\n", false },
        { { 999 }, "2", true },
        { { 500, 500 }, "0\r\n", false },
        { { 500 }, "1f5", true },
        { { 500, 499, 1 }, "1", true },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = NULL;
        void *one = NULL;

        (void)setup(&one);
        f = one;
        begin_chunked(f, "");
        for (size_t k = 0; k < 3 && cases[i].chunk_lens[k] > 0; k++) {
            char size[24];

            (void)snprintf(size, sizeof(size), "%zx\r\n", cases[i].chunk_lens[k]);
            (void)feed(f, size);
            (void)feed_bytes(f, content, cases[i].chunk_lens[k]);
            (void)feed(f, "\r\n");
        }
        for (const char *at = cases[i].size; *at != '\0'; at++) {
            (void)feed_bytes(f, at, 1);
        }
        if (f->seen_count != (cases[i].is_too_large ? 1u : 0u)) {
            fail_msg("case %zu: %s", i, cases[i].size);
        }
        assert_int_equal(f->proto->is_finished, cases[i].is_too_large);
        if (cases[i].is_too_large) {
            assert_true(f->seen[0].is_body_too_large);
            assert_true(f->proto->must_linger);
            assert_int_equal(count_in_output(f, "connection: close"), 1);
        }
        (void)teardown(&one);
    }
}

/* spec-test: protocol/1#decided-before-continue */
static void expect_continue__chunk_too_large_beside_the_head__no_100_sent(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n"
                  "Expect: 100-continue\r\n\r\n3e9\r\n");
    assert_int_equal(count_in_output(f, "100 Continue"), 0);
    assert_true(f->seen[0].is_body_too_large);
}

/* A client that waits has sent nothing of the body. */
static void expect_continue__body_has_begun__no_100_sent(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 5\r\n"
                  "Expect: 100-continue\r\n\r\nhe");
    assert_int_equal(count_in_output(f, "100 Continue"), 0);
    (void)feed(f, "llo");
    assert_int_equal(f->seen_count, 1);
    clear_output(f);
    begin_chunked(f, "Expect: 100-continue\r\n");
    assert_int_equal(count_in_output(f, "100 Continue"), 1);
    (void)feed(f, "1\r\nx\r\n0\r\n\r\n");
    assert_int_equal(f->seen_count, 2);
    assert_int_equal(count_in_output(f, "100 Continue"), 1);
}

static void chunks__tiny_with_huge_extensions__refused(void **state)
{
    static char text[TG_HEAD_MAX + 100];
    struct fixture *f = *state;

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n");
    memset(text, 'e', sizeof(text));
    memcpy(text, "1;", 2);
    (void)feed_bytes(f, text, sizeof(text));
    assert_refused(f, 400);
    assert_int_equal(f->seen_count, 0);
}

static void smuggling_attempts__refused(void **state)
{
    static const char *const heads[] = {
        "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 3, 3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: +3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 0x3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding : chunked\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : r\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\nA: b\r\n\tc\r\n\r\n",
        "GET / HTTP/1.1\nHost: r\n\n",
        "GET / HTTP/1.1\r\nHost: r\nA: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\nA: b\rc\r\n\r\n",
        "GET / HTTP/1.1\rHost: r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\nA\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\nA b: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\nA: b\x01"
        "c\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: r\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: r\r\n\r\n",
        "GET /\x80 HTTP/1.1\r\nHost: r\r\n\r\n",
        "GET /#f HTTP/1.1\r\nHost: r\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: r\r\n\r\n",
        "GET ftp://x/ HTTP/1.1\r\nHost: r\r\n\r\n",
        "GET http:// HTTP/1.1\r\nHost: r\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: r\r\nHost: r\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: r\r\nHost: r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        "CONNECT r:443 HTTP/1.1\r\nHost: r\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(heads); i++) {
        struct fixture *f = NULL;
        void *one = NULL;

        (void)setup(&one);
        f = one;
        (void)feed(f, heads[i]);
        if (f->seen_count != 0 || !f->proto->is_finished) {
            print_error("case %zu: %s\n", i, heads[i]);
        }
        assert_int_equal(f->seen_count, 0);
        assert_true(f->proto->is_finished);
        assert_memory_equal(output(f), "HTTP/1.1 ", 9);
        assert_true(output(f)[9] == '4' || output(f)[9] == '5');
        (void)teardown(&one);
    }
}

static void chunks__ambiguous__refused(void **state)
{
    static const char *const bodies[] = {
        "5\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "\r\n5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "0\r\n\n",
        "0\n\r\n",
        "0\r\nX: a\nY: b\r\n\r\n",
        "0\r\nX: a\rY: b\r\n\r\n",
        "0\r\nX: a\n\r\n",
        "0\r\nX: a\r\n\n",
        "0\r\nX: a\r\r\n\r\n",
        "0\r\nX : a\r\n\r\n",
        "0\r\n X: a\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bodies); i++) {
        struct fixture *f = NULL;
        void *one = NULL;

        (void)setup(&one);
        f = one;
        (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (const char *at = bodies[i]; i % 2 == 1 && *at != '\0'; at++) {
            (void)feed_bytes(f, at, 1);
        }
        if (i % 2 == 0) {
            (void)feed(f, bodies[i]);
        }
        if (f->seen_count != 0 || !f->proto->is_finished) {
            print_error("case %zu: %s\n", i, bodies[i]);
        }
        assert_int_equal(f->seen_count, 0);
        assert_true(f->proto->is_finished);
        assert_int_equal(count_in_output(f, "HTTP/1.1 400"), 1);
        (void)teardown(&one);
    }
}

static void versions_and_methods__unknown__505_and_501(void **state)
{
    (void)state;
    expect("GET / HTTP/1.2\r\nHost: r\r\n\r\n", 505);
    expect("GET / HTTP/2.0\r\nHost: r\r\n\r\n", 505);
    expect("GET / HTTP/0.9\r\nHost: r\r\n\r\n", 505);
    expect("GET /\r\n\r\n", 505);
    expect("BREW / HTTP/1.1\r\nHost: r\r\n\r\n", 501);
    expect("\r\n\r\nGET / HTTP/1.1\r\nHost: r\r\n\r\n", 200);
    expect("GET / HTTP/1.0\r\n\r\n", 200);
    expect("OPTIONS * HTTP/1.1\r\nHost: r\r\n\r\n", 200);
}

static void absolute_target__becomes_the_path(void **state)
{
    static const char *const cases[][2] = {
        { "http://relay/v1/m?q", "/v1/m?q" },
        { "HTTPS://relay:1/v1", "/v1" },
        { "http://relay", "/" },
        { "http://relay?q", "/?q" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        char text[128];
        struct fixture *f = NULL;
        void *one = NULL;

        (void)setup(&one);
        f = one;
        (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: other\r\n\r\n", cases[i][0]);
        (void)feed(f, text);
        assert_int_equal(f->seen_count, 1);
        assert_string_equal(f->seen[0].target, cases[i][1]);
        assert_string_equal(f->seen[0].last_value, "other");
        (void)teardown(&one);
    }
}

static void expect_continue__answered_before_the_body(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nExpect: 100-Continue\r\n"
                  "Content-Length: 2\r\n\r\n");
    assert_string_equal(output(f), "HTTP/1.1 100 Continue\r\n\r\n");
    (void)feed(f, "ok");
    assert_string_equal(f->seen[0].body, "ok");
    expect("POST / HTTP/1.1\r\nHost: r\r\nExpect: miracles\r\nContent-Length: 2\r\n\r\n", 417);
}

static void expect_continue__body_too_large__no_100_sent(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nExpect: 100-continue\r\n"
                  "Content-Length: 1001\r\n\r\n");
    assert_int_equal(count_in_output(f, "100 Continue"), 0);
    assert_true(f->seen[0].is_body_too_large);
}

static void kept_connection__fifth_of_five_requests__closed(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 4; i++) {
        (void)feed(f, GET);
        assert_false(f->proto->is_finished);
    }
    (void)feed(f, GET);
    assert_true(f->proto->is_finished);
    assert_int_equal(count_in_output(f, "connection: close"), 1);
    assert_int_equal(feed(f, GET), 0);
    assert_int_equal(f->seen_count, 5);
}

static void http_1_0__kept_only_with_keep_alive(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_int_equal(count_in_output(f, "connection: keep-alive"), 1);
    assert_false(f->proto->is_finished);
    (void)feed(f, "GET / HTTP/1.0\r\n\r\n");
    assert_true(f->proto->is_finished);
}

static void connection_close__requested__closed_without_lingering(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n");
    assert_true(f->proto->is_finished);
    assert_false(f->proto->must_linger);
}

static void answer_to_head__has_content_length_and_no_body(void **state)
{
    struct fixture *f = *state;

    f->is_head = true;
    (void)feed(f, "HEAD / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_int_equal(count_in_output(f, "content-length: 5\r\n\r\n"), 1);
    assert_int_equal(count_in_output(f, "hello"), 0);
}

static void answer_204__has_neither_length_nor_body(void **state)
{
    struct fixture *f = *state;

    f->status = 204;
    (void)feed(f, GET);
    assert_int_equal(count_in_output(f, "content-length"), 0);
    assert_int_equal(count_in_output(f, "hello"), 0);
}

static void upgrade_to_h2c__ignored(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                  "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" GET);
    assert_int_equal(f->seen_count, 2);
    assert_int_equal(count_in_output(f, "HTTP/1.1 200 OK"), 2);
}

static void slow_head__408_after_ten_seconds_although_bytes_arrive(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "GET / HTTP/1.1\r\n");
    for (size_t i = 0; i < 9; i++) {
        pass_ms(f, 1000);
        (void)feed(f, "A: b\r\n");
    }
    assert_int_equal(f->out.len, 0);
    pass_ms(f, 1500);
    assert_refused(f, 408);
}

static void slow_body__408_after_twenty_seconds_and_one_more_per_500_bytes(void **state)
{
    struct fixture *f = *state;
    char half[500];

    memset(half, 'h', sizeof(half));
    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 1000\r\n\r\n");
    (void)feed_bytes(f, half, sizeof(half));
    pass_ms(f, 20500);
    assert_int_equal(f->out.len, 0);
    pass_ms(f, 1000);
    assert_refused(f, 408);
}

static void idle_connection__closed_after_thirty_seconds_without_an_answer(void **state)
{
    struct fixture *f = *state;

    pass_ms(f, 29000);
    assert_false(f->proto->is_finished);
    pass_ms(f, 1500);
    assert_true(f->proto->is_finished);
    assert_int_equal(f->out.len, 0);
}

static void drain__busy_request__answered_and_closed(void **state)
{
    struct fixture *f = *state;

    f->play = PLAY_HOLD;
    (void)feed(f, GET);
    f->env.is_draining = true;
    f->proto->ops->drain(f->proto);
    assert_false(f->proto->is_finished);
    answer(f, 0);
    assert_true(f->proto->is_finished);
    assert_int_equal(count_in_output(f, "connection: close"), 1);
}

static void drain__half_read_request__still_served(void **state)
{
    struct fixture *f = *state;

    (void)feed(f, "GET / HTTP/1.1\r\nHo");
    f->env.is_draining = true;
    f->proto->ops->drain(f->proto);
    (void)feed(f, "st: r\r\n\r\n");
    assert_int_equal(f->seen_count, 1);
    assert_true(f->proto->is_finished);
}

static void drain__idle_connection__closed_after_a_second(void **state)
{
    struct fixture *f = *state;

    f->env.is_draining = true;
    f->proto->ops->drain(f->proto);
    pass_ms(f, 1500);
    assert_true(f->proto->is_finished);
}

static void eof__while_waiting__cancels(void **state)
{
    struct fixture *f = *state;

    f->play = PLAY_WAIT;
    (void)feed(f, GET);
    assert_int_equal(f->env.waiters.count, 1);
    f->proto->ops->eof(f->proto);
    assert_int_equal(f->cancel_count, 1);
    assert_int_equal(f->env.waiters.count, 0);
    assert_true(f->proto->is_finished);
}

static void eof__while_the_service_works__answered_then_closed(void **state)
{
    struct fixture *f = *state;

    f->play = PLAY_HOLD;
    (void)feed(f, GET);
    f->proto->ops->eof(f->proto);
    assert_int_equal(f->cancel_count, 0);
    answer(f, 0);
    assert_int_equal(count_in_output(f, "HTTP/1.1 200"), 1);
    assert_true(f->proto->is_finished);
}

static void long_poll__times_out__resumed_once(void **state)
{
    struct fixture *f = *state;

    f->play = PLAY_WAIT;
    (void)feed(f, GET);
    pass_ms(f, 59000);
    assert_int_equal(f->resume_count, 0);
    pass_ms(f, 1500);
    assert_int_equal(f->resume_count, 1);
    assert_int_equal(f->last_resume, TG_RESUME_TIMEOUT);
    assert_int_equal(count_in_output(f, "HTTP/1.1 204"), 1);
}

static void long_poll__its_key_changes__resumed_and_still_waiting(void **state)
{
    static const struct tg_store_key key = { { 7 } };
    static const struct tg_store_key other = { { 8 } };
    struct fixture *f = *state;

    f->play = PLAY_WAIT;
    (void)feed(f, GET);
    assert_int_equal(tg_waiters_wake(&f->env.waiters, &other), 0);
    assert_int_equal(tg_waiters_wake(&f->env.waiters, &key), 1);
    assert_false(tg_waiters_run(&f->env.waiters, 10));
    assert_int_equal(f->last_resume, TG_RESUME_CHANGED);
    assert_int_equal(f->env.waiters.count, 1);
    answer(f, 0);
    assert_int_equal(f->env.waiters.count, 0);
}

static void long_poll__over_the_global_limit__503(void **state)
{
    struct fixture *f = *state;

    fill_long_polls(f, 0);
    f->play = PLAY_WAIT;
    (void)feed(f, GET);
    tg_pending_settle(&f->env);
    assert_int_equal(f->cancel_count, 1);
    assert_int_equal(count_in_output(f, "HTTP/1.1 503"), 1);
    fill_long_polls(f, 1);
    (void)feed(f, GET);
    tg_pending_settle(&f->env);
    assert_int_equal(f->env.waiters.count, 1);
}

static void long_poll__while_draining__answered_at_once(void **state)
{
    struct fixture *f = *state;

    f->env.is_draining = true;
    f->play = PLAY_WAIT;
    (void)feed(f, GET);
    tg_pending_settle(&f->env);
    assert_int_equal(f->last_resume, TG_RESUME_DRAIN);
    assert_int_equal(count_in_output(f, "HTTP/1.1 204"), 1);
}

static void cancel__with_a_request_open__service_notified(void **state)
{
    struct fixture *f = *state;

    f->play = PLAY_HOLD;
    (void)feed(f, GET);
    f->proto->ops->cancel(f->proto);
    assert_int_equal(f->cancel_count, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(request__whole__answered_in_one_write),
        CASE(request__byte_by_byte__same_request),
        CASE(header_values__trimmed_and_empty__kept_apart),
        CASE(chunked_body__extensions_and_trailers__only_the_body_is_passed),
        CASE(pipelined__while_busy__second_waits_for_the_first),
        CASE(pipelined__peer_does_not_read__no_further_request_begun),
        CASE(head__32_KiB_accepted__one_more_byte_431),
        CASE(headers__64_accepted__65_refused_with_431),
        CASE(target__4096_bytes_accepted__4097_refused_with_414),
        CASE(body__at_its_limit__passed_whole),
        CASE(body__declared_one_byte_over_the_limit__refused_at_once_and_closed),
        CASE(body__chunked_one_byte_over_the_limit__refused_and_closed),
        CASE(chunk_size__over_what_is_left__413_before_a_byte_of_the_chunk),
        CASE(expect_continue__chunk_too_large_beside_the_head__no_100_sent),
        CASE(expect_continue__body_has_begun__no_100_sent),
        CASE(chunks__tiny_with_huge_extensions__refused),
        CASE(smuggling_attempts__refused),
        CASE(chunks__ambiguous__refused),
        CASE(versions_and_methods__unknown__505_and_501),
        CASE(absolute_target__becomes_the_path),
        CASE(expect_continue__answered_before_the_body),
        CASE(expect_continue__body_too_large__no_100_sent),
        CASE(kept_connection__fifth_of_five_requests__closed),
        CASE(http_1_0__kept_only_with_keep_alive),
        CASE(connection_close__requested__closed_without_lingering),
        CASE(answer_to_head__has_content_length_and_no_body),
        CASE(answer_204__has_neither_length_nor_body),
        CASE(upgrade_to_h2c__ignored),
        CASE(slow_head__408_after_ten_seconds_although_bytes_arrive),
        CASE(slow_body__408_after_twenty_seconds_and_one_more_per_500_bytes),
        CASE(idle_connection__closed_after_thirty_seconds_without_an_answer),
        CASE(drain__busy_request__answered_and_closed),
        CASE(drain__half_read_request__still_served),
        CASE(drain__idle_connection__closed_after_a_second),
        CASE(eof__while_waiting__cancels),
        CASE(eof__while_the_service_works__answered_then_closed),
        CASE(long_poll__times_out__resumed_once),
        CASE(long_poll__its_key_changes__resumed_and_still_waiting),
        CASE(long_poll__over_the_global_limit__503),
        CASE(long_poll__while_draining__answered_at_once),
        CASE(cancel__with_a_request_open__service_notified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
