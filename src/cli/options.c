/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "cli/nearest.h"
#include "cli/settings.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_MAX 2u    /* letters that differ, at most, in a hint */
#define FORM_MAX 40    /* of an option with its value, in the usage */
#define FORM_WIDTH 29u /* columns of it, with the spaces around it */
#define USAGE_MAX 120

static const struct {
    const char *name;
    const char *value; /* how the usage names the value; NULL: the option has none */
    const char *help;
} option_table[OPT_COUNT] = {
    [OPT_RELAY] = { "relay", "URL", "relay to share through (else $TIGRESS_RELAY)" },
    [OPT_CACERT] = { "cacert", "FILE", "trusted authorities, PEM (else $TIGRESS_CACERT)" },
    [OPT_VERTICAL] = { "vertical", "NAME", "kind of credential: general, home or car" },
    [OPT_TITLE] = { "title", "TEXT", "title in the preview of the link" },
    [OPT_DESCRIPTION] = { "description", "TEXT", "second line of the preview" },
    [OPT_IMAGE] = { "image", "URL", "https URL of the picture in the preview" },
    [OPT_EXPIRES] = { "expires", "TIME", "lifetime: 30m, 7d (default: the relay's)" },
    [OPT_RIGHTS] = { "rights", "RWD", "RD: one message (default); RWD: an exchange" },
    [OPT_KEY_SIZE] = { "key-size", "BITS", "length of the secret: 128 (default) or 256" },
    [OPT_SCHEME] = { "scheme", "NAME", "scheme of the link: https (default) or tigress" },
    [OPT_QR] = { "qr", NULL, "also print the link as a QR code" },
    [OPT_SEPARATE_SECRET] = { "separate-secret", NULL,
                              "print the link without the secret, and the secret" },
    [OPT_REQUIRE_PROOF] = { "require-proof", NULL,
                            "accept only a device that proves it has the secret" },
    [OPT_REQUIRE_V2] = { "require-v2", NULL,
                         "stop unless both sides use keys that the link lacks" },
    [OPT_ATTEST_PACKED] = { "attest-packed", "KEY CERT", "attest with these PEM files; for tests" },
    [OPT_PRIVATE_TOKEN] = { "private-token", "TOKEN",
                            "Privacy Pass token, @FILE, or - for standard input" },
    [OPT_DIRECT] = { "direct", NULL, "without a relay: this device serves the other one" },
    [OPT_LISTEN] = { "listen", "ADDR:PORT", "with --direct: address to listen on" },
    [OPT_PIN] = { "pin", NULL, "a PIN, told separately, which both devices prove" },
    [OPT_PLAIN_PIN] = { "plain-pin", NULL, "a PIN that you check yourself; it proves less" },
    [OPT_PIN_FILE] = { "pin-file", "FILE", "read the sender's PIN from FILE, or - for stdin" },
    [OPT_YES] = { "yes", NULL, "do not ask for confirmation" },
    [OPT_RESUME] = { "resume", "ID", "finish an interrupted share, or print a link again" },
    [OPT_COPY] = { "copy", NULL, "put the link into the clipboard" },
    [OPT_COPY_OSC52] = { "copy-osc52", NULL, "the same through the terminal (OSC 52)" },
    [OPT_STAY] = { "wait", NULL, "wait until the other side has taken it" },
    [OPT_SECRET_FILE] = { "secret-file", "FILE",
                          "read the secret from FILE, or - for standard input" },
    [OPT_ALLOW_RELAY] = { "allow-relay", "HOST[:PORT]",
                          "accept links to this relay only; may be repeated" },
    [OPT_FINISH] = { "finish", NULL, "end the transfer after the message is delivered" },
    [OPT_DECLINE] = { "decline", NULL, "tell the sender that you do not take it, and end it" },
    [OPT_OUT] = { "out", "FILE", "write the message to FILE (mode 0600); -: print it" },
    [OPT_WAIT] = { "wait", "TIME", "how long: 90, 5m, 2h (receive: 60; watch: no limit)" },
    [OPT_NOTIFY] = { "notify", "TYPE:DATA", "register this notification token at the relay" },
    [OPT_NOTIFY_TOPIC] = { "notify-topic", "TOPIC",
                           "with --notify: the app (APNs topic, FCM project)" },
    [OPT_WEBPUSH_LISTEN] = { "webpush-listen", "ADDR:PORT",
                             "wait for a Web Push here (127.0.0.1:0: any port)" },
    [OPT_LISTEN_CERT] = { "listen-cert", "FILE", "with --webpush-listen: certificate (PEM)" },
    [OPT_LISTEN_KEY] = { "listen-key", "FILE",
                         "with --webpush-listen: key of the certificate (PEM)" },
    [OPT_CHECK] = { "check", NULL, "check a PIN from standard input; counts as a try" },
    [OPT_ONLY] = { "only", "WORD", "active, unread, ended, pending, initiator, ..." },
    [OPT_EXEC] = { "exec", "COMMAND", "run this by the shell when something changed" },
    [OPT_DESKTOP] = { "desktop", NULL, "show a desktop notification (notify-send)" },
    [OPT_ENDED] = { "ended", NULL, "those that have ended or expired" },
    [OPT_PENDING] = { "pending", NULL, "shares that no relay has answered" },
    [OPT_JSON] = { "json", NULL, "print the result as one JSON object" },
    [OPT_VERBOSE] = { "verbose", NULL, "print each request to the relay on standard error" },
    [OPT_HELP] = { "help", NULL, "print this help" },
};

void options_print_usage(FILE *to, const struct cli_command *command)
{
    const unsigned columns = to == stdout ? ui_columns() : 0;
    char usage[USAGE_MAX];

    snprintf(usage, sizeof(usage), "usage: tigress %s [options]%s%s", command->name,
             command->synopsis[0] == '\0' ? "" : " ", command->synopsis);
    ui_wrap(usage, 0, columns);
    fprintf(to, "%s\n", usage);
    for (size_t i = 0; i < OPT_COUNT; i++) {
        char form[FORM_MAX];

        if ((command->options & OPT_BIT(i)) == 0) {
            continue;
        }
        snprintf(form, sizeof(form), "  --%s%s%s", option_table[i].name,
                 option_table[i].value == NULL ? "" : " ",
                 option_table[i].value == NULL ? "" : option_table[i].value);
        ui_print_item(to, form, FORM_WIDTH, option_table[i].help, columns);
    }
}

bool options_wants_json(int argc, char *argv[])
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

/* getopt's table of the options of this command; val is the option's number plus one. */
static void fill_getopt(struct option table[OPT_COUNT + 1], const struct cli_command *command)
{
    size_t used = 0;

    for (size_t i = 0; i < OPT_COUNT; i++) {
        if ((command->options & OPT_BIT(i)) != 0) {
            table[used++] = (struct option){ .name = option_table[i].name,
                                             .has_arg = option_table[i].value != NULL,
                                             .val = (int)i + 1 };
        }
    }
    table[used] = (struct option){ 0 };
}

static enum cli_exit usage(struct ui *ui, const struct cli_command *command, const char *what,
                           const char *subject)
{
    return ui_fail(ui, CLI_USAGE, "usage", "%s%s. See 'tigress help %s'.", what, subject,
                   command->name);
}

/* The option of this command that is nearest to a word that begins with "--"; NULL: none is near.
 */
static const char *nearest_option(const struct cli_command *command, const char *word)
{
    const char *nearest = NULL;
    unsigned least = NEAR_MAX + 1;

    for (size_t i = 0; i < OPT_COUNT; i++) {
        unsigned distance = (command->options & OPT_BIT(i)) == 0
                                ? least
                                : nearest_distance(word + 2, option_table[i].name);

        if (distance < least) {
            least = distance;
            nearest = option_table[i].name;
        }
    }
    return nearest;
}

/* The part of an unknown option after '=' may be a secret: it is not printed. */
static enum cli_exit bad_option(struct ui *ui, const struct cli_command *command, int found,
                                const char *word)
{
    const char *nearest = NULL;
    char name[64];

    if (optopt > OPT_COUNT) { /* a letter: word may be the one before it */
        snprintf(name, sizeof(name), "-%c", optopt);
    } else {
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
        nearest = strncmp(name, "--", 2) == 0 ? nearest_option(command, name) : NULL;
    }
    if (found == ':') {
        return usage(ui, command, "a value is missing after ", name);
    }
    return nearest == NULL ? usage(ui, command, "this command does not take the option ", name)
                           : ui_fail(ui, CLI_USAGE, "usage",
                                     "this command does not take the option %s; did you mean --%s?",
                                     name, nearest);
}

static enum cli_exit keep_option(struct ui *ui, struct cli_args *args,
                                 const struct cli_command *command, enum cli_option option,
                                 const char *value)
{
    if (option == OPT_ALLOW_RELAY) {
        if (args->allow_count == CLI_ALLOW_MAX) {
            return usage(ui, command, "more than 16 values were given for --",
                         option_table[option].name);
        }
        args->allow[args->allow_count++] = value;
    } else if (args->value[option] != NULL && option_table[option].value != NULL) {
        return usage(ui, command, "this option was given twice: --", option_table[option].name);
    }
    args->value[option] = value == NULL ? "" : value;
    return CLI_OK;
}

enum cli_exit options_parse(struct ui *ui, struct cli_args *args, const struct cli_command *command,
                            int argc, char *argv[])
{
    struct option table[OPT_COUNT + 1];
    enum cli_exit exit = CLI_OK;
    int found;

    *args = (struct cli_args){ 0 };
    fill_getopt(table, command);
    optind = 0; /* resets getopt, for a test that parses twice */
    opterr = 0;
    while ((found = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (found == '?' || found == ':') {
            return bad_option(ui, command, found, argv[optind - 1]);
        }
        exit = keep_option(ui, args, command, (enum cli_option)(found - 1), optarg);
        if (exit == CLI_OK && found - 1 == OPT_ATTEST_PACKED) {
            if (optind >= argc) {
                return usage(ui, command, "a value is missing after ", "--attest-packed KEY");
            }
            args->attest_certificate = argv[optind++]; /* its second value */
        }
        if (exit != CLI_OK) {
            return exit;
        }
    }
    args->position_count = (size_t)(argc - optind);
    if (args->value[OPT_HELP] != NULL) {
        return CLI_OK;
    }
    if (args->position_count < command->position_min) {
        return usage(ui, command, "an argument is missing; expected: ", command->synopsis);
    }
    if (args->position_count > command->position_max) {
        return usage(ui, command, "too many arguments; expected: ",
                     command->synopsis[0] == '\0' ? "none" : command->synopsis);
    }
    for (size_t i = 0; i < args->position_count; i++) {
        args->position[i] = argv[optind + (int)i];
    }
    return CLI_OK;
}

bool options_parse_duration(int64_t *out_s, const char *text, int64_t max_s)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    int64_t number = 0;
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9 || (text[digits] != '\0' && text[digits + 1] != '\0')) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (text[i] - '0');
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit == text[digits] && number > 0 && number <= max_s / units[i].seconds) {
            *out_s = number * units[i].seconds;
            return true;
        }
    }
    return false;
}

const char *options_value_or_env(const struct cli_args *args, enum cli_option option,
                                 const char *variable)
{
    const struct settings *s = args->settings;
    const char *value = args->value[option];

    if (value == NULL) {
        value = getenv(variable);
    }
    if (value == NULL && s != NULL) {
        value = option == OPT_RELAY ? s->relay : option == OPT_CACERT ? s->cacert : NULL;
    }
    return value != NULL && value[0] != '\0' ? value : NULL;
}
