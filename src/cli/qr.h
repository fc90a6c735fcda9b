/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/qr.h - a QR code in a terminal, two modules to a character.
 * Layer: L4.      Threads: one.      Blocks: no.      Secrets: text may hold one, and so the code.
 */
#ifndef TG_CLI_QR_H
#define TG_CLI_QR_H

#include "cli/ui.h"

/*
 * Draws text as light-on-dark half blocks with the quiet zone of four modules, a line for every two
 * rows. *drawing is for cli_free. CLI_REFUSED: too long for a QR code; reported.
 */
enum cli_exit qr_draw(struct ui *ui, const char *text, char **drawing);

#endif
