/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/hex_bytes.h"

#include "crypto/aead.h"

#include <jansson.h>
#include <string.h>

#define VECTORS TG_TEST_DATA "/aead/wycheproof_aes_gcm_128_256_iv96_tag128.json"

struct vector {
    struct unit_bytes key, iv, aad, msg, ct, tag;
    bool is_valid;
};

static void load(struct vector *v, const json_t *test)
{
    (void)unhex(&v->key, json_string_value(json_object_get(test, "key")));
    (void)unhex(&v->iv, json_string_value(json_object_get(test, "iv")));
    (void)unhex(&v->aad, json_string_value(json_object_get(test, "aad")));
    (void)unhex(&v->msg, json_string_value(json_object_get(test, "msg")));
    (void)unhex(&v->ct, json_string_value(json_object_get(test, "ct")));
    (void)unhex(&v->tag, json_string_value(json_object_get(test, "tag")));
    v->is_valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
}

static struct tg_bytes view(const struct unit_bytes *b)
{
    return tg_bytes(b->bytes, b->len);
}

/* Opens ct and tag; seals again when the vector is a good one. */
static void check(const struct vector *v)
{
    struct tg_secret key = { .len = 0 };
    struct tg_buf box;
    struct tg_buf out;

    tg_buf_init(&box, 2 * UNIT_BYTES_MAX);
    tg_buf_init(&out, 2 * UNIT_BYTES_MAX);
    assert_int_equal(tg_secret_set(&key, view(&v->key)), TG_OK);
    tg_buf_append(&box, view(&v->ct));
    tg_buf_append(&box, view(&v->tag));
    tg_buf_append_str(&out, "kept");
    assert_int_equal(tg_aead_open(&out, &key, view(&v->iv), view(&v->aad), tg_buf_view(&box)),
                     v->is_valid ? TG_OK : TG_E_CRYPTO);
    assert_int_equal(out.len, 4 + (v->is_valid ? v->msg.len : 0));
    assert_memory_equal(out.ptr + 4, v->msg.bytes, out.len - 4);
    tg_buf_clear(&out);
    if (v->is_valid) {
        assert_int_equal(tg_aead_seal(&out, &key, view(&v->iv), view(&v->aad), view(&v->msg)),
                         TG_OK);
        assert_int_equal(out.len, box.len);
        assert_memory_equal(out.ptr, box.ptr, box.len);
    }
    tg_buf_deinit(&out);
    tg_buf_deinit(&box);
}

static void seal_and_open__wycheproof_vectors__expected_result(void **state)
{
    json_t *root = json_load_file(VECTORS, 0, NULL);
    const json_t *group = NULL;
    const json_t *test = NULL;
    size_t g = 0;
    size_t t = 0;
    size_t count = 0;
    size_t valid_count = 0;

    (void)state;
    assert_non_null(root);
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            static struct vector v;

            load(&v, test);
            check(&v);
            count++;
            valid_count += v.is_valid;
        }
    }
    assert_int_equal(count, 133);
    assert_int_equal(valid_count, 79);
    json_decref(root);
}

static const uint8_t nonce[TG_AEAD_NONCE_LEN] = { 1, 2, 3 };

static struct tg_secret key_of(size_t len)
{
    struct tg_secret key = { .len = len };

    memset(key.bytes, 7, len);
    return key;
}

static void open__every_bit_of_the_box_flipped__refused_and_nothing_appended(void **state)
{
    struct tg_secret key = key_of(16);
    struct tg_buf box;
    struct tg_buf out;

    (void)state;
    tg_buf_init(&box, 100);
    tg_buf_init(&out, 100);
    assert_int_equal(tg_aead_seal(&box, &key, TG_ARRAY_BYTES(nonce), TG_LIT("aad"), TG_LIT("text")),
                     TG_OK);
    for (size_t bit = 0; bit < box.len * 8; bit++) {
        box.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(
            tg_aead_open(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT("aad"), tg_buf_view(&box)),
            TG_E_CRYPTO);
        assert_int_equal(out.len, 0);
        box.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < box.len; len++) {
        assert_int_equal(
            tg_aead_open(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT("aad"), tg_bytes(box.ptr, len)),
            TG_E_CRYPTO);
    }
    assert_int_equal(
        tg_aead_open(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT("aae"), tg_buf_view(&box)),
        TG_E_CRYPTO);
    assert_int_equal(
        tg_aead_open(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT("aad"), tg_buf_view(&box)), TG_OK);
    tg_buf_deinit(&out);
    tg_buf_deinit(&box);
}

static void seal_and_open__key_or_nonce_of_another_length__refused(void **state)
{
    static const size_t lengths[] = { 0, 1, 15, 17, 24, 31, 33, 64 };
    static const uint8_t zeros[32] = { 0 };
    struct tg_secret good = key_of(16);
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 100);
    for (size_t i = 0; i < TG_COUNT(lengths); i++) {
        struct tg_secret key = key_of(lengths[i]);

        assert_int_equal(tg_aead_seal(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT(""), TG_LIT("x")),
                         TG_E_CRYPTO);
        assert_int_equal(
            tg_aead_open(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT(""), TG_ARRAY_BYTES(zeros)),
            TG_E_CRYPTO);
        assert_int_equal(out.len, 0);
    }
    assert_int_equal(tg_aead_seal(&out, &good, tg_bytes(nonce, 11), TG_LIT(""), TG_LIT("x")),
                     TG_E_CRYPTO);
    assert_int_equal(tg_aead_seal(&out, &good, tg_bytes(zeros, 13), TG_LIT(""), TG_LIT("x")),
                     TG_E_CRYPTO);
    assert_int_equal(out.len, 0);
    tg_buf_deinit(&out);
}

static void seal__buffer_exact_and_one_short__sealed_and_refused(void **state)
{
    struct tg_secret key = key_of(32);
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 4 + 4 + TG_AEAD_TAG_LEN);
    tg_buf_append_str(&out, "kept");
    assert_int_equal(tg_aead_seal(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT(""), TG_LIT("12345")),
                     TG_E_LIMIT);
    assert_int_equal(out.len, 4);
    tg_buf_clear(&out);
    tg_buf_append_str(&out, "kept");
    assert_int_equal(tg_aead_seal(&out, &key, TG_ARRAY_BYTES(nonce), TG_LIT(""), TG_LIT("1234")),
                     TG_OK);
    tg_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seal_and_open__wycheproof_vectors__expected_result),
        cmocka_unit_test(open__every_bit_of_the_box_flipped__refused_and_nothing_appended),
        cmocka_unit_test(seal_and_open__key_or_nonce_of_another_length__refused),
        cmocka_unit_test(seal__buffer_exact_and_one_short__sealed_and_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
