/* SPDX-License-Identifier: Apache-2.0 */
/* What the engines do when there is no memory for more, and how little an unfinished request takes.
 */
#include "unit/server/http/raw_frames.h"

#define STREAMS 100u

static struct fixture *http1(void)
{
    struct fixture *f = fixture_new();

    f->proto = tg_http1_new(&f->env, &f->io, &f->service);
    assert_non_null(f->proto);
    return f;
}

static uint64_t refused(const struct fixture *f)
{
    return tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_MEMORY);
}

/* The answer says when to come again, and the connection ends. */
static void assert_503_and_closed(struct fixture *f, size_t seen_count)
{
    const char *text = output(f);

    assert_memory_equal(text, "HTTP/1.1 503 ", 13);
    assert_non_null(strstr(text, "connection: close\r\n"));
    assert_true(f->proto->is_finished);
    assert_int_equal(f->last_retry_after_s, TG_RETRY_AFTER_MEMORY_S);
    assert_int_equal(f->seen_count, seen_count);
    assert_int_equal(refused(f), 1);
}

/* ---- HTTP/1.1 ---- */

/* spec-test: protocol/3#memory-refused */
static void http1__no_memory_for_a_request__503_and_closed(void **state)
{
    struct fixture *f = http1();

    (void)state;
    hold_memory(f, TG_REQUEST_MEMORY - 1);
    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_503_and_closed(f, 0);
    assert_true(f->proto->must_linger); /* the rest of its request must not cost it the answer */
    fixture_free(f);
}

static void http1__no_memory_in_the_head__503_and_closed(void **state)
{
    struct fixture *f = http1();

    (void)state;
    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\nA: b");
    hold_memory(f, 3);
    (void)feed(f, "cdef");
    assert_503_and_closed(f, 0);
    fixture_free(f);
}

static void http1__no_memory_in_the_body__503_and_closed(void **state)
{
    struct fixture *f = http1();

    (void)state;
    (void)feed(f, "POST / HTTP/1.1\r\nHost: r\r\nContent-Length: 8\r\n\r\n1234");
    hold_memory(f, 3);
    (void)feed(f, "5678");
    assert_503_and_closed(f, 0);
    fixture_free(f);
}

static void http1__no_memory_to_answer__503_and_closed(void **state)
{
    struct fixture *f = http1();

    (void)state;
    f->service.is_rate_limited = true;
    hold_memory(f, TG_ANSWER_MEMORY - 1);
    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_503_and_closed(f, 0);
    fixture_free(f);
}

/* The pages for monitoring. */
static void http1__no_memory_and_no_limits__answered(void **state)
{
    struct fixture *f = http1();

    (void)state;
    hold_memory(f, TG_ANSWER_MEMORY - 1);
    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_int_equal(f->seen_count, 1);
    assert_memory_equal(output(f), "HTTP/1.1 200 ", 13);
    fixture_free(f);
}

/* ---- HTTP/2 ---- */

static void open_stream(struct fixture *f, uint32_t id)
{
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, POST_BLOCK);
    f->proto->ops->pump(f->proto);
}

/* Whether the output has a frame of this type on the stream; *error: the code of RST_STREAM. */
static bool has_frame(struct fixture *f, uint8_t type, uint32_t id, uint8_t *error)
{
    for (size_t at = 0; at + 9 <= f->out.len;) {
        const uint8_t *head = f->out.ptr + at;
        size_t len = ((size_t)head[0] << 16) | ((size_t)head[1] << 8) | head[2];

        if (head[3] == type && head[8] == id) {
            *error = len == 4 ? head[12] : 0;
            return true;
        }
        at += 9 + len;
    }
    return false;
}

/* spec-test: protocol/3#memory-refused */
static void http2__no_memory_for_a_stream__refused_and_the_others_go_on(void **state)
{
    struct fixture *f = raw();
    uint8_t error = 0;

    (void)state;
    open_stream(f, 1);
    hold_memory(f, TG_REQUEST_MEMORY - 1);
    open_stream(f, 3);
    assert_true(has_frame(f, NGHTTP2_RST_STREAM, 3, &error));
    assert_int_equal(error, NGHTTP2_REFUSED_STREAM);
    assert_false(has_frame(f, NGHTTP2_RST_STREAM, 1, &error));
    assert_int_equal(refused(f), 1);
    f->memory.max = 0;
    frame(f, 1, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x");
    assert_int_equal(f->seen_count, 1);
    assert_false(f->proto->is_finished);
    fixture_free(f);
}

static void http2__no_memory_in_the_head__503(void **state)
{
    /* POST_BLOCK, and a field x with a value of 2000 bytes */
    static const uint8_t start[] = {
        0x83, 0x87, 0x84, 0x01, 1, 'r', 0x00, 1, 'x', 0x7f, 0xd1, 0x0e
    };
    uint8_t block[sizeof(start) + 2000];
    struct fixture *f = raw();
    uint8_t error = 0;

    (void)state;
    memset(block, 'v', sizeof(block));
    memcpy(block, start, sizeof(start));
    hold_memory(f, sizeof(block) + TG_REQUEST_MEMORY + 1200); /* with what feed and nghttp2 take */
    frame(f, sizeof(block), NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block);
    f->proto->ops->pump(f->proto);
    assert_int_equal(f->seen_count, 0);
    assert_int_equal(refused(f), 1);
    assert_int_equal(f->last_retry_after_s, TG_RETRY_AFTER_MEMORY_S);
    assert_true(has_frame(f, NGHTTP2_HEADERS, 1, &error));
    fixture_free(f);
}

static void http2__no_memory_to_answer__503(void **state)
{
    struct fixture *f = raw();
    uint8_t error = 0;

    (void)state;
    f->service.is_rate_limited = true;
    open_stream(f, 1);
    hold_memory(f, TG_ANSWER_MEMORY - 1);
    frame(f, 0, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, NULL);
    f->proto->ops->pump(f->proto);
    assert_int_equal(f->seen_count, 0);
    assert_int_equal(refused(f), 1);
    assert_int_equal(f->last_retry_after_s, TG_RETRY_AFTER_MEMORY_S);
    assert_true(has_frame(f, NGHTTP2_HEADERS, 1, &error));
    fixture_free(f);
}

/* ---- what an unfinished request takes ---- */

static void http2__hundred_begun_streams__little_memory(void **state)
{
    struct fixture *f = raw();
    size_t before = tg_account_held(f->io.peer.account);

    (void)state;
    f->settings.requests_max = 1000;
    for (uint32_t i = 0; i < STREAMS; i++) {
        open_stream(f, 2 * i + 1);
    }
    assert_true(tg_account_held(f->io.peer.account) - before <= STREAMS * TG_REQUEST_MEMORY);
    fixture_free(f);
}

static void http1__begun_request__little_memory(void **state)
{
    struct fixture *f = http1();

    (void)state;
    (void)feed(f, "GET / HTTP/1.1\r\nHost: r\r\nA: b");
    assert_true(tg_account_held(f->io.peer.account) <= TG_REQUEST_MEMORY);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http1__no_memory_for_a_request__503_and_closed),
        cmocka_unit_test(http1__no_memory_in_the_head__503_and_closed),
        cmocka_unit_test(http1__no_memory_in_the_body__503_and_closed),
        cmocka_unit_test(http1__no_memory_to_answer__503_and_closed),
        cmocka_unit_test(http1__no_memory_and_no_limits__answered),
        cmocka_unit_test(http2__no_memory_for_a_stream__refused_and_the_others_go_on),
        cmocka_unit_test(http2__no_memory_in_the_head__503),
        cmocka_unit_test(http2__no_memory_to_answer__503),
        cmocka_unit_test(http2__hundred_begun_streams__little_memory),
        cmocka_unit_test(http1__begun_request__little_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
