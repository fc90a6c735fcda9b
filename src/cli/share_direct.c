/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/share_direct.h"

#include <tigress/direct.h>

#include "cli/digits.h"
#include "cli/io.h"
#include "cli/mem.h"
#include "cli/message.h"
#include "cli/qr.h"
#include "cli/share.h"
#include "cli/ui_error.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPIRES_DEFAULT_S (48 * 3600)

#define ADDRESS_SHOWN_MAX 64
#define WITHDRAW_S 3 /* how long the other device can learn of the withdrawal */

struct direct {
    struct ui *ui;
    struct tigress_direct_listener *listener;
    struct tigress_direct_host *host;
    struct tigress_session *session;
    sigset_t signals;     /* blocked, and checked once a second */
    bool is_interrupted;  /* one of them arrived */
    bool is_input_wanted; /* stop as soon as there is a line on standard input */
    bool is_input_over;
    bool has_said_digits;
    uint64_t seen[TIGRESS_DIRECT_EVENT_COUNT];
};

/* ---- while it runs -------------------------------------------------------------------------- */

/* Reports refused connections to the sender. */
static void report_events(struct direct *d)
{
    static const struct {
        enum tigress_direct_event event;
        const char *sentence;
    } rows[] = {
        { TIGRESS_DIRECT_NOT_PROVED,
          "a device connected without the right secret and was refused." },
        { TIGRESS_DIRECT_SECOND, "another device connected with the same link and was refused." },
        { TIGRESS_DIRECT_MALFORMED,
          "a device with the right secret sent a malformed message and was disconnected." },
        { TIGRESS_DIRECT_STALLED, "a connection took too long and was closed." },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t count = tigress_direct_host_count(d->host, rows[i].event);

        if (count != d->seen[rows[i].event]) {
            d->seen[rows[i].event] = count;
            ui_progress_end(d->ui);
            ui_info(d->ui, "%s", rows[i].sentence);
        }
    }
}

static bool has_input(void)
{
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&in, 1, 0) == 1;
}

static int on_progress(void *ctx)
{
    struct direct *d = ctx;
    const struct timespec none = { 0 };

    if (sigtimedwait(&d->signals, NULL, &none) > 0) {
        d->is_interrupted = true;
    }
    report_events(d);
    if (!d->is_interrupted) {
        ui_progress(d->ui, tigress_direct_host_has_recipient(d->host)
                               ? "the other device is connected (Ctrl-C withdraws the transfer)"
                               : "waiting for the other device (Ctrl-C withdraws the transfer)");
    }
    return d->is_interrupted || (d->is_input_wanted && has_input());
}

static enum cli_exit refused(struct direct *d)
{
    return ui_error_more(d->ui, tigress_session_error(d->session),
                         tigress_session_error_text(d->session),
                         tigress_session_relay_detail(d->session), "");
}

/* ---- messages ------------------------------------------------------------------------------- */

/* One line of JSON in ASCII: no character of it controls the terminal. */
static enum cli_exit print_message(struct direct *d)
{
    size_t len = 0;
    const char *text = tigress_session_message(d->session, &len);
    json_t *json = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    char *line = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    enum cli_exit exit = CLI_OK;

    json_decref(json);
    if (line == NULL) {
        return ui_error(d->ui, TIGRESS_E_NOMEM, NULL);
    }
    ui_progress_end(d->ui);
    if (puts(line) == EOF || fflush(stdout) != 0) {
        exit = ui_fail(d->ui, CLI_REFUSED, "output", "the message cannot be written.");
    }
    cli_free(line);
    return exit;
}

/* Waits for a line and serves the other device meanwhile. is_input_over: there is none. */
static enum cli_exit read_answer(struct direct *d, struct io_bytes *answer)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len = 0;

    d->is_input_wanted = true;
    while (!d->is_interrupted && !has_input()) {
        (void)tigress_direct_serve(d->listener, d->host, NULL, 0);
    }
    d->is_input_wanted = false;
    if (d->is_interrupted) {
        return CLI_OK;
    }
    len = getline(&line, &cap, stdin);
    if (len <= 0) {
        cli_free(line);
        d->is_input_over = true;
        return CLI_OK;
    }
    *answer = (struct io_bytes){ .data = line, .len = (size_t)len };
    return CLI_OK;
}

static enum cli_exit answer_message(struct direct *d)
{
    struct io_bytes answer = { 0 };
    char why[TIGRESS_TEXT_MAX] = "";
    enum cli_exit exit = read_answer(d, &answer);
    enum tigress_error error = TIGRESS_OK;

    if (exit == CLI_OK && !d->is_interrupted && !d->is_input_over) {
        error = tigress_message_check(answer.data, answer.len, why, sizeof(why));
        if (error == TIGRESS_OK) {
            error = tigress_session_send(d->session, answer.data, answer.len);
        }
        if (error == TIGRESS_E_MESSAGE || error == TIGRESS_E_LIMIT) {
            ui_info(d->ui, "this line was not sent: %s", why);
            error = TIGRESS_OK; /* the next line is another try */
        }
    } else if (d->is_input_over) {
        ui_info(
            d->ui,
            "standard input has ended; the transfer stays open until the other device ends it.");
        error = tigress_session_wait(d->session);
    }
    io_bytes_wipe(&answer);
    return error == TIGRESS_OK ? exit : ui_error(d->ui, error, NULL);
}

/* ---- the transfer --------------------------------------------------------------------------- */

static enum cli_exit withdraw(struct direct *d)
{
    enum tigress_want want = tigress_session_step(d->session, (int64_t)time(NULL));

    ui_progress_end(d->ui);
    if (want == TIGRESS_WANT_HTTP) {
        (void)tigress_session_reply_failed(d->session, TIGRESS_NET_INTERRUPTED);
    }
    d->is_interrupted = false;
    if (tigress_session_cancel(d->session) == TIGRESS_OK) {
        (void)tigress_direct_serve(d->listener, d->host, d->session,
                                   (int64_t)time(NULL) + WITHDRAW_S);
    }
    return ui_fail(d->ui, CLI_REFUSED, "interrupted", "interrupted. %s",
                   tigress_session_end(d->session) != TIGRESS_END_NONE
                       ? tigress_end_text(tigress_session_end(d->session),
                                          tigress_session_end_proof(d->session))
                       : "The transfer could not be withdrawn.");
}

/* Runs the session once and handles the result. *is_over: the transfer has ended. */
static enum cli_exit serve_once(struct direct *d, bool *is_over)
{
    enum tigress_want want = tigress_direct_serve(d->listener, d->host, d->session, 0);

    report_events(d);
    *is_over = want == TIGRESS_DONE || want == TIGRESS_FAILED || d->is_interrupted;
    if (d->is_interrupted) {
        return withdraw(d);
    }
    if (want == TIGRESS_FAILED) {
        ui_progress_end(d->ui);
        return refused(d);
    }
    if (want == TIGRESS_DONE) {
        ui_progress_end(d->ui);
        ui_info(d->ui, "%s",
                tigress_end_text(tigress_session_end(d->session),
                                 tigress_session_end_proof(d->session)));
        return CLI_OK;
    }
    return CLI_OK;
}

static enum cli_exit serve(struct direct *d)
{
    bool is_over = false;
    bool has_message = false;
    enum cli_exit exit = CLI_OK;

    while (exit == CLI_OK && !is_over) {
        enum tigress_input input = tigress_session_input(d->session);

        if (input == TIGRESS_INPUT_SENT && !d->has_said_digits) {
            d->has_said_digits = tigress_session_sas_state(d->session) == TIGRESS_SAS_READY;
            ui_progress_end(d->ui);
            digits_say(d->ui, d->session, NULL);
        }
        if (input == TIGRESS_INPUT_MESSAGE && !has_message) {
            exit = print_message(d);
            has_message = true;
        }
        if (exit == CLI_OK && input == TIGRESS_INPUT_MESSAGE) {
            exit = answer_message(d);
        } else if (exit == CLI_OK && tigress_session_wait(d->session) != TIGRESS_OK) {
            exit = ui_error(d->ui, TIGRESS_E_BUG, NULL);
        }
        if (exit == CLI_OK && tigress_session_input(d->session) != TIGRESS_INPUT_MESSAGE) {
            has_message = false;
            exit = serve_once(d, &is_over);
        } else if (exit == CLI_OK && d->is_interrupted) {
            is_over = true;
            exit = withdraw(d);
        }
    }
    return exit;
}

static enum cli_exit print_invitation(struct direct *d, const struct cli_args *args)
{
    char url[TIGRESS_SHARE_URL_MAX] = "";
    char *qr = NULL;
    json_t *result = NULL;
    enum cli_exit exit = CLI_OK;
    enum tigress_error error =
        tigress_session_share_url(d->session, TIGRESS_FORM_HTTPS, url, sizeof(url));

    if (error != TIGRESS_OK) {
        return ui_error(d->ui, error, NULL);
    }
    if (args->value[OPT_QR] != NULL || (!d->ui->is_json && isatty(STDOUT_FILENO))) {
        exit = qr_draw(d->ui, url, &qr);
    }
    if (exit == CLI_OK) {
        ui_print(d->ui, "Link:     %s\n%s", url, qr == NULL ? "" : qr);
        result = json_pack("{s:s, s:s, s:I}", "id", tigress_session_mailbox_id(d->session), "url",
                           url, "expires", (json_int_t)tigress_session_expires_at_s(d->session));
        if (qr != NULL) {
            (void)json_object_set_new(result, "qr", json_string(qr));
        }
        exit = ui_result_take(d->ui, result);
    }
    if (exit == CLI_OK) {
        exit = ui_flush(d->ui);
    }
    cli_free(qr);
    explicit_bzero(url, sizeof(url));
    return exit;
}

static enum cli_exit run(struct direct *d, const struct cli_args *args)
{
    enum tigress_error error =
        tigress_session_confirm_intent_by(d->session, TIGRESS_USER_PRESENT, (int64_t)time(NULL));
    enum cli_exit exit = CLI_OK;

    if (error == TIGRESS_OK) {
        error = tigress_direct_host_new(&d->host);
    }
    if (error == TIGRESS_OK) {
        error = tigress_direct_listener_set_progress(d->listener, on_progress, d);
    }
    if (error != TIGRESS_OK) {
        return ui_error(d->ui, error, NULL);
    }
    /* has_input() polls the descriptor, so stdio must not read ahead. */
    (void)setvbuf(stdin, NULL, _IONBF, 0);
    if (tigress_direct_serve(d->listener, d->host, d->session, 0) != TIGRESS_WANT_INPUT) {
        return d->is_interrupted ? withdraw(d) : refused(d);
    }
    exit = print_invitation(d, args);
    return exit == CLI_OK ? serve(d) : exit;
}

static enum cli_exit refuse_address(struct ui *ui, enum tigress_error error, const char *address,
                                    const char *why)
{
    char sentence[TIGRESS_TEXT_MAX + ADDRESS_SHOWN_MAX + 16];

    if (error == TIGRESS_E_ARGUMENT) {
        return ui_fail(ui, CLI_USAGE, "usage", "--listen: %s.", why);
    }
    snprintf(sentence, sizeof(sentence), "--listen %.*s: %s", ADDRESS_SHOWN_MAX,
             address == NULL ? "" : address, why);
    return ui_error(ui, error, address == NULL ? why : sentence);
}

/* Starts the listener, and a session with its address and the file's message. */
static enum cli_exit prepare(struct direct *d, const struct cli_args *args)
{
    const char *address = args->value[OPT_LISTEN];
    struct io_bytes message = { 0 };
    char why[TIGRESS_TEXT_MAX] = "";
    enum tigress_error error;
    enum cli_exit exit = io_read_input(d->ui, &message, args->position[0],
                                       "the provisioning information", TIGRESS_MESSAGE_MAX);

    if (exit == CLI_OK) {
        exit = message_check(d->ui, args->position[0], message.data, message.len);
    }
    if (exit != CLI_OK) {
        io_bytes_wipe(&message);
        return exit;
    }
    error = tigress_direct_listen(&d->listener, address, why, sizeof(why));
    if (error != TIGRESS_OK) {
        io_bytes_wipe(&message);
        return refuse_address(d->ui, error, address, why);
    }
    error = tigress_initiator_new(&d->session, tigress_direct_listener_url(d->listener),
                                  message.data, message.len, why, sizeof(why));
    io_bytes_wipe(&message);
    if (error != TIGRESS_OK) {
        return ui_error(d->ui, error, why);
    }
    exit = share_set_options(d->ui, d->session, args);
    if (exit == CLI_OK) { /* this device is the relay, so its clock counts */
        error = tigress_session_set_expiration(
            d->session, (int64_t)time(NULL) + (share_lifetime_s(args) != 0 ? share_lifetime_s(args)
                                                                           : EXPIRES_DEFAULT_S));
        exit = error == TIGRESS_OK ? CLI_OK : ui_error(d->ui, error, NULL);
    }
    if (exit == CLI_OK) {
        (void)tigress_session_step(d->session, (int64_t)time(NULL));
        exit = share_confirm(d->ui, d->session, args, "this device, without a relay");
    }
    return exit;
}

enum cli_exit share_direct(struct ui *ui, const struct cli_args *args)
{
    struct direct d = { .ui = ui };
    sigset_t before;
    enum cli_exit exit = prepare(&d, args);

    (void)sigemptyset(&d.signals);
    (void)sigaddset(&d.signals, SIGINT);
    (void)sigaddset(&d.signals, SIGTERM);
    if (exit == CLI_OK) {
        (void)sigprocmask(SIG_BLOCK, &d.signals, &before);
        exit = run(&d, args);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    }
    tigress_direct_listener_free(&d.listener);
    tigress_direct_host_free(&d.host);
    tigress_session_free(&d.session);
    return exit;
}
