/* SPDX-License-Identifier: Apache-2.0 */
/* The window on a store that only records its calls; the test makes the outcomes. */
#include "support/c/unit.h"
#include "unit/server/clock_fixture.h"

#include "server/pushlink/window.h"

#include "push/provider.h"

#include <string.h>

static bool takes_all(struct tg_bytes token_data)
{
    return token_data.len > 0;
}

static const struct tg_push_provider_ops fake_ops = { .takes_token = takes_all };

const struct tg_push_provider_row tg_push_providers[TG_PUSH_COUNT] = {
    [TG_PUSH_APNS] = { "com.apple.apns", "apns", &fake_ops },
    [TG_PUSH_FCM] = { "com.google.fcm", "fcm", &fake_ops },
    [TG_PUSH_WEBPUSH] = { "org.w3.webpush", "webpush", &fake_ops },
    [TG_PUSH_WEBHOOK] = { "webhook", "webhook", &fake_ops },
};

#define NOW_S 1893456000

struct world {
    struct tg_store store;
    struct tg_push_window window;
    struct tg_clock clock;
    struct tg_metrics *metrics;
    size_t asked; /* entries of the open lease; 0: none is open */
    int64_t until_s;
    tg_store_leased_fn *leased;
    size_t settled_count;
    enum tg_outbox_verdict verdict; /* of the last */
    int64_t due_s;
    int64_t expires_s; /* of the entries of the next lease */
    struct tg_push_slot *unsettled[TG_PUSH_WINDOW];
    size_t unsettled_count;
    tg_store_done_fn *done;
};

static struct world world; /* what the store's functions have no context for */

static void record_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s,
                         size_t max_count, tg_store_leased_fn *leased, void *ctx)
{
    (void)port;
    (void)now_s;
    (void)ctx;
    assert_int_equal(world.asked, 0);
    world.asked = max_count;
    world.until_s = until_s;
    world.leased = leased;
}

static void record_settle(struct tg_store_port *port, const struct tg_store_key *key,
                          uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                          tg_store_done_fn *done, void *ctx)
{
    (void)port;
    (void)key;
    (void)generation;
    world.settled_count++;
    world.due_s = due_s;
    world.verdict = verdict;
    world.done = done;
    world.unsettled[world.unsettled_count++] = ctx;
}

static const struct tg_store_ops store_ops = { .lease = record_lease, .settle = record_settle };

static enum tg_err open_plain(void *ctx, struct tg_push_ipc_job *out, struct tg_buf *scratch,
                              const struct tg_outbox_entry *entry)
{
    (void)ctx;
    (void)scratch;
    *out = (struct tg_push_ipc_job){ .token_type = TG_LIT("com.apple.apns"),
                                     .token_data = entry->sealed };
    return TG_OK;
}

static int setup(void **state)
{
    struct tg_push_link_setup setup = { .store = &world.store,
                                        .clock = &world.clock,
                                        .open = open_plain };
    const struct tg_push_settings settings = { .apns_key = "/k",
                                               .concurrency = 100,
                                               .request_timeout_s = 15 };

    memset(&world, 0, sizeof(world));
    world.store.ops = &store_ops;
    world.expires_s = 4000000000;
    start_clock(&world.clock);
    assert_int_equal(tg_metrics_new(&world.metrics, 1), TG_OK);
    setup.metrics = tg_metrics_block(world.metrics, 0);
    tg_push_window_init(&world.window, &setup, &settings);
    world.window.is_open = true;
    *state = &world.window;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tg_push_window_deinit(&world.window);
    tg_metrics_free(&world.metrics);
    return 0;
}

/* Answers the open lease with as many entries as it asked for. More are due. */
static size_t answer_lease(void)
{
    static struct tg_outbox_entry entries[TG_PUSH_BATCH];
    size_t count = world.asked;

    assert_true(count <= TG_PUSH_BATCH);
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct tg_outbox_entry){ .generation = i + 1,
                                               .expires_s = world.expires_s,
                                               .sealed = TG_LIT("token") };
    }
    world.asked = 0;
    world.leased(&world.window, TG_OK, entries, count, 0);
    return count;
}

static void finish_settles(void)
{
    while (world.unsettled_count > 0) {
        world.done(world.unsettled[--world.unsettled_count], TG_OK);
    }
}

static struct tg_push_ipc_outcome outcome_of(const struct tg_push_slot *slot,
                                             enum tg_push_result result)
{
    return (struct tg_push_ipc_outcome){ .id = slot->id, .result = result };
}

/* Sends all waiting messages, and gives each this outcome. */
static void answer_all(enum tg_push_result result)
{
    struct tg_push_window *w = &world.window;
    struct tg_push_slot *slot = NULL;

    while ((slot = tg_push_window_next(w)) != NULL) {
        struct tg_push_ipc_outcome outcome = outcome_of(slot, result);

        tg_push_window_sent(w, w, 1);
        assert_true(tg_push_window_settle(w, w, &outcome));
    }
    finish_settles();
}

/* Leases until the window asks for no entry. Returns the number of entries. */
static size_t lease_all(enum tg_push_result result)
{
    size_t count = 0;

    while (tg_push_window_lease(&world.window, NOW_S), world.asked > 0 && count < 100000) {
        count += answer_lease();
        answer_all(result);
    }
    return count;
}

static void lease__all_postponed__one_window_a_tick(void **state)
{
    struct tg_push_window *w = *state;

    assert_int_equal(lease_all(TG_PUSH_RESULT_RETRY), TG_PUSH_WINDOW);
    tg_push_window_lease(w, NOW_S);
    assert_int_equal(world.asked, 0);
    tg_push_window_tick(w);
    assert_int_equal(lease_all(TG_PUSH_RESULT_RETRY), TG_PUSH_WINDOW);
}

static void lease__pushes_finished__continues_without_a_tick(void **state)
{
    (void)state;
    assert_true(lease_all(TG_PUSH_RESULT_TAKEN) >= 100000);
}

/* Expired by the time of the push process, but not by both times of the relay. */
static void lease__expiration_disputed__kept_and_not_sent(void **state)
{
    struct tg_push_window *w = *state;
    int64_t now_s = tg_clock_keep(&world.clock).mark_s;

    world.expires_s = now_s - 1;
    tg_push_window_lease(w, NOW_S);
    assert_int_equal(answer_lease(), TG_PUSH_BATCH);
    assert_null(tg_push_window_next(w));
    assert_int_equal(world.settled_count, TG_PUSH_BATCH);
    assert_int_equal(world.verdict, TG_OUTBOX_RETRY);
    assert_int_equal(world.due_s, now_s - 2); /* before it is removed as expired */
    finish_settles();
}

/* Only the wait of an outcome counts. */
static void settle__postponed__due_after_the_wait(void **state)
{
    struct tg_push_window *w = *state;
    struct tg_push_ipc_outcome outcome;
    int64_t now_s = tg_clock_keep(&world.clock).mark_s;

    /* The time by which entries are due is ahead of the believed one. */
    atomic_store(&world.clock.used_s, now_s + 3600);
    tg_push_window_lease(w, NOW_S);
    (void)answer_lease();
    outcome = outcome_of(tg_push_window_next(w), TG_PUSH_RESULT_RETRY);
    outcome.retry_at_s = now_s + 600;
    tg_push_window_sent(w, w, 1);
    assert_true(tg_push_window_settle(w, w, &outcome));
    assert_in_range(world.due_s, now_s + 3600 + 540, now_s + 3600 + 600);
    finish_settles();
    tg_push_window_release(w, NULL, NOW_S);
    finish_settles();
}

static void lease__no_process_or_messages_wait__not_requested(void **state)
{
    struct tg_push_window *w = *state;

    w->is_open = false;
    tg_push_window_lease(w, NOW_S);
    assert_int_equal(world.asked, 0);
    w->is_open = true;
    tg_push_window_lease(w, NOW_S);
    assert_int_equal(world.asked, TG_PUSH_BATCH);
    /* Eleven rounds of a hundred requests and one more round, each request sent twice. */
    assert_int_equal(world.until_s - NOW_S, 2 * 15 * (2 + 10));
    (void)answer_lease();
    tg_push_window_lease(w, NOW_S);
    assert_int_equal(world.asked, 0);
    assert_false(tg_push_window_is_idle(w));
    tg_push_window_release(w, NULL, NOW_S);
    assert_int_equal(world.settled_count, TG_PUSH_BATCH);
    assert_int_equal(world.verdict, TG_OUTBOX_RETRY);
    finish_settles();
    assert_true(tg_push_window_is_idle(w));
}

static void lease__no_outcomes__at_most_the_window(void **state)
{
    struct tg_push_window *w = *state;
    size_t count = 0;

    while (tg_push_window_lease(w, NOW_S), world.asked > 0) {
        count += answer_lease();
        while (tg_push_window_next(w) != NULL) {
            tg_push_window_sent(w, w, 1000);
        }
        tg_push_window_tick(w);
    }
    assert_int_equal(count, TG_PUSH_WINDOW);
    assert_int_equal(tg_push_window_held(w, w), TG_PUSH_WINDOW);
    assert_false(tg_push_window_is_stuck(w, w, 1000 + w->lease_s * 1000));
    assert_true(tg_push_window_is_stuck(w, w, 1001 + w->lease_s * 1000));
    assert_false(tg_push_window_is_stuck(w, &world, 1001 + w->lease_s * 1000));
    tg_push_window_release(w, w, NOW_S);
    finish_settles();
    assert_true(tg_push_window_is_idle(w));
}

static void settle__not_its_job_or_twice__refused(void **state)
{
    struct tg_push_window *w = *state;
    struct tg_push_ipc_outcome outcome = { .id = 0 };

    tg_push_window_lease(w, NOW_S);
    (void)answer_lease();
    outcome = outcome_of(tg_push_window_next(w), TG_PUSH_RESULT_DROPPED);
    assert_false(tg_push_window_settle(w, w, &outcome)); /* not sent yet */
    tg_push_window_sent(w, w, 1);
    assert_false(tg_push_window_settle(w, &world, &outcome));
    outcome.id += TG_PUSH_WINDOW;
    assert_false(tg_push_window_settle(w, w, &outcome));
    outcome.id -= TG_PUSH_WINDOW;
    assert_int_equal(world.settled_count, 0);
    assert_true(tg_push_window_settle(w, w, &outcome));
    assert_int_equal(world.verdict, TG_OUTBOX_BLOCK);
    assert_false(tg_push_window_settle(w, w, &outcome));
    assert_int_equal(world.settled_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(lease__all_postponed__one_window_a_tick),
        CASE(lease__pushes_finished__continues_without_a_tick),
        CASE(lease__expiration_disputed__kept_and_not_sent),
        CASE(settle__postponed__due_after_the_wait),
        CASE(lease__no_process_or_messages_wait__not_requested),
        CASE(lease__no_outcomes__at_most_the_window),
        CASE(settle__not_its_job_or_twice__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
