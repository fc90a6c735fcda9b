/* SPDX-License-Identifier: Apache-2.0 */
/* What every backend with a queue keeps of shares: one with many operations does not keep those of
   others waiting. */
#include "contract_support.h"

#define MANY 100u
#define OTHERS 3u
#define BATCH 64u /* more than any backend has in front of the first operation of another share */

/* The changes in the order in which they ran. */
static struct {
    unsigned keys[4 * MANY];
    size_t count;
} ran;

struct step {
    unsigned key;
    unsigned done_count;
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
    ((struct step *)ctx)->done_count++;
}

static void start(struct client *c, struct step *step, uint16_t share, unsigned number)
{
    struct tg_store_key key = key_of(number);

    step->key = number;
    c->ops->share(c->port, share);
    c->ops->apply(c->port, &key, step_change, step, step_done);
    c->ops->share(c->port, 0);
}

/* While nothing runs: one network with many changes, then others with one each. */
static void start_all(struct client *c, struct step *steps)
{
    for (unsigned i = 0; i < MANY; i++) {
        start(c, &steps[i], 1, i);
    }
    start(c, &steps[MANY], 2, 1000);
    start(c, &steps[MANY + 1], 3, 1001);
    start(c, &steps[MANY + 2], 0, 1002); /* of the relay itself */
}

/* A group has the queues of its parts. */
static const struct backend *with_one_queue(void)
{
    for (size_t i = 0; i < backend_count; i++) {
        if (!backends[i].is_immediate && !backends[i].has_parts) {
            return &backends[i];
        }
    }
    fail();
    return NULL;
}

/* A store of several passes the share on, or all of its operations were of one. */
static void share__of_every_store_with_queues__is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < backend_count; i++) {
        struct fixture f;

        fixture_open(&f, &backends[i], NULL);
        assert_int_equal(f.client.ops->share == NULL, backends[i].is_immediate);
        fixture_close(&f);
    }
}

/* spec-test: protocol/3#shares-of-the-store */
static void shares__one_with_many_changes__others_are_among_the_first(void **state)
{
    static struct step steps[MANY + OTHERS];
    const struct backend *backend = with_one_queue();
    struct fixture f;
    struct stopper stopper;

    (void)state;
    memset(&ran, 0, sizeof(ran));
    fixture_open(&f, backend, NULL);
    if (backend->is_on_loop) {
        start_all(&f.client, steps);
    } else {
        stopper_start(&stopper, &f.client);
        start_all(&f.client, steps);
        stopper_release(&stopper, &f.client);
    }
    for (size_t i = 0; i < TG_COUNT(steps); i++) {
        while (steps[i].done_count == 0) {
            client_wait(&f.client);
        }
        assert_int_equal(steps[i].done_count, 1);
    }
    assert_int_equal(ran.count, TG_COUNT(steps));
    for (unsigned other = 0; other < OTHERS; other++) {
        size_t at = 0;

        while (ran.keys[at] != 1000 + other) {
            at++;
        }
        assert_true(at < BATCH);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share__of_every_store_with_queues__is_there),
        cmocka_unit_test(shares__one_with_many_changes__others_are_among_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
