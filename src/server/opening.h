/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/opening.h - opens the store: at the start, and again and again while its database cannot
 * be used. Meanwhile the relay answers, and is not ready.
 * Layer: L4.      Threads: a thread of its own for a store on a database; the functions are main's,
 * except the one that says otherwise.      Blocks: for some seconds at most, with a database.
 * Secrets: the relay's keys, in the storage.
 */
#ifndef TG_SERVER_OPENING_H
#define TG_SERVER_OPENING_H

#include "server/net/clock.h"
#include "server/pushlink/refusals.h"
#include "server/standing_policy.h"
#include "server/startup.h"
#include "server/storage/storage.h"

enum tg_opening_step {
    TG_OPENING_STORE, /* the store, its keys, and the time that it has kept */
    TG_OPENING_REST   /* what the settings add: keys of token issuers, refused push tokens */
};
#define TG_OPENING_STEPS (TG_OPENING_REST + 1u)

struct tg_opening {
    /* Set by main before the step that needs it. */
    const struct tg_config *config;
    const struct tg_log *log;
    const struct tg_standing_policy *standing; /* NULL: none */
    struct tg_refusals *refusals;              /* NULL: no provider is configured */

    /* The thread's until the steps are done, then main's. */
    struct tg_storage storage;
    struct tg_clock clock;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool has_thread;
    unsigned wanted_count; /* steps that may run */
    unsigned done_count;
    unsigned failure_count;            /* of the step that runs */
    struct tg_startup_failure failure; /* of the last attempt */
    bool is_refused;                   /* somebody has to mend it */
    bool is_awaited;                   /* by main, which reports it */
    uint32_t patience_ms;              /* how long the open may wait for a standby */
};

TG_NODISCARD enum tg_err tg_opening_init(struct tg_opening *o, const struct tg_config *config,
                                         const struct tg_log *log);
/*
 * Runs the steps up to this one. TG_OK: done, or the database cannot be used now and the thread
 * tries on; tg_opening_is_done tells. Otherwise failure has what an operator has to mend.
 */
TG_NODISCARD enum tg_err tg_opening_run(struct tg_opening *o, enum tg_opening_step step,
                                        struct tg_startup_failure *failure);
/* Whether both steps are done. Storage and clock are main's from then on. */
bool tg_opening_is_done(struct tg_opening *o);
/* Why the store is not open. Any thread. */
void tg_opening_explain(struct tg_opening *o, struct tg_fault *out);

#endif
