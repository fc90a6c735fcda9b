/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/err.h"

#include <string.h>

static void name__every_code__its_own(void **state)
{
    static const enum tg_err codes[] = {
        TG_OK,         TG_E_SYNTAX,   TG_E_LIMIT,   TG_E_UNSUPPORTED, TG_E_DENIED,
        TG_E_NOTFOUND, TG_E_CONFLICT, TG_E_EXPIRED, TG_E_NOMEM,       TG_E_IO,
        TG_E_STORE,    TG_E_FULL,     TG_E_CRYPTO,  TG_E_BUG
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(codes); i++) {
        assert_string_not_equal(tg_err_name(codes[i]), "E_UNKNOWN");
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(tg_err_name(codes[i]), tg_err_name(codes[k]));
        }
    }
    assert_string_equal(tg_err_name(TG_E_CRYPTO), "E_CRYPTO");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name__every_code__its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
