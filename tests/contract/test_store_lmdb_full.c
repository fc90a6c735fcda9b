/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store with a full map and large batches, and misuse of its ports. */
#include "lmdb_support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb/writer.h"

/* A store that is nearly full has no room for notes, but changes still succeed. */
static void full_map__leaves_out_notes(void **state)
{
    enum { COUNT = 300 };
    struct fixture *f = *state;
    uint8_t *sealed = calloc(1, TG_OUTBOX_SEALED_MAX);
    struct tg_store_stats stats;

    assert_non_null(sealed);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(
        tg_store_lmdb_open_sized(&f->store, f->dir, &f->limits, NULL, 1024 * 1024, NULL), TG_OK);
    client_open(&f->client, f->store);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(tell(&f->client, i, 100, 5000, tg_bytes(sealed, TG_OUTBOX_SEALED_MAX)),
                         TG_OK);
    }
    f->store->ops->stats(f->store, &stats);
    assert_in_range(stats.outbox_count, 10, 1024 * 1024 / TG_OUTBOX_SEALED_MAX);
    assert_stats(f->store, 1, 1);
    assert_int_equal(sweep(&f->client, 5000, 1000), 0);
    assert_outbox(f->store, 0);
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    free(sealed);
}

static void full_map__refuses_what_does_not_fit_and_affects_nothing_else(void **state)
{
    enum { COUNT = 600, VALUE = 3000 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));
    uint8_t *value = calloc(1, VALUE);
    unsigned kept_count = 0;
    unsigned small_count = 0;
    struct call seen;

    assert_non_null(calls);
    assert_non_null(value);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(
        tg_store_lmdb_open_sized(&f->store, f->dir, &f->limits, NULL, 1024 * 1024, NULL), TG_OK);
    client_open(&f->client, f->store);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(i + 1, 1000, tg_bytes(value, VALUE));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
        assert_true(calls[i].err == TG_OK || calls[i].err == TG_E_FULL);
        assert_int_equal(look(&f->client, i, &seen), calls[i].err == TG_OK);
        kept_count += calls[i].err == TG_OK ? 1 : 0;
    }
    /* A quarter of the map stays free, so that removing always has pages. */
    assert_in_range(kept_count, 50, 1024 * 1024 / 4 * 3 / (2 * VALUE));
    assert_stats(f->store, kept_count, (uint64_t)kept_count * VALUE);
    /* Filled one record at a time until full. Removing must still work and make room. */
    for (unsigned i = 0; put(&f->client, COUNT + 1 + i, 1, NEVER_S, TG_LIT("")) == TG_OK; i++) {
        small_count++;
    }
    assert_int_equal(put(&f->client, 0, 9, 2000, tg_bytes(value, VALUE + 1)), TG_E_FULL);
    assert_int_equal(sweep(&f->client, 1000, kept_count / 2), kept_count / 2);
    for (unsigned i = 0; i < small_count; i += 2) {
        assert_int_equal(drop(&f->client, COUNT + 1 + i), TG_OK);
    }
    for (unsigned i = 1; i < small_count; i += 2) {
        assert_int_equal(drop(&f->client, COUNT + 1 + i), TG_OK);
    }
    assert_int_equal(put(&f->client, COUNT, 1, NEVER_S, tg_bytes(value, VALUE)), TG_OK);
    assert_stats(f->store, kept_count - kept_count / 2 + 1,
                 (uint64_t)(kept_count - kept_count / 2 + 1) * VALUE);
    free(value);
    free(calls);
}

/* One commit has at most 16 MiB. More queued bytes are several commits, not a failure. */
static void large_batch__is_stored_completely(void **state)
{
    enum { COUNT = 300 };
    struct fixture *f = *state;
    struct call *calls = calloc(COUNT, sizeof(*calls));
    uint8_t *value = calloc(1, TG_STORE_VALUE_MAX);

    assert_non_null(calls);
    assert_non_null(value);
    for (unsigned i = 0; i < COUNT; i++) {
        calls[i] = call_put(1, 1000, tg_bytes(value, TG_STORE_VALUE_MAX));
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
    }
    assert_stats(f->store, COUNT, (uint64_t)COUNT * TG_STORE_VALUE_MAX);
    assert_int_equal(sweep(&f->client, 1000, COUNT), COUNT);
    free(value);
    free(calls);
}

/* Runs misuse in a child and returns the signal that ended it. */
static int misuse_signal(const struct fixture *f,
                         void (*misuse)(struct client *c, struct tg_store *store))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct tg_store *store = NULL;
        struct client c;
        int null_fd = open("/dev/null", O_WRONLY);

        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(null_fd, STDERR_FILENO);
        if (f->backend->open(&store, f->dir, &f->limits) == TG_OK) {
            client_open(&c, store);
            misuse(&c, store);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void misuse_detach(struct client *c, struct tg_store *store)
{
    static struct call call;

    (void)store;
    call.verdict = TG_STORE_KEEP;
    call_start(c, 1, &call);
    c->ops->detach(&c->port);
}

static void misuse_close(struct client *c, struct tg_store *store)
{
    c->ops->close(&store);
}

static void misuse_none(struct client *c, struct tg_store *store)
{
    client_close(c);
    c->ops->close(&store);
}

static void detach_in_flight_and_close_with_a_port__abort(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    assert_int_equal(misuse_signal(&f, misuse_none), 0);
    assert_int_equal(misuse_signal(&f, misuse_detach), SIGABRT);
    assert_int_equal(misuse_signal(&f, misuse_close), SIGABRT);
    folder_remove(f.folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(full_map__leaves_out_notes),
        CASE(full_map__refuses_what_does_not_fit_and_affects_nothing_else),
        CASE(large_batch__is_stored_completely),
        cmocka_unit_test(detach_in_flight_and_close_with_a_port__abort),
    };

    return cmocka_run_group_tests_name("lmdb_full", tests, NULL, NULL);
}
