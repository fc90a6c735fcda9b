/* SPDX-License-Identifier: Apache-2.0 */
/* A client that takes its answers slowly from a socket. The test sets the time. */
#include "unit/server/http/engine_fixture.h"

#include "base/mem.h"
#include "server/net/conn_send.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_LEN 262144u
#define BASE_MS 20000u

struct world {
    struct fixture *f;
    struct tg_conns conns;
    struct tg_conn conn;
    int peer; /* the client's end */
    bool is_over;
    uint8_t answer[ANSWER_LEN];
};

static void on_over(struct tg_deadline *d)
{
    TG_CONTAINER(d, struct world, conn.deadline)->is_over = true;
}

static struct world *world_new(void)
{
    struct world *w = tg_mem_calloc(1, sizeof(*w));
    int ends[2];
    int small = 4096;

    assert_non_null(w);
    w->f = fixture_new();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    w->conns.env = &w->f->env;
    assert_int_equal(tg_turns_init(&w->conns.turns, w->f->env.now_mono_ms), TG_OK);
    tg_buf_init_shared(&w->conns.join, TG_OUT_MAX);
    w->conns.turn = &w->conn; /* it sends at once */
    w->conn.conns = &w->conns;
    w->conn.fd = ends[0];
    w->peer = ends[1];
    w->conn.deadline.fired = on_over;
    tg_buf_init_shared(&w->conn.out, TG_OUT_MAX);
    tg_conn_wait(&w->conn, TG_CONN_WAIT_ENGINE);
    return w;
}

static void world_free(struct world *w)
{
    tg_conn_wait(&w->conn, TG_CONN_WAIT_NOTHING);
    tg_turns_remove(&w->conns.turns, &w->conn.turn);
    tg_buf_deinit(&w->conn.out);
    tg_buf_deinit(&w->conns.join);
    tg_turns_deinit(&w->conns.turns);
    (void)close(w->conn.fd);
    (void)close(w->peer);
    fixture_free(w->f);
    tg_mem_free(w);
}

static void answer_once(struct world *w)
{
    struct tg_bytes part = { w->answer, ANSWER_LEN };

    tg_conn_send(&w->conn, &part, 1);
}

/* The client takes up to len bytes, and the socket is writable again. Returns how many it took. */
static size_t take(struct world *w, size_t len)
{
    static uint8_t in[ANSWER_LEN];
    size_t got = 0;

    while (got < len) {
        ssize_t now = recv(w->peer, in, len - got, 0);

        if (now <= 0) {
            break;
        }
        got += (size_t)now;
        tg_conn_flush(&w->conn);
    }
    return got;
}

static void pass(struct world *w, uint64_t ms)
{
    pass_ms(w->f, ms);
}

/* Some progress in each second. spec-test: protocol/3#slow-takers */
static void reader__below_the_rate__over(void **state)
{
    struct world *w = world_new();
    size_t s = 0;

    (void)state;
    answer_once(w);
    assert_true(w->conn.io.unsent > 0);
    assert_int_equal(w->conn.wait, TG_CONN_WAIT_READER);
    for (; s < 120 && !w->is_over; s++) {
        pass(w, 1000);
        assert_int_equal(take(w, 600), 600);
    }
    assert_in_range(s, BASE_MS / 1000 * 2, BASE_MS / 1000 * 3); /* 20 s + 600/1000 of the time */
    world_free(w);
}

static void reader__takes_nothing__over_after_the_base_time(void **state)
{
    struct world *w = world_new();

    (void)state;
    answer_once(w);
    pass(w, BASE_MS - 1);
    assert_false(w->is_over);
    pass(w, TG_WHEEL_TICK_MS + 1);
    assert_true(w->is_over);
    world_free(w);
}

static void reader__slow_but_above_the_rate__never_over(void **state)
{
    struct world *w = world_new();
    size_t taken = 0;

    (void)state;
    answer_once(w);
    for (size_t s = 0; s < 300 && taken < ANSWER_LEN; s++) {
        pass(w, 1000);
        taken += take(w, 1200);
        assert_false(w->is_over);
    }
    assert_int_equal(taken, ANSWER_LEN);
    assert_int_equal(w->conn.io.unsent, 0);
    assert_int_equal(w->conn.wait, TG_CONN_WAIT_ENGINE);
    assert_false(tg_deadline_is_set(&w->conn.deadline));
    world_free(w);
}

/* Pipelined requests: there is always something unsent. What was taken fast gives no time later. */
static void reader__takes_much_and_then_nothing__over_after_the_base_time(void **state)
{
    struct world *w = world_new();

    (void)state;
    answer_once(w);
    for (size_t i = 0; i < 50; i++) {
        answer_once(w);
        assert_int_equal(take(w, ANSWER_LEN), ANSWER_LEN);
        assert_true(w->conn.io.unsent > 0);
    }
    pass(w, BASE_MS - 1);
    assert_false(w->is_over);
    pass(w, 2 * ANSWER_LEN + 1000); /* the second for each 1000 bytes of the last window at most */
    assert_true(w->is_over);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader__below_the_rate__over),
        cmocka_unit_test(reader__takes_nothing__over_after_the_base_time),
        cmocka_unit_test(reader__slow_but_above_the_rate__never_over),
        cmocka_unit_test(reader__takes_much_and_then_nothing__over_after_the_base_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
