/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/digits.h - the six digits that two persons compare, and what they do with them.
 * Layer: L4.      Threads: one.      Blocks: no.
 * Secrets: none; but they must not travel beside the link.
 */
#ifndef TG_CLI_DIGITS_H
#define TG_CLI_DIGITS_H

#include "cli/ui.h"

#include <tigress/tigress.h>

#define DIGITS_SHOWN_MAX 8u /* "402 817" */

/* false: there are none now; shown is "". */
bool digits_of(char shown[DIGITS_SHOWN_MAX], const struct tigress_session *s);
/* Sets "digits" and "digitsState" of a result, where there are digits. */
void digits_add(json_t *result, const struct tigress_session *s);
/* Says what to do with them, unless there are none or the persons have compared them. id is how
   the transfer is named; NULL: there is no command for it. */
void digits_say(struct ui *ui, const struct tigress_session *s, const char *id);

#endif
