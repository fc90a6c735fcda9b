/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/standing.h - what the settings ask of senders, with roots, lists and issuers loaded.
 * Layer: L4.      Threads: read-only once opened.      Blocks: reads files.      Secrets: none.
 */
#ifndef TG_SERVER_STANDING_H
#define TG_SERVER_STANDING_H

#include "relay/standing.h"
#include "server/settings/config.h"

struct tg_server_standing;

/* *out stays NULL where both schemes are off. On failure fault names the setting and what is wrong
   with its file. After tg_config_set_port, where public_url may be empty. */
TG_NODISCARD enum tg_err tg_server_standing_open(struct tg_server_standing **out,
                                                 const struct tg_config *config,
                                                 struct tg_fault *fault);
/* Accepts NULL and *s == NULL. */
void tg_server_standing_close(struct tg_server_standing **s);
/* For struct tg_relay_config; NULL for NULL. Ends with s. */
const struct tg_standing *tg_server_standing_view(const struct tg_server_standing *s);

#endif
