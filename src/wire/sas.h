/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/sas.h - the short authentication string: six digits that two persons compare.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the initiator's nonce until it is revealed; borrowed for the call.
 * spec: docs/protocol.md section 7, Short authentication string.
 *
 * The initiator commits to its nonce in message 1, the recipient's nonce is in message 2, and
 * message 3 reveals the first. So nobody in between can choose a value after the others are known.
 */
#ifndef TG_WIRE_SAS_H
#define TG_WIRE_SAS_H

#include "base/err.h"
#include "crypto/digest.h"

#define TG_SAS_NONCE_LEN 32u
#define TG_SAS_DIGITS 6u

/* SHA-256( "tigress-sas-commitment-v1" || 0 || nonce ) */
TG_NODISCARD enum tg_err tg_sas_commit(uint8_t out[TG_SHA256_LEN],
                                       const uint8_t nonce[TG_SAS_NONCE_LEN]);
/*
 * The digits with a NUL: the first eight bytes of HMAC-SHA-256( initiator's nonce, transcript ||
 * recipient's nonce ), big-endian, modulo 10^6.
 *   transcript   after message 2
 */
TG_NODISCARD enum tg_err tg_sas_digits(char out[TG_SAS_DIGITS + 1],
                                       const uint8_t initiator[TG_SAS_NONCE_LEN],
                                       const uint8_t transcript[TG_SHA256_LEN],
                                       const uint8_t recipient[TG_SAS_NONCE_LEN]);

#endif
