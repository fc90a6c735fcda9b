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

/* tg_standing_policy_open, and then the keys of the token issuers in the store, as
   server/storage/token_keys.h says. After a failure *out may be open. */
TG_NODISCARD enum tg_err tg_standing_start(struct tg_standing_policy **out,
                                           const struct tg_config *config, struct tg_store *store,
                                           struct tg_clock *clock, struct tg_fault *fault,
                                           const char **advice);
/* --check-config: the same, without changing the store, also while a relay uses it. */
TG_NODISCARD enum tg_err tg_standing_check(const struct tg_config *config, struct tg_moment now,
                                           struct tg_fault *fault, const char **advice);

#endif
