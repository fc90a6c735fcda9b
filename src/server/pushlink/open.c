/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/open.h"

#include "crypto/digest.h"

enum tg_err tg_push_opener_init(struct tg_push_opener *opener, const struct tg_keyring *keyring,
                                const struct tg_rng *rng)
{
    opener->keyring = keyring;
    return tg_rng_fill(rng, opener->collapse_key, sizeof(opener->collapse_key));
}

enum tg_err tg_push_open(void *ctx, struct tg_push_ipc_job *out, struct tg_buf *scratch,
                         const struct tg_outbox_entry *entry)
{
    const struct tg_push_opener *opener = ctx;
    struct tg_notification_token token = { .is_present = false };
    struct tg_push_ipc_job job = { .expires_s = entry->expires_s };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_outbox_entry_open(scratch, &token, opener->keyring, &entry->key, entry->sealed));
    /* The provider sees this value. A separate key hides the key of the outbox entry. */
    TG_TRY(tg_hmac_sha256(job.collapse, TG_ARRAY_BYTES(opener->collapse_key),
                          &(struct tg_bytes){ entry->key.bytes, sizeof(entry->key.bytes) }, 1));
    job.token_type = token.type;
    job.token_topic = token.topic;
    job.token_data = token.token_data;
    *out = job;
out:
    return err;
}
