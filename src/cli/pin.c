/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pin.h"

#include "cli/mem.h"
#include "cli/ui_error.h"

#include <stdlib.h>
#include <string.h>

#define DRAWS_MAX 16 /* only a crafted message contains so many PINs */

/* Puts the checker into the transfer, in memory only. */
static enum tigress_error capture(struct transfer *t, struct tigress_pin *pin)
{
    unsigned char *saved = NULL;
    size_t len = 0;
    enum tigress_error error = tigress_pin_save(pin, &saved, &len);
    char *copy = error == TIGRESS_OK ? cli_copy(saved, len) : NULL;

    tigress_free(saved, len);
    if (copy == NULL) {
        return error == TIGRESS_OK ? TIGRESS_E_NOMEM : error;
    }
    cli_free(t->pin);
    t->pin = copy;
    t->pin_len = len;
    return TIGRESS_OK;
}

enum cli_exit pin_make(struct ui *ui, struct transfer *t, const char *message, size_t len)
{
    char digits[TIGRESS_PIN_TEXT_MAX] = "";
    struct tigress_pin *pin = NULL;
    enum tigress_error error = TIGRESS_E_MESSAGE;

    for (int i = 0; i < DRAWS_MAX && error == TIGRESS_E_MESSAGE; i++) {
        tigress_pin_free(&pin);
        error = tigress_pin_generate(digits, sizeof(digits), 0, NULL, NULL);
        if (error == TIGRESS_OK) {
            error = tigress_pin_new(&pin, digits, 0, NULL, NULL);
        }
        if (error == TIGRESS_OK) {
            error = tigress_pin_check_text(pin, message, len);
        }
    }
    if (error == TIGRESS_OK) {
        error = capture(t, pin);
    }
    if (error == TIGRESS_OK) {
        cli_free(t->pin_digits);
        t->pin_digits = cli_strdup(digits);
        error = t->pin_digits == NULL ? TIGRESS_E_NOMEM : TIGRESS_OK;
    }
    explicit_bzero(digits, sizeof(digits));
    tigress_pin_free(&pin);
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, NULL);
}

enum cli_exit pin_load(struct ui *ui, const struct transfer *t, struct tigress_pin **pin)
{
    char why[TIGRESS_TEXT_MAX] = "";
    enum tigress_error error;

    if (t->pin == NULL) {
        return ui_fail(ui, CLI_REFUSED, "no-pin",
                       "this transfer has no PIN; 'tigress share --pin' or --plain-pin makes one "
                       "together with the link.");
    }
    error = tigress_pin_resume(pin, t->pin, t->pin_len, why, sizeof(why));
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, why);
}

enum cli_exit pin_keep(struct ui *ui, struct transfer *t, struct tigress_pin *pin)
{
    enum tigress_error error = capture(t, pin);

    return error == TIGRESS_OK ? state_save(ui, t) : ui_error(ui, error, NULL);
}

enum cli_exit pin_guard(struct ui *ui, const struct transfer *t, const char *message, size_t len)
{
    struct tigress_pin *pin = NULL;
    enum tigress_error error;
    enum cli_exit exit;

    if (t->pin == NULL) {
        return CLI_OK;
    }
    exit = pin_load(ui, t, &pin);
    if (exit != CLI_OK) {
        return exit;
    }
    error = tigress_pin_check_text(pin, message, len);
    tigress_pin_free(&pin);
    if (error == TIGRESS_E_MESSAGE) {
        return ui_fail(
            ui, CLI_REFUSED, "pin-in-message",
            "your message was not sent: it contains the PIN, which must be sent separately.");
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, NULL);
}

json_t *pin_describe(const struct tigress_pin *pin)
{
    return json_pack("{s:i, s:i, s:s}", "pinDigits", (int)tigress_pin_digits(pin), "triesLeft",
                     (int)tigress_pin_tries_left(pin), "pinState",
                     tigress_pin_is_passed(pin) ? "passed"
                     : tigress_pin_is_dead(pin) ? "dead"
                                                : "open");
}
