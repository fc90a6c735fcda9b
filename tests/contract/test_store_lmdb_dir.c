/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of the embedded store: its files, its lock, its format. */
#include "lmdb_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb/format.h"
#include "store/lmdb/writer.h"

static mode_t mode_of(const struct fixture *f, const char *name)
{
    char path[160];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void files__are_accessible_only_to_the_owner(void **state)
{
    mode_t before = umask(0);
    struct fixture f;

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    (void)umask(before);
    assert_int_equal(mode_of(&f, "."), 0700);
    assert_int_equal(mode_of(&f, "data.mdb"), 0600);
    assert_int_equal(mode_of(&f, "lock.mdb"), 0600);
    assert_int_equal(mode_of(&f, TG_LMDB_LOCK_FILE), 0600);
    fixture_close(&f);
}

/* A program that is started later must not inherit the store or its lock. */
static void open_files__do_not_survive_exec(void **state)
{
    struct fixture *f = *state;
    unsigned found_count = 0;

    for (int fd = 0; fd < 256; fd++) {
        char name[64];
        char path[256] = "";

        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        if (readlink(name, path, sizeof(path) - 1) > 0 && strstr(path, f->dir) == path) {
            found_count++;
            assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        }
    }
    assert_in_range(found_count, 4, 8);
}

static void second_open__in_this_process__is_refused_with_the_reason(void **state)
{
    struct fixture *f = *state;
    struct tg_store *other = NULL;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_store_lmdb_open(&other, f->dir, &f->limits, NULL, &fault), TG_E_IO);
    assert_null(other);
    assert_non_null(strstr(fault.text, "in use by another process"));
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("still fine")), TG_OK);
}

static void second_open__in_another_process__is_refused_until_the_first_ends(void **state)
{
    struct fixture f;
    int ready[2];
    int stop[2];
    char byte = 0;
    struct tg_fault fault = { "" };

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(stop), 0);
    pid_t pid = fork();

    if (pid == 0) {
        if (f.backend->open(&f.store, f.dir, &f.limits) == TG_OK) {
            (void)!write(ready[1], "r", 1);
            (void)!read(stop[0], &byte, 1);
        }
        _exit(0); /* without close: the end of the process must release the lock */
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(tg_store_lmdb_open(&f.store, f.dir, &f.limits, NULL, &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "in use by another process"));
    assert_null(f.store);
    assert_int_equal(write(stop[1], "s", 1), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(f.backend->open(&f.store, f.dir, &f.limits), TG_OK);
    client_open(&f.client, f.store);
    for (int i = 0; i < 2; i++) {
        (void)close(ready[i]);
        (void)close(stop[i]);
    }
    fixture_close(&f);
}

static void assert_open_refused(const char *dir, const char *reason)
{
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_store_lmdb_open(&store, dir, &limits, NULL, &fault), TG_E_IO);
    assert_null(store);
    assert_non_null(strstr(fault.text, reason));
    assert_null(strstr(fault.text, "/tmp"));
}

static void file_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static void directory_that_cannot_be_created__is_refused_with_the_reason(void **state)
{
    char folder[64];
    char path[128];

    (void)state;
    folder_make(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/absent/db", folder);
    assert_open_refused(path, "cannot be created");
    (void)snprintf(path, sizeof(path), "%s/file", folder);
    file_write(path, "not a directory");
    assert_open_refused(path, "cannot be opened");
    folder_remove(folder);
}

static void foreign_data_file__is_refused_and_not_changed(void **state)
{
    char folder[64];
    char path[128];
    static char text[5000];
    static char back[sizeof(text)];

    (void)state;
    folder_make(folder, sizeof(folder));
    memset(text, 'n', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void)snprintf(path, sizeof(path), "%s/data.mdb", folder);
    file_write(path, text);
    assert_open_refused(folder, "cannot be opened");
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_int_equal(read(fd, back, sizeof(back)), (ssize_t)sizeof(text) - 1);
    assert_memory_equal(back, text, sizeof(text) - 1);
    (void)close(fd);
    folder_remove(folder);
}

/* Sets a value of 6 letters in the state table. */
static void state_set(const char *dir, const char *name, uint8_t *value, size_t len)
{
    char letters[7];
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    MDB_val k = { 6, letters };
    MDB_val v = { len, value };

    (void)snprintf(letters, sizeof(letters), "%s", name);

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 3), 0);
    /* The file records the size of the large map, for which a sanitizer may have no room. */
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 28), 0);
    assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "s", 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* As another version would. */
static void format_set(const char *dir, uint8_t format)
{
    uint8_t value[8] = { 0, 0, 0, 0, 0, 0, 0, format };

    state_set(dir, "format", value, sizeof(value));
}

static void store_of_format_1__is_converted(void **state)
{
    uint8_t counts[16] = { 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 11 };
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 41, 1000, TG_LIT("first")), TG_OK);
    assert_int_equal(put(&f->client, 2, 42, 3000, TG_LIT("second")), TG_OK);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    format_set(f->dir, 1);
    state_set(f->dir, "counts", counts, sizeof(counts));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
        client_open(&f->client, f->store);
        assert_stats(f->store, 2, 11);
        assert_true(look(&f->client, 1, &call));
        assert_int_equal(call.seen.version, 41);
        assert_int_equal(call.seen.class, TG_STORE_LIVE);
        client_close(&f->client);
        f->client.ops->close(&f->store);
    }
    format_set(f->dir, 0);
    assert_open_refused(f->dir, "format");
    format_set(f->dir, TG_LMDB_FORMAT);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

static void store_of_format_1_with_spent_tokens__is_refused_with_the_reason(void **state)
{
    uint8_t mark[32] = { 1 };
    uint8_t counts[16] = { 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 37 };
    struct fixture *f = *state;

    assert_int_equal(put(&f->client, 1, 1, 1000, TG_LIT("first")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, 9000, TG_ARRAY_BYTES(mark)), TG_OK);
    client_close(&f->client);
    f->client.ops->close(&f->store);
    format_set(f->dir, 1);
    state_set(f->dir, "counts", counts, sizeof(counts));
    assert_open_refused(f->dir, "spent private tokens");
    assert_open_refused(f->dir, "an empty store folder");
    f->limits = (struct tg_store_limits){ .live_max = 0 };
    format_set(f->dir, TG_LMDB_FORMAT);
    uint8_t counts_2[32] = { 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 37 };

    state_set(f->dir, "counts", counts_2, sizeof(counts_2));
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

static void store_of_another_format__is_refused(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, lmdb(), NULL);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    format_set(f.dir, TG_LMDB_FORMAT + 1);
    assert_open_refused(f.dir, "format");
    format_set(f.dir, TG_LMDB_FORMAT);
    assert_int_equal(f.backend->open(&f.store, f.dir, &f.limits), TG_OK);
    client_open(&f.client, f.store);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(files__are_accessible_only_to_the_owner),
        CASE(open_files__do_not_survive_exec),
        CASE(second_open__in_this_process__is_refused_with_the_reason),
        cmocka_unit_test(second_open__in_another_process__is_refused_until_the_first_ends),
        cmocka_unit_test(directory_that_cannot_be_created__is_refused_with_the_reason),
        cmocka_unit_test(foreign_data_file__is_refused_and_not_changed),
        CASE(store_of_format_1__is_converted),
        CASE(store_of_format_1_with_spent_tokens__is_refused_with_the_reason),
        cmocka_unit_test(store_of_another_format__is_refused),
    };

    return cmocka_run_group_tests_name("lmdb_dir", tests, NULL, NULL);
}
