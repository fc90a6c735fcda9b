/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_cancel.h"

#include "cli/flow.h"

/* Unlike other commands it accepts a share whose creation was interrupted. */
static enum cli_exit cancel(struct ui *ui, struct flow *f)
{
    struct transfer *t = f->t;
    enum cli_exit exit = flow_do(f, tigress_session_cancel);

    if (exit == CLI_GONE && t->session != NULL) {
        (void)state_end(ui, t, TRANSFER_GONE); /* already reported; there is nothing to withdraw */
    }
    return exit == CLI_OK ? ending_report(ui, t, f->session) : exit;
}

enum cli_exit cmd_cancel(struct ui *ui, const struct cli_args *args)
{
    struct cli_args any = *args;
    struct transfer t;
    struct flow f;
    enum cli_exit exit;

    any.value[OPT_RESUME] = "";
    exit = flow_open(&f, ui, &t, TRANSFER_ANY_ROLE, &any);
    if (exit == CLI_OK) {
        exit = cancel(ui, &f);
    }
    flow_close(&f, &t);
    return exit;
}
