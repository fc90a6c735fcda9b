/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/ops/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SYNCED_MAX 16u

/* The folders that were synced, in this order. */
static char synced[SYNCED_MAX][256];
static size_t synced_count;
static size_t fail_at; /* the number of the sync that fails, from 1 on; 0: none */

int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    char link[64];
    ssize_t len = 0;

    assert_true(synced_count < SYNCED_MAX);
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, synced[synced_count], sizeof(synced[0]) - 1);
    assert_true(len > 0);
    synced[synced_count++][len] = '\0';
    if (synced_count == fail_at) {
        errno = EIO;
        return -1;
    }
    return 0;
}

static char folder[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/tg-folder-XXXXXX");
    assert_non_null(mkdtemp(folder));
    synced_count = 0;
    fail_at = 0;
    return 0;
}

static int teardown(void **state)
{
    static const char *const made[] = { "a/b/c", "a/b", "a", "f" };
    char path[128];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(made); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, made[i]);
        (void)remove(path);
    }
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static const char *in(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s%s%s", folder, name[0] == '\0' ? "" : "/", name);
    return path;
}

static bool has_synced(const char *path)
{
    for (size_t i = 0; i < synced_count; i++) {
        if (strcmp(synced[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static void make__three_levels__the_folder_above_each_is_synced(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(tg_folder_make(in("a/b/c")), TG_OK);
    assert_true(has_synced(in("")));
    assert_true(has_synced(in("a")));
    assert_true(has_synced(in("a/b")));
    assert_false(has_synced(in("a/b/c")));
    assert_int_equal(stat(in("a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(in("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void make__slashes_at_the_end_and_twice__the_same(void **state)
{
    (void)state;
    assert_int_equal(tg_folder_make(in("a//b/")), TG_OK);
    assert_true(has_synced(in("")));
    assert_true(has_synced(in("a")));
    assert_int_equal(access(in("a/b"), F_OK), 0);
}

/* An earlier start may have been cut between making the folder and syncing its name. */
static void make__of_what_exists__syncs_again_and_tolerates_a_failure(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("a"), 0700), 0);
    assert_int_equal(tg_folder_make(in("a")), TG_OK);
    assert_true(has_synced(in("")));
    fail_at = 2 * synced_count;
    assert_int_equal(tg_folder_make(in("a")), TG_OK);
}

static void make__sync_of_a_new_name_fails__fails(void **state)
{
    size_t count = 0;

    (void)state;
    assert_int_equal(mkdir(in("a"), 0700), 0);
    assert_int_equal(tg_folder_make(in("a")), TG_OK);
    count = synced_count;
    synced_count = 0;
    fail_at = count + 1;
    assert_int_equal(tg_folder_make(in("a/b")), TG_E_IO);
    assert_int_equal(errno, EIO);
}

static void make__a_file_in_the_way__fails_with_the_reason(void **state)
{
    (void)state;
    write_file(in("f"), "x", 1, 0600);
    assert_int_equal(tg_folder_make(in("f/b")), TG_E_IO);
    assert_int_equal(errno, ENOTDIR);
}

static void make__the_longest_path__and_one_byte_more(void **state)
{
    char path[TG_FOLDER_PATH_MAX + 2];

    (void)state;
    memset(path, 'x', sizeof(path));
    path[TG_FOLDER_PATH_MAX] = '\0';
    assert_int_equal(tg_folder_make(path), TG_E_IO);
    path[TG_FOLDER_PATH_MAX] = 'x';
    path[TG_FOLDER_PATH_MAX + 1] = '\0';
    assert_int_equal(tg_folder_make(path), TG_E_LIMIT);
}

static void sync_above__names_without_a_folder_and_in_the_root(void **state)
{
    char here[256];

    (void)state;
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(tg_folder_sync_above("name"), TG_OK);
    assert_string_equal(synced[0], here);
    assert_int_equal(tg_folder_sync_above("/tmp"), TG_OK);
    assert_string_equal(synced[1], "/");
    assert_int_equal(tg_folder_sync_above(in("missing/x")), TG_E_IO);
    assert_int_equal(errno, ENOENT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(make__three_levels__the_folder_above_each_is_synced),
        CASE(make__slashes_at_the_end_and_twice__the_same),
        CASE(make__of_what_exists__syncs_again_and_tolerates_a_failure),
        CASE(make__sync_of_a_new_name_fails__fails),
        CASE(make__a_file_in_the_way__fails_with_the_reason),
        CASE(make__the_longest_path__and_one_byte_more),
        CASE(sync_above__names_without_a_folder_and_in_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
