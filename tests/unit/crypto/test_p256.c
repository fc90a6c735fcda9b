/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/hex_bytes.h"

#include "crypto/p256.h"

#include <openssl/err.h>
#include <string.h>

static struct tg_secret secret_of(const char *hex)
{
    struct unit_bytes room;
    struct tg_secret secret = { .len = 0 };

    assert_int_equal(tg_secret_set(&secret, unhex(&room, hex)), TG_OK);
    return secret;
}

/* RFC 5903 section 8.1, RFC 8291 appendix A: the keys of both sides and the shared secret. */
static const struct vector {
    const char *private_key[2];
    const char *public_key[2];
    const char *shared;
} vectors[] = {
    { { "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
        "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53" },
      { "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c45"
        "6fa3e59ab1f45b33accf5f58389e0577b8990bb3",
        "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c"
        "13c58d6aac23f046ada30f8353e74f33039872ab" },
      "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
    { { "c9f58f89813e9f8e872e71f42aa64e1757c9254dcc62b72ddc010bb4043ea11c",
        "ab5757a70dd4a53e553a6bbf71ffefea2874ec07a6b379e3c48f895a02dc33de" },
      { "04fe33f4ab0dea71914db55823f73b54948f41306d920732dbb9a59a53286482200e597a7b7bc260ba1c227998"
        "580992e93973002f3012a28ae8f06bbb78e5ec0f",
        "042571b2becdfde360551aaf1ed0f4cd366c11cebe555f89bcb7b186a53339173168ece2ebe018597bd30479b8"
        "6e3c8f8eced577ca59187e9246990db682008b0e" },
      "932acbd63208387133837b0cd995911c3441eb66000998614a592727aef6912b" },
};

#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ORDER_LESS_ONE "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static void public__vectors_of_the_rfcs__same_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * TG_COUNT(vectors); i++) {
        struct tg_secret private_key = secret_of(vectors[i / 2].private_key[i % 2]);
        uint8_t out[TG_P256_PUBLIC_LEN] = { 0 };
        struct unit_bytes room;

        assert_int_equal(tg_p256_public(out, &private_key), TG_OK);
        assert_memory_equal(out, unhex(&room, vectors[i / 2].public_key[i % 2]).ptr, sizeof(out));
    }
}

static void shared__vectors_of_the_rfcs__same_on_both_sides(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * TG_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i / 2];
        struct tg_secret private_key = secret_of(v->private_key[i % 2]);
        struct tg_secret expected = secret_of(v->shared);
        struct tg_secret out = { .len = 0 };
        struct unit_bytes room;

        assert_int_equal(tg_p256_shared(&out, &private_key, unhex(&room, v->public_key[1 - i % 2])),
                         TG_OK);
        assert_int_equal(out.len, TG_P256_PRIVATE_LEN);
        assert_memory_equal(out.bytes, expected.bytes, TG_P256_PRIVATE_LEN);
    }
}

static void private__at_the_ends_of_the_range__accepted_only_inside(void **state)
{
    static const struct {
        const char *key;
        enum tg_err err;
    } rows[] = {
        { ZERO, TG_E_CRYPTO },     { ONE, TG_OK },        { ORDER, TG_E_CRYPTO },
        { ORDER_LESS_ONE, TG_OK }, { "ff", TG_E_CRYPTO }, { ONE "00", TG_E_CRYPTO },
        { "", TG_E_CRYPTO },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_secret key = secret_of(rows[i].key);
        struct tg_secret out = { .bytes = { 9 }, .len = 1 };
        uint8_t public_key[TG_P256_PUBLIC_LEN] = { 7 };
        struct unit_bytes room;

        assert_int_equal(tg_p256_public(public_key, &key), rows[i].err);
        assert_int_equal(public_key[0], rows[i].err == TG_OK ? 4 : 7);
        assert_int_equal(tg_p256_shared(&out, &key, unhex(&room, vectors[0].public_key[0])),
                         rows[i].err);
        assert_int_equal(out.len, rows[i].err == TG_OK ? 32 : 1);
    }
}

/* Another length, compressed, hybrid, infinity, not on the curve, out of the field. */
static const char *const no_points[] = {
    "",
    "00",
    "04",
    "03dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180",
    "07dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3"
    "e59ab1f45b33accf5f58389e0577b8990bb3",
    "00dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3"
    "e59ab1f45b33accf5f58389e0577b8990bb3",
    "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3"
    "e59ab1f45b33accf5f58389e0577b8990bb4",
    "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3"
    "e59ab1f45b33accf5f58389e0577b8990b",
    "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3"
    "e59ab1f45b33accf5f58389e0577b8990bb300",
    "0400000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000",
    "04ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5271a0461cdb8252d61f1c456fa3"
    "e59ab1f45b33accf5f58389e0577b8990bb3",
};

static void shared__not_a_point_of_the_curve__refused_and_untouched(void **state)
{
    struct tg_secret key = secret_of(vectors[0].private_key[0]);

    (void)state;
    for (size_t i = 0; i < TG_COUNT(no_points); i++) {
        struct tg_secret out = { .bytes = { 9 }, .len = 1 };
        struct unit_bytes room;

        assert_int_equal(tg_p256_shared(&out, &key, unhex(&room, no_points[i])), TG_E_SYNTAX);
        assert_int_equal(tg_p256_check(unhex(&room, no_points[i])), TG_E_SYNTAX);
        assert_int_equal(out.len, 1);
        assert_int_equal(out.bytes[0], 9);
        assert_int_equal(ERR_peek_error(),
                         0); /* else the caller's TLS would report it as its own error */
    }
}

static void check__points_of_the_curve__accepted(void **state)
{
    struct unit_bytes room;

    (void)state;
    assert_int_equal(tg_p256_check(unhex(&room, vectors[0].public_key[0])), TG_OK);
    assert_int_equal(tg_p256_check(unhex(&room, vectors[1].public_key[1])), TG_OK);
}

/* Gives zero_count draws of zeros, then of ones. */
static enum tg_err draw_fill(void *ctx, uint8_t *out, size_t len)
{
    int *zero_count = ctx;

    memset(out, *zero_count > 0 ? 0 : 1, len);
    (*zero_count)--;
    return *zero_count < -1 ? TG_E_CRYPTO : TG_OK;
}

static void generate__draw_out_of_range__draws_again(void **state)
{
    int zero_count = 2;
    const struct tg_rng rng = { .fill = draw_fill, .ctx = &zero_count };
    struct tg_secret key = { .len = 0 };
    uint8_t public_key[TG_P256_PUBLIC_LEN] = { 0 };
    uint8_t expected[TG_P256_PUBLIC_LEN] = { 0 };

    (void)state;
    assert_int_equal(tg_p256_generate(&key, public_key, &rng), TG_OK);
    assert_int_equal(key.len, TG_P256_PRIVATE_LEN);
    assert_int_equal(key.bytes[0], 1);
    assert_int_equal(tg_p256_public(expected, &key), TG_OK);
    assert_memory_equal(public_key, expected, sizeof(expected));
}

static void generate__source_of_zeros_or_failing__an_error_and_untouched(void **state)
{
    int counts[] = { 1000, -1 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(counts); i++) {
        const struct tg_rng rng = { .fill = draw_fill, .ctx = &counts[i] };
        struct tg_secret key = { .bytes = { 9 }, .len = 1 };
        uint8_t public_key[TG_P256_PUBLIC_LEN] = { 7 };

        assert_int_equal(tg_p256_generate(&key, public_key, &rng), TG_E_CRYPTO);
        assert_int_equal(key.len, 1);
        assert_int_equal(public_key[0], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public__vectors_of_the_rfcs__same_point),
        cmocka_unit_test(shared__vectors_of_the_rfcs__same_on_both_sides),
        cmocka_unit_test(private__at_the_ends_of_the_range__accepted_only_inside),
        cmocka_unit_test(shared__not_a_point_of_the_curve__refused_and_untouched),
        cmocka_unit_test(check__points_of_the_curve__accepted),
        cmocka_unit_test(generate__draw_out_of_range__draws_again),
        cmocka_unit_test(generate__source_of_zeros_or_failing__an_error_and_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
