/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flow_wait.h"

#include "cli/ui_error.h"

#include <time.h>

#define PAUSE_MS 100

enum cli_exit flow_set_waiting(struct flow *f, unsigned poll_s)
{
    enum tigress_error error = tigress_session_set_poll_s(f->session, poll_s);

    if (error == TIGRESS_OK) {
        error = tigress_session_set_tries(f->session, FLOW_TRIES_WAITING);
    }
    f->poll_s = poll_s;
    return error == TIGRESS_OK ? CLI_OK : ui_error(f->ui, error, NULL);
}

/* Until no other process uses the transfer. */
static enum cli_exit await_turn(struct flow *f, int64_t until_s)
{
    const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
    bool is_back = false;

    for (;;) {
        enum cli_exit exit = state_come_back(f->ui, f->t, &is_back);

        if (exit != CLI_OK || is_back) {
            return exit;
        }
        if (until_s != 0 && (int64_t)time(NULL) >= until_s) {
            return ui_fail(
                f->ui, CLI_REFUSED, "in-use",
                "another tigress process uses the transfer %.8s; this one stops waiting.",
                f->t->id);
        }
        ui_progress(f->ui, "another command uses this transfer; waiting for it ...");
        (void)nanosleep(&pause, NULL);
    }
}

/* Lets the other command go first, and resumes with what it has saved. */
static enum cli_exit step_aside(struct flow *f, int64_t until_s)
{
    const struct cli_args args = f->args;
    bool is_ending = f->is_ending, is_remembered = f->before != NULL;
    unsigned poll_s = f->poll_s;
    struct transfer *t = f->t;
    struct ui *ui = f->ui;
    enum cli_exit exit = flow_save(f);

    flow_end(f);
    if (exit == CLI_OK) {
        state_step_aside(t);
        exit = await_turn(f, until_s);
        ui_progress_end(ui);
    }
    if (exit == CLI_OK) {
        exit = flow_resume(f, ui, t, &args);
    }
    if (exit == CLI_OK) {
        exit = flow_retry(f);
    }
    if (exit == CLI_OK && is_remembered) {
        exit = flow_remember(f);
    }
    f->is_ending = is_ending;
    return exit == CLI_OK ? flow_set_waiting(f, poll_s) : exit;
}

static enum cli_exit wait_again(struct flow *f)
{
    enum tigress_error error = flow_act(f, tigress_session_wait);

    if (error == TIGRESS_E_STATE) {
        return ui_fail(f->ui, CLI_REFUSED, "interrupted",
                       "another command on this transfer was interrupted: run it again.");
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(f->ui, error, NULL);
}

static enum cli_exit report_proof(struct flow *f)
{
    if (tigress_session_pake(f->session) == TIGRESS_PAKE_PROVED) {
        ui_info(f->ui, "%.8s: the other device has proved the PIN; what is shared was sent to it.",
                f->t->id);
    }
    return flow_save(f);
}

enum cli_exit flow_wait(struct flow *f, int64_t until_s)
{
    bool is_sent = false; /* the PIN is proved, and the library has sent what was held back */
    enum cli_exit exit;

    do {
        f->can_step_aside = true;
        f->is_wanted = false;
        exit = flow_run(f, until_s);
        f->can_step_aside = false;
        is_sent = exit == CLI_OK && f->input == TIGRESS_INPUT_SENT && !f->is_wanted &&
                  tigress_session_pake(f->session) != TIGRESS_PAKE_NONE;
        if (exit != CLI_OK || !(f->is_wanted || is_sent)) {
            return exit;
        }
        exit = is_sent ? report_proof(f) : step_aside(f, until_s);
        if (exit == CLI_OK && f->t->is_unread) {
            return CLI_OK;
        }
        if (exit == CLI_OK) {
            exit = wait_again(f);
        }
    } while (exit == CLI_OK);
    return exit;
}
