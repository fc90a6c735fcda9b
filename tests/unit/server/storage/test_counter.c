/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/storage/counter.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* pwrite and fsync fail from call number `at` on; 0: never. LMDB's own calls are not replaced. */
static int fail_write_at, fail_sync_at;
static unsigned sync_count;

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static bool fails(int *at)
{
    if (*at > 1) {
        --*at;
    }
    errno = EIO;
    return *at == 1;
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
    return fails(&fail_write_at) ? -1 : __real_pwrite(fd, data, len, at);
}

int __wrap_fsync(int fd)
{
    sync_count++;
    return fails(&fail_sync_at) ? -1 : __real_fsync(fd);
}

static unsigned event_count;

static void count_event(void *ctx, enum tg_log_level level, const char *name,
                        const struct tg_log_field *fields, size_t field_count)
{
    (void)ctx;
    (void)level;
    (void)fields;
    (void)field_count;
    assert_string_equal(name, event_count == 0 ? "store.counter_file_failed"
                                               : "store.counter_file_behind");
    event_count++;
}

static const struct tg_log log_table = { count_event, NULL };

struct fixture {
    char folder[64];
    char dir[80];
    char path[80];
    struct tg_store *store;
    struct tg_store_counter counter;
    struct tg_fault fault;
    const char *advice;
};

static void open_store(struct fixture *f)
{
    static const struct tg_store_limits limits = { .live_max = 0 };

    assert_int_equal(tg_store_lmdb_open(&f->store, f->dir, &limits, &log_table, &f->fault), TG_OK);
}

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    fail_write_at = 0;
    fail_sync_at = 0;
    event_count = 0;
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/tg-counter-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->dir, sizeof(f->dir), "%s/store", f->folder);
    (void)snprintf(f->path, sizeof(f->path), "%s/counter", f->folder);
    open_store(f);
    f->counter.fd = -1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "tigress.lock" };
    struct fixture *f = *state;
    char path[128];

    f->store->ops->close(&f->store);
    tg_store_counter_close(&f->counter);
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(f->dir);
    (void)unlink(f->path);
    assert_int_equal(rmdir(f->folder), 0);
    test_free(f);
    return 0;
}

/* As a start does, up to the first refusal. */
static enum tg_err start(struct fixture *f)
{
    enum tg_err err = TG_OK;

    f->fault = (struct tg_fault){ "" };
    f->advice = NULL;
    tg_store_counter_close(&f->counter);
    TG_TRY(tg_store_counter_open(&f->counter, f->path, f->store, &log_table, &f->fault));
    TG_TRY(tg_store_counter_judge(&f->counter, &f->fault, &f->advice));
    TG_TRY(tg_store_counter_arm(&f->counter, f->store, &tg_rng_system, &f->fault));
out:
    return err;
}

static void assert_refused(struct fixture *f, enum tg_err err, const char *part)
{
    assert_int_equal(start(f), err);
    if (strstr(f->fault.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", f->fault.text, part);
    }
}

/* One commit. */
static void change(struct fixture *f)
{
    struct tg_store_fact_copy fact;

    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_CLOCK, &fact), TG_OK);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_CLOCK, fact.version, TG_LIT("x")), TG_OK);
}

static bool has_id(struct fixture *f)
{
    struct tg_store_fact_copy fact;

    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_STORE_ID, &fact), TG_OK);
    return fact.version > 0;
}

static struct tg_buf content(const struct fixture *f)
{
    struct tg_buf text;
    FILE *file = fopen(f->path, "r");
    uint8_t *at = NULL;

    assert_non_null(file);
    tg_buf_init(&text, 1024);
    at = tg_buf_extend(&text, 1024);
    tg_buf_truncate(&text, fread(at, 1, 1024, file));
    assert_int_equal(fclose(file), 0);
    return text;
}

static void put_content(const struct fixture *f, const struct tg_buf *text)
{
    write_file(f->path, text->ptr == NULL ? (const uint8_t *)"" : text->ptr, text->len, 0600);
}

static void first_start__makes_the_file_and_the_id_durably(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    struct tg_buf text;

    sync_count = 0;
    assert_int_equal(start(f), TG_OK);
    assert_true(sync_count >= 4); /* file and folder, with 0 and with the count */
    assert_true(has_id(f));
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    text = content(f);
    tg_buf_append_u8(&text, 0);
    assert_non_null(strstr((const char *)text.ptr, "\ncount 00000000000000000001\n"));
    tg_buf_deinit(&text);
    assert_int_equal(start(f), TG_OK);
}

/* Each step of the first start fails once: the next start begins again. */
static void first_start__cut_at_any_step__the_next_one_works(void **state)
{
    struct fixture *f = *state;

    enum tg_err err = TG_E_IO;
    int failures = 0;

    for (int n = 1; err != TG_OK; n++) {
        assert_true(n < 10);
        fail_sync_at = n;
        err = start(f);
        fail_sync_at = 0;
        assert_true(err == TG_OK || strstr(f->fault.text, "cannot be written") != NULL);
        failures += err != TG_OK;
    }
    assert_true(failures >= 4);
    assert_true(has_id(f));
    assert_int_equal(start(f), TG_OK);
}

static void first_start__an_empty_file_or_one_of_no_store__works(void **state)
{
    struct fixture *f = *state;
    struct tg_buf none = { 0 };

    put_content(f, &none);
    assert_int_equal(start(f), TG_OK);
}

static void file__of_an_earlier_moment__is_behind_and_fits(void **state)
{
    struct fixture *f = *state;
    struct tg_buf old;

    assert_int_equal(start(f), TG_OK);
    old = content(f);
    change(f);
    put_content(f, &old);
    assert_int_equal(start(f), TG_OK);
    tg_buf_deinit(&old);
}

static void file__that_cannot_be_written__is_named_once_and_fails_no_change(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f), TG_OK);
    fail_write_at = 1;
    change(f);
    change(f);
    assert_int_equal(event_count, 1);
    assert_int_equal(tg_store_counter_failures(&f->counter), 2);
    fail_write_at = 0;
    assert_int_equal(start(f), TG_OK);
}

/* Otherwise a copy that was made since would be as new as the file. */
static void file__behind_at_the_end__is_written_then(void **state)
{
    struct fixture *f = *state;
    struct tg_buf before;
    struct tg_buf after;

    assert_int_equal(start(f), TG_OK);
    before = content(f);
    fail_write_at = 1;
    change(f);
    fail_write_at = 0;
    tg_store_counter_close(&f->counter);
    after = content(f);
    tg_buf_append_u8(&after, 0);
    assert_non_null(strstr((const char *)after.ptr, "\ncount 00000000000000000002\n"));
    assert_int_equal(before.len, after.len - 1);
    tg_buf_deinit(&before);
    tg_buf_deinit(&after);
}

static void file__cannot_be_written_at_the_end_either__is_named(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f), TG_OK);
    fail_write_at = 1;
    change(f);
    tg_store_counter_close(&f->counter);
    fail_write_at = 0;
    assert_int_equal(event_count, 2);
    assert_int_equal(start(f), TG_OK);
}

static void file__every_byte_changed_or_cut__is_never_taken_for_another_count(void **state)
{
    struct fixture *f = *state;
    struct tg_buf good;

    assert_int_equal(start(f), TG_OK);
    good = content(f);
    for (size_t i = 0; i < good.len; i++) {
        struct tg_buf bad = exact(good.ptr, good.len);

        bad.ptr[i] = bad.ptr[i] == '1' ? '2' : '1';
        put_content(f, &bad);
        assert_int_equal(start(f), TG_E_DENIED);
        tg_buf_truncate(&bad, i);
        put_content(f, &bad);
        assert_int_equal(start(f), TG_E_DENIED);
        assert_non_null(strstr(f->fault.text, i == 0 ? "is missing" : "is damaged"));
        tg_buf_deinit(&bad);
    }
    put_content(f, &good);
    assert_int_equal(start(f), TG_OK);
    tg_buf_deinit(&good);
}

static void file__no_regular_file__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f), TG_OK);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(symlink("/dev/null", f->path), 0);
    assert_refused(f, TG_E_IO, "cannot be opened");
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_refused(f, TG_E_DENIED, "is not a regular file");
}

/* As --restored: it opens both and follows no change. */
static void open_as_command(struct fixture *f)
{
    f->store->ops->close(&f->store);
    tg_store_counter_close(&f->counter);
    open_store(f);
    assert_int_equal(tg_store_counter_open(&f->counter, f->path, f->store, &log_table, &f->fault),
                     TG_OK);
}

/* The file is written last: a restore that was cut is refused and repeated. */
static void restore__cut_before_the_file__is_refused_until_it_is_repeated(void **state)
{
    struct fixture *f = *state;
    struct tg_store_fact_copy epoch;

    assert_int_equal(start(f), TG_OK);
    fail_sync_at = 1;
    assert_int_equal(tg_store_counter_restore(&f->counter, f->store, TG_STORE_RESTORED_DROP,
                                              &tg_rng_system, &f->fault),
                     TG_E_IO);
    fail_sync_at = 0;
    /* What a power failure leaves: the file as it was. */
    assert_int_equal(start(f), TG_OK);
    open_as_command(f);
    fail_write_at = 1;
    assert_int_equal(tg_store_counter_restore(&f->counter, f->store, TG_STORE_RESTORED_DROP,
                                              &tg_rng_system, &f->fault),
                     TG_E_IO);
    fail_write_at = 0;
    assert_refused(f, TG_E_DENIED, "belongs to another store");
    assert_int_equal(tg_store_counter_restore(&f->counter, f->store, TG_STORE_RESTORED_DROP,
                                              &tg_rng_system, &f->fault),
                     TG_OK);
    assert_int_equal(start(f), TG_OK);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_EPOCH, &epoch), TG_OK);
    assert_int_equal(epoch.len, 8);
    assert_int_equal(epoch.bytes[7], 3);
}

static enum tg_err fail_restore(struct tg_store *s, enum tg_store_restored how, uint64_t count)
{
    (void)how;
    (void)count;
    return s == NULL ? TG_E_BUG : TG_E_STORE;
}

/* The copy may be as it was or not: the next start must not take it for the store of the file. */
static void restore__cut_in_the_store__is_refused_until_it_is_repeated(void **state)
{
    struct fixture *f = *state;
    const struct tg_store_ops *real = f->store->ops;
    struct tg_store_ops cut = *real;

    assert_int_equal(start(f), TG_OK);
    open_as_command(f);
    cut.restore = fail_restore;
    f->store->ops = &cut;
    assert_int_equal(tg_store_counter_restore(&f->counter, f->store, TG_STORE_RESTORED_DROP,
                                              &tg_rng_system, &f->fault),
                     TG_E_STORE);
    f->store->ops = real;
    assert_refused(f, TG_E_DENIED, "belongs to another store");
    assert_int_equal(tg_store_counter_restore(&f->counter, f->store, TG_STORE_RESTORED_DROP,
                                              &tg_rng_system, &f->fault),
                     TG_OK);
    assert_int_equal(start(f), TG_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(first_start__makes_the_file_and_the_id_durably),
        CASE(first_start__cut_at_any_step__the_next_one_works),
        CASE(first_start__an_empty_file_or_one_of_no_store__works),
        CASE(file__of_an_earlier_moment__is_behind_and_fits),
        CASE(file__that_cannot_be_written__is_named_once_and_fails_no_change),
        CASE(file__behind_at_the_end__is_written_then),
        CASE(file__cannot_be_written_at_the_end_either__is_named),
        CASE(file__every_byte_changed_or_cut__is_never_taken_for_another_count),
        CASE(file__no_regular_file__refused),
        CASE(restore__cut_before_the_file__is_refused_until_it_is_repeated),
        CASE(restore__cut_in_the_store__is_refused_until_it_is_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
