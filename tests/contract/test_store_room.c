/* SPDX-License-Identifier: Apache-2.0 */
/* The classes of records and their limits: what has ended finds room, whatever else is full. */
#include "contract/contract_support.h"

#include <string.h>

#define NEVER_S INT64_C(4000000000)

static const struct backend *backend_now;

static enum tg_err put_class(struct client *c, unsigned key, enum tg_store_class class, size_t len)
{
    static const uint8_t bytes[TG_STORE_ENDED_MAX + 1];
    struct call call = call_put(1, 1000 + key, tg_bytes(bytes, len));

    call.next.class = class;
    call_start(c, key, &call);
    call_finish(c, &call);
    return call.err;
}

static enum tg_err live(struct client *c, unsigned key, size_t len)
{
    return put_class(c, key, TG_STORE_LIVE, len);
}

static enum tg_err end(struct client *c, unsigned key, size_t len)
{
    return put_class(c, key, TG_STORE_ENDED, len);
}

static void assert_counts(const struct fixture *f, uint64_t live_count, uint64_t live_bytes,
                          uint64_t ended_count, uint64_t ended_bytes)
{
    struct tg_store_stats stats = { .live_count = 99 };

    f->store->ops->stats(f->store, &stats);
    assert_int_equal(stats.live_count, live_count);
    assert_int_equal(stats.live_bytes, live_bytes);
    assert_int_equal(stats.ended_count, ended_count);
    assert_int_equal(stats.ended_bytes, ended_bytes);
}

static void class__is_kept_and_counted(void **state)
{
    struct fixture f;
    struct call call;

    (void)state;
    fixture_open(&f, backend_now, NULL);
    assert_int_equal(live(&f.client, 1, 100), TG_OK);
    assert_int_equal(live(&f.client, 2, 200), TG_OK);
    assert_int_equal(end(&f.client, 3, 7), TG_OK);
    assert_counts(&f, 2, 300, 1, 7);
    assert_int_equal(end(&f.client, 1, 10), TG_OK);
    assert_counts(&f, 1, 200, 2, 17);
    assert_true(look(&f.client, 1, &call));
    assert_int_equal(call.seen.class, TG_STORE_ENDED);
    assert_int_equal(call.seen.version, 1);
    assert_int_equal(keep(&f.client, 2, &call), TG_OK);
    assert_int_equal(call.seen.class, TG_STORE_LIVE);
    assert_int_equal(live(&f.client, 1, 20), TG_OK);
    assert_counts(&f, 2, 220, 1, 7);
    assert_int_equal(drop(&f.client, 3), TG_OK);
    assert_counts(&f, 2, 220, 0, 0);
    assert_int_equal(end(&f.client, 2, 5), TG_OK);
    assert_int_equal(sweep(&f.client, 2000, 10), 2);
    assert_counts(&f, 0, 0, 0, 0);
    fixture_close(&f);
}

static void version_at_its_maximum__is_kept_apart_from_the_class(void **state)
{
    struct fixture f;
    struct call call = call_put(TG_STORE_VERSION_MAX, NEVER_S, TG_LIT("x"));

    (void)state;
    fixture_open(&f, backend_now, NULL);
    call.next.class = TG_STORE_ENDED;
    call_start(&f.client, 1, &call);
    call_finish(&f.client, &call);
    assert_int_equal(call.err, TG_OK);
    assert_true(look(&f.client, 1, &call));
    assert_int_equal(call.seen.version, TG_STORE_VERSION_MAX);
    assert_int_equal(call.seen.class, TG_STORE_ENDED);
    fixture_close(&f);
}

/* spec-test: protocol/3#delete-never-refused-for-room */
static void record__can_end_when_all_is_full(void **state)
{
    struct tg_store_limits limits = { .live_max = 2, .ended_max = 3, .bytes_max = 100 };
    struct fixture f;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    assert_int_equal(live(&f.client, 1, 50), TG_OK);
    assert_int_equal(live(&f.client, 2, 50), TG_OK);
    assert_int_equal(live(&f.client, 3, 1), TG_E_FULL);
    assert_int_equal(end(&f.client, 1, 40), TG_OK);
    assert_counts(&f, 1, 50, 1, 40); /* bytes of ended records are not those of live ones */
    assert_int_equal(live(&f.client, 3, 50), TG_OK);
    /* Three places are used or reserved: no new record, and each live one still ends. */
    assert_int_equal(end(&f.client, 2, 40), TG_OK);
    assert_int_equal(live(&f.client, 4, 1), TG_E_FULL);
    assert_int_equal(end(&f.client, 4, 1), TG_E_FULL);
    assert_int_equal(end(&f.client, 3, TG_STORE_ENDED_MAX), TG_OK); /* also one that grows */
    assert_counts(&f, 0, 0, 3, 80 + TG_STORE_ENDED_MAX);
    assert_int_equal(live(&f.client, 4, 1), TG_E_FULL);
    assert_int_equal(end(&f.client, 1, 41), TG_OK);
    assert_int_equal(sweep(&f.client, 1001, 10), 1);
    assert_int_equal(live(&f.client, 4, 1), TG_OK);
    fixture_close(&f);
}

static void record_in_the_place_of_an_ended_one__needs_no_other_place(void **state)
{
    struct tg_store_limits limits = { .live_max = 2, .ended_max = 2 };
    struct fixture f;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    assert_int_equal(live(&f.client, 1, 10), TG_OK);
    assert_int_equal(live(&f.client, 2, 10), TG_OK);
    assert_int_equal(end(&f.client, 1, 10), TG_OK);
    assert_int_equal(live(&f.client, 3, 10), TG_E_FULL);
    assert_int_equal(live(&f.client, 1, 10), TG_OK);
    assert_counts(&f, 2, 20, 0, 0);
    fixture_close(&f);
}

static void ended_record_at_the_maximum__is_stored_and_one_more_byte_is_full(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, backend_now, NULL);
    assert_int_equal(live(&f.client, 1, TG_STORE_ENDED_MAX + 1), TG_OK);
    assert_int_equal(end(&f.client, 1, TG_STORE_ENDED_MAX + 1), TG_E_FULL);
    assert_counts(&f, 1, TG_STORE_ENDED_MAX + 1, 0, 0);
    assert_int_equal(end(&f.client, 1, TG_STORE_ENDED_MAX), TG_OK);
    fixture_close(&f);
}

static void full_bytes__leave_a_sixteenth_to_records_that_grow(void **state)
{
    struct tg_store_limits limits = { .bytes_max = 160 };
    struct fixture f;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    assert_int_equal(live(&f.client, 1, 80), TG_OK);
    assert_int_equal(live(&f.client, 2, 81), TG_E_FULL);
    assert_int_equal(live(&f.client, 2, 80), TG_OK);
    assert_int_equal(live(&f.client, 1, 91), TG_E_FULL);
    assert_int_equal(live(&f.client, 1, 90), TG_OK);
    assert_int_equal(live(&f.client, 2, 81), TG_E_FULL);
    assert_int_equal(live(&f.client, 2, 79), TG_OK);
    assert_int_equal(live(&f.client, 2, 80), TG_OK);
    assert_counts(&f, 2, 170, 0, 0);
    fixture_close(&f);
}

static void has_room__agrees_with_the_store(void **state)
{
    struct tg_store_limits limits = { .live_max = 3, .ended_max = 5, .bytes_max = 250 };
    struct tg_store_stats stats;
    struct fixture f;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    for (unsigned i = 0; i < 40; i++) {
        size_t len = 50 + i * 37 % 60;
        bool has_room = false;

        f.store->ops->stats(f.store, &stats);
        has_room = tg_store_has_room(&limits, &stats, len);
        assert_int_equal(live(&f.client, 80 + i, len), has_room ? TG_OK : TG_E_FULL);
        if (i % 3 == 2) {
            (void)end(&f.client, 80 + i - 2, 10);
        }
        if (i % 7 == 6) {
            (void)sweep(&f.client, 2000, 2);
        }
    }
    fixture_close(&f);
}

/* ---- lowered limits -------------------------------------------------------------------------- */

static void reopen(struct fixture *f, const struct tg_store_limits *limits)
{
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(f->backend->open(&f->store, f->dir, limits), TG_OK);
    client_open(&f->client, f->store);
}

/* spec-test: protocol/3#delete-never-refused-for-room */
static void lowered_limits__refuse_new_records_and_nothing_else(void **state)
{
    static const struct tg_store_limits lower = { .live_max = 2, .ended_max = 3, .bytes_max = 160 };
    struct fixture f;

    (void)state;
    fixture_open(&f, backend_now, NULL);
    for (unsigned i = 1; i <= 6; i++) {
        assert_int_equal(live(&f.client, i, 100), TG_OK);
    }
    reopen(&f, &lower);
    assert_counts(&f, 6, 600, 0, 0);
    assert_int_equal(live(&f.client, 7, 1), TG_E_FULL);
    assert_int_equal(live(&f.client, 1, 110), TG_OK); /* what there was, and 160 / 16 more */
    assert_int_equal(live(&f.client, 2, 101), TG_E_FULL);
    assert_int_equal(live(&f.client, 2, 100), TG_OK);
    assert_int_equal(live(&f.client, 2, 99), TG_OK);
    for (unsigned i = 1; i <= 5; i++) {
        assert_int_equal(end(&f.client, i, 60), TG_OK);
        assert_int_equal(live(&f.client, 7, 1), TG_E_FULL);
    }
    assert_counts(&f, 1, 100, 5, 300);
    assert_int_equal(sweep(&f.client, 1004, 10), 4);
    assert_int_equal(live(&f.client, 7, 60), TG_OK);
    reopen(&f, &lower);
    assert_counts(&f, 2, 160, 1, 60);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest every[] = {
        cmocka_unit_test(class__is_kept_and_counted),
        cmocka_unit_test(version_at_its_maximum__is_kept_apart_from_the_class),
        cmocka_unit_test(record__can_end_when_all_is_full),
        cmocka_unit_test(record_in_the_place_of_an_ended_one__needs_no_other_place),
        cmocka_unit_test(ended_record_at_the_maximum__is_stored_and_one_more_byte_is_full),
        cmocka_unit_test(full_bytes__leave_a_sixteenth_to_records_that_grow),
        cmocka_unit_test(has_room__agrees_with_the_store),
    };
    static const struct CMUnitTest kept[] = {
        cmocka_unit_test(lowered_limits__refuse_new_records_and_nothing_else),
    };
    int failed = 0;

    for (size_t i = 0; i < backend_count; i++) {
        backend_now = &backends[i];
        failed += cmocka_run_group_tests_name(backends[i].name, every, NULL, NULL);
        if (strcmp(backends[i].name, "memory") != 0) {
            failed += cmocka_run_group_tests_name(backends[i].name, kept, NULL, NULL);
        }
    }
    return failed == 0 ? 0 : 1;
}
