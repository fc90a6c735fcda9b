/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the push processes, with a process that only waits for the end of its pair, and with
 * a time that the test chooses.
 */
#include "support/c/unit.h"
#include "unit/server/clock_fixture.h"

#include "server/pushlink/peer.h"

#include "base/mem.h"
#include "server/pushlink/now.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
    struct tg_store store;
    struct tg_config config;
    struct tg_metrics *metrics;
    struct tg_log log;
    struct tg_push_link_setup setup;
    struct tg_clock clock;
    struct tg_push_window window;
    struct tg_push_peers peers;
    uv_loop_t loop;
    char events[512]; /* names, a line each */
    size_t settled_count;
    unsigned spawn_count;
    bool spawn_fails;
    bool is_ready_at_once;
};

static struct world world; /* what the wrapped functions have no context for */

/* ---- the process ---- */

enum tg_err __wrap_tg_push_spawn(struct tg_push_child *out, const struct tg_config *config,
                                 struct tg_fault *fault);
enum tg_err __wrap_tg_push_spawn(struct tg_push_child *out, const struct tg_config *config,
                                 struct tg_fault *fault)
{
    int pair[2];
    char byte = 0;
    pid_t pid = 0;

    (void)config;
    (void)fault;
    world.spawn_count++;
    if (world.spawn_fails) {
        return TG_E_IO;
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(pair[0]);
        _exit(read(pair[1], &byte, 1) == 0 ? 0 : 1);
    }
    if (world.is_ready_at_once) {
        const struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_READY };
        struct tg_buf data;

        tg_buf_init(&data, TG_PUSH_IPC_MAX);
        assert_int_equal(tg_push_ipc_encode(&data, &msg), TG_OK);
        assert_int_equal(send(pair[1], data.ptr, data.len, 0), data.len);
        tg_buf_deinit(&data);
    }
    (void)close(pair[1]);
    *out = (struct tg_push_child){ .pid = pid, .fd = pair[0] };
    return TG_OK;
}

/* ---- the fixture ---- */

static void count_settle(struct tg_store_port *port, const struct tg_store_key *key,
                         uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                         tg_store_done_fn *done, void *ctx)
{
    (void)port;
    (void)key;
    (void)generation;
    (void)due_s;
    assert_int_equal(verdict, TG_OUTBOX_RETRY);
    world.settled_count++;
    done(ctx, TG_OK);
}

static const struct tg_store_ops store_ops = { .settle = count_settle };

static void keep_event(void *ctx, enum tg_log_level level, const char *name,
                       const struct tg_log_field *fields, size_t field_count)
{
    size_t len = strlen(world.events);

    (void)ctx;
    (void)level;
    (void)fields;
    (void)field_count;
    (void)snprintf(world.events + len, sizeof(world.events) - len, "%s\n", name);
}

static void ignore_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void ignore_reaped(void *ctx)
{
    (void)ctx;
}

static void init_world(struct world *w)
{
    const struct tg_push_settings settings = { .concurrency = 100, .request_timeout_s = 15 };
    struct tg_push_peers_setup setup = { .link = &w->setup,
                                         .window = &w->window,
                                         .loop = &w->loop,
                                         .on_poll = ignore_poll,
                                         .on_reaped = ignore_reaped };

    w->store.ops = &store_ops;
    w->log = (struct tg_log){ .write = keep_event, .ctx = w };
    assert_int_equal(tg_metrics_new(&w->metrics, 1), TG_OK);
    start_clock(&w->clock);
    w->setup = (struct tg_push_link_setup){ .config = &w->config,
                                            .store = &w->store,
                                            .clock = &w->clock,
                                            .metrics = tg_metrics_block(w->metrics, 0),
                                            .log = &w->log };
    tg_push_window_init(&w->window, &w->setup, &settings);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(tg_push_peers_init(&w->peers, &setup), TG_OK);
    w->is_ready_at_once = true;
}

static int setup(void **state)
{
    struct tg_fault fault = { { 0 } };

    memset(&world, 0, sizeof(world));
    init_world(&world);
    assert_int_equal(tg_push_peers_start(&world.peers, &fault), TG_OK);
    assert_true(atomic_load(&world.peers.is_up));
    world.events[0] = '\0';
    *state = &world;
    return 0;
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static int teardown(void **state)
{
    struct world *w = *state;

    tg_push_peers_end(&w->peers);
    while (w->peers.ending_count > 0) {
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    }
    uv_walk(&w->loop, close_handle, NULL);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    tg_push_window_deinit(&w->window);
    tg_metrics_free(&w->metrics);
    return 0;
}

/* Gives peer a job that was sent at this time. */
static void give_job(struct world *w, const struct tg_push_peer *peer, uint64_t mono_ms)
{
    struct tg_push_slot *slot = &w->window.slots[w->window.free_slots[--w->window.free_count]];

    slot->state = TG_SLOT_SENT;
    slot->holder = peer;
    slot->sent_mono_ms = mono_ms;
}

/* Runs the loop until count processes have been started. */
static void await_spawns(struct world *w, unsigned count)
{
    while (w->spawn_count < count) {
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    }
}

/* ---- the cases ---- */

static void check__no_fault__nothing_changes(void **state)
{
    struct world *w = *state;
    const struct tg_push_peer *current = w->peers.current;

    tg_push_peers_check(&w->peers, tg_push_now_ms() + 3600u * 1000u);
    assert_ptr_equal(w->peers.current, current);
    assert_string_equal(w->events, "");
    assert_int_equal(w->spawn_count, 1);
}

static void check__job_over_its_lease__process_killed_and_job_due(void **state)
{
    struct world *w = *state;
    uint64_t sent_ms = tg_push_now_ms();

    give_job(w, w->peers.current, sent_ms);
    tg_push_peers_check(&w->peers, sent_ms + w->window.lease_s * 1000u);
    assert_non_null(w->peers.current);
    tg_push_peers_check(&w->peers, sent_ms + w->window.lease_s * 1000u + 1);
    assert_null(w->peers.current);
    assert_false(atomic_load(&w->peers.is_up));
    assert_false(w->window.is_open);
    assert_string_equal(w->events, "push.process_stuck\n");
    assert_int_equal(w->settled_count, 1);
    await_spawns(w, 2);
    assert_non_null(w->peers.next);
}

static void check__reload_not_ready_in_time__old_process_stays(void **state)
{
    struct world *w = *state;
    const struct tg_push_peer *current = w->peers.current;
    uint64_t start_ms = 0;

    tg_push_peers_reload(&w->peers);
    assert_non_null(w->peers.next);
    start_ms = w->peers.next->since_mono_ms;
    tg_push_peers_check(&w->peers, start_ms + 10000);
    assert_non_null(w->peers.next);
    tg_push_peers_check(&w->peers, start_ms + 10001);
    assert_null(w->peers.next);
    assert_ptr_equal(w->peers.current, current);
    assert_true(atomic_load(&w->peers.is_up));
    assert_string_equal(w->events, "push.reload_failed\n");
    assert_int_equal(w->spawn_count, 2);
}

static void check__restarted_one_not_ready_in_time__killed_and_tried_again(void **state)
{
    struct world *w = *state;

    tg_push_peer_lose(w->peers.current, "push.process_ended");
    await_spawns(w, 2);
    tg_push_peers_check(&w->peers, w->peers.next->since_mono_ms + 10001);
    assert_null(w->peers.next);
    assert_string_equal(w->events, "push.process_ended\npush.process_not_ready\n");
    await_spawns(w, 3);
}

static void reload__old_one_with_jobs__ends_when_they_are_settled_or_late(void **state)
{
    struct world *w = *state;
    struct tg_push_peer *first = w->peers.current;
    uint64_t replaced_ms = 0;

    give_job(w, first, tg_push_now_ms());
    tg_push_peers_reload(&w->peers);
    tg_push_peer_take_over(w->peers.next);
    assert_string_equal(w->events, "push.reloaded\n");
    assert_ptr_equal(w->peers.old, first);
    replaced_ms = first->since_mono_ms;
    tg_push_peers_check(&w->peers, replaced_ms + 30000);
    assert_ptr_equal(w->peers.old, first);
    assert_int_equal(w->settled_count, 0);
    tg_push_peers_check(&w->peers, replaced_ms + 30001);
    assert_null(w->peers.old);
    assert_int_equal(w->settled_count, 1);

    tg_push_peers_reload(&w->peers);
    tg_push_peer_take_over(w->peers.next);
    tg_push_peers_check(&w->peers, tg_push_now_ms());
    assert_null(w->peers.old); /* it had no job */
}

static void reload__spawn_fails__old_process_stays(void **state)
{
    struct world *w = *state;

    w->spawn_fails = true;
    tg_push_peers_reload(&w->peers);
    assert_null(w->peers.next);
    assert_non_null(w->peers.current);
    assert_string_equal(w->events, "push.reload_failed\n");
}

static void lose__again_and_again__pauses_grow_to_the_maximum(void **state)
{
    struct world *w = *state;

    assert_int_equal(w->peers.backoff_ms, 100);
    tg_push_peer_lose(w->peers.current, "push.process_ended");
    assert_int_equal(w->peers.backoff_ms, 200);
    await_spawns(w, 2);
    w->peers.backoff_ms = 20000;
    tg_push_peer_lose(w->peers.next, "push.process_ended");
    assert_int_equal(w->peers.backoff_ms, 30000);
}

static void lose__after_it_was_steady__pause_is_short_again(void **state)
{
    struct world *w = *state;

    w->peers.backoff_ms = 20000;
    w->peers.current->since_mono_ms = tg_push_now_ms() - 30000;
    tg_push_peer_lose(w->peers.current, "push.process_ended");
    assert_int_equal(w->peers.backoff_ms, 200);
}

static void end__no_process_is_started_any_more(void **state)
{
    struct world *w = *state;

    give_job(w, w->peers.current, tg_push_now_ms());
    tg_push_peers_end(&w->peers);
    assert_null(w->peers.current);
    assert_int_equal(w->settled_count, 1);
    tg_push_peers_reload(&w->peers);
    assert_null(w->peers.next);
    assert_int_equal(w->spawn_count, 1);
    assert_int_equal(w->peers.ending_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(check__no_fault__nothing_changes),
        CASE(check__job_over_its_lease__process_killed_and_job_due),
        CASE(check__reload_not_ready_in_time__old_process_stays),
        CASE(check__restarted_one_not_ready_in_time__killed_and_tried_again),
        CASE(reload__old_one_with_jobs__ends_when_they_are_settled_or_late),
        CASE(reload__spawn_fails__old_process_stays),
        CASE(lose__again_and_again__pauses_grow_to_the_maximum),
        CASE(lose__after_it_was_steady__pause_is_short_again),
        CASE(end__no_process_is_started_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
