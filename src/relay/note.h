/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/note.h - an outbox entry: which token is to be told, sealed.
 * Layer: L2 (base, crypto, wire).   Threads: any.   Blocks: no.
 * Secrets: tokens; what opens one wipes it.
 * spec: protocol/4#one-push-a-token
 *
 *   key     HMAC(index key, token type, token data): one entry a token, whatever changes and
 *           mailboxes it is told of, and nothing that leads from the token to either
 *   sealed  key id || nonce || AES-256-GCM(HKDF(seal key, key), token), padded, so that its length
 *           does not tell the type; additional data: key
 */
#ifndef TG_RELAY_NOTE_H
#define TG_RELAY_NOTE_H

#include "relay/seal.h"
#include "wire/types.h"

#define TG_NOTE_PLAIN_MAX 16352u /* with what sealing adds: TG_OUTBOX_SEALED_MAX */

/* TG_E_CRYPTO when the library fails. */
TG_NODISCARD enum tg_err tg_note_key(struct tg_store_key *out, const struct tg_keyring *keyring,
                                     const struct tg_notification_token *token);
/*
 * Appends the sealed form, under the key that seals now.
 * TG_E_LIMIT, TG_E_NOMEM, TG_E_CRYPTO; out is then as long as before
 */
TG_NODISCARD enum tg_err tg_note_seal(struct tg_buf *out, const struct tg_keyring *keyring,
                                      const struct tg_store_key *key,
                                      const struct tg_notification_token *token,
                                      const struct tg_rng *rng);
/*
 * Appends the plaintext to plain; *token views it.
 * TG_E_CRYPTO   unknown key id, or it does not verify
 * TG_E_SYNTAX   no form of ours
 * TG_E_NOMEM    *token is untouched in all three; plain is as long as before
 */
TG_NODISCARD enum tg_err tg_note_open(struct tg_buf *plain, struct tg_notification_token *token,
                                      const struct tg_keyring *keyring,
                                      const struct tg_store_key *key, struct tg_bytes sealed);

/* The plaintext: u8 format, u32 length and type, u32 length and data, zeros up to the bucket. What
   decodes, encodes to the same bytes again. */
TG_NODISCARD enum tg_err tg_note_encode(struct tg_buf *out,
                                        const struct tg_notification_token *token);
/* TG_E_SYNTAX; *token views plain. */
TG_NODISCARD enum tg_err tg_note_decode(struct tg_notification_token *token, struct tg_bytes plain);

#endif
