/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/verifier_line.h - the two lines of an exchange with the operator's verifier: one JSON
 * object each, ended by a newline. Only the attestation and the challenge leave the relay.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: an attestation may identify a device: the line is wiped by who holds it.
 * spec: docs/protocol.md section 6.2
 */
#ifndef TG_SERVER_VERIFIER_LINE_H
#define TG_SERVER_VERIFIER_LINE_H

#include "relay/api.h"
#include "wire/attestation.h"

#define TG_VERIFIER_ANSWER_MAX 4096u /* bytes, with the newline */
/* A text of visible ASCII, escaped, and the rest. */
#define TG_VERIFIER_QUESTION_MAX (2u * TG_ATTESTATION_HEADER_MAX + 256u)

/* Appends {"attestation":TEXT,"challenge":BASE64URL} and a newline. TG_E_SYNTAX: the text is not
   visible ASCII with spaces. TG_E_NOMEM. */
TG_NODISCARD enum tg_err tg_verifier_question(struct tg_buf *out, struct tg_bytes attestation,
                                              const uint8_t challenge[TG_ATTEST_HASH_LEN]);

/* Reads what arrived until now. False: the line is not complete yet. True: *answer is written; it
   is TG_ASK_FAILED if this is not one object with a verdict, or more than one line. */
bool tg_verifier_answer(struct tg_ask_answer *answer, struct tg_bytes received);

#endif
