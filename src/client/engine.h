/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/engine.h - the table of states: what a session wants, and which calls it accepts.
 * Layer: L2.      Threads: one session, one thread at a time.      Blocks: no.      Secrets: none.
 */
#ifndef TG_CLIENT_ENGINE_H
#define TG_CLIENT_ENGINE_H

#include "client/session.h"

/* What an application may do; each state accepts a set of them. */
enum tg_act {
    TG_ACT_CONFIRM = 1,
    TG_ACT_ACCEPT = 2,
    TG_ACT_SEND = 4,
    TG_ACT_WAIT = 8,
    TG_ACT_CHECK = 16,
    TG_ACT_FINISH = 32,
    TG_ACT_RELINQUISH = 64,
    TG_ACT_CANCEL = 128,
    TG_ACT_SECRET = 256,
    TG_ACT_ATTEST = 512,
    TG_ACT_TOKEN = 1024,
    TG_ACT_KEY = 2048,
    TG_ACT_PIN = 4096
};

bool tg_engine_accepts(const struct tigress_session *s, enum tg_act act);
enum tigress_want tg_engine_want(const struct tigress_session *s);
/* Is it a state of this role? state comes from a saved state and may have any value. */
bool tg_engine_is_state(enum tigress_role role, unsigned state);

#endif
