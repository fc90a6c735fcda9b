/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/qr.h - a QR code in a terminal, two modules to a character.
 * Layer: L4.      Threads: one.      Blocks: no.      Secrets: text may hold one.
 */
#ifndef TG_CLI_QR_H
#define TG_CLI_QR_H

#include "cli/ui.h"

/* Prints text as light-on-dark half blocks with the quiet zone of four modules. CLI_REFUSED: too
 * long for a QR code; said. */
enum cli_exit qr_print(struct ui *ui, const char *text);

#endif
