/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/secret.h"

#include <string.h>

static void set__maximum_and_one_above__kept_and_untouched(void **state)
{
    uint8_t data[TG_SECRET_MAX + 1];
    struct tg_secret s = { .len = 0 };

    (void)state;
    memset(data, 5, sizeof(data));
    assert_int_equal(tg_secret_set(&s, tg_bytes(data, TG_SECRET_MAX)), TG_OK);
    assert_int_equal(tg_secret_set(&s, TG_ARRAY_BYTES(data)), TG_E_LIMIT);
    assert_int_equal(tg_secret_view(&s).len, TG_SECRET_MAX);
    assert_memory_equal(s.bytes, data, TG_SECRET_MAX);
}

static void set__shorter_than_before__nothing_of_the_old_one_remains(void **state)
{
    static const uint8_t zero[TG_SECRET_MAX] = { 0 };
    uint8_t data[TG_SECRET_MAX];
    struct tg_secret s = { .len = 0 };

    (void)state;
    memset(data, 5, sizeof(data));
    assert_int_equal(tg_secret_set(&s, TG_ARRAY_BYTES(data)), TG_OK);
    assert_int_equal(tg_secret_set(&s, tg_bytes(data, 2)), TG_OK);
    assert_memory_equal(s.bytes + 2, zero, TG_SECRET_MAX - 2);
    tg_secret_wipe(&s);
    assert_memory_equal(s.bytes, zero, TG_SECRET_MAX);
    assert_int_equal(s.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set__maximum_and_one_above__kept_and_untouched),
        cmocka_unit_test(set__shorter_than_before__nothing_of_the_old_one_remains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
