/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of the outbox in store.h, run against every backend. */
#include "contract/contract_support.h"

#include <stdio.h>
#include <string.h>

static const struct backend *backend_now; /* the backend of the running group */

#define NEVER_S INT64_C(4000000000)
#define ALL TG_OUTBOX_LEASE_MAX

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fixture_open(f, backend_now, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void assert_entry(const struct leased *l, size_t i, unsigned key, uint32_t attempts,
                         int64_t expires_s, struct tg_bytes sealed)
{
    struct tg_store_key wanted = key_of(key);

    assert_true(i < l->count);
    assert_memory_equal(l->entries[i].key.bytes, wanted.bytes, sizeof(wanted.bytes));
    assert_int_equal(l->entries[i].attempts, attempts);
    assert_int_equal(l->entries[i].expires_s, expires_s);
    assert_int_equal(l->entries[i].sealed.len, sealed.len);
    if (sealed.len > 0) {
        assert_memory_equal(l->entries[i].sealed.ptr, sealed.ptr, sealed.len);
    }
}

/* ---- with the change ------------------------------------------------------------------------ */

static void note_of_a_put__is_leased_with_its_content(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("a token")), TG_OK);
    assert_outbox(f->store, 1);
    assert_stats(f->store, 1, 1);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 5000, TG_LIT("a token"));
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
    assert_stats(f->store, 1, 1);
}

static void note_again_with_a_later_expiration__is_kept_until_then(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 300, TG_LIT("t")), TG_OK);
    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    assert_int_equal(sweep(&f->client, 300, 10), 0);
    assert_outbox(f->store, 1);
    lease(&f->client, 300, 360, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 5000, TG_LIT("t"));
}

static void note_of_a_remove__is_stored(void **state)
{
    struct fixture *f = *state;
    struct call call = { .verdict = TG_STORE_REMOVE };

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    call_notify(&call, 7, 100, 5000, TG_LIT("t"));
    call_start(&f->client, 1, &call);
    call_finish(&f->client, &call);
    assert_int_equal(call.err, TG_OK);
    assert_stats(f->store, 0, 0);
    assert_outbox(f->store, 1);
}

static void notes_of_keep_and_of_removing_nothing__are_not_stored(void **state)
{
    static const enum tg_store_verdict verdicts[] = { TG_STORE_KEEP, TG_STORE_REMOVE };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(verdicts); i++) {
        struct call call = { .verdict = verdicts[i] };

        call_notify(&call, 7, 100, 5000, TG_LIT("t"));
        call_start(&f->client, 1, &call);
        call_finish(&f->client, &call);
        assert_int_equal(call.err, TG_OK);
        assert_outbox(f->store, 0);
    }
}

static void note_of_a_refused_put__is_not_stored(void **state)
{
    struct tg_store_limits limits = { .live_max = 1 };
    struct fixture f;
    static struct leased l;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    assert_int_equal(put(&f.client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    struct call call = call_put(1, NEVER_S, TG_LIT("y"));

    call_notify(&call, 7, 100, 5000, TG_LIT("t"));
    call_start(&f.client, 2, &call);
    call_finish(&f.client, &call);
    assert_int_equal(call.err, TG_E_FULL);
    assert_outbox(f.store, 0);
    lease(&f.client, 100, 160, ALL, &l);
    assert_int_equal(l.count, 0);
    fixture_close(&f);
}

static void two_notes_of_one_change__are_both_stored(void **state)
{
    struct fixture *f = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));
    static struct leased l;

    call_notify(&call, 7, 100, 5000, TG_LIT("seven"));
    call_notify(&call, 8, 90, 6000, TG_LIT("eight"));
    call_start(&f->client, 1, &call);
    call_finish(&f->client, &call);
    assert_int_equal(call.err, TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(l.count, 2);
    assert_entry(&l, 0, 8, 0, 6000, TG_LIT("eight"));
    assert_entry(&l, 1, 7, 0, 5000, TG_LIT("seven"));
}

static void note_without_content__is_an_entry(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, tg_bytes(NULL, 0)), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 5000, tg_bytes(NULL, 0));
}

/* ---- one entry a key ------------------------------------------------------------------------ */

/* spec-test: protocol/4#one-push-a-token */
static void many_notes_of_one_key__are_one_entry_with_the_last_content(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("first")), TG_OK);
    assert_int_equal(tell(&f->client, 7, 101, 9000, TG_LIT("second one")), TG_OK);
    assert_int_equal(tell(&f->client, 7, 102, 6000, TG_LIT("last")), TG_OK);
    assert_outbox(f->store, 1);
    lease(&f->client, 102, 160, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 9000, TG_LIT("last"));
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
}

static void note_of_an_entry_that_waits__does_not_change_its_place(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 1, 100, 5000, TG_LIT("one")), TG_OK);
    assert_int_equal(tell(&f->client, 2, 101, 5000, TG_LIT("two")), TG_OK);
    assert_int_equal(tell(&f->client, 1, 102, 5000, TG_LIT("one")), TG_OK);
    lease(&f->client, 102, 160, 1, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 1, 0, 5000, TG_LIT("one"));
}

static void note_during_a_lease__is_due_again_after_done(void **state)
{
    struct fixture *f = *state;
    static struct leased first;
    static struct leased second;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("first")), TG_OK);
    lease(&f->client, 100, 160, ALL, &first);
    assert_int_equal(first.count, 1);
    assert_int_equal(tell(&f->client, 7, 101, 5000, TG_LIT("second")), TG_OK);
    lease(&f->client, 101, 160, ALL, &second);
    assert_int_equal(second.count, 0);
    assert_int_equal(settle(&f->client, &first, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 1);
    lease(&f->client, 102, 160, ALL, &second);
    assert_int_equal(second.count, 1);
    assert_entry(&second, 0, 7, 0, 5000, TG_LIT("second"));
    assert_int_equal(settle(&f->client, &second, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
}

/* ---- leases --------------------------------------------------------------------------------- */

static void lease__takes_the_longest_due_first_and_gives_the_next_due_time(void **state)
{
    static const int64_t due_s[] = { 130, 110, 150, 100, 140, 120 };
    static const unsigned order[] = { 3, 1, 5, 0 };
    struct fixture *f = *state;
    static struct leased l;

    for (unsigned i = 0; i < TG_COUNT(due_s); i++) {
        assert_int_equal(tell(&f->client, i, due_s[i], 5000, TG_LIT("t")), TG_OK);
    }
    lease(&f->client, 99, 1000, ALL, &l);
    assert_int_equal(l.count, 0);
    assert_int_equal(l.next_due_s, 100);
    lease(&f->client, 135, 1000, 3, &l);
    assert_int_equal(l.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_entry(&l, i, order[i], 0, 5000, TG_LIT("t"));
    }
    assert_true(l.next_due_s <= 135);
    lease(&f->client, 135, 1000, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, order[3], 0, 5000, TG_LIT("t"));
    assert_int_equal(l.next_due_s, 140);
    lease(&f->client, 139, 1000, ALL, &l);
    assert_int_equal(l.count, 0);
    lease(&f->client, 150, 1000, ALL, &l);
    assert_int_equal(l.count, 2);
}

static void lease_of_an_empty_outbox__is_empty(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(l.count, 0);
    assert_int_equal(l.next_due_s, INT64_MAX);
    assert_int_equal(tell(&f->client, 1, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, 0, &l);
    assert_int_equal(l.count, 0);
    assert_true(l.next_due_s <= 100);
}

static void lease__gives_its_maximum_and_the_rest_later(void **state)
{
    enum { COUNT = TG_OUTBOX_LEASE_MAX + 44 };
    struct fixture *f = *state;
    static struct leased l;

    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(tell(&f->client, i, 100 + i, 5000, TG_LIT("t")), TG_OK);
    }
    assert_outbox(f->store, COUNT);
    lease(&f->client, 1000, 2000, COUNT, &l);
    assert_int_equal(l.count, TG_OUTBOX_LEASE_MAX);
    for (unsigned i = 0; i < l.count; i++) {
        assert_entry(&l, i, i, 0, 5000, TG_LIT("t"));
    }
    lease(&f->client, 1000, 2000, COUNT, &l);
    assert_int_equal(l.count, COUNT - TG_OUTBOX_LEASE_MAX);
    assert_entry(&l, 0, TG_OUTBOX_LEASE_MAX, 0, 5000, TG_LIT("t"));
    assert_int_equal(l.next_due_s, 2000);
}

static void two_ports__never_get_the_same_entry(void **state)
{
    enum { COUNT = 100, EACH = 7 };
    struct fixture *f = *state;
    struct client other;
    unsigned seen[COUNT] = { 0 };
    static struct leased l[2];

    client_open(&other, f->store);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(tell(&f->client, i, 100, 5000, TG_LIT("t")), TG_OK);
    }
    do {
        lease_start(&f->client, 100, 160, EACH, &l[0]);
        lease_start(&other, 100, 160, EACH, &l[1]);
        lease_finish(&f->client, &l[0]);
        lease_finish(&other, &l[1]);
        for (unsigned i = 0; i < l[0].count + l[1].count; i++) {
            const struct leased *one = i < l[0].count ? &l[0] : &l[1];
            unsigned n = number_of(&one->entries[i < l[0].count ? i : i - l[0].count].key);

            assert_true(n < COUNT);
            seen[n]++;
        }
    } while (l[0].count + l[1].count > 0);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(seen[i], 1);
    }
    client_close(&other);
}

static void lease_that_ended__is_given_again_and_its_settle_does_nothing(void **state)
{
    struct fixture *f = *state;
    static struct leased first;
    static struct leased second;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, ALL, &first);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.next_due_s, 160);
    lease(&f->client, 159, 300, ALL, &second);
    assert_int_equal(second.count, 0);
    lease(&f->client, 160, 300, ALL, &second);
    assert_int_equal(second.count, 1);
    assert_true(second.entries[0].generation != first.entries[0].generation);
    assert_int_equal(settle(&f->client, &first, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 1);
    assert_int_equal(settle(&f->client, &first, 0, TG_OUTBOX_RETRY, 0), TG_OK);
    assert_int_equal(settle(&f->client, &first, 0, TG_OUTBOX_BLOCK, 0), TG_OK);
    lease(&f->client, 200, 300, ALL, &first);
    assert_int_equal(first.count, 0);
    assert_int_equal(settle(&f->client, &second, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
}

static void lease_that_ended__can_still_be_settled(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 0);
}

static void settle__twice_or_of_a_new_entry__does_nothing(void **state)
{
    struct fixture *f = *state;
    static struct leased l;
    static struct leased again;
    struct call calls[2] = { { .verdict = TG_STORE_KEEP }, { .verdict = TG_STORE_KEEP } };

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    settle_start(&f->client, &l, 0, TG_OUTBOX_RETRY, 200, &calls[0]);
    settle_start(&f->client, &l, 0, TG_OUTBOX_RETRY, 300, &calls[1]);
    call_finish(&f->client, &calls[0]);
    call_finish(&f->client, &calls[1]);
    lease(&f->client, 200, 260, ALL, &again);
    assert_int_equal(again.count, 1);
    assert_entry(&again, 0, 7, 1, 5000, TG_LIT("t"));
    assert_int_equal(settle(&f->client, &again, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_int_equal(tell(&f->client, 7, 300, 5000, TG_LIT("new")), TG_OK);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_int_equal(settle(&f->client, &again, 0, TG_OUTBOX_BLOCK, 0), TG_OK);
    lease(&f->client, 300, 360, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 5000, TG_LIT("new"));
    l.entries[0].generation++;
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outbox(f->store, 1);
}

static void settle_of_an_entry_that_expired_and_was_made_again__does_nothing(void **state)
{
    static const enum tg_outbox_verdict verdicts[] = { TG_OUTBOX_DONE, TG_OUTBOX_RETRY,
                                                       TG_OUTBOX_BLOCK };
    static struct leased old, anew;
    struct fixture *f = *state;

    for (unsigned i = 0; i < TG_COUNT(verdicts); i++) {
        assert_int_equal(tell(&f->client, i, 100, 500, TG_LIT("old")), TG_OK);
        lease(&f->client, 100, 160, ALL, &old);
        assert_int_equal(old.count, 1);
        (void)sweep(&f->client, 500, 10);
        assert_outbox(f->store, 0);
        assert_int_equal(tell(&f->client, i, 600, 5000, TG_LIT("new")), TG_OK);
        assert_int_equal(settle(&f->client, &old, 0, verdicts[i], 4000), TG_OK);
        lease(&f->client, 600, 601, ALL, &anew);
        assert_int_equal(anew.count, 1);
        assert_entry(&anew, 0, i, 0, 5000, TG_LIT("new"));
        assert_int_equal(settle(&f->client, &anew, 0, TG_OUTBOX_DONE, 0), TG_OK);
    }
}

/* ---- retries -------------------------------------------------------------------------------- */

static void retry__waits_until_it_is_due_and_counts(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    for (unsigned i = 0; i < 4; i++) {
        int64_t now_s = 100 + 50 * (int64_t)i;

        lease(&f->client, now_s - 1, now_s + 10, ALL, &l);
        assert_int_equal(l.count, 0);
        assert_int_equal(l.next_due_s, now_s);
        lease(&f->client, now_s, now_s + 10, ALL, &l);
        assert_int_equal(l.count, 1);
        assert_entry(&l, 0, 7, i, 5000, TG_LIT("t"));
        assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, now_s + 50), TG_OK);
    }
}

static void note__does_not_make_a_retry_earlier(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("first")), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(tell(&f->client, 7, 101, 5000, TG_LIT("during")), TG_OK);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 200), TG_OK);
    lease(&f->client, 199, 260, ALL, &l);
    assert_int_equal(l.count, 0);
    assert_int_equal(l.next_due_s, 200);
    assert_int_equal(tell(&f->client, 7, 150, 5000, TG_LIT("after")), TG_OK);
    lease(&f->client, 199, 260, ALL, &l);
    assert_int_equal(l.count, 0);
    lease(&f->client, 200, 260, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 1, 5000, TG_LIT("after"));
}

static void attempts__restart_after_done(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 200), TG_OK);
    lease(&f->client, 200, 260, ALL, &l);
    assert_entry(&l, 0, 7, 1, 5000, TG_LIT("t"));
    assert_int_equal(tell(&f->client, 7, 201, 5000, TG_LIT("u")), TG_OK);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    lease(&f->client, 202, 260, ALL, &l);
    assert_entry(&l, 0, 7, 0, 5000, TG_LIT("u"));
}

/* ---- blocked entries ------------------------------------------------------------------------ */

static void block_one(struct client *c, unsigned key, int64_t expires_s)
{
    static struct leased l;

    assert_int_equal(tell(c, key, 100, expires_s, TG_LIT("t")), TG_OK);
    lease(c, 100, 160, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(settle(c, &l, 0, TG_OUTBOX_BLOCK, 0), TG_OK);
}

static void blocked_key__gets_no_entry_until_the_block_expires(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    block_one(&f->client, 7, 5000);
    assert_outbox(f->store, 1);
    assert_int_equal(tell(&f->client, 7, 200, 9000, TG_LIT("t")), TG_OK);
    lease(&f->client, 4999, 5100, ALL, &l);
    assert_int_equal(l.count, 0);
    assert_outbox(f->store, 1);
    lease(&f->client, 5000, 5100, ALL, &l);
    assert_int_equal(l.count, 0);
    assert_int_equal(l.next_due_s, INT64_MAX);
    assert_outbox(f->store, 0);
    assert_int_equal(tell(&f->client, 7, 5000, 9000, TG_LIT("again")), TG_OK);
    lease(&f->client, 5000, 5100, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 9000, TG_LIT("again"));
}

struct shown {
    size_t count;
    size_t blocked_count;
    int64_t expires_s; /* of the blocked one */
};

static bool see(void *ctx, const struct tg_store_seen *seen)
{
    struct shown *shown = ctx;

    assert_int_equal(seen->kind, TG_STORE_SEEN_ENTRY);
    shown->count++;
    if (seen->is_blocked) {
        shown->blocked_count++;
        shown->expires_s = seen->expires_s;
        assert_int_equal(number_of(&seen->key), 7);
        assert_int_equal(seen->bytes.len, 0);
    }
    return true;
}

static void survey_of_the_outbox__shows_entries_alone_and_which_are_blocked(void **state)
{
    struct fixture *f = *state;
    struct shown shown = { .count = 0 };

    assert_int_equal(f->store->ops->survey(f->store, TG_STORE_SURVEY_OUTBOX, see, &shown), TG_OK);
    assert_int_equal(shown.count, 0);
    block_one(&f->client, 7, 500);
    assert_int_equal(tell(&f->client, 9, 40, 600, TG_LIT("push")), TG_OK);
    assert_int_equal(f->store->ops->survey(f->store, TG_STORE_SURVEY_OUTBOX, see, &shown), TG_OK);
    assert_int_equal(shown.count, 2);
    assert_int_equal(shown.blocked_count, 1);
    assert_int_equal(shown.expires_s, 500);
}

static void block__drops_a_note_of_its_lease(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 7, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(tell(&f->client, 7, 101, 5000, TG_LIT("t")), TG_OK);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_BLOCK, 0), TG_OK);
    lease(&f->client, 4999, 5100, ALL, &l);
    assert_int_equal(l.count, 0);
}

static void unblock__removes_a_blocked_entry_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(unblock(&f->client, 7), TG_OK);
    assert_outbox(f->store, 0);
    block_one(&f->client, 7, 5000);
    assert_int_equal(unblock(&f->client, 7), TG_OK);
    assert_outbox(f->store, 0);
    assert_int_equal(tell(&f->client, 7, 200, 5000, TG_LIT("new")), TG_OK);
    assert_int_equal(unblock(&f->client, 7), TG_OK);
    assert_outbox(f->store, 1);
    lease(&f->client, 200, 260, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 5000, TG_LIT("new"));
    assert_int_equal(unblock(&f->client, 7), TG_OK);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 300), TG_OK);
    assert_outbox(f->store, 1);
}

static void unblock_and_notify_of_one_change__are_done_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));
    static struct leased l;

    block_one(&f->client, 7, 5000);
    call.notes[call.note_count++] =
        (struct tg_outbox_note){ .ask = TG_OUTBOX_UNBLOCK, .key = key_of(7) };
    call_notify(&call, 7, 200, 6000, TG_LIT("good"));
    call_start(&f->client, 1, &call);
    call_finish(&f->client, &call);
    lease(&f->client, 200, 260, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 7, 0, 6000, TG_LIT("good"));
}

/* ---- the end -------------------------------------------------------------------------------- */

static void expired_entry__is_removed_by_lease_and_not_leased(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 1, 100, 500, TG_LIT("ends")), TG_OK);
    assert_int_equal(tell(&f->client, 2, 100, 501, TG_LIT("lasts")), TG_OK);
    lease(&f->client, 500, 600, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 2, 0, 501, TG_LIT("lasts"));
    assert_outbox(f->store, 1);
}

static void retry_after_the_expiration__removes_the_entry(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 1, 100, 500, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 500), TG_OK);
    assert_outbox(f->store, 0);
    assert_int_equal(tell(&f->client, 1, 100, 500, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_RETRY, 499), TG_OK);
    assert_outbox(f->store, 1);
}

static void sweep__removes_expired_and_blocked_entries_apart_from_records(void **state)
{
    enum { COUNT = 40 };
    struct fixture *f = *state;
    static struct leased l;

    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(tell(&f->client, i, 100 + i % 3, i % 2 == 0 ? 500 : 900, TG_LIT("t")),
                         TG_OK);
    }
    lease(&f->client, 100, 160, 1, &l);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_BLOCK, 0), TG_OK);
    assert_int_equal(sweep(&f->client, 499, 1000), 0);
    assert_outbox(f->store, COUNT);
    assert_int_equal(sweep(&f->client, 500, 3), 0);
    assert_outbox(f->store, COUNT - 3);
    assert_int_equal(sweep(&f->client, 500, 1000), 0);
    assert_outbox(f->store, COUNT / 2);
    assert_int_equal(sweep(&f->client, 900, 1000), 0);
    assert_outbox(f->store, 0);
    assert_stats(f->store, 1, 1);
}

static void sweep__keeps_leased_entries(void **state)
{
    struct fixture *f = *state;
    static struct leased l;

    assert_int_equal(tell(&f->client, 1, 100, 500, TG_LIT("t")), TG_OK);
    lease(&f->client, 499, 520, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(sweep(&f->client, 519, 10), 0);
    assert_outbox(f->store, 1);
    assert_int_equal(sweep(&f->client, 520, 10), 0);
    assert_outbox(f->store, 0);
    assert_int_equal(settle(&f->client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
}

/* ---- limits --------------------------------------------------------------------------------- */

/* spec-test: protocol/4#push-never-fails-request */
static void outbox_limit__leaves_out_the_note_and_makes_the_change(void **state)
{
    struct tg_store_limits limits = { .live_max = 100, .outbox_max = 2 };
    struct fixture f;
    static struct leased l;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    block_one(&f.client, 1, 5000);
    assert_int_equal(tell(&f.client, 2, 100, 5000, TG_LIT("two")), TG_OK);
    assert_int_equal(tell(&f.client, 3, 100, 5000, TG_LIT("three")), TG_OK);
    assert_outbox(f.store, 2);
    assert_int_equal(tell(&f.client, 2, 100, 5000, TG_LIT("two again")), TG_OK);
    lease(&f.client, 100, 160, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 2, 0, 5000, TG_LIT("two again"));
    assert_int_equal(settle(&f.client, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_int_equal(tell(&f.client, 3, 100, 5000, TG_LIT("three")), TG_OK);
    assert_outbox(f.store, 2);
    fixture_close(&f);
}

static void note_at_the_maximum__is_stored_and_one_more_byte_is_left_out(void **state)
{
    struct fixture *f = *state;
    uint8_t *big = calloc(1, TG_OUTBOX_SEALED_MAX + 1);
    static struct leased l;

    assert_non_null(big);
    memset(big, 'n', TG_OUTBOX_SEALED_MAX + 1);
    assert_int_equal(tell(&f->client, 1, 100, 5000, tg_bytes(big, TG_OUTBOX_SEALED_MAX + 1)),
                     TG_OK);
    assert_outbox(f->store, 0);
    assert_stats(f->store, 1, 1);
    assert_int_equal(tell(&f->client, 1, 100, 5000, tg_bytes(big, TG_OUTBOX_SEALED_MAX)), TG_OK);
    lease(&f->client, 100, 160, ALL, &l);
    assert_int_equal(l.count, 1);
    assert_entry(&l, 0, 1, 0, 5000, tg_bytes(big, TG_OUTBOX_SEALED_MAX));
    free(big);
}

static void full_queue__refuses_lease_and_settle_through_dispatch(void **state)
{
    struct fixture *f = *state;
    struct call *calls = calloc(TG_STORE_QUEUE_MAX, sizeof(*calls));
    static struct leased l;
    static struct leased refused;
    struct call settled = { .verdict = TG_STORE_KEEP };

    assert_non_null(calls);
    assert_int_equal(tell(&f->client, 1, 100, 5000, TG_LIT("t")), TG_OK);
    assert_int_equal(tell(&f->client, 2, 100, 5000, TG_LIT("t")), TG_OK);
    lease(&f->client, 100, 160, 1, &l);
    for (unsigned i = 0; i < TG_STORE_QUEUE_MAX; i++) {
        calls[i].verdict = TG_STORE_KEEP;
        call_start(&f->client, i, &calls[i]);
    }
    lease_start(&f->client, 100, 160, ALL, &refused);
    settle_start(&f->client, &l, 0, TG_OUTBOX_DONE, 0, &settled);
    call_finish(&f->client, &settled);
    while (refused.done_count == 0) {
        client_wait(&f->client);
    }
    assert_int_equal(settled.err, TG_E_FULL);
    assert_int_equal(refused.err, TG_E_FULL);
    assert_int_equal(refused.count, 0);
    for (unsigned i = 0; i < TG_STORE_QUEUE_MAX; i++) {
        call_finish(&f->client, &calls[i]);
    }
    assert_outbox(f->store, 2);
    free(calls);
}

/* Concurrent changes, leases and settles. Every last note of a key is leased, and no entry by two
   senders at the same time. */
static void mixed_traffic__loses_no_note(void **state)
{
    enum { ROUNDS = 300, KEYS = 11 };
    struct fixture *f = *state;
    unsigned noted[KEYS] = { 0 }; /* the last note */
    unsigned taken[KEYS] = { 0 }; /* the last note that a sender settled as done */

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned key = i * 7 % KEYS;
        char word[16];
        static struct leased l;
        struct call settled[KEYS] = { { .verdict = TG_STORE_KEEP } };

        noted[key] = i + 1;
        (void)snprintf(word, sizeof(word), "%u", i + 1);
        assert_int_equal(tell(&f->client, key, 100 + i, NEVER_S, tg_bytes_str(word)), TG_OK);
        if (i % 3 != 0) {
            continue;
        }
        lease(&f->client, 100 + i, 200 + i, 3, &l);
        assert_int_equal(tell(&f->client, key, 100 + i, NEVER_S, tg_bytes_str(word)), TG_OK);
        for (size_t n = 0; n < l.count; n++) {
            char text[16] = "";

            memcpy(text, l.entries[n].sealed.ptr, l.entries[n].sealed.len);
            taken[number_of(&l.entries[n].key)] = (unsigned)strtoul(text, NULL, 10);
            settle_start(&f->client, &l, n, i % 2 == 0 ? TG_OUTBOX_DONE : TG_OUTBOX_RETRY, 100 + i,
                         &settled[n]);
        }
        for (size_t n = 0; n < l.count; n++) {
            call_finish(&f->client, &settled[n]);
        }
    }
    static struct leased rest;

    lease(&f->client, NEVER_S - 10, NEVER_S, ALL, &rest);
    for (size_t n = 0; n < rest.count; n++) {
        char text[16] = "";

        memcpy(text, rest.entries[n].sealed.ptr, rest.entries[n].sealed.len);
        taken[number_of(&rest.entries[n].key)] = (unsigned)strtoul(text, NULL, 10);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        assert_int_equal(taken[i], noted[i]);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(note_of_a_put__is_leased_with_its_content),
        CASE(note_again_with_a_later_expiration__is_kept_until_then),
        CASE(note_of_a_remove__is_stored),
        CASE(notes_of_keep_and_of_removing_nothing__are_not_stored),
        cmocka_unit_test(note_of_a_refused_put__is_not_stored),
        CASE(two_notes_of_one_change__are_both_stored),
        CASE(note_without_content__is_an_entry),
        CASE(many_notes_of_one_key__are_one_entry_with_the_last_content),
        CASE(note_of_an_entry_that_waits__does_not_change_its_place),
        CASE(note_during_a_lease__is_due_again_after_done),
        CASE(lease__takes_the_longest_due_first_and_gives_the_next_due_time),
        CASE(lease_of_an_empty_outbox__is_empty),
        CASE(lease__gives_its_maximum_and_the_rest_later),
        CASE(two_ports__never_get_the_same_entry),
        CASE(lease_that_ended__is_given_again_and_its_settle_does_nothing),
        CASE(lease_that_ended__can_still_be_settled),
        CASE(settle__twice_or_of_a_new_entry__does_nothing),
        CASE(settle_of_an_entry_that_expired_and_was_made_again__does_nothing),
        CASE(retry__waits_until_it_is_due_and_counts),
        CASE(note__does_not_make_a_retry_earlier),
        CASE(attempts__restart_after_done),
        CASE(blocked_key__gets_no_entry_until_the_block_expires),
        CASE(survey_of_the_outbox__shows_entries_alone_and_which_are_blocked),
        CASE(block__drops_a_note_of_its_lease),
        CASE(unblock__removes_a_blocked_entry_and_nothing_else),
        CASE(unblock_and_notify_of_one_change__are_done_in_their_order),
        CASE(expired_entry__is_removed_by_lease_and_not_leased),
        CASE(retry_after_the_expiration__removes_the_entry),
        CASE(sweep__removes_expired_and_blocked_entries_apart_from_records),
        CASE(sweep__keeps_leased_entries),
        cmocka_unit_test(outbox_limit__leaves_out_the_note_and_makes_the_change),
        CASE(note_at_the_maximum__is_stored_and_one_more_byte_is_left_out),
        CASE(full_queue__refuses_lease_and_settle_through_dispatch),
        CASE(mixed_traffic__loses_no_note),
    };
    int failed = 0;

    for (size_t i = 0; i < backend_count; i++) {
        backend_now = &backends[i];
        failed += cmocka_run_group_tests_name(backends[i].name, tests, NULL, NULL);
    }
    return failed == 0 ? 0 : 1;
}
