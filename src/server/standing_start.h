/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/standing_start.h - what the settings require of senders, and the store: at the start and
 * for --check-config.
 * Layer: L4.      Threads: start only.      Blocks: reads files, and on the store.      Secrets:
 * none.
 */
#ifndef TG_SERVER_STANDING_START_H
#define TG_SERVER_STANDING_START_H

#include "server/net/clock.h"
#include "server/standing_policy.h"

/* The keys of the policy's token issuers in the store, as server/storage/token_keys.h says. May be
   repeated. */
TG_NODISCARD enum tg_err tg_standing_start(const struct tg_standing_policy *policy,
                                           struct tg_store *store, struct tg_clock *clock,
                                           struct tg_fault *fault, const char **advice);
/* --check-config: the same, without changing the store, also while a relay uses it. */
TG_NODISCARD enum tg_err tg_standing_check(const struct tg_config *config, struct tg_moment now,
                                           struct tg_fault *fault, const char **advice);

#endif
