/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a verification fails once, those of OpenSSL and libcbor too. The verdict is
   then "internal": no device is reported as bad. */
#include "unit/attest/attest_vectors.h"
#include "support/c/fail_openssl.h"

#include "attest/attest.h"

#include <cbor.h>
#include <stdlib.h>
#include <string.h>

#define ALLOCATIONS_MAX 20000
/* The first allocations are our own. OpenSSL makes some 1500 similar ones to parse a certificate,
   so only one in so many fails, except for one vector. */
#define STEP_FROM 60
#define STEP 13

FAIL_WRAP_MALLOC()
FAIL_WRAP_CALLOC()
/* libcbor calls malloc of libc directly, so this makes its load function report no memory. */
FAIL_WRAP(cbor_item_t *, NULL, cbor_load,
          (cbor_data source, size_t size, struct cbor_load_result *result), (source, size, result))

static void verify_once(struct tg_attest_verdict *verdict, const struct unit_vector *v,
                        const struct tg_attest_policy *policy)
{
    tg_attest_verify_hash(verdict, policy, tg_buf_view(&v->object), tg_buf_view(&v->hash),
                          v->now_s);
}

/* OpenSSL can do without some of its allocations, so a success does not end the loop. It ends when
   allocation n was not reached. */
static void fail_each(const char *file, const char *name, unsigned step)
{
    struct tg_attest_verdict verdict = { .step = TG_ATTEST_STEP_INTERNAL };
    struct unit_vector v;
    struct tg_attest_policy *policy = NULL;
    bool is_reached = true;
    int internal_count = 0;
    int bad_count = 0;
    unsigned n = 0;

    unit_vector_load(&v, file, name);
    policy = unit_policy(v.pem);
    verify_once(&verdict, &v, policy);
    assert_int_equal(verdict.step, TG_ATTEST_OK);
    for (n = 1; n < ALLOCATIONS_MAX && is_reached; n += n <= STEP_FROM ? 1 : step) {
        fail_at(n);
        verify_once(&verdict, &v, policy);
        fail_at(0);
        is_reached = fail_reached();
        if (verdict.step != TG_ATTEST_OK && verdict.step != TG_ATTEST_STEP_INTERNAL) {
            print_error("%s, allocation %u: %s, %s\n", name, n, tg_attest_step_name(verdict.step),
                        verdict.fault.text);
        }
        bad_count += verdict.step != TG_ATTEST_OK && verdict.step != TG_ATTEST_STEP_INTERNAL;
        internal_count += verdict.step == TG_ATTEST_STEP_INTERNAL ? 1 : 0;
    }
    assert_int_equal(verdict.step, TG_ATTEST_OK);
    assert_true(internal_count > 1);
    assert_int_equal(bad_count, 0);
    tg_attest_policy_free(&policy);
    unit_vector_deinit(&v);
}

static void good_object__allocation_n_fails__internal_and_never_bad(void **state)
{
    static const char *const names[] = { "none-es256",    "packed-self-es256", "packed-es256",
                                         "packed-eddsa",  "android-key-es256", "apple-es256",
                                         "fido-u2f-es256" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        fail_each("w3c_level3.json", names[i], STEP);
    }
    fail_each("w3c_level3.json", "packed-es512", 1);
    fail_each("apple_app_attest.json", "webauthn4j_kayak_2020_09", STEP);
    fail_each("tpm.json", "yubico_WindowsHelloTpm", STEP);
    fail_each("forged/tpm.json", "tpm: as it should be", STEP);
}

static void policy__allocation_n_fails__an_error_and_no_policy(void **state)
{
    struct unit_vector v;
    struct tg_attest_policy *policy = NULL;
    unsigned n = 0;

    (void)state;
    unit_vector_load(&v, "w3c_level3.json", "packed-es256");
    for (n = 1; n < ALLOCATIONS_MAX; n++) {
        fail_at(n);
        policy = unit_policy_or_null(v.pem);
        fail_at(0);
        if (!fail_reached()) {
            break;
        }
        tg_attest_policy_free(&policy);
    }
    assert_non_null(policy);
    assert_true(n > 2);
    tg_attest_policy_free(&policy);
    unit_vector_deinit(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_object__allocation_n_fails__internal_and_never_bad),
        cmocka_unit_test(policy__allocation_n_fails__an_error_and_no_policy),
    };

    /* Before the first allocation of OpenSSL; later it refuses new functions. */
    if (!fail_openssl_memory()) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
