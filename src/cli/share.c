/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/share.h"

#include "cli/pake.h"
#include "cli/ui_error.h"

#include <stdio.h>
#include <string.h>

#define EXPIRES_MAX_S (INT64_C(10) * 366 * 86400)
#define QUESTION_MAX 512

static const struct vertical {
    const char *name, *value, *title;
} verticals[] = {
    { "general", TIGRESS_VERTICAL_GENERAL, "A shared credential" },
    { "home", TIGRESS_VERTICAL_HOME, "A shared home key" },
    { "car", TIGRESS_VERTICAL_CAR, "A shared car key" },
};

/* NULL: there is no such vertical. */
static const struct vertical *vertical_of(const char *name)
{
    for (size_t i = 0; i < sizeof(verticals) / sizeof(verticals[0]); i++) {
        if (name == NULL || strcmp(verticals[i].name, name) == 0) {
            return &verticals[i];
        }
    }
    return NULL;
}

int64_t share_lifetime_s(const struct cli_args *args)
{
    int64_t lifetime_s = 0;

    return args->value[OPT_EXPIRES] != NULL &&
                   options_parse_duration(&lifetime_s, args->value[OPT_EXPIRES], EXPIRES_MAX_S)
               ? lifetime_s
               : 0;
}

enum cli_exit share_check_options(struct ui *ui, const struct cli_args *args)
{
    static const struct {
        enum cli_option option;
        const char *first, *second, *sentence;
    } choices[] = {
        { OPT_KEY_SIZE, "128", "256", "--key-size: expected 128 or 256." },
        { OPT_SCHEME, "https", "tigress", "--scheme: expected https or tigress." },
    };

    if (vertical_of(args->value[OPT_VERTICAL]) == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage", "--vertical: expected general, home or car.");
    }
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        const char *value = args->value[choices[i].option];

        if (value != NULL && strcmp(value, choices[i].first) != 0 &&
            strcmp(value, choices[i].second) != 0) {
            return ui_fail(ui, CLI_USAGE, "usage", "%s", choices[i].sentence);
        }
    }
    if (args->value[OPT_EXPIRES] != NULL && share_lifetime_s(args) == 0) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--expires: expected a time from now such as 30m, 48h or 7d.");
    }
    if (args->value[OPT_REQUIRE_V2] != NULL && args->value[OPT_RIGHTS] != NULL &&
        strchr(args->value[OPT_RIGHTS], 'W') == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--require-v2 needs an answer of the other side, so the right W: leave "
                       "--rights out, or give RWD.");
    }
    if (args->value[OPT_LISTEN] != NULL && args->value[OPT_DIRECT] == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage", "--listen can be used only with --direct.");
    }
    if (args->value[OPT_DIRECT] != NULL &&
        (args->value[OPT_RELAY] != NULL || args->value[OPT_RESUME] != NULL ||
         args->value[OPT_SCHEME] != NULL || args->value[OPT_SEPARATE_SECRET] != NULL ||
         args->value[OPT_PIN] != NULL || args->value[OPT_PLAIN_PIN] != NULL ||
         args->value[OPT_NOTIFY] != NULL || args->value[OPT_STAY] != NULL ||
         args->value[OPT_ATTEST_PACKED] != NULL || args->value[OPT_PRIVATE_TOKEN] != NULL)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--direct cannot be used with --relay, --resume, --scheme, --pin, "
                       "--plain-pin, --notify, "
                       "--separate-secret, --attest-packed, --private-token or --wait (it always "
                       "waits).");
    }
    if (args->value[OPT_PIN] != NULL && args->value[OPT_PLAIN_PIN] != NULL) {
        return ui_fail(ui, CLI_USAGE, "usage", "--pin cannot be used with --plain-pin.");
    }
    if (args->value[OPT_PIN] != NULL && pake_check_build(ui) != CLI_OK) {
        return CLI_USAGE;
    }
    if ((args->position_count == 0) == (args->value[OPT_RESUME] == NULL)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "expected either FILE with the provisioning information (or - for standard "
                       "input) or --resume ID.");
    }
    return CLI_OK;
}

enum cli_exit share_set_options(struct ui *ui, struct tigress_session *s,
                                const struct cli_args *args)
{
    const struct vertical *vertical = vertical_of(args->value[OPT_VERTICAL]);
    const char *title = args->value[OPT_TITLE], *description = args->value[OPT_DESCRIPTION];
    const char *rights = args->value[OPT_RIGHTS], *size = args->value[OPT_KEY_SIZE];
    const bool needs_answers = args->value[OPT_PIN] != NULL || args->value[OPT_REQUIRE_V2] != NULL;
    const char *usual = needs_answers ? "RWD" : "RD";
    enum tigress_error error = tigress_session_set_display(
        s, title != NULL ? title : vertical->title,
        description != NULL ? description : "Open this link with your wallet to add it.",
        args->value[OPT_IMAGE]);
    if (error != TIGRESS_OK) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--title, --description and --image: expected UTF-8 text of at most 256, "
                       "1024 and 2048 bytes; the image an https URL.");
    }
    if (tigress_session_set_rights(s, rights != NULL ? rights : usual) != TIGRESS_OK) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--rights: expected the letters R, W and D, each at most once: RD for one "
                       "message, RWD for an exchange.");
    }
    if (args->value[OPT_VERTICAL] != NULL) {
        error = tigress_session_set_vertical(s, vertical->value);
    }
    if (error == TIGRESS_OK && size != NULL && strcmp(size, "256") == 0) {
        error = tigress_session_set_secret_len(s, 32);
    }
    if (error == TIGRESS_OK && args->value[OPT_REQUIRE_PROOF] != NULL) {
        error = tigress_session_require_proof(s);
    }
    if (error == TIGRESS_OK && args->value[OPT_REQUIRE_V2] != NULL) {
        error = tigress_session_require_v2(s);
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, tigress_session_error_text(s));
}

enum cli_exit share_confirm(struct ui *ui, struct tigress_session *s, const struct cli_args *args,
                            const char *where)
{
    char question[QUESTION_MAX], title[QUESTION_MAX / 2];

    if (args->value[OPT_YES] != NULL) {
        return CLI_OK;
    }
    ui_clean(title, sizeof(title), tigress_session_title(s));
    snprintf(question, sizeof(question),
             "Share \"%s\" through %s? The first device that opens the link gets it.", title,
             where);
    return ui_confirm(ui, question, "nothing was shared", "share");
}
