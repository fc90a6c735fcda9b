/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/spent.h"

#include <string.h>

static const uint8_t hash[TG_TOKEN_HASH_LEN] = { 1 };
static const uint8_t other_hash[TG_TOKEN_HASH_LEN] = { 2 };
static const uint8_t challenge[32] = { 3 };
static const struct tg_store_key series = { { 4 } };
static const struct tg_store_key other_series = { { 5 } };
static const struct tg_store_key mailbox = { { 6 } };
static const struct tg_spent_token token = { .hash = hash, .series = &series };

struct fixture {
    struct tg_keyring keyring;
    struct tg_keyring other;
    struct tg_spent_purpose purpose;
    struct tg_buf sealed;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    assert_int_equal(tg_keyring_generate(&f->keyring, &tg_rng_system), TG_OK);
    f->other = f->keyring;
    f->other.index_key.bytes[31] ^= 1;
    assert_int_equal(tg_spent_request(f->purpose.request, &f->keyring, &mailbox, challenge), TG_OK);
    f->purpose.expires_s = 0x0102030405;
    tg_buf_init(&f->sealed, TG_SPENT_SEALED_MAX);
    assert_int_equal(tg_spent_seal(&f->sealed, &f->keyring, &token, &f->purpose, &tg_rng_system),
                     TG_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tg_buf_deinit(&f->sealed);
    test_free(f);
    return 0;
}

/* The purpose must stay zero on failure. */
static void assert_closed(const struct tg_keyring *keyring, const struct tg_spent_token *with,
                          struct tg_bytes sealed)
{
    static const struct tg_spent_purpose zero = { .expires_s = 0 };
    struct tg_spent_purpose purpose = { .expires_s = 77 };

    assert_int_equal(tg_spent_open(&purpose, keyring, with, sealed), TG_E_CRYPTO);
    assert_memory_equal(&purpose, &zero, sizeof(zero));
}

/* spec-test: protocol/6#spent-sealed */
static void open__what_was_sealed__the_same(void **state)
{
    struct fixture *f = *state;
    struct tg_spent_purpose purpose;

    assert_int_equal(tg_spent_open(&purpose, &f->keyring, &token, tg_buf_view(&f->sealed)), TG_OK);
    assert_memory_equal(purpose.request, f->purpose.request, sizeof(purpose.request));
    assert_int_equal(purpose.expires_s, f->purpose.expires_s);
}

/* Without the token nothing opens, not even with every key of the relay.
   spec-test: protocol/6#spent-sealed */
static void open__another_token_series_or_key__nothing(void **state)
{
    struct fixture *f = *state;
    struct tg_bytes sealed = tg_buf_view(&f->sealed);
    const struct tg_spent_token with_hash = { .hash = other_hash, .series = &series };
    const struct tg_spent_token with_series = { .hash = hash, .series = &other_series };

    assert_closed(&f->keyring, &with_hash, sealed);
    assert_closed(&f->keyring, &with_series, sealed);
    assert_closed(&f->other, &token, sealed);
}

static void open__truncated_longer_or_changed__nothing(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[TG_SPENT_SEALED_MAX + 1] = { 0 };
    size_t len = f->sealed.len;

    memcpy(bytes, f->sealed.ptr, len);
    for (size_t n = 0; n <= TG_SPENT_SEALED_MAX; n++) {
        if (n != len) {
            assert_closed(&f->keyring, &token, tg_bytes(bytes, n));
        }
    }
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_closed(&f->keyring, &token, tg_bytes(bytes, len));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* What the store gets has nothing of the token, the mailbox or the request in it, and two seals of
   the same are not alike. */
static void seal__shows_nothing_and_is_fresh_each_time(void **state)
{
    struct fixture *f = *state;
    struct tg_buf again;
    struct tg_store_key key;

    tg_buf_init(&again, TG_SPENT_SEALED_MAX);
    assert_int_equal(tg_spent_seal(&again, &f->keyring, &token, &f->purpose, &tg_rng_system),
                     TG_OK);
    assert_int_equal(again.len, f->sealed.len);
    for (size_t at = 0; at + 16 <= again.len; at++) {
        assert_memory_not_equal(again.ptr + at, f->sealed.ptr + at, 16);
        assert_memory_not_equal(again.ptr + at, f->purpose.request, 16);
        assert_memory_not_equal(again.ptr + at, mailbox.bytes, 16);
        assert_memory_not_equal(again.ptr + at, hash, 16);
    }
    assert_int_equal(tg_spent_key(&key, &f->keyring, hash), TG_OK);
    assert_memory_not_equal(key.bytes, hash, sizeof(hash));
    tg_buf_deinit(&again);
}

static void key_and_request__depend_on_the_relays_key_and_on_each_part(void **state)
{
    struct fixture *f = *state;
    struct tg_store_key keys[3];
    struct tg_store_key box = mailbox;
    uint8_t proof[32];
    uint8_t requests[4][TG_SPENT_REQUEST_LEN];

    memcpy(proof, challenge, sizeof(proof));
    assert_int_equal(tg_spent_key(&keys[0], &f->keyring, hash), TG_OK);
    assert_int_equal(tg_spent_key(&keys[1], &f->other, hash), TG_OK);
    assert_int_equal(tg_spent_key(&keys[2], &f->keyring, other_hash), TG_OK);
    assert_int_equal(tg_spent_request(requests[0], &f->keyring, &box, proof), TG_OK);
    assert_int_equal(tg_spent_request(requests[1], &f->other, &box, proof), TG_OK);
    box.bytes[31] ^= 1;
    assert_int_equal(tg_spent_request(requests[2], &f->keyring, &box, proof), TG_OK);
    box.bytes[31] ^= 1;
    proof[31] ^= 1;
    assert_int_equal(tg_spent_request(requests[3], &f->keyring, &box, proof), TG_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_not_equal(requests[i], keys[0].bytes, sizeof(requests[i]));
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(requests[i], requests[k], sizeof(requests[i]));
            if (i < 3) {
                assert_memory_not_equal(keys[i].bytes, keys[k].bytes, sizeof(keys[i].bytes));
            }
        }
    }
}

static void seal__without_room__leaves_the_buffer_as_it_was(void **state)
{
    struct fixture *f = *state;

    for (size_t max = 0; max < f->sealed.len + 3; max++) {
        struct tg_buf out;

        tg_buf_init(&out, max);
        if (max >= 3) {
            tg_buf_append_str(&out, "abc");
            assert_true(tg_spent_seal(&out, &f->keyring, &token, &f->purpose, &tg_rng_system) !=
                        TG_OK);
            assert_int_equal(out.len, 3);
        }
        tg_buf_deinit(&out);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(open__what_was_sealed__the_same),
        CASE(open__another_token_series_or_key__nothing),
        CASE(open__truncated_longer_or_changed__nothing),
        CASE(seal__shows_nothing_and_is_fresh_each_time),
        CASE(key_and_request__depend_on_the_relays_key_and_on_each_part),
        CASE(seal__without_room__leaves_the_buffer_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
