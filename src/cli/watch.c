/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include "cli/alert.h"
#include "cli/digits.h"
#include "cli/flow_wait.h"
#include "cli/pake.h"
#include "cli/ui_error.h"

#include <time.h>
#include <unistd.h>

#define POLL_MAX_S 55

enum cli_exit watch_open(struct flow *f, struct ui *ui, struct transfer *t,
                         const struct watched *who, const struct cli_args *args)
{
    struct cli_args named = *args;
    enum cli_exit exit;

    named.position[0] = who->name;
    exit = flow_open(f, ui, t, TRANSFER_ANY_ROLE, &named);
    if (exit == CLI_OK && t->role == TRANSFER_RECIPIENT && t->received_count == 0 &&
        !t->is_unread) {
        return ui_fail(ui, CLI_REFUSED, "interrupted",
                       "accepting this transfer was interrupted: run 'tigress accept' again.");
    }
    return exit;
}

enum cli_exit watch_look(struct flow *f, flow_act_fn *act, int64_t until_s, enum watch_news *news)
{
    enum cli_exit exit = flow_remember(f);
    bool was_opened = f->t->opened == TIGRESS_OPENED_YES;
    bool was_open = tigress_session_v2(f->session) == TIGRESS_V2_OPEN;
    enum tigress_error error;

    *news = WATCH_NOTHING;
    if (exit != CLI_OK) {
        return exit;
    }
    /* While a PIN is open, this side has to answer: that the invitation was opened is no end. */
    error = f->t->role == TRANSFER_INITIATOR && !pake_is_open(f->session)
                ? tigress_session_want_opened(f->session)
                : TIGRESS_OK;
    if (error == TIGRESS_OK) {
        error = flow_act(f, act);
    }
    if (error == TIGRESS_E_STATE) {
        return ui_fail(
            f->ui, CLI_REFUSED, "interrupted",
            "a command on this transfer was interrupted: run it again before you watch.");
    }
    if (error != TIGRESS_OK) {
        return ui_error(f->ui, error, NULL);
    }
    f->is_ending = true; /* that the transfer is completed is a result here, not an error */
    exit = act == tigress_session_wait ? flow_wait(f, until_s) : flow_run(f, until_s);
    if (exit == CLI_OK && f->want == TIGRESS_DONE) {
        *news = WATCH_COMPLETED;
        return ending_keep(f->ui, f->t, f->session);
    }
    if (exit == CLI_OK && f->t->is_unread) {
        *news = WATCH_MESSAGE;
    } else if (exit == CLI_OK && was_open && tigress_session_v2(f->session) == TIGRESS_V2_AGREED &&
               f->input == TIGRESS_INPUT_SENT) {
        *news = WATCH_SENT; /* the other side has answered the offer, and now has the message */
        exit = flow_save(f);
    } else if (exit == CLI_OK && !was_opened && f->t->role == TRANSFER_INITIATOR &&
               tigress_session_opened(f->session) == TIGRESS_OPENED_YES) {
        *news = WATCH_OPENED;
        exit = flow_save(f);
    }
    return exit;
}

enum cli_exit watch_begin(struct flow *f, enum watch_news *news)
{
    enum cli_exit exit = watch_look(f, tigress_session_check, 0, news);

    if (exit == CLI_OK && *news == WATCH_OPENED) {
        ui_info(f->ui, "%s: a device has opened the invitation.", f->t->id);
        *news = WATCH_NOTHING;
    }
    return exit;
}

enum cli_exit watch_report(struct ui *ui, const struct cli_args *args, const struct flow *f,
                           enum watch_news news)
{
    const struct transfer *t = f->t;
    enum cli_exit exit;

    static const char *const found[] = { [WATCH_NOTHING] = "unchanged",
                                         [WATCH_MESSAGE] = "changed",
                                         [WATCH_OPENED] = "opened",
                                         [WATCH_SENT] = "sent",
                                         [WATCH_COMPLETED] = "completed" };
    json_t *result = transfer_describe(t);

    if (news == WATCH_COMPLETED) {
        ui_say(ui, "%s: %s", t->id, ending_text(t));
    } else if (news == WATCH_OPENED) {
        ui_say(ui, "%s: a device has opened the invitation.", t->id);
    } else if (news == WATCH_SENT) {
        ui_say(ui, "%s: both devices have exchanged keys, and what you share is sent.", t->id);
    } else {
        ui_say(ui, "%s: a message has arrived; 'tigress receive %.8s' prints it.", t->id, t->id);
    }
    (void)json_object_set_new(result, "found", json_string(found[news]));
    digits_add(result, f->session);
    if (news != WATCH_COMPLETED) {
        digits_say(ui, f->session, t->id);
    }
    exit = ui_result_take(ui, result);
    alert_send(ui, args, t, found[news]);
    return exit;
}

enum cli_exit watch_report_nothing(struct ui *ui)
{
    return ui_fail(ui, CLI_REFUSED, "nothing-yet", "nothing changed within this time.");
}

/* Long polls until something is new or the time is over. */
static enum cli_exit poll_one(struct ui *ui, struct flow *f, int64_t until_s, enum watch_news *news)
{
    int64_t left_s = until_s == 0 ? POLL_MAX_S : until_s - (int64_t)time(NULL);
    unsigned poll_s = left_s < 1 ? 1 : left_s < POLL_MAX_S ? (unsigned)left_s : POLL_MAX_S;
    enum cli_exit exit = flow_set_waiting(f, poll_s);

    if (exit != CLI_OK) {
        return exit;
    }
    exit = f->t->role == TRANSFER_INITIATOR && f->t->opened != TIGRESS_OPENED_YES
               ? watch_begin(f, news)
               : CLI_OK;
    if (exit == CLI_OK && *news == WATCH_NOTHING) {
        exit = watch_look(f, tigress_session_wait, until_s, news);
    }
    if (exit != CLI_OK || *news != WATCH_NOTHING) {
        return exit;
    }
    if (tigress_session_failures(f->session) > 0) {
        return ui_fail(ui, CLI_NETWORK, "network",
                       "the relay could not be reached within this time. Nothing is lost.");
    }
    /* The wait may have ended before an answer of the relay: look once more, to the end. */
    return watch_look(f, tigress_session_check, 0, news);
}

/* On a terminal: what it waits for. */
static void say(struct ui *ui, const struct transfer *t)
{
    if (isatty(STDERR_FILENO)) {
        ui_info(ui, "watching %.8s (%s): %s", t->id, t->title == NULL ? "no title" : t->title,
                t->role == TRANSFER_INITIATOR && t->opened != TIGRESS_OPENED_YES
                    ? "until a device opens it"
                    : "until a message comes, or it ends");
    }
}

static enum cli_exit look_at(struct ui *ui, const struct cli_args *args, const struct watched *who,
                             int64_t until_s, enum watch_news *news)
{
    struct transfer t;
    struct flow f;
    enum cli_exit exit = watch_open(&f, ui, &t, who, args);

    *news = WATCH_NOTHING;
    if (exit == CLI_OK && t.is_unread) {
        *news = WATCH_MESSAGE;
    } else if (exit == CLI_OK) {
        if (args->value[OPT_STAY] == NULL) { /* share --wait has said it */
            say(ui, &t);
        }
        exit = poll_one(ui, &f, until_s, news);
    }
    if (ending_is_exit(exit)) {
        alert_send(ui, args, &t, transfer_status_name(t.status));
    }
    if (exit == CLI_OK) {
        exit =
            *news == WATCH_NOTHING ? watch_report_nothing(ui) : watch_report(ui, args, &f, *news);
    }
    flow_close(&f, &t);
    return exit;
}

enum cli_exit watch_one(struct ui *ui, const struct cli_args *args, const struct watched *who,
                        int64_t until_s)
{
    enum watch_news news;

    return look_at(ui, args, who, until_s, &news);
}

enum cli_exit watch_to_the_end(struct ui *ui, const struct cli_args *args,
                               const struct watched *who)
{
    enum watch_news news = WATCH_NOTHING;
    enum cli_exit exit;

    do {
        ui->has_result = false; /* each change is an object, and so is an error after it */
        exit = look_at(ui, args, who, 0, &news);
    } while (exit == CLI_OK && (news == WATCH_OPENED || news == WATCH_SENT));
    return exit;
}
