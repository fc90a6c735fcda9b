/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/command.h - decodes a request into a command for the mailbox; private to this folder.
 * Layer: L2.   Threads: the worker's.   Blocks: no.
 * Secrets: reads claims and tokens; keeps hashes of claims.
 */
#ifndef TG_RELAY_COMMAND_H
#define TG_RELAY_COMMAND_H

#include "relay/exchange.h"

/*
 * Fills route, headers, command and messages of the exchange from the request. An error of the
 * request becomes a fault in the command.
 * TG_E_NOMEM, TG_E_CRYPTO   an error on the relay's side
 */
TG_NODISCARD enum tg_err tg_command_decode(struct tg_exchange *ex,
                                           const struct tg_http_request *request);

#endif
