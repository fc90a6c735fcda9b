/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_receive.h"

#include "cli/digits.h"
#include "cli/flow_wait.h"
#include "cli/message.h"
#include "cli/ui_error.h"

#include <time.h>

#define WAIT_DEFAULT_S 60
#define WAIT_MAX_S (7 * 86400)
#define POLL_MAX_S 55

static enum cli_exit nothing_came(struct ui *ui, struct flow *f, int64_t wait_s)
{
    if (tigress_session_failures(f->session) > 0) {
        return ui_fail(ui, CLI_NETWORK, "network",
                       "the relay could not be reached within %lld seconds. Nothing is lost: run "
                       "the command again.",
                       (long long)wait_s);
    }
    return ui_fail(
        ui, CLI_REFUSED, "nothing-yet",
        "no message arrived within %lld seconds. Run the command again to continue waiting.",
        (long long)wait_s);
}

/* Waits until there is a message, or the time is over. */
static enum cli_exit await(struct ui *ui, struct flow *f, int64_t wait_s)
{
    unsigned poll_s = wait_s < POLL_MAX_S ? (unsigned)wait_s : POLL_MAX_S;
    enum cli_exit exit = flow_set_waiting(f, poll_s);
    enum tigress_error error;

    if (exit != CLI_OK) {
        return exit;
    }
    error = flow_act(f, tigress_session_wait);
    if (error == TIGRESS_E_STATE) { /* sending our message was interrupted: finish that first */
        exit = flow_settle(f);
        if (exit != CLI_OK || f->input == TIGRESS_INPUT_MESSAGE) {
            return exit;
        }
        error = flow_act(f, tigress_session_wait);
    }
    return error == TIGRESS_OK ? flow_wait(f, (int64_t)time(NULL) + wait_s)
                               : ui_error(ui, error, NULL);
}

static enum cli_exit receive(struct ui *ui, struct flow *f, const struct cli_args *args,
                             int64_t wait_s)
{
    enum cli_exit exit = CLI_OK;

    if (!f->t->is_unread) {
        exit = wait_s == 0 ? flow_do(f, tigress_session_check) : await(ui, f, wait_s);
    }
    /* The wait may have ended before an answer of the relay: look once more, to the end. */
    if (exit == CLI_OK && !f->t->is_unread && wait_s > 0 &&
        tigress_session_failures(f->session) == 0) {
        exit = flow_do(f, tigress_session_check);
    }
    if (exit != CLI_OK) {
        return exit;
    }
    if (!f->t->is_unread) {
        digits_say(ui, f->session, f->t->id);
        return nothing_came(ui, f, wait_s);
    }
    exit = message_deliver(f, args);
    if (exit == CLI_OK && args->value[OPT_FINISH] != NULL) {
        exit = flow_finish(f);
    }
    return exit;
}

enum cli_exit cmd_receive(struct ui *ui, const struct cli_args *args)
{
    const char *wait = args->value[OPT_WAIT];
    int64_t wait_s = WAIT_DEFAULT_S;
    struct transfer t;
    struct flow f;
    enum cli_exit exit;

    if (wait != NULL && wait[0] == '0' && wait[1] == '\0') {
        wait_s = 0;
    } else if (wait != NULL && !options_parse_duration(&wait_s, wait, WAIT_MAX_S)) {
        return ui_fail(
            ui, CLI_USAGE, "usage",
            "--wait: expected 0 to look once, or a time of at most 7d such as 90, 90s or 5m.");
    }
    exit = flow_open(&f, ui, &t, TRANSFER_ANY_ROLE, args);
    if (exit == CLI_OK) {
        exit = receive(ui, &f, args, wait_s);
    }
    flow_close(&f, &t);
    return exit;
}
