/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_forget.h"

#include "cli/state.h"

#include <stdio.h>
#include <time.h>

#define QUESTION_MAX 512

/* A pending share has no link, and an ended transfer no secret. */
static enum cli_exit confirm(struct ui *ui, const struct transfer *t, bool is_damaged,
                             const struct cli_args *args)
{
    char question[QUESTION_MAX], title[QUESTION_MAX / 2];

    if (args->value[OPT_YES] != NULL ||
        (!is_damaged && (t->session == NULL || t->status == TRANSFER_PENDING))) {
        return CLI_OK;
    }
    ui_clean(title, sizeof(title), t->title == NULL ? "" : t->title);
    snprintf(question, sizeof(question),
             "Forget %.8s \"%s\"? The transfer stays at the relay until it expires, and this "
             "device can no longer use or withdraw it.",
             t->id, title);
    return ui_confirm(ui, question, "nothing was forgotten", "forget the transfer");
}

static json_t *describe(const struct transfer *t, bool is_damaged)
{
    return is_damaged ? json_pack("{s:s, s:s}", "id", t->id, "role", transfer_role_name(t->role))
                      : transfer_describe(t);
}

enum cli_exit cmd_forget(struct ui *ui, const struct cli_args *args)
{
    struct transfer t;
    bool is_damaged = false;
    enum cli_exit exit = state_load_damaged(ui, &t, args->position[0], &is_damaged);

    if (exit == CLI_OK) {
        exit = confirm(ui, &t, is_damaged, args);
    }
    if (exit == CLI_OK) {
        exit = state_remove(ui, &t);
    }
    if (exit == CLI_OK) {
        ui_say(ui, "The transfer %.8s is forgotten.", t.id);
        exit = ui_result_take(ui, json_pack("{s:[o]}", "forgotten", describe(&t, is_damaged)));
    }
    state_release(&t);
    return exit;
}

static bool has_ended(const struct transfer *t)
{
    return t->session == NULL ||
           (t->expires_s != 0 && (int64_t)time(NULL) >= t->expires_s && !t->is_unread);
}

/* Skips one that another process uses, and one that it has changed meanwhile. */
static enum cli_exit remove_one(struct ui *ui, const struct transfer *listed,
                                const struct cli_args *args, json_t *forgotten)
{
    struct ui quiet = { .is_silent = true };
    struct transfer t;
    bool is_there = false;
    enum cli_exit exit = CLI_OK;

    if (state_load_if_any(&quiet, &t, listed->role, listed->id, LOCK_NOW, &is_there) == CLI_OK &&
        is_there &&
        ((args->value[OPT_ENDED] != NULL && has_ended(&t)) ||
         (args->value[OPT_PENDING] != NULL && t.status == TRANSFER_PENDING))) {
        exit = state_remove(ui, &t);
        if (exit == CLI_OK) {
            (void)json_array_append_new(forgotten, transfer_describe(&t));
        }
    }
    state_release(&t);
    return exit;
}

enum cli_exit cmd_prune(struct ui *ui, const struct cli_args *args)
{
    struct transfer *all = NULL;
    size_t count = 0;
    json_t *forgotten = NULL;
    enum cli_exit exit;

    if (args->value[OPT_ENDED] == NULL && args->value[OPT_PENDING] == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "expected what to forget: --ended, --pending or both.");
    }
    forgotten = json_array();
    exit = state_list(ui, &all, &count);
    for (size_t i = 0; exit == CLI_OK && i < count; i++) {
        exit = remove_one(ui, &all[i], args, forgotten);
    }
    state_list_free(all, count);
    if (exit != CLI_OK) {
        json_decref(forgotten);
        return exit;
    }
    count = json_array_size(forgotten);
    ui_print(ui, count == 1 ? "1 transfer is forgotten.\n" : "%zu transfers are forgotten.\n",
             count);
    return ui_result_take(ui, json_pack("{s:o}", "forgotten", forgotten));
}
