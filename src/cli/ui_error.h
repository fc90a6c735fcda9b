/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/ui_error.h - an error of the library: a sentence for the user, a code and an exit code for
 * scripts.
 * Layer: L4.      Threads: one.      Blocks: no.      Secrets: none.
 */
#ifndef TG_CLI_UI_ERROR_H
#define TG_CLI_UI_ERROR_H

#include <tigress/error.h>

#include "cli/ui.h"

/* Prints the error as ui_fail does. why: the library's sentence, or NULL for the usual one. */
enum cli_exit ui_error(struct ui *ui, enum tigress_error error, const char *why);
/* The same with the relay's explanation (detail) and what the user can do (hint); "" for none. */
enum cli_exit ui_error_more(struct ui *ui, enum tigress_error error, const char *why,
                            const char *detail, const char *hint);

#endif
