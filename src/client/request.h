/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/request.h - the HTTP request of each state.
 * Layer: L2.      Threads: one session, one thread at a time.      Blocks: no.
 * Secrets: claim, proof, token; tg_session_drop_request wipes the request.
 */
#ifndef TG_CLIENT_REQUEST_H
#define TG_CLIENT_REQUEST_H

#include "client/session.h"

/* Builds the request of the session's state. On failure the session has no request. */
TG_NODISCARD enum tg_err tg_client_request_build(struct tigress_session *s);

#endif
