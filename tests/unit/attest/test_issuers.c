/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/attest/attest_vectors.h"

#include "attest/issuers.h"

#include <pthread.h>

#define THREADS 4
#define TURNS 40

static struct tg_bytes name_of(char room[16], unsigned number)
{
    (void)snprintf(room, 16, "%u", number);
    return tg_bytes_str(room);
}

static void keep_one(struct tg_attest_issuers *issuers, unsigned number)
{
    char room[16];
    X509 *cert = X509_new();

    assert_non_null(cert);
    tg_attest_issuers_keep(issuers, name_of(room, number), cert);
    X509_free(cert);
}

static bool is_kept(struct tg_attest_issuers *issuers, unsigned number)
{
    char room[16];
    X509 *cert = tg_attest_issuers_find(issuers, name_of(room, number));

    X509_free(cert);
    return cert != NULL;
}

static void cached__found_by_exactly_its_bytes(void **state)
{
    struct tg_attest_issuers *issuers = NULL;
    X509 *cert = X509_new();
    X509 *found = NULL;

    (void)state;
    assert_int_equal(tg_attest_issuers_new(&issuers), TG_OK);
    assert_null(tg_attest_issuers_find(issuers, TG_LIT("one")));
    tg_attest_issuers_keep(issuers, TG_LIT("one"), cert);
    found = tg_attest_issuers_find(issuers, TG_LIT("one"));
    assert_ptr_equal(found, cert);
    assert_null(tg_attest_issuers_find(issuers, TG_LIT("on")));
    assert_null(tg_attest_issuers_find(issuers, TG_LIT("")));
    X509_free(found);
    X509_free(cert);
    tg_attest_issuers_free(&issuers);
    assert_null(issuers);
}

static void cache_full__the_oldest_is_replaced(void **state)
{
    struct tg_attest_issuers *issuers = NULL;

    (void)state;
    assert_int_equal(tg_attest_issuers_new(&issuers), TG_OK);
    for (unsigned i = 0; i < TG_ATTEST_ISSUERS_MAX; i++) {
        keep_one(issuers, i);
    }
    keep_one(issuers, 1); /* added again: uses no further place */
    assert_true(is_kept(issuers, 0));
    keep_one(issuers, TG_ATTEST_ISSUERS_MAX);
    assert_false(is_kept(issuers, 0));
    for (unsigned i = 1; i <= TG_ATTEST_ISSUERS_MAX; i++) {
        assert_true(is_kept(issuers, i));
    }
    tg_attest_issuers_free(&issuers);
}

struct shared {
    struct unit_vector *vector;
    struct tg_attest_policy *policy;
};

static void *verify_often(void *arg)
{
    const struct shared *shared = arg;

    for (int i = 0; i < TURNS; i++) {
        struct tg_attest_verdict verdict;

        tg_attest_verify_hash(&verdict, shared->policy, tg_buf_view(&shared->vector->object),
                              tg_buf_view(&shared->vector->hash), shared->vector->now_s);
        if (verdict.step != TG_ATTEST_OK) {
            return arg;
        }
    }
    return NULL;
}

static void one_policy_many_threads__each_verdict_is_right(void **state)
{
    struct unit_vector v;
    struct shared shared = { .vector = &v };
    pthread_t threads[THREADS];

    (void)state;
    unit_vector_load(&v, "android_key.json", "py_webauthn_pixel_8a_2025_01");
    shared.policy = unit_policy(v.pem);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &shared), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = &shared;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    tg_attest_policy_free(&shared.policy);
    unit_vector_deinit(&v);
}

/* The cache has only the parsed issuer: a chain that has expired is refused as without it. */
static void cached_issuer_expired__the_chain_is_refused(void **state)
{
    struct tg_attest_verdict verdict;
    struct unit_vector v;
    struct tg_attest_policy *policy = NULL;

    (void)state;
    unit_vector_load(&v, "android_key.json", "py_webauthn_pixel_8a_2025_01");
    policy = unit_policy(v.pem);
    tg_attest_verify_hash(&verdict, policy, tg_buf_view(&v.object), tg_buf_view(&v.hash), v.now_s);
    assert_int_equal(verdict.step, TG_ATTEST_OK);
    tg_attest_verify_hash(&verdict, policy, tg_buf_view(&v.object), tg_buf_view(&v.hash),
                          1740000000);
    assert_int_equal(verdict.step, TG_ATTEST_STEP_CHAIN);
    tg_attest_policy_free(&policy);
    unit_vector_deinit(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cached__found_by_exactly_its_bytes),
        cmocka_unit_test(cache_full__the_oldest_is_replaced),
        cmocka_unit_test(one_policy_many_threads__each_verdict_is_right),
        cmocka_unit_test(cached_issuer_expired__the_chain_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
