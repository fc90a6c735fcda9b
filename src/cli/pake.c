/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pake.h"

#include "cli/io.h"
#include "cli/mem.h"
#include "cli/ui_error.h"

#include <string.h>
#include <unistd.h>

enum cli_exit pake_check_build(struct ui *ui)
{
    return tigress_pake_is_built()
               ? CLI_OK
               : ui_fail(
                     ui, CLI_USAGE, "unsupported",
                     "this build cannot prove a PIN (it has no libsodium). --plain-pin makes one "
                     "that you check yourself, which proves less.");
}

enum cli_exit pake_make(struct ui *ui, struct transfer *t, struct tigress_session *s)
{
    char digits[TIGRESS_PIN_TEXT_MAX] = "";
    enum tigress_error error = tigress_pin_generate(digits, sizeof(digits), 0, NULL, NULL);

    if (error == TIGRESS_OK) {
        error = tigress_session_set_pake_pin(s, digits);
    }
    if (error == TIGRESS_OK) {
        cli_free(t->pin_digits);
        t->pin_digits = cli_strdup(digits);
        error = t->pin_digits == NULL ? TIGRESS_E_NOMEM : TIGRESS_OK;
    }
    explicit_bzero(digits, sizeof(digits));
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, tigress_session_error_text(s));
}

enum cli_exit pake_allow(struct ui *ui, struct tigress_session *s, const struct cli_args *args)
{
    bool is_required = args->value[OPT_PIN] != NULL || args->value[OPT_PIN_FILE] != NULL;
    enum tigress_error error;

    if (!tigress_pake_is_built()) {
        return is_required ? pake_check_build(ui) : CLI_OK;
    }
    error =
        tigress_session_set_pake_use(s, is_required ? TIGRESS_PAKE_REQUIRED : TIGRESS_PAKE_ALLOWED);
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, tigress_session_error_text(s));
}

bool pake_is_open(const struct tigress_session *s)
{
    return tigress_session_pake(s) == TIGRESS_PAKE_OPEN;
}

/* One try. On a terminal, what is no PIN is asked for again. */
static enum cli_exit enter(struct flow *f, const char *path)
{
    struct io_bytes typed = { 0 };
    enum tigress_error error = TIGRESS_E_ARGUMENT;
    enum cli_exit exit =
        io_read_phrase(f->ui, &typed, path, "the PIN of the sender", TIGRESS_PIN_TYPED_MAX);

    if (exit == CLI_OK) {
        error = tigress_session_enter_pin(f->session, typed.data);
    }
    io_bytes_wipe(&typed);
    if (exit != CLI_OK || error == TIGRESS_OK) {
        return exit;
    }
    return error != TIGRESS_E_ARGUMENT && error != TIGRESS_E_LIMIT
               ? ui_error(f->ui, error, tigress_session_error_text(f->session))
               : ui_fail(f->ui, CLI_USAGE, "no-pin-typed",
                         "expected a PIN of 6 to 12 digits; this did not count as a try. Run "
                         "'tigress accept' again.");
}

enum cli_exit pake_answer(struct flow *f, const struct cli_args *args)
{
    const char *path = args->value[OPT_PIN_FILE];
    bool is_terminal = path == NULL && isatty(STDIN_FILENO);
    enum cli_exit exit = CLI_OK;

    if (f->input == TIGRESS_INPUT_PIN && path == NULL && !is_terminal) {
        return ui_fail(f->ui, CLI_REFUSED, "pin-asked",
                       "the sender asks for a PIN: run 'tigress accept' again on a terminal, or "
                       "with --pin-file FILE.");
    }
    while (exit == CLI_OK && f->input == TIGRESS_INPUT_PIN) {
        exit = enter(f, path != NULL ? path : "-");
        if (exit == CLI_OK) {
            exit = flow_run(f, 0);
        }
        if (exit != CLI_OK || f->input != TIGRESS_INPUT_PIN) {
            break;
        }
        if (!is_terminal) {
            exit = ui_fail(f->ui, CLI_REFUSED, "pin-wrong",
                           "the PIN is wrong; tries left: %u. Run 'tigress accept' again with the "
                           "right one.",
                           tigress_session_pake_tries_left(f->session));
        } else {
            ui_info(f->ui, "the PIN is wrong; tries left: %u.",
                    tigress_session_pake_tries_left(f->session));
        }
    }
    if (exit == CLI_OK && tigress_session_pake(f->session) == TIGRESS_PAKE_PROVED) {
        ui_info(f->ui, "the PIN is right: the sender's device knows it too, and nobody is in "
                       "between.");
    }
    return exit;
}

enum cli_exit pake_show(struct ui *ui, const struct transfer *t, const struct tigress_session *s)
{
    bool is_proved = tigress_session_pake(s) == TIGRESS_PAKE_PROVED;
    unsigned left = tigress_session_pake_tries_left(s);
    json_t *result = transfer_describe(t);

    if (is_proved) {
        ui_say(ui, "The other device has proved the PIN.");
    } else {
        ui_say(ui, "The other device has not proved the PIN; tries left: %u.", left);
    }
    (void)json_object_set_new(result, "triesLeft", json_integer((json_int_t)left));
    (void)json_object_set_new(result, "pinState", json_string(is_proved ? "passed" : "open"));
    return ui_result_take(ui, result);
}
