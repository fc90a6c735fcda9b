/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/outbox_entry.h - the sealed form of an outbox entry: the token that a push goes to.
 * Layer: L2 (base, crypto, wire).   Threads: any.   Blocks: no.
 * Secrets: tokens; the caller of tg_outbox_entry_open wipes them.
 * spec: protocol/4#one-push-a-token
 *
 *   key     HMAC(index key, token type, token data, topic if there is one): one entry a token, for
 *           changes of any number of mailboxes; it does not lead from the token to a mailbox
 *   sealed  key id || nonce || AES-256-GCM(HKDF(seal key, key), token), padded, so that its length
 *           does not reveal the type; additional data: key
 */
#ifndef TG_RELAY_OUTBOX_ENTRY_H
#define TG_RELAY_OUTBOX_ENTRY_H

#include "relay/seal.h"
#include "wire/types.h"

#define TG_OUTBOX_ENTRY_PLAIN_MAX 16352u /* with what sealing adds: TG_OUTBOX_SEALED_MAX */

/* TG_E_CRYPTO when the library fails. */
TG_NODISCARD enum tg_err tg_outbox_entry_key(struct tg_store_key *out,
                                             const struct tg_keyring *keyring,
                                             const struct tg_notification_token *token);
/*
 * Appends the sealed form, under the key that seals now.
 * TG_E_LIMIT, TG_E_NOMEM, TG_E_CRYPTO; out is then as long as before
 */
TG_NODISCARD enum tg_err tg_outbox_entry_seal(struct tg_buf *out, const struct tg_keyring *keyring,
                                              const struct tg_store_key *key,
                                              const struct tg_notification_token *token,
                                              const struct tg_rng *rng);
/*
 * Appends the plaintext to plain; *token views it.
 * TG_E_CRYPTO   unknown key id, or it does not verify
 * TG_E_SYNTAX   the plaintext is not an outbox entry
 * TG_E_NOMEM    *token is untouched in all three; plain is as long as before
 */
TG_NODISCARD enum tg_err tg_outbox_entry_open(struct tg_buf *plain,
                                              struct tg_notification_token *token,
                                              const struct tg_keyring *keyring,
                                              const struct tg_store_key *key,
                                              struct tg_bytes sealed);

/* The plaintext: u8 format, u32 length and type, u32 length and data, with format 2 u32 length and
   topic, zeros up to the bucket. Format 1 is that of a token without a topic. An entry that was
   decoded encodes to the same bytes. */
TG_NODISCARD enum tg_err tg_outbox_entry_encode(struct tg_buf *out,
                                                const struct tg_notification_token *token);
/* TG_E_SYNTAX; *token views plain. */
TG_NODISCARD enum tg_err tg_outbox_entry_decode(struct tg_notification_token *token,
                                                struct tg_bytes plain);

#endif
