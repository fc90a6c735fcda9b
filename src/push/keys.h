/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/keys.h - checks the providers' keys without sending anything.
 * Layer: L2 (base, crypto, wire).   Threads: one at a time.   Blocks: reads files.
 * Secrets: reads provider keys and wipes them. Only as the user of the push process.
 */
#ifndef TG_PUSH_KEYS_H
#define TG_PUSH_KEYS_H

#include "base/fault.h"
#include "base/rng.h"
#include "push/settings.h"

/*
 * Opens every sender and closes it again.
 *   *sender   written on failure: the one that failed
 * Returns its error; fault states what is wrong and what is expected.
 */
TG_NODISCARD enum tg_err tg_push_keys_check(size_t *sender, const struct tg_push_settings *settings,
                                            const struct tg_rng *rng, struct tg_fault *fault);

#endif
