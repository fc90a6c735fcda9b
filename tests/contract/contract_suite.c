/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of store.h, run against every backend. */
#include "contract/contract_support.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct backend *backend_now; /* the backend of the running group */

#define NEVER_S INT64_C(4000000000)

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

static void assert_seen(const struct call *call, uint64_t version, int64_t expires_s,
                        struct tg_bytes sealed)
{
    assert_true(call->has_seen);
    assert_int_equal(call->seen.version, version);
    assert_int_equal(call->seen.expires_s, expires_s);
    assert_int_equal(call->seen.sealed.len, sealed.len);
    if (sealed.len > 0) {
        assert_memory_equal(call->seen_bytes, sealed.ptr,
                            sealed.len < SEEN_MAX ? sealed.len : SEEN_MAX);
    }
}

static void change_without_record__sees_null_and_keep_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(keep(&f->client, 1, &call), TG_OK);
    assert_true(call.run_count > 0);
    assert_false(call.has_seen);
    assert_false(look(&f->client, 1, &call));
    assert_stats(f->store, 0, 0);
}

static void put__is_seen_by_read_and_next_change_with_version_and_expiration(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 7, NEVER_S, TG_LIT("sealed")), TG_OK);
    assert_true(look(&f->client, 1, &call));
    assert_seen(&call, 7, NEVER_S, TG_LIT("sealed"));
    assert_int_equal(keep(&f->client, 1, &call), TG_OK);
    assert_seen(&call, 7, NEVER_S, TG_LIT("sealed"));
    assert_false(look(&f->client, 2, &call));
    assert_stats(f->store, 1, 6);
}

static void put__over_a_record__replaces_all_of_it(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("a longer record")), TG_OK);
    assert_int_equal(put(&f->client, 2, 5, NEVER_S, TG_LIT("neighbour")), TG_OK);
    assert_int_equal(put(&f->client, 1, TG_STORE_VERSION_MAX, INT64_MAX, TG_LIT("short")), TG_OK);
    assert_true(look(&f->client, 1, &call));
    assert_seen(&call, TG_STORE_VERSION_MAX, INT64_MAX, TG_LIT("short"));
    assert_true(look(&f->client, 2, &call));
    assert_seen(&call, 5, NEVER_S, TG_LIT("neighbour"));
    assert_stats(f->store, 2, 14);
}

static void remove__removes_the_record_and_does_nothing_twice(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("one")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, NEVER_S, TG_LIT("two")), TG_OK);
    assert_int_equal(drop(&f->client, 1), TG_OK);
    assert_false(look(&f->client, 1, &call));
    assert_true(look(&f->client, 2, &call));
    assert_int_equal(drop(&f->client, 1), TG_OK);
    assert_stats(f->store, 1, 3);
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("again")), TG_OK);
    assert_true(look(&f->client, 1, &call));
    assert_seen(&call, 1, NEVER_S, TG_LIT("again"));
}

static void value_of_no_bytes__is_a_record(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 3, 4, tg_bytes(NULL, 0)), TG_OK);
    assert_true(look(&f->client, 1, &call));
    assert_seen(&call, 3, 4, tg_bytes(NULL, 0));
    assert_int_equal(keep(&f->client, 1, &call), TG_OK);
    assert_true(call.has_seen);
    assert_stats(f->store, 1, 0);
}

static void value_at_the_maximum__is_stored_and_one_more_byte_is_full(void **state)
{
    struct fixture *f = *state;
    struct call call;
    uint8_t *big = malloc(TG_STORE_VALUE_MAX + 1);

    assert_non_null(big);
    memset(big, 'v', TG_STORE_VALUE_MAX + 1);
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, tg_bytes(big, TG_STORE_VALUE_MAX)), TG_OK);
    assert_int_equal(put(&f->client, 1, 2, NEVER_S, tg_bytes(big, TG_STORE_VALUE_MAX + 1)),
                     TG_E_FULL);
    assert_true(look(&f->client, 1, &call));
    assert_seen(&call, 1, NEVER_S, tg_bytes(big, TG_STORE_VALUE_MAX));
    assert_stats(f->store, 1, TG_STORE_VALUE_MAX);
    free(big);
}

static void many_records__are_all_found(void **state)
{
    enum { COUNT = 1000 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));
    struct call seen;

    assert_non_null(calls);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(i + 1, NEVER_S + i, TG_LIT("record"));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
    }
    for (unsigned i = 0; i < COUNT; i += 2) {
        assert_true(keep(&f->client, i, &seen) == TG_OK && seen.has_seen);
        calls[i] = (struct call){ .verdict = TG_STORE_REMOVE };
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i += 2) {
        call_finish(&f->client, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(look(&f->client, i, &seen), i % 2 == 1);
        if (i % 2 == 1) {
            assert_seen(&seen, i + 1, NEVER_S + i, TG_LIT("record"));
        }
    }
    assert_stats(f->store, COUNT / 2, COUNT / 2 * 6);
    free(calls);
}

/* Keys that a hash table would put at the same place or at neighbouring places, around its end. */
static unsigned similar(unsigned i)
{
    return (i + 1) * 65536 + i % 5 - 2;
}

static void records_with_similar_keys__survive_the_removal_of_others(void **state)
{
    enum { COUNT = 60 };
    struct fixture *f = *state;
    struct call seen;

    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(put(&f->client, similar(i), i + 1, NEVER_S, TG_LIT("x")), TG_OK);
    }
    for (unsigned removed = 0; removed < COUNT; removed += 3) {
        assert_int_equal(drop(&f->client, similar(removed)), TG_OK);
        for (unsigned i = 0; i < COUNT; i++) {
            bool is_there = i > removed || i % 3 != 0;

            assert_int_equal(look(&f->client, similar(i), &seen), is_there);
            assert_int_equal(seen.seen.version, is_there ? i + 1 : 0);
        }
    }
    assert_stats(f->store, COUNT - COUNT / 3, COUNT - COUNT / 3);
}

static void done__never_runs_before_dispatch(void **state)
{
    struct fixture *f = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));
    struct timespec pause = { 0, 50 * 1000 * 1000 };

    call_start(&f->client, 1, &call);
    (void)nanosleep(&pause, NULL);
    assert_int_equal(call.done_count, 0);
    call_finish(&f->client, &call);
    assert_int_equal(call.err, TG_OK);
    f->client.ops->dispatch(f->client.port);
    assert_int_equal(call.done_count, 1);
}

static void notify__is_called_once_for_several_completions(void **state)
{
    enum { COUNT = 32 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));

    assert_non_null(calls);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(1, NEVER_S, TG_LIT("x"));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
    }
    assert_in_range(f->client.notify_count, 1, COUNT);
    f->client.notify_count = 0;
    f->client.ops->dispatch(f->client.port);
    assert_int_equal(f->client.notify_count, 0);
    free(calls);
}

static void changes_of_one_port_on_one_key__keep_their_order(void **state)
{
    enum { COUNT = 100 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));

    assert_non_null(calls);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(i + 1, NEVER_S, TG_LIT("x"));
        call_start(&f->client, 1, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
        assert_int_equal(calls[i].has_seen, i > 0);
        assert_int_equal(calls[i].seen.version, i);
    }
    free(calls);
}

static void keep_after_a_put__sees_it(void **state)
{
    struct fixture *f = *state;
    struct call first = call_put(9, NEVER_S, TG_LIT("nine"));
    struct call second = { .verdict = TG_STORE_KEEP };
    struct call third = { .verdict = TG_STORE_REMOVE };
    struct call fourth = { .verdict = TG_STORE_KEEP };

    call_start(&f->client, 1, &first);
    call_start(&f->client, 1, &second);
    call_start(&f->client, 1, &third);
    call_start(&f->client, 1, &fourth);
    call_finish(&f->client, &fourth);
    assert_seen(&second, 9, NEVER_S, TG_LIT("nine"));
    assert_seen(&third, 9, NEVER_S, TG_LIT("nine"));
    assert_false(fourth.has_seen);
    assert_int_equal(second.err, TG_OK);
}

/* A caller may start its next operation inside done(). */
struct chain {
    struct client *client;
    unsigned left;
    struct tg_store_key key;
};

static enum tg_store_verdict chain_change(void *ctx, const struct tg_store_record *old,
                                          struct tg_store_next *next)
{
    (void)ctx;
    next->record = (struct tg_store_record){ .version = old == NULL ? 1 : old->version + 1,
                                             .expires_s = NEVER_S,
                                             .sealed = TG_LIT("chain") };
    return TG_STORE_PUT;
}

static void chain_done(void *ctx, enum tg_err err)
{
    struct chain *chain = ctx;

    assert_int_equal(err, TG_OK);
    if (--chain->left > 0) {
        chain->client->ops->apply(chain->client->port, &chain->key, chain_change, chain,
                                  chain_done);
    }
}

static void apply__inside_done__works(void **state)
{
    struct fixture *f = *state;
    struct chain chain = { .client = &f->client, .left = 50, .key = key_of(1) };
    struct call call;

    f->client.ops->apply(f->client.port, &chain.key, chain_change, &chain, chain_done);
    while (chain.left > 0) {
        client_wait(&f->client);
    }
    assert_true(look(&f->client, 1, &call));
    assert_int_equal(call.seen.version, 50);
}

struct nested {
    struct client *client;
    struct call inner;
    bool is_intact;
    bool is_done;
};

static void nested_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct nested *nested = ctx;

    assert_int_equal(err, TG_OK);
    look_start(nested->client, 2, &nested->inner);
    nested->is_intact = tg_bytes_is_equal(record->sealed, TG_LIT("outer"));
    nested->is_done = true;
}

static void read__inside_found__does_not_change_the_outer_record(void **state)
{
    struct fixture *f = *state;
    struct nested nested = { .client = &f->client };
    struct tg_store_key key = key_of(1);

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("outer")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, NEVER_S, TG_LIT("inner")), TG_OK);
    f->client.ops->read(f->client.port, &key, nested_found, &nested);
    while (!nested.is_done) {
        client_wait(&f->client);
    }
    assert_true(nested.is_intact);
    call_finish(&f->client, &nested.inner);
    assert_seen(&nested.inner, 1, NEVER_S, TG_LIT("inner"));
}

static void sweep__removes_what_is_due_and_nothing_a_second_later(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, 999, TG_LIT("past")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, 1000, TG_LIT("now")), TG_OK);
    assert_int_equal(put(&f->client, 3, 1, 1001, TG_LIT("later")), TG_OK);
    assert_int_equal(put(&f->client, 4, 1, -5, TG_LIT("before 1970")), TG_OK);
    assert_int_equal(sweep(&f->client, 1000, 100), 3);
    assert_false(look(&f->client, 1, &call));
    assert_false(look(&f->client, 2, &call));
    assert_true(look(&f->client, 3, &call));
    assert_false(look(&f->client, 4, &call));
    assert_stats(f->store, 1, 5);
    assert_int_equal(sweep(&f->client, 1000, 100), 0);
    assert_int_equal(sweep(&f->client, 1001, 100), 1);
    assert_stats(f->store, 0, 0);
}

static void sweep__with_a_maximum__takes_the_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct call call;

    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(put(&f->client, i, 1, 100 - (int64_t)i * 7, TG_LIT("x")), TG_OK);
    }
    assert_int_equal(sweep(&f->client, 1000, 0), 0);
    assert_int_equal(sweep(&f->client, 1000, 4), 4);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(look(&f->client, i, &call), i < 6);
    }
    assert_int_equal(sweep(&f->client, 1000, 6), 6);
    assert_int_equal(sweep(&f->client, 1000, 1), 0);
}

static void sweep__of_many__takes_exactly_the_maximum(void **state)
{
    enum { COUNT = 400 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));

    assert_non_null(calls);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(1, 100 + i, TG_LIT("x"));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
    }
    assert_int_equal(sweep(&f->client, 10000, 16), 16);
    assert_int_equal(sweep(&f->client, 10000, 17), 17);
    assert_int_equal(sweep(&f->client, 10000, 224), 224);
    assert_stats(f->store, COUNT - 257, COUNT - 257);
    assert_int_equal(sweep(&f->client, 10000, 1000), COUNT - 257);
    assert_stats(f->store, 0, 0);
    free(calls);
}

static void put_that_moves_the_expiration__moves_the_sweep(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, 1000, TG_LIT("x")), TG_OK);
    assert_int_equal(put(&f->client, 1, 2, 2000, TG_LIT("x")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, 2000, TG_LIT("y")), TG_OK);
    assert_int_equal(put(&f->client, 2, 2, 500, TG_LIT("y")), TG_OK);
    assert_int_equal(sweep(&f->client, 1500, 10), 1);
    assert_true(look(&f->client, 1, &call));
    assert_false(look(&f->client, 2, &call));
    assert_int_equal(sweep(&f->client, 2000, 10), 1);
    assert_stats(f->store, 0, 0);
}

static void removed_record__is_not_swept_again(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(&f->client, 1, 1, 1000, TG_LIT("x")), TG_OK);
    assert_int_equal(drop(&f->client, 1), TG_OK);
    assert_int_equal(sweep(&f->client, 5000, 10), 0);
    assert_int_equal(put(&f->client, 1, 1, 9000, TG_LIT("x")), TG_OK);
    assert_int_equal(sweep(&f->client, 5000, 10), 0);
    assert_stats(f->store, 1, 1);
}

static void record_limit__admits_n_and_refuses_one_more(void **state)
{
    struct tg_store_limits limits = { .live_max = 3 };
    struct fixture f;
    struct call call;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(put(&f.client, i, 1, 1000 + i, TG_LIT("x")), TG_OK);
    }
    assert_int_equal(put(&f.client, 3, 1, NEVER_S, TG_LIT("x")), TG_E_FULL);
    assert_false(look(&f.client, 3, &call));
    assert_int_equal(put(&f.client, 2, 2, NEVER_S, TG_LIT("replaced")), TG_OK);
    assert_stats(f.store, 3, 10);
    assert_int_equal(drop(&f.client, 0), TG_OK);
    assert_int_equal(put(&f.client, 3, 1, NEVER_S, TG_LIT("x")), TG_OK);
    assert_int_equal(put(&f.client, 0, 1, NEVER_S, TG_LIT("x")), TG_E_FULL);
    assert_int_equal(sweep(&f.client, 1001, 10), 1);
    assert_int_equal(put(&f.client, 0, 1, NEVER_S, TG_LIT("x")), TG_OK);
    fixture_close(&f);
}

static void byte_limit__admits_n_and_refuses_one_more(void **state)
{
    struct tg_store_limits limits = { .bytes_max = 10 };
    struct fixture f;
    struct call call;

    (void)state;
    fixture_open(&f, backend_now, &limits);
    assert_int_equal(put(&f.client, 1, 1, NEVER_S, TG_LIT("four")), TG_OK);
    assert_int_equal(put(&f.client, 2, 1, NEVER_S, TG_LIT("seven77")), TG_E_FULL);
    assert_int_equal(put(&f.client, 2, 1, NEVER_S, TG_LIT("sixsix")), TG_OK);
    assert_int_equal(put(&f.client, 2, 2, NEVER_S, TG_LIT("sixsix!")), TG_E_FULL);
    assert_true(look(&f.client, 2, &call));
    assert_seen(&call, 1, NEVER_S, TG_LIT("sixsix"));
    assert_int_equal(put(&f.client, 2, 2, NEVER_S, TG_LIT("equal6")), TG_OK);
    assert_int_equal(put(&f.client, 1, 2, NEVER_S, TG_LIT("two")), TG_OK);
    assert_int_equal(put(&f.client, 2, 3, NEVER_S, TG_LIT("sixsix!")), TG_OK);
    assert_int_equal(put(&f.client, 3, 1, NEVER_S, tg_bytes(NULL, 0)), TG_OK);
    assert_int_equal(put(&f.client, 4, 1, NEVER_S, TG_LIT("1")), TG_E_FULL);
    assert_stats(f.store, 3, 10);
    fixture_close(&f);
}

static void refused_change__does_not_affect_its_neighbours(void **state)
{
    struct tg_store_limits limits = { .live_max = 2 };
    struct fixture f;
    struct call calls[6];

    (void)state;
    fixture_open(&f, backend_now, &limits);
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        calls[i] = call_put(i + 1, NEVER_S, TG_LIT("x"));
        call_start(&f.client, i % 3, &calls[i]);
    }
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        call_finish(&f.client, &calls[i]);
        assert_int_equal(calls[i].err, i % 3 == 2 ? TG_E_FULL : TG_OK);
    }
    assert_stats(f.store, 2, 2);
    fixture_close(&f);
}

static void queue__holds_its_maximum_and_refuses_one_more_through_dispatch(void **state)
{
    enum { COUNT = TG_STORE_QUEUE_MAX + 2 };
    struct fixture *f = *state;
    struct client other;
    struct call *calls = calloc(COUNT, sizeof(*calls));
    struct call late = { .verdict = TG_STORE_KEEP };

    assert_non_null(calls);
    client_open(&other, f->store);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i].verdict = TG_STORE_KEEP;
        call_start(i % 2 == 0 ? &f->client : &other, i, &calls[i]);
        assert_int_equal(calls[i].done_count, 0);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(i % 2 == 0 ? &f->client : &other, &calls[i]);
        assert_int_equal(calls[i].err, i < TG_STORE_QUEUE_MAX ? TG_OK : TG_E_FULL);
        assert_true((calls[i].run_count > 0) == (i < TG_STORE_QUEUE_MAX));
    }
    call_start(&f->client, 1, &late);
    call_finish(&f->client, &late);
    assert_int_equal(late.err, TG_OK);
    client_close(&other);
    free(calls);
}

/* Otherwise a flood of changes would stop the sweep that makes room. */
static void sweep__with_a_full_queue__is_done(void **state)
{
    struct fixture *f = *state;
    struct call *calls = calloc(TG_STORE_QUEUE_MAX, sizeof(*calls));
    struct call swept = { .verdict = TG_STORE_KEEP };

    assert_non_null(calls);
    assert_int_equal(put(&f->client, 1, 1, 10, TG_LIT("x")), TG_OK);
    for (unsigned i = 0; i < TG_STORE_QUEUE_MAX; i++) {
        calls[i].verdict = TG_STORE_KEEP;
        call_start(&f->client, i, &calls[i]);
    }
    sweep_start(&f->client, 1000, 10, &swept);
    call_finish(&f->client, &swept);
    assert_int_equal(swept.err, TG_OK);
    assert_int_equal(swept.swept.removed_count, 1);
    for (unsigned i = 0; i < TG_STORE_QUEUE_MAX; i++) {
        call_finish(&f->client, &calls[i]);
    }
    assert_stats(f->store, 0, 0);
    free(calls);
}

/* Many devices try to become the recipient of one mailbox at the same time. */
struct contender {
    pthread_t thread;
    struct tg_store *store;
    pthread_barrier_t *start;
    unsigned name;
    struct tg_store_key key;
    bool has_won; /* in the last run of change() */
    bool is_done;
    enum tg_err err;
};

static enum tg_store_verdict contender_change(void *ctx, const struct tg_store_record *old,
                                              struct tg_store_next *next)
{
    struct contender *c = ctx;

    c->has_won = old != NULL && old->version == 1;
    if (!c->has_won) {
        return TG_STORE_KEEP;
    }
    next->record = (struct tg_store_record){ .version = 2,
                                             .expires_s = NEVER_S,
                                             .sealed = tg_bytes(&c->name, sizeof(c->name)) };
    return TG_STORE_PUT;
}

static void contender_done(void *ctx, enum tg_err err)
{
    struct contender *c = ctx;

    c->err = err;
    c->is_done = true;
}

static void *contender_main(void *arg)
{
    struct contender *c = arg;
    struct client client;

    client_open(&client, c->store);
    (void)pthread_barrier_wait(c->start);
    client.ops->apply(client.port, &c->key, contender_change, c, contender_done);
    while (!c->is_done) {
        client_wait(&client);
    }
    client_close(&client);
    return NULL;
}

/* spec-test: protocol/3#first-read-binds */
static void first_of_64_concurrent_binds__wins_alone(void **state)
{
    enum { COUNT = 64 };
    struct fixture *f = *state;
    unsigned round_count = f->backend->has_clock ? 1 : 10; /* a port is a connection there */
    struct contender *c = calloc(COUNT, sizeof(*c));
    struct call call;

    assert_non_null(c);
    for (unsigned round = 0; round < round_count; round++) {
        pthread_barrier_t start;
        unsigned winner = COUNT;

        (void)pthread_barrier_init(&start, NULL, COUNT);
        assert_int_equal(put(&f->client, round, 1, NEVER_S, TG_LIT("free")), TG_OK);
        for (unsigned i = 0; i < COUNT; i++) {
            c[i] = (struct contender){
                .store = f->store, .start = &start, .name = i, .key = key_of(round)
            };
            assert_int_equal(pthread_create(&c[i].thread, NULL, contender_main, &c[i]), 0);
        }
        for (unsigned i = 0; i < COUNT; i++) {
            assert_int_equal(pthread_join(c[i].thread, NULL), 0);
            assert_int_equal(c[i].err, TG_OK);
            if (c[i].has_won) {
                assert_int_equal(winner, COUNT);
                winner = i;
            }
        }
        assert_in_range(winner, 0, COUNT - 1);
        assert_true(look(&f->client, round, &call));
        assert_seen(&call, 2, NEVER_S, tg_bytes(&winner, sizeof(winner)));
        (void)pthread_barrier_destroy(&start);
    }
    free(c);
}

/* Several workers add to a few counters. No addition may be lost. */
struct adder {
    pthread_t thread;
    struct tg_store *store;
    unsigned left;
    unsigned in_flight;
    unsigned key_next;
};

static void adder_done(void *ctx, enum tg_err err)
{
    struct adder *a = ctx;

    assert_int_equal(err, TG_OK);
    a->in_flight--;
}

static void *adder_main(void *arg)
{
    struct adder *a = arg;
    struct client client;
    struct call seen;

    client_open(&client, a->store);
    while (a->left > 0 || a->in_flight > 0) {
        while (a->left > 0 && a->in_flight < 16) {
            struct tg_store_key key = key_of(a->key_next++ % 5);

            a->left--;
            a->in_flight++;
            client.ops->apply(client.port, &key, chain_change, a, adder_done);
        }
        (void)look(&client, a->left % 5, &seen);
        client_wait(&client);
    }
    client_close(&client);
    return NULL;
}

static void additions_of_many_workers__are_all_counted(void **state)
{
    enum { WORKERS = 6, EACH = 500 };
    struct fixture *f = *state;
    struct adder a[WORKERS];
    uint64_t sum = 0;

    for (unsigned i = 0; i < WORKERS; i++) {
        a[i] = (struct adder){ .store = f->store, .left = EACH, .key_next = i };
        assert_int_equal(pthread_create(&a[i].thread, NULL, adder_main, &a[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(a[i].thread, NULL), 0);
    }
    for (unsigned i = 0; i < 5; i++) {
        struct call call;

        assert_true(look(&f->client, i, &call));
        sum += call.seen.version;
    }
    assert_int_equal(sum, WORKERS * EACH);
    assert_stats(f->store, 5, 25);
}

static void close_and_detach__of_null__do_nothing(void **state)
{
    struct fixture *f = *state;
    struct tg_store *none = NULL;
    struct tg_store_port *no_port = NULL;

    f->client.ops->close(&none);
    f->client.ops->detach(&no_port);
    assert_null(none);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(change_without_record__sees_null_and_keep_writes_nothing),
        CASE(put__is_seen_by_read_and_next_change_with_version_and_expiration),
        CASE(put__over_a_record__replaces_all_of_it),
        CASE(remove__removes_the_record_and_does_nothing_twice),
        CASE(value_of_no_bytes__is_a_record),
        CASE(value_at_the_maximum__is_stored_and_one_more_byte_is_full),
        CASE(many_records__are_all_found),
        CASE(records_with_similar_keys__survive_the_removal_of_others),
        CASE(done__never_runs_before_dispatch),
        CASE(notify__is_called_once_for_several_completions),
        CASE(changes_of_one_port_on_one_key__keep_their_order),
        CASE(keep_after_a_put__sees_it),
        CASE(apply__inside_done__works),
        CASE(read__inside_found__does_not_change_the_outer_record),
        CASE(sweep__removes_what_is_due_and_nothing_a_second_later),
        CASE(sweep__with_a_maximum__takes_the_oldest_first),
        CASE(sweep__of_many__takes_exactly_the_maximum),
        CASE(put_that_moves_the_expiration__moves_the_sweep),
        CASE(removed_record__is_not_swept_again),
        cmocka_unit_test(record_limit__admits_n_and_refuses_one_more),
        cmocka_unit_test(byte_limit__admits_n_and_refuses_one_more),
        cmocka_unit_test(refused_change__does_not_affect_its_neighbours),
        CASE(queue__holds_its_maximum_and_refuses_one_more_through_dispatch),
        CASE(sweep__with_a_full_queue__is_done),
        CASE(first_of_64_concurrent_binds__wins_alone),
        CASE(additions_of_many_workers__are_all_counted),
        CASE(close_and_detach__of_null__do_nothing),
    };
    int failed = 0;

    for (size_t i = 0; i < backend_count; i++) {
        backend_now = &backends[i];
        failed += cmocka_run_group_tests_name(backends[i].name, tests, NULL, NULL);
    }
    return failed == 0 ? 0 : 1;
}
