/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "client/text.h"

#include <tigress/error.h>

#include <string.h>

static void copy__longer_than_the_room__truncated_with_a_nul(void **state)
{
    char out[4] = "xxx";

    (void)state;
    tg_text_copy(out, sizeof(out), "abc");
    assert_string_equal(out, "abc");
    tg_text_copy(out, sizeof(out), "abcd");
    assert_string_equal(out, "abc");
    tg_text_copy(out, 1, "abcd");
    assert_string_equal(out, "");
}

static void copy__no_room__nothing_written(void **state)
{
    char out[4] = "xxx";

    (void)state;
    tg_text_copy(out, 0, "abc");
    assert_string_equal(out, "xxx");
    tg_text_copy(NULL, sizeof(out), "abc");
}

static void copy_whole__exact_room__fits_and_one_more_is_refused(void **state)
{
    char out[4] = "xxx";

    (void)state;
    assert_int_equal(tg_text_copy_whole(out, sizeof(out), TG_LIT("abc")), TIGRESS_OK);
    assert_string_equal(out, "abc");
    assert_int_equal(tg_text_copy_whole(out, sizeof(out), TG_LIT("abcd")), TIGRESS_E_LIMIT);
    assert_string_equal(out, "");
    assert_int_equal(tg_text_copy_whole(out, sizeof(out), tg_bytes(NULL, 0)), TIGRESS_OK);
    assert_string_equal(out, "");
}

static void view__longer_than_max__one_byte_more_than_max(void **state)
{
    (void)state;
    assert_int_equal(tg_text_view(NULL, 3).len, 0);
    assert_int_equal(tg_text_view("abc", 3).len, 3);
    assert_int_equal(tg_text_view("abcdef", 3).len, 4);
}

static void take__buffer__is_empty_after_and_the_text_has_a_nul(void **state)
{
    struct tg_buf buf;
    char *text = NULL;
    size_t len = 9;

    (void)state;
    tg_buf_init(&buf, 8);
    tg_buf_append_str(&buf, "abc");
    assert_int_equal(tg_text_take(&buf, &text, &len), TG_OK);
    assert_int_equal(len, 3);
    assert_string_equal(text, "abc");
    assert_int_equal(buf.len, 0);
    tigress_free(text, len);
}

static void set__too_long__text_unchanged(void **state)
{
    struct tg_buf text;

    (void)state;
    tg_buf_init(&text, 4);
    assert_string_equal(tg_text_cstr(&text), "");
    assert_int_equal(tg_text_set(&text, TG_LIT("abc")), TG_OK);
    assert_string_equal(tg_text_cstr(&text), "abc");
    assert_int_equal(tg_text_set(&text, TG_LIT("abcdef")), TG_E_LIMIT);
    assert_string_equal(tg_text_cstr(&text), "abc");
    assert_int_equal(tg_text_set(&text, tg_bytes(NULL, 0)), TG_OK);
    assert_string_equal(tg_text_cstr(&text), "");
    tg_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy__longer_than_the_room__truncated_with_a_nul),
        cmocka_unit_test(copy__no_room__nothing_written),
        cmocka_unit_test(copy_whole__exact_room__fits_and_one_more_is_refused),
        cmocka_unit_test(view__longer_than_max__one_byte_more_than_max),
        cmocka_unit_test(take__buffer__is_empty_after_and_the_text_has_a_nul),
        cmocka_unit_test(set__too_long__text_unchanged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
