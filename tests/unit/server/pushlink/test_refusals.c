/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/pushlink/refusals.h"

#include <string.h>

#define NOW 1900000000
#define END (NOW + 1000)

/* Keys with the same first two bytes share the places of one set. */
static struct tg_store_key key_of(unsigned number)
{
    struct tg_store_key key = { { 7, 7, (uint8_t)(number >> 8), (uint8_t)number } };

    return key;
}

static void look__refused__holds_until_the_settings_change(void **state)
{
    struct tg_refusals *r = tg_refusals_new();
    struct tg_store_key one = key_of(1);
    struct tg_store_key two = key_of(2);

    (void)state;
    assert_non_null(r);
    assert_false(tg_refusals_has_any(r));
    tg_refusals_add(r, &one, 0, END);
    assert_true(tg_refusals_has_any(r));
    assert_int_equal(tg_refusals_look(r, &one, NOW), TG_REFUSAL_HOLDS);
    assert_int_equal(tg_refusals_look(r, &one, END - 1), TG_REFUSAL_HOLDS);
    assert_int_equal(tg_refusals_look(r, &two, NOW), TG_REFUSAL_NONE);
    tg_refusals_settings_changed(r);
    assert_int_equal(tg_refusals_look(r, &one, NOW), TG_REFUSAL_OVER);
    tg_refusals_add(r, &one, 0, END); /* refused again with the new settings */
    assert_int_equal(tg_refusals_look(r, &one, NOW), TG_REFUSAL_HOLDS);
    tg_refusals_forget(r, &one);
    assert_int_equal(tg_refusals_look(r, &one, NOW), TG_REFUSAL_NONE);
    assert_false(tg_refusals_has_any(r));
    tg_refusals_free(&r);
    assert_null(r);
}

static void look__with_a_time__over_after_it_and_not_before(void **state)
{
    struct tg_refusals *r = tg_refusals_new();
    struct tg_store_key one = key_of(1);

    (void)state;
    tg_refusals_add(r, &one, NOW + 10, END);
    assert_int_equal(tg_refusals_look(r, &one, NOW + 9), TG_REFUSAL_HOLDS);
    assert_int_equal(tg_refusals_look(r, &one, NOW + 10), TG_REFUSAL_HOLDS);
    assert_int_equal(tg_refusals_look(r, &one, NOW + 11), TG_REFUSAL_OVER);
    tg_refusals_free(&r);
}

static void look__expired__forgotten(void **state)
{
    struct tg_refusals *r = tg_refusals_new();
    struct tg_store_key one = key_of(1);

    (void)state;
    tg_refusals_add(r, &one, 0, END);
    assert_int_equal(tg_refusals_look(r, &one, END), TG_REFUSAL_NONE);
    assert_false(tg_refusals_has_any(r));
    tg_refusals_free(&r);
}

static void add__more_than_a_set_holds__the_one_that_ends_first_goes(void **state)
{
    struct tg_refusals *r = tg_refusals_new();
    struct tg_store_key key;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        key = key_of(i);
        tg_refusals_add(r, &key, 0, END + (i == 5 ? -1 : (int)i));
    }
    key = key_of(100);
    tg_refusals_add(r, &key, 0, END + 50);
    assert_int_equal(tg_refusals_look(r, &key, NOW), TG_REFUSAL_HOLDS);
    for (unsigned i = 0; i < 8; i++) {
        key = key_of(i);
        assert_int_equal(tg_refusals_look(r, &key, NOW),
                         i == 5 ? TG_REFUSAL_NONE : TG_REFUSAL_HOLDS);
    }
    tg_refusals_free(&r);
}

static enum tg_err survey_two(struct tg_store *s, enum tg_store_survey what, tg_store_see_fn *see,
                              void *ctx)
{
    struct tg_store_seen seen = {
        .kind = TG_STORE_SEEN_ENTRY, .key = key_of(1), .expires_s = END, .is_blocked = true
    };

    (void)s;
    assert_int_equal(what, TG_STORE_SURVEY_OUTBOX);
    assert_true(see(ctx, &seen));
    seen.key = key_of(2);
    seen.is_blocked = false;
    assert_true(see(ctx, &seen));
    return TG_E_STORE;
}

static void load__blocked_entries_of_the_store__good_again_when_left(void **state)
{
    static const struct tg_store_ops ops = { .survey = survey_two };
    struct tg_store store = { .ops = &ops };
    struct tg_refusals *r = tg_refusals_new();
    struct tg_store_key one = key_of(1);
    struct tg_store_key two = key_of(2);

    (void)state;
    assert_int_equal(tg_refusals_load(r, &store), TG_E_STORE);
    assert_int_equal(tg_refusals_look(r, &one, NOW), TG_REFUSAL_OVER);
    assert_int_equal(tg_refusals_look(r, &two, NOW), TG_REFUSAL_NONE);
    tg_refusals_free(&r);
}

static void without_a_table__nothing_is_known(void **state)
{
    struct tg_store_key one = key_of(1);
    struct tg_refusals *none = NULL;

    (void)state;
    tg_refusals_add(NULL, &one, 0, END);
    tg_refusals_forget(NULL, &one);
    tg_refusals_settings_changed(NULL);
    assert_int_equal(tg_refusals_look(NULL, &one, NOW), TG_REFUSAL_NONE);
    tg_refusals_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look__refused__holds_until_the_settings_change),
        cmocka_unit_test(look__with_a_time__over_after_it_and_not_before),
        cmocka_unit_test(look__expired__forgotten),
        cmocka_unit_test(add__more_than_a_set_holds__the_one_that_ends_first_goes),
        cmocka_unit_test(load__blocked_entries_of_the_store__good_again_when_left),
        cmocka_unit_test(without_a_table__nothing_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
