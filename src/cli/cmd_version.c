/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_version.h"

#include <tigress/tigress.h>

enum cli_exit cmd_version(struct ui *ui, const struct cli_args *args)
{
    (void)args;
    ui_print(ui, "tigress %s\n", tigress_version());
    return ui_result_take(
        ui, json_pack("{s:s, s:i}", "version", tigress_version(), "abi", tigress_abi()));
}
