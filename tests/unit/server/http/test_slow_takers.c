/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that take their answers slowly, over HTTP/2. The time of the tests passes in steps. In
 * test_conn_send.c the same for a socket, which is what HTTP/1.1 waits for.
 */
#include "server/http/taking.h"
#include "unit/server/http/raw_frames.h"

#define ANSWER_LEN 60000u
#define WRITE_MS 20000u

static char answer_body[ANSWER_LEN + 1];

/* What the client got. */
struct client {
    struct fixture *f;
    uint64_t taken; /* bytes of DATA */
    size_t reset_count;
    uint32_t reset_id;
    uint8_t reset_code;
    size_t end_count;
};

static void window(struct client *c, uint32_t id, uint32_t more)
{
    const uint8_t payload[4] = { (uint8_t)(more >> 24), (uint8_t)(more >> 16), (uint8_t)(more >> 8),
                                 (uint8_t)more };

    frame(c->f, sizeof(payload), NGHTTP2_WINDOW_UPDATE, 0, id, payload);
    c->f->proto->ops->pump(c->f->proto);
}

static void take_output(struct client *c)
{
    struct tg_bytes out = tg_buf_view(&c->f->out);

    while (out.len >= 9) {
        size_t len = ((size_t)out.ptr[0] << 16) | ((size_t)out.ptr[1] << 8) | out.ptr[2];

        if (out.ptr[3] == NGHTTP2_DATA) {
            c->taken += len;
            c->end_count += (out.ptr[4] & NGHTTP2_FLAG_END_STREAM) != 0 ? 1 : 0;
        } else if (out.ptr[3] == NGHTTP2_RST_STREAM) {
            c->reset_count++;
            c->reset_id = out.ptr[8];
            c->reset_code = out.ptr[12];
        }
        out = tg_bytes_from(out, 9 + len);
    }
    clear_output(c->f);
}

static void pass(struct client *c, uint64_t ms)
{
    pass_ms(c->f, ms);
    c->f->proto->ops->pump(c->f->proto);
    take_output(c);
}

static void get(struct client *c, uint32_t id)
{
    frame(c->f, sizeof(GET_BLOCK) - 1, NGHTTP2_HEADERS,
          NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, GET_BLOCK);
    c->f->proto->ops->pump(c->f->proto);
    take_output(c);
}

/* A client whose streams begin with this window; the connection's is 65535. */
static struct client *client_new(struct client *c, uint16_t stream_window)
{
    const uint8_t entry[6] = { 0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0,
                               0, (uint8_t)(stream_window >> 8),        (uint8_t)stream_window };

    memset(answer_body, 'a', ANSWER_LEN);
    *c = (struct client){ .f = raw() };
    c->f->body = answer_body;
    c->f->settings.requests_max = 1000;
    c->f->settings.stream_max = 100;
    frame(c->f, sizeof(entry), NGHTTP2_SETTINGS, 0, 0, entry);
    take_output(c);
    return c;
}

static uint64_t timeouts(const struct client *c)
{
    return tg_metrics_counter_sum(c->f->metrics, TG_COUNTER_REFUSED_TIMEOUT);
}

/* ---- a stream ---- */

/* spec-test: protocol/3#slow-takers */
static void stream__its_window_opens_by_one_byte_now_and_then__reset(void **state)
{
    struct client c;

    (void)state;
    (void)client_new(&c, 0);
    get(&c, 1);
    pass(&c, 12000);
    window(&c, 1, 1);
    take_output(&c);
    assert_int_equal(c.taken, 1);
    pass(&c, 7900);
    assert_int_equal(c.reset_count, 0);
    window(&c, 1, 1);
    pass(&c, 600);
    assert_int_equal(c.reset_count, 1);
    assert_int_equal(c.reset_code, NGHTTP2_CANCEL);
    assert_int_equal(timeouts(&c), 1);
    assert_false(c.f->proto->is_finished);
    assert_true(tg_account_held(c.f->io.peer.account) < ANSWER_LEN); /* the answer is freed */
    fixture_free(c.f);
}

static void stream__stalls_while_another_takes_all__only_it_is_reset(void **state)
{
    struct client c;
    uint32_t id = 3;

    (void)state;
    (void)client_new(&c, 0);
    get(&c, 1);
    /* The other answers are taken at once. They give the first one time for four turns of 60 s. */
    for (size_t i = 0; i < 25; i++, id += 2) {
        get(&c, id);
        window(&c, 0, ANSWER_LEN);
        window(&c, id, ANSWER_LEN);
        pass(&c, 10000);
    }
    assert_int_equal(c.reset_count, 0);
    pass(&c, WRITE_MS - 9000);
    assert_int_equal(c.end_count, 25);
    assert_int_equal(c.reset_count, 1);
    assert_int_equal(c.reset_id, 1);
    assert_false(c.f->proto->is_finished);
    fixture_free(c.f);
}

/* ---- the connection ---- */

/* spec-test: protocol/3#slow-takers */
static void connection__its_window_opens_by_one_byte_now_and_then__ended(void **state)
{
    struct client c;

    (void)state;
    (void)client_new(&c, UINT16_MAX);
    get(&c, 1);
    assert_int_equal(c.taken, ANSWER_LEN);
    get(&c, 3); /* takes the rest of the window, 5535 bytes: five seconds and a half */
    assert_int_equal(c.taken, UINT16_MAX);
    pass(&c, 12000);
    window(&c, 0, 1);
    pass(&c, 12000);
    window(&c, 0, 1);
    take_output(&c);
    assert_false(c.f->proto->is_finished);
    pass(&c, 2000);
    assert_true(c.f->proto->is_finished);
    assert_true(timeouts(&c) > 0);
    fixture_free(c.f);
}

/* What was taken fast gives no time for later. */
static void connection__took_much_and_stalls__ended_after_the_base_time(void **state)
{
    struct client c;

    (void)state;
    (void)client_new(&c, UINT16_MAX);
    for (uint32_t id = 1; id < 101; id += 2) {
        get(&c, id);
        window(&c, 0, ANSWER_LEN);
        take_output(&c);
    }
    assert_int_equal(c.end_count, 50);
    for (uint32_t id = 101; c.taken < 50u * ANSWER_LEN + UINT16_MAX; id += 2) {
        get(&c, id);
    }
    pass(&c, WRITE_MS - 250);
    assert_false(c.f->proto->is_finished);
    pass(&c, UINT16_MAX + 1000); /* the last window was taken */
    assert_true(c.f->proto->is_finished);
    fixture_free(c.f);
}

/* A slow network: 1500 bytes a second for all answers together. */
static void connection__slow_but_above_the_rate__all_served(void **state)
{
    struct client c;

    (void)state;
    (void)client_new(&c, UINT16_MAX);
    for (uint32_t id = 1; id <= 9; id += 2) {
        get(&c, id);
    }
    for (size_t s = 0; s < 220 && c.end_count < 5; s++) {
        pass(&c, 1000);
        window(&c, 0, 1500);
        take_output(&c);
    }
    assert_int_equal(c.end_count, 5);
    assert_int_equal(c.reset_count, 0);
    assert_int_equal(timeouts(&c), 0);
    fixture_free(c.f);
}

/* ---- the rule ---- */

static void taking__each_byte__adds_its_part_of_a_second(void **state)
{
    const struct tg_server_settings s = { .write_ms = WRITE_MS };
    struct tg_taking t;

    (void)state;
    tg_taking_begin(&t, 5000, 1000);
    assert_int_equal(tg_taking_until(&t, &s), 1000 + WRITE_MS);
    tg_taking_add(&t, 1500, 3500, 2000);
    assert_int_equal(tg_taking_until(&t, &s), 1000 + WRITE_MS + 1500);
    tg_taking_add(&t, 3499, 9000, 3000);
    assert_int_equal(tg_taking_until(&t, &s), 1000 + WRITE_MS + 4999);
    /* The goal is reached: from then on for what is unsent then. */
    tg_taking_add(&t, 1, 8999, 4000);
    assert_int_equal(tg_taking_until(&t, &s), 4000 + WRITE_MS);
    assert_int_equal(t.goal, 8999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream__its_window_opens_by_one_byte_now_and_then__reset),
        cmocka_unit_test(stream__stalls_while_another_takes_all__only_it_is_reset),
        cmocka_unit_test(connection__its_window_opens_by_one_byte_now_and_then__ended),
        cmocka_unit_test(connection__took_much_and_stalls__ended_after_the_base_time),
        cmocka_unit_test(connection__slow_but_above_the_rate__all_served),
        cmocka_unit_test(taking__each_byte__adds_its_part_of_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
