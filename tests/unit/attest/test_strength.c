/* SPDX-License-Identifier: Apache-2.0 */
/* What a valid attestation proves. spec-test: protocol/6#strength */
#include "unit/attest/attest_vectors.h"

static const struct {
    const char *file, *name;
    enum tg_attest_strength strength;
} cases[] = {
    { "w3c_level3.json", "none-es256", TG_ATTEST_PROVES_NOTHING },
    { "w3c_level3.json", "none-es256-crossOrigin", TG_ATTEST_PROVES_NOTHING },
    { "w3c_level3.json", "packed-self-es256", TG_ATTEST_PROVES_NOTHING },
    { "w3c_level3.json", "packed-es256", TG_ATTEST_PROVES_DEVICE },
    { "w3c_level3.json", "packed-ed448", TG_ATTEST_PROVES_DEVICE },
    { "forged/tpm.json", "tpm: as it should be", TG_ATTEST_PROVES_DEVICE },
    { "w3c_level3.json", "apple-es256", TG_ATTEST_PROVES_DEVICE },
    { "w3c_level3.json", "fido-u2f-es256", TG_ATTEST_PROVES_DEVICE },
    { "w3c_level3.json", "android-key-es256", TG_ATTEST_PROVES_NOTHING }, /* level software */
    { "android_key.json", "py_webauthn_pixel_8a_2025_01", TG_ATTEST_PROVES_DEVICE },
    { "apple_anonymous.json", "simplewebauthn_apple_2020_09", TG_ATTEST_PROVES_DEVICE },
    { "apple_app_attest.json", "devicecheck_appattest_ios-14.4", TG_ATTEST_PROVES_DEVICE },
    { "packed_u2f_none.json", "yubico_YubiKey5Nfc", TG_ATTEST_PROVES_DEVICE },
    { "tpm.json", "yubico_WindowsHelloTpm", TG_ATTEST_PROVES_DEVICE },
};

static void verify__valid__strength_only_from_certificates_of_hardware(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_attest_verdict verdict = { .step = TG_ATTEST_STEP_INTERNAL };
        struct tg_attest_policy *policy = NULL;
        struct unit_vector v;

        unit_vector_load(&v, cases[i].file, cases[i].name);
        policy = unit_policy(v.pem);
        tg_attest_verify_hash(&verdict, policy, tg_buf_view(&v.object), tg_buf_view(&v.hash),
                              v.now_s);
        if (verdict.step != TG_ATTEST_OK || verdict.strength != cases[i].strength) {
            fail_msg("%s: step %s, strength %u", cases[i].name, tg_attest_step_name(verdict.step),
                     (unsigned)verdict.strength);
        }
        tg_attest_policy_free(&policy);
        unit_vector_deinit(&v);
    }
}

/* Also where the certificates are good and a later check fails. */
static void verify__refused__proves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_attest_verdict verdict = { .strength = TG_ATTEST_PROVES_DEVICE };
        struct tg_attest_policy *policy = NULL;
        struct unit_vector v;

        unit_vector_load(&v, cases[i].file, cases[i].name);
        policy = unit_policy(v.pem);
        tg_attest_verify_hash(&verdict, policy, tg_buf_view(&v.object), TG_LIT("other data"),
                              v.now_s);
        assert_int_equal(
            verdict.strength == TG_ATTEST_PROVES_NOTHING || verdict.step == TG_ATTEST_OK, true);
        tg_attest_verify_hash(&verdict, policy, TG_LIT("\xa0"), tg_buf_view(&v.hash), v.now_s);
        assert_int_equal(verdict.strength, TG_ATTEST_PROVES_NOTHING);
        tg_attest_policy_free(&policy);
        unit_vector_deinit(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify__valid__strength_only_from_certificates_of_hardware),
        cmocka_unit_test(verify__refused__proves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
