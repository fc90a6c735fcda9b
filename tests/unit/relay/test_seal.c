/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/seal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static enum tg_err count_up(void *ctx, uint8_t *out, size_t len)
{
    uint8_t *next = ctx;

    for (size_t i = 0; i < len; i++) {
        out[i] = (*next)++;
    }
    return TG_OK;
}

static enum tg_err no_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

struct fixture {
    uint8_t counter;
    struct tg_rng rng;
    struct tg_keyring keyring;
    struct tg_uuid mailbox, claim;
    struct tg_store_key key;
    struct tg_seal_record_key record_key;
    struct tg_buf sealed, plain;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->rng = (struct tg_rng){ count_up, &f->counter };
    assert_int_equal(tg_keyring_generate(&f->keyring, &f->rng), TG_OK);
    memset(&f->claim, 0xcc, sizeof(f->claim));
    assert_int_equal(tg_seal_mailbox_id(&f->mailbox, &f->keyring, &f->claim, TG_LIT("1")), TG_OK);
    assert_int_equal(tg_seal_store_key(&f->key, &f->keyring, &f->mailbox), TG_OK);
    assert_int_equal(tg_seal_record_key_derive(&f->record_key, &f->keyring, &f->mailbox), TG_OK);
    tg_buf_init(&f->sealed, 4096);
    tg_buf_init(&f->plain, 4096);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tg_buf_deinit(&f->sealed);
    tg_buf_deinit(&f->plain);
    free(f);
    return 0;
}

static struct tg_store_record seal(struct fixture *f, struct tg_bytes plain)
{
    tg_buf_clear(&f->sealed);
    assert_int_equal(tg_seal_record(&f->sealed, &f->record_key, &f->key, 7, 99, plain, &f->rng),
                     TG_OK);
    return (
        struct tg_store_record){ .version = 7, .expires_s = 99, .sealed = tg_buf_view(&f->sealed) };
}

static enum tg_err open_record(struct fixture *f, const struct tg_store_record *record)
{
    tg_buf_clear(&f->plain);
    return tg_seal_record_open(&f->plain, &f->keyring, &f->mailbox, &f->record_key, &f->key,
                               record);
}

/* spec-test: protocol/3#identifier-derived */
static void mailbox_id__same_inputs__same_version_4_uuid(void **state)
{
    struct fixture *f = *state;
    struct tg_uuid again, other;

    assert_int_equal(tg_seal_mailbox_id(&again, &f->keyring, &f->claim, TG_LIT("1")), TG_OK);
    assert_memory_equal(&again, &f->mailbox, sizeof(again));
    assert_int_equal(again.bytes[6] >> 4, 4);
    assert_int_equal(again.bytes[8] >> 6, 2);
    assert_int_equal(tg_seal_mailbox_id(&other, &f->keyring, &f->claim, TG_LIT("2")), TG_OK);
    assert_memory_not_equal(&other, &f->mailbox, sizeof(other));
    f->claim.bytes[15] ^= 1;
    assert_int_equal(tg_seal_mailbox_id(&other, &f->keyring, &f->claim, TG_LIT("1")), TG_OK);
    assert_memory_not_equal(&other, &f->mailbox, sizeof(other));
    f->claim.bytes[15] ^= 1;
    f->keyring.index_key.bytes[0] ^= 1;
    assert_int_equal(tg_seal_mailbox_id(&other, &f->keyring, &f->claim, TG_LIT("1")), TG_OK);
    assert_memory_not_equal(&other, &f->mailbox, sizeof(other));
}

/* The same bytes in another role give another hash. */
static void hashes__same_bytes_other_role__unrelated(void **state)
{
    struct fixture *f = *state;
    struct tg_claim_hash claim;
    struct tg_request_hash request;
    struct tg_uuid id;

    assert_int_equal(tg_seal_claim_hash(&claim, &f->keyring, &f->mailbox, &f->mailbox), TG_OK);
    assert_int_equal(
        tg_seal_request_hash(&request, &f->keyring, &f->mailbox, TG_ARRAY_BYTES(f->mailbox.bytes)),
        TG_OK);
    assert_int_equal(
        tg_seal_mailbox_id(&id, &f->keyring, &f->mailbox, TG_ARRAY_BYTES(f->mailbox.bytes)), TG_OK);
    assert_memory_not_equal(claim.bytes, f->key.bytes, 16);
    assert_memory_not_equal(claim.bytes, request.bytes, 16);
    assert_memory_not_equal(id.bytes, request.bytes, 6);
    assert_memory_not_equal(id.bytes, claim.bytes, 6);
}

/* Nothing in the store links the same claim in two mailboxes. */
static void claim_hash__same_claim_other_mailbox__unrelated(void **state)
{
    struct fixture *f = *state;
    struct tg_uuid other = f->mailbox;
    struct tg_claim_hash a, b;

    other.bytes[0] ^= 1;
    assert_int_equal(tg_seal_claim_hash(&a, &f->keyring, &f->mailbox, &f->claim), TG_OK);
    assert_int_equal(tg_seal_claim_hash(&b, &f->keyring, &other, &f->claim), TG_OK);
    assert_memory_not_equal(&a, &b, sizeof(a));
}

static void open__sealed_record__same_plaintext(void **state)
{
    struct fixture *f = *state;
    struct tg_store_record record = seal(f, TG_LIT("a record"));

    assert_int_equal(open_record(f, &record), TG_OK);
    assert_true(tg_bytes_is_equal(tg_buf_view(&f->plain), TG_LIT("a record")));
}

static void open__any_bit_flipped_or_truncated__refused_and_no_output(void **state)
{
    struct fixture *f = *state;
    struct tg_store_record record = seal(f, TG_LIT("a record"));

    for (size_t bit = 0; bit < 8 * f->sealed.len; bit++) {
        f->sealed.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(open_record(f, &record), TG_E_CRYPTO);
        assert_int_equal(f->plain.len, 0);
        f->sealed.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < f->sealed.len; len++) {
        record.sealed = tg_bytes(f->sealed.ptr, len);
        assert_int_equal(open_record(f, &record), TG_E_CRYPTO);
    }
    record.sealed = tg_buf_view(&f->sealed);
    assert_int_equal(open_record(f, &record), TG_OK);
}

static void open__under_other_metadata__refused(void **state)
{
    struct fixture *f = *state;
    struct tg_store_record record = seal(f, TG_LIT("a record"));
    struct tg_uuid mailbox = f->mailbox;

    record.version = 6;
    assert_int_equal(open_record(f, &record), TG_E_CRYPTO);
    record.version = 7;
    record.expires_s = 100;
    assert_int_equal(open_record(f, &record), TG_E_CRYPTO);
    record.expires_s = 99;
    f->key.bytes[0] ^= 1;
    assert_int_equal(open_record(f, &record), TG_E_CRYPTO);
    f->key.bytes[0] ^= 1;
    f->mailbox.bytes[0] ^= 1;
    assert_int_equal(tg_seal_record_key_derive(&f->record_key, &f->keyring, &f->mailbox), TG_OK);
    assert_int_equal(open_record(f, &record), TG_E_CRYPTO);
    f->mailbox = mailbox;
    assert_int_equal(tg_seal_record_key_derive(&f->record_key, &f->keyring, &f->mailbox), TG_OK);
    assert_int_equal(open_record(f, &record), TG_OK);
}

static void seal__twice__two_nonces(void **state)
{
    struct fixture *f = *state;
    uint8_t first[64];

    (void)seal(f, TG_LIT("a record"));
    memcpy(first, f->sealed.ptr, f->sealed.len);
    (void)seal(f, TG_LIT("a record"));
    assert_memory_not_equal(first + 4, f->sealed.ptr + 4, 12);
    assert_memory_not_equal(first + 16, f->sealed.ptr + 16, 8);
}

static void seal__no_random_bytes__refused_and_no_output(void **state)
{
    struct fixture *f = *state;
    struct tg_rng rng = { no_random, NULL };

    assert_int_equal(tg_seal_record(&f->sealed, &f->record_key, &f->key, 1, 1, TG_LIT("x"), &rng),
                     TG_E_CRYPTO);
    assert_int_equal(f->sealed.len, 0);
}

static void rotation__older_key__opens_until_it_is_removed(void **state)
{
    struct fixture *f = *state;
    struct tg_store_record record = seal(f, TG_LIT("a record"));

    f->keyring.seal_keys[1] = (struct tg_seal_key){ 2, f->keyring.seal_keys[0].key };
    f->keyring.seal_keys[1].key.bytes[0] ^= 1;
    f->keyring.seal_key_count = 2;
    assert_int_equal(tg_seal_record_key_derive(&f->record_key, &f->keyring, &f->mailbox), TG_OK);
    assert_int_equal(f->record_key.id, 2);
    assert_int_equal(open_record(f, &record), TG_OK);
    f->keyring.seal_keys[0] = f->keyring.seal_keys[1];
    f->keyring.seal_key_count = 1;
    assert_int_equal(open_record(f, &record), TG_E_CRYPTO);
    assert_int_equal(f->plain.len, 0);
}

/* ---- what stays on the stack ---- */

#define STACK_LEN ((size_t)1 << 20)

static const char mark[16] = "a mark for stack";

/* A thread whose stack stays readable after it. The identifier itself is elsewhere. */
struct own_stack {
    const struct fixture *f;
    struct tg_uuid id;
    enum tg_err err;
};

/* The call is far below the frames of the thread's end, which overwrite the top of the stack. The
   mark is a local variable that this function does not wipe. */
static __attribute__((noinline, no_sanitize_address)) void derive_deep(struct own_stack *own)
{
    volatile uint8_t room[32768];

    for (size_t i = 0; i < sizeof(mark); i++) {
        room[i] = (uint8_t)mark[i];
    }
    own->err = tg_seal_mailbox_id(&own->id, &own->f->keyring, &own->f->claim, TG_LIT("1"));
    room[sizeof(room) - 1] = 0;
}

static void *derive_id(void *arg)
{
    derive_deep(arg);
    return NULL;
}

static bool holds(const uint8_t *stack, const void *part, size_t len)
{
    for (size_t at = 0; at + len <= STACK_LEN; at++) {
        if (memcmp(stack + at, part, len) == 0) {
            return true;
        }
    }
    return false;
}

static void mailbox_id__after_the_call__stack_does_not_hold_it(void **state)
{
    struct own_stack *own = calloc(1, sizeof(*own));
    uint8_t *stack = aligned_alloc(STACK_LEN, STACK_LEN);
    pthread_attr_t attr;
    pthread_t thread;

    assert_non_null(own);
    assert_non_null(stack);
    memset(stack, 0, STACK_LEN);
    own->f = *state;
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_LEN), 0);
    assert_int_equal(pthread_create(&thread, &attr, derive_id, own), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)pthread_attr_destroy(&attr);
    assert_int_equal(own->err, TG_OK);
    assert_memory_equal(&own->id, &own->f->mailbox, sizeof(own->id));
    assert_true(holds(stack, mark, sizeof(mark)));
    assert_false(holds(stack, own->id.bytes, sizeof(own->id.bytes)));
    free(stack);
    free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        WITH(mailbox_id__same_inputs__same_version_4_uuid),
        WITH(hashes__same_bytes_other_role__unrelated),
        WITH(claim_hash__same_claim_other_mailbox__unrelated),
        WITH(open__sealed_record__same_plaintext),
        WITH(open__any_bit_flipped_or_truncated__refused_and_no_output),
        WITH(open__under_other_metadata__refused),
        WITH(seal__twice__two_nonces),
        WITH(seal__no_random_bytes__refused_and_no_output),
        WITH(mailbox_id__after_the_call__stack_does_not_hold_it),
        WITH(rotation__older_key__opens_until_it_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
