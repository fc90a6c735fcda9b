/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox while LMDB or memory fail. */
#include "fault_support.h"

#include <errno.h>
#include <lmdb.h>

#define NOTE_KEYS 500u

/* The same batch, with a note for each change and a lease of all after it. */
static void noted_batch_run(struct fixture *f, struct call calls[BATCH], struct leased *l)
{
    struct stopper stopper;

    stopper_start(&stopper, &f->client);
    for (unsigned i = 0; i < BATCH; i++) {
        calls[i] = call_put(i + 1, NEVER_S, TG_LIT("batch"));
        call_notify(&calls[i], NOTE_KEYS + i, 100 + i, 5000, TG_LIT("note"));
        call_start(&f->client, i, &calls[i]);
    }
    lease_start(&f->client, 200, 260, TG_OUTBOX_LEASE_MAX, l);
    stopper_release(&stopper, &f->client);
    for (unsigned i = 0; i < BATCH; i++) {
        call_finish(&f->client, &calls[i]);
    }
    while (l->done_count == 0) {
        client_wait(&f->client);
    }
}

static bool is_handed_out(const struct leased *l, unsigned key)
{
    unsigned count = 0;

    for (size_t i = 0; i < l->count; i++) {
        count += number_of(&l->entries[i].key) == key ? 1 : 0;
    }
    assert_in_range(count, 0, 1);
    return count == 1;
}

static void drop_all(struct fixture *f, const struct leased *l)
{
    for (size_t i = 0; i < l->count; i++) {
        assert_int_equal(settle(&f->client, l, i, TG_OUTBOX_DONE, 0), TG_OK);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        assert_int_equal(drop(&f->client, i), TG_OK);
    }
    assert_stats(f->store, 0, 0);
    assert_outbox(f->store, 0);
}

static void note_that_fails__is_left_out_and_its_change_is_made(void **state)
{
    static const int codes[] = { MDB_MAP_FULL, MDB_TXN_FULL, EIO };
    static struct leased l;
    struct fixture *f = *state;
    struct call calls[BATCH];

    for (size_t n = 0; n < TG_COUNT(codes); n++) {
        atomic_store(&fail_put.code, codes[n]);
        atomic_store(&bad_key, NOTE_KEYS + 4);
        noted_batch_run(f, calls, &l);
        atomic_store(&bad_key, -1);
        assert_int_equal(l.err, TG_OK);
        for (unsigned i = 0; i < BATCH; i++) {
            assert_int_equal(calls[i].err, TG_OK);
            assert_int_equal(is_handed_out(&l, NOTE_KEYS + i), i != 4);
        }
        drop_all(f, &l);
    }
}

/* The batch runs again after a failure. No note is lost or stored twice. */
static void note_of_another_change__survives_a_change_that_fails(void **state)
{
    static struct leased l;
    struct fixture *f = *state;
    struct call calls[BATCH];

    atomic_store(&fail_put.code, EIO);
    atomic_store(&bad_key, 4);
    noted_batch_run(f, calls, &l);
    atomic_store(&bad_key, -1);
    for (unsigned i = 0; i < BATCH; i++) {
        assert_int_equal(calls[i].err, i == 4 ? TG_E_STORE : TG_OK);
        assert_int_equal(is_handed_out(&l, NOTE_KEYS + i), i != 4);
    }
    assert_outbox(f->store, BATCH - 1);
    drop_all(f, &l);
}

static void commit_that_fails__leaves_no_lease_behind(void **state)
{
    static struct leased l;
    static struct leased rest;
    struct fixture *f = *state;
    struct call calls[BATCH];

    for (int n = 1; n <= 7; n++) {
        fail_set(&fail_commit, 1, n, MDB_MAP_FULL);
        noted_batch_run(f, calls, &l);
        assert_int_equal(atomic_load(&fail_commit.from), 0);
        assert_int_equal(l.err, TG_OK);
        lease(&f->client, 200, 260, TG_OUTBOX_LEASE_MAX, &rest);
        assert_int_equal(rest.count, 0);
        for (unsigned i = 1; i < BATCH; i++) {
            assert_int_equal(calls[i].err, TG_OK);
            assert_true(is_handed_out(&l, NOTE_KEYS + i));
        }
        assert_outbox(f->store, l.count);
        drop_all(f, &l);
    }
}

/* One queue: settle, lease, note, settle of another entry. Each sees the ones before it. */
static void outbox_operations_of_one_batch__keep_their_order(void **state)
{
    static struct leased first, second;
    struct fixture *f = *state;
    struct stopper stopper;
    struct call retried = { .verdict = TG_STORE_KEEP };
    struct call noted = call_put(1, NEVER_S, TG_LIT("x"));

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("first")), TG_OK);
    lease(&f->client, 100, 160, 1, &first);
    assert_int_equal(first.count, 1);
    stopper_start(&stopper, &f->client);
    settle_start(&f->client, &first, 0, TG_OUTBOX_RETRY, 101, &retried);
    lease_start(&f->client, 101, 161, 1, &second);
    call_notify(&noted, 7, 101, 5000, TG_LIT("second"));
    call_start(&f->client, 1, &noted);
    stopper_release(&stopper, &f->client);
    call_finish(&f->client, &noted);
    assert_int_equal(retried.err, TG_OK);
    assert_int_equal(second.err, TG_OK);
    assert_int_equal(second.count, 1);
    assert_int_equal(second.entries[0].attempts, 1);
    assert_int_equal(second.entries[0].sealed.len, 5);
    /* Noted after it was leased, in the same batch: due again. */
    assert_int_equal(settle(&f->client, &second, 0, TG_OUTBOX_DONE, 0), TG_OK);
    lease(&f->client, 102, 162, 1, &first);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.entries[0].sealed.len, 6);
    assert_int_equal(settle(&f->client, &first, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
}

static void notes_before_and_after_a_lease_of_one_batch__are_two_pushes(void **state)
{
    static struct leased l;
    struct fixture *f = *state;
    struct stopper stopper;
    struct call before = call_put(1, NEVER_S, TG_LIT("x"));
    struct call after = call_put(2, NEVER_S, TG_LIT("x"));

    call_notify(&before, 7, 100, 5000, TG_LIT("before"));
    call_notify(&after, 7, 100, 5000, TG_LIT("after"));
    stopper_start(&stopper, &f->client);
    call_start(&f->client, 1, &before);
    lease_start(&f->client, 100, 160, 1, &l);
    call_start(&f->client, 1, &after);
    stopper_release(&stopper, &f->client);
    call_finish(&f->client, &after);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.entries[0].sealed.len, 6);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    lease(&f->client, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.entries[0].sealed.len, 5);
}

static void assert_lease_without_memory(struct fixture *f)
{
    enum { COUNT = 40 };
    static struct leased l;
    int n = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(tell(&f->client, i, 100 + i, 5000, TG_LIT("note")), TG_OK);
    }
    do {
        fail_set(&fail_calloc, ++n, 1, 0);
        lease_start(&f->client, 200 + n, 200 + n + 1, TG_OUTBOX_LEASE_MAX, &l);
        while (l.done_count == 0) {
            client_wait(&f->client);
        }
        if (l.err != TG_OK) {
            assert_int_equal(l.err, TG_E_FULL);
            assert_int_equal(l.count, 0);
        }
    } while (atomic_load(&fail_calloc.from) == 0);
    assert_in_range(n, COUNT, COUNT + 20);
    fail_none();
    assert_int_equal(l.count, COUNT);
    lease(&f->client, 400, 401, TG_OUTBOX_LEASE_MAX, &l);
    assert_int_equal(l.count, COUNT);
}

static void lease_without_memory__is_full_and_leases_nothing(void **state)
{
    assert_lease_without_memory(*state);
}

static void lease_without_memory__memory_store__is_full_and_leases_nothing(void **state)
{
    struct fixture f;

    (void)state;
    fail_none();
    fixture_open(&f, &fault_memory, NULL);
    assert_lease_without_memory(&f);
    fixture_close(&f);
}

/* Each allocation of a change with a note fails once. Without a record there is no note; without
   memory for the note only the record is stored. */
static void note_without_memory__memory_store__fails_no_change(void **state)
{
    static struct leased l;
    struct fixture f;
    unsigned left_out_count = 0;
    bool was_reached = true;

    (void)state;
    fail_none();
    fixture_open(&f, &fault_memory, NULL);
    assert_int_equal(put(&f.client, 0, 1, NEVER_S, TG_LIT("first")), TG_OK);
    for (unsigned n = 1; was_reached; n++) {
        struct call call = call_put(1, NEVER_S, TG_LIT("x"));

        call_notify(&call, n, 100, 5000, TG_LIT("note"));
        fail_set(&fail_calloc, (int)n, 1, 0);
        call_start(&f.client, n, &call);
        call_finish(&f.client, &call);
        was_reached = atomic_load(&fail_calloc.from) == 0;
        fail_none();
        lease(&f.client, 100, 101, TG_OUTBOX_LEASE_MAX, &l);
        assert_true(l.count == 0 || call.err == TG_OK);
        left_out_count += l.count == 0 && call.err == TG_OK ? 1 : 0;
        if (l.count == 1) {
            assert_int_equal(settle(&f.client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
        }
    }
    assert_int_equal(left_out_count, 2);
    fixture_close(&f);
}

static void lease_and_settle_that_fail__can_be_repeated(void **state)
{
    static struct leased l;
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("note")), TG_OK);
    fail_set(&fail_begin, 1, 1, ENOMEM);
    lease_start(&f->client, 100, 160, 1, &l);
    while (l.done_count == 0) {
        client_wait(&f->client);
    }
    assert_int_equal(l.err, TG_E_STORE);
    assert_int_equal(l.count, 0);
    lease(&f->client, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
    fail_set(&fail_put, 1, 1, MDB_MAP_FULL);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 300), TG_E_FULL);
    fail_set(&fail_begin, 1, 1, ENOMEM);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_E_STORE);
    assert_outbox(f->store, 1);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 300), TG_OK);
    lease(&f->client, 299, 360, 1, &l);
    assert_int_equal(l.count, 0);
    lease(&f->client, 300, 360, 1, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.entries[0].attempts, 1);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
    assert_int_equal(keep(&f->client, 1, &call), TG_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(note_that_fails__is_left_out_and_its_change_is_made),
        CASE(note_of_another_change__survives_a_change_that_fails),
        CASE(commit_that_fails__leaves_no_lease_behind),
        CASE(outbox_operations_of_one_batch__keep_their_order),
        CASE(notes_before_and_after_a_lease_of_one_batch__are_two_pushes),
        CASE(lease_without_memory__is_full_and_leases_nothing),
        cmocka_unit_test(lease_without_memory__memory_store__is_full_and_leases_nothing),
        cmocka_unit_test(note_without_memory__memory_store__fails_no_change),
        CASE(lease_and_settle_that_fail__can_be_repeated),
    };

    return cmocka_run_group_tests_name("faults_outbox", tests, NULL, NULL);
}
