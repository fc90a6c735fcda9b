/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/standing_policy.h - what the settings require of senders, with the files they name: roots,
 * lists, issuers.
 * Layer: L4.      Threads: read-only once opened.      Blocks: reads files.      Secrets: none.
 */
#ifndef TG_SERVER_STANDING_POLICY_H
#define TG_SERVER_STANDING_POLICY_H

#include "relay/standing.h"
#include "server/settings/config.h"

struct tg_standing_policy;

/* *out stays NULL if both schemes are off. On failure fault names the setting and what is wrong
   with its file. Call it after tg_config_set_port: it sets public_url, whose host the policy uses.
 */
TG_NODISCARD enum tg_err tg_standing_policy_open(struct tg_standing_policy **out,
                                                 const struct tg_config *config,
                                                 struct tg_fault *fault);
/* Accepts NULL and *s == NULL. */
void tg_standing_policy_close(struct tg_standing_policy **s);
/* For struct tg_relay_config; NULL for NULL. Valid as long as s. */
const struct tg_standing *tg_standing_policy_view(const struct tg_standing_policy *s);
/* NULL: for NULL, and if private tokens are off. Valid as long as s. */
const struct tg_private_token_issuers *
tg_standing_policy_issuers(const struct tg_standing_policy *s);

#endif
