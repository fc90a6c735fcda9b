/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/options.h - the table of all options, and the parser of the command line.
 * Layer: L4.      Threads: one.      Blocks: no.
 */
#ifndef TG_CLI_OPTIONS_H
#define TG_CLI_OPTIONS_H

#include "cli/ui.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CLI_ALLOW_MAX 16u
#define CLI_POSITION_MAX 2u

enum cli_option {
    OPT_RELAY,
    OPT_CACERT,
    OPT_VERTICAL,
    OPT_TITLE,
    OPT_DESCRIPTION,
    OPT_IMAGE,
    OPT_EXPIRES,
    OPT_RIGHTS,
    OPT_KEY_SIZE,
    OPT_SCHEME,
    OPT_QR,
    OPT_SEPARATE_SECRET,
    OPT_REQUIRE_PROOF,
    OPT_REQUIRE_V2,
    OPT_ATTEST_PACKED,
    OPT_PRIVATE_TOKEN,
    OPT_DIRECT,
    OPT_LISTEN,
    OPT_PIN,
    OPT_PLAIN_PIN,
    OPT_PIN_FILE,
    OPT_YES,
    OPT_RESUME,
    OPT_COPY,
    OPT_COPY_OSC52,
    OPT_STAY,
    OPT_SECRET_FILE,
    OPT_ALLOW_RELAY,
    OPT_FINISH,
    OPT_DECLINE,
    OPT_OUT,
    OPT_WAIT,
    OPT_NOTIFY,
    OPT_NOTIFY_TOPIC,
    OPT_WEBPUSH_LISTEN,
    OPT_LISTEN_CERT,
    OPT_LISTEN_KEY,
    OPT_CHECK,
    OPT_ONLY,
    OPT_EXEC,
    OPT_DESKTOP,
    OPT_ENDED,
    OPT_PENDING,
    OPT_JSON,
    OPT_VERBOSE,
    OPT_HELP,
    OPT_COUNT
};

#define OPT_BIT(option) (UINT64_C(1) << (option))
#define OPT_COMMON (OPT_BIT(OPT_JSON) | OPT_BIT(OPT_VERBOSE) | OPT_BIT(OPT_HELP))

struct settings;

struct cli_args {
    const char *value[OPT_COUNT]; /* NULL: not given; "" for an option without a value */
    const char *allow[CLI_ALLOW_MAX];
    size_t allow_count;
    const struct settings *settings;        /* of the user's file; NULL: not read */
    const char *attest_certificate;         /* the second value of --attest-packed */
    const char *position[CLI_POSITION_MAX]; /* NULL where there is none */
    size_t position_count;
};

struct cli_command {
    const char *name;
    const char *synopsis; /* the positional arguments, as the usage shows them */
    const char *purpose;  /* one line */
    uint64_t options;     /* OPT_BIT of each allowed option, OPT_COMMON included */
    size_t position_min, position_max;
    enum cli_exit (*run)(struct ui *ui, const struct cli_args *args);
};

/* Sorts argv (argv[0] is the command's name) into *args, which borrows from it.
 * CLI_USAGE   an unknown option, a missing or repeated value, too few or many arguments; reported
 *             in one line, with a hint
 */
enum cli_exit options_parse(struct ui *ui, struct cli_args *args, const struct cli_command *command,
                            int argc, char *argv[]);
/* Whether argv has --json; for errors in the rest of argv. */
bool options_wants_json(int argc, char *argv[]);

void options_print_usage(FILE *to, const struct cli_command *command);

/*
 * "90s", "30m", "48h", "7d" or plain seconds, in seconds.
 * false: not that form, zero, or over max_s; *out_s is then untouched
 */
bool options_parse_duration(int64_t *out_s, const char *text, int64_t max_s);

/* The value of an option; else of the environment variable; else of the user's file (--relay and
   --cacert); else NULL. */
const char *options_value_or_env(const struct cli_args *args, enum cli_option option,
                                 const char *variable);

#endif
