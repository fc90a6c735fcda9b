/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/keys/keyfile.h"

#include "support/c/fail_at.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTERS 8
#define FAULTS_MAX 100

static bool is_chunked; /* reads and writes move at most 7 bytes */

#define CHUNK(len) (is_chunked && (len) > 7 ? 7 : (len))
#define WRAP(type, name, params, args) FAIL_WRAP(type, (errno = EIO, -1), name, params, args)

WRAP(int, fsync, (int fd), (fd))
WRAP(int, link, (const char *from, const char *to), (from, to))
WRAP(int, fstat, (int fd, struct stat *st), (fd, st))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, CHUNK(len)))
WRAP(ssize_t, read, (int fd, void *data, size_t len), (fd, data, CHUNK(len)))

FAIL_WRAP_CALLOC()
FAIL_WRAP_MALLOC()

struct fixture {
    char dir[64];
    char path[128];
    struct tg_fault fault;
    struct tg_keyring ring;
    struct tg_keyring other;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/tigress-keyfile-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof(f->path), "%s/relay.key", f->dir);
    *state = f;
    return 0;
}

static size_t files_in(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;

    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        count += e->d_name[0] == '.' ? 0 : 1;
    }
    (void)closedir(dir);
    return count;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    (void)rmdir(f->path);
    assert_int_equal(rmdir(f->dir), 0);
    tg_keyring_wipe(&f->ring);
    tg_keyring_wipe(&f->other);
    test_free(f);
    return 0;
}

static enum tg_err open_key(struct fixture *f, struct tg_keyring *ring, bool *is_created)
{
    f->fault.text[0] = '\0';
    return tg_keyfile_open(ring, is_created, f->path, TG_KEYFILE_STORE_IS_NEW, &tg_rng_system,
                           &f->fault);
}

static void write_key(const struct fixture *f, const char *text, mode_t mode)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(f->path, mode), 0);
}

/* Refused with a fault that contains says; the ring is untouched. */
static void assert_refused(struct fixture *f, enum tg_err expected, const char *says)
{
    static const struct tg_keyring empty;
    bool is_created = true;

    assert_int_equal(open_key(f, &f->ring, &is_created), expected);
    assert_memory_equal(&f->ring, &empty, sizeof(empty));
    assert_true(is_created);
    if (strstr(f->fault.text, says) == NULL) {
        fail_msg("\"%s\" is not in: %s", says, f->fault.text);
    }
}

static void open__first_start__created_with_mode_0600_and_loaded_again(void **state)
{
    struct fixture *f = *state;
    bool is_created = false;
    struct stat st;

    assert_int_equal(open_key(f, &f->ring, &is_created), TG_OK);
    assert_true(is_created);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(files_in(f->dir), 1);
    assert_int_equal(f->ring.seal_key_count, 1);
    assert_int_equal(open_key(f, &f->other, &is_created), TG_OK);
    assert_false(is_created);
    assert_true(
        tg_ct_equal(tg_secret_view(&f->ring.index_key), tg_secret_view(&f->other.index_key)));
    assert_true(tg_ct_equal(tg_secret_view(&f->ring.seal_keys[0].key),
                            tg_secret_view(&f->other.seal_keys[0].key)));
}

static void open__umask_of_nothing__still_0600(void **state)
{
    struct fixture *f = *state;
    mode_t old = umask(0);
    struct stat st;

    assert_int_equal(open_key(f, &f->ring, NULL), TG_OK);
    (void)umask(old);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void open__records_but_no_key__refused_and_no_key_made(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tg_keyfile_open(&f->ring, NULL, f->path, TG_KEYFILE_STORE_IS_USED,
                                     &tg_rng_system, &f->fault),
                     TG_E_NOTFOUND);
    assert_non_null(
        strstr(f->fault.text, "the key file is missing, but the store was used with one"));
    assert_int_equal(files_in(f->dir), 0);
}

static void open__records_and_key__loaded(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(open_key(f, &f->ring, NULL), TG_OK);
    assert_int_equal(tg_keyfile_open(&f->other, NULL, f->path, TG_KEYFILE_STORE_IS_USED,
                                     &tg_rng_system, &f->fault),
                     TG_OK);
}

static void open__others_have_any_right__refused(void **state)
{
    static const mode_t modes[] = { 0620, 0610, 0604, 0602, 0601, 0644, 0666, 0660 };
    struct fixture *f = *state;
    bool is_created = false;

    assert_int_equal(open_key(f, &f->other, &is_created), TG_OK);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(f->path, modes[i]), 0);
        assert_refused(f, TG_E_DENIED, "(expected: 0600, ");
    }
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(open_key(f, &f->ring, NULL), TG_OK);
}

static void open__another_users_file__refused(void **state)
{
    struct fixture *f = *state;

    if (geteuid() != 0) {
        skip_because("only root can give a file to another user");
    }
    assert_int_equal(open_key(f, &f->other, NULL), TG_OK);
    assert_int_equal(chown(f->path, 65534, 65534), 0);
    assert_refused(f, TG_E_DENIED, "belongs to another user");
}

/* As a cluster mounts a secret: a link to a file of root that a group may read. */
static void open__link_to_a_file_for_the_group__only_of_root(void **state)
{
    struct fixture *f = *state;
    char target[256];

    assert_int_equal(open_key(f, &f->other, NULL), TG_OK);
    (void)snprintf(target, sizeof(target), "%s.mounted", f->path);
    assert_int_equal(rename(f->path, target), 0);
    assert_int_equal(symlink(target, f->path), 0);
    assert_int_equal(open_key(f, &f->other, NULL), TG_OK);
    assert_int_equal(chmod(target, 0440), 0);
    if (geteuid() == 0) {
        assert_int_equal(open_key(f, &f->other, NULL), TG_OK);
    } else {
        assert_refused(f, TG_E_DENIED, "0440 for a file of root");
    }
    assert_int_equal(unlink(target), 0);
    assert_refused(f, TG_E_NOTFOUND, "a link to a file that is missing");
}

static void open__folder_or_pipe__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_refused(f, TG_E_DENIED, "not a regular file");
    assert_int_equal(rmdir(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_refused(f, TG_E_DENIED, "not a regular file");
}

static void open__damaged_text__refused_and_unchanged(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    write_key(f, "", 0600);
    assert_refused(f, TG_E_SYNTAX, "");
    assert_string_not_equal(f->fault.text, "");
    write_key(f, "index 00\n", 0600);
    assert_refused(f, TG_E_SYNTAX, "");
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, 9);
}

static void open__8192_bytes_loaded__8193_refused(void **state)
{
    struct fixture *f = *state;
    FILE *file = NULL;
    struct stat st;

    assert_int_equal(open_key(f, &f->other, NULL), TG_OK);
    assert_int_equal(stat(f->path, &st), 0);
    file = fopen(f->path, "a");
    assert_non_null(file);
    (void)fputc('#', file);
    for (long i = st.st_size + 2; i < (long)TG_KEYFILE_MAX; i++) {
        (void)fputc('x', file);
    }
    (void)fputc('\n', file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(open_key(f, &f->ring, NULL), TG_OK);
    tg_keyring_wipe(&f->ring);
    file = fopen(f->path, "a");
    (void)fputc('\n', file);
    assert_int_equal(fclose(file), 0);
    assert_refused(f, TG_E_LIMIT, "too large");
}

static void open__no_folder__io(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tg_keyfile_open(&f->ring, NULL, "/nonexistent/dir/relay.key",
                                     TG_KEYFILE_STORE_IS_NEW, &tg_rng_system, &f->fault),
                     TG_E_IO);
    assert_non_null(strstr(f->fault.text, "cannot be created"));
}

static enum tg_err broken_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

static void open__no_random_bytes__no_file(void **state)
{
    static const struct tg_rng broken = { .fill = broken_fill };
    struct fixture *f = *state;

    assert_int_equal(
        tg_keyfile_open(&f->ring, NULL, f->path, TG_KEYFILE_STORE_IS_NEW, &broken, &f->fault),
        TG_E_CRYPTO);
    assert_int_equal(files_in(f->dir), 0);
}

static void open__several_starts_at_once__all_have_the_same_key(void **state)
{
    struct fixture *f = *state;
    pid_t pids[STARTERS];
    uint8_t keys[STARTERS][TG_RELAY_KEY_LEN];
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    for (size_t i = 0; i < STARTERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            bool ok = open_key(f, &f->ring, NULL) == TG_OK &&
                      write(fds[1], f->ring.index_key.bytes, TG_RELAY_KEY_LEN) ==
                          (ssize_t)TG_RELAY_KEY_LEN;
            _exit(ok ? 0 : 1);
        }
    }
    for (size_t i = 0; i < STARTERS; i++) {
        int status = -1;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
        assert_int_equal(read(fds[0], keys[i], TG_RELAY_KEY_LEN), TG_RELAY_KEY_LEN);
        assert_memory_equal(keys[i], keys[0], TG_RELAY_KEY_LEN);
    }
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_int_equal(files_in(f->dir), 1);
}

/* Short reads and writes, and each system call fails once. After an error the ring is unchanged,
   and there is no file or a complete one. */
static void open__call_n_fails__no_half_file_and_ring_untouched(void **state)
{
    static const struct tg_keyring empty;
    struct fixture *f = *state;
    enum tg_err err = TG_E_BUG;
    unsigned n = 0;

    while (err != TG_OK) {
        n++;
        assert_in_range(n, 1, FAULTS_MAX);
        is_chunked = true;
        fail_at(n);
        err = open_key(f, &f->ring, NULL);
        fail_at(0);
        is_chunked = false;
        if (err == TG_OK) {
            assert_false(fail_reached());
            break;
        }
        assert_memory_equal(&f->ring, &empty, sizeof(empty));
        assert_true(files_in(f->dir) <= 1);
        if (access(f->path, F_OK) == 0) {
            assert_int_equal(open_key(f, &f->other, NULL), TG_OK);
            assert_int_equal(unlink(f->path), 0);
        }
        assert_int_equal(files_in(f->dir), 0);
    }
    assert_true(n > 10);
}

/* The same for a file that exists. */
static void open__call_n_fails_while_loading__file_untouched(void **state)
{
    static const struct tg_keyring empty;
    struct fixture *f = *state;
    enum tg_err err = TG_E_BUG;
    unsigned n = 0;

    assert_int_equal(open_key(f, &f->other, NULL), TG_OK);
    while (err != TG_OK) {
        n++;
        assert_in_range(n, 1, FAULTS_MAX);
        is_chunked = true;
        fail_at(n);
        err = open_key(f, &f->ring, NULL);
        fail_at(0);
        is_chunked = false;
        if (err != TG_OK) {
            assert_memory_equal(&f->ring, &empty, sizeof(empty));
        }
        assert_int_equal(files_in(f->dir), 1);
    }
    assert_true(n > 3);
    assert_true(
        tg_ct_equal(tg_secret_view(&f->ring.index_key), tg_secret_view(&f->other.index_key)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open__first_start__created_with_mode_0600_and_loaded_again),
        TEST(open__umask_of_nothing__still_0600),
        TEST(open__records_but_no_key__refused_and_no_key_made),
        TEST(open__records_and_key__loaded),
        TEST(open__others_have_any_right__refused),
        TEST(open__another_users_file__refused),
        TEST(open__link_to_a_file_for_the_group__only_of_root),
        TEST(open__folder_or_pipe__refused),
        TEST(open__damaged_text__refused_and_unchanged),
        TEST(open__8192_bytes_loaded__8193_refused),
        TEST(open__no_folder__io),
        TEST(open__no_random_bytes__no_file),
        TEST(open__call_n_fails__no_half_file_and_ring_untouched),
        TEST(open__call_n_fails_while_loading__file_untouched),
        TEST(open__several_starts_at_once__all_have_the_same_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
