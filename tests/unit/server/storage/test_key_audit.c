/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/storage/key_audit.h"

#include "relay/seal.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX2 "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define INDEX "index " HEX "\n"
#define SEAL1 "seal 1 " HEX "\n"
#define SEAL2 "seal 2 " HEX2 "\n"

struct fixture {
    struct tg_store *store;
    struct tg_store_port *port;
    struct tg_fault fault;
    const char *advice;
};

/* Before the next save, another relay writes its check values. */
static const char *rival_keys;

enum tg_err __real_tg_store_fact_save(struct tg_store *s, enum tg_fact fact, uint64_t old_version,
                                      struct tg_bytes value);
enum tg_err __wrap_tg_store_fact_save(struct tg_store *s, enum tg_fact fact, uint64_t old_version,
                                      struct tg_bytes value);

static struct tg_keyring keyring_of(const char *text)
{
    struct tg_keyring keyring;

    assert_int_equal(tg_keyring_parse(&keyring, tg_bytes_str(text), NULL), TG_OK);
    return keyring;
}

enum tg_err __wrap_tg_store_fact_save(struct tg_store *s, enum tg_fact fact, uint64_t old_version,
                                      struct tg_bytes value)
{
    if (rival_keys != NULL) {
        struct tg_keyring keyring = keyring_of(rival_keys);
        struct tg_key_audit audit;

        rival_keys = NULL;
        assert_int_equal(tg_key_audit_init(&audit, &keyring), TG_OK);
        audit.version = old_version;
        assert_int_equal(tg_key_audit_save(s, &audit), TG_OK);
    }
    return __real_tg_store_fact_save(s, fact, old_version, value);
}

static void ignore_notify(void *ctx)
{
    (void)ctx;
}

static int setup(void **state)
{
    static const struct tg_store_limits limits = { .live_max = 0 };
    struct fixture *f = test_calloc(1, sizeof(*f));

    rival_keys = NULL;
    assert_int_equal(tg_store_mem_open(&f->store, &limits), TG_OK);
    assert_int_equal(f->store->ops->attach(f->store, ignore_notify, NULL, &f->port), TG_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    f->store->ops->detach(&f->port);
    f->store->ops->close(&f->store);
    test_free(f);
    return 0;
}

static enum tg_err verify_with(struct fixture *f, const char *keys, enum tg_key_audit_need need)
{
    struct tg_keyring keyring = keyring_of(keys);

    f->fault = (struct tg_fault){ "" };
    f->advice = NULL;
    return tg_key_audit_verify(f->store, &keyring, need, &f->fault, &f->advice);
}

static enum tg_err start_with(struct fixture *f, const char *keys)
{
    struct tg_keyring keyring = keyring_of(keys);

    f->fault = (struct tg_fault){ "" };
    f->advice = NULL;
    return tg_key_audit_run(f->store, &keyring, &f->fault, &f->advice);
}

static uint64_t write_count(struct fixture *f)
{
    struct tg_store_fact_copy fact;

    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_KEY_CHECKS, &fact), TG_OK);
    return fact.version;
}

static void assert_refused(struct fixture *f, const char *keys, const char *part)
{
    assert_int_equal(start_with(f, keys), TG_E_DENIED);
    if (strstr(f->fault.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", f->fault.text, part);
    }
    assert_non_null(f->advice);
}

/* ---- content -------------------------------------------------------------------------------- */

struct put {
    struct tg_store_record record;
    bool is_done;
};

static enum tg_store_verdict put_change(void *ctx, const struct tg_store_record *old,
                                        struct tg_store_next *next)
{
    const struct put *put = ctx;

    (void)old;
    next->record = put->record;
    return TG_STORE_PUT;
}

static void put_done(void *ctx, enum tg_err err)
{
    struct put *put = ctx;

    assert_int_equal(err, TG_OK);
    put->is_done = true;
}

/* A record that begins as one that the seal key id sealed. */
static void put_sealed(struct fixture *f, uint8_t n, uint32_t id, int64_t expires_s, size_t len)
{
    uint8_t sealed[64] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                           (uint8_t)id };
    struct tg_store_key key = { .bytes = { n } };
    struct put put = {
        .record = { .version = 1, .expires_s = expires_s, .sealed = tg_bytes(sealed, len) }
    };

    f->store->ops->apply(f->port, &key, put_change, &put, put_done);
    f->store->ops->dispatch(f->port);
    assert_true(put.is_done);
}

static void ignore_swept(void *ctx, enum tg_err err, const struct tg_store_swept *swept)
{
    (void)ctx;
    (void)swept;
    assert_int_equal(err, TG_OK);
}

/* ---- cases ---------------------------------------------------------------------------------- */

static void first_start__writes_the_check_and_the_same_keys_start_again(void **state)
{
    struct fixture *f = *state;
    struct tg_store_fact_copy before;
    struct tg_store_fact_copy after;

    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_KEY_CHECKS, &before), TG_OK);
    assert_int_equal(before.version, 1);
    put_sealed(f, 1, 1, 1000, 64);
    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_KEY_CHECKS, &after), TG_OK);
    assert_memory_equal(&before, &after, sizeof(before));
}

static void another_index_key__refused_also_without_a_record(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    assert_refused(f, "index " HEX2 "\n" SEAL1, "the index key in the key file is another key");
    put_sealed(f, 1, 1, 1000, 64);
    assert_refused(f, "index " HEX2 "\n" SEAL1, "the index key in the key file is another key");
    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
}

static void another_key_under_a_known_number__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    assert_refused(f, INDEX "seal 1 " HEX2 "\n", "seal key 1 in the key file is another key");
    assert_refused(f, INDEX "seal 1 " HEX2 "\n" SEAL2, "seal key 1 in the key file is another");
    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
}

static void new_seal_key__is_added_and_known_from_then_on(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    assert_int_equal(start_with(f, INDEX SEAL1 SEAL2), TG_OK);
    assert_refused(f, INDEX SEAL1 "seal 2 " HEX "\n", "seal key 2 in the key file is another key");
}

static void seal_key_in_use__cannot_leave_the_file_before_the_last_record(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    put_sealed(f, 1, 1, 86400, 64);
    put_sealed(f, 2, 1, 3, 64);
    assert_int_equal(start_with(f, INDEX SEAL1 SEAL2), TG_OK);
    put_sealed(f, 3, 2, 999999, 64);
    assert_refused(f, INDEX SEAL2,
                   "seal key 1 is not in the key file, but 2 records or pushes in the store are "
                   "sealed with it; the last of them expires at 1970-01-02T00:00:00Z");
    f->store->ops->sweep(f->port, 86400, 10, ignore_swept, NULL);
    f->store->ops->dispatch(f->port);
    assert_int_equal(start_with(f, INDEX SEAL2), TG_OK);
    assert_refused(f, INDEX SEAL1, "seal key 2 is not in the key file");
    /* The number may be used again: nothing is left that it sealed. */
    assert_int_equal(start_with(f, INDEX SEAL2 "seal 1 " HEX2 "\n"), TG_OK);
}

/* The record of a spent token is 32 random bytes: no seal key. */
static void record_that_is_not_sealed__names_no_key(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    put_sealed(f, 1, 1, 1000, 32);
    assert_int_equal(start_with(f, INDEX SEAL2), TG_OK);
}

/* Before everything is dropped: a key that is gone is no fault, another key is. */
static void need_of_no_other_key__missing_is_right_other_is_refused(void **state)
{
    struct fixture *f = *state;
    struct tg_store_fact_copy before;
    struct tg_store_fact_copy after;

    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    put_sealed(f, 1, 1, 1000, 64);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_KEY_CHECKS, &before), TG_OK);
    assert_int_equal(verify_with(f, INDEX SEAL2, TG_KEY_AUDIT_NO_OTHER), TG_OK);
    assert_int_equal(verify_with(f, "index " HEX2 "\n" SEAL2, TG_KEY_AUDIT_NO_OTHER), TG_E_DENIED);
    assert_int_equal(verify_with(f, INDEX "seal 1 " HEX2, TG_KEY_AUDIT_NO_OTHER), TG_E_DENIED);
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_KEY_CHECKS, &after), TG_OK);
    assert_memory_equal(&before, &after, sizeof(before));
}

/* The store may be an older copy, which a commit would make as new as its counter file. */
static void verify__keys_that_a_start_would_write__not_written(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(verify_with(f, INDEX SEAL1, TG_KEY_AUDIT_ALL), TG_OK); /* no check yet */
    assert_int_equal(write_count(f), 0);
    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    assert_int_equal(verify_with(f, INDEX SEAL1 SEAL2, TG_KEY_AUDIT_ALL), TG_OK); /* a new key */
    assert_int_equal(verify_with(f, INDEX SEAL2, TG_KEY_AUDIT_ALL), TG_OK);       /* one less */
    assert_int_equal(write_count(f), 1);
    assert_int_equal(start_with(f, INDEX SEAL1 SEAL2), TG_OK);
    assert_int_equal(write_count(f), 2);
}

static void content_without_a_check__refused_and_nothing_written(void **state)
{
    struct fixture *f = *state;
    struct tg_store_fact_copy copy;

    put_sealed(f, 1, 1, 1000, 64);
    assert_refused(f, INDEX SEAL1, "holds mailboxes but no check of its keys");
    assert_non_null(strstr(f->advice, "--upgrade-store"));
    assert_int_equal(tg_store_fact_load(f->store, TG_FACT_KEY_CHECKS, &copy), TG_OK);
    assert_int_equal(copy.version, 0);
}

static void series_without_a_check__is_content(void **state)
{
    struct fixture *f = *state;
    struct tg_keyring keyring = keyring_of(INDEX SEAL1);
    const struct tg_store_seen series = { .kind = TG_STORE_SEEN_SERIES };
    struct tg_key_audit audit;

    assert_int_equal(tg_key_audit_init(&audit, &keyring), TG_OK);
    assert_true(tg_key_audit_see(&audit, &series));
    assert_int_equal(tg_key_audit_judge(&audit, TG_KEY_AUDIT_ALL, &f->fault, &f->advice),
                     TG_E_DENIED);
}

static void damaged_check__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_KEY_CHECKS, 0, TG_LIT("x")), TG_OK);
    assert_refused(f, INDEX SEAL1, "the check of the keys in the store is damaged");
}

static void two_relays_that_start_together__the_second_verifies_what_the_first_wrote(void **state)
{
    struct fixture *f = *state;

    rival_keys = INDEX SEAL1;
    assert_int_equal(start_with(f, INDEX SEAL1), TG_OK);
    rival_keys = INDEX SEAL1 SEAL2;
    assert_refused(f, INDEX SEAL1 "seal 2 " HEX "\n", "seal key 2 in the key file is another key");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(first_start__writes_the_check_and_the_same_keys_start_again),
        CASE(another_index_key__refused_also_without_a_record),
        CASE(another_key_under_a_known_number__refused),
        CASE(new_seal_key__is_added_and_known_from_then_on),
        CASE(seal_key_in_use__cannot_leave_the_file_before_the_last_record),
        CASE(record_that_is_not_sealed__names_no_key),
        CASE(verify__keys_that_a_start_would_write__not_written),
        CASE(need_of_no_other_key__missing_is_right_other_is_refused),
        CASE(content_without_a_check__refused_and_nothing_written),
        CASE(series_without_a_check__is_content),
        CASE(damaged_check__refused),
        CASE(two_relays_that_start_together__the_second_verifies_what_the_first_wrote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
