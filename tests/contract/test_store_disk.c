/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded store on a disk that has no room: what is refused, what still works, and which
 * failed commit is definite. The system calls of LMDB are replaced by the functions of these names
 * below, which the dynamic linker finds first.
 */
#include "contract/contract_support.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb/space.h"

#define NEVER_S INT64_C(4000000000)
#define RESERVE (UINT64_C(4) << 20)
#define PAGE 4096u
#define EXIT_IN_DOUBT 70

/* ---- the disk ------------------------------------------------------------------------------- */

enum call_kind { NO_CALL, WRITE_PAGES, FLUSH, WRITE_META };

static atomic_int fail_kind;  /* the calls that fail */
static atomic_int fail_count; /* how many of them; -1: all */
static atomic_int fail_code;  /* errno; 0: the write is cut */
static atomic_int failed_count;

/* Bytes that the file system reports as free; -1: what it really has. */
static atomic_llong free_bytes;
static atomic_int allocate_code; /* errno of fallocate; 0: it works */
static atomic_llong allocated_bytes;

static void disk_is_fine(void)
{
    atomic_store(&fail_kind, NO_CALL);
    atomic_store(&failed_count, 0);
    atomic_store(&free_bytes, 1 << 30);
    atomic_store(&allocate_code, 0);
    atomic_store(&allocated_bytes, 0);
}

static void disk_fails(enum call_kind kind, int code, int count)
{
    atomic_store(&fail_code, code);
    atomic_store(&fail_count, count);
    atomic_store(&fail_kind, kind);
}

static bool fails(enum call_kind kind)
{
    if (atomic_load(&fail_kind) != (int)kind || atomic_load(&fail_count) == 0) {
        return false;
    }
    if (atomic_load(&fail_count) > 0) {
        atomic_fetch_sub(&fail_count, 1);
    }
    atomic_fetch_add(&failed_count, 1);
    errno = atomic_load(&fail_code);
    return true;
}

/* A cut write wrote half. */
static ssize_t failed_write(size_t len)
{
    return atomic_load(&fail_code) == 0 ? (ssize_t)(len / 2) : -1;
}

#define VISIBLE __attribute__((visibility("default")))

VISIBLE ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t) =
        (ssize_t(*)(int, const void *, size_t, off_t))(uintptr_t)dlsym(RTLD_NEXT, "pwrite");
    bool is_meta = at < (off_t)(2 * PAGE) && len < PAGE;

    return fails(is_meta ? WRITE_META : WRITE_PAGES) ? failed_write(len) : real(fd, data, len, at);
}

VISIBLE ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t (*real)(int, const struct iovec *, int) =
        (ssize_t(*)(int, const struct iovec *, int))(uintptr_t)dlsym(RTLD_NEXT, "writev");

    return fails(WRITE_PAGES) ? failed_write(parts[0].iov_len * (size_t)count)
                              : real(fd, parts, count);
}

VISIBLE int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))(uintptr_t)dlsym(RTLD_NEXT, "fdatasync");

    return fails(FLUSH) ? -1 : real(fd);
}

int __wrap_fallocate(int fd, int mode, off_t from, off_t len);
int __wrap_fallocate(int fd, int mode, off_t from, off_t len)
{
    (void)fd;
    (void)from;
    assert_int_equal(mode, FALLOC_FL_KEEP_SIZE);
    if (atomic_load(&allocate_code) != 0) {
        errno = atomic_load(&allocate_code);
        return -1;
    }
    atomic_fetch_add(&allocated_bytes, len);
    return 0;
}

int __real_fstatvfs(int fd, struct statvfs *out);
int __wrap_fstatvfs(int fd, struct statvfs *out);
int __wrap_fstatvfs(int fd, struct statvfs *out)
{
    int rc = __real_fstatvfs(fd, out);

    if (rc == 0 && atomic_load(&free_bytes) >= 0) {
        out->f_frsize = PAGE;
        out->f_bavail = (fsblkcnt_t)atomic_load(&free_bytes) / PAGE;
    }
    return rc;
}

/* Nothing is free and nothing can be allocated. */
static void disk_is_taken(void)
{
    atomic_store(&free_bytes, 0);
    atomic_store(&allocate_code, ENOSPC);
}

static void disk_has(uint64_t bytes)
{
    atomic_store(&free_bytes, (long long)bytes);
}

/* ---- fixture -------------------------------------------------------------------------------- */

static const struct backend *lmdb(void)
{
    for (size_t i = 0; i < backend_count; i++) {
        if (strcmp(backends[i].name, "lmdb") == 0) {
            return &backends[i];
        }
    }
    fail();
    return NULL;
}

static const struct tg_store_limits watched = { .disk_reserve = RESERVE };

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    disk_is_fine();
    fixture_open(f, lmdb(), &watched);
    *state = f;
    return 0;
}

/* The file system cannot allocate in advance: what it reports is all that counts. */
static int setup_plain(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    disk_is_fine();
    atomic_store(&allocate_code, EOPNOTSUPP);
    fixture_open(f, lmdb(), &watched);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    disk_is_fine();
    fixture_close(*state);
    free(*state);
    return 0;
}

static void reopen(struct fixture *f)
{
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

static struct tg_store_stats stats_of(const struct fixture *f)
{
    struct tg_store_stats stats = { .live_count = 0 };

    f->client.ops->stats(f->store, &stats);
    return stats;
}

/* The room that the next transaction finds. */
static enum tg_store_room room_of(struct fixture *f)
{
    struct call call;

    assert_int_equal(keep(&f->client, 999, &call), TG_OK);
    return stats_of(f).room;
}

static uint8_t big[TG_STORE_VALUE_MAX];

/* ---- the reserve ---------------------------------------------------------------------------- */

static void room__far_from_the_reserve__any(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(room_of(f), TG_STORE_ROOM_ANY);
    assert_true(atomic_load(&allocated_bytes) >= (long long)RESERVE);
    assert_true(stats_of(f).disk_free >= (1u << 30));
    assert_true(stats_of(f).disk_used >= 2 * PAGE);
}

static void low_disk__refuses_new_records_alone(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("short")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, NEVER_S, TG_LIT("two")), TG_OK);
    disk_has(RESERVE - 64 * PAGE);
    assert_int_equal(put(&f->client, 3, 1, NEVER_S, TG_LIT("new")), TG_E_FULL);
    assert_int_equal(stats_of(f).room, TG_STORE_ROOM_DISK_LOW);
    assert_int_equal(put(&f->client, 1, 2, NEVER_S, TG_LIT("a longer one")), TG_OK);
    assert_int_equal(tell(&f->client, 5, 10, NEVER_S, TG_LIT("push")), TG_E_FULL);
    assert_int_equal(drop(&f->client, 2), TG_OK);
    assert_false(look(&f->client, 3, &call));
    disk_has(2 * RESERVE);
    assert_int_equal(put(&f->client, 3, 1, NEVER_S, TG_LIT("new")), TG_OK);
    assert_int_equal(stats_of(f).disk_failures, 0);
}

static void full_disk__refuses_what_grows_and_leaves_out_notes(void **state)
{
    struct fixture *f = *state;
    struct call call;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("content")), TG_OK);
    assert_int_equal(put(&f->client, 2, 1, NEVER_S, TG_LIT("two")), TG_OK);
    assert_int_equal(tell(&f->client, 5, 10, NEVER_S, TG_LIT("push")), TG_OK);
    disk_has(RESERVE / 4 - 64 * PAGE);
    assert_int_equal(put(&f->client, 1, 2, NEVER_S, TG_LIT("longer content")), TG_E_FULL);
    assert_int_equal(stats_of(f).room, TG_STORE_ROOM_DISK_FULL);
    assert_int_equal(put(&f->client, 1, 2, NEVER_S, TG_LIT("end")), TG_OK);
    assert_int_equal(tell(&f->client, 6, 10, NEVER_S, TG_LIT("push")), TG_OK);
    assert_outbox(f->store, 1);
    assert_int_equal(drop(&f->client, 2), TG_OK);
    assert_true(look(&f->client, 1, &call));
    assert_int_equal(call.seen.version, 2);
    assert_int_equal(sweep(&f->client, NEVER_S, 10), 2);
}

/* What one transaction writes counts before the next look at the disk. */
static void records_of_one_batch__do_not_use_the_reserve_together(void **state)
{
    static struct call calls[64];
    struct fixture *f = *state;
    struct stopper stopper;
    size_t ok_count = 0;

    disk_has(RESERVE + (UINT64_C(1) << 19));
    stopper_start(&stopper, &f->client);
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        calls[i] = call_put(1, NEVER_S, tg_bytes(big, sizeof(big)));
        call_start(&f->client, i, &calls[i]);
    }
    stopper_release(&stopper, &f->client);
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        call_finish(&f->client, &calls[i]);
        ok_count += calls[i].err == TG_OK ? 1 : 0;
    }
    /* 512 KiB above the reserve, and each record counts twice */
    assert_int_equal(ok_count, 2);
}

/* Other programs fill the disk: what was allocated stays the store's. */
static void disk_taken_by_others__the_allocated_reserve_is_there_for_changes(void **state)
{
    struct fixture *f = *state;
    size_t created = 0;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    disk_is_taken();
    while (put(&f->client, 100 + (unsigned)created, 1, NEVER_S, tg_bytes(big, sizeof(big))) ==
           TG_OK) {
        created++;
        assert_true(created < 64);
    }
    assert_int_equal(stats_of(f).room, TG_STORE_ROOM_DISK_LOW);
    assert_true(stats_of(f).disk_free >= RESERVE / 2);
    assert_int_equal(put(&f->client, 1, 2, NEVER_S, tg_bytes(big, sizeof(big))), TG_OK);
    assert_int_equal(drop(&f->client, 1), TG_OK);
}

/* A large store whose records have expired has room, also on a full disk. */
static void free_pages__are_room(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 160; i++) {
        assert_int_equal(put(&f->client, i, 1, 1000, tg_bytes(big, sizeof(big))), TG_OK);
    }
    disk_has(RESERVE * 3 / 4);
    assert_int_equal(put(&f->client, 999, 1, NEVER_S, TG_LIT("new")), TG_E_FULL);
    assert_int_equal(sweep(&f->client, 1000, 1000), 160);
    assert_int_equal(put(&f->client, 999, 1, NEVER_S, TG_LIT("new")), TG_OK);
    disk_has(RESERVE / 3);
    assert_int_equal(put(&f->client, 998, 1, NEVER_S, TG_LIT("new")), TG_E_FULL);
}

static void disk_that_is_not_watched__is_left_alone(void **state)
{
    struct fixture f;

    (void)state;
    disk_is_fine();
    disk_is_taken();
    fixture_open(&f, lmdb(), NULL);
    assert_int_equal(put(&f.client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    assert_int_equal(stats_of(&f).room, TG_STORE_ROOM_ANY);
    assert_int_equal(stats_of(&f).disk_used, 0);
    assert_int_equal(atomic_load(&allocated_bytes), 0);
    fixture_close(&f);
}

/* ---- commits that fail ---------------------------------------------------------------------- */

/* The put fails and is definite; the store lives, and nothing of it is there. */
static void assert_definite(struct fixture *f, enum call_kind kind, int code)
{
    struct call call;

    disk_is_fine();
    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("acknowledged")), TG_OK);
    disk_fails(kind, code, -1);
    assert_int_equal(put(&f->client, 2, 1, NEVER_S, tg_bytes(big, sizeof(big))), TG_E_FULL);
    assert_true(atomic_load(&failed_count) > 0);
    assert_true(stats_of(f).disk_failures > 0);
    assert_false(look(&f->client, 2, &call));
    assert_true(look(&f->client, 1, &call));
    disk_is_fine();
    assert_int_equal(put(&f->client, 2, 7, NEVER_S, TG_LIT("later")), TG_OK);
    reopen(f);
    assert_true(look(&f->client, 2, &call));
    assert_int_equal(call.seen.version, 7);
    assert_true(look(&f->client, 1, &call));
    assert_memory_equal(call.seen_bytes, "acknowledged", 12);
    assert_int_equal(drop(&f->client, 2), TG_OK);
}

static void no_room_for_the_pages_or_their_flush__is_definite(void **state)
{
    static const int codes[] = { ENOSPC, EDQUOT };

    for (size_t i = 0; i < TG_COUNT(codes); i++) {
        assert_definite(*state, WRITE_PAGES, codes[i]);
        assert_definite(*state, FLUSH, codes[i]);
    }
}

/* Each write of a batch fails once: the outcome of every change is definite and right. */
static void no_room_at_any_call__each_answer_is_right(void **state)
{
    struct fixture *f = *state;

    for (int n = 1; n <= 6; n++) {
        static const enum call_kind kinds[] = { WRITE_PAGES, FLUSH };

        for (size_t k = 0; k < TG_COUNT(kinds); k++) {
            struct call calls[10];
            struct call seen;

            disk_is_fine();
            disk_fails(kinds[k], ENOSPC, n);
            for (unsigned i = 0; i < TG_COUNT(calls); i++) {
                calls[i] = call_put((uint64_t)n, NEVER_S, tg_bytes(big, 20000 + i));
                call_start(&f->client, i, &calls[i]);
            }
            for (unsigned i = 0; i < TG_COUNT(calls); i++) {
                call_finish(&f->client, &calls[i]);
                assert_true(calls[i].err == TG_OK || calls[i].err == TG_E_FULL);
                assert_int_equal(look(&f->client, i, &seen), calls[i].err == TG_OK);
            }
            disk_is_fine();
            reopen(f);
            for (unsigned i = 0; i < TG_COUNT(calls); i++) {
                assert_int_equal(look(&f->client, i, &seen), calls[i].err == TG_OK);
                assert_int_equal(drop(&f->client, i), TG_OK);
            }
        }
    }
}

/* A removal that shares a batch with a put that finds no room is made. */
static void removal_beside_a_put_without_room__is_made(void **state)
{
    struct fixture *f = *state;
    struct call create = call_put(1, NEVER_S, tg_bytes(big, sizeof(big)));
    struct call removal = { .verdict = TG_STORE_REMOVE };
    struct call seen;

    assert_int_equal(put(&f->client, 1, 1, NEVER_S, TG_LIT("x")), TG_OK);
    atomic_store(&free_bytes, 0);
    disk_fails(WRITE_PAGES, ENOSPC, 1);
    call_start(&f->client, 2, &create);
    call_start(&f->client, 1, &removal);
    call_finish(&f->client, &create);
    call_finish(&f->client, &removal);
    assert_int_equal(create.err, TG_E_FULL);
    assert_int_equal(removal.err, TG_OK);
    assert_false(look(&f->client, 1, &seen));
    assert_false(look(&f->client, 2, &seen));
}

/* ---- commits in doubt ----------------------------------------------------------------------- */

static void child_write(const char *dir, enum call_kind kind, int code)
{
    struct tg_store *store = NULL;
    struct client c;

    if (tg_store_lmdb_open(&store, dir, &watched, NULL, NULL) != TG_OK) {
        _exit(1);
    }
    client_open(&c, store);
    if (put(&c, 1, 1, NEVER_S, TG_LIT("acknowledged")) != TG_OK) {
        _exit(2);
    }
    disk_fails(kind, code, -1);
    (void)put(&c, 2, 1, NEVER_S, tg_bytes(big, 20000));
    _exit(3); /* it was answered */
}

static void assert_in_doubt(enum call_kind kind, int code)
{
    struct fixture f;
    struct call call;
    int status = -1;

    disk_is_fine();
    fixture_open(&f, lmdb(), &watched);
    client_close(&f.client);
    f.client.ops->close(&f.store);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        child_write(f.dir, kind, code);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_IN_DOUBT);
    assert_int_equal(f.backend->open(&f.store, f.dir, &f.limits), TG_OK);
    client_open(&f.client, f.store);
    assert_true(look(&f.client, 1, &call));
    assert_memory_equal(call.seen_bytes, "acknowledged", 12);
    assert_int_equal(put(&f.client, 2, 7, NEVER_S, TG_LIT("again")), TG_OK);
    fixture_close(&f);
}

static void error_of_the_disk_at_any_call__ends_the_process(void **state)
{
    (void)state;
    assert_in_doubt(WRITE_PAGES, EIO);
    assert_in_doubt(FLUSH, EIO);
    assert_in_doubt(WRITE_META, EIO);
    assert_in_doubt(FLUSH, EROFS);
}

/* LMDB reports EIO for a write that was cut. */
static void cut_write__ends_the_process(void **state)
{
    (void)state;
    assert_in_doubt(WRITE_PAGES, 0);
    assert_in_doubt(WRITE_META, 0);
}

/* The cached meta page differs from the disk, so LMDB opens no further transaction. */
static void no_room_for_the_meta_page__ends_the_process(void **state)
{
    (void)state;
    assert_in_doubt(WRITE_META, ENOSPC);
    assert_in_doubt(WRITE_META, EDQUOT);
}

/* ---- the rule itself ------------------------------------------------------------------------ */

/* Half of the free pages count, less what is written, and half of the reserve must be free without
 * them. */
static void room__each_edge_of_the_reserve(void **state)
{
    static const struct {
        uint64_t free_bytes, page_bytes, written_bytes;
        enum tg_store_room room;
    } rows[] = {
        { 1000, 0, 0, TG_STORE_ROOM_ANY },     { 999, 0, 0, TG_STORE_ROOM_DISK_LOW },
        { 800, 400, 0, TG_STORE_ROOM_ANY },    { 800, 399, 0, TG_STORE_ROOM_DISK_LOW },
        { 500, 1000, 0, TG_STORE_ROOM_ANY },   { 499, 9000, 0, TG_STORE_ROOM_DISK_LOW },
        { 1200, 0, 100, TG_STORE_ROOM_ANY },   { 1199, 0, 100, TG_STORE_ROOM_DISK_LOW },
        { 1000, 800, 100, TG_STORE_ROOM_ANY }, { 1000, 799, 100, TG_STORE_ROOM_DISK_LOW },
        { 250, 0, 0, TG_STORE_ROOM_DISK_LOW }, { 249, 0, 0, TG_STORE_ROOM_DISK_FULL },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        const struct tg_lmdb_space space = { .reserve = 1000,
                                             .free_bytes = rows[i].free_bytes,
                                             .page_bytes = rows[i].page_bytes };

        assert_int_equal(tg_lmdb_space_room(&space, rows[i].written_bytes), rows[i].room);
    }
}

/* What is written counts twice: LMDB copies the pages on which it lies. */
static void fits__twice_what_is_written_and_the_pages_of_a_commit(void **state)
{
    struct tg_lmdb_space space = { .reserve = 1, .free_bytes = 262144 + 2000 };
    const struct tg_lmdb_write w = { .written_bytes = 1000 };

    (void)state;
    assert_true(tg_lmdb_space_fits(&space, &w));
    space.free_bytes--;
    assert_false(tg_lmdb_space_fits(&space, &w));
    space.page_bytes = 2;
    assert_true(tg_lmdb_space_fits(&space, &w));
}

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, setup_plain, teardown)
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(room__far_from_the_reserve__any),
        PLAIN(low_disk__refuses_new_records_alone),
        PLAIN(full_disk__refuses_what_grows_and_leaves_out_notes),
        PLAIN(records_of_one_batch__do_not_use_the_reserve_together),
        CASE(disk_taken_by_others__the_allocated_reserve_is_there_for_changes),
        PLAIN(free_pages__are_room),
        cmocka_unit_test(disk_that_is_not_watched__is_left_alone),
        cmocka_unit_test(room__each_edge_of_the_reserve),
        cmocka_unit_test(fits__twice_what_is_written_and_the_pages_of_a_commit),
        CASE(no_room_for_the_pages_or_their_flush__is_definite),
        CASE(no_room_at_any_call__each_answer_is_right),
        CASE(removal_beside_a_put_without_room__is_made),
        cmocka_unit_test(error_of_the_disk_at_any_call__ends_the_process),
        cmocka_unit_test(cut_write__ends_the_process),
        cmocka_unit_test(no_room_for_the_meta_page__ends_the_process),
    };

    memset(big, 0x5e, sizeof(big));
    return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
