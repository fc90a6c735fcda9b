/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch of all kinds of operations in the embedded store, in which each call of LMDB fails once:
 * the transaction is repeated, in parts, and everything ends as without a failure. So no run
 * changes what the next one begins with.
 */
#include "contract/contract_support.h"

#include "support/c/fail_at.h"

#include <lmdb.h>
#include <stdio.h>
#include <string.h>

#define NEVER_S INT64_C(4000000000)
#define NOW_S 200
#define SERIES 77u
#define TOKEN 78u
#define TEXT_MAX 8192u
#define CALLS_MAX 200u

int __real_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __real_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __wrap_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);

int __wrap_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
    return is_failing() ? MDB_MAP_FULL : __real_mdb_put(txn, dbi, key, data, flags);
}

int __wrap_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    return is_failing() ? MDB_MAP_FULL : __real_mdb_del(txn, dbi, key, data);
}

int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    if (is_failing()) {
        mdb_txn_abort(txn);
        return MDB_MAP_FULL;
    }
    return __real_mdb_txn_commit(txn);
}

/* ---- what is seen --------------------------------------------------------------------------- */

struct text {
    char bytes[TEXT_MAX];
    size_t len;
};

static void say(struct text *t, const char *fmt, ...) TG_PRINTF(2, 3);

static void say(struct text *t, const char *fmt, ...)
{
    va_list args;
    int n = 0;

    va_start(args, fmt);
    n = vsnprintf(t->bytes + t->len, sizeof(t->bytes) - t->len, fmt, args);
    va_end(args);
    assert_in_range(n, 0, sizeof(t->bytes) - t->len - 1);
    t->len += (size_t)n;
}

/* A fact's version counts how often it was written, and so the transactions that raised a mark. */
static bool say_seen(void *ctx, const struct tg_store_seen *seen)
{
    bool is_fact = seen->kind == TG_STORE_SEEN_FACT;

    say(ctx, "seen %d %u %llu %lld %d %d %zu\n", (int)seen->kind, number_of(&seen->key),
        is_fact ? 0ull : (unsigned long long)seen->version, (long long)seen->expires_s,
        seen->is_closed, seen->is_blocked, seen->bytes.len);
    return true;
}

static void say_leased(struct text *t, const struct leased *l)
{
    say(t, "leased %d next %lld\n", (int)l->err, (long long)l->next_due_s);
    for (size_t i = 0; i < l->count; i++) {
        say(t, " %u generation %llu attempts %u sealed %zu\n", number_of(&l->entries[i].key),
            (unsigned long long)l->entries[i].generation, l->entries[i].attempts,
            l->entries[i].sealed.len);
    }
}

static void say_store(struct text *t, struct tg_store *store)
{
    struct tg_store_stats stats = { .live_count = 0 };

    store->ops->stats(store, &stats);
    say(t, "live %llu bytes %llu outbox %llu spent %llu\n", (unsigned long long)stats.live_count,
        (unsigned long long)stats.live_bytes, (unsigned long long)stats.outbox_count,
        (unsigned long long)stats.spent_count);
    assert_int_equal(store->ops->survey(store, TG_STORE_SURVEY_ALL, say_seen, t), TG_OK);
}

/* ---- the batch ------------------------------------------------------------------------------ */

static bool fact_change(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    (void)ctx;
    *next = old == NULL ? TG_LIT("one") : TG_LIT("more");
    return true;
}

static void fact_done(void *ctx, enum tg_err err)
{
    struct call *call = ctx;

    call->err = err;
    call->done_count++;
}

static void prepare(struct client *c, struct leased *first)
{
    assert_int_equal(series_open(c, SERIES, NEVER_S), TG_OK);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(put(c, 10 + i, 1, i < 3 ? 150 + i : NEVER_S, TG_LIT("old")), TG_OK);
        assert_int_equal(tell(c, 20 + i, 100 + i, i == 4 ? 190 : 5000, TG_LIT("note")), TG_OK);
    }
    lease(c, 102, 160, 2, first);
    assert_int_equal(first->count, 2);
}

struct batch {
    struct stopper stopper;
    struct call first, noted, retried, done, done_again, fact, last, swept;
    struct spent new_token, known_token;
    struct leased leased;
};

static void start(struct client *c, struct batch *b, const struct leased *before)
{
    /* What begins a transaction may fail alone. After a lease begins another one; a sweep comes
     * second. */
    b->first = (struct call){ .verdict = TG_STORE_KEEP };
    b->last = b->first;
    call_start(c, 1, &b->first);
    spend_start(c, SERIES, TOKEN, TG_LIT("what for"), &b->new_token);
    b->noted = call_put(3, NEVER_S, TG_LIT("noted"));
    b->noted.mark_s = NOW_S + 10;
    call_notify(&b->noted, 30, NOW_S, 5000, TG_LIT("fresh"));
    call_start(c, 2, &b->noted);
    settle_start(c, before, 0, TG_OUTBOX_RETRY, 150, &b->retried);
    settle_start(c, before, 1, TG_OUTBOX_DONE, 0, &b->done);
    settle_start(c, before, 1, TG_OUTBOX_BLOCK, 0, &b->done_again);
    c->ops->fact(c->port, TG_FACT_CLOCK, fact_change, &b->fact, fact_done);
    sweep_start(c, NOW_S, 100, &b->swept);
    spend_start(c, SERIES, TOKEN, TG_LIT("another"), &b->known_token);
    lease_start(c, NOW_S, NOW_S + 60, TG_OUTBOX_LEASE_MAX, &b->leased);
    call_start(c, 1, &b->last);
}

static void finish(struct client *c, struct batch *b, struct text *t)
{
    struct call *const calls[] = { &b->first,      &b->noted, &b->retried, &b->done,
                                   &b->done_again, &b->fact,  &b->last,    &b->swept };

    stopper_release(&b->stopper, c);
    for (size_t i = 0; i < TG_COUNT(calls); i++) {
        call_finish(c, calls[i]);
        say(t, "call %zu: %d\n", i, (int)calls[i]->err);
    }
    spend_finish(c, &b->new_token);
    spend_finish(c, &b->known_token);
    lease_finish(c, &b->leased);
    say(t, "spent %d %d known %zu\n", (int)b->new_token.outcome, (int)b->known_token.outcome,
        b->known_token.len);
    say(t, "swept %zu spent %zu until %lld\n", b->swept.swept.removed_count,
        b->swept.swept.spent_count, (long long)b->swept.swept.until_s);
    say_leased(t, &b->leased);
}

/* Call number n of LMDB in the batch fails; 0: none. True: there was such a call. */
static bool run(unsigned n, struct text *t)
{
    static struct batch b;
    static struct leased first, again;
    struct fixture f;

    memset(&b, 0, sizeof(b));
    t->len = 0;
    fixture_open(&f, &backends[1], NULL);
    assert_string_equal(f.backend->name, "lmdb");
    prepare(&f.client, &first);
    stopper_start(&b.stopper, &f.client);
    start(&f.client, &b, &first);
    fail_at(n);
    finish(&f.client, &b, t);
    fail_at(0);
    /* What was given is leased, and the leases are those that were given. */
    lease(&f.client, NOW_S, NOW_S + 60, TG_OUTBOX_LEASE_MAX, &again);
    say_leased(t, &again);
    say_store(t, f.store);
    for (size_t i = 0; i < b.leased.count; i++) {
        assert_int_equal(settle(&f.client, &b.leased, i, TG_OUTBOX_DONE, 0), TG_OK);
    }
    assert_outbox(f.store, 0);
    fixture_close(&f);
    return n != 0 && fail_reached();
}

static void batch_with_any_call_failing_once__ends_as_without(void **state)
{
    static struct text expected, got;
    unsigned n = 1;

    (void)state;
    (void)run(0, &expected);
    for (; run(n, &got); n++) {
        if (strcmp(got.bytes, expected.bytes) != 0) {
            fail_msg("call %u failed; got:\n%sexpected:\n%s", n, got.bytes, expected.bytes);
        }
        assert_in_range(n, 1, CALLS_MAX);
    }
    assert_in_range(n, 20, CALLS_MAX); /* the batch has so many calls at least */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_with_any_call_failing_once__ends_as_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
