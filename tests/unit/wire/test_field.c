/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/field.h"

static void next__separator_in_quotes__ignored(void **state)
{
    struct tg_bytes rest = TG_LIT(" a , \"x,\\\"y\" ,, b");
    struct tg_bytes piece;

    (void)state;
    assert_true(tg_field_next(&piece, &rest, ','));
    assert_view(piece, "a");
    assert_true(tg_field_next(&piece, &rest, ','));
    assert_view(piece, "\"x,\\\"y\"");
    assert_true(tg_field_next(&piece, &rest, ','));
    assert_view(piece, "");
    assert_true(tg_field_next(&piece, &rest, ','));
    assert_view(piece, "b");
    assert_false(tg_field_next(&piece, &rest, ','));
}

static void next__quote_that_never_ends__takes_the_rest(void **state)
{
    struct tg_bytes rest = TG_LIT("\"a,b\\");
    struct tg_bytes piece;

    (void)state;
    assert_true(tg_field_next(&piece, &rest, ','));
    assert_view(piece, "\"a,b\\");
    assert_false(tg_field_next(&piece, &rest, ','));
}

static void pair__forms__name_and_value(void **state)
{
    struct tg_field_pair pair = tg_field_pair(TG_LIT("wait = \"60\""));

    (void)state;
    assert_view(pair.name, "wait");
    assert_view(pair.value, "60");
    assert_false(pair.is_bad);
    pair = tg_field_pair(TG_LIT("wait"));
    assert_false(pair.has_value);
    assert_int_equal(pair.value.len, 0);
    assert_true(tg_field_pair(TG_LIT("a=\"b")).is_bad);
    assert_true(tg_field_pair(TG_LIT("a=\"")).is_bad);
    assert_true(tg_field_pair(TG_LIT("a=\"b\"c")).is_bad);
    assert_true(tg_field_pair(TG_LIT("a=\"b\\c\"")).is_bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next__separator_in_quotes__ignored),
        cmocka_unit_test(next__quote_that_never_ends__takes_the_rest),
        cmocka_unit_test(pair__forms__name_and_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
