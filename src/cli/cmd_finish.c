/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_finish.h"

#include "cli/flow.h"

static enum cli_exit end(struct ui *ui, const struct cli_args *args, enum transfer_role role,
                         flow_act_fn *act, enum transfer_status status)
{
    struct transfer t;
    struct flow f;
    enum cli_exit exit = flow_open(&f, ui, &t, role, args);

    if (exit == CLI_OK && t.is_unread && status == TRANSFER_COMPLETED) {
        exit = ui_fail(ui, CLI_REFUSED, "unread",
                       "the transfer was not ended: first read the message from the other side "
                       "with 'tigress receive %.8s'.",
                       t.id);
    }
    if (exit == CLI_OK) {
        exit = flow_do(&f, act);
    }
    if (exit == CLI_OK) {
        exit = status == TRANSFER_COMPLETED ? ending_keep(ui, &t, f.session)
                                            : state_end(ui, &t, status);
    }
    if (exit == CLI_OK) {
        ui_print(ui, "The transfer %s is %s.\n", t.id, transfer_status_name(t.status));
        exit = ui_result_take(ui, transfer_describe(&t));
    }
    flow_close(&f, &t);
    return exit;
}

enum cli_exit cmd_finish(struct ui *ui, const struct cli_args *args)
{
    return end(ui, args, TRANSFER_ANY_ROLE, tigress_session_finish, TRANSFER_COMPLETED);
}

enum cli_exit cmd_relinquish(struct ui *ui, const struct cli_args *args)
{
    return end(ui, args, TRANSFER_RECIPIENT, tigress_session_relinquish, TRANSFER_RELINQUISHED);
}
