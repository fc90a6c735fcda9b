/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/attest/attest_vectors.h"

#include "attest/policy.h"

static enum tg_err load(const struct tg_attest_settings *settings, struct tg_fault *fault)
{
    struct tg_attest_policy *policy = NULL;
    enum tg_err err = tg_attest_policy_load(&policy, settings, fault);

    assert_true((err == TG_OK) == (policy != NULL));
    tg_attest_policy_free(&policy);
    assert_null(policy);
    return err;
}

static void shipped_roots__serve_every_format(void **state)
{
    struct tg_attest_settings s = { .formats = (1u << TG_ATTEST_FORMAT_COUNT) - 1,
                                    .roots_dir = TG_SHIPPED_ROOTS };
    struct tg_fault fault = { "" };

    (void)state;
    assert_int_equal(load(&s, &fault), TG_OK);
    assert_string_equal(fault.text, "");
}

static void missing_files__are_named(void **state)
{
    struct tg_attest_settings s = { .formats = 1u << TG_ATTEST_TPM, .roots_dir = "/nonexistent" };
    struct tg_fault fault = { "" };

    (void)state;
    assert_int_equal(load(&s, &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "/nonexistent/tpm.pem"));
    fault.text[0] = '\0';
    s = (struct tg_attest_settings){ .formats = 1u << TG_ATTEST_NONE,
                                     .revoked = "/nonexistent/list" };
    assert_int_equal(load(&s, &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "/nonexistent/list"));
}

static void format_that_needs_no_roots__needs_no_directory(void **state)
{
    struct tg_attest_settings s = { .formats = 1u << TG_ATTEST_NONE, .revoked = "" };

    (void)state;
    assert_int_equal(load(&s, NULL), TG_OK);
}

static enum tg_err make(const struct tg_attest_settings *settings, struct tg_bytes pem,
                        struct tg_fault *fault)
{
    struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT] = { { NULL, 0 } };
    struct tg_attest_policy *policy = NULL;
    enum tg_err err = TG_E_BUG;

    roots[TG_ATTEST_APPLE] = pem;
    err = tg_attest_policy_new(&policy, settings, roots, tg_bytes(NULL, 0), fault);
    assert_true((err == TG_OK) == (policy != NULL));
    tg_attest_policy_free(&policy);
    return err;
}

static void bad_roots__name_the_format(void **state)
{
    static const char *const bad[] = {
        "", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n"
    };
    struct tg_attest_settings s = { .formats = 1u << TG_ATTEST_APPLE };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        struct tg_fault fault = { "" };

        assert_int_equal(make(&s, tg_bytes_str(bad[i]), &fault), TG_E_SYNTAX);
        assert_non_null(strstr(fault.text, "roots of apple"));
    }
}

static void bad_names__are_refused(void **state)
{
    static const struct tg_attest_settings bad[] = {
        { .rp_id_count = 1, .rp_ids = { "" } },
        { .rp_id_count = 1, .rp_ids = { "sha256:12" } },
        { .app_id_count = 1, .app_ids = { "" } },
        { .origin_count = 1, .origins = { "" } },
        { .package_count = 1, .packages = { "" } },
        { .package_count = 1, .packages = { "#00" } },
        { .package_count = 1, .packages = { "com.example#12" } },
        { .aaguid_count = 1, .aaguids = { "not-a-uuid" } },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        struct tg_fault fault = { "" };

        assert_int_equal(make(&bad[i], tg_bytes(NULL, 0), &fault), TG_E_SYNTAX);
        assert_string_not_equal(fault.text, "");
    }
}

static void too_many_names__are_refused(void **state)
{
    struct tg_attest_settings s = { .rp_id_count = TG_ATTEST_LIST_MAX };

    (void)state;
    for (size_t i = 0; i < TG_ATTEST_LIST_MAX; i++) {
        s.rp_ids[i] = "a.example";
    }
    assert_int_equal(make(&s, tg_bytes(NULL, 0), NULL), TG_OK);
    s.rp_id_count++;
    assert_int_equal(make(&s, tg_bytes(NULL, 0), NULL), TG_E_LIMIT);
    s = (struct tg_attest_settings){ .package_count = TG_ATTEST_LIST_MAX + 1 };
    assert_int_equal(make(&s, tg_bytes(NULL, 0), NULL), TG_E_LIMIT);
    s = (struct tg_attest_settings){ .aaguid_count = TG_ATTEST_LIST_MAX + 1 };
    assert_int_equal(make(&s, tg_bytes(NULL, 0), NULL), TG_E_LIMIT);
}

static void names_of_formats_and_steps__are_the_registered_ones(void **state)
{
    (void)state;
    assert_string_equal(tg_attest_format_name(TG_ATTEST_APPLE), "apple");
    assert_string_equal(tg_attest_format_name(TG_ATTEST_APPLE_APPATTEST), "apple-appattest");
    assert_string_equal(tg_attest_format_name(TG_ATTEST_FIDO_U2F), "fido-u2f");
    assert_string_equal(tg_attest_format_name((enum tg_attest_format)99), "unknown");
    assert_string_equal(tg_attest_step_name(TG_ATTEST_STEP_CHALLENGE), "challenge");
    assert_string_equal(tg_attest_step_name((enum tg_attest_step)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_roots__serve_every_format),
        cmocka_unit_test(missing_files__are_named),
        cmocka_unit_test(format_that_needs_no_roots__needs_no_directory),
        cmocka_unit_test(bad_roots__name_the_format),
        cmocka_unit_test(bad_names__are_refused),
        cmocka_unit_test(too_many_names__are_refused),
        cmocka_unit_test(names_of_formats_and_steps__are_the_registered_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
