/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/settings/config_fixture.h"

#include "server/standing_policy.h"

#define MEM "--store memory: --plain-http "

static void standing__nothing_set__off(void **state)
{
    struct fixture *f = *state;
    struct tg_standing_policy *standing = NULL;
    struct tg_fault fault = { "" };

    assert_runs(f, MEM);
    assert_int_equal(tg_standing_policy_open(&standing, f->config, &fault), TG_OK);
    assert_null(standing);
    assert_null(tg_standing_policy_view(standing));
    assert_string_equal(f->config->standing.roots, TG_DATADIR "/attestation");
    assert_int_equal(f->config->standing.level, TG_ATTEST_TEE);
    assert_true(f->config->standing.needs_verified_boot);
}

static void attestation__without_what_its_formats_need__each_named(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--attestation optional", "attestation-formats: missing");
    assert_bad(f, MEM "--attestation required --attestation-formats apple,foo",
               "attestation-formats: unknown format");
    assert_bad(f, MEM "--attestation required --attestation-formats apple-appattest,android-key",
               "attestation-app-ids: missing");
    assert_says(f, "attestation-packages: missing");
    assert_bad(f, MEM "--attestation maybe", "not one of the choices");
    assert_bad(f, MEM "--attestation-formats apple,,packed", "not a valid list");
    assert_bad(f, MEM "--attestation-formats apple,", "not a valid list");
}

/* Each pair of modes with each list. spec-test: protocol/6#strength */
static void required__beside_what_proves_nothing__refused_with_what_to_change(void **state)
{
    static const char *const modes[] = { "off", "optional", "required" };
    static const struct {
        const char *args;
        const char *fault; /* where a proof is required; NULL: allowed */
    } lists[] = {
        { "none", "attestation-formats: has none" },
        { "none,packed", "attestation-formats: has none" },
        { "packed,none --attestation-self", "attestation-self: set although" },
        { "packed --attestation-self", "attestation-self: set although" },
        { "apple,packed --attestation-self=yes", "attestation-self: set although" },
        { "apple,android-key --attestation-packages a --attestation-level software",
          "attestation-level: software" },
        { "android-key --attestation-packages a --attestation-level tee", NULL },
        { "apple --attestation-level software --attestation-self", NULL },
        { "packed", NULL },
        { "apple,tpm,fido-u2f", NULL },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < 9 * TG_COUNT(lists); i++) {
        size_t list = i / 9;
        const char *attestation = modes[i % 9 / 3];
        const char *tokens = modes[i % 3];
        bool is_required = strcmp(attestation, "required") == 0 || strcmp(tokens, "required") == 0;
        bool is_judged = strcmp(attestation, "off") != 0;
        char line[256];

        (void)snprintf(line, sizeof(line),
                       MEM "--private-token-issuers %%P --attestation %s --private-tokens %s "
                           "--attestation-formats %s",
                       attestation, tokens, lists[list].args);
        if (is_required && is_judged && lists[list].fault != NULL) {
            assert_bad(f, line, lists[list].fault);
            assert_says(f, "or optional in place of required");
        } else {
            assert_runs(f, line);
        }
    }
}

static void formats__named__as_a_set(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, MEM "--attestation optional --attestation-formats none,packed");
    assert_int_equal(tg_config_standing_formats(&f->config->standing),
                     1u << TG_ATTEST_NONE | 1u << TG_ATTEST_PACKED);
}

static void open__roots_missing__reported_with_the_setting(void **state)
{
    struct fixture *f = *state;
    struct tg_standing_policy *standing = NULL;
    struct tg_fault fault = { "" };

    assert_runs(f, MEM "--attestation optional --attestation-formats packed --attestation-roots "
                       "/nowhere");
    assert_int_not_equal(tg_standing_policy_open(&standing, f->config, &fault), TG_OK);
    assert_null(standing);
    assert_non_null(strstr(fault.text, "attestation: "));
}

/* spec-test: protocol/6#user-verified */
static void user_verified__beside_what_cannot_show_it__refused(void **state)
{
    static const char *const bad[] = {
        "--attestation required --attestation-formats fido-u2f",
        "--attestation optional --attestation-formats apple,apple-appattest --attestation-app-ids "
        "a",
        "--attestation report --attestation-formats none",
        "--attestation optional --attestation-formats packed --attestation-self",
        "--attestation required --attestation-formats apple --private-tokens optional "
        "--private-token-issuers %P",
        "--attestation off",
    };
    struct fixture *f = *state;
    char line[512];

    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        (void)snprintf(line, sizeof(line), MEM "--attestation-user-verified %s", bad[i]);
        assert_bad(f, line, "attestation-user-verified: set although");
    }
    assert_runs(f, MEM "--attestation-user-verified --attestation required --attestation-formats "
                       "apple,android-key,packed,tpm --attestation-packages a");
    assert_true(f->config->standing.needs_user_verified);
    assert_runs(f, MEM "--attestation-user-verified --attestation required --attestation-verifier "
                       "unix:/run/v/socket");
}

static void verifier__path__absolute_and_short(void **state)
{
    struct fixture *f = *state;
    char line[512];

    for (size_t len = 106; len <= 108; len++) {
        int at = snprintf(line, sizeof(line),
                          MEM "--attestation required --attestation-verifier unix:/");

        memset(line + at, 'x', len - 1);
        line[(size_t)at + len - 1] = '\0';
        if (len <= 107) {
            assert_runs(f, line);
            assert_int_equal(strlen(tg_config_verifier_path(f->config)), len);
        } else {
            assert_bad(f, line, "attestation-verifier: not a socket");
        }
    }
    assert_bad(f, MEM "--attestation report --attestation-verifier tcp:1", "not a socket");
    assert_bad(f, MEM "--attestation report --attestation-verifier unix:v", "not a socket");
    assert_bad(f, MEM "--attestation report --attestation-verifier unix:/v/", "not a socket");
    assert_bad(f, MEM "--private-tokens report --private-token-issuers %P",
               "not one of the choices");
    assert_runs(f, MEM "--attestation report --attestation-formats apple");
    assert_int_equal(f->config->standing.attestation, TG_STANDING_REPORT);
    assert_null(tg_config_verifier_path(f->config));
}

static void open__format_none__needs_no_roots(void **state)
{
    struct fixture *f = *state;
    struct tg_standing_policy *standing = NULL;
    struct tg_fault fault = { "" };

    assert_runs(f, MEM "--attestation optional --attestation-formats none --attestation-roots "
                       "/nowhere --public-url http://127.0.0.1:8080");
    assert_int_equal(tg_standing_policy_open(&standing, f->config, &fault), TG_OK);
    assert_string_equal(tg_standing_policy_view(standing)->formats, "none");
    assert_string_equal(tg_standing_policy_view(standing)->origin, "127.0.0.1");
    tg_standing_policy_close(&standing);
    assert_null(standing);
}

static void tokens__file_missing_or_no_issuers__reported(void **state)
{
    struct fixture *f = *state;
    struct tg_standing_policy *standing = NULL;
    struct tg_fault fault = { "" };

    assert_bad(f, MEM "--private-tokens required", "private-token-issuers: missing");
    assert_runs(f, MEM "--private-tokens required --private-token-issuers %P "
                       "--private-token-context request");
    assert_int_equal(f->config->standing.context, TG_TOKEN_CONTEXT_REQUEST);
    assert_int_equal(tg_standing_policy_open(&standing, f->config, &fault), TG_E_SYNTAX);
    assert_string_equal(
        fault.text, "private-token-issuers: expected one JSON object in UTF-8 without duplicate "
                    "members");
    assert_null(standing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(standing__nothing_set__off),
        TEST(attestation__without_what_its_formats_need__each_named),
        TEST(user_verified__beside_what_cannot_show_it__refused),
        TEST(verifier__path__absolute_and_short),
        TEST(required__beside_what_proves_nothing__refused_with_what_to_change),
        TEST(formats__named__as_a_set),
        TEST(open__roots_missing__reported_with_the_setting),
        TEST(open__format_none__needs_no_roots),
        TEST(tokens__file_missing_or_no_issuers__reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
