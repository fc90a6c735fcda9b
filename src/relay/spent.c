/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/spent.h"

#include "base/mem.h"
#include "base/reader.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

#include <assert.h>
#include <string.h>

/* As in relay/seal.c: a NUL at the end, so that no label is the prefix of another one. */
#define LABEL_KEY TG_LIT("tigress spent token v2\0")
#define LABEL_REQUEST TG_LIT("tigress token spent for v2\0")
#define LABEL_SEAL TG_LIT("tigress spent token seal v2\0")

#define PLAIN_LEN (TG_SPENT_REQUEST_LEN + 8u)
#define AAD_LEN (2 * TG_STORE_KEY_LEN)

static_assert(TG_AEAD_NONCE_LEN + PLAIN_LEN + TG_AEAD_TAG_LEN <= TG_SPENT_SEALED_MAX,
              "the store has room for what is sealed");

static enum tg_err hash_of(uint8_t out[TG_SHA256_LEN], const struct tg_keyring *keyring,
                           struct tg_bytes label, const uint8_t hash[TG_TOKEN_HASH_LEN])
{
    const struct tg_bytes parts[] = { label, tg_bytes(hash, TG_TOKEN_HASH_LEN) };

    return tg_hmac_sha256(out, tg_secret_view(&keyring->index_key), parts, TG_COUNT(parts));
}

enum tg_err tg_spent_key(struct tg_store_key *out, const struct tg_keyring *keyring,
                         const uint8_t hash[TG_TOKEN_HASH_LEN])
{
    return hash_of(out->bytes, keyring, LABEL_KEY, hash);
}

enum tg_err tg_spent_request(uint8_t out[TG_SPENT_REQUEST_LEN], const struct tg_keyring *keyring,
                             const struct tg_store_key *mailbox, const uint8_t challenge[32])
{
    const struct tg_bytes parts[] = { LABEL_REQUEST, TG_ARRAY_BYTES(mailbox->bytes),
                                      tg_bytes(challenge, 32) };

    return tg_hmac_sha256(out, tg_secret_view(&keyring->index_key), parts, TG_COUNT(parts));
}

/* The key that seals, and the additional data: what is sealed cannot be moved to another token. */
static enum tg_err derive(struct tg_secret *key, uint8_t aad[AAD_LEN],
                          const struct tg_keyring *keyring, const struct tg_spent_token *token)
{
    enum tg_err err = TG_E_BUG;
    struct tg_store_key place;
    uint8_t derived[TG_SHA256_LEN] = { 0 };

    TG_TRY(tg_spent_key(&place, keyring, token->hash));
    TG_TRY(hash_of(derived, keyring, LABEL_SEAL, token->hash));
    memcpy(aad, token->series->bytes, TG_STORE_KEY_LEN);
    memcpy(aad + TG_STORE_KEY_LEN, place.bytes, TG_STORE_KEY_LEN);
    err = tg_secret_set(key, TG_ARRAY_BYTES(derived));
out:
    tg_mem_wipe(derived, sizeof(derived));
    return err;
}

enum tg_err tg_spent_seal(struct tg_buf *out, const struct tg_keyring *keyring,
                          const struct tg_spent_token *token,
                          const struct tg_spent_purpose *purpose, const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;
    size_t start = out->len;
    struct tg_secret key = { .len = 0 };
    uint8_t nonce[TG_AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    uint8_t plain[PLAIN_LEN];

    memcpy(plain, purpose->request, TG_SPENT_REQUEST_LEN);
    for (size_t i = 0; i < 8; i++) {
        plain[TG_SPENT_REQUEST_LEN + i] = (uint8_t)((uint64_t)purpose->expires_s >> (56 - 8 * i));
    }
    TG_TRY(derive(&key, aad, keyring, token));
    TG_TRY(tg_rng_fill(rng, nonce, sizeof(nonce)));
    tg_buf_append(out, TG_ARRAY_BYTES(nonce));
    TG_TRY(tg_buf_status(out));
    TG_TRY(
        tg_aead_seal(out, &key, TG_ARRAY_BYTES(nonce), TG_ARRAY_BYTES(aad), TG_ARRAY_BYTES(plain)));
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    tg_secret_wipe(&key);
    tg_mem_wipe(plain, sizeof(plain));
    return err;
}

enum tg_err tg_spent_open(struct tg_spent_purpose *out, const struct tg_keyring *keyring,
                          const struct tg_spent_token *token, struct tg_bytes sealed)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf plain;
    struct tg_reader r = tg_reader_init(sealed);
    struct tg_bytes nonce = tg_reader_bytes(&r, TG_AEAD_NONCE_LEN);
    struct tg_secret key = { .len = 0 };
    uint8_t aad[AAD_LEN];

    *out = (struct tg_spent_purpose){ .expires_s = 0 };
    tg_buf_init(&plain, PLAIN_LEN);
    TG_REQUIRE(sealed.len == TG_AEAD_NONCE_LEN + PLAIN_LEN + TG_AEAD_TAG_LEN, TG_E_CRYPTO);
    TG_TRY(derive(&key, aad, keyring, token));
    TG_TRY(tg_aead_open(&plain, &key, nonce, TG_ARRAY_BYTES(aad), r.rest));
    r = tg_reader_init(tg_buf_view(&plain));
    memcpy(out->request, tg_reader_bytes(&r, TG_SPENT_REQUEST_LEN).ptr, TG_SPENT_REQUEST_LEN);
    out->expires_s = (int64_t)tg_reader_u64(&r);
    TG_TRY(tg_reader_finish(&r));
    err = TG_OK;
out:
    tg_buf_deinit(&plain);
    tg_secret_wipe(&key);
    return err;
}
