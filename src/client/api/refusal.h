/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/api/refusal.h - why the last call on a session was refused: which value was wrong, and
 * what was expected. tigress_session_error_text() gives it out. Layer: L2.      Threads: as the
 * session. Secrets: none. A sentence holds our own words and numbers, never a text that was passed
 * in.
 */
#ifndef TG_CLIENT_API_REFUSAL_H
#define TG_CLIENT_API_REFUSAL_H

#include "client/session.h"

/* Every call begins with this: an earlier sentence is not about this call. */
void tg_refusal_clear(struct tigress_session *s);
/* Keeps the sentence, unless one was kept for this call before; returns error. */
enum tigress_error tg_refusal_set(struct tigress_session *s, enum tigress_error error,
                                  const char *fmt, ...) TG_PRINTF(3, 4);
/* The error's general sentence where none was kept; returns error. */
enum tigress_error tg_refusal_end(struct tigress_session *s, enum tigress_error error);
/* TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT: text is not UTF-8 of min to max bytes. name is its own. */
enum tigress_error tg_refusal_check_text(struct tigress_session *s, const char *name,
                                         struct tg_bytes text, size_t min, size_t max);
/* Settings are closed by the first step, and some belong to one role. name is what it sets.
   Begins a call, as tg_refusal_clear(). */
enum tigress_error tg_refusal_may_set(struct tigress_session *s, unsigned roles, const char *name);

#endif
