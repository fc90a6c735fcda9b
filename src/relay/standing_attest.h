/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/standing_attest.h - the attestation of one exchange: whether its form is known, what was
 * found, and what is only reported; private to this folder.
 * Layer: L2.   Threads: as relay/standing_case.h.   Blocks: no.
 * Secrets: an attestation may identify a device; it is in the case and ends with it.
 */
#ifndef TG_RELAY_STANDING_ATTEST_H
#define TG_RELAY_STANDING_ATTEST_H

#include "relay/standing_case.h"

/* Counts a verdict. */
void tg_standing_report_step(struct tg_exchange *ex, enum tg_standing_scheme scheme,
                             enum tg_standing_step step);
/* is_only_reported: a refusal that was not made, because the mode is TG_STANDING_REPORT. */
void tg_standing_report_as(struct tg_exchange *ex, enum tg_standing_scheme scheme,
                           enum tg_standing_step step, bool is_only_reported);

/* Takes the attestation of the headers, of the form that the relay verifies itself or of another.
   Neither is judged here. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_standing_take_attestation(struct tg_standing_case *c,
                                                      const struct tg_standing *standing,
                                                      const struct tg_request_headers *headers);
/* Leaves out an attestation of a form that nobody here can judge, unless one is required. */
void tg_standing_look_at_form(struct tg_exchange *ex, bool must_prove);
void tg_standing_leave_out_unknown(struct tg_exchange *ex);
/* Counts what was found and what would have been refused; then the attestation is left out. */
void tg_standing_take_report(struct tg_exchange *ex);
enum tg_standing_step tg_standing_step_of_answer(const struct tg_standing *standing,
                                                 const struct tg_ask_answer *answer);

#endif
