/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_pin.h"

#include "cli/flow.h"
#include "cli/io.h"
#include "cli/pake.h"
#include "cli/pin.h"
#include "cli/ui_error.h"

#include <string.h>

static enum cli_exit print_state(struct ui *ui, const struct transfer *t,
                                 const struct tigress_pin *pin)
{
    json_t *result = transfer_describe(t), *more = pin_describe(pin);

    (void)json_object_update(result, more);
    json_decref(more);
    return ui_result_take(ui, result);
}

/* After the last wrong try the transfer is withdrawn. */
static enum cli_exit withdraw(struct ui *ui, struct transfer *t, const struct cli_args *args)
{
    struct cli_args any = *args;
    struct flow f;
    enum cli_exit exit;

    any.value[OPT_RESUME] = "";
    exit = flow_resume(&f, ui, t, &any);
    if (exit == CLI_OK) {
        exit = flow_retry(&f);
    }
    if (exit == CLI_OK) {
        exit = flow_do(&f, tigress_session_cancel);
    }
    if (exit == CLI_OK) {
        exit = ending_keep(ui, t, f.session);
    }
    flow_end(&f);
    return exit != CLI_OK ? exit
                          : ui_fail(ui, ending_exit(t->status), "pin-dead",
                                    "the PIN was wrong too often: the transfer is withdrawn.");
}

static enum cli_exit try_once(struct ui *ui, struct transfer *t, struct tigress_pin *pin,
                              const char *typed, enum tigress_pin_verdict *verdict)
{
    enum tigress_error error = tigress_pin_begin_try(pin, typed);
    enum cli_exit exit;

    if (error == TIGRESS_E_ARGUMENT || error == TIGRESS_E_LIMIT) {
        return ui_fail(ui, CLI_USAGE, "no-pin-typed",
                       "expected a PIN of %u digits; this did not count as a try.",
                       tigress_pin_digits(pin));
    }
    exit = error == TIGRESS_OK ? pin_keep(ui, t, pin) : ui_error(ui, error, NULL);
    if (exit == CLI_OK) {
        error = tigress_pin_end_try(pin, verdict);
        exit = error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, NULL);
    }
    return exit;
}

static enum cli_exit check(struct ui *ui, struct transfer *t, struct tigress_pin *pin,
                           const struct cli_args *args)
{
    enum tigress_pin_verdict verdict = TIGRESS_PIN_WRONG;
    struct io_bytes typed = { 0 };
    enum cli_exit exit;

    if (tigress_pin_is_passed(pin)) {
        return ui_fail(ui, CLI_REFUSED, "pin-passed", "the right PIN was already given.");
    }
    if (tigress_pin_is_dead(pin)) {
        return withdraw(ui, t, args); /* the withdrawal was interrupted */
    }
    exit = io_read_phrase(ui, &typed, "-", "the PIN", TIGRESS_PIN_TYPED_MAX);
    if (exit == CLI_OK) {
        exit = try_once(ui, t, pin, typed.data, &verdict);
    }
    io_bytes_wipe(&typed);
    if (exit != CLI_OK) {
        return exit;
    }
    if (verdict == TIGRESS_PIN_DEAD) {
        return withdraw(ui, t, args);
    }
    if (verdict != TIGRESS_PIN_RIGHT) {
        return ui_fail(ui, CLI_REFUSED, "pin-wrong", "the PIN is wrong; tries left: %u.",
                       tigress_pin_tries_left(pin));
    }
    exit = pin_keep(ui, t, pin);
    if (exit == CLI_OK) {
        ui_say(ui, "The PIN is right.");
        exit = print_state(ui, t, pin);
    }
    return exit;
}

static enum cli_exit show(struct ui *ui, const struct transfer *t, const struct tigress_pin *pin)
{
    if (tigress_pin_is_passed(pin)) {
        ui_say(ui, "The right PIN was given.");
    } else {
        ui_say(ui, "The PIN has %u digits; tries left: %u.", tigress_pin_digits(pin),
               tigress_pin_tries_left(pin));
    }
    return print_state(ui, t, pin);
}

/* A PIN that the devices prove has its tries in the session. *is_one: it is such a PIN. */
static enum cli_exit show_pake(struct ui *ui, const struct transfer *t, const struct cli_args *args,
                               bool *is_one)
{
    struct tigress_session *s = NULL;
    enum cli_exit exit = CLI_OK;

    if (tigress_session_resume(&s, t->session, t->session_len, NULL, 0) == TIGRESS_OK) {
        *is_one = tigress_session_pake(s) != TIGRESS_PAKE_NONE;
    }
    if (*is_one && args->value[OPT_CHECK] != NULL) {
        exit = ui_fail(ui, CLI_REFUSED, "pin-by-device",
                       "the other person enters this PIN on their own device; here is nothing to "
                       "check.");
    } else if (*is_one) {
        exit = pake_show(ui, t, s);
    }
    tigress_session_free(&s);
    return exit;
}

enum cli_exit cmd_pin(struct ui *ui, const struct cli_args *args)
{
    struct tigress_pin *pin = NULL;
    struct transfer t;
    bool is_pake = false;
    enum cli_exit exit = state_load(ui, &t, TRANSFER_INITIATOR, args->position[0]);

    if (exit == CLI_OK && t.session == NULL) {
        exit = flow_report_end(ui, &t);
    }
    if (exit == CLI_OK && t.pin == NULL) {
        exit = show_pake(ui, &t, args, &is_pake);
    }
    if (exit == CLI_OK && !is_pake) {
        exit = pin_load(ui, &t, &pin);
    }
    if (exit == CLI_OK && !is_pake) {
        exit = args->value[OPT_CHECK] != NULL ? check(ui, &t, pin, args) : show(ui, &t, pin);
    }
    tigress_pin_free(&pin);
    state_release(&t);
    return exit;
}
