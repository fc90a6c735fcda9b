/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/fault.h"

#include <string.h>

static void set__twice__the_first_stays(void **state)
{
    struct tg_fault fault = { "" };

    (void)state;
    tg_fault_set(NULL, "not stored"); /* a caller that wants no text */
    tg_fault_set(&fault, "at most %u", 3u);
    tg_fault_set(&fault, "vaguer");
    assert_string_equal(fault.text, "at most 3");
}

static void set__longer_than_the_buffer__truncated_and_terminated(void **state)
{
    struct tg_fault fault = { "" };
    char text[2 * TG_FAULT_MAX];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    tg_fault_set(&fault, "%s", text);
    assert_int_equal(strlen(fault.text), TG_FAULT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set__twice__the_first_stays),
        cmocka_unit_test(set__longer_than_the_buffer__truncated_and_terminated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
