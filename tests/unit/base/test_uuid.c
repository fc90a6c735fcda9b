/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/uuid.h"

#include <string.h>

#define TEXT "2bba630e-519b-11ec-bf63-0242ac130002"

static void parse__either_case__same_bytes_and_lower_case_back(void **state)
{
    struct tg_uuid a;
    struct tg_uuid b;
    char text[TG_UUID_TEXT_LEN + 1];

    (void)state;
    assert_int_equal(tg_uuid_parse(&a, TG_LIT(TEXT)), TG_OK);
    assert_int_equal(tg_uuid_parse(&b, TG_LIT("2BBA630E-519B-11EC-BF63-0242AC130002")), TG_OK);
    assert_memory_equal(&a, &b, sizeof(a));
    tg_uuid_format(text, &b);
    assert_string_equal(text, TEXT);
}

static void parse__every_truncation__refused_and_zero(void **state)
{
    static const struct tg_uuid zero = { { 0 } };

    (void)state;
    for (size_t len = 0; len < TG_UUID_TEXT_LEN; len++) {
        struct tg_uuid uuid;

        memset(&uuid, 1, sizeof(uuid));
        assert_int_equal(tg_uuid_parse(&uuid, tg_bytes(TEXT, len)), TG_E_SYNTAX);
        assert_memory_equal(&uuid, &zero, sizeof(zero));
    }
}

static void parse__any_character_changed__refused_and_zero(void **state)
{
    static const struct tg_uuid zero = { { 0 } };

    (void)state;
    for (size_t at = 0; at < TG_UUID_TEXT_LEN; at++) {
        char text[] = TEXT;
        struct tg_uuid uuid;

        memset(&uuid, 1, sizeof(uuid));
        text[at] = text[at] == '-' ? '0' : 'g';
        assert_int_equal(tg_uuid_parse(&uuid, tg_bytes_str(text)), TG_E_SYNTAX);
        text[at] = '-';
        assert_true(TEXT[at] == '-' || tg_uuid_parse(&uuid, tg_bytes_str(text)) == TG_E_SYNTAX);
        assert_true(TEXT[at] == '-' ||
                    tg_ct_equal(TG_ARRAY_BYTES(uuid.bytes), TG_ARRAY_BYTES(zero.bytes)));
    }
}

static void parse__other_notations__refused(void **state)
{
    static const char *const texts[] = {
        "{2bba630e-519b-11ec-bf63-0242ac130002}",        "2bba630e519b11ecbf630242ac130002",
        "urn:uuid:2bba630e-519b-11ec-bf63-0242ac130002", "2bba630e-519b-11ec-bf63-0242ac130002 ",
        " 2bba630e-519b-11ec-bf63-0242ac13000",
    };
    struct tg_uuid uuid;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        assert_int_equal(tg_uuid_parse(&uuid, tg_bytes_str(texts[i])), TG_E_SYNTAX);
    }
}

static void set_v4__any_bytes__only_version_and_variant_change(void **state)
{
    struct tg_uuid uuid;
    char text[TG_UUID_TEXT_LEN + 1];

    (void)state;
    memset(&uuid, 0xff, sizeof(uuid));
    tg_uuid_set_v4(&uuid);
    tg_uuid_format(text, &uuid);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    memset(&uuid, 0, sizeof(uuid));
    tg_uuid_set_v4(&uuid);
    tg_uuid_format(text, &uuid);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__either_case__same_bytes_and_lower_case_back),
        cmocka_unit_test(parse__every_truncation__refused_and_zero),
        cmocka_unit_test(parse__any_character_changed__refused_and_zero),
        cmocka_unit_test(parse__other_notations__refused),
        cmocka_unit_test(set_v4__any_bytes__only_version_and_variant_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
