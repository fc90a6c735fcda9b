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

/* A frame that a flood repeats on a connection with stream 1 open. */
struct flood {
    const char *name;
    uint8_t type;
    uint8_t flags;
    uint32_t id;
    size_t len;
    const char *payload;
};

/* spec-test: protocol/3#http2-floods */
static void floods__of_each_kind__enhance_your_calm_and_counted(void **state)
{
    static const char zeros[RAW_FRAME_MAX];
    static const struct flood floods[] = {
        { "ping", NGHTTP2_PING, 0, 0, 8, "12345678" },
        { "ping ack", NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, 8, "12345678" },
        { "settings", NGHTTP2_SETTINGS, 0, 0, 0, "" },
        { "settings that change each stream", NGHTTP2_SETTINGS, 0, 0, 6, "\0\x04\0\0\0\x09" },
        { "priority", NGHTTP2_PRIORITY, 0, 1, 5, "\0\0\0\0\x03" },
        { "priority of an idle stream", NGHTTP2_PRIORITY, 0, 9001, 5, "\0\0\0\x07\x03" },
        { "window of the connection", NGHTTP2_WINDOW_UPDATE, 0, 0, 4, "\0\0\0\x01" },
        { "window of a stream", NGHTTP2_WINDOW_UPDATE, 0, 1, 4, "\0\0\x01\0" },
        { "reset of a stream that ended", NGHTTP2_RST_STREAM, 0, 3, 4, "\0\0\0\x08" },
        { "unknown type", 0xbe, 0, 0, 8, "12345678" },
        { "large unknown type", 0xbe, 0, 1, 16384, zeros },
        { "priority update", 0x10, 0, 0, 7, "\0\0\0\x01u=1" },
        { "empty data", NGHTTP2_DATA, 0, 1, 0, "" },
        { "data that is only padding", NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, 201, "\xc8" },
        { "data of a byte", NGHTTP2_DATA, 0, 1, 1, "x" },
        { "data of a stream that was reset", NGHTTP2_DATA, 0, 5, 16384, zeros },
        { "trailers of a stream that was reset", NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 5, 1,
          "\x82" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(floods); i++) {
        const struct flood *flood = &floods[i];
        struct fixture *f = raw();
        size_t count = 0;

        f->play = PLAY_HOLD;
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, POST_BLOCK);
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 3, POST_BLOCK);
        frame(f, 4, NGHTTP2_RST_STREAM, 0, 3, "\0\0\0\x08");
        frame(f, 2, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 5, "\x82\x87"); /* malformed */
        while (!f->proto->is_finished) {
            char payload[RAW_FRAME_MAX] = { 0 };

            memcpy(payload, flood->payload, strlen(flood->payload) + 1);
            if (flood->len < 16) {
                memcpy(payload, flood->payload, flood->len);
            }
            frame(f, flood->len, flood->type, flood->flags, flood->id, payload);
            clear_output(f);
            f->proto->ops->pump(f->proto);
            assert_true(++count < 1100);
        }
        if (tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_FLOOD) != 1) {
            fail_msg("%s: not counted as a flood", flood->name);
        }
        assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_SYNTAX), 0);
        fixture_free(f);
    }
}

static void pings__at_the_limit__go_on__beyond_it__enhance_your_calm(void **state)
{
    struct fixture *f = raw();

    (void)state;
    for (size_t i = 0; i < 980; i++) {
        frame(f, 8, NGHTTP2_PING, 0, 0, "12345678");
    }
    assert_false(f->proto->is_finished);
    for (size_t i = 0; i < 20; i++) {
        frame(f, 8, NGHTTP2_PING, 0, 0, "12345678");
    }
    assert_goaway(f, NGHTTP2_ENHANCE_YOUR_CALM);
    fixture_free(f);
}

/* ---- resets: one budget for both directions ---- */

static void reset_by_the_peer(struct fixture *f, uint32_t id)
{
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, GET_BLOCK);
    frame(f, 4, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x08");
}

static void reset_for_a_window_overflow(struct fixture *f, uint32_t id)
{
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, GET_BLOCK);
    frame(f, 4, NGHTTP2_WINDOW_UPDATE, 0, id, "\x7f\xff\xff\xff");
}

static void reset_for_a_missing_path(struct fixture *f, uint32_t id)
{
    frame(f, 2, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
          "\x82\x87");
}

/* "content-length: 1" follows the block. */
#define ONE_BYTE_BLOCK                                                                             \
    POST_BLOCK "\x0f\x0d\x01"                                                                      \
               "1"

static void reset_for_too_much_content(struct fixture *f, uint32_t id)
{
    frame(f, 10, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, ONE_BYTE_BLOCK);
    frame(f, 2, NGHTTP2_DATA, 0, id, "xx");
}

static void reset_for_too_little_content(struct fixture *f, uint32_t id)
{
    frame(f, 10, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, ONE_BYTE_BLOCK);
    frame(f, 0, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, NULL);
}

static void reset_for_trailers_that_end_nothing(struct fixture *f, uint32_t id)
{
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, POST_BLOCK);
    frame(f, 4, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id,
          "\x00\x01"
          "a\x00");
}

static void reset_for_a_bad_trailer(struct fixture *f, uint32_t id)
{
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, POST_BLOCK);
    frame(f, 1, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, "\x82");
}

typedef void reset_fn(struct fixture *f, uint32_t id);

static reset_fn *const resets[] = {
    reset_by_the_peer,          reset_for_a_window_overflow,  reset_for_a_missing_path,
    reset_for_too_much_content, reset_for_too_little_content, reset_for_trailers_that_end_nothing,
    reset_for_a_bad_trailer,
};

static size_t streams_until_the_end(struct fixture *f, size_t from, size_t step)
{
    size_t count = 0;

    f->play = PLAY_HOLD;
    f->settings.requests_max = 100000;
    for (size_t i = from; !f->proto->is_finished; i += step) {
        resets[i % TG_COUNT(resets)](f, (uint32_t)(2 * count + 1));
        count++;
        assert_true(count < 1000);
    }
    assert_goaway(f, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(f->cancel_count, f->seen_count);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_FLOOD), 1);
    return count;
}

/* spec-test: protocol/3#http2-floods */
static void resets__of_each_cause_and_of_all_together__one_budget(void **state)
{
    (void)state;
    for (size_t i = 0; i <= TG_COUNT(resets); i++) {
        struct fixture *f = raw();
        size_t count =
            i < TG_COUNT(resets) ? streams_until_the_end(f, i, 0) : streams_until_the_end(f, 0, 1);

        /* Repeated trailers end it earlier. */
        if (count < 150 || count > TG_HTTP2_RESETS_BURST + f->settings.stream_max + 1) {
            fail_msg("cause %zu: %zu streams", i, count);
        }
        fixture_free(f);
    }
}

/* A trusted proxy whose clients cancel many requests. */
static void resets__of_a_trusted_proxy__sixteen_times_as_many(void **state)
{
    struct fixture *f = fixture_new();

    (void)state;
    f->settings.requests_max = 100000;
    f->io.peer.is_proxy = true;
    f->play = PLAY_HOLD;
    (void)raw_with(f);
    for (uint32_t i = 0; i < 900; i++) {
        reset_by_the_peer(f, 2 * i + 1);
        clear_output(f);
    }
    assert_false(f->proto->is_finished);
    fixture_free(f);
}

/* A client that cancels some of its requests. */
static void resets__between_answered_requests__connection_goes_on(void **state)
{
    struct fixture *f = raw();

    (void)state;
    f->settings.requests_max = 100000;
    for (uint32_t id = 1; id < 4000; id += 2) {
        f->play = id % 16 == 1 ? PLAY_HOLD : PLAY_ANSWER;
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
              GET_BLOCK);
        if (f->play == PLAY_HOLD) {
            frame(f, 4, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x08");
        }
        pass_ms(f, 5);
        clear_output(f);
        assert_false(f->proto->is_finished);
    }
    fixture_free(f);
}

static void uploads__in_frames_of_a_KiB_and_of_250_bytes__connection_goes_on(void **state)
{
    static const size_t pieces[] = { 1024, 250 };
    static const char zeros[1024];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(pieces); i++) {
        struct fixture *f = fixture_new();

        f->settings.body_max = 65536;
        f->settings.requests_max = 1000;
        (void)raw_with(f);
        for (uint32_t id = 1; id < 200; id += 2) {
            frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, POST_BLOCK);
            for (size_t sent = 0; sent + pieces[i] < 65000; sent += pieces[i]) {
                frame(f, pieces[i], NGHTTP2_DATA, 0, id, zeros);
            }
            frame(f, 0, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, NULL);
            clear_output(f);
        }
        assert_false(f->proto->is_finished);
        assert_int_equal(f->seen_count, 100);
        fixture_free(f);
    }
}

static void continuations__more_than_eight__connection_ended(void **state)
{
    struct fixture *f = raw();

    (void)state;
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, GET_BLOCK);
    for (size_t i = 0; i < 12; i++) {
        frame(f, 0, NGHTTP2_CONTINUATION, 0, 1, NULL);
    }
    assert_goaway(f, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(f->seen_count, 0);
    fixture_free(f);
}

/* Eight are allowed, however their bytes arrive. */
static void continuations__eight_byte_by_byte__accepted(void **state)
{
    static const uint8_t none[] = { 0, 0, 0, NGHTTP2_CONTINUATION, 0, 0, 0, 0, 1 };
    static const uint8_t last[] = { 0, 0, 0, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 0,
                                    0, 0, 1 };
    struct fixture *f = raw();

    (void)state;
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, GET_BLOCK);
    for (size_t i = 0; i < 8 * sizeof(none); i++) {
        (void)feed_bytes(f, (i < 7 * sizeof(none) ? none : last) + i % sizeof(none), 1);
    }
    assert_int_equal(f->seen_count, 1);
    assert_false(f->proto->is_finished);
    fixture_free(f);
}

/* spec-test: protocol/1#http2-ended-streams */
static void stream__closed__data_and_headers_end_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = raw();

        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
              GET_BLOCK);
        assert_int_equal(f->seen_count, 1);
        frame(f, i == 0 ? 1 : 6, i == 0 ? NGHTTP2_DATA : NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS,
              1, GET_BLOCK);
        assert_goaway(f, NGHTTP2_STREAM_CLOSED);
        assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_SYNTAX), 1);
        fixture_free(f);
    }
}

/* The relay has reset the stream; what the peer had sent before it knew is ignored. */
static void stream__reset_by_the_relay__what_follows_is_ignored(void **state)
{
    struct fixture *f = raw();

    (void)state;
    reset_for_too_much_content(f, 1);
    frame(f, 100, NGHTTP2_DATA, 0, 1,
          POST_BLOCK POST_BLOCK POST_BLOCK POST_BLOCK POST_BLOCK
          "................................................................................");
    frame(f, 0, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, NULL);
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3, GET_BLOCK);
    assert_int_equal(f->seen_count, 1);
    assert_false(f->proto->is_finished);
    fixture_free(f);
}

/* The window of stream 1 is at its maximum; a larger initial window lets it overflow. A smaller one
   first makes room. */
static void settings__window_at_its_maximum__one_byte_more_ends_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = raw();

        f->play = PLAY_HOLD;
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, POST_BLOCK);
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 3, POST_BLOCK);
        frame(f, 4, NGHTTP2_WINDOW_UPDATE, 0, 1, "\x7f\xff\x00\x00"); /* 65535 below it */
        if (i == 1) {
            frame(f, 6, NGHTTP2_SETTINGS, 0, 0, "\0\x04\0\0\xff\xfe"); /* 65534 */
            frame(f, 6, NGHTTP2_SETTINGS, 0, 0, "\0\x04\0\0\xff\xff");
            assert_false(f->proto->is_finished);
        }
        frame(f, 6, NGHTTP2_SETTINGS, 0, 0, "\0\x04\0\x01\0\0");
        assert_goaway(f, NGHTTP2_FLOW_CONTROL_ERROR);
        fixture_free(f);
    }
}

/* An end that nghttp2 decides is counted, too. */
static void connection_error__found_by_nghttp2__counted_once(void **state)
{
    struct fixture *f = raw();

    (void)state;
    frame(f, 4, NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\0");
    assert_goaway(f, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_SYNTAX), 1);
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
        cmocka_unit_test(floods__of_each_kind__enhance_your_calm_and_counted),
        cmocka_unit_test(pings__at_the_limit__go_on__beyond_it__enhance_your_calm),
        cmocka_unit_test(resets__of_each_cause_and_of_all_together__one_budget),
        cmocka_unit_test(resets__of_a_trusted_proxy__sixteen_times_as_many),
        cmocka_unit_test(resets__between_answered_requests__connection_goes_on),
        cmocka_unit_test(uploads__in_frames_of_a_KiB_and_of_250_bytes__connection_goes_on),
        cmocka_unit_test(continuations__more_than_eight__connection_ended),
        cmocka_unit_test(continuations__eight_byte_by_byte__accepted),
        cmocka_unit_test(stream__closed__data_and_headers_end_the_connection),
        cmocka_unit_test(stream__reset_by_the_relay__what_follows_is_ignored),
        cmocka_unit_test(settings__window_at_its_maximum__one_byte_more_ends_the_connection),
        cmocka_unit_test(connection_error__found_by_nghttp2__counted_once),
        cmocka_unit_test(pseudo_headers__missing_or_unknown__stream_error_only),
        cmocka_unit_test(streams__beyond_the_limit__refused),
        cmocka_unit_test(answers__peer_does_not_read__no_frames_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
