/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/saved_check.h - whether a saved state that was read can be one of a session.
 * Layer: L2.      Threads: any.      Blocks: no.      Secrets: none of its own.
 */
#ifndef TG_CLIENT_SAVED_CHECK_H
#define TG_CLIENT_SAVED_CHECK_H

#include "client/session.h"

bool tg_saved_is_consistent(const struct tigress_session *s);

#endif
