/* SPDX-License-Identifier: Apache-2.0 */
/* A store that fails, and a drain that ends with something open. */
#include "worker_fixture.h"

#include <string.h>

#include <unistd.h>

/* ---- a store that fails ---- */

/* The memory store with an apply that fails, or that never answers. */
static struct tg_store_ops troubled;
static const struct tg_store_ops *sound;
static atomic_bool is_holding;
static struct {
    struct tg_store_port *port;
    struct tg_store_key key;
    tg_store_change_fn *change;
    void *ctx;
    tg_store_done_fn *done;
} held;

static void failing_apply(struct tg_store_port *port, const struct tg_store_key *key,
                          tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    (void)port;
    (void)key;
    (void)change;
    done(ctx, TG_E_STORE);
}

static void holding_apply(struct tg_store_port *port, const struct tg_store_key *key,
                          tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    if (!atomic_load(&is_holding)) {
        sound->apply(port, key, change, ctx, done);
        return;
    }
    held.port = port;
    held.key = *key;
    held.change = change;
    held.ctx = ctx;
    held.done = done;
}

static void trouble(struct fixture *f,
                    void (*apply)(struct tg_store_port *, const struct tg_store_key *,
                                  tg_store_change_fn *, void *, tg_store_done_fn *))
{
    sound = f->shared.store->ops;
    troubled = *sound;
    troubled.apply = apply;
    f->shared.store->ops = &troubled;
}

static void readyz__store_fails__503(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    trouble(f, failing_apply);
    start(f);
    fd = dial(f->admin_port);
    say(fd, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 503));
    assert_non_null(strstr(f->reply, "retry-after: "));
    say(fd, "GET /metrics HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 200));
    assert_non_null(strstr(f->reply, "tigress_store_ready 0"));
    (void)close(fd);
    fixture_free(f);
}

/* Clients cannot choose the worker that serves them. */
static void readyz__one_worker_without_the_store__503(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->admin_port);
    (void)atomic_fetch_sub(&f->shared.serving_count, 1);
    say(fd, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 503));
    assert_non_null(strstr(f->reply, "not open yet"));
    say(fd, "GET /metrics HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 200));
    assert_non_null(strstr(f->reply, "tigress_store_ready 0"));
    (void)atomic_fetch_add(&f->shared.serving_count, 1);
    say(fd, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 200));
    (void)close(fd);
    fixture_free(f);
}

static void readyz__store_at_its_limit__200_because_existing_mailboxes_work(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fd = -1;
    int admin = -1;

    (void)state;
    f->shared.store->ops->close(&f->shared.store);
    f->config->store_limits.live_max = 1;
    assert_int_equal(tg_store_mem_open(&f->shared.store, &f->config->store_limits), TG_OK);
    start(f);
    fd = dial(f->port);
    create(f, fd, path);
    admin = dial(f->admin_port);
    say(admin, "GET /readyz HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, admin), 200));
    assert_non_null(strstr(f->reply, "full"));
    request(fd, "POST", path, CLAIM_B, "read", "", "");
    assert_true(is_status(hear(f, fd), 200));
    (void)close(fd);
    (void)close(admin);
    fixture_free(f);
}

/* ---- the drain timeout ---- */

static void join_workers(struct fixture *f)
{
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(f->threads[i], NULL), 0);
    }
    f->is_joined = true;
}

static void drain__connection_open_at_the_timeout__closed_and_reported(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    f->config->drain_timeout_s = 1;
    start(f);
    fd = dial(f->port);
    say(fd, "POST /v1/m HTTP/1.1\r\nHost: r\r\nContent-Length: 10\r\n"
            "Expect: 100-continue\r\n\r\n");
    assert_true(is_status(hear(f, fd), 100)); /* the head has been read */
    order_drain(f);
    join_workers(f);
    assert_true(f->shared.workers[0].has_cut_connections !=
                f->shared.workers[1].has_cut_connections);
    assert_true(is_closed(fd));
    (void)close(fd);
    fixture_free(f);
}

static void drain__nothing_open_at_the_timeout__not_reported(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    start(f);
    fd = dial(f->port);
    say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    order_drain(f);
    join_workers(f);
    assert_false(f->shared.workers[0].has_cut_connections ||
                 f->shared.workers[1].has_cut_connections);
    (void)close(fd);
    fixture_free(f);
}

static void drain__store_never_answers__failed_and_no_memory_freed(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fd = -1;

    (void)state;
    f->config->drain_timeout_s = 1;
    trouble(f, holding_apply);
    start(f);
    fd = dial(f->port);
    create(f, fd, path);
    atomic_store(&is_holding, true);
    request(fd, "DELETE", path, CLAIM_A, "delete", "", "");
    await_gauge(f, TG_GAUGE_REQUESTS, 1);
    order_drain(f);
    join_workers(f);
    assert_true(is_closed(fd));
    assert_true(f->shared.workers[0].has_failed != f->shared.workers[1].has_failed);
    for (size_t i = 0; i < WORKERS; i++) {
        struct tg_worker *w = &f->shared.workers[i];

        if (w->has_failed) {
            tg_worker_deinit(w); /* does nothing: the change may still be applied */
            assert_int_equal(tg_relay_in_flight(w->relay), 1);
            sound->apply(held.port, &held.key, held.change, held.ctx, held.done);
            sound->dispatch(held.port);
            assert_int_equal(tg_relay_in_flight(w->relay), 0);
            w->has_failed = false;
        }
    }
    atomic_store(&is_holding, false);
    (void)close(fd);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readyz__store_fails__503),
        cmocka_unit_test(readyz__one_worker_without_the_store__503),
        cmocka_unit_test(readyz__store_at_its_limit__200_because_existing_mailboxes_work),
        cmocka_unit_test(drain__connection_open_at_the_timeout__closed_and_reported),
        cmocka_unit_test(drain__nothing_open_at_the_timeout__not_reported),
        cmocka_unit_test(drain__store_never_answers__failed_and_no_memory_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
