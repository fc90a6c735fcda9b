/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/own.h - libcrypto's memory, for a program that owns its process.
 * Layer: L1 (base).      Threads: call it before the second thread starts.      Blocks: no.
 * Secrets: what libcrypto parses: certificates of devices, tokens.
 */
#ifndef TG_CRYPTO_OWN_H
#define TG_CRYPTO_OWN_H

#include "base/err.h"

/*
 * Makes libcrypto and libssl wipe every block that they free, so that no part of a certificate or
 * signature stays in free memory. A program calls this once at its start, before its first use of
 * either; a library never does, because the memory functions are one per process.
 * TG_E_BUG: libcrypto has already allocated.
 */
TG_NODISCARD enum tg_err tg_crypto_own_process(void);

#endif
