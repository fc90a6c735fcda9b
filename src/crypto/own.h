/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/own.h - libcrypto's memory, for a program that owns its process.
 * Layer: L1 (base).      Threads: before the first other one.      Blocks: no.
 * Secrets: what libcrypto parses: certificates of devices, tokens.
 */
#ifndef TG_CRYPTO_OWN_H
#define TG_CRYPTO_OWN_H

#include "base/err.h"

/*
 * From now on libcrypto and libssl wipe every block they free, so that nothing of a certificate or
 * signature that was looked at stays in free memory. For the start of a program, before its first
 * use of either; never from a library, because there is one pair of functions for the process.
 * TG_E_BUG: they have allocated already.
 */
TG_NODISCARD enum tg_err tg_crypto_own_process(void);

#endif
