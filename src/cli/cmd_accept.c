/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_accept.h"

#include "cli/flow_wait.h"
#include "cli/invitation.h"
#include "cli/io.h"
#include "cli/mem.h"
#include "cli/message.h"
#include "cli/notification.h"
#include "cli/pake.h"
#include "cli/relays.h"
#include "cli/ui_error.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define POLL_S 55u

/* Starts the session of a new transfer. It is saved when the first request is made. */
static enum cli_exit begin(struct ui *ui, struct flow *f, struct transfer *t,
                           const struct invitation_in *in, const struct cli_args *args)
{
    char why[TIGRESS_TEXT_MAX] = "";
    struct tigress_session *s = NULL;
    enum tigress_error error = tigress_recipient_new(&s, in->text, in->secret, why, sizeof(why));
    enum cli_exit exit;

    for (size_t i = 0; error == TIGRESS_OK && i < args->allow_count; i++) {
        error = tigress_session_allow_relay(s, args->allow[i]);
    }
    if (error == TIGRESS_OK && args->value[OPT_REQUIRE_V2] != NULL) {
        error = tigress_session_require_v2(s);
    }
    if (error != TIGRESS_OK) {
        tigress_session_free(&s);
        return error != TIGRESS_E_ARGUMENT
                   ? ui_error(ui, error, why)
                   : ui_fail(ui, CLI_USAGE, "argument",
                             "--allow-relay: expected HOST or HOST:PORT, exactly as in a link.");
    }
    t->cacert = in->cacert == NULL ? NULL : cli_strdup(in->cacert);
    if (pake_allow(ui, s, args) != CLI_OK) {
        tigress_session_free(&s);
        return CLI_USAGE;
    }
    exit = flow_begin_take(f, ui, t, s, t->cacert);
    f->args = *args;
    return exit;
}

static enum cli_exit same_relay(struct ui *ui, const struct transfer *t,
                                const struct invitation_in *in)
{
    const char *host = tigress_share_url_host(in->parts);

    if (t->relay == NULL || strcasecmp(t->relay, host) == 0) {
        return CLI_OK;
    }
    return ui_fail(ui, CLI_REFUSED, "another-relay",
                   "you already have a transfer with this identifier at the relay %.80s, but this "
                   "link names the relay %.80s: one of the two links is false. If it is the first, "
                   "end that transfer with 'tigress cancel %.8s', or 'tigress forget %.8s'.",
                   t->relay, host, t->id, t->id);
}

/* Continues a transfer that this user has begun to accept. */
static enum cli_exit resume(struct ui *ui, struct flow *f, struct transfer *t,
                            const struct invitation_in *in, const struct cli_args *args)
{
    enum cli_exit exit = flow_resume(f, ui, t, args);
    enum tigress_error error;

    if (exit != CLI_OK) {
        return exit;
    }
    if (t->received_count > 0 && !t->is_unread) {
        return ui_fail(ui, CLI_REFUSED, "accepted-before",
                       "you have already accepted this transfer; 'tigress receive %.8s' waits for "
                       "its next message.",
                       t->id);
    }
    if (in->secret != NULL) {
        error = flow_interrupt(f);
        if (error == TIGRESS_OK) {
            error = tigress_session_set_secret(f->session, in->secret);
        }
        if (error != TIGRESS_OK && error != TIGRESS_E_STATE) {
            return ui_error(ui, error, NULL);
        }
    }
    return flow_retry(f);
}

static enum cli_exit claim(struct ui *ui, struct flow *f, const struct cli_args *args)
{
    struct transfer *t = f->t;
    enum tigress_error error = flow_interrupt(f);
    enum cli_exit exit =
        error == TIGRESS_OK ? notification_set(ui, f->session, args) : ui_error(ui, error, NULL);

    if (exit == CLI_OK && !t->is_unread) {
        exit = flow_run(f, 0);
    }
    if (exit == CLI_OK && f->is_wanted) { /* another command, while the sender lets it wait */
        exit = flow_set_waiting(f, POLL_S);
        exit = exit == CLI_OK ? flow_wait(f, 0) : exit;
    }
    if (exit == CLI_OK) {
        exit = pake_answer(f, args);
    }
    if (exit == CLI_OK && !t->is_unread) {
        exit = ui_fail(ui, CLI_REFUSED, "secret",
                       "the link has no secret (the part after #): give the secret that was sent "
                       "separately with --secret-file.");
    }
    if (exit == CLI_OK && args->value[OPT_DECLINE] != NULL) {
        exit = flow_do(f, tigress_session_cancel);
        return exit == CLI_OK ? ending_report(ui, t, f->session) : exit;
    }
    if (exit == CLI_OK) {
        exit = message_deliver(f, args);
    }
    if (exit == CLI_OK && args->value[OPT_FINISH] != NULL) {
        return flow_finish(f);
    }
    if (exit == CLI_OK) {
        ui_info(
            ui,
            "'tigress answer %.8s FILE' sends an answer; 'tigress finish %.8s' ends the transfer.",
            t->id, t->id);
    }
    return exit;
}

/* No message arrived and none will: the relay refused, or there is no such mailbox. */
static bool has_no_message(const struct flow *f)
{
    return f->t->received_count == 0 && !f->t->is_unread && flow_is_refused(f);
}

/* A transfer that has ended is shown as it was. One that was given back can be accepted again. */
static enum cli_exit show_again(struct ui *ui, const struct transfer *t)
{
    char expires[UI_TIME_MAX];

    ui_time(expires, t->expires_s);
    ui_print_foreign(ui, "Title:    ", t->title == NULL ? "" : t->title);
    ui_print(ui, "Transfer: %s\nExpires:  %s\nMessages: %lld received, %lld sent\n", t->id, expires,
             (long long)t->received_count, (long long)t->sent_count);
    return flow_report_end(ui, t);
}

/* Begins with a new session. When the relay refuses, the history of the old one stays. */
static enum cli_exit accept_new(struct ui *ui, struct flow *f, struct transfer *t,
                                struct transfer *old, bool is_known, const struct invitation_in *in,
                                const struct cli_args *args)
{
    enum cli_exit exit = begin(ui, f, t, in, args);

    if (exit == CLI_OK) {
        exit = claim(ui, f, args);
    }
    if (exit != CLI_OK && has_no_message(f)) {
        if (is_known) {
            old->dir_fd = t->dir_fd;
            old->lock_fd = t->lock_fd;
            (void)state_save(ui, old);
            t->lock_fd = old->lock_fd;
            old->dir_fd = old->lock_fd = -1;
        } else {
            (void)state_remove(ui, t);
        }
    }
    return exit;
}

static enum cli_exit accept(struct ui *ui, const struct invitation_in *in,
                            const struct cli_args *args)
{
    struct transfer t, old;
    struct flow f = { .ui = ui, .t = &t };
    bool is_known = false;
    enum cli_exit exit =
        state_load_if_any(ui, &t, TRANSFER_RECIPIENT, in->id, LOCK_IN_TURN, &is_known);

    state_init(&old);
    if (exit == CLI_OK && is_known) {
        exit = same_relay(ui, &t, in);
    }
    if (exit == CLI_OK && is_known && t.session != NULL) {
        exit = resume(ui, &f, &t, in, args);
        if (exit == CLI_OK) {
            exit = claim(ui, &f, args);
            if (exit != CLI_OK && has_no_message(&f)) {
                (void)state_end(ui, &t, TRANSFER_ACTIVE);
            }
        }
    } else if (exit == CLI_OK && is_known && t.status != TRANSFER_RELINQUISHED) {
        exit = show_again(ui, &t);
    } else if (exit == CLI_OK) {
        if (is_known) {
            old = t;
            old.dir_fd = old.lock_fd = -1;
            t.relay = t.cacert = t.title = NULL;
        }
        state_release(&t);
        exit = state_create(ui, &t, TRANSFER_RECIPIENT, in->id);
        if (exit == CLI_OK) {
            exit = accept_new(ui, &f, &t, &old, is_known, in, args);
        }
    }
    flow_close(&f, &t);
    state_release(&old);
    return exit;
}

/* The secret of --secret-file, which may be missing only if the link has one. */
static enum cli_exit read_secret(struct ui *ui, struct invitation_in *in,
                                 const struct cli_args *args)
{
    const char *path = args->value[OPT_SECRET_FILE];
    struct io_bytes line = { 0 };
    enum cli_exit exit;

    if (path == NULL) {
        return in->has_secret ? CLI_OK
                              : ui_fail(ui, CLI_USAGE, "secret",
                                        "the link has no secret (the part after #): give the "
                                        "secret that was sent separately with --secret-file.");
    }
    exit = io_read_line(ui, &line, path, "the secret", TIGRESS_SECRET_TEXT_MAX + 16);
    in->secret = line.data;
    return exit;
}

enum cli_exit cmd_accept(struct ui *ui, const struct cli_args *args)
{
    const char *secret_file = args->value[OPT_SECRET_FILE];
    struct invitation_in in = { 0 };
    enum cli_exit exit;

    if (secret_file != NULL && strcmp(secret_file, "-") == 0 &&
        strcmp(args->position[0], "-") == 0) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "the link and the secret cannot both come from standard input.");
    }
    if (args->value[OPT_DECLINE] != NULL &&
        (args->value[OPT_FINISH] != NULL || args->value[OPT_OUT] != NULL)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--decline delivers no message: it excludes --finish and --out.");
    }
    exit = flow_cacert(ui, args, &in.cacert);

    if (exit == CLI_OK) {
        exit = invitation_read(ui, &in, args);
    }
    if (exit == CLI_OK) {
        exit = read_secret(ui, &in, args);
    }
    if (exit == CLI_OK) {
        exit = relays_permit(ui, args, &in);
    }
    if (exit == CLI_OK) {
        exit = accept(ui, &in, args);
    }
    invitation_wipe(&in);
    return exit;
}
