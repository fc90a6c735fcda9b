/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui_error.h"

#include <stdlib.h>
#include <unistd.h>

#include "unit/cli/discard_stderr.h"

#define OUTPUT_MAX 1024

static void error__each_kind__has_its_exit_code(void **state)
{
    static const struct {
        enum tigress_error error;
        enum cli_exit exit;
    } rows[] = {
        { TIGRESS_E_ARGUMENT, CLI_USAGE },      { TIGRESS_E_MESSAGE, CLI_USAGE },
        { TIGRESS_E_URL, CLI_USAGE },           { TIGRESS_E_SECRET, CLI_USAGE },
        { TIGRESS_E_LIMIT, CLI_USAGE },         { TIGRESS_E_NOT_ALLOWED, CLI_REFUSED },
        { TIGRESS_E_STATE, CLI_REFUSED },       { TIGRESS_E_SAVED_STATE, CLI_REFUSED },
        { TIGRESS_E_DENIED, CLI_REFUSED },      { TIGRESS_E_REFUSED, CLI_REFUSED },
        { TIGRESS_E_DECRYPT, CLI_REFUSED },     { TIGRESS_E_WITHDRAWN, CLI_CANCELLED },
        { TIGRESS_E_COMPLETED, CLI_COMPLETED }, { TIGRESS_E_EXPIRED, CLI_EXPIRED },
        { TIGRESS_E_DECLINED, CLI_DECLINED },   { TIGRESS_E_UNCONFIRMED, CLI_UNCONFIRMED },
        { TIGRESS_E_GONE, CLI_GONE },           { TIGRESS_E_NETWORK, CLI_NETWORK },
        { TIGRESS_E_TLS, CLI_NETWORK },         { TIGRESS_E_UNAVAILABLE, CLI_NETWORK },
        { TIGRESS_E_PROTOCOL, CLI_NETWORK },    { TIGRESS_E_NOMEM, CLI_REFUSED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ui ui = { 0 };

        assert_int_equal(ui_error(&ui, rows[i].error, NULL), rows[i].exit);
    }
}

/* Standard output goes to a file while the error is reported with --json. */
static void report(char out[OUTPUT_MAX], enum tigress_error error, const char *why,
                   const char *detail, const char *hint)
{
    struct ui ui = { .is_json = true };
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);

    assert_non_null(file);
    assert_true(saved >= 0);
    (void)fflush(stdout);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    (void)ui_error_more(&ui, error, why, detail, hint);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    rewind(file);
    out[fread(out, 1, OUTPUT_MAX - 1, file)] = '\0';
    (void)fclose(file);
}

static void error_more__detail_and_hint__are_sentences_with_a_stop(void **state)
{
    char out[OUTPUT_MAX];

    (void)state;
    report(out, TIGRESS_E_NOT_ALLOWED, "no relay", "not here", "Try another.");
    assert_string_equal(out, "{\"error\":{\"code\":\"not-allowed\",\"message\":\"no relay. "
                             "The relay reports: not here. Try another.\"}}\n");
}

static void error_more__sentence_with_a_stop__gets_no_second(void **state)
{
    char out[OUTPUT_MAX];

    (void)state;
    report(out, TIGRESS_E_GONE, "It is gone.", "", "");
    assert_string_equal(out, "{\"error\":{\"code\":\"gone\",\"message\":\"It is gone.\"}}\n");
}

static void error_more__no_sentence__uses_the_librarys(void **state)
{
    char out[OUTPUT_MAX];

    (void)state;
    report(out, TIGRESS_E_GONE, NULL, "", "");
    assert_non_null(strstr(out, tigress_error_text(TIGRESS_E_GONE)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error__each_kind__has_its_exit_code),
        cmocka_unit_test(error_more__detail_and_hint__are_sentences_with_a_stop),
        cmocka_unit_test(error_more__sentence_with_a_stop__gets_no_second),
        cmocka_unit_test(error_more__no_sentence__uses_the_librarys),
    };

    return discard_stderr() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
