/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/rng.h"
#include "base/bytes.h"

#include <string.h>

static enum tg_err broken_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

static void system__two_draws__differ_and_fill_to_the_end(void **state)
{
    uint8_t a[600] = { 0 };
    uint8_t b[600] = { 0 };
    size_t zero_count = 0;

    (void)state;
    assert_int_equal(tg_rng_fill(&tg_rng_system, a, sizeof(a)), TG_OK);
    assert_int_equal(tg_rng_fill(&tg_rng_system, b, sizeof(b)), TG_OK);
    assert_memory_not_equal(a, b, sizeof(a));
    for (size_t i = sizeof(a) - 32; i < sizeof(a); i++) {
        zero_count += a[i] == 0;
    }
    assert_true(zero_count < 16);
}

static void fill__source_fails__its_error(void **state)
{
    const struct tg_rng rng = { .fill = broken_fill };
    uint8_t out[4] = { 0 };

    (void)state;
    assert_int_equal(tg_rng_fill(&rng, out, sizeof(out)), TG_E_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system__two_draws__differ_and_fill_to_the_end),
        cmocka_unit_test(fill__source_fails__its_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
