/* SPDX-License-Identifier: Apache-2.0 */
/* The sweep beside other changes: it keeps up with them, and they do not wait for it. */
#include "contract/contract_support.h"

#include <string.h>

#include "store/lmdb/writer.h"

#define NEVER_S INT64_C(4000000000)
#define NOW_S 100000
#define DUE 3000u        /* records or entries that have expired */
#define FLIGHT 512u      /* changes in flight during a sweep */
#define FLOOD_MAX 30000u /* changes after which a sweep that does not keep up is given up */

static const struct backend *backend_now;

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

/* ---- many changes --------------------------------------------------------------------------- */

struct flood;

struct drop {
    struct flood *flood;
    struct tg_store_key key;
    bool has_seen; /* the last run of the change got a record */
};

/* Puts of new records, each with a note of a new outbox entry if has_notes. */
struct flood {
    struct client *c;
    unsigned next; /* number of the next record */
    unsigned end;
    int64_t expires_s;
    bool has_notes;
    bool is_stopped;
    unsigned done_count;
    unsigned running_count;
    struct drop drops[FLIGHT];
};

static enum tg_store_verdict drop_change(void *ctx, const struct tg_store_record *old,
                                         struct tg_store_next *next)
{
    struct drop *d = ctx;

    d->has_seen = old != NULL;
    next->record = (struct tg_store_record){ .version = 1,
                                             .expires_s = d->flood->expires_s,
                                             .sealed = TG_LIT("x") };
    if (d->flood->has_notes) {
        next->record.expires_s = NEVER_S;
        next->notes[next->note_count++] = (struct tg_outbox_note){ .ask = TG_OUTBOX_NOTIFY,
                                                                   .key = d->key,
                                                                   .due_s = 10,
                                                                   .expires_s = d->flood->expires_s,
                                                                   .sealed = TG_LIT("x") };
    }
    return TG_STORE_PUT;
}

static void drop_start(struct drop *d);

static void drop_done(void *ctx, enum tg_err err)
{
    struct drop *d = ctx;
    struct flood *flood = d->flood;

    assert_int_equal(err, TG_OK);
    assert_false(d->has_seen);
    flood->done_count++;
    flood->running_count--;
    if (!flood->is_stopped && flood->next < flood->end) {
        drop_start(d);
    }
}

static void drop_start(struct drop *d)
{
    struct flood *flood = d->flood;

    d->key = key_of(flood->next++);
    flood->running_count++;
    flood->c->ops->apply(flood->c->port, &d->key, drop_change, d, drop_done);
}

static void flood_start(struct flood *flood)
{
    for (unsigned i = 0; i < FLIGHT && flood->next < flood->end; i++) {
        flood->drops[i].flood = flood;
        drop_start(&flood->drops[i]);
    }
}

static void flood_finish(struct flood *flood)
{
    while (flood->running_count > 0) {
        client_wait(flood->c);
    }
}

static void put_many(struct fixture *f, unsigned first, unsigned count, int64_t expires_s,
                     bool has_notes)
{
    struct flood *flood = calloc(1, sizeof(*flood));

    assert_non_null(flood);
    flood->c = &f->client;
    flood->next = first;
    flood->end = first + count;
    flood->expires_s = expires_s;
    flood->has_notes = has_notes;
    flood_start(flood);
    flood_finish(flood);
    assert_int_equal(flood->done_count, count);
    free(flood);
}

/* Runs a sweep of everything while new records are put as fast as possible: how many were put until
   the sweep was done. */
static unsigned sweep_beside_flood(struct fixture *f, bool has_notes, struct call *swept)
{
    struct flood *flood = calloc(1, sizeof(*flood));
    unsigned count = 0;

    assert_non_null(flood);
    flood->c = &f->client;
    flood->next = 1000000;
    flood->end = flood->next + FLOOD_MAX;
    flood->expires_s = NEVER_S;
    flood->has_notes = has_notes;
    flood_start(flood);
    sweep_start(&f->client, NOW_S, 1000000, swept);
    call_finish(&f->client, swept);
    count = flood->done_count;
    flood->is_stopped = true;
    flood_finish(flood);
    free(flood);
    return count;
}

/* spec-test: protocol/3#sweep-keeps-up */
static void sweep_of_records__beside_a_flood_of_creates__keeps_up(void **state)
{
    struct fixture *f = *state;
    struct call swept = { .verdict = TG_STORE_KEEP };
    unsigned count = 0;

    put_many(f, 0, DUE, NOW_S - 1, false);
    count = sweep_beside_flood(f, false, &swept);
    assert_int_equal(swept.err, TG_OK);
    assert_int_equal(swept.swept.removed_count, DUE);
    assert_int_equal(swept.swept.until_s, NOW_S);
    assert_in_range(count, 0, DUE + 2 * FLIGHT);
}

/* spec-test: protocol/3#sweep-keeps-up */
static void sweep_of_the_outbox__beside_a_flood_of_notes__keeps_up(void **state)
{
    struct fixture *f = *state;
    struct call swept = { .verdict = TG_STORE_KEEP };
    struct tg_store_stats stats = { .live_count = 0 };
    unsigned count = 0;

    put_many(f, 0, DUE, NOW_S - 1, true);
    assert_outbox(f->store, DUE);
    count = sweep_beside_flood(f, true, &swept);
    assert_int_equal(swept.err, TG_OK);
    assert_int_equal(swept.swept.removed_count, 0);
    assert_int_equal(swept.swept.until_s, NOW_S);
    assert_in_range(count, 0, DUE + 2 * FLIGHT);
    f->store->ops->stats(f->store, &stats);
    assert_int_equal(stats.outbox_count, stats.live_count - DUE); /* only the flood's are left */
}

/* ---- other changes between the steps -------------------------------------------------------- */

static void change__beside_a_large_sweep__does_not_wait_for_its_end(void **state)
{
    struct fixture *f = *state;
    struct call swept = { .verdict = TG_STORE_KEEP };
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    put_many(f, 0, DUE, NOW_S - 1, false);
    sweep_start(&f->client, NOW_S, 1000000, &swept);
    call_start(&f->client, 1000000, &call);
    call_finish(&f->client, &call);
    assert_true(!f->backend->is_immediate ? swept.done_count == 0 : swept.done_count == 1);
    call_finish(&f->client, &swept);
    assert_int_equal(swept.swept.removed_count, DUE);
    assert_stats(f->store, 1, 1);
}

/* A change that holds the store's writer, so that operations queue up behind it. */
struct hold {
    pthread_mutex_t lock;
    bool is_done;
};

static enum tg_store_verdict hold_change(void *ctx, const struct tg_store_record *old,
                                         struct tg_store_next *next)
{
    struct hold *h = ctx;

    (void)old;
    (void)next;
    (void)pthread_mutex_lock(&h->lock);
    (void)pthread_mutex_unlock(&h->lock);
    return TG_STORE_KEEP;
}

static void hold_done(void *ctx, enum tg_err err)
{
    assert_int_equal(err, TG_OK);
    ((struct hold *)ctx)->is_done = true;
}

struct watched {
    const struct call *calls;
    size_t count;
    size_t done_count; /* when the sweep was done */
    bool is_swept;
};

static void watched_swept(void *ctx, enum tg_err err, const struct tg_store_swept *swept)
{
    struct watched *w = ctx;

    assert_int_equal(err, TG_OK);
    assert_int_equal(swept->removed_count, 1);
    for (size_t i = 0; i < w->count; i++) {
        w->done_count += w->calls[i].done_count;
    }
    w->is_swept = true;
}

static void sweep__behind_a_long_queue__runs_in_the_next_commit(void **state)
{
    enum { COUNT = 20 * TG_LMDB_BATCH_MAX };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));
    struct watched w = { .calls = calls, .count = COUNT };
    struct tg_store_key key = key_of(2000000);
    struct hold hold = { .is_done = false };
    size_t done_count = 0;

    assert_non_null(calls);
    assert_int_equal(put(&f->client, 1000000, 1, NOW_S, TG_LIT("x")), TG_OK);
    (void)pthread_mutex_init(&hold.lock, NULL);
    if (!f->backend->is_immediate) {
        (void)pthread_mutex_lock(&hold.lock); /* the memory store would wait for itself */
    }
    f->client.ops->apply(f->client.port, &key, hold_change, &hold, hold_done);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(1, NEVER_S, TG_LIT("x"));
        call_start(&f->client, i, &calls[i]);
    }
    f->client.ops->sweep(f->client.port, NOW_S, 10, watched_swept, &w);
    if (!f->backend->is_immediate) {
        (void)pthread_mutex_unlock(&hold.lock);
    }
    while (!w.is_swept || done_count < COUNT) {
        client_wait(&f->client);
        done_count = 0;
        for (size_t i = 0; i < COUNT; i++) {
            done_count += calls[i].done_count;
        }
    }
    assert_true(hold.is_done);
    if (!f->backend->is_immediate && !f->backend->has_parts) { /* not all changes were held */
        assert_in_range(w.done_count, 0, 2 * TG_LMDB_BATCH_MAX);
    }
    (void)pthread_mutex_destroy(&hold.lock);
    free(calls);
}

/* ---- what a sweep reports ------------------------------------------------------------------- */

static int64_t until_of(struct fixture *f, int64_t now_s, size_t max_count)
{
    struct call swept = { .verdict = TG_STORE_KEEP };

    sweep_start(&f->client, now_s, max_count, &swept);
    call_finish(&f->client, &swept);
    assert_int_equal(swept.err, TG_OK);
    return swept.swept.until_s;
}

static void sweep__reports_until_when_everything_is_removed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(until_of(f, 500, 10), 500);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(put(&f->client, i, 1, 600 + i, TG_LIT("x")), TG_OK);
    }
    assert_int_equal(until_of(f, 599, 10), 599);
    assert_int_equal(until_of(f, 700, 2), 601); /* the one that expired at 602 is left */
    assert_int_equal(until_of(f, 700, 2), 700);
}

/* ---- the embedded store's steps ------------------------------------------------------------- */

static size_t last_transaction(const struct fixture *f)
{
    MDB_envinfo info;

    assert_int_equal(mdb_env_info(((const struct tg_lmdb *)(const void *)f->store)->env, &info), 0);
    return info.me_last_txnid;
}

/* How many commits a sweep needs for 1024 records that expired behind_s seconds ago. */
static size_t commits_of(struct fixture *f, int64_t behind_s)
{
    struct call swept = { .verdict = TG_STORE_KEEP };
    size_t before = 0;

    put_many(f, 0, 1024, NOW_S - behind_s, false);
    assert_int_equal(sweep(&f->client, 0, 1), 0); /* forgets what was added */
    before = last_transaction(f);
    sweep_start(&f->client, NOW_S, 1000000, &swept);
    call_finish(&f->client, &swept);
    assert_int_equal(swept.swept.removed_count, 1024);
    return last_transaction(f) - before;
}

static void step__grows_with_the_time_behind_up_to_its_maximum(void **state)
{
    assert_int_equal(commits_of(*state, 1), 1024 / 16);
    assert_int_equal(commits_of(*state, 20), 1024 / 16);
    assert_int_equal(commits_of(*state, 26), 1024 / 64);
    assert_int_equal(commits_of(*state, 60), 4); /* 336 each */
    assert_int_equal(commits_of(*state, 90000), 1024 / 512);
}

static void sweep_of_a_large_outbox__is_continued_by_the_next_one(void **state)
{
    struct fixture *f = *state;

    put_many(f, 0, 17 * 1024, NEVER_S, true);
    assert_int_equal(tell(&f->client, 1000000, 20, 30, TG_LIT("the last one due")), TG_OK);
    assert_int_equal(until_of(f, 1000, 1000), INT64_MIN);
    assert_outbox(f->store, 17 * 1024 + 1);
    assert_int_equal(until_of(f, 1001, 1000), 1000);
    assert_outbox(f->store, 17 * 1024);
    assert_int_equal(until_of(f, 1002, 1000), 1000);
    assert_int_equal(until_of(f, 1003, 1000), 1002);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest every[] = {
        CASE(sweep_of_records__beside_a_flood_of_creates__keeps_up),
        CASE(sweep_of_the_outbox__beside_a_flood_of_notes__keeps_up),
        CASE(change__beside_a_large_sweep__does_not_wait_for_its_end),
        CASE(sweep__behind_a_long_queue__runs_in_the_next_commit),
        CASE(sweep__reports_until_when_everything_is_removed),
    };
    static const struct CMUnitTest lmdb[] = {
        CASE(step__grows_with_the_time_behind_up_to_its_maximum),
        CASE(sweep_of_a_large_outbox__is_continued_by_the_next_one),
    };
    int failed = 0;

    for (size_t i = 0; i < backend_count; i++) {
        backend_now = &backends[i];
        failed += cmocka_run_group_tests_name(backends[i].name, every, NULL, NULL);
    }
    for (size_t i = 0; i < backend_count && !is_wrapped; i++) {
        backend_now = &backends[i];
        if (strcmp(backends[i].name, "lmdb") == 0) {
            failed += cmocka_run_group_tests_name("lmdb", lmdb, NULL, NULL);
        }
    }
    return failed == 0 ? 0 : 1;
}
