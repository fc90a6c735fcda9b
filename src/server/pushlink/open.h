/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/open.h - makes a job of an entry of the outbox.
 * Layer: L4.      Threads: read-only once set up.      Blocks: no.
 * Secrets: opens tokens into the caller's buffer; its own key hides the store's from providers.
 */
#ifndef TG_SERVER_PUSHLINK_OPEN_H
#define TG_SERVER_PUSHLINK_OPEN_H

#include "base/rng.h"
#include "relay/note.h"
#include "server/pushlink/setup.h"

struct tg_push_opener {
    const struct tg_keyring *keyring;
    uint8_t collapse_key[32];
};

/* TG_E_CRYPTO. keyring is borrowed for good. */
TG_NODISCARD enum tg_err tg_push_opener_init(struct tg_push_opener *opener,
                                             const struct tg_keyring *keyring,
                                             const struct tg_rng *rng);

/* A tg_push_open_fn; ctx is the opener. */
enum tg_err tg_push_open(void *ctx, struct tg_push_ipc_job *out, struct tg_buf *scratch,
                         const struct tg_outbox_entry *entry);

#endif
