/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the credential keys of all vectors with the SubjectPublicKeyInfo in the vectors. */
#include "unit/attest/attest_vectors.h"

#include "attest/cose.h"
#include "attest/key.h"

static void check_key(const json_t *vector, const struct tg_key_templates *templates)
{
    const json_t *auth = json_object_get(vector, "authData");
    struct tg_cose_key key;
    struct tg_cbor *doc = NULL;
    struct tg_buf cose;
    struct tg_buf spki;
    enum tg_key_kind kind = TG_KEY_RSA;
    EVP_PKEY *made = NULL;

    tg_buf_init(&cose, 2048);
    tg_buf_init(&spki, 2048);
    unit_unhex(&cose, unit_text(auth, "credentialPublicKey_cose_hex"));
    unit_unhex(&spki, unit_text(vector, "credentialPublicKey_spki_hex"));
    assert_int_equal(tg_cbor_decode(&doc, tg_buf_view(&cose)), TG_OK);
    assert_int_equal(tg_cose_key_read(&key, tg_cbor_root(doc)), TG_OK);
    assert_true(tg_bytes_is_equal(tg_cose_key_spki(&key), tg_buf_view(&spki)));
    assert_true(tg_spki_kind(&kind, tg_buf_view(&spki)));
    assert_int_equal(kind, key.kind);
    assert_int_equal(tg_key_make(&made, templates, kind, tg_buf_view(&spki), NULL), TG_ATTEST_OK);
    EVP_PKEY_free(made);
    tg_cbor_free(&doc);
    tg_buf_deinit(&cose);
    tg_buf_deinit(&spki);
}

static void every_credential_key__gives_the_bytes_of_a_certificate(void **state)
{
    static const char *const files[] = { "w3c_level3.json", "apple_anonymous.json", "tpm.json",
                                         "android_key.json", "packed_u2f_none.json" };
    struct tg_key_templates templates = { { NULL } };

    (void)state;
    assert_int_equal(tg_key_templates_init(&templates), TG_OK);
    for (size_t i = 0; i < TG_COUNT(files); i++) {
        json_t *file = unit_load(files[i]);
        const json_t *list = json_object_get(file, "vectors");

        assert_true(json_array_size(list) > 0);
        for (size_t j = 0; j < json_array_size(list); j++) {
            check_key(json_array_get(list, j), &templates);
        }
        json_decref(file);
    }
    tg_key_templates_deinit(&templates);
}

/* Every change of a byte before the point gives an unknown kind of key. */
static void spki_of_p256__changed_before_the_point__unknown(void **state)
{
    static const char p256[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
    struct tg_buf spki;
    enum tg_key_kind kind = TG_KEY_RSA;

    (void)state;
    tg_buf_init(&spki, 200);
    unit_unhex(&spki, p256);
    (void)tg_buf_extend(&spki, 64);
    assert_true(tg_spki_kind(&kind, tg_buf_view(&spki)));
    assert_int_equal(kind, TG_KEY_P256);
    for (size_t i = 0; i < sizeof(p256) / 2; i++) {
        spki.ptr[i] ^= 1;
        assert_false(tg_spki_kind(&kind, tg_buf_view(&spki)));
        spki.ptr[i] ^= 1;
    }
    assert_false(tg_spki_kind(&kind, tg_bytes_first(tg_buf_view(&spki), spki.len - 1)));
    tg_buf_append_u8(&spki, 0);
    assert_false(tg_spki_kind(&kind, tg_buf_view(&spki)));
    assert_false(tg_spki_kind(&kind, tg_bytes(NULL, 0)));
    tg_buf_deinit(&spki);
}

/* {1: 3, 3: -257, -1: n, -2: e} */
static enum tg_err read_rsa(size_t n_len, struct tg_bytes e, uint8_t first, uint8_t last)
{
    struct tg_cose_key key;
    struct tg_cbor *doc = NULL;
    struct tg_buf data;
    uint8_t *n = NULL;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&data, 1024);
    unit_unhex(&data, "a401030339010020590000");
    data.ptr[data.len - 2] = (uint8_t)(n_len >> 8);
    data.ptr[data.len - 1] = (uint8_t)n_len;
    n = tg_buf_extend(&data, n_len);
    n[0] = first;
    n[n_len - 1] = last;
    tg_buf_append_u8(&data, 0x21);
    tg_buf_append_u8(&data, (uint8_t)(0x40 + e.len));
    tg_buf_append(&data, e);
    assert_int_equal(tg_cbor_decode(&doc, tg_buf_view(&data)), TG_OK);
    err = tg_cose_key_read(&key, tg_cbor_root(doc));
    tg_cbor_free(&doc);
    tg_buf_deinit(&data);
    return err;
}

static void rsa__of_2048_to_4096_bits_and_a_small_odd_exponent(void **state)
{
    struct tg_bytes e = TG_LIT("\1\0\1");

    (void)state;
    assert_int_equal(read_rsa(255 + 1, e, 0x80, 1), TG_OK);
    assert_int_equal(read_rsa(512, e, 0x80, 1), TG_OK);
    assert_int_equal(read_rsa(512, e, 0x01, 1), TG_OK);
    assert_int_equal(read_rsa(512 + 1, e, 0x80, 1), TG_E_UNSUPPORTED);
    assert_int_equal(read_rsa(256, e, 0x00, 1), TG_E_UNSUPPORTED);
    assert_int_equal(read_rsa(256, e, 0x80, 2), TG_E_UNSUPPORTED);
    assert_int_equal(read_rsa(256, TG_LIT("\2"), 0x80, 1), TG_E_UNSUPPORTED);
    assert_int_equal(read_rsa(256, TG_LIT("\1\0\0\0\1"), 0x80, 1), TG_E_UNSUPPORTED);
    assert_int_equal(read_rsa(256, TG_LIT("\3"), 0x80, 1), TG_OK);
    assert_int_equal(read_rsa(256, TG_LIT("\1"), 0x80, 1), TG_E_UNSUPPORTED);
    assert_int_equal(read_rsa(256, TG_LIT("\0\3"), 0x80, 1), TG_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_credential_key__gives_the_bytes_of_a_certificate),
        cmocka_unit_test(spki_of_p256__changed_before_the_point__unknown),
        cmocka_unit_test(rsa__of_2048_to_4096_bits_and_a_small_odd_exponent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
