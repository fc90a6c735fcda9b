/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/spent.h - what the store keeps of a spent private token.
 * Layer: L2 (base, crypto, store.h).   Threads: any.   Blocks: no.
 * Secrets: uses the relay's index key and the hash of a token, which the store does not get.
 * spec: protocol/6#spent-sealed
 *
 *   key     = HMAC(index key, label, token hash)
 *   sealed  = nonce, AES-256-GCM(HMAC(index key, other label, token hash), purpose)
 *             additional data: series, key
 *
 * The token hash is SHA-256 of what the token signs. It is stored nowhere, so the store and the key
 * file together do not open what is sealed: only a request that carries the token does.
 */
#ifndef TG_RELAY_SPENT_H
#define TG_RELAY_SPENT_H

#include "base/rng.h"
#include "relay/keyring.h"
#include "store/store.h"

#define TG_TOKEN_HASH_LEN 32u
#define TG_SPENT_REQUEST_LEN 32u

/* The create that a token was spent for. */
struct tg_spent_purpose {
    uint8_t request[TG_SPENT_REQUEST_LEN]; /* a hash of mailbox and challenge */
    int64_t expires_s;                     /* of the mailbox */
};

/* A spent token and its series, for the calls below; borrowed. */
struct tg_spent_token {
    const uint8_t *hash; /* TG_TOKEN_HASH_LEN bytes */
    const struct tg_store_key *series;
};

/* The key in the store. TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_spent_key(struct tg_store_key *out, const struct tg_keyring *keyring,
                                      const uint8_t hash[TG_TOKEN_HASH_LEN]);
/* The request of a purpose: the mailbox's key in the store and the attestation challenge, which
   covers claim, request id and payload. TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_spent_request(uint8_t out[TG_SPENT_REQUEST_LEN],
                                          const struct tg_keyring *keyring,
                                          const struct tg_store_key *mailbox,
                                          const uint8_t challenge[32]);
/* Appends what is sealed. TG_E_NOMEM, TG_E_LIMIT, TG_E_CRYPTO; out is then as long as before. */
TG_NODISCARD enum tg_err tg_spent_seal(struct tg_buf *out, const struct tg_keyring *keyring,
                                       const struct tg_spent_token *token,
                                       const struct tg_spent_purpose *purpose,
                                       const struct tg_rng *rng);
/* TG_E_CRYPTO: it does not verify; *out is all zero. TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_spent_open(struct tg_spent_purpose *out,
                                       const struct tg_keyring *keyring,
                                       const struct tg_spent_token *token, struct tg_bytes sealed);

#endif
