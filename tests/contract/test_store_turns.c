/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which the writer of the embedded store takes the changes of several networks, and
   how much of them is in one commit. */
#include "contract_support.h"

#define MANY 100u
#define NEVER_S INT64_C(4000000000)
#define LARGE_LEN 65536u

/* The changes in the order in which they ran. */
static struct {
    unsigned keys[4 * MANY];
    size_t count;
} ran;

struct step {
    unsigned key;
    bool is_done;
};

static enum tg_store_verdict step_change(void *ctx, const struct tg_store_record *old,
                                         struct tg_store_next *next)
{
    const struct step *step = ctx;

    (void)old;
    (void)next;
    assert_true(ran.count < TG_COUNT(ran.keys));
    ran.keys[ran.count++] = step->key;
    return TG_STORE_KEEP;
}

static void step_done(void *ctx, enum tg_err err)
{
    assert_int_equal(err, TG_OK);
    ((struct step *)ctx)->is_done = true;
}

static int setup(void **state)
{
    static struct fixture f;

    memset(&ran, 0, sizeof(ran));
    fixture_open(&f, &backends[1], NULL);
    assert_string_equal(f.backend->name, "lmdb");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static void start(struct client *c, struct step *step, uint16_t share, unsigned number)
{
    struct tg_store_key key = key_of(number);

    step->key = number;
    c->ops->share(c->port, share);
    c->ops->apply(c->port, &key, step_change, step, step_done);
    c->ops->share(c->port, 0);
}

static void finish(struct client *c, struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (!steps[i].is_done) {
            client_wait(c);
        }
    }
}

static void shares__one_with_many_changes__others_wait_for_one_each(void **state)
{
    static struct step steps[MANY + 4];
    struct fixture *f = *state;
    struct stopper stopper;

    memset(steps, 0, sizeof(steps));
    stopper_start(&stopper, &f->client);
    for (unsigned i = 0; i < MANY; i++) {
        start(&f->client, &steps[i], 1, i);
    }
    start(&f->client, &steps[MANY], 2, 1000);
    start(&f->client, &steps[MANY + 1], 3, 1001);
    start(&f->client, &steps[MANY + 2], 2, 1002);
    start(&f->client, &steps[MANY + 3], 0, 1003); /* of the relay itself */
    stopper_release(&stopper, &f->client);
    finish(&f->client, steps, TG_COUNT(steps));
    assert_int_equal(ran.count, TG_COUNT(steps));
    static const unsigned first[] = { 0, 1000, 1001, 1003, 1, 1002, 2, 3 };
    for (size_t i = 0; i < TG_COUNT(first); i++) {
        assert_int_equal(ran.keys[i], first[i]);
    }
    for (size_t i = TG_COUNT(first); i < ran.count; i++) {
        assert_int_equal(ran.keys[i], i - 4); /* one share keeps its order */
    }
}

static void share__of_later_operations__as_at_the_start(void **state)
{
    static struct step steps[3];
    struct fixture *f = *state;
    struct stopper stopper;

    memset(steps, 0, sizeof(steps));
    stopper_start(&stopper, &f->client);
    start(&f->client, &steps[0], 7, 0);
    start(&f->client, &steps[1], 7, 1);
    start(&f->client, &steps[2], 7 + 1024, 2); /* beyond the number of shares: the same one */
    stopper_release(&stopper, &f->client);
    finish(&f->client, steps, TG_COUNT(steps));
    for (unsigned i = 0; i < TG_COUNT(steps); i++) {
        assert_int_equal(ran.keys[i], i);
    }
}

static uint64_t commits(const struct fixture *f)
{
    struct tg_store_stats stats;

    f->store->ops->stats(f->store, &stats);
    return stats.commit_count;
}

/* A commit of all of them would keep what comes meanwhile waiting. */
static void large_records__together__in_several_commits(void **state)
{
    static uint8_t large[LARGE_LEN];
    static struct call calls[32];
    struct fixture *f = *state;
    struct stopper stopper;
    uint64_t before = commits(f);

    stopper_start(&stopper, &f->client);
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        calls[i] = call_put(1, NEVER_S, tg_bytes(large, sizeof(large)));
        call_start(&f->client, i, &calls[i]);
    }
    stopper_release(&stopper, &f->client);
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
    }
    assert_int_equal(commits(f) - before, 4); /* 512 KiB each */
    assert_stats(f->store, TG_COUNT(calls), TG_COUNT(calls) * (uint64_t)LARGE_LEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shares__one_with_many_changes__others_wait_for_one_each),
        TEST(share__of_later_operations__as_at_the_start),
        TEST(large_records__together__in_several_commits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
