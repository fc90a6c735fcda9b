/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/tigress.h>

#include "cli/commands.h"

enum cli_exit cmd_help(struct ui *ui, const struct cli_args *args)
{
    const struct cli_command *command = NULL;

    if (args->position_count == 0) {
        options_print_commands(stdout);
        return ui_flush(ui);
    }
    command = cli_command_find(args->position[0]);
    if (command == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage", "there is no command '%.32s'.", args->position[0]);
    }
    options_print_usage(stdout, command);
    return ui_flush(ui);
}

enum cli_exit cmd_version(struct ui *ui, const struct cli_args *args)
{
    (void)args;
    ui_say(ui, "tigress %s\n", tigress_version());
    return ui_result_take(
        ui, json_pack("{s:s, s:i}", "version", tigress_version(), "abi", tigress_abi()));
}
