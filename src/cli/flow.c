/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flow.h"

#include "cli/ending.h"
#include "cli/hint.h"
#include "cli/mem.h"
#include "cli/trace.h"
#include "cli/ui_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A temporary failure: a retry may help, and is safe. */
static bool is_passing(enum tigress_error error)
{
    return tigress_error_class(error) == TIGRESS_CLASS_RETRY;
}

/* Saves the session into *data. */
static enum cli_exit capture(struct flow *f, void **data, size_t *len)
{
    unsigned char *saved = NULL;
    size_t saved_len = 0;
    enum tigress_error error = tigress_session_save(f->session, &saved, &saved_len);
    char *copy = error == TIGRESS_OK ? cli_copy(saved, saved_len) : NULL;

    tigress_free(saved, saved_len);
    if (copy == NULL) {
        return ui_error(f->ui, error == TIGRESS_OK ? TIGRESS_E_NOMEM : error, NULL);
    }
    cli_free(*data);
    *data = copy;
    *len = saved_len;
    return CLI_OK;
}

/* Copies what the list of transfers shows, so that it needs no session. */
static enum cli_exit copy_facts(struct flow *f)
{
    struct transfer *t = f->t;
    const char *title = tigress_session_title(f->session);

    t->opened = tigress_session_opened(f->session);
    if (tigress_session_expires_at_s(f->session) != 0) {
        t->expires_s = tigress_session_expires_at_s(f->session);
    }
    if (title[0] != '\0' && (t->title == NULL || strcmp(t->title, title) != 0)) {
        cli_free(t->title);
        t->title = cli_strdup(title);
    }
    if (t->relay == NULL) {
        t->relay = cli_strdup(tigress_session_relay_host(f->session));
    }
    return t->relay == NULL ? ui_error(f->ui, TIGRESS_E_NOMEM, NULL) : CLI_OK;
}

bool flow_is_refused(const struct flow *f)
{
    enum tigress_error error = f->session == NULL ? TIGRESS_OK : tigress_session_error(f->session);
    enum tigress_error_class class = tigress_error_class(error);

    return class == TIGRESS_CLASS_ENDED || class == TIGRESS_CLASS_REFUSED;
}

enum cli_exit flow_save(struct flow *f)
{
    enum cli_exit exit = copy_facts(f);

    if (exit == CLI_OK) {
        exit = capture(f, &f->t->session, &f->t->session_len);
    }
    return exit == CLI_OK ? state_save(f->ui, f->t) : exit;
}

enum cli_exit flow_remember(struct flow *f)
{
    return capture(f, &f->before, &f->before_len);
}

/* The transport's callback: before each request that changes something, after each answer. */
static int on_save(void *ctx, struct tigress_session *s)
{
    struct flow *f = ctx;
    enum tigress_error error = tigress_session_error(s);

    if (error != TIGRESS_OK && !is_passing(error)) {
        return 0; /* keep the state from before; keep_failed() decides */
    }
    if (tigress_session_input(s) == TIGRESS_INPUT_MESSAGE) {
        f->t->is_unread = true;
    }
    f->stopped = flow_save(f);
    return f->stopped != CLI_OK;
}

/* A sender that requires envelope v2 sends its message only after our device has answered. */
static bool waits_for_sender(const struct flow *f)
{
    const struct tigress_http_request *request = tigress_session_request(f->session);

    return f->t != NULL && f->t->role == TRANSFER_RECIPIENT && f->t->received_count == 0 &&
           f->until_s == 0 && tigress_session_v2(f->session) == TIGRESS_V2_AGREED &&
           tigress_session_pake(f->session) != TIGRESS_PAKE_OPEN &&
           (request == NULL || strcmp(request->method, "PUT") != 0);
}

static int on_progress(void *ctx, const struct tigress_session *s, enum tigress_want doing)
{
    struct flow *f = ctx;
    int64_t left_s = f->until_s - (int64_t)time(NULL);

    if (doing == TIGRESS_WANT_WAIT) {
        trace_wait(f->ui, s, &f->shown_failures);
    }
    if (tigress_session_failures(s) > 0) {
        ui_progress(f->ui, "the relay cannot be reached, trying again ...");
    } else if (f->until_s != 0 && left_s > 0 && left_s != f->shown_s) {
        f->shown_s = left_s;
        ui_progress(f->ui, "waiting for the other side, %lld s left (Ctrl-C: nothing is lost)",
                    (long long)left_s);
    } else if (waits_for_sender(f)) {
        ui_progress(f->ui, "keys are agreed; waiting for the sender's device (Ctrl-C: nothing is "
                           "lost)");
    } else if ((f->can_step_aside || tigress_session_pake(s) == TIGRESS_PAKE_OPEN) &&
               f->until_s == 0) {
        ui_progress(f->ui, "waiting for the other side (Ctrl-C: nothing is lost)");
    }
    f->is_wanted =
        (f->can_step_aside || waits_for_sender(f)) && f->t != NULL && state_is_wanted(f->t);
    return f->is_wanted;
}

static int on_direct_progress(void *ctx)
{
    struct flow *f = ctx;

    return on_progress(f, f->session, TIGRESS_WANT_HTTP);
}

static enum cli_exit begin_direct(struct flow *f)
{
    enum tigress_error error = TIGRESS_OK;

    if (f->t != NULL) {
        error = tigress_direct_link_set_save(f->link, on_save, f);
    }
    if (error == TIGRESS_OK) {
        error = tigress_direct_link_set_progress(f->link, on_direct_progress, f);
    }
    if (error == TIGRESS_OK) {
        error = tigress_session_set_tries(f->session, FLOW_TRIES);
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(f->ui, error, NULL);
}

enum cli_exit flow_begin_take(struct flow *f, struct ui *ui, struct transfer *t,
                              struct tigress_session *session, const char *cacert)
{
    enum tigress_error error;

    *f = (struct flow){ .ui = ui, .t = t, .session = session, .has_own_ca = cacert != NULL };
    if (tigress_direct_link_new(&f->link, session) == TIGRESS_OK) {
        return begin_direct(f);
    }
    error = tigress_transport_new(&f->transport, session);
    if (error == TIGRESS_OK && cacert != NULL) {
        error = tigress_transport_set_ca_file(f->transport, cacert);
    }
    if (error == TIGRESS_OK) {
        error =
            tigress_transport_use_environment_proxy(f->transport); /* as programs in a shell do */
    }
    if (error == TIGRESS_OK && t != NULL) {
        error = tigress_transport_set_save(f->transport, on_save, f);
    }
    if (error == TIGRESS_OK) {
        error = tigress_transport_set_progress(f->transport, on_progress, f);
    }
    if (error == TIGRESS_OK && ui->is_verbose) {
        error = tigress_transport_set_observe(f->transport, trace_exchange, ui);
    }
    if (error == TIGRESS_OK) {
        error = tigress_session_set_tries(session, FLOW_TRIES);
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, NULL);
}

void flow_end(struct flow *f)
{
    tigress_transport_free(&f->transport);
    tigress_direct_link_free(&f->link);
    tigress_session_free(&f->session);
    cli_free(f->before);
    f->before = NULL;
}

enum cli_exit flow_report_end(struct ui *ui, const struct transfer *t)
{
    if (t->status == TRANSFER_PENDING) {
        return ui_fail(ui, CLI_REFUSED, "pending",
                       "this share was interrupted before the relay answered; "
                       "'tigress share --resume %.8s' finishes it.",
                       t->id);
    }
    return ui_fail(ui, ending_exit(t->status), transfer_status_name(t->status),
                   "this transfer has ended; its status is: %s. %s",
                   transfer_status_name(t->status), ending_text(t));
}

/* Finishes a share that was interrupted between saving its creation and its rename. */
static enum cli_exit adopt_id(struct ui *ui, struct transfer *t, const struct flow *f)
{
    const char *id = tigress_session_mailbox_id(f->session);

    if (t->role != TRANSFER_INITIATOR || t->status != TRANSFER_ACTIVE || id[0] == '\0' ||
        strcmp(t->id, id) == 0) {
        return CLI_OK;
    }
    return state_adopt_id(ui, t, id);
}

enum cli_exit flow_resume(struct flow *f, struct ui *ui, struct transfer *t,
                          const struct cli_args *args)
{
    char why[TIGRESS_TEXT_MAX] = "";
    struct tigress_session *session = NULL;
    enum tigress_error error;
    char *cacert = NULL;
    enum cli_exit exit;

    *f = (struct flow){ .ui = ui, .t = t };
    if (t->session == NULL) {
        return flow_report_end(ui, t);
    }
    if (t->status == TRANSFER_PENDING && args->value[OPT_RESUME] == NULL) {
        return flow_report_end(ui, t);
    }
    exit = flow_cacert(ui, args, &cacert);
    if (exit != CLI_OK) {
        return exit;
    }
    if (cacert != NULL) {
        cli_free(t->cacert);
        t->cacert = cacert;
    }
    error = tigress_session_resume(&session, t->session, t->session_len, why, sizeof(why));
    if (error != TIGRESS_OK) {
        return ui_error(ui, error, why);
    }
    exit = flow_begin_take(f, ui, t, session, t->cacert);
    f->args = *args;
    if (exit == CLI_OK) {
        exit = adopt_id(ui, t, f);
    }
    if (exit == CLI_OK && tigress_session_step(session, (int64_t)time(NULL)) == TIGRESS_DONE) {
        /* interrupted after the relay had accepted the end, before that was saved */
        exit = ending_keep(ui, t, session);
        exit = exit == CLI_OK ? flow_report_end(ui, t) : exit;
    }
    return exit;
}

enum cli_exit flow_retry(struct flow *f)
{
    enum tigress_error error = TIGRESS_OK;

    if (is_passing(tigress_session_error(f->session))) {
        error = tigress_session_retry(f->session);
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(f->ui, error, NULL);
}

/* Saves the transfer after a failure. */
static enum cli_exit keep_failed(struct flow *f, enum tigress_error error)
{
    if (tigress_error_class(error) == TIGRESS_CLASS_ENDED && error != TIGRESS_E_GONE) {
        return ending_keep(f->ui, f->t, f->session);
    }
    if (is_passing(error)) {
        return flow_save(f);
    }
    if (f->before == NULL || f->is_final) {
        return CLI_OK; /* the state that was saved before the request stays */
    }
    cli_free(f->t->session); /* refused: restore the session from before the request */
    f->t->session = f->before;
    f->t->session_len = f->before_len;
    f->t->sending = 0;
    f->before = NULL;
    return state_save(f->ui, f->t);
}

static enum cli_exit failed(struct flow *f)
{
    enum tigress_error error = tigress_session_error(f->session);
    enum cli_exit exit = f->t == NULL ? CLI_OK : keep_failed(f, error);
    char hint[HINT_MAX];

    const char *why = tigress_session_error_text(f->session);

    if (exit != CLI_OK) {
        return exit;
    }
    if (tigress_session_end_proof(f->session) != TIGRESS_PROOF_NONE) {
        why = tigress_end_text(tigress_session_end(f->session),
                               tigress_session_end_proof(f->session)); /* it says by whose word */
    }
    hint_write(hint, f, error);
    return ui_error_more(f->ui, error, why, tigress_session_relay_detail(f->session), hint);
}

static bool is_pin_dead(const struct flow *f)
{
    return tigress_session_pake(f->session) == TIGRESS_PAKE_FAILED;
}

/* Keeps how the transfer ended, and says why this command has nothing left to do. */
static enum cli_exit report_end(struct flow *f)
{
    enum cli_exit kept = f->t == NULL ? CLI_OK : ending_keep(f->ui, f->t, f->session);

    if (kept != CLI_OK) {
        return kept;
    }
    if (is_pin_dead(f)) {
        return ui_fail(f->ui, f->t == NULL ? CLI_CANCELLED : ending_exit(f->t->status), "pin-dead",
                       "the PIN was wrong too often: the transfer is withdrawn.");
    }
    return ui_fail(
        f->ui, CLI_COMPLETED, "completed", "there will be no further message. %s",
        tigress_end_text(tigress_session_end(f->session), tigress_session_end_proof(f->session)));
}

enum cli_exit flow_run(struct flow *f, int64_t until_s)
{
    enum cli_exit exit = f->t == NULL ? CLI_OK : flow_save(f);

    if (exit != CLI_OK) {
        return exit;
    }
    f->until_s = until_s;
    f->stopped = CLI_OK;
    f->want = f->link != NULL ? tigress_direct_run(f->link, until_s)
                              : tigress_transport_run(f->transport, until_s);
    f->input = tigress_session_input(f->session);
    ui_progress_end(f->ui);
    trace_session(f->ui, f->want, f->input);
    if (f->t != NULL && f->input == TIGRESS_INPUT_MESSAGE) {
        f->t->is_unread = true;
    }
    if (f->stopped != CLI_OK) {
        return f->stopped;
    }
    if (f->want == TIGRESS_DONE && (!f->is_ending || is_pin_dead(f))) {
        return report_end(f);
    }
    return f->want == TIGRESS_FAILED ? failed(f) : CLI_OK;
}

enum tigress_error flow_interrupt(struct flow *f)
{
    if (tigress_session_step(f->session, (int64_t)time(NULL)) != TIGRESS_WANT_HTTP) {
        return TIGRESS_OK;
    }
    return tigress_session_reply_failed(f->session, TIGRESS_NET_INTERRUPTED);
}

enum tigress_error flow_act(struct flow *f, flow_act_fn *act)
{
    enum tigress_error error = flow_interrupt(f);

    return error == TIGRESS_OK ? act(f->session) : error;
}

enum cli_exit flow_settle(struct flow *f)
{
    enum cli_exit exit = CLI_OK;

    f->want = tigress_session_step(f->session, (int64_t)time(NULL));
    f->input = tigress_session_input(f->session);
    if (f->want == TIGRESS_FAILED) {
        exit = failed(f);
    } else if (f->want != TIGRESS_WANT_INPUT) {
        exit = flow_run(f, 0);
    }
    if (exit == CLI_OK && f->t->sending != 0) {
        f->t->sending = 0;
        f->t->sent_count += f->input == TIGRESS_INPUT_MESSAGE ? 0 : 1;
        exit = flow_save(f);
    }
    return exit;
}

enum cli_exit flow_do(struct flow *f, flow_act_fn *act)
{
    enum cli_exit exit = flow_remember(f);
    enum tigress_error error;

    if (exit != CLI_OK) {
        return exit;
    }
    f->is_ending = act != tigress_session_check;
    f->is_final = act == tigress_session_finish || act == tigress_session_cancel;
    error = flow_act(f, act);
    if (error == TIGRESS_E_STATE) {
        exit = flow_settle(f);
        if (exit != CLI_OK || f->want == TIGRESS_DONE) {
            return exit; /* done: the interrupted request was act itself */
        }
        exit = flow_remember(f);
        if (exit != CLI_OK) {
            return exit;
        }
        error = flow_act(f, act);
    }
    return error == TIGRESS_OK ? flow_run(f, 0) : ui_error(f->ui, error, NULL);
}

enum cli_exit flow_finish(struct flow *f)
{
    enum cli_exit exit = flow_do(f, tigress_session_finish);

    return exit == CLI_OK ? ending_keep(f->ui, f->t, f->session) : exit;
}

enum cli_exit flow_open(struct flow *f, struct ui *ui, struct transfer *t, enum transfer_role role,
                        const struct cli_args *args)
{
    enum cli_exit exit = state_load(ui, t, role, args->position[0]);

    *f = (struct flow){ .ui = ui, .t = t };
    if (exit == CLI_OK) {
        exit = flow_resume(f, ui, t, args);
    }
    return exit == CLI_OK ? flow_retry(f) : exit;
}

void flow_close(struct flow *f, struct transfer *t)
{
    flow_end(f);
    state_release(t);
}

enum cli_exit flow_cacert(struct ui *ui, const struct cli_args *args, char **path)
{
    const char *name = options_value_or_env(args, OPT_CACERT, "TIGRESS_CACERT");
    char *full;

    *path = NULL;
    if (name == NULL) {
        return CLI_OK;
    }
    full = realpath(name, NULL);
    if (full == NULL || access(full, R_OK) != 0) {
        cli_free(full);
        return ui_fail(ui, CLI_USAGE, "cacert",
                       "the file of certificate authorities (--cacert or TIGRESS_CACERT) cannot be "
                       "read: %s: %s.",
                       name, strerror(errno));
    }
    *path = full;
    return CLI_OK;
}
