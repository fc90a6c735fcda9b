/* SPDX-License-Identifier: Apache-2.0 */
/* Flow control: a client that keeps to the windows, with many bodies at once. */
#include "unit/server/http/raw_frames.h"

#define UPLOADS_MAX 100u
#define BODY_MAX 65536u
#define PIECE_MAX 16384u

/* Which of the unfinished bodies sends its next piece. */
enum order { IN_TURN, FROM_THE_LAST, AT_RANDOM, ORDER_COUNT };

struct upload {
    size_t left;
    int64_t window;
    bool is_ended; /* the server answered */
};

struct uploads {
    struct fixture *f;
    struct upload all[UPLOADS_MAX];
    size_t count;
    size_t piece; /* bytes of a DATA frame */
    int64_t window;
    int64_t initial; /* the window of a stream */
    size_t reset_count;
    uint32_t random;
};

static uint32_t number(const uint8_t *at)
{
    return ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | at[3];
}

static void take_settings(struct uploads *u, struct tg_bytes entries)
{
    for (; entries.len >= 6; entries = tg_bytes_from(entries, 6)) {
        if (entries.ptr[1] == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) {
            int64_t initial = number(entries.ptr + 2);

            for (size_t i = 0; i < UPLOADS_MAX; i++) {
                u->all[i].window += initial - u->initial;
            }
            u->initial = initial;
        }
    }
    frame(u->f, 0, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL);
}

/* Reads what the server wrote. */
static void take_output(struct uploads *u)
{
    static uint8_t copy[1u << 20];
    struct tg_bytes out = { copy, u->f->out.len };

    assert_true(out.len <= sizeof(copy));
    memcpy(copy, u->f->out.ptr, out.len);
    clear_output(u->f);
    while (out.len >= 9) {
        size_t len = number(out.ptr) >> 8;
        uint32_t id = number(out.ptr + 5);
        struct tg_bytes payload = tg_bytes_first(tg_bytes_from(out, 9), len);

        if (out.ptr[3] == NGHTTP2_WINDOW_UPDATE) {
            *(id == 0 ? &u->window : &u->all[id / 2].window) += number(payload.ptr);
        } else if (out.ptr[3] == NGHTTP2_SETTINGS && (out.ptr[4] & NGHTTP2_FLAG_ACK) == 0) {
            take_settings(u, payload);
        } else if (out.ptr[3] == NGHTTP2_HEADERS) {
            u->all[id / 2].is_ended = true;
        } else if (out.ptr[3] == NGHTTP2_RST_STREAM) {
            u->reset_count++;
        }
        out = tg_bytes_from(out, 9 + len);
    }
}

/* A client that opens count streams and has not sent a byte of their bodies. */
static void begin(struct uploads *u, struct fixture *f, size_t count, size_t body_len)
{
    *u = (struct uploads){
        .f = f, .count = count, .piece = PIECE_MAX, .window = 65535, .initial = 65535, .random = 7
    };
    for (size_t i = 0; i < count; i++) {
        u->all[i] = (struct upload){ .left = body_len, .window = 65535 };
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, (uint32_t)(2 * i + 1), POST_BLOCK);
    }
    take_output(u);
}

/* Sends a piece of body i, as far as the windows allow. Returns whether it sent anything. */
static bool send_piece(struct uploads *u, size_t i)
{
    static const uint8_t piece[PIECE_MAX];
    struct upload *body = &u->all[i];
    size_t len = body->left < u->piece ? body->left : u->piece;

    len = body->window < (int64_t)len ? (size_t)(body->window > 0 ? body->window : 0) : len;
    len = u->window < (int64_t)len ? (size_t)(u->window > 0 ? u->window : 0) : len;
    if (len == 0 || body->is_ended) {
        return false;
    }
    body->left -= len;
    body->window -= (int64_t)len;
    u->window -= (int64_t)len;
    frame(u->f, len, NGHTTP2_DATA, body->left == 0 ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE,
          (uint32_t)(2 * i + 1), piece);
    u->f->proto->ops->pump(u->f->proto);
    take_output(u);
    return true;
}

static size_t next_of(struct uploads *u, enum order order, size_t turn)
{
    u->random = u->random * 1103515245u + 12345u;
    return order == IN_TURN         ? turn % u->count
           : order == FROM_THE_LAST ? u->count - 1 - turn % u->count
                                    : (u->random >> 8) % u->count;
}

/* Until every body from first on is sent, or nothing can be sent. */
static void send_all(struct uploads *u, enum order order, size_t first)
{
    size_t idle = 0;

    for (size_t turn = 0; idle < 50 * u->count; turn++) {
        size_t i = next_of(u, order, turn);

        idle = i >= first && send_piece(u, i) ? 0 : idle + 1;
    }
}

static struct fixture *fixture_of_the_default_limits(void)
{
    struct fixture *f = fixture_new();

    f->settings.body_max = BODY_MAX;
    f->settings.stream_max = UPLOADS_MAX;
    f->settings.requests_max = 1000;
    return raw_with(f);
}

/* spec-test: protocol/1#bodies-never-wait */
static void bodies__of_every_stream_interleaved__all_complete(void **state)
{
    static const size_t counts[] = { 12, 20, 100 };
    static const size_t lens[] = { 60000, 20000, BODY_MAX };
    static const size_t pieces[] = { 1000, PIECE_MAX };

    (void)state;
    for (size_t k = 0; k < TG_COUNT(counts) * TG_COUNT(pieces) * ORDER_COUNT; k++) {
        struct fixture *f = fixture_of_the_default_limits();
        struct uploads u;

        begin(&u, f, counts[k % 3], lens[k % 3]);
        u.piece = pieces[k / 3 % 2];
        send_all(&u, (enum order)(k / 6), 0);
        assert_int_equal(f->seen_count, counts[k % 3]);
        assert_int_equal(f->seen[0].body_len, lens[k % 3]);
        assert_int_equal(u.reset_count, 0);
        assert_false(f->proto->is_finished);
        fixture_free(f);
    }
}

static void body__almost_complete_and_never_ended__others_go_on(void **state)
{
    struct fixture *f = fixture_of_the_default_limits();
    struct uploads u;

    (void)state;
    begin(&u, f, 50, BODY_MAX);
    for (size_t slow = 0; slow < 10; slow++) {
        while (u.all[slow].left > 1 && send_piece(&u, slow)) {
            u.piece = u.all[slow].left - 1 < PIECE_MAX ? u.all[slow].left - 1 : PIECE_MAX;
        }
        u.piece = PIECE_MAX;
    }
    send_all(&u, IN_TURN, 10);
    assert_int_equal(f->seen_count, 40);
    pass_ms(f, 41000); /* body_max_ms is over */
    f->proto->ops->pump(f->proto);
    take_output(&u);
    assert_true(u.all[0].is_ended);
    assert_int_equal(f->seen_count, 40);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_TIMEOUT), 10);
    fixture_free(f);
}

static void body__no_memory__503_and_the_others_complete(void **state)
{
    struct fixture *f = fixture_of_the_default_limits();
    struct uploads u;

    (void)state;
    begin(&u, f, 3, BODY_MAX);
    while (u.all[0].left > 1) {
        u.piece = u.all[0].left - 1 < PIECE_MAX ? u.all[0].left - 1 : PIECE_MAX;
        assert_true(send_piece(&u, 0));
    }
    hold_memory(f, 1000);
    u.piece = PIECE_MAX;
    assert_true(send_piece(&u, 1));
    assert_true(u.all[1].is_ended);
    assert_int_equal(f->seen_count, 0);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_MEMORY), 1);
    f->memory.max = 0;
    send_all(&u, IN_TURN, 0);
    assert_int_equal(f->seen_count, 2);
    assert_int_equal(u.reset_count, 0);
    assert_true(u.all[0].is_ended && u.all[2].is_ended);
    fixture_free(f);
}

/* The client has used its whole window when the answer comes: it must be able to go on sending. */
static void body__refused__its_window_opens_for_the_rest(void **state)
{
    struct fixture *f = fixture_of_the_default_limits();
    struct uploads u;

    (void)state;
    begin(&u, f, 1, 4 * BODY_MAX);
    while (u.all[0].left > 0) {
        size_t before = u.all[0].left;

        u.all[0].is_ended = false; /* a client that sends on after the answer */
        (void)send_piece(&u, 0);
        assert_true(u.all[0].left < before);
    }
    assert_int_equal(f->seen_count, 1);
    assert_true(f->seen[0].is_body_too_large);
    assert_int_equal(u.reset_count, 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies__of_every_stream_interleaved__all_complete),
        cmocka_unit_test(body__almost_complete_and_never_ended__others_go_on),
        cmocka_unit_test(body__no_memory__503_and_the_others_complete),
        cmocka_unit_test(body__refused__its_window_opens_for_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
