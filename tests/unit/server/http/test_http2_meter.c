/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "server/http/conn_limits.h"
#include "server/http/http2_meter.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define START_MS 5000u
#define END_STREAM NGHTTP2_FLAG_END_STREAM
#define END_HEADERS NGHTTP2_FLAG_END_HEADERS
#define STREAM_MAX 10u

static struct tg_http2_meter new_meter(void)
{
    struct tg_http2_meter m;
    uint32_t error = 1;

    tg_http2_meter_init(&m, STREAM_MAX, 1, START_MS);
    assert_int_equal(tg_http2_meter_next(&m, TG_LIT(PREFACE), START_MS, &error), 24);
    assert_int_equal(error, NGHTTP2_NO_ERROR);
    return m;
}

static size_t encode(uint8_t *out, uint8_t type, uint8_t flags, uint32_t id, size_t len)
{
    const uint8_t head[9] = {
        (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
        (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id
    };

    memcpy(out, head, sizeof(head));
    memset(out + sizeof(head), 0, len);
    return sizeof(head) + len;
}

/* One whole frame; returns the error code. */
static uint32_t pass(struct tg_http2_meter *m, uint8_t type, uint8_t flags, uint32_t id, size_t len)
{
    static uint8_t out[9 + 70000];
    size_t total = encode(out, type, flags, id, len);
    uint32_t error = 0;
    size_t used = tg_http2_meter_next(m, tg_bytes(out, total), START_MS, &error);

    assert_true(error != 0 || used == total);
    return error;
}

/* How many frames pass before the connection ends with ENHANCE_YOUR_CALM. */
static size_t passing(struct tg_http2_meter *m, uint8_t type, uint8_t flags, uint32_t id,
                      size_t len)
{
    uint32_t error = 0;
    size_t count = 0;

    while ((error = pass(m, type, flags, id, len)) == 0) {
        count++;
        assert_true(count < 100000);
    }
    assert_int_equal(error, NGHTTP2_ENHANCE_YOUR_CALM);
    return count;
}

static void next__input_in_any_parts__ends_at_each_frame(void **state)
{
    uint8_t in[200];
    size_t ends[5] = { 24 };
    size_t len = 24;

    (void)state;
    memcpy(in, PREFACE, 24);
    len += encode(in + len, NGHTTP2_SETTINGS, 0, 0, 0);
    ends[1] = len;
    len += encode(in + len, NGHTTP2_HEADERS, END_HEADERS, 1, 30);
    ends[2] = len;
    len += encode(in + len, NGHTTP2_DATA, END_STREAM, 1, 7);
    ends[3] = len;
    len += encode(in + len, 0xbe, 0xff, 0x80000001, 40);
    ends[4] = len;
    for (size_t part = 1; part <= len; part++) {
        struct tg_http2_meter m;
        size_t at = 0;
        size_t boundary = 0;

        tg_http2_meter_init(&m, STREAM_MAX, 1, START_MS);
        while (at < len) {
            size_t left = part < len - at ? part : len - at;
            uint32_t error = 1;
            size_t used = tg_http2_meter_next(&m, tg_bytes(in + at, left), START_MS, &error);

            assert_int_equal(error, 0);
            assert_true(used > 0 && used <= left);
            /* It stops at the end of a frame, or it used everything. The preface is no frame. */
            while (boundary < 5 && ends[boundary] <= at) {
                boundary++;
            }
            assert_true(used == left || at + used == ends[boundary] || ends[boundary] == 24);
            at += used;
        }
        assert_int_equal(m.payload_left, 0);
        assert_int_equal(m.head_len, 0);
    }
}

struct flood {
    uint8_t type;
    uint8_t flags;
    uint32_t id;
    size_t len;
    size_t least, most; /* frames that pass */
};

/* spec-test: protocol/3#http2-floods */
static void frames__of_each_kind_that_achieve_nothing__limited(void **state)
{
    static const struct flood floods[] = {
        { NGHTTP2_PING, 0, 0, 8, 990, 1000 },
        { NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, 8, 990, 1000 },
        { NGHTTP2_SETTINGS, 0, 0, 0, 490, 500 },
        { NGHTTP2_SETTINGS, 0, 0, 6 * 32, 20, 40 },
        { NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, 0, 490, 500 },
        { NGHTTP2_PRIORITY, 0, 1, 5, 490, 500 },
        { NGHTTP2_WINDOW_UPDATE, 0, 0, 4, 990, 1000 },
        { NGHTTP2_WINDOW_UPDATE, 0, 1, 4, 990, 1000 },
        { NGHTTP2_RST_STREAM, 0, 1, 4, 990, 1000 },
        { NGHTTP2_GOAWAY, 0, 0, 8, 990, 1000 },
        { NGHTTP2_GOAWAY, 0, 0, 16000, 50, 60 },
        { 0x10, 0, 0, 10, 980, 1000 }, /* PRIORITY_UPDATE */
        { 0xbe, 0, 0, 0, 990, 1000 },
        { 0xff, 0xff, 7, 16384, 50, 60 },
        { NGHTTP2_DATA, 0, 1, 0, 990, 1000 },
        { NGHTTP2_DATA, 0, 1, 1, 990, 1000 },
        { NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, 256, 790, 800 },
        { NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, 16384, 50, 60 },
        { NGHTTP2_HEADERS, END_HEADERS, 1, 10, 240, 250 }, /* repeated trailers */
        { NGHTTP2_HEADERS, END_HEADERS, 1, 16384, 40, 60 },
        { NGHTTP2_PUSH_PROMISE, 0, 1, 4, 990, 1000 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(floods); i++) {
        struct tg_http2_meter m = new_meter();
        size_t count = 0;

        assert_int_equal(pass(&m, NGHTTP2_HEADERS, END_HEADERS, 1, 10), 0);
        count = passing(&m, floods[i].type, floods[i].flags, floods[i].id, floods[i].len);
        if (count < floods[i].least || count > floods[i].most) {
            fail_msg("type %u, %zu bytes: %zu passed", floods[i].type, floods[i].len, count);
        }
    }
}

static void frames__after_a_second__a_hundred_more(void **state)
{
    struct tg_http2_meter m = new_meter();
    uint8_t ping[17];
    uint32_t error = 0;
    size_t count = 0;

    (void)state;
    (void)passing(&m, NGHTTP2_PING, 0, 0, 8);
    (void)encode(ping, NGHTTP2_PING, 0, 0, 8);
    while (error == 0) {
        (void)tg_http2_meter_next(&m, tg_bytes(ping, sizeof(ping)), START_MS + 1000, &error);
        count++;
    }
    assert_in_range(count, 95, 101);
}

static void share__of_many_clients__bursts_and_rates_are_as_many_times(void **state)
{
    struct tg_http2_meter m;
    uint8_t ping[17];
    uint32_t error = 0;
    uint32_t id = 1;
    size_t count = 0;

    (void)state;
    tg_http2_meter_init(&m, STREAM_MAX, 16, START_MS);
    (void)tg_http2_meter_next(&m, TG_LIT(PREFACE), START_MS, &error);
    assert_in_range(passing(&m, NGHTTP2_PING, 0, 0, 8), 16 * 990, 16 * 1000);
    (void)encode(ping, NGHTTP2_PING, 0, 0, 8);
    for (; error == 0; count++) {
        (void)tg_http2_meter_next(&m, tg_bytes(ping, sizeof(ping)), START_MS + 1000, &error);
    }
    assert_in_range(count, 16 * 95, 16 * 101);
    tg_http2_meter_init(&m, STREAM_MAX, 16, START_MS);
    (void)tg_http2_meter_next(&m, TG_LIT(PREFACE), START_MS, &error);
    while (pass(&m, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, id, 10) == 0) {
        id += 2;
    }
    assert_int_equal(id / 2, 16 * TG_HTTP2_RESETS_BURST + STREAM_MAX);
}

/* Time gives nothing back here: a flood that stays below the rate is billed, too. */
static void bill__frames_that_achieve_nothing__after_the_free_ones(void **state)
{
    struct tg_http2_meter m = new_meter();
    uint8_t ping[17];
    uint32_t error = 0;
    size_t billed = 0;

    (void)state;
    (void)encode(ping, NGHTTP2_PING, 0, 0, 8);
    for (size_t i = 0; i < 2250; i++) {
        (void)tg_http2_meter_next(&m, tg_bytes(ping, sizeof(ping)), START_MS + 20 * i, &error);
        assert_int_equal(error, 0);
        billed += tg_http2_meter_bill(&m);
        assert_true(i > TG_HTTP2_FRAMES_FREE || billed == 0);
    }
    assert_in_range(billed, 200, 203); /* 8 bytes of payload each */
}

static void bill__requests_that_are_answered__nothing(void **state)
{
    struct tg_http2_meter m = new_meter();

    (void)state;
    for (uint32_t id = 1; id < 20000; id += 2) {
        assert_int_equal(pass(&m, NGHTTP2_HEADERS, END_HEADERS, id, 500), 0);
        for (size_t k = 0; k < 64; k++) {
            assert_int_equal(pass(&m, NGHTTP2_DATA, k == 63 ? END_STREAM : 0, id, 1024), 0);
            tg_http2_meter_received(&m, 1024);
        }
        for (size_t k = 0; k < 20; k++) {
            assert_int_equal(pass(&m, NGHTTP2_WINDOW_UPDATE, 0, id, 4), 0);
        }
        tg_http2_meter_answered(&m);
        assert_int_equal(tg_http2_meter_bill(&m), 0);
    }
}

static void data__of_250_bytes_or_more__costs_nothing(void **state)
{
    static const size_t lens[] = { 250, 1024, 16384 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(lens); i++) {
        struct tg_http2_meter m = new_meter();

        assert_int_equal(pass(&m, NGHTTP2_HEADERS, END_HEADERS, 1, 10), 0);
        for (size_t k = 0; k < 5000; k++) {
            assert_int_equal(pass(&m, NGHTTP2_DATA, 0, 1, lens[i]), 0);
            tg_http2_meter_received(&m, lens[i] / 2); /* in two parts */
            tg_http2_meter_received(&m, lens[i] - lens[i] / 2);
        }
        assert_int_equal(m.spent[TG_HTTP2_BUCKET_FRAMES], 1010);
    }
}

/* A frame gives back no more than it cost. */
static void data__large_content__pays_for_no_other_frame(void **state)
{
    struct tg_http2_meter m = new_meter();
    size_t pings = passing(&m, NGHTTP2_PING, 0, 0, 8);

    (void)state;
    m = new_meter();
    assert_int_equal(pass(&m, NGHTTP2_HEADERS, END_HEADERS, 1, 10), 0);
    for (size_t k = 0; k < 100; k++) {
        assert_int_equal(pass(&m, NGHTTP2_PING, 0, 0, 8), 0);
        tg_http2_meter_received(&m, 16384); /* not of this frame */
        assert_int_equal(pass(&m, NGHTTP2_DATA, 0, 1, 16384), 0);
        tg_http2_meter_received(&m, 16384);
        tg_http2_meter_received(&m, 16384);
    }
    assert_in_range(passing(&m, NGHTTP2_PING, 0, 0, 8), pings - 102, pings - 100);
}

/* Padding is no content: a frame of one byte and 255 bytes of padding. */
static void data__padded__its_padding_is_paid(void **state)
{
    struct tg_http2_meter m = new_meter();
    size_t count = 0;

    (void)state;
    assert_int_equal(pass(&m, NGHTTP2_HEADERS, END_HEADERS, 1, 10), 0);
    while (pass(&m, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, 257) == 0) {
        tg_http2_meter_received(&m, 1);
        count++;
    }
    assert_in_range(count, 780, 800);
}

static void window_updates__for_answers_that_were_sent__pass(void **state)
{
    struct tg_http2_meter m = new_meter();

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        tg_http2_meter_sent(&m, 1024);
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(pass(&m, NGHTTP2_WINDOW_UPDATE, 0, k % 2, 4), 0);
        }
    }
    m = new_meter();
    for (size_t i = 0; i < 990; i++) {
        tg_http2_meter_sent(&m, 1);
        assert_int_equal(pass(&m, NGHTTP2_WINDOW_UPDATE, 0, 0, 4), 0);
    }
    assert_in_range(passing(&m, NGHTTP2_WINDOW_UPDATE, 0, 0, 4), 5, 15);
}

static void requests__each_answered__never_limited(void **state)
{
    struct tg_http2_meter m = new_meter();

    (void)state;
    for (uint32_t id = 1; id < 20000; id += 2) {
        assert_int_equal(pass(&m, NGHTTP2_HEADERS, 0, id, 16384), 0);
        assert_int_equal(pass(&m, NGHTTP2_CONTINUATION, END_HEADERS, id, 16384), 0);
        assert_int_equal(pass(&m, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, id, 1000), 0);
        tg_http2_meter_answered(&m);
    }
}

static void requests__never_answered__burst_and_the_streams_that_may_be_open(void **state)
{
    struct tg_http2_meter m = new_meter();
    uint32_t id = 1;

    (void)state;
    while (pass(&m, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, id, 10) == 0) {
        id += 2;
    }
    assert_int_equal(id / 2, TG_HTTP2_RESETS_BURST + STREAM_MAX);
}

static void block__at_its_limits__one_byte_and_one_frame_more_end_the_connection(void **state)
{
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        struct tg_http2_meter m = new_meter();
        uint32_t error = pass(&m, NGHTTP2_HEADERS, 0, 1, 16384);

        for (size_t left = TG_HTTP2_BLOCK_MAX - 16384 + more; error == 0 && left > 0;) {
            size_t len = left < 16384 ? left : 16384;

            error = pass(&m, NGHTTP2_CONTINUATION, 0, 1, len);
            left -= len;
        }
        assert_int_equal(error, more == 0 ? NGHTTP2_NO_ERROR : NGHTTP2_ENHANCE_YOUR_CALM);
        m = new_meter();
        error = pass(&m, NGHTTP2_HEADERS, 0, 1, 10);
        for (size_t i = 0; i < TG_HTTP2_CONTINUATIONS_MAX + more; i++) {
            assert_int_equal(error, 0);
            error = pass(&m, NGHTTP2_CONTINUATION, 0, 1, 0);
        }
        assert_int_equal(error, more == 0 ? NGHTTP2_NO_ERROR : NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

static void frame__longer_than_allowed__frame_size_error(void **state)
{
    struct tg_http2_meter m = new_meter();

    (void)state;
    assert_int_equal(pass(&m, 0xbe, 0, 0, 16384), NGHTTP2_NO_ERROR);
    assert_int_equal(pass(&m, 0xbe, 0, 0, 16385), NGHTTP2_FRAME_SIZE_ERROR);
    m = new_meter();
    assert_int_equal(pass(&m, NGHTTP2_HEADERS, 0, 1, 65536), NGHTTP2_FRAME_SIZE_ERROR);
}

struct step {
    uint8_t type;
    uint8_t flags;
    uint32_t id;
    uint32_t error;
};

static void assert_steps(const struct step *steps, size_t count)
{
    struct tg_http2_meter m = new_meter();

    for (size_t i = 0; i < count; i++) {
        uint32_t error =
            pass(&m, steps[i].type, steps[i].flags, steps[i].id, steps[i].type == 3 ? 4 : 1);

        if (error != steps[i].error) {
            fail_msg("step %zu: error %u, not %u", i, error, steps[i].error);
        }
        if (error != 0) {
            return;
        }
    }
}

/* spec-test: protocol/1#http2-ended-streams */
static void stream__ended_by_the_peer__further_message_frames_are_an_error(void **state)
{
    static const struct step data_after_headers[] = {
        { NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1, 0 },
        { NGHTTP2_DATA, 0, 1, NGHTTP2_STREAM_CLOSED },
    };
    static const struct step headers_after_data[] = {
        { NGHTTP2_HEADERS, END_HEADERS, 1, 0 },
        { NGHTTP2_DATA, 0, 1, 0 },
        { NGHTTP2_DATA, END_STREAM, 1, 0 },
        { NGHTTP2_WINDOW_UPDATE, 0, 1, 0 },
        { NGHTTP2_PRIORITY, 0, 1, 0 },
        { NGHTTP2_RST_STREAM, 0, 1, 0 },
        { NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1, NGHTTP2_STREAM_CLOSED },
    };
    static const struct step after_a_reset[] = {
        { NGHTTP2_HEADERS, END_HEADERS, 1, 0 },
        { NGHTTP2_RST_STREAM, 0, 1, 0 },
        { NGHTTP2_DATA, END_STREAM, 1, NGHTTP2_STREAM_CLOSED },
    };
    static const struct step trailers[] = {
        { NGHTTP2_HEADERS, END_HEADERS, 1, 0 },
        { NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1, 0 },
        { NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1, NGHTTP2_STREAM_CLOSED },
    };

    (void)state;
    assert_steps(data_after_headers, TG_COUNT(data_after_headers));
    assert_steps(headers_after_data, TG_COUNT(headers_after_data));
    assert_steps(after_a_reset, TG_COUNT(after_a_reset));
    assert_steps(trailers, TG_COUNT(trailers));
}

static void stream__never_begun_and_below_another__error(void **state)
{
    static const struct step headers[] = {
        { NGHTTP2_HEADERS, END_HEADERS, 5, 0 },
        { NGHTTP2_HEADERS, END_HEADERS, 3, NGHTTP2_PROTOCOL_ERROR },
    };
    static const struct step data[] = {
        { NGHTTP2_HEADERS, END_HEADERS, 1, 0 },
        { NGHTTP2_HEADERS, END_HEADERS, 701, 0 },
        { NGHTTP2_DATA, 0, 701, 0 },
        { NGHTTP2_WINDOW_UPDATE, 0, 699, 0 },
        { NGHTTP2_RST_STREAM, 0, 699, 0 },
        { NGHTTP2_DATA, 0, 697, NGHTTP2_STREAM_CLOSED },
    };

    (void)state;
    assert_steps(headers, TG_COUNT(headers));
    assert_steps(data, TG_COUNT(data));
}

/* The last stream that is known, and the one before it, which is left to nghttp2. */
static void stream__of_256_streams_ago__known__one_more__not(void **state)
{
    (void)state;
    for (uint32_t newest = 2 * TG_HTTP2_PAST - 1; newest <= 2 * TG_HTTP2_PAST + 1; newest += 2) {
        struct tg_http2_meter m = new_meter();

        for (uint32_t id = 1; id <= newest; id += 2) {
            assert_int_equal(pass(&m, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, id, 1), 0);
            tg_http2_meter_answered(&m);
        }
        assert_int_equal(pass(&m, NGHTTP2_DATA, 0, 1, 1),
                         newest < 2 * TG_HTTP2_PAST ? NGHTTP2_STREAM_CLOSED : NGHTTP2_NO_ERROR);
        assert_int_equal(pass(&m, NGHTTP2_DATA, 0, newest - 2 * TG_HTTP2_PAST + 2, 1),
                         NGHTTP2_STREAM_CLOSED);
    }
}

static void stream__highest_possible__bounded_work(void **state)
{
    static const struct step steps[] = {
        { NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1, 0 },
        { NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 0x7fffffff, 0 },
        { NGHTTP2_DATA, 0, 1, 0 },
        { NGHTTP2_DATA, 0, 0x7ffffffd, NGHTTP2_STREAM_CLOSED },
    };

    (void)state;
    assert_steps(steps, TG_COUNT(steps));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next__input_in_any_parts__ends_at_each_frame),
        cmocka_unit_test(frames__of_each_kind_that_achieve_nothing__limited),
        cmocka_unit_test(frames__after_a_second__a_hundred_more),
        cmocka_unit_test(share__of_many_clients__bursts_and_rates_are_as_many_times),
        cmocka_unit_test(bill__frames_that_achieve_nothing__after_the_free_ones),
        cmocka_unit_test(bill__requests_that_are_answered__nothing),
        cmocka_unit_test(data__of_250_bytes_or_more__costs_nothing),
        cmocka_unit_test(data__large_content__pays_for_no_other_frame),
        cmocka_unit_test(data__padded__its_padding_is_paid),
        cmocka_unit_test(window_updates__for_answers_that_were_sent__pass),
        cmocka_unit_test(requests__each_answered__never_limited),
        cmocka_unit_test(requests__never_answered__burst_and_the_streams_that_may_be_open),
        cmocka_unit_test(block__at_its_limits__one_byte_and_one_frame_more_end_the_connection),
        cmocka_unit_test(frame__longer_than_allowed__frame_size_error),
        cmocka_unit_test(stream__ended_by_the_peer__further_message_frames_are_an_error),
        cmocka_unit_test(stream__never_begun_and_below_another__error),
        cmocka_unit_test(stream__of_256_streams_ago__known__one_more__not),
        cmocka_unit_test(stream__highest_possible__bounded_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
