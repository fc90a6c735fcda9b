/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_compare.h"

#include "cli/digits.h"
#include "cli/flow.h"
#include "cli/ui_error.h"

#include <string.h>

static enum tigress_error differ(struct tigress_session *s)
{
    return tigress_session_compare_sas(s, TIGRESS_SAS_DIFFERENT);
}

static enum cli_exit show(struct ui *ui, const struct flow *f)
{
    bool is_confirmed = tigress_session_sas_state(f->session) == TIGRESS_SAS_CONFIRMED;
    json_t *result = transfer_describe(f->t);
    char shown[DIGITS_SHOWN_MAX];

    (void)digits_of(shown, f->session);
    ui_print(ui, "Digits:   %s%s\n", shown, is_confirmed ? "   (both persons saw them)" : "");
    digits_add(result, f->session);
    digits_say(ui, f->session, f->t->id);
    return ui_result_take(ui, result);
}

/* No digits: not yet, or never in this transfer. */
static enum cli_exit refuse(struct ui *ui, const struct flow *f)
{
    return tigress_session_sas_state(f->session) == TIGRESS_SAS_LATER
               ? ui_fail(ui, CLI_REFUSED, "no-digits-yet",
                         "there are no digits yet: they are there after the third message, on both "
                         "sides.")
               : ui_fail(ui, CLI_REFUSED, "no-digits",
                         "this transfer has no digits: the other side does not know envelope v2, "
                         "or an earlier version of it.");
}

static enum cli_exit note_same(struct ui *ui, struct flow *f)
{
    enum tigress_error error = tigress_session_compare_sas(f->session, TIGRESS_SAS_SAME);
    enum cli_exit exit = error == TIGRESS_OK ? flow_save(f) : ui_error(ui, error, NULL);

    return exit == CLI_OK ? show(ui, f) : exit;
}

/* A message that was being sent is finished first: cancel does the same. */
static enum cli_exit end_it(struct ui *ui, struct flow *f)
{
    enum cli_exit exit = flow_do(f, differ);

    return exit == CLI_OK ? ending_report(ui, f->t, f->session) : exit;
}

enum cli_exit cmd_compare(struct ui *ui, const struct cli_args *args)
{
    const char *verdict = args->position[1];
    struct transfer t;
    struct flow f;
    enum cli_exit exit;

    if (verdict != NULL && strcmp(verdict, "same") != 0 && strcmp(verdict, "different") != 0) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "expected 'same' or 'different' behind the ID: what both persons saw.");
    }
    exit = flow_open(&f, ui, &t, TRANSFER_ANY_ROLE, args);
    if (exit == CLI_OK && tigress_session_sas_state(f.session) < TIGRESS_SAS_READY) {
        exit = refuse(ui, &f);
    } else if (exit == CLI_OK && verdict == NULL) {
        exit = show(ui, &f);
    } else if (exit == CLI_OK) {
        exit = strcmp(verdict, "same") == 0 ? note_same(ui, &f) : end_it(ui, &f);
    }
    flow_close(&f, &t);
    return exit;
}
