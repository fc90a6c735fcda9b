/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/policy.h - which relays a session may use.
 * Layer: L2.      Threads: one session, one thread at a time.      Secrets: none.
 * Blocks: as long as the application's policy function does.
 */
#ifndef TG_CLIENT_POLICY_H
#define TG_CLIENT_POLICY_H

#include "client/session.h"

/* Do the list and the policy function allow the relay? Called before a handle's first request. If
   not, the session has failed. */
bool tg_client_policy_allows(struct tigress_session *s);
/* Does the entry of a list name this relay? */
bool tg_client_policy_is_match(const struct tg_share_url *url, struct tg_bytes entry);
/* TG_E_SYNTAX: not "host" or "host:port", so it could never match. */
TG_NODISCARD enum tg_err tg_client_policy_entry_check(struct tg_bytes entry);

#endif
