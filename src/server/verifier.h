/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/verifier.h - asks the operator's own verifier about attestations of forms that the relay
 * does not know, over a UNIX socket: a connection, one line there and one line back.
 * Layer: L4.      Threads: each worker has its own.      Blocks: no.      Clock: the loop's.
 * Secrets: the attestation that is asked about, which may identify a device; it is wiped.
 *
 * A failure of any kind is TG_ASK_FAILED, never a verdict: no connection, an answer that is late,
 * too long or not one line of the right form, a verifier that ends the connection.
 */
#ifndef TG_SERVER_VERIFIER_H
#define TG_SERVER_VERIFIER_H

#include "base/fault.h"
#include "relay/api.h"
#include "server/http/env.h"
#include "server/http/list.h"
#include "server/settings/config.h"

#include <uv.h>

#define TG_VERIFIER_ACTIVE_MAX 8u   /* connections of a worker */
#define TG_VERIFIER_PENDING_MAX 64u /* with the questions that wait for one */

struct tg_verifier {
    uv_loop_t *loop;
    struct tg_env *env; /* its clocks are set before done() */
    const char *path;   /* NULL: there is no verifier */
    uint64_t timeout_ms;
    size_t active_count, pending_count;
    struct tg_link waiting; /* questions, in the order in which they came */
};

/* loop, env and config are borrowed. */
void tg_verifier_init(struct tg_verifier *v, uv_loop_t *loop, struct tg_env *env,
                      const struct tg_config *config);
/* See tg_relay_hooks.ask. TG_E_FULL: TG_VERIFIER_PENDING_MAX are pending. TG_E_NOMEM. */
TG_NODISCARD enum tg_err tg_verifier_ask(struct tg_verifier *v, struct tg_bytes attestation,
                                         const uint8_t challenge[TG_ATTEST_HASH_LEN],
                                         tg_ask_fn *done, void *arg);

#endif
