/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/flow.h"
#include "cli/io.h"
#include "cli/mem.h"
#include "cli/notify.h"
#include "cli/pin.h"
#include "cli/qr.h"
#include "cli/share.h"
#include "cli/standing.h"

#define EXPIRES_DEFAULT_S (48 * 3600)
#define EXPIRES_MAX_S (INT64_C(10) * 366 * 86400)
#define QUESTION_MAX 512

static const struct vertical {
    const char *name, *value, *title;
} verticals[] = {
    { "general", TIGRESS_VERTICAL_GENERAL, "A shared credential" },
    { "home", TIGRESS_VERTICAL_HOME, "A shared home key" },
    { "car", TIGRESS_VERTICAL_CAR, "A shared car key" },
};

/* NULL: there is no such vertical. */
static const struct vertical *vertical_of(const char *name)
{
    for (size_t i = 0; i < sizeof verticals / sizeof verticals[0]; i++) {
        if (name == NULL || strcmp(verticals[i].name, name) == 0) {
            return &verticals[i];
        }
    }
    return NULL;
}

/* What of the options the library does not judge. */
static enum cli_exit check_options(struct ui *ui, const struct cli_args *args)
{
    static const struct {
        enum cli_option option;
        const char *first, *second, *sentence;
    } choices[] = {
        { OPT_KEY_SIZE, "128", "256", "--key-size is 128 or 256." },
        { OPT_SCHEME, "https", "tigress", "--scheme is https or tigress." },
    };

    if (vertical_of(args->value[OPT_VERTICAL]) == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage", "--vertical is general, home or car.");
    }
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const char *value = args->value[choices[i].option];

        if (value != NULL && strcmp(value, choices[i].first) != 0 &&
            strcmp(value, choices[i].second) != 0) {
            return ui_fail(ui, CLI_USAGE, "usage", "%s", choices[i].sentence);
        }
    }
    if (args->value[OPT_LISTEN] != NULL && args->value[OPT_DIRECT] == NULL) {
        return ui_fail(ui, CLI_USAGE, "usage", "--listen goes with --direct.");
    }
    if (args->value[OPT_DIRECT] != NULL &&
        (args->value[OPT_RELAY] != NULL || args->value[OPT_RESUME] != NULL ||
         args->value[OPT_SCHEME] != NULL || args->value[OPT_SEPARATE_SECRET] != NULL ||
         args->value[OPT_PIN] != NULL || args->value[OPT_NOTIFY] != NULL ||
         args->value[OPT_ATTEST_PACKED] != NULL || args->value[OPT_PRIVATE_TOKEN] != NULL)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--direct goes without --relay, --resume, --scheme, --pin, --notify, "
                       "--separate-secret, --attest-packed and --private-token: its invitation is "
                       "complete in itself.");
    }
    if ((args->position_count == 0) == (args->value[OPT_RESUME] == NULL)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "share takes either the FILE with the provisioning information (or - for "
                       "standard input), or --resume ID.");
    }
    return CLI_OK;
}

enum cli_exit share_set_up(struct ui *ui, struct tigress_session *s, const struct cli_args *args)
{
    const struct vertical *vertical = vertical_of(args->value[OPT_VERTICAL]);
    const char *title = args->value[OPT_TITLE], *description = args->value[OPT_DESCRIPTION];
    const char *rights = args->value[OPT_RIGHTS], *size = args->value[OPT_KEY_SIZE];
    int64_t expires_s = EXPIRES_DEFAULT_S;
    enum tigress_error error;

    if (args->value[OPT_EXPIRES] != NULL &&
        !options_parse_duration(&expires_s, args->value[OPT_EXPIRES], EXPIRES_MAX_S)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--expires takes a time from now such as 30m, 48h or 7d.");
    }
    error = tigress_session_set_display(
        s, title != NULL ? title : vertical->title,
        description != NULL ? description : "Open this link with your wallet to add it.",
        args->value[OPT_IMAGE]);
    if (error != TIGRESS_OK) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--title, --description or --image is longer than 256, 1024 or 2048 bytes, "
                       "or is not UTF-8.");
    }
    if (tigress_session_set_rights(s, rights != NULL ? rights : "RD") != TIGRESS_OK) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--rights takes the letters R, W and D, each at most once: RD for one "
                       "message, RWD for an exchange.");
    }
    error = tigress_session_set_expiration(s, (int64_t)time(NULL) + expires_s);
    if (error == TIGRESS_OK && args->value[OPT_VERTICAL] != NULL) {
        error = tigress_session_set_vertical(s, vertical->value);
    }
    if (error == TIGRESS_OK && size != NULL && strcmp(size, "256") == 0) {
        error = tigress_session_set_secret_len(s, 32);
    }
    if (error == TIGRESS_OK && args->value[OPT_REQUIRE_PROOF] != NULL) {
        error = tigress_session_require_proof(s);
    }
    return error == TIGRESS_OK ? CLI_OK : flow_refuse(ui, error, NULL);
}

enum cli_exit share_ask(struct ui *ui, struct tigress_session *s, const struct cli_args *args,
                        const char *where)
{
    char question[QUESTION_MAX], title[QUESTION_MAX / 2];

    if (args->value[OPT_YES] != NULL) {
        return CLI_OK;
    }
    ui_clean(title, sizeof title, tigress_session_title(s));
    snprintf(question, sizeof question,
             "Share \"%s\" through %s? The first one to open the link gets it.", title, where);
    return ui_confirm(ui, question);
}

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
    int form = is_own ? (is_apart ? TIGRESS_FORM_TIGRESS_BARE : TIGRESS_FORM_TIGRESS)
                      : (is_apart ? TIGRESS_FORM_HTTPS_BARE : TIGRESS_FORM_HTTPS);
    enum tigress_error error = tigress_session_share_url(f->session, form, to->url, sizeof to->url);

    if (error == TIGRESS_OK && is_apart) {
        error = tigress_session_share_url(f->session, TIGRESS_FORM_SECRET, to->secret,
                                          sizeof to->secret);
    }
    if (error == TIGRESS_E_URL) {
        return ui_fail(ui, CLI_USAGE, "url",
                       "--scheme tigress goes with an https relay only; the transfer is made, and "
                       "'tigress share --resume %.8s' prints its link.",
                       f->t->id);
    }
    return error == TIGRESS_OK ? CLI_OK : flow_refuse(ui, error, NULL);
}

/* In groups, for a person; nothing where there is none to show. */
static void say_pin(struct ui *ui, const struct transfer *t)
{
    char shown[TIGRESS_PIN_SHOWN_MAX] = "";

    if (t->pin_digits != NULL &&
        tigress_pin_show(t->pin_digits, shown, sizeof shown) == TIGRESS_OK) {
        ui_say(ui, "PIN:      %s   (tell it on another way than the link)\n", shown);
    }
    explicit_bzero(shown, sizeof shown);
}

/* The digits were handed over: from here on their checker is enough. */
static enum cli_exit forget_digits(struct ui *ui, struct transfer *t)
{
    if (t->pin_digits == NULL) {
        return CLI_OK;
    }
    cli_free(t->pin_digits);
    t->pin_digits = NULL;
    return state_save(ui, t);
}

static enum cli_exit print_invitation(struct ui *ui, const struct flow *f,
                                      const struct cli_args *args)
{
    struct invitation invitation = { 0 };
    char expires[FLOW_TIME_MAX];
    char *qr = NULL;
    json_t *result = NULL;
    enum cli_exit exit = build(ui, f, args, &invitation);

    if (exit == CLI_OK && args->value[OPT_QR] != NULL) {
        exit = qr_draw(ui, invitation.url, &qr);
    }
    if (exit == CLI_OK) {
        flow_time(expires, f->t->expires_s);
        ui_say(ui, "Link:     %s\n", invitation.url);
        if (invitation.secret[0] != '\0') {
            ui_say(ui, "Secret:   %s\n", invitation.secret);
        }
        say_pin(ui, f->t);
        ui_say(ui, "Transfer: %s\nExpires:  %s\n%s", f->t->id, expires, qr == NULL ? "" : qr);
        result = flow_describe(f->t);
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
        exit = forget_digits(ui, f->t);
    }
    cli_free(qr);
    explicit_bzero(&invitation, sizeof invitation);
    return exit;
}

/* Creates the mailbox, under a stand-in until the relay has told its identifier. */
static enum cli_exit create(struct ui *ui, struct flow *f, const struct cli_args *args)
{
    enum cli_exit exit = standing_run(f, args);

    if (exit == CLI_OK && f->t->status == STATE_PENDING) {
        f->t->sent_count = 1;
        exit = state_adopt_id(ui, f->t, tigress_session_mailbox_id(f->session));
    }
    return exit == CLI_OK ? print_invitation(ui, f, args) : exit;
}

/* The relay said no to the creation: there is no mailbox to go on with. */
static bool is_refused(const struct flow *f)
{
    enum tigress_error error = f->session == NULL ? TIGRESS_OK : tigress_session_error(f->session);

    return error >= TIGRESS_E_WITHDRAWN && error < TIGRESS_E_NETWORK;
}

/* Takes session and cacert over; message is borrowed. */
static enum cli_exit share_session(struct ui *ui, const struct cli_args *args,
                                   struct tigress_session *s, char *cacert,
                                   const struct io_bytes *message)
{
    struct transfer t;
    struct flow f = { 0 };
    enum tigress_error error;
    enum cli_exit exit = state_create(ui, &t, STATE_INITIATOR, NULL);

    t.cacert = cacert;
    if (exit != CLI_OK) {
        tigress_session_free(&s);
    } else {
        exit = flow_begin_take(&f, ui, &t, s, t.cacert);
    }
    if (exit == CLI_OK) {
        (void)tigress_session_step(s, (int64_t)time(NULL)); /* asks for the intent, sends nothing */
        exit = share_ask(ui, s, args, tigress_session_relay_host(s));
    }
    if (exit == CLI_OK && args->value[OPT_PIN] != NULL) {
        exit = pin_make(ui, &t, message->data, message->len);
    }
    if (exit == CLI_OK) {
        error = tigress_session_confirm_intent(s);
        exit = error == TIGRESS_OK ? create(ui, &f, args) : flow_refuse(ui, error, NULL);
    }
    if (exit != CLI_OK && t.is_kept && is_refused(&f)) {
        (void)state_remove(ui, &t);
    }
    flow_close(&f, &t);
    return exit;
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
                       "a relay is missing: give --relay https://HOST, or set TIGRESS_RELAY.");
    }
    exit = flow_cacert(ui, args, &cacert);
    if (exit != CLI_OK) {
        return exit;
    }
    exit = io_read_input(ui, &message, args->position[0], "the provisioning information",
                         TIGRESS_MESSAGE_MAX);
    if (exit != CLI_OK) {
        goto out;
    }
    error = tigress_initiator_new(&s, relay, message.data, message.len, why, sizeof why);
    exit = error == TIGRESS_OK ? share_set_up(ui, s, args) : flow_refuse(ui, error, why);
    if (exit == CLI_OK) {
        exit = notify_set(ui, s, args);
    }
    if (exit == CLI_OK) {
        exit = standing_set_up(ui, s, args);
    }
    if (exit == CLI_OK) {
        exit = share_session(ui, args, s, cacert, &message);
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
    exit = flow_open(&f, ui, &t, STATE_INITIATOR, &named);
    if (exit == CLI_OK) {
        exit = t.status == STATE_PENDING ? create(ui, &f, args) : print_invitation(ui, &f, args);
    }
    flow_close(&f, &t);
    return exit;
}

enum cli_exit cmd_share(struct ui *ui, const struct cli_args *args)
{
    enum cli_exit exit = check_options(ui, args);

    if (exit != CLI_OK) {
        return exit;
    }
    if (args->value[OPT_DIRECT] != NULL) {
        return share_direct(ui, args);
    }
    return args->value[OPT_RESUME] != NULL ? share_resume(ui, args) : share_file(ui, args);
}
