/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/pin.h - the PIN of a transfer, as the state keeps it.
 * Layer: L4.      Threads: one.      Blocks: yes, on the disk.
 * Secrets: PIN and checker; both are wiped with the transfer's state.
 */
#ifndef TG_CLI_PIN_H
#define TG_CLI_PIN_H

#include <tigress/pin.h>

#include "cli/state.h"

/* A fresh PIN that stands nowhere in the message, put into the transfer; nothing is saved yet. */
enum cli_exit pin_make(struct ui *ui, struct transfer *t, const char *message, size_t len);
/* The checker of a transfer; *pin for tigress_pin_free. CLI_REFUSED: none, or damaged; said. */
enum cli_exit pin_load(struct ui *ui, const struct transfer *t, struct tigress_pin **pin);
/* Puts the checker as it stands into the transfer and saves it: durable when it returns CLI_OK. */
enum cli_exit pin_keep(struct ui *ui, struct transfer *t, struct tigress_pin *pin);
/* Refuses a message that gives the transfer's PIN away; said. */
enum cli_exit pin_guard(struct ui *ui, const struct transfer *t, const char *message, size_t len);
/* pinDigits, triesLeft, pinState (open, passed, dead), for JSON. */
json_t *pin_describe(const struct tigress_pin *pin);

#endif
