/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_share.h"

#include "cli/clipboard.h"
#include "cli/flow.h"
#include "cli/io.h"
#include "cli/mem.h"
#include "cli/message.h"
#include "cli/notification.h"
#include "cli/pake.h"
#include "cli/pin.h"
#include "cli/preview.h"
#include "cli/qr.h"
#include "cli/share.h"
#include "cli/share_direct.h"
#include "cli/evidence.h"
#include "cli/ui_error.h"
#include "cli/watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct invitation {
    char url[TIGRESS_SHARE_URL_MAX];
    char secret[TIGRESS_SECRET_TEXT_MAX];
};

static enum cli_exit build(struct ui *ui, const struct flow *f, const struct cli_args *args,
                           struct invitation *to)
{
    const char *scheme = args->value[OPT_SCHEME];
    bool is_own = scheme != NULL && strcmp(scheme, "tigress") == 0;
    bool is_apart = args->value[OPT_SEPARATE_SECRET] != NULL;
    enum tigress_share_form form =
        is_own ? (is_apart ? TIGRESS_FORM_TIGRESS_BARE : TIGRESS_FORM_TIGRESS)
               : (is_apart ? TIGRESS_FORM_HTTPS_BARE : TIGRESS_FORM_HTTPS);
    enum tigress_error error =
        tigress_session_share_url(f->session, form, to->url, sizeof(to->url));

    if (error == TIGRESS_OK && is_apart) {
        error = tigress_session_share_url(f->session, TIGRESS_FORM_SECRET, to->secret,
                                          sizeof(to->secret));
    }
    if (error == TIGRESS_E_URL) {
        return ui_fail(ui, CLI_USAGE, "url",
                       "--scheme tigress needs a relay with https; the transfer was created, and "
                       "'tigress share --resume %.8s' prints its link.",
                       f->t->id);
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, NULL);
}

/* In groups of digits; prints nothing when there is no PIN to show. */
static void print_pin(struct ui *ui, const struct transfer *t)
{
    char shown[TIGRESS_PIN_SHOWN_MAX] = "";

    if (t->pin_digits != NULL &&
        tigress_pin_show(t->pin_digits, shown, sizeof(shown)) == TIGRESS_OK) {
        ui_print(ui, "PIN:      %s   (send it separately from the link)\n", shown);
    }
    explicit_bzero(shown, sizeof(shown));
}

/* The digits are printed once; from then on only their checker is kept. */
static enum cli_exit forget_digits(struct ui *ui, struct transfer *t)
{
    if (t->pin_digits == NULL) {
        return CLI_OK;
    }
    cli_free(t->pin_digits);
    t->pin_digits = NULL;
    return state_save(ui, t);
}

/* The relay decided when the transfer expires: reads it from the preview, where that answers. */
static enum cli_exit learn_expiration(struct ui *ui, const struct flow *f, const char *url)
{
    if (f->t->expires_s != 0) {
        return CLI_OK;
    }
    f->t->expires_s = preview_expiration(url, f->t->cacert);
    return f->t->expires_s == 0 ? CLI_OK : state_save(ui, f->t);
}

static void print_next(struct ui *ui, const struct flow *f, const struct cli_args *args)
{
    const struct transfer *t = f->t;
    bool is_by_device = pake_is_open(f->session);

    if (t->pin != NULL) {
        ui_info(
            ui,
            "this PIN proves less than one of --pin: everybody who opens the message with it has "
            "it, also somebody in between.");
    }
    if (is_by_device && args->value[OPT_STAY] == NULL) {
        ui_info(
            ui,
            "send the link, and tell the PIN over another channel. The other person can enter "
            "it while 'tigress watch %.8s' waits; 'tigress cancel %.8s' withdraws the transfer.",
            t->id, t->id);
    } else if (args->value[OPT_REQUIRE_V2] != NULL && args->value[OPT_STAY] == NULL) {
        ui_info(ui,
                "send the link to the other person. What you share is sent only when both devices "
                "have exchanged keys: run 'tigress watch %.8s', now or when the other person has "
                "opened it; 'tigress cancel %.8s' withdraws it.",
                t->id, t->id);
    } else if (args->value[OPT_STAY] == NULL) {
        ui_info(ui,
                "send the link to the other person. 'tigress watch %.8s' waits until they take it; "
                "'tigress cancel %.8s' withdraws it.",
                t->id, t->id);
    } else {
        ui_info(ui, "send the link to the other person. This command waits until they have taken "
                    "it; Ctrl-C stops only the waiting.");
    }
}

static enum cli_exit print_invitation(struct ui *ui, const struct flow *f,
                                      const struct cli_args *args)
{
    struct invitation invitation = { 0 };
    char expires[UI_TIME_MAX];
    char *qr = NULL;
    json_t *result = NULL;
    enum cli_exit exit = build(ui, f, args, &invitation);

    if (exit == CLI_OK) {
        exit = learn_expiration(ui, f, invitation.url);
    }
    if (exit == CLI_OK && args->value[OPT_QR] != NULL) {
        exit = qr_draw(ui, invitation.url, &qr);
    }
    if (exit == CLI_OK) {
        ui_time(expires, f->t->expires_s);
        ui_print(ui, "Link:     %s\n", invitation.url);
        if (invitation.secret[0] != '\0') {
            ui_print(ui, "Secret:   %s\n", invitation.secret);
        }
        print_pin(ui, f->t);
        ui_print(ui, "Transfer: %s\nExpires:  %s\n%s", f->t->id, expires, qr == NULL ? "" : qr);
        result = transfer_describe(f->t);
        (void)json_object_set_new(result, "url", json_string(invitation.url));
        if (invitation.secret[0] != '\0') {
            (void)json_object_set_new(result, "secret", json_string(invitation.secret));
        }
        if (f->t->pin_digits != NULL) {
            (void)json_object_set_new(result, "pin", json_string(f->t->pin_digits));
        }
        if (qr != NULL) {
            (void)json_object_set_new(result, "qr", json_string(qr));
        }
        exit = ui_result_take(ui, result);
    }
    if (exit == CLI_OK) {
        clipboard_copy(ui, args, invitation.url);
        exit = forget_digits(ui, f->t);
        print_next(ui, f, args);
    } else {
        ui_info(ui, "The transfer was created: 'tigress share --resume %.8s' prints its link.",
                f->t->id);
    }
    cli_free(qr);
    explicit_bzero(&invitation, sizeof(invitation));
    return exit;
}

/* Creates the mailbox; the transfer has a temporary identifier until the relay has answered. */
static enum cli_exit create(struct ui *ui, struct flow *f, const struct cli_args *args)
{
    enum cli_exit exit = evidence_run(f, args);

    if (exit == CLI_OK && f->t->status == TRANSFER_PENDING) {
        f->t->sent_count = 1;
        exit = state_adopt_id(ui, f->t, tigress_session_mailbox_id(f->session));
    }
    return exit == CLI_OK ? print_invitation(ui, f, args) : exit;
}

/* --expires counts from the clock of the relay. Without it the relay decides.
   spec: protocol/3#expiration-counts-from-date */
static enum cli_exit set_expiration(struct ui *ui, struct tigress_session *s,
                                    const struct cli_args *args, const char *relay,
                                    const char *cacert)
{
    int64_t lifetime_s = share_lifetime_s(args), now_s = 0;
    enum tigress_error error;
    enum cli_exit exit;

    if (lifetime_s == 0) {
        return CLI_OK;
    }
    exit = preview_relay_time(ui, &now_s, relay, cacert);
    if (exit != CLI_OK) {
        return exit;
    }
    error = tigress_session_set_expiration(s, now_s + lifetime_s);
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, tigress_session_error_text(s));
}

/* With --wait: until the transfer has ended, or there is a message for this side. */
static enum cli_exit close_and_stay(struct ui *ui, struct flow *f, struct transfer *t,
                                    const struct cli_args *args, enum cli_exit exit)
{
    struct watched who = { .name = "" };

    snprintf(who.name, sizeof(who.name), "%s:%s", transfer_role_name(TRANSFER_INITIATOR), t->id);
    flow_close(f, t);
    if (exit != CLI_OK || args->value[OPT_STAY] == NULL) {
        return exit;
    }
    return watch_to_the_end(ui, args, &who);
}

/* Owns s and cacert; message is borrowed. */
static enum cli_exit share_session(struct ui *ui, const struct cli_args *args, const char *relay,
                                   struct tigress_session *s, char *cacert,
                                   const struct io_bytes *message)
{
    struct transfer t;
    struct flow f = { 0 };
    enum tigress_error error;
    enum cli_exit exit = state_create(ui, &t, TRANSFER_INITIATOR, NULL);

    t.cacert = cacert;
    if (exit != CLI_OK) {
        tigress_session_free(&s);
    } else {
        exit = flow_begin_take(&f, ui, &t, s, t.cacert);
    }
    if (exit == CLI_OK) {
        exit = share_confirm(ui, s, args, tigress_session_relay_host(s));
    }
    if (exit == CLI_OK) {
        exit = set_expiration(ui, s, args, relay, t.cacert);
    }
    if (exit == CLI_OK && args->value[OPT_PIN] != NULL) {
        exit = pake_make(ui, &t, s);
    }
    if (exit == CLI_OK && args->value[OPT_PLAIN_PIN] != NULL) {
        exit = pin_make(ui, &t, message->data, message->len);
    }
    if (exit == CLI_OK) {
        (void)tigress_session_step(s, (int64_t)time(NULL)); /* sends nothing before consent */
        error = tigress_session_confirm_intent_by(s, TIGRESS_USER_PRESENT, (int64_t)time(NULL));
        exit = error == TIGRESS_OK ? create(ui, &f, args)
                                   : ui_error(ui, error, tigress_session_error_text(s));
    }
    if (exit != CLI_OK && t.is_kept && flow_is_refused(&f)) {
        (void)state_remove(ui, &t);
    }
    return close_and_stay(ui, &f, &t, args, exit);
}

static enum cli_exit share_file(struct ui *ui, const struct cli_args *args)
{
    const char *relay = options_value_or_env(args, OPT_RELAY, "TIGRESS_RELAY");
    struct io_bytes message = { 0 };
    char why[TIGRESS_TEXT_MAX] = "";
    struct tigress_session *s = NULL;
    char *cacert = NULL;
    enum tigress_error error;
    enum cli_exit exit;

    if (relay == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "no relay was given: use --relay https://HOST, set TIGRESS_RELAY, or write "
                       "'relay = https://HOST' into ~/.config/tigress/config.");
    }
    exit = flow_cacert(ui, args, &cacert);
    if (exit != CLI_OK) {
        return exit;
    }
    exit = io_read_input(ui, &message, args->position[0], "the provisioning information",
                         TIGRESS_MESSAGE_MAX);
    if (exit == CLI_OK) {
        exit = message_check(ui, args->position[0], message.data, message.len);
    }
    if (exit != CLI_OK) {
        goto out;
    }
    error = tigress_initiator_new(&s, relay, message.data, message.len, why, sizeof(why));
    exit = error == TIGRESS_OK ? share_set_options(ui, s, args) : ui_error(ui, error, why);
    if (exit == CLI_OK) {
        exit = notification_set(ui, s, args);
    }
    if (exit == CLI_OK) {
        exit = evidence_set_up(ui, s, args);
    }
    if (exit == CLI_OK) {
        exit = share_session(ui, args, relay, s, cacert, &message);
        io_bytes_wipe(&message);
        return exit;
    }
    tigress_session_free(&s);
out:
    io_bytes_wipe(&message);
    cli_free(cacert);
    return exit;
}

static enum cli_exit share_resume(struct ui *ui, const struct cli_args *args)
{
    struct cli_args named = *args;
    struct transfer t;
    struct flow f;
    enum cli_exit exit;

    named.position[0] = args->value[OPT_RESUME];
    exit = flow_open(&f, ui, &t, TRANSFER_INITIATOR, &named);
    if (exit == CLI_OK) {
        exit = t.status == TRANSFER_PENDING ? create(ui, &f, args) : print_invitation(ui, &f, args);
    }
    return close_and_stay(ui, &f, &t, args, exit);
}

enum cli_exit cmd_share(struct ui *ui, const struct cli_args *args)
{
    enum cli_exit exit = share_check_options(ui, args);

    if (exit != CLI_OK) {
        return exit;
    }
    if (args->value[OPT_DIRECT] != NULL) {
        return share_direct(ui, args);
    }
    return args->value[OPT_RESUME] != NULL ? share_resume(ui, args) : share_file(ui, args);
}
