/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/status.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

/* spec-test: protocol/3#store-down-503 */
static void status_of__error_of_the_relay__503_and_never_404(void **state)
{
    static const enum tg_err errs[] = { TG_E_NOMEM, TG_E_IO, TG_E_STORE, TG_E_FULL, TG_E_CRYPTO };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(errs); i++) {
        assert_int_equal(tg_status_of_err(errs[i]), 503);
        assert_true(tg_status_retry_after_s(errs[i]) > 0);
    }
}

static void status_of__success_or_bug__500(void **state)
{
    (void)state;
    assert_int_equal(tg_status_of_err(TG_E_BUG), 500);
    assert_int_equal(tg_status_of_err(TG_OK), 500);
    assert_int_equal(tg_status_retry_after_s(TG_E_BUG), 0);
}

static void title__each_status_of_the_relay__its_phrase(void **state)
{
    (void)state;
    assert_string_equal(tg_status_title(404), "Not Found");
    assert_string_equal(tg_status_title(429), "Too Many Requests");
    assert_string_equal(tg_status_title(599), "Error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_of__error_of_the_relay__503_and_never_404),
        cmocka_unit_test(status_of__success_or_bug__500),
        cmocka_unit_test(title__each_status_of_the_relay__its_phrase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
