/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/open.h - makes a job from an outbox entry.
 * Layer: L4.      Threads: read-only once set up.      Blocks: no.
 * Secrets: decrypts tokens into the caller's buffer. Its own key hides the keys of the store from
 * providers.
 */
#ifndef TG_SERVER_PUSHLINK_OPEN_H
#define TG_SERVER_PUSHLINK_OPEN_H

#include "base/rng.h"
#include "relay/outbox_entry.h"
#include "server/pushlink/setup.h"

struct tg_push_opener {
    const struct tg_keyring *keyring;
    uint8_t collapse_key[32];
};

/* TG_E_CRYPTO. keyring must outlive opener. */
TG_NODISCARD enum tg_err tg_push_opener_init(struct tg_push_opener *opener,
                                             const struct tg_keyring *keyring,
                                             const struct tg_rng *rng);

/* A tg_push_open_fn; ctx is the opener. */
enum tg_err tg_push_open(void *ctx, struct tg_push_ipc_job *out, struct tg_buf *scratch,
                         const struct tg_outbox_entry *entry);

#endif
