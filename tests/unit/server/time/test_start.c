/* SPDX-License-Identifier: Apache-2.0 */
/* The start with a clock, and what a run leaves to the next one. */
#include "support/c/unit.h"
#include "support/c/moved_clocks.h"

#include "server/time/kept.h"
#include "server/time/start.h"

#include <string.h>

struct fixture {
    struct tg_store *store;
    struct tg_clock clock;
    struct tg_buf text;
    struct tg_fault fault;
    const char *advice;
    struct tg_store_port *port;
    struct tg_clock_hand hand;
};

static void ignore_notify(void *ctx)
{
    (void)ctx;
}

static int setup(void **state)
{
    static struct fixture f;
    const struct tg_store_limits limits = { 0 };

    memset(&f, 0, sizeof(f));
    fake.wall_ms = FAKE_START_S * 1000;
    assert_int_equal(tg_store_mem_open(&f.store, &limits), TG_OK);
    assert_int_equal(f.store->ops->attach(f.store, ignore_notify, NULL, &f.port), TG_OK);
    assert_int_equal(tg_clock_init(&f.clock, NULL), TG_OK);
    tg_buf_init(&f.text, 4096);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    f->store->ops->detach(&f->port);
    f->store->ops->close(&f->store);
    tg_clock_deinit(&f->clock);
    tg_buf_deinit(&f->text);
    return 0;
}

/* A fact that a full disk does not take. It can still be read. */
struct unwritten {
    tg_store_fact_fn *change;
    tg_store_done_fn *done;
    void *ctx;
    bool is_refused;
};

static bool refuse(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct unwritten *u = ctx;

    u->is_refused = u->change(u->ctx, old, next);
    return false;
}

static void refused(void *ctx, enum tg_err err)
{
    struct unwritten *u = ctx;

    u->done(u->ctx, u->is_refused ? TG_E_FULL : err);
}

static const struct tg_store_ops *ops_with_room;

static void full_fact(struct tg_store_port *port, enum tg_fact fact, tg_store_fact_fn *change,
                      void *ctx, tg_store_done_fn *done)
{
    static struct unwritten list[4]; /* more than wait at once */
    static size_t used;
    struct unwritten *u = &list[used++ % TG_COUNT(list)];

    *u = (struct unwritten){ .change = change, .done = done, .ctx = ctx };
    ops_with_room->fact(port, fact, refuse, u, refused);
}

static void fill_disk(struct fixture *f)
{
    static struct tg_store_ops full_ops;

    ops_with_room = f->store->ops;
    full_ops = *ops_with_room;
    full_ops.fact = full_fact;
    f->store->ops = &full_ops;
}

static enum tg_err begin(struct fixture *f, enum tg_time_accept accept)
{
    tg_buf_clear(&f->text);
    f->advice = NULL;
    f->fault.text[0] = '\0';
    return tg_time_begin(&f->clock, f->store, accept, &f->text, &f->fault, &f->advice);
}

static struct tg_moment read_now(struct fixture *f)
{
    uint64_t mono_ms = 0;

    tg_clock_hand_init(&f->hand, &f->clock);
    return tg_clock_read(&f->hand, &mono_ms);
}

static struct tg_time_kept load(struct fixture *f)
{
    struct tg_time_kept kept;

    assert_int_equal(tg_time_kept_load(f->store, &kept), TG_OK);
    return kept;
}

static void begin__new_store__kept_before_anything_is_served(void **state)
{
    struct fixture *f = *state;
    struct tg_time_kept kept = load(f);

    assert_false(kept.has_mark);
    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    assert_int_equal(f->text.len, 0);
    kept = load(f);
    assert_true(kept.has_mark);
    assert_int_equal(kept.mark_s, FAKE_START_S);
    assert_true(kept.has_anchor);
    assert_int_equal(kept.anchor_ms, fake.wall_ms - fake.boot_ms);
    assert_false(kept.is_complete);
}

static void end__in_order__complete(void **state)
{
    struct fixture *f = *state;
    struct tg_time_kept kept;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    (void)read_now(f);
    fake_pass(9000);
    (void)read_now(f);
    assert_int_equal(tg_time_kept_end(f->store, &f->clock), TG_OK);
    kept = load(f);
    assert_int_equal(kept.mark_s, FAKE_START_S + 9);
    assert_true(kept.is_complete);
    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    assert_false(load(f).is_complete);
}

static void begin__before_the_build__refused_with_both_dates(void **state)
{
    struct fixture *f = *state;

    fake.wall_ms = INT64_C(1577836800) * 1000;
    assert_int_equal(tg_time_check(&f->fault), TG_E_DENIED);
    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_E_DENIED);
    assert_non_null(strstr(f->fault.text, "2020-01-01T00:00:00Z"));
    assert_int_equal(begin(f, TG_TIME_ACCEPT_CLOCK), TG_E_DENIED);
    assert_false(load(f).has_mark);
}

static void begin__below_the_mark__refused_until_it_is_accepted(void **state)
{
    struct fixture *f = *state;
    struct tg_moment m;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    fake.wall_ms -= 301 * 1000;
    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_E_DENIED);
    assert_non_null(strstr(f->fault.text, "2027-01-15T07:54:59Z, 301 seconds before"));
    assert_non_null(strstr(f->fault.text, "2027-01-15T08:00:00Z"));
    assert_non_null(strstr(f->advice, "--accept-clock"));
    assert_int_equal(load(f).mark_s, FAKE_START_S);
    assert_int_equal(begin(f, TG_TIME_ACCEPT_CLOCK), TG_OK);
    assert_non_null(strstr(tg_buf_cstr(&f->text), "was 2027-01-15T08:00:00Z"));
    assert_non_null(strstr(tg_buf_cstr(&f->text), "becomes 2027-01-15T07:54:59Z"));
    assert_non_null(strstr(tg_buf_cstr(&f->text), "alive again"));
    assert_int_equal(load(f).mark_s, FAKE_START_S - 301);
    m = read_now(f);
    assert_int_equal(m.low_s, FAKE_START_S - 301);
    assert_int_equal(m.high_s, FAKE_START_S - 301);
    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    assert_int_equal(f->text.len, 0);
}

static void begin__far_after_the_mark__believed_when_it_is_accepted(void **state)
{
    struct fixture *f = *state;
    struct tg_moment m;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    fake.wall_ms += INT64_C(62) * 86400 * 1000;
    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    m = read_now(f);
    assert_int_equal(m.low_s, FAKE_START_S);
    assert_int_equal(m.high_s, FAKE_START_S + 62 * 86400);
    assert_int_equal(load(f).mark_s, FAKE_START_S);
    assert_int_equal(begin(f, TG_TIME_ACCEPT_CLOCK), TG_OK);
    assert_non_null(strstr(tg_buf_cstr(&f->text), "removed now"));
    m = read_now(f);
    assert_int_equal(m.low_s, FAKE_START_S + 62 * 86400);
    assert_int_equal(m.high_s, FAKE_START_S + 62 * 86400);
}

/* ---- the saver ------------------------------------------------------------------------------ */

static void tick(struct fixture *f, struct tg_time_saver *saver, bool was_used, int64_t ms)
{
    uint64_t mono_ms = 0;

    fake_pass(ms);
    (void)tg_clock_read(&f->hand, &mono_ms);
    tg_time_saver_tick(saver, was_used, mono_ms);
    f->store->ops->dispatch(f->port);
    assert_int_equal(saver->saving_count, 0);
}

static void saver__requests_come__within_the_time_that_a_start_allows_for(void **state)
{
    struct fixture *f = *state;
    struct tg_time_saver saver;
    int64_t before_s = 0;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    (void)read_now(f);
    tg_time_saver_init(&saver, &f->clock, f->store, f->port);
    for (int i = 0; i < 100; i++) {
        tick(f, &saver, true, 250);
        assert_true(load(f).mark_s + TG_TIME_UNSAVED_S > FAKE_START_S + (i + 1) / 4);
    }
    tick(f, &saver, false, 2500);
    before_s = load(f).mark_s;
    tick(f, &saver, false, 5000);
    assert_int_equal(load(f).mark_s, before_s);
    /* Without requests, too, but seldom. */
    for (int i = 0; i < 120; i++) {
        tick(f, &saver, false, 5000);
    }
    assert_true(load(f).mark_s >= before_s + 590);
}

/* A request in the time between two saves is not forgotten. */
static void saver__one_request__saved(void **state)
{
    struct fixture *f = *state;
    struct tg_time_saver saver;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    (void)read_now(f);
    tg_time_saver_init(&saver, &f->clock, f->store, f->port);
    tick(f, &saver, true, 2500);
    tick(f, &saver, true, 250);
    for (int i = 0; i < 8; i++) {
        tick(f, &saver, false, 250);
    }
    assert_true(load(f).mark_s >= FAKE_START_S + 4);
}

static void saver__leap_settled__the_new_anchor_is_kept(void **state)
{
    struct fixture *f = *state;
    struct tg_time_saver saver;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    (void)read_now(f);
    tg_time_saver_init(&saver, &f->clock, f->store, f->port);
    fake.wall_ms += 86400 * 1000;
    for (int i = 0; i < 62; i++) {
        tick(f, &saver, true, 60000);
        assert_true(i >= 60 || load(f).mark_s < FAKE_START_S + 86400);
    }
    assert_int_equal(load(f).anchor_ms, fake.wall_ms - fake.boot_ms);
    assert_true(load(f).mark_s > FAKE_START_S + 86400);
    assert_false(load(f).is_complete);
}

static void saver__clock_set_back_and_settled__the_new_anchor_is_kept(void **state)
{
    struct fixture *f = *state;
    struct tg_time_saver saver;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    (void)read_now(f);
    tg_time_saver_init(&saver, &f->clock, f->store, f->port);
    tick(f, &saver, true, 60000);
    fake.wall_ms -= 60000;
    for (int i = 0; i < 62; i++) {
        tick(f, &saver, true, 60000);
    }
    assert_int_equal(load(f).anchor_ms, fake.wall_ms - fake.boot_ms);
}

/* A change of a record, or another node, may have raised it further than this clock knows. */
static void saver__mark_raised_by_others__is_not_lowered(void **state)
{
    static const uint8_t far[8] = { 0x7f };
    struct fixture *f = *state;
    struct tg_time_saver saver;
    struct tg_store_fact_copy old;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    (void)read_now(f);
    tg_time_saver_init(&saver, &f->clock, f->store, f->port);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_TIME_MARK, &old), TG_OK);
    assert_int_equal(
        tg_store_fact_save(f->store, TG_FACT_TIME_MARK, old.version, TG_ARRAY_BYTES(far)), TG_OK);
    tick(f, &saver, true, 2500);
    assert_int_equal(load(f).mark_s, (int64_t)0x7f << 56);
}

/* ---- no room -------------------------------------------------------------------------------- */

/* Nobody asks for anything. */
static void begin__no_room__starts_and_is_written_as_soon_as_there_is_room(void **state)
{
    struct fixture *f = *state;
    struct tg_time_saver saver;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    assert_int_equal(tg_time_kept_end(f->store, &f->clock), TG_OK);
    assert_true(load(f).is_complete);
    fill_disk(f);
    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    (void)read_now(f);
    tg_time_saver_init(&saver, &f->clock, f->store, f->port);
    tick(f, &saver, false, 2500);
    tick(f, &saver, false, 2500);
    assert_true(load(f).is_complete); /* of the run before */
    f->store->ops = ops_with_room;
    tick(f, &saver, false, 2500);
    assert_false(load(f).is_complete);
    assert_int_equal(load(f).mark_s, FAKE_START_S + 7);
    tick(f, &saver, false, 2500);
    assert_int_equal(load(f).mark_s, FAKE_START_S + 7); /* seldom again */
}

static void begin__no_room_for_an_accepted_clock__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(begin(f, TG_TIME_AS_KEPT), TG_OK);
    fake.wall_ms -= 3600 * 1000;
    fill_disk(f);
    assert_int_equal(begin(f, TG_TIME_ACCEPT_CLOCK), TG_E_FULL);
    assert_non_null(strstr(f->fault.text, "no room"));
    assert_int_equal(load(f).mark_s, FAKE_START_S);
    f->store->ops = ops_with_room;
    assert_int_equal(begin(f, TG_TIME_ACCEPT_CLOCK), TG_OK);
    assert_int_equal(load(f).mark_s, FAKE_START_S - 3600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(begin__new_store__kept_before_anything_is_served),
        TEST(end__in_order__complete),
        TEST(begin__before_the_build__refused_with_both_dates),
        TEST(begin__below_the_mark__refused_until_it_is_accepted),
        TEST(begin__far_after_the_mark__believed_when_it_is_accepted),
        TEST(saver__requests_come__within_the_time_that_a_start_allows_for),
        TEST(saver__one_request__saved),
        TEST(saver__leap_settled__the_new_anchor_is_kept),
        TEST(saver__clock_set_back_and_settled__the_new_anchor_is_kept),
        TEST(saver__mark_raised_by_others__is_not_lowered),
        TEST(begin__no_room__starts_and_is_written_as_soon_as_there_is_room),
        TEST(begin__no_room_for_an_accepted_clock__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
