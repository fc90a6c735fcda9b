/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/hex_bytes.h"

#include "crypto/x25519.h"

#include <string.h>

static struct tg_secret secret_of(const char *hex)
{
    struct unit_bytes room;
    struct tg_secret secret = { .len = 0 };

    assert_int_equal(tg_secret_set(&secret, unhex(&room, hex)), TG_OK);
    return secret;
}

/* RFC 7748 sections 5.2 and 6.1. */
static const struct {
    const char *scalar;
    const char *u;
    const char *out;
} rfc7748[] = {
    { "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
    { "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
      "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
    { "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
      "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
    { "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
};

static void shared__vectors_of_the_rfc__same_output(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(rfc7748); i++) {
        struct tg_secret scalar = secret_of(rfc7748[i].scalar);
        struct tg_secret expected = secret_of(rfc7748[i].out);
        struct tg_secret out = { .len = 0 };
        struct unit_bytes u;

        assert_int_equal(tg_x25519_shared(&out, &scalar, unhex(&u, rfc7748[i].u)), TG_OK);
        assert_int_equal(out.len, TG_X25519_LEN);
        assert_memory_equal(out.bytes, expected.bytes, TG_X25519_LEN);
    }
}

/* RFC 7748 section 5.2, the loop, after 1 and after 1000 iterations. */
static void shared__a_thousand_iterations__result_of_the_rfc(void **state)
{
    struct tg_secret k =
        secret_of("0900000000000000000000000000000000000000000000000000000000000000");
    struct tg_secret u = k;
    struct tg_secret once =
        secret_of("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    struct tg_secret thousand =
        secret_of("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");

    (void)state;
    for (int i = 1; i <= 1000; i++) {
        struct tg_secret out = { .len = 0 };

        assert_int_equal(tg_x25519_shared(&out, &k, tg_secret_view(&u)), TG_OK);
        u = k;
        k = out;
        if (i == 1) {
            assert_memory_equal(k.bytes, once.bytes, TG_X25519_LEN);
        }
    }
    assert_memory_equal(k.bytes, thousand.bytes, TG_X25519_LEN);
}

static void public__vectors_of_the_rfc__same_output(void **state)
{
    static const char *const pairs[][2] = {
        { "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
          "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a" },
        { "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
          "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(pairs); i++) {
        struct tg_secret private_key = secret_of(pairs[i][0]);
        struct tg_secret expected = secret_of(pairs[i][1]);
        uint8_t out[TG_X25519_LEN];

        assert_int_equal(tg_x25519_public(out, &private_key), TG_OK);
        assert_memory_equal(out, expected.bytes, TG_X25519_LEN);
    }
}

/* The points of small order, in every encoding of the field. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

/* spec-test: protocol/7#envelope-v2-zero-shared-secret */
static void shared__point_of_small_order__refused_and_untouched(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(small_order); i++) {
        struct tg_secret scalar = secret_of(rfc7748[i % 4].scalar);
        struct tg_secret out = { .bytes = { 9 }, .len = 1 };
        struct unit_bytes u;

        assert_int_equal(tg_x25519_shared(&out, &scalar, unhex(&u, small_order[i])), TG_E_SYNTAX);
        assert_int_equal(tg_x25519_check(unhex(&u, small_order[i])), TG_E_SYNTAX);
        assert_int_equal(out.len, 1);
        assert_int_equal(out.bytes[0], 9);
    }
}

static void check__ordinary_keys__accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(rfc7748); i++) {
        struct unit_bytes u;

        assert_int_equal(tg_x25519_check(unhex(&u, rfc7748[i].u)), TG_OK);
    }
}

static void any__key_of_another_length__refused_and_untouched(void **state)
{
    struct tg_secret good = secret_of(rfc7748[0].scalar);
    uint8_t raw[TG_X25519_LEN + 1] = { 9 };

    (void)state;
    for (size_t len = 0; len <= TG_X25519_LEN + 1; len++) {
        struct tg_secret out = { .bytes = { 9 }, .len = 1 };
        struct tg_secret bad = good;
        uint8_t public_key[TG_X25519_LEN] = { 7 };

        bad.len = len;
        if (len == TG_X25519_LEN) {
            continue;
        }
        assert_int_equal(tg_x25519_shared(&out, &good, tg_bytes(raw, len)), TG_E_SYNTAX);
        assert_int_equal(tg_x25519_shared(&out, &bad, tg_bytes(raw, TG_X25519_LEN)), TG_E_CRYPTO);
        assert_int_equal(tg_x25519_public(public_key, &bad), TG_E_CRYPTO);
        assert_int_equal(tg_x25519_check(tg_bytes(raw, len)), TG_E_SYNTAX);
        assert_int_equal(public_key[0], 7);
        assert_int_equal(out.len, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared__vectors_of_the_rfc__same_output),
        cmocka_unit_test(shared__a_thousand_iterations__result_of_the_rfc),
        cmocka_unit_test(public__vectors_of_the_rfc__same_output),
        cmocka_unit_test(shared__point_of_small_order__refused_and_untouched),
        cmocka_unit_test(check__ordinary_keys__accepted),
        cmocka_unit_test(any__key_of_another_length__refused_and_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
