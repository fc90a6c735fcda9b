/* SPDX-License-Identifier: Apache-2.0 */
/* How much work a turn of a connection is, in records and bytes: without TLS, and with a clock that
   stands still, so that only the bounds end a turn, or is over, so that only the time does. */
#include "unit/server/http/engine_fixture.h"

#include "base/mem.h"
#include "server/http/client.h"
#include "server/net/clock.h"
#include "server/net/conn_open.h"
#include "server/net/conn_recv.h"

#include <sys/socket.h>
#include <unistd.h>

#define RECORD "\x17\x03\x03\x00\x01x" /* as tg_tls_record_len reads it */
#define RECORD_LEN (sizeof(RECORD) - 1)
#define RECORD_COUNT 1000u
#define STANDS UINT64_MAX
#define IS_OVER 0u

/* ---- TLS, which only counts ---- */

static struct {
    size_t read_count, handshake_count;
    size_t costly_count; /* what was done with a leave */
    bool is_silent;      /* its records bring no data */
    bool is_costly;      /* its handshake needs a leave */
    bool has_leave;
} tls;

enum tg_tls_io __wrap_tg_tls_read(struct tg_tls *t, struct tg_bytes *record, uint8_t *out,
                                  size_t *len);
enum tg_tls_io __wrap_tg_tls_handshake(struct tg_tls *t, struct tg_bytes *record);
void __wrap_tg_tls_give_leave(struct tg_tls *t);
bool __wrap_tg_tls_has_pending(const struct tg_tls *t);
bool __wrap_tg_tls_is_costly(const struct tg_tls *t);

enum tg_tls_io __wrap_tg_tls_read(struct tg_tls *t, struct tg_bytes *record, uint8_t *out,
                                  size_t *len)
{
    (void)t;
    assert_int_equal(record->len, RECORD_LEN); /* one record a call */
    *record = tg_bytes_from(*record, RECORD_LEN);
    tls.read_count++;
    out[0] = 'x';
    *len = 1;
    return tls.is_silent ? TG_TLS_WANT_READ : TG_TLS_OK;
}

enum tg_tls_io __wrap_tg_tls_handshake(struct tg_tls *t, struct tg_bytes *record)
{
    (void)t;
    if (tls.is_costly && !tls.has_leave) {
        return TG_TLS_WANT_LEAVE;
    }
    assert_int_equal(record->len, RECORD_LEN);
    *record = tg_bytes_from(*record, RECORD_LEN);
    tls.handshake_count++;
    tls.costly_count += tls.has_leave ? 1 : 0;
    tls.has_leave = false;
    return TG_TLS_WANT_READ;
}

void __wrap_tg_tls_give_leave(struct tg_tls *t)
{
    (void)t;
    tls.has_leave = true;
}

bool __wrap_tg_tls_has_pending(const struct tg_tls *t)
{
    (void)t;
    return false;
}

bool __wrap_tg_tls_is_costly(const struct tg_tls *t)
{
    (void)t;
    return false;
}

/* ---- a connection between a socket and an engine, which only counts ---- */

struct world {
    struct fixture *f;
    struct tg_conns conns;
    struct tg_conn conn;
    struct tg_proto proto;
    size_t feed_count, fed_len, longest;
    int peer;
};

static size_t feed_engine(struct tg_proto *p, struct tg_bytes in)
{
    struct world *w = TG_CONTAINER(p, struct world, proto);

    w->feed_count++;
    w->fed_len += in.len;
    w->longest = in.len > w->longest ? in.len : w->longest;
    return in.len;
}

static const struct tg_proto_ops engine = { .feed = feed_engine };

static struct world *world_new(uint64_t turn_until_us, bool is_tls, enum tg_conn_wait wait)
{
    static char any; /* stands for TLS, which the functions above do not look at */
    struct world *w = tg_mem_calloc(1, sizeof(*w));
    int ends[2];

    assert_non_null(w);
    memset(&tls, 0, sizeof(tls));
    w->f = fixture_new();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    w->conns.env = &w->f->env;
    assert_int_equal(tg_turns_init(&w->conns.turns, w->f->env.now_mono_ms), TG_OK);
    assert_int_equal(tg_costly_init(&w->conns.costly), TG_OK);
    w->conns.turn = &w->conn;
    w->conns.turn_until_us = turn_until_us;
    w->conn.conns = &w->conns;
    w->conn.service = &w->f->service;
    w->conn.fd = ends[0];
    w->peer = ends[1];
    w->proto.ops = &engine;
    w->conn.proto = &w->proto;
    w->conn.tls = is_tls ? (struct tg_tls *)(void *)&any : NULL;
    w->conn.tls_context = is_tls ? (struct tg_tls_context *)(void *)&any : NULL;
    tg_buf_init_shared(&w->conn.raw, TG_TLS_RECORD_MAX);
    tg_buf_init_shared(&w->conn.in, TG_READ_MAX);
    tg_conn_wait(&w->conn, wait);
    return w;
}

static void world_free(struct world *w)
{
    tg_conn_wait(&w->conn, TG_CONN_WAIT_NOTHING);
    tg_turns_remove(&w->conns.turns, &w->conn.turn);
    tg_costly_remove(&w->conns.costly, &w->conn.costly);
    tg_buf_deinit(&w->conn.raw);
    tg_buf_deinit(&w->conn.in);
    tg_turns_deinit(&w->conns.turns);
    tg_costly_deinit(&w->conns.costly);
    (void)close(w->conn.fd);
    (void)close(w->peer);
    fixture_free(w->f);
    tg_mem_free(w);
}

/* At once: the socket counts each message as more than it is. */
static void send_records(struct world *w)
{
    static uint8_t bytes[RECORD_COUNT * RECORD_LEN];

    for (size_t i = 0; i < RECORD_COUNT; i++) {
        memcpy(bytes + i * RECORD_LEN, RECORD, RECORD_LEN);
    }
    assert_int_equal(send(w->peer, bytes, sizeof(bytes), 0), sizeof(bytes));
}

static size_t flood_count(struct world *w)
{
    return (size_t)tg_metrics_counter_sum(w->f->metrics, TG_COUNTER_REFUSED_FLOOD);
}

/* ---- records ---- */

static void tls_turn__more_records_than_its_bound__the_rest_in_later_turns(void **state)
{
    struct world *w = world_new(STANDS, true, TG_CONN_WAIT_ENGINE);

    (void)state;
    send_records(w);
    for (size_t turns = 1; turns <= 10; turns++) {
        tg_conn_read(&w->conn);
        assert_int_equal(tls.read_count, turns * TG_TLS_TURN_RECORDS);
        assert_int_equal(w->conn.read, TG_CONN_READ_AT_ONCE); /* it gets another turn */
    }
    assert_int_equal(w->fed_len, tls.read_count);
    world_free(w);
}

static void tls_turn__its_time_is_over__one_record(void **state)
{
    struct world *w = world_new(IS_OVER, true, TG_CONN_WAIT_ENGINE);

    (void)state;
    send_records(w);
    tg_conn_read(&w->conn);
    assert_int_equal(tls.read_count, 1);
    assert_int_equal(w->conn.read, TG_CONN_READ_AT_ONCE);
    world_free(w);
}

/* KeyUpdates, attempts to renegotiate, warnings. spec-test: protocol/3#tls-records */
static void tls_turn__records_without_data__bounded_and_then_the_end(void **state)
{
    struct world *w = world_new(STANDS, true, TG_CONN_WAIT_ENGINE);

    (void)state;
    tls.is_silent = true;
    send_records(w);
    tg_conn_read(&w->conn);
    assert_int_equal(tls.read_count, TG_TLS_TURN_RECORDS);
    tg_conn_read(&w->conn);
    assert_int_equal(tls.read_count, TG_TLS_SILENT_RECORDS_MAX);
    assert_int_equal(w->conn.ended, TG_CONN_NOT_ENDED);
    tg_conn_read(&w->conn);
    assert_int_equal(tls.read_count, TG_TLS_SILENT_RECORDS_MAX + 1);
    assert_int_equal(w->conn.ended, TG_CONN_BROKEN);
    assert_int_equal(flood_count(w), 1);
    tg_conn_read(&w->conn);
    assert_int_equal(tls.read_count, TG_TLS_SILENT_RECORDS_MAX + 1);
    world_free(w);
}

static void handshake_turn__more_records_than_its_bound__the_rest_in_later_turns(void **state)
{
    struct world *w = world_new(STANDS, true, TG_CONN_WAIT_HANDSHAKE);
    size_t most = TG_TLS_HANDSHAKE_RECORDS_MAX / TG_TLS_TURN_HANDSHAKE_RECORDS;

    (void)state;
    send_records(w);
    for (size_t turns = 1; turns <= most; turns++) {
        assert_int_equal(tg_conn_open_turn(&w->conn), TG_OPENING_GOES_ON);
        assert_int_equal(tls.handshake_count, turns * TG_TLS_TURN_HANDSHAKE_RECORDS);
        assert_true(tg_link_is_linked(&w->conn.turn)); /* it waits for another one */
        tg_turns_remove(&w->conns.turns, &w->conn.turn);
    }
    assert_int_equal(tg_conn_open_turn(&w->conn), TG_OPENING_FAILED);
    assert_int_equal(tls.handshake_count, TG_TLS_HANDSHAKE_RECORDS_MAX);
    assert_int_equal(flood_count(w), 1);
    world_free(w);
}

/* ---- handshakes that are long and cannot be divided ---- */

static struct world *costly_world(void)
{
    struct world *w = world_new(STANDS, true, TG_CONN_WAIT_HANDSHAKE);
    struct tg_ip ip = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } };

    w->f->service.is_rate_limited = true;
    tg_client_set_peer(&w->conn.io.peer, &w->f->env, &ip);
    w->conn.turn_key = (struct tg_turn_key){ .cell = 1, .wide = 1 };
    tls.is_costly = true;
    return w;
}

/* Another network has a turn too, and this one rests for as long as a test can last. */
static void let_rest(struct world *w)
{
    uint64_t now_us = tg_clock_us();

    tg_costly_note_turn(&w->conns.costly, w->conn.turn_key, now_us);
    tg_costly_note_turn(&w->conns.costly, (struct tg_turn_key){ .wide = 2 }, now_us);
    tg_costly_done(&w->conns.costly, w->conn.turn_key, now_us, 60000000);
}

/* spec-test: protocol/3#costly-handshakes */
static void costly_handshake__its_network_rests__waits_and_takes_nothing(void **state)
{
    struct world *w = costly_world();

    (void)state;
    let_rest(w);
    send_records(w);
    assert_int_equal(tg_conn_open_turn(&w->conn), TG_OPENING_GOES_ON);
    assert_int_equal(tls.handshake_count, 0);
    assert_int_equal(w->conns.costly.count, 1);
    assert_false(tg_link_is_linked(&w->conn.turn));

    tg_costly_remove(&w->conns.costly, &w->conn.costly); /* as its release does */
    w->conn.has_leave = true;
    assert_int_equal(tg_conn_open_turn(&w->conn), TG_OPENING_GOES_ON);
    assert_true(tls.costly_count >= 1); /* a fake takes no time: its network may go on at once */
    assert_false(w->conn.has_leave);
    world_free(w);
}

static void costly_handshake__its_network_is_alone__done_at_once(void **state)
{
    struct world *w = costly_world();

    (void)state;
    tg_costly_done(&w->conns.costly, w->conn.turn_key, tg_clock_us(), 60000000);
    send_records(w);
    assert_int_equal(tg_conn_open_turn(&w->conn), TG_OPENING_GOES_ON);
    assert_int_equal(tls.costly_count, TG_TLS_TURN_HANDSHAKE_RECORDS);
    assert_int_equal(w->conns.costly.count, 0);
    world_free(w);
}

static void costly_handshake__of_an_operator__done_at_once(void **state)
{
    struct world *w = costly_world();

    (void)state;
    w->f->service.is_rate_limited = false;
    let_rest(w);
    send_records(w);
    assert_int_equal(tg_conn_open_turn(&w->conn), TG_OPENING_GOES_ON);
    assert_int_equal(tls.costly_count, TG_TLS_TURN_HANDSHAKE_RECORDS);
    world_free(w);
}

static void costly_handshake__done__its_network_rests(void **state)
{
    struct world *w = costly_world();
    uint64_t now_us = tg_clock_us();

    (void)state;
    tg_costly_note_turn(&w->conns.costly, (struct tg_turn_key){ .wide = 2 }, now_us);
    send_records(w);
    assert_int_equal(tg_conn_open_turn(&w->conn), TG_OPENING_GOES_ON);
    assert_true(tls.costly_count >= 1); /* a fake takes no time, so it rests for almost none */
    assert_true(w->conns.costly.cells[1].rests_until_us >= now_us);
    world_free(w);
}

/* ---- bytes ---- */

static void send_bytes(struct world *w, size_t len)
{
    static const uint8_t zeros[4096];

    for (; len > 0; len -= len < sizeof(zeros) ? len : sizeof(zeros)) {
        assert_true(send(w->peer, zeros, len < sizeof(zeros) ? len : sizeof(zeros), 0) > 0);
    }
}

static void plain_turn__more_bytes_than_its_bound__the_rest_in_later_turns(void **state)
{
    struct world *w = world_new(STANDS, false, TG_CONN_WAIT_ENGINE);

    (void)state;
    send_bytes(w, (TG_READ_ROUNDS_MAX + 1) * TG_READ_MAX);
    tg_conn_read(&w->conn);
    assert_int_equal(w->fed_len, TG_READ_ROUNDS_MAX * TG_READ_MAX);
    assert_int_equal(w->longest, TG_TURN_PIECE); /* its time can end between two pieces */
    tg_conn_read(&w->conn);
    assert_int_equal(w->fed_len, (TG_READ_ROUNDS_MAX + 1) * TG_READ_MAX);
    world_free(w);
}

static void plain_turn__its_time_is_over__one_piece_and_the_rest_is_kept(void **state)
{
    struct world *w = world_new(IS_OVER, false, TG_CONN_WAIT_ENGINE);

    (void)state;
    send_bytes(w, 2 * TG_READ_MAX);
    tg_conn_read(&w->conn);
    assert_int_equal(w->feed_count, 1);
    assert_int_equal(w->fed_len, TG_TURN_PIECE);
    assert_int_equal(w->conn.in.len, TG_READ_MAX - TG_TURN_PIECE);
    tg_conn_feed_kept(&w->conn);
    assert_int_equal(w->fed_len, 2 * TG_TURN_PIECE);
    world_free(w);
}

/* ---- the search for large connections ---- */

#define CROWD (2 * TG_CONNS_LOOKS_PER_TICK + 100)

static struct {
    uint8_t seen[CROWD]; /* each stands for an account */
    size_t count;
} looks;

bool __wrap_tg_accounts_are_tight(const struct tg_accounts *all);
size_t __wrap_tg_account_held(const struct tg_account *a);
bool __wrap_tg_account_is_in_the_way(const struct tg_account *a);

bool __wrap_tg_accounts_are_tight(const struct tg_accounts *all)
{
    (void)all;
    return true;
}

size_t __wrap_tg_account_held(const struct tg_account *a)
{
    (void)a;
    looks.count++;
    return 1;
}

bool __wrap_tg_account_is_in_the_way(const struct tg_account *a)
{
    looks.seen[(const uint8_t *)a - looks.seen] = 1;
    return false;
}

static struct tg_conn *crowd_new(struct world *w, size_t count)
{
    struct tg_conn *crowd = tg_mem_calloc(count, sizeof(*crowd));

    assert_non_null(crowd);
    memset(&looks, 0, sizeof(looks));
    tg_list_init(&w->conns.all);
    w->conns.count = count;
    for (size_t i = 0; i < count; i++) {
        crowd[i].io.peer.account = (struct tg_account *)(void *)&looks.seen[i];
        tg_list_append(&w->conns.all, &crowd[i].link);
    }
    return crowd;
}

static void tick__many_connections__a_bounded_number_and_all_in_some_ticks(void **state)
{
    struct world *w = world_new(STANDS, false, TG_CONN_WAIT_ENGINE);
    struct tg_conn *crowd = crowd_new(w, CROWD);

    (void)state;
    for (size_t ticks = 1; ticks <= 3; ticks++) {
        tg_conns_tick(&w->conns);
        assert_int_equal(looks.count, ticks * TG_CONNS_LOOKS_PER_TICK);
    }
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(looks.seen[i], 1);
    }
    tg_mem_free(crowd);
    world_free(w);
}

static void tick__few_connections__each_once(void **state)
{
    struct world *w = world_new(STANDS, false, TG_CONN_WAIT_ENGINE);
    struct tg_conn *crowd = crowd_new(w, 10);

    (void)state;
    tg_conns_tick(&w->conns);
    assert_int_equal(looks.count, 10);
    tg_mem_free(crowd);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_turn__more_records_than_its_bound__the_rest_in_later_turns),
        cmocka_unit_test(tls_turn__its_time_is_over__one_record),
        cmocka_unit_test(tls_turn__records_without_data__bounded_and_then_the_end),
        cmocka_unit_test(handshake_turn__more_records_than_its_bound__the_rest_in_later_turns),
        cmocka_unit_test(costly_handshake__its_network_rests__waits_and_takes_nothing),
        cmocka_unit_test(costly_handshake__its_network_is_alone__done_at_once),
        cmocka_unit_test(costly_handshake__of_an_operator__done_at_once),
        cmocka_unit_test(costly_handshake__done__its_network_rests),
        cmocka_unit_test(plain_turn__more_bytes_than_its_bound__the_rest_in_later_turns),
        cmocka_unit_test(plain_turn__its_time_is_over__one_piece_and_the_rest_is_kept),
        cmocka_unit_test(tick__many_connections__a_bounded_number_and_all_in_some_ticks),
        cmocka_unit_test(tick__few_connections__each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
