/* SPDX-License-Identifier: Apache-2.0 */
/* The engine with hand-written frames. */
#include "unit/server/http/raw_frames.h"

static void preface__wrong__finished(void **state)
{
    struct fixture *f = fixture_new();

    (void)state;
    f->proto = tg_http2_new(&f->env, &f->io, &f->service);
    (void)feed(f, "GET / HTTP/1.1\r\nHost: relay\r\n\r\n");
    assert_true(f->proto->is_finished);
    assert_int_equal(f->seen_count, 0);
    fixture_free(f);
}

static void pings__flood__enhance_your_calm(void **state)
{
    struct fixture *f = raw();

    (void)state;
    for (size_t i = 0; i < TG_HTTP2_CONTROL_BURST - 2; i++) {
        frame(f, 8, NGHTTP2_PING, 0, 0, "12345678");
    }
    assert_false(f->proto->is_finished);
    for (size_t i = 0; i < 3; i++) {
        frame(f, 8, NGHTTP2_PING, 0, 0, "12345678");
    }
    assert_goaway(f, NGHTTP2_ENHANCE_YOUR_CALM);
    fixture_free(f);
}

static void settings__flood__enhance_your_calm(void **state)
{
    struct fixture *f = raw();

    (void)state;
    for (size_t i = 0; i < TG_HTTP2_CONTROL_BURST + 1; i++) {
        frame(f, 0, NGHTTP2_SETTINGS, 0, 0, NULL);
    }
    assert_goaway(f, NGHTTP2_ENHANCE_YOUR_CALM);
    fixture_free(f);
}

static void rapid_reset__limited_by_a_budget(void **state)
{
    struct fixture *f = raw();
    uint32_t id = 1;

    (void)state;
    f->play = PLAY_HOLD;
    f->settings.requests_max = 100000;
    for (; id < 2 * (TG_HTTP2_RESET_BURST + 10); id += 2) {
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
              GET_BLOCK);
        frame(f, 4, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x08");
    }
    assert_true(f->proto->is_finished);
    assert_in_range(f->seen_count, TG_HTTP2_RESET_BURST, TG_HTTP2_RESET_BURST + 2);
    assert_int_equal(f->cancel_count, f->seen_count);
    fixture_free(f);
}

static void continuations__more_than_eight__connection_ended(void **state)
{
    struct fixture *f = raw();

    (void)state;
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, GET_BLOCK);
    for (size_t i = 0; i < 12; i++) {
        frame(f, 0, NGHTTP2_CONTINUATION, 0, 1, NULL);
    }
    assert_true(f->proto->is_finished);
    assert_int_equal(f->seen_count, 0);
    fixture_free(f);
}

static void pseudo_headers__missing_or_unknown__stream_error_only(void **state)
{
    struct fixture *f = raw();

    (void)state;
    /* no :path */
    frame(f, 2, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, "\x82\x87");
    /* ":nope: x" as a literal */
    frame(f, 15, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3,
          GET_BLOCK "\x00\x05:nope\x01x");
    assert_int_equal(f->seen_count, 0);
    assert_false(f->proto->is_finished);
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 5, GET_BLOCK);
    assert_int_equal(f->seen_count, 1);
    fixture_free(f);
}

static void streams__beyond_the_limit__refused(void **state)
{
    struct fixture *f = raw();

    (void)state;
    f->play = PLAY_HOLD;
    f->settings.requests_max = 1000;
    frame(f, 0, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL); /* the server applies its limit */
    for (uint32_t id = 1; id < 2 * 12; id += 2) {
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
              GET_BLOCK);
    }
    assert_int_equal(f->seen_count, 10);
    fixture_free(f);
}

static void answers__peer_does_not_read__no_frames_made(void **state)
{
    static char large[60000];
    struct fixture *f = raw();

    (void)state;
    memset(large, 'l', sizeof(large) - 1);
    f->body = large;
    f->settings.requests_max = 1000;
    f->write_limit = 0;
    frame(f, 4, NGHTTP2_WINDOW_UPDATE, 0, 0, "\x00\x7f\x00\x00");
    for (uint32_t id = 1; id < 2 * 10; id += 2) {
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
              GET_BLOCK);
    }
    assert_in_range(f->out.len, 60000, 150000);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preface__wrong__finished),
        cmocka_unit_test(pings__flood__enhance_your_calm),
        cmocka_unit_test(settings__flood__enhance_your_calm),
        cmocka_unit_test(rapid_reset__limited_by_a_budget),
        cmocka_unit_test(continuations__more_than_eight__connection_ended),
        cmocka_unit_test(pseudo_headers__missing_or_unknown__stream_error_only),
        cmocka_unit_test(streams__beyond_the_limit__refused),
        cmocka_unit_test(answers__peer_does_not_read__no_frames_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
