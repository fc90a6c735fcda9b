/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/pin.h - the PIN in the saved state of a transfer.
 * Layer: L4.      Threads: one.      Blocks: yes, on the disk.
 * Secrets: PIN and checker; both are wiped with the transfer's state.
 */
#ifndef TG_CLI_PIN_H
#define TG_CLI_PIN_H

#include <tigress/pin.h>

#include "cli/state.h"

/* Puts a new PIN that does not occur in the message into the transfer; nothing is saved yet. */
enum cli_exit pin_make(struct ui *ui, struct transfer *t, const char *message, size_t len);
/* The checker of a transfer; *pin for tigress_pin_free. CLI_REFUSED: none, or damaged; reported. */
enum cli_exit pin_load(struct ui *ui, const struct transfer *t, struct tigress_pin **pin);
/* Puts the checker into the transfer and saves it: durable when it returns CLI_OK. */
enum cli_exit pin_keep(struct ui *ui, struct transfer *t, struct tigress_pin *pin);
/* CLI_REFUSED: the message contains the transfer's PIN; reported. */
enum cli_exit pin_guard(struct ui *ui, const struct transfer *t, const char *message, size_t len);
/* pinDigits, triesLeft, pinState (open, passed, dead), for JSON. */
json_t *pin_describe(const struct tigress_pin *pin);

#endif
