/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "cli/cmd_accept.h"
#include "cli/cmd_answer.h"
#include "cli/cmd_cancel.h"
#include "cli/cmd_compare.h"
#include "cli/cmd_finish.h"
#include "cli/cmd_forget.h"
#include "cli/cmd_inspect.h"
#include "cli/cmd_pin.h"
#include "cli/cmd_receive.h"
#include "cli/cmd_relays.h"
#include "cli/cmd_share.h"
#include "cli/cmd_status.h"
#include "cli/cmd_version.h"
#include "cli/cmd_watch.h"
#include "cli/nearest.h"

#include <string.h>

#define NEAR_MAX 2u /* letters that differ, at most, in a hint */
#define NAME_MAX 32
#define NAME_WIDTH 14u /* columns of a name, with the spaces around it */
#define NETWORK (OPT_COMMON | OPT_BIT(OPT_CACERT))

static enum cli_exit help(struct ui *ui, const struct cli_args *args)
{
    const struct cli_command *command = NULL;

    if (args->position_count == 0) {
        commands_print(stdout);
        return ui_flush(ui);
    }
    command = commands_find(args->position[0]);
    if (command == NULL) {
        return commands_refuse(ui, args->position[0]);
    }
    options_print_usage(stdout, command);
    return ui_flush(ui);
}

static const struct cli_command commands[] = {
    { .name = "share",
      .synopsis = "FILE|-",
      .purpose = "share a credential and print a link for the other side",
      .options = NETWORK | OPT_BIT(OPT_RELAY) | OPT_BIT(OPT_VERTICAL) | OPT_BIT(OPT_TITLE) |
                 OPT_BIT(OPT_DESCRIPTION) | OPT_BIT(OPT_IMAGE) | OPT_BIT(OPT_EXPIRES) |
                 OPT_BIT(OPT_RIGHTS) | OPT_BIT(OPT_KEY_SIZE) | OPT_BIT(OPT_SCHEME) |
                 OPT_BIT(OPT_QR) | OPT_BIT(OPT_SEPARATE_SECRET) | OPT_BIT(OPT_PIN) |
                 OPT_BIT(OPT_PLAIN_PIN) | OPT_BIT(OPT_DIRECT) | OPT_BIT(OPT_LISTEN) |
                 OPT_BIT(OPT_REQUIRE_PROOF) | OPT_BIT(OPT_REQUIRE_V2) | OPT_BIT(OPT_ATTEST_PACKED) |
                 OPT_BIT(OPT_PRIVATE_TOKEN) | OPT_BIT(OPT_YES) | OPT_BIT(OPT_RESUME) |
                 OPT_BIT(OPT_COPY) | OPT_BIT(OPT_COPY_OSC52) | OPT_BIT(OPT_STAY) |
                 OPT_BIT(OPT_NOTIFY) | OPT_BIT(OPT_NOTIFY_TOPIC),
      .position_min = 0, /* --resume needs no FILE; share_check_options() checks it */
      .position_max = 1,
      .run = cmd_share },
    { .name = "accept",
      .synopsis = "URL|-",
      .purpose = "accept a transfer and print its first message",
      .options = NETWORK | OPT_BIT(OPT_SECRET_FILE) | OPT_BIT(OPT_ALLOW_RELAY) |
                 OPT_BIT(OPT_REQUIRE_V2) | OPT_BIT(OPT_FINISH) | OPT_BIT(OPT_DECLINE) |
                 OPT_BIT(OPT_OUT) | OPT_BIT(OPT_PIN) | OPT_BIT(OPT_PIN_FILE) | OPT_BIT(OPT_NOTIFY) |
                 OPT_BIT(OPT_NOTIFY_TOPIC),
      .position_min = 1,
      .position_max = 1,
      .run = cmd_accept },
    { .name = "answer",
      .synopsis = "ID FILE|-",
      .purpose = "send the next message to the other side",
      .options = NETWORK | OPT_BIT(OPT_NOTIFY) | OPT_BIT(OPT_NOTIFY_TOPIC),
      .position_min = 2,
      .position_max = 2,
      .run = cmd_answer },
    { .name = "receive",
      .synopsis = "ID",
      .purpose = "wait for the next message and print it",
      .options = NETWORK | OPT_BIT(OPT_WAIT) | OPT_BIT(OPT_FINISH) | OPT_BIT(OPT_OUT),
      .position_min = 1,
      .position_max = 1,
      .run = cmd_receive },
    { .name = "watch",
      .synopsis = "[ID]",
      .purpose = "wait until a transfer changes, and print what changed",
      .options = NETWORK | OPT_BIT(OPT_WAIT) | OPT_BIT(OPT_WEBPUSH_LISTEN) |
                 OPT_BIT(OPT_LISTEN_CERT) | OPT_BIT(OPT_LISTEN_KEY) | OPT_BIT(OPT_EXEC) |
                 OPT_BIT(OPT_DESKTOP),
      .position_min = 0,
      .position_max = 1,
      .run = cmd_watch },
    { .name = "compare",
      .synopsis = "ID [same|different]",
      .purpose = "six digits that both persons must see; what they saw",
      .options = NETWORK,
      .position_min = 1,
      .position_max = 2,
      .run = cmd_compare },
    { .name = "finish",
      .synopsis = "ID",
      .purpose = "end a transfer after its last message was received",
      .options = NETWORK,
      .position_min = 1,
      .position_max = 1,
      .run = cmd_finish },
    { .name = "status",
      .synopsis = "[ID]",
      .purpose = "list your transfers, or check one of them at the relay",
      .options = NETWORK | OPT_BIT(OPT_ONLY),
      .position_min = 0,
      .position_max = 1,
      .run = cmd_status },
    { .name = "pin",
      .synopsis = "ID",
      .purpose = "show how many tries a PIN has left, or check a typed PIN",
      .options = NETWORK | OPT_BIT(OPT_CHECK),
      .position_min = 1,
      .position_max = 1,
      .run = cmd_pin },
    { .name = "cancel",
      .synopsis = "ID",
      .purpose = "withdraw a transfer, or decline one that you accepted",
      .options = NETWORK,
      .position_min = 1,
      .position_max = 1,
      .run = cmd_cancel },
    { .name = "relinquish",
      .synopsis = "ID",
      .purpose = "give an accepted transfer back for another device",
      .options = NETWORK,
      .position_min = 1,
      .position_max = 1,
      .run = cmd_relinquish },
    { .name = "forget",
      .synopsis = "ID",
      .purpose = "remove a transfer from this device, without any request",
      .options = OPT_COMMON | OPT_BIT(OPT_YES),
      .position_min = 1,
      .position_max = 1,
      .run = cmd_forget },
    { .name = "prune",
      .synopsis = "",
      .purpose = "forget all transfers that have ended, or are pending",
      .options = OPT_COMMON | OPT_BIT(OPT_ENDED) | OPT_BIT(OPT_PENDING),
      .position_min = 0,
      .position_max = 0,
      .run = cmd_prune },
    { .name = "inspect",
      .synopsis = "URL|-",
      .purpose = "show the preview of a link without accepting it",
      .options = NETWORK | OPT_BIT(OPT_ALLOW_RELAY) | OPT_BIT(OPT_QR),
      .position_min = 1,
      .position_max = 1,
      .run = cmd_inspect },
    { .name = "relays",
      .synopsis = "[list | add HOST | remove HOST]",
      .purpose = "the relays that links may name without a question",
      .options = OPT_COMMON,
      .position_min = 0,
      .position_max = 2,
      .run = cmd_relays },
    { .name = "help",
      .synopsis = "[COMMAND]",
      .purpose = "list the commands, or the options of one",
      .options = OPT_COMMON,
      .position_min = 0,
      .position_max = 1,
      .run = help },
    { .name = "version",
      .synopsis = "",
      .purpose = "print the version",
      .options = OPT_COMMON,
      .position_min = 0,
      .position_max = 0,
      .run = cmd_version },
    { .name = NULL },
};

const struct cli_command *commands_find(const char *name)
{
    for (const struct cli_command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

enum cli_exit commands_refuse(struct ui *ui, const char *word)
{
    const char *nearest = NULL;
    unsigned least = NEAR_MAX + 1;

    for (const struct cli_command *c = commands; c->name != NULL; c++) {
        unsigned distance = nearest_distance(word, c->name);

        if (distance < least) {
            least = distance;
            nearest = c->name;
        }
    }
    return nearest == NULL
               ? ui_fail(ui, CLI_USAGE, "usage",
                         "there is no command '%.32s'. 'tigress help' lists the commands.", word)
               : ui_fail(
                     ui, CLI_USAGE, "usage",
                     "there is no command '%.32s'; did you mean '%s'? 'tigress help' lists all.",
                     word, nearest);
}

void commands_print(FILE *to)
{
    const unsigned columns = to == stdout ? ui_columns() : 0;
    char usage[] = "usage: tigress COMMAND [options] [arguments]";
    char more[] = "'tigress help COMMAND' lists the options of a command.";

    ui_wrap(usage, 0, columns);
    ui_wrap(more, 0, columns);
    fprintf(to, "%s\n\n", usage);
    for (const struct cli_command *c = commands; c->name != NULL; c++) {
        char name[NAME_MAX];

        snprintf(name, sizeof(name), "  %s", c->name);
        ui_print_item(to, name, NAME_WIDTH, c->purpose, columns);
    }
    fprintf(to, "\n%s\n", more);
}
