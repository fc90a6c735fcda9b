/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/display.h - what an answer says about the mailbox, kept only if the answer is accepted.
 * Layer: L2 (base, wire, include/tigress).      Threads: as the session.      Blocks: no.
 * Secrets: none.
 * spec: docs/protocol.md section 7.9
 */
#ifndef TG_CLIENT_DISPLAY_H
#define TG_CLIENT_DISPLAY_H

#include "client/session.h"
#include "wire/types.h"

/* Copies. An imageURL that is not https is empty in the copy. TG_E_NOMEM; ends with
   tg_display_deinit(), also after a failure. */
TG_NODISCARD enum tg_err tg_display_init(struct tg_session_display *fresh,
                                         const struct tigress_session *s,
                                         const struct tg_display_info *display);
void tg_display_deinit(struct tg_session_display *display);
/* Moves the copy into the session; cannot fail. */
void tg_display_take(struct tigress_session *s, struct tg_session_display *fresh);

#endif
