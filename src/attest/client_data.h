/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/client_data.h - clientDataJSON, which a browser makes of the challenge.
 * Layer: L2.      Threads: any.      Blocks: no.      Secrets: none.
 * spec: WebAuthn Level 3 sections 5.8.1 and 7.1, steps 7 to 12.
 */
#ifndef TG_ATTEST_CLIENT_DATA_H
#define TG_ATTEST_CLIENT_DATA_H

#include "attest/policy.h"

#define TG_CLIENT_DATA_MAX 2048u

/* Checks that it was made by webauthn.create for this challenge, by an allowed origin and not in a
   cross-origin frame. */
enum tg_attest_step tg_attest_client_data_check(struct tg_bytes json,
                                                const uint8_t challenge[TG_ATTEST_HASH_LEN],
                                                const struct tg_attest_policy *policy,
                                                struct tg_fault *fault);

#endif
