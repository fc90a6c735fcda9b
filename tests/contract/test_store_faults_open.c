/* SPDX-License-Identifier: Apache-2.0 */
/* Stores that are opened and ports that are attached while LMDB, memory, the file system or threads
 * fail. */
#include "fault_support.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Fails call n of one kind while a store is opened, for each n until opening succeeds. */
static void assert_open_survives(struct failing *failing, int code, enum tg_err expected,
                                 int count_min)
{
    struct tg_store_limits limits = { .live_max = 0 };
    int failures = 0;

    for (bool is_open = false; !is_open;) {
        struct tg_store *store = NULL;
        char folder[64];
        char dir[80];
        struct client c;

        folder_make(folder, sizeof(folder));
        (void)snprintf(dir, sizeof(dir), "%s/db", folder);
        fail_set(failing, failures + 1, 1, code);
        enum tg_err err = fault_lmdb.open(&store, dir, &limits);

        is_open = err == TG_OK;
        fail_none();
        if (!is_open) {
            failures++;
            assert_int_equal(err, expected);
            assert_null(store);
            assert_int_equal(fault_lmdb.open(&store, dir, &limits), TG_OK); /* no lock is left */
        }
        client_open(&c, store);
        assert_int_equal(put(&c, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
        client_close(&c);
        store->ops->close(&store);
        folder_remove(folder);
    }
    assert_in_range(failures, count_min, 100);
}

static void open__with_any_call_failing__leaves_nothing_behind(void **state)
{
    (void)state;
    fail_none();
    assert_open_survives(&fail_calloc, 0, TG_E_NOMEM, 1);
    assert_open_survives(&fail_thread, 0, TG_E_NOMEM, 1);
    assert_open_survives(&fail_fsync, 0, TG_E_IO, 2);
    assert_open_survives(&fail_begin, ENOMEM, TG_E_IO, 1);
    assert_open_survives(&fail_commit, EIO, TG_E_IO, 1);
    assert_open_survives(&fail_put, EIO, TG_E_IO, 2);
}

static void attach__with_any_call_failing__leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct tg_store_port *port = NULL;
    int n = 0;

    fail_set(&fail_begin, 1, 1, MDB_READERS_FULL);
    assert_int_equal(f->client.ops->attach(f->store, NULL, NULL, &port), TG_E_STORE);
    assert_null(port);
    for (n = 1; port == NULL; n++) {
        fail_set(&fail_calloc, n, 1, 0);
        enum tg_err err = f->client.ops->attach(f->store, NULL, NULL, &port);

        assert_int_equal(err, port == NULL ? TG_E_NOMEM : TG_OK);
        assert_in_range(n, 1, 100);
    }
    fail_none();
    assert_in_range(n, 10, 100);
    f->client.ops->detach(&port);
}

static void memory_store__with_any_allocation_failing__refuses_cleanly(void **state)
{
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    struct client c;
    unsigned refused_count = 0;
    struct call seen;

    (void)state;
    fail_none();
    for (int n = 1; store == NULL; n++) {
        fail_set(&fail_calloc, n, 1, 0);
        enum tg_err err = tg_store_mem_open(&store, &limits);

        assert_int_equal(err, store == NULL ? TG_E_NOMEM : TG_OK);
    }
    fail_none();
    client_open(&c, store);
    for (unsigned i = 0; i < 300; i++) {
        fail_set(&fail_calloc, 1 + (int)(i % 4), 1, 0);
        enum tg_err err = put(&c, i, 1, NEVER_S, TG_LIT("x"));

        fail_none();
        assert_true(err == TG_OK || err == TG_E_FULL);
        assert_int_equal(look(&c, i, &seen), err == TG_OK);
        refused_count += err == TG_OK ? 0 : 1;
    }
    assert_in_range(refused_count, 75, 299);
    assert_stats(store, 300 - refused_count, 300 - refused_count);
    fail_set(&fail_calloc, 1, 1, 0); /* a sweep needs no memory: its operation is a spare block */
    struct call swept = { .verdict = TG_STORE_KEEP };

    sweep_start(&c, NEVER_S, 10, &swept);
    call_finish(&c, &swept);
    fail_none();
    assert_int_equal(swept.err, TG_OK);
    assert_int_equal(swept.swept.removed_count, 10);
    assert_stats(store, 290 - refused_count, 290 - refused_count);
    client_close(&c);
    store->ops->close(&store);
}

static void network_file_system__is_refused_with_the_reason(void **state)
{
    static const long types[] = {
        0x6969, 0xFF534D42, 0xFE534D42, 0x01021997, 0x5346414F, 0x00C36400
    };
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    char folder[64];

    (void)state;
    fail_none();
    folder_make(folder, sizeof(folder));
    for (size_t i = 0; i < TG_COUNT(types); i++) {
        struct tg_fault fault = { "" };

        atomic_store(&network_type, types[i]);
        assert_int_equal(tg_store_lmdb_open(&store, folder, &limits, NULL, &fault), TG_E_IO);
        assert_non_null(strstr(fault.text, "network file system"));
    }
    struct tg_fault fault = { "" };

    atomic_store(&network_type, -1);
    assert_int_equal(tg_store_lmdb_open(&store, folder, &limits, NULL, &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "cannot be examined"));
    fail_none();
    folder_remove(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__with_any_call_failing__leaves_nothing_behind),
        CASE(attach__with_any_call_failing__leaves_nothing_behind),
        cmocka_unit_test(memory_store__with_any_allocation_failing__refuses_cleanly),
        cmocka_unit_test(network_file_system__is_refused_with_the_reason),
    };

    return cmocka_run_group_tests_name("faults_open", tests, NULL, NULL);
}
