/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_status.h"

#include "cli/flow.h"
#include "cli/mem.h"
#include "cli/table.h"
#include "cli/ui_error.h"

#include <string.h>
#include <time.h>

/* A transfer is listed for a week after its expiration. */
#define KEEP_OVER_S (INT64_C(7) * 86400)

/* Wipes the secrets of an expired transfer, and removes it after KEEP_OVER_S. Skips one in use. */
static void tidy(struct transfer *listed, int64_t now_s)
{
    struct ui quiet = { .is_silent = true };
    struct transfer t;
    bool is_there = false;

    if (listed->expires_s == 0 || now_s < listed->expires_s ||
        (listed->session == NULL && now_s < listed->expires_s + KEEP_OVER_S)) {
        return;
    }
    if (state_load_if_any(&quiet, &t, listed->role, listed->id, LOCK_NOW, &is_there) == CLI_OK &&
        is_there) {
        if (now_s >= t.expires_s + KEEP_OVER_S) {
            (void)state_remove(&quiet, &t);
        } else if (t.session != NULL && !t.is_unread) {
            if (state_end(&quiet, &t, TRANSFER_EXPIRED) == CLI_OK) {
                listed->status = TRANSFER_EXPIRED;
            }
        }
    }
    state_release(&t);
}

/* Is it one of those that --only names? "" or NULL: all are. */
static bool is_wanted(const struct transfer *t, const char *only)
{
    bool has_ended = t->status > TRANSFER_ACTIVE;

    return only == NULL || (strcmp(only, "unread") == 0 && t->is_unread) ||
           (strcmp(only, "ended") == 0 && has_ended) ||
           strcmp(only, transfer_role_name(t->role)) == 0 ||
           strcmp(only, transfer_status_name(t->status)) == 0;
}

static bool is_filter(const char *only)
{
    struct transfer t = { .status = TRANSFER_PENDING };

    if (only == NULL || strcmp(only, "unread") == 0 || strcmp(only, "ended") == 0) {
        return true;
    }
    for (t.role = TRANSFER_INITIATOR; t.role < TRANSFER_ANY_ROLE; t.role++) {
        for (t.status = TRANSFER_PENDING; t.status <= TRANSFER_GONE; t.status++) {
            if (is_wanted(&t, only)) {
                return true;
            }
        }
    }
    return false;
}

static enum cli_exit print_list(struct ui *ui, struct transfer *all, size_t count, const char *only)
{
    const struct transfer **shown = cli_alloc((count + 1) * sizeof(struct transfer *));
    json_t *array = json_array();
    size_t shown_count = 0;

    for (size_t i = 0; shown != NULL && i < count; i++) {
        tidy(&all[i], (int64_t)time(NULL));
        if (is_wanted(&all[i], only)) {
            shown[shown_count++] = &all[i];
            (void)json_array_append_new(array, transfer_describe(&all[i]));
        }
    }
    if (shown_count > 0) {
        table_print(ui, shown, shown_count, (int64_t)time(NULL));
    } else {
        ui_print(ui, only == NULL ? "You have no transfers.\n" : "No transfer is %s.\n", only);
    }
    cli_free(shown);
    return ui_result_take(ui, json_pack("{s:o}", "transfers", array));
}

static enum cli_exit list(struct ui *ui, const struct cli_args *args)
{
    const char *only = args->value[OPT_ONLY];
    struct transfer *all = NULL;
    size_t count = 0;
    enum cli_exit exit;

    if (!is_filter(only)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--only: expected active, pending, unread, ended, initiator, recipient, or "
                       "the name of an end such as completed.");
    }
    exit = state_list(ui, &all, &count);
    if (exit == CLI_OK) {
        exit = print_list(ui, all, count, only);
    }
    state_list_free(all, count);
    return exit;
}

/* Looks at the mailbox once and changes nothing there. */
static enum cli_exit check(struct ui *ui, struct flow *f, const char **found)
{
    enum tigress_error error;
    enum cli_exit exit;

    *found = "unchanged";
    if (f->t->is_unread) {
        *found = "message";
        return CLI_OK;
    }
    if (f->t->role == TRANSFER_RECIPIENT && f->t->received_count == 0) {
        *found = "interrupted"; /* accept was interrupted, perhaps before the claim */
        return CLI_OK;
    }
    exit = flow_remember(f);
    if (exit != CLI_OK) {
        return exit;
    }
    error = flow_act(f, tigress_session_check);
    if (error == TIGRESS_E_STATE) { /* another command has a pending request */
        *found = "interrupted";
        return CLI_OK;
    }
    if (error != TIGRESS_OK) {
        return ui_error(ui, error, NULL);
    }
    f->is_ending = true; /* that the transfer has ended is a result here, not an error */
    exit = flow_run(f, 0);
    *found = f->t->is_unread ? "message" : "unchanged";
    if (exit == CLI_OK && f->want == TIGRESS_DONE) {
        *found = "completed";
        exit = ending_keep(ui, f->t, f->session);
    }
    return exit;
}

static void print_opened(struct ui *ui, const struct transfer *t)
{
    static const char *const sentences[] = {
        [TIGRESS_OPENED_UNKNOWN] = "The relay does not report whether a device has opened it.",
        [TIGRESS_OPENED_NO] = "No device has opened it yet.",
        [TIGRESS_OPENED_YES] = "A device has opened it.",
    };

    ui_print(ui, "%s\n", sentences[t->opened]);
}

/* Each fact on a line, whole: this also fits a narrow terminal. */
static void print_facts(struct ui *ui, const struct transfer *t)
{
    char expires[UI_TIME_MAX], away[UI_RELATIVE_MAX];

    ui_time(expires, t->expires_s);
    ui_relative(away, t->expires_s, (int64_t)time(NULL));
    ui_print_foreign(ui, "Title:    ", t->title == NULL ? "" : t->title);
    ui_print(ui, "Transfer: %s\nRole:     %s\nStatus:   %s\n", t->id, transfer_role_name(t->role),
             table_status(t));
    ui_print_foreign(ui, "Relay:    ", t->relay == NULL ? "" : t->relay);
    ui_print(ui, "Expires:  %s%s%s%s\nMessages: %lld sent, %lld received\n", expires,
             away[0] == '\0' ? "" : " (", away, away[0] == '\0' ? "" : ")",
             (long long)t->sent_count, (long long)t->received_count);
}

static enum cli_exit one(struct ui *ui, struct flow *f, const struct cli_args *args)
{
    static const char *const sentences[][2] = {
        { "unchanged", "The transfer is open at the relay; there is no new message." },
        { "interrupted", "A command was interrupted: run it again to continue." },
    };
    const char *found = transfer_status_name(f->t->status);
    bool is_over = f->t->status == TRANSFER_COMPLETED || f->t->status == TRANSFER_RELINQUISHED;
    enum cli_exit exit = is_over ? CLI_OK : flow_resume(f, ui, f->t, args);
    json_t *result;

    if (exit == CLI_OK && !is_over) {
        exit = flow_retry(f);
    }
    if (exit == CLI_OK && !is_over) {
        exit = check(ui, f, &found);
    }
    if (exit != CLI_OK) {
        return exit;
    }
    print_facts(ui, f->t);
    if (f->t->is_unread) {
        ui_say(ui, "A message is waiting: 'tigress receive %.8s' prints it.", f->t->id);
    }
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (strcmp(sentences[i][0], found) == 0) {
            ui_print(ui, "%s\n", sentences[i][1]);
        }
    }
    ui_print(ui, "%s%s", ending_text(f->t), ending_text(f->t)[0] == '\0' ? "" : "\n");
    if (f->session != NULL && f->t->role == TRANSFER_INITIATOR && ending_text(f->t)[0] == '\0') {
        print_opened(ui, f->t);
    }
    result = transfer_describe(f->t);
    (void)json_object_set_new(result, "found", json_string(found));
    return ui_result_take(ui, result);
}

enum cli_exit cmd_status(struct ui *ui, const struct cli_args *args)
{
    struct transfer t;
    struct flow f = { .ui = ui, .t = &t };
    enum cli_exit exit;

    if (args->position_count == 0) {
        return list(ui, args);
    }
    exit = state_load(ui, &t, TRANSFER_ANY_ROLE, args->position[0]);
    if (exit == CLI_OK) {
        exit = one(ui, &f, args);
    }
    flow_close(&f, &t);
    return exit;
}
