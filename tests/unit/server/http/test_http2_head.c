/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks: their limits, and what RFC 9113 requires beyond the checks of nghttp2. */
#include "unit/server/http/raw_frames.h"

#include "base/mem.h"

#define BLOCK_MAX 140000u
#define END_STREAM NGHTTP2_FLAG_END_STREAM
#define END_HEADERS NGHTTP2_FLAG_END_HEADERS
/* Bytes of GET_BLOCK as RFC 9113, section 6.5.2, counts them: (7 + 3) + (7 + 5) + (5 + 1) +
   (10 + 1), and 32 for each of the four fields. */
#define GET_BLOCK_COUNTED (39u + 4u * 32u)

/* A header block in HPACK. */
struct block {
    uint8_t bytes[BLOCK_MAX];
    size_t len;
};

static void add_bytes(struct block *b, const void *bytes, size_t len)
{
    assert_true(len <= BLOCK_MAX - b->len);
    if (len > 0) {
        memcpy(b->bytes + b->len, bytes, len);
    }
    b->len += len;
}

static void add_string(struct block *b, const char *text, size_t len)
{
    uint8_t head[4] = { len < 127 ? (uint8_t)len : 127 };
    size_t head_len = 1;

    if (len >= 127) {
        size_t rest = len - 127;

        for (; rest >= 128; rest >>= 7) {
            head[head_len++] = (uint8_t)(rest & 127u) | 128u;
        }
        head[head_len++] = (uint8_t)rest;
    }
    add_bytes(b, head, head_len);
    add_bytes(b, text, len);
}

enum indexing { WITHOUT_INDEXING = 0x00, WITH_INDEXING = 0x40 };

static void add(struct block *b, enum indexing indexing, const char *name, const char *value)
{
    uint8_t kind = (uint8_t)indexing;

    add_bytes(b, &kind, 1);
    add_string(b, name, strlen(name));
    add_string(b, value, strlen(value));
}

static struct block *new_block(const char *start)
{
    struct block *b = tg_mem_calloc(1, sizeof(*b));

    assert_non_null(b);
    add_bytes(b, start, strlen(start));
    return b;
}

/* Sends and frees it, in as many frames as it needs. */
static void send_block(struct fixture *f, uint32_t id, struct block *b, uint8_t flags)
{
    size_t at = 0;

    do {
        size_t len = b->len - at < 16384 ? b->len - at : 16384;
        bool is_last = at + len == b->len;

        frame(f, len, at == 0 ? NGHTTP2_HEADERS : NGHTTP2_CONTINUATION,
              (uint8_t)((at == 0 ? flags & END_STREAM : 0u) | (is_last ? END_HEADERS : 0u)), id,
              b->bytes + at);
        at += len;
    } while (at < b->len);
    tg_mem_free(b);
}

static struct fixture *new_fixture(void)
{
    struct fixture *f = fixture_new();

    f->settings.requests_max = 1000;
    return raw_with(f);
}

static const char *text_of(size_t len)
{
    static char text[BLOCK_MAX];

    assert_true(len < sizeof(text));
    memset(text, 'v', sizeof(text));
    text[len] = '\0';
    return text;
}

/* ---- limits ---- */

enum outcome { SERVED, REFUSED_431, ENDED };

static void assert_outcome(struct fixture *f, enum outcome outcome)
{
    assert_int_equal(f->seen_count, outcome == SERVED ? 1 : 0);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_SIZE),
                     outcome == REFUSED_431 ? 1 : 0);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_FLOOD),
                     outcome == ENDED ? 1 : 0);
    if (outcome == ENDED) {
        assert_goaway(f, NGHTTP2_ENHANCE_YOUR_CALM);
    } else {
        assert_false(f->proto->is_finished);
    }
    fixture_free(f);
}

/* spec-test: protocol/3#head-limits */
static void head__bytes_at_each_limit_and_one_beyond__served_431_ended(void **state)
{
    static const struct {
        size_t counted;
        enum outcome outcome;
    } cases[] = {
        { TG_HEAD_MAX, SERVED },
        { TG_HEAD_MAX + 1, REFUSED_431 },
        { 2 * TG_HEAD_MAX, REFUSED_431 },
        { 2 * TG_HEAD_MAX + 1, ENDED },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = new_fixture();
        struct block *b = new_block(GET_BLOCK);

        add(b, WITHOUT_INDEXING, "x", text_of(cases[i].counted - GET_BLOCK_COUNTED - 1 - 32));
        send_block(f, 1, b, END_STREAM);
        assert_outcome(f, cases[i].outcome);
    }
}

/* spec-test: protocol/3#head-limits */
static void head__lines_at_each_limit_and_one_beyond__served_431_ended(void **state)
{
    static const struct {
        size_t lines;
        enum outcome outcome;
    } cases[] = {
        { TG_HEADERS_MAX, SERVED },
        { TG_HEADERS_MAX + 1, REFUSED_431 },
        { 2 * TG_HEADERS_MAX, REFUSED_431 },
        { 2 * TG_HEADERS_MAX + 1, ENDED },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = new_fixture();
        struct block *b = new_block(GET_BLOCK);

        for (size_t k = 0; k < cases[i].lines; k++) {
            add(b, WITHOUT_INDEXING, "a", "b");
        }
        send_block(f, 1, b, END_STREAM);
        assert_outcome(f, cases[i].outcome);
    }
}

/* One table entry of 4,000 bytes and a reference of one byte for each 4 KB of header list. */
static void head__references_to_a_large_entry__counted_as_what_they_stand_for(void **state)
{
    static const struct {
        size_t references;
        enum outcome outcome;
    } cases[] = {
        { 8, SERVED }, { 9, REFUSED_431 }, { 16, REFUSED_431 }, { 17, ENDED }, { 60000, ENDED }
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = new_fixture();
        struct block *b = new_block(GET_BLOCK);

        add(b, WITH_INDEXING, "x", text_of(3900));
        send_block(f, 1, b, END_STREAM);
        assert_int_equal(f->seen_count, 1);
        f->seen_count = 0;
        b = new_block(GET_BLOCK);
        for (size_t k = 0; k < cases[i].references; k++) {
            add_bytes(b, "\xbe", 1);
        }
        send_block(f, 3, b, END_STREAM);
        assert_outcome(f, cases[i].outcome);
    }
}

static void trailers__at_each_limit_and_one_beyond__served_431_ended(void **state)
{
    static const struct {
        size_t lines;
        size_t len;
        enum outcome outcome;
    } cases[] = {
        { 1, TG_HEAD_MAX - 33, SERVED },
        { 1, TG_HEAD_MAX - 32, REFUSED_431 },
        { 1, 2 * TG_HEAD_MAX - 33, REFUSED_431 },
        { 1, 2 * TG_HEAD_MAX - 32, ENDED },
        { TG_HEADERS_MAX, 1, SERVED },
        { TG_HEADERS_MAX + 1, 1, REFUSED_431 },
        { 2 * TG_HEADERS_MAX, 1, REFUSED_431 },
        { 2 * TG_HEADERS_MAX + 1, 1, ENDED },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = new_fixture();
        struct block *b = new_block("");

        frame(f, 6, NGHTTP2_HEADERS, END_HEADERS, 1, POST_BLOCK);
        frame(f, 3, NGHTTP2_DATA, 0, 1, "abc");
        for (size_t k = 0; k < cases[i].lines; k++) {
            add(b, WITHOUT_INDEXING, "t", text_of(cases[i].len));
        }
        send_block(f, 1, b, END_STREAM);
        assert_outcome(f, cases[i].outcome);
    }
}

/* Trailers are no part of the request. */
static void trailers__within_the_limits__not_passed_on(void **state)
{
    struct fixture *f = new_fixture();
    struct block *b = new_block("");

    (void)state;
    frame(f, 6, NGHTTP2_HEADERS, END_HEADERS, 1, POST_BLOCK);
    frame(f, 3, NGHTTP2_DATA, 0, 1, "abc");
    add(b, WITHOUT_INDEXING, "mailbox-device-claim", "late");
    send_block(f, 1, b, END_STREAM);
    assert_int_equal(f->seen_count, 1);
    assert_int_equal(f->seen[0].header_count, 0);
    assert_string_equal(f->seen[0].body, "abc");
    fixture_free(f);
}

/* Its time is over between two parts of its head; the rest still arrives. */
static void head__unfinished_when_its_time_is_over__408_and_the_rest_ignored(void **state)
{
    struct fixture *f = new_fixture();

    (void)state;
    frame(f, 6, NGHTTP2_HEADERS, END_STREAM, 1, GET_BLOCK);
    pass_ms(f, 41000);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_TIMEOUT), 1);
    frame(f, 5, NGHTTP2_CONTINUATION, END_HEADERS, 1,
          "\x00\x01"
          "a"
          "\x01"
          "b");
    assert_int_equal(f->seen_count, 0);
    frame(f, 6, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 3, GET_BLOCK);
    assert_int_equal(f->seen_count, 1);
    fixture_free(f);
}

/* ---- expectations and announced lengths ---- */

static bool has_written(const struct fixture *f, const void *bytes, size_t len)
{
    return memmem(f->out.ptr, f->out.len, bytes, len) != NULL;
}

/* HEADERS on stream 1 with ":status: 100" alone, without END_STREAM. */
static bool has_interim(const struct fixture *f)
{
    static const uint8_t whole[] = {
        0, 0, 4, NGHTTP2_HEADERS, END_HEADERS, 0, 0, 0, 1, 0x48, 0x82, 0x08, 0x01
    };

    return has_written(f, whole, sizeof(whole));
}

static void send_expecting(struct fixture *f, const char *expect, const char *length, uint8_t flags)
{
    struct block *b = new_block(POST_BLOCK);

    add(b, WITHOUT_INDEXING, "expect", expect);
    if (length != NULL) {
        add(b, WITHOUT_INDEXING, "content-length", length);
    }
    send_block(f, 1, b, flags);
    f->proto->ops->pump(f->proto);
}

/* spec-test: protocol/1#expect-continue */
static void expect__continue__100_before_the_body_and_the_answer_after_it(void **state)
{
    static const char *const values[] = { "100-continue", "100-CONTINUE" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(values); i++) {
        struct fixture *f = new_fixture();

        send_expecting(f, values[i], i == 0 ? "3" : NULL, 0);
        assert_true(has_interim(f));
        assert_int_equal(f->seen_count, 0);
        clear_output(f);
        pass_ms(f, 15000); /* less than a body may take, more than a reader may stop */
        frame(f, 3, NGHTTP2_DATA, END_STREAM, 1, "abc");
        assert_int_equal(f->seen_count, 1);
        assert_string_equal(f->seen[0].body, "abc");
        assert_true(has_written(f, "hello", 5));
        assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_STREAM_RESETS), 0);
        fixture_free(f);
    }
}

static void expect__continue_and_the_body_never_comes__408(void **state)
{
    struct fixture *f = new_fixture();

    (void)state;
    send_expecting(f, "100-continue", "3", 0);
    pass_ms(f, 21000);
    f->proto->ops->pump(f->proto);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_TIMEOUT), 1);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_STREAM_RESETS), 0);
    assert_false(f->proto->is_finished);
    fixture_free(f);
}

/* spec-test: protocol/1#decided-before-continue */
static void expect__continue_and_a_part_of_the_body_is_there__no_100(void **state)
{
    static const uint8_t part[] = { 0, 0, 1, NGHTTP2_DATA, 0, 0, 0, 0, 1, 'a' };
    struct fixture *f = new_fixture();
    struct block *b = new_block(POST_BLOCK);
    uint8_t in[200] = { 0, 0, 0, NGHTTP2_HEADERS, END_HEADERS, 0, 0, 0, 1 };

    (void)state;
    add(b, WITHOUT_INDEXING, "expect", "100-continue");
    in[2] = (uint8_t)b->len;
    memcpy(in + 9, b->bytes, b->len);
    memcpy(in + 9 + b->len, part, sizeof(part));
    (void)feed_bytes(f, in, 9 + b->len + sizeof(part));
    tg_mem_free(b);
    assert_false(has_interim(f));
    frame(f, 2, NGHTTP2_DATA, END_STREAM, 1, "bc");
    assert_string_equal(f->seen[0].body, "abc");
    fixture_free(f);
}

static void expect__continue_without_a_body__no_100(void **state)
{
    struct fixture *f = new_fixture();

    (void)state;
    send_expecting(f, "100-continue", NULL, END_STREAM);
    assert_false(has_interim(f));
    assert_int_equal(f->seen_count, 1);
    fixture_free(f);
}

/* spec-test: protocol/1#expect-continue */
static void expect__anything_else__417(void **state)
{
    static const char *const values[] = { "", "100", "100-continue, x", "200-ok" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(values); i++) {
        struct fixture *f = new_fixture();

        send_expecting(f, values[i], NULL, 0);
        assert_false(has_interim(f));
        assert_int_equal(f->seen_count, 0);
        assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_SYNTAX), 1);
        frame(f, 3, NGHTTP2_DATA, END_STREAM, 1, "abc");
        assert_false(f->proto->is_finished);
        fixture_free(f);
    }
}

static void length__over_the_limit__413_before_the_body_and_no_100(void **state)
{
    static const char *const lengths[] = { "1001", "99999999999999999999999" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = new_fixture();

        send_expecting(f, "100-continue", lengths[i], 0);
        assert_false(has_interim(f));
        assert_int_equal(f->seen_count, i == 0 ? 1 : 0); /* nghttp2 refuses the other one */
        if (i == 0) {
            assert_true(f->seen[0].is_body_too_large);
        }
        fixture_free(f);
    }
}

/* ---- malformed requests ---- */

struct malformed {
    const char *path;
    const char *authority;
    const char *host; /* NULL: none */
    bool is_refused;
};

static void request__target_authority_and_host__malformed_ones_reset(void **state)
{
    static const struct malformed cases[] = {
        { "/a", "r", NULL, false },
        { "/a", "r", "r", false },
        { "/a", "R.example", "r.EXAMPLE:443", false },
        { "/a", "r:443", "r", false },
        { "/a", "r:8443", "r:8443", false },
        { "/a", "r", "s", true },
        { "/a", "r:8443", "r", true },
        { "/a", "user@r", NULL, true },
        { "/a#b", "r", NULL, true },
        { "*", "r", NULL, true }, /* only of OPTIONS */
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = new_fixture();
        struct block *b = new_block("\x82\x87"); /* :method GET, :scheme https */

        add(b, WITHOUT_INDEXING, ":authority", cases[i].authority);
        add(b, WITHOUT_INDEXING, ":path", cases[i].path);
        if (cases[i].host != NULL) {
            add(b, WITHOUT_INDEXING, "host", cases[i].host);
        }
        send_block(f, 1, b, END_STREAM);
        if (f->seen_count != (cases[i].is_refused ? 0 : 1)) {
            fail_msg("case %zu", i);
        }
        if (f->seen_count == 1) {
            assert_string_equal(f->seen[0].target, cases[i].path);
        }
        assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_STREAM_RESETS),
                         cases[i].is_refused ? 1 : 0);
        assert_false(f->proto->is_finished);
        fixture_free(f);
    }
}

/* nghttp2 checks the paths of http and https only. */
static void request__of_another_scheme__its_target_is_checked(void **state)
{
    static const char *const paths[] = { "", "x", "/x" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(paths); i++) {
        struct fixture *f = new_fixture();
        struct block *b = new_block("\x82");

        add(b, WITHOUT_INDEXING, ":scheme", "ftp");
        add(b, WITHOUT_INDEXING, ":path", paths[i]);
        add(b, WITHOUT_INDEXING, ":authority", "r");
        send_block(f, 1, b, END_STREAM);
        assert_int_equal(f->seen_count, i < 2 ? 0 : 1);
        fixture_free(f);
    }
}

static void request__options_for_the_server__passed_on(void **state)
{
    struct fixture *f = new_fixture();
    struct block *b = new_block("\x87");

    (void)state;
    add(b, WITHOUT_INDEXING, ":path", "*");
    add(b, WITHOUT_INDEXING, ":authority", "r");
    add(b, WITHOUT_INDEXING, ":method", "OPTIONS");
    send_block(f, 1, b, END_STREAM);
    assert_int_equal(f->seen_count, 1);
    assert_string_equal(f->seen[0].target, "*");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head__bytes_at_each_limit_and_one_beyond__served_431_ended),
        cmocka_unit_test(head__lines_at_each_limit_and_one_beyond__served_431_ended),
        cmocka_unit_test(head__references_to_a_large_entry__counted_as_what_they_stand_for),
        cmocka_unit_test(trailers__at_each_limit_and_one_beyond__served_431_ended),
        cmocka_unit_test(trailers__within_the_limits__not_passed_on),
        cmocka_unit_test(head__unfinished_when_its_time_is_over__408_and_the_rest_ignored),
        cmocka_unit_test(expect__continue__100_before_the_body_and_the_answer_after_it),
        cmocka_unit_test(expect__continue_and_the_body_never_comes__408),
        cmocka_unit_test(expect__continue_and_a_part_of_the_body_is_there__no_100),
        cmocka_unit_test(expect__continue_without_a_body__no_100),
        cmocka_unit_test(expect__anything_else__417),
        cmocka_unit_test(length__over_the_limit__413_before_the_body_and_no_100),
        cmocka_unit_test(request__target_authority_and_host__malformed_ones_reset),
        cmocka_unit_test(request__of_another_scheme__its_target_is_checked),
        cmocka_unit_test(request__options_for_the_server__passed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
