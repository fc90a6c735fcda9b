/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_answer.h"

#include "cli/digits.h"
#include "cli/flow.h"
#include "cli/io.h"
#include "cli/message.h"
#include "cli/notification.h"
#include "cli/pin.h"
#include "cli/ui_error.h"

static enum cli_exit unread(struct ui *ui, const struct transfer *t)
{
    return ui_fail(ui, CLI_REFUSED, "unread",
                   "your message was not sent: first read the message from the other side with "
                   "'tigress receive %.8s'.",
                   t->id);
}

static enum cli_exit print_sent(struct ui *ui, const struct flow *f)
{
    json_t *result = transfer_describe(f->t);

    ui_say(ui, "Sent. 'tigress receive %.8s' waits for the answer.", f->t->id);
    digits_add(result, f->session);
    digits_say(ui, f->session, f->t->id);
    return ui_result_take(ui, result);
}

static enum cli_exit send(struct ui *ui, struct flow *f, const struct cli_args *args,
                          const struct io_bytes *message)
{
    enum cli_exit exit = flow_remember(f);
    enum tigress_error error;

    if (exit != CLI_OK) {
        return exit;
    }
    error = flow_interrupt(f);
    if (error == TIGRESS_OK) {
        exit = notification_set(ui, f->session, args);
    }
    if (exit != CLI_OK) {
        return exit;
    }
    if (error == TIGRESS_OK) {
        error = tigress_session_send(f->session, message->data, message->len);
    }
    if (error == TIGRESS_E_STATE) {
        return ui_fail(ui, CLI_REFUSED, "not-your-turn",
                       "your message was not sent: it is the other side's turn; 'tigress receive "
                       "%.8s' waits for its message.",
                       f->t->id);
    }
    if (error != TIGRESS_OK) {
        return ui_error(ui, error, NULL);
    }
    f->t->sending = transfer_checksum(message->data, message->len);
    return flow_settle(f);
}

static enum cli_exit answer(struct ui *ui, struct flow *f, const struct cli_args *args,
                            const struct io_bytes *message)
{
    uint64_t interrupted = f->t->sending;
    enum cli_exit exit = CLI_OK;

    if (interrupted != 0) { /* finish that one first; the same message again is not sent twice */
        exit = flow_settle(f);
        if (exit == CLI_OK && !f->t->is_unread) {
            ui_info(ui, "the answer that was interrupted has now been sent.");
        }
    }
    if (exit == CLI_OK && !f->t->is_unread &&
        interrupted != transfer_checksum(message->data, message->len)) {
        exit = send(ui, f, args, message);
    }
    if (exit != CLI_OK) {
        return exit;
    }
    return f->t->is_unread ? unread(ui, f->t) : print_sent(ui, f);
}

enum cli_exit cmd_answer(struct ui *ui, const struct cli_args *args)
{
    struct io_bytes message = { 0 };
    struct transfer t;
    struct flow f;
    enum cli_exit exit =
        io_read_input(ui, &message, args->position[1], "the message", TIGRESS_MESSAGE_MAX);

    if (exit != CLI_OK) {
        return exit;
    }
    exit = message_check(ui, args->position[1], message.data, message.len);
    if (exit != CLI_OK) {
        io_bytes_wipe(&message);
        return exit;
    }
    exit = flow_open(&f, ui, &t, TRANSFER_ANY_ROLE, args);
    if (exit == CLI_OK) {
        exit = pin_guard(ui, &t, message.data, message.len);
    }
    if (exit == CLI_OK) {
        exit = answer(ui, &f, args, &message);
    }
    flow_close(&f, &t);
    io_bytes_wipe(&message);
    return exit;
}
