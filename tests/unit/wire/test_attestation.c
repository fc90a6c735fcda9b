/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/hex.h"
#include "wire/attestation.h"

static struct tg_attestation_cover cover_of(const char *claim, const char *id, const char *type,
                                            const char *data)
{
    return (struct tg_attestation_cover){ tg_bytes_str(claim), tg_bytes_str(id), tg_bytes_str(type),
                                          tg_bytes_str(data) };
}

static void challenge_of(uint8_t out[TG_ATTESTATION_CHALLENGE_LEN], const char *claim,
                         const char *id, const char *type, const char *data)
{
    struct tg_attestation_cover cover = cover_of(claim, id, type, data);

    assert_int_equal(tg_attestation_challenge(out, &cover), TG_OK);
}

/* Computed with Python's hashlib from the text of the protocol.
   spec-test: protocol/6#attestation-challenge */
static void challenge__known_request__known_hash(void **state)
{
    uint8_t got[TG_ATTESTATION_CHALLENGE_LEN], expected[TG_ATTESTATION_CHALLENGE_LEN];

    (void)state;
    challenge_of(got, "6cb1a7f0-54e1-4a8c-9b1e-1f6f3cbe2d11", "request-1", "AEAD_AES_128_GCM",
                 "AAAA");
    assert_int_equal(
        tg_hex_decode(expected, sizeof(expected),
                      TG_LIT("e9b5dad3d4903613419e56117df672c0722ce4a8a06adc610652013898898fdd")),
        TG_OK);
    assert_memory_equal(got, expected, sizeof(expected));
}

static void challenge__each_part_and_each_boundary__changes_the_hash(void **state)
{
    static const char *const requests[][4] = {
        { "ab", "cd", "ef", "gh" }, { "aB", "cd", "ef", "gh" }, { "ab", "cD", "ef", "gh" },
        { "ab", "cd", "eF", "gh" }, { "ab", "cd", "ef", "gH" }, { "abc", "d", "ef", "gh" },
        { "ab", "cde", "f", "gh" }, { "ab", "cd", "efg", "h" }, { "", "abcd", "ef", "gh" },
    };
    uint8_t hashes[TG_COUNT(requests)][TG_ATTESTATION_CHALLENGE_LEN];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(requests); i++) {
        challenge_of(hashes[i], requests[i][0], requests[i][1], requests[i][2], requests[i][3]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(hashes[i], hashes[k], sizeof(hashes[i]));
        }
    }
}

/* spec-test: protocol/6#attestation-header */
static void decode__forms__accepted_or_refused(void **state)
{
    static const struct {
        const char *text, *object;
    } forms[] = {
        { "YQ", "a" },     { "YQ==", "a" },   { "YWI", "ab" },      { "YWI=", "ab" },
        { "YWJj", "abc" }, { "YQ=", NULL },   { "YQ===", NULL },    { "=", NULL },
        { "", NULL },      { "YWI==", NULL }, { "YWJj====", NULL }, { "Y Q", NULL },
        { "+/8=", NULL },  { "YR", NULL },    { "Y=Q=", NULL },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(forms); i++) {
        struct tg_buf out;
        enum tg_err err = TG_OK;

        tg_buf_init(&out, TG_ATTESTATION_DECODED_MAX);
        err = tg_attestation_decode(&out, tg_bytes_str(forms[i].text));
        assert_int_equal(err, forms[i].object != NULL ? TG_OK : TG_E_SYNTAX);
        assert_view(tg_buf_view(&out), forms[i].object != NULL ? forms[i].object : "");
        tg_buf_deinit(&out);
    }
}

static void decode__longest_and_one_more__accepted_and_refused(void **state)
{
    static char text[TG_ATTESTATION_HEADER_MAX + 1];
    struct tg_buf out;

    (void)state;
    memset(text, 'A', sizeof(text));
    tg_buf_init(&out, TG_ATTESTATION_DECODED_MAX);
    assert_int_equal(tg_attestation_decode(&out, tg_bytes(text, TG_ATTESTATION_HEADER_MAX)), TG_OK);
    assert_int_equal(out.len, TG_ATTESTATION_DECODED_MAX);
    tg_buf_clear(&out);
    assert_int_equal(tg_attestation_decode(&out, TG_ARRAY_BYTES(text)), TG_E_LIMIT);
    assert_int_equal(out.len, 0);
    tg_attestation_encode(&out, TG_LIT("ab"));
    assert_view(tg_buf_view(&out), "YWI");
    tg_buf_deinit(&out);
}

static void find__challenges_among_others__all_of_the_scheme(void **state)
{
    static const struct {
        const char *value, *scheme, *found;
    } cases[] = {
        { "DeviceClaim", "DeviceClaim", "DeviceClaim" },
        { "DeviceClaim", "PrivateToken", NULL },
        { "", "PrivateToken", NULL },
        { "PrivateToken challenge=\"a,b\", token-key=\"c==\"", "PrivateToken",
          "PrivateToken challenge=\"a,b\", token-key=\"c==\"" },
        { "DeviceAttestation formats=\"apple packed\", PrivateToken challenge=\"a\", token-key=c, "
          "Basic realm=\"PrivateToken x\", privatetoken challenge=d",
          "PrivateToken", "PrivateToken challenge=\"a\", token-key=c, privatetoken challenge=d" },
        { "Basic realm=\"x, PrivateToken challenge=y\"", "PrivateToken", NULL },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf out;
        bool is_there = cases[i].found != NULL;

        tg_buf_init(&out, 1000);
        assert_int_equal(tg_challenge_find(&out, tg_bytes_str(cases[i].value), cases[i].scheme),
                         is_there);
        assert_view(tg_buf_view(&out), is_there ? cases[i].found : "");
        assert_int_equal(tg_challenge_find(NULL, tg_bytes_str(cases[i].value), cases[i].scheme),
                         is_there);
        tg_buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge__known_request__known_hash),
        cmocka_unit_test(challenge__each_part_and_each_boundary__changes_the_hash),
        cmocka_unit_test(decode__forms__accepted_or_refused),
        cmocka_unit_test(decode__longest_and_one_more__accepted_and_refused),
        cmocka_unit_test(find__challenges_among_others__all_of_the_scheme),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
