/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/seal.h"

#include "base/mem.h"
#include "base/reader.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/hkdf.h"

#include <string.h>

/* Labels separate the uses of one key. Those of hashes end in a NUL, so that no label is the prefix
   of another label with its fields. */
#define LABEL_MAILBOX_ID TG_LIT("tigress mailbox id v1\0")
#define LABEL_STORE_KEY TG_LIT("tigress store key v1\0")
#define LABEL_CLAIM TG_LIT("tigress device claim v1\0")
#define LABEL_REQUEST TG_LIT("tigress request id v1\0")
#define LABEL_RECORD TG_LIT("tigress record v1")

#define AAD_LEN (TG_STORE_KEY_LEN + 16u)
#define SEALED_HEAD_LEN (4u + TG_AEAD_NONCE_LEN)

/* ---- keyed hashes --------------------------------------------------------------------------- */

/* The first out_len bytes of an HMAC over label, fixed-size part, 2-byte length of rest, rest. */
static enum tg_err keyed_hash(uint8_t *out, size_t out_len, const struct tg_keyring *keyring,
                              struct tg_bytes label, const struct tg_uuid *fixed,
                              struct tg_bytes rest)
{
    enum tg_err err = TG_E_BUG;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    uint8_t rest_len[2] = { (uint8_t)(rest.len >> 8), (uint8_t)rest.len };
    struct tg_bytes parts[] = { label, TG_ARRAY_BYTES(fixed->bytes), TG_ARRAY_BYTES(rest_len),
                                rest };

    TG_REQUIRE(rest.len <= UINT16_MAX && out_len <= sizeof(hash), TG_E_BUG);
    TG_TRY(tg_hmac_sha256(hash, tg_secret_view(&keyring->index_key), parts, TG_COUNT(parts)));
    memcpy(out, hash, out_len);
    err = TG_OK;
out:
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

/* spec: protocol/3#identifier-derived */
enum tg_err tg_seal_mailbox_id(struct tg_uuid *out, const struct tg_keyring *keyring,
                               const struct tg_uuid *claim, struct tg_bytes request_id)
{
    /* Into *out at once: a local copy would stay on the stack. */
    enum tg_err err =
        keyed_hash(out->bytes, sizeof(out->bytes), keyring, LABEL_MAILBOX_ID, claim, request_id);

    if (err == TG_OK) {
        tg_uuid_set_v4(out);
    }
    return err;
}

enum tg_err tg_seal_store_key(struct tg_store_key *out, const struct tg_keyring *keyring,
                              const struct tg_uuid *mailbox)
{
    return keyed_hash(out->bytes, sizeof(out->bytes), keyring, LABEL_STORE_KEY, mailbox,
                      TG_LIT(""));
}

enum tg_err tg_seal_claim_hash(struct tg_claim_hash *out, const struct tg_keyring *keyring,
                               const struct tg_uuid *mailbox, const struct tg_uuid *claim)
{
    return keyed_hash(out->bytes, sizeof(out->bytes), keyring, LABEL_CLAIM, mailbox,
                      TG_ARRAY_BYTES(claim->bytes));
}

enum tg_err tg_seal_request_hash(struct tg_request_hash *out, const struct tg_keyring *keyring,
                                 const struct tg_uuid *mailbox, struct tg_bytes request_id)
{
    return keyed_hash(out->bytes, sizeof(out->bytes), keyring, LABEL_REQUEST, mailbox, request_id);
}

/* ---- records -------------------------------------------------------------------------------- */

static enum tg_err derive(struct tg_seal_record_key *out, const struct tg_seal_key *seal_key,
                          const struct tg_uuid *mailbox)
{
    enum tg_err err = TG_E_BUG;

    tg_seal_record_key_wipe(out);
    TG_TRY(tg_hkdf_sha256(&out->key, TG_RELAY_KEY_LEN, tg_secret_view(&seal_key->key),
                          TG_ARRAY_BYTES(mailbox->bytes), LABEL_RECORD));
    out->id = seal_key->id;
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_seal_record_key_derive(struct tg_seal_record_key *out,
                                      const struct tg_keyring *keyring,
                                      const struct tg_uuid *mailbox)
{
    const struct tg_seal_key *seal_key = tg_keyring_current(keyring);

    tg_seal_record_key_wipe(out);
    return seal_key == NULL ? TG_E_BUG : derive(out, seal_key, mailbox);
}

void tg_seal_record_key_wipe(struct tg_seal_record_key *key)
{
    tg_mem_wipe(key, sizeof(*key));
}

static void build_aad(uint8_t aad[AAD_LEN], const struct tg_store_key *key, uint64_t version,
                      int64_t expires_s)
{
    memcpy(aad, key->bytes, TG_STORE_KEY_LEN);
    for (size_t i = 0; i < 8; i++) {
        aad[TG_STORE_KEY_LEN + i] = (uint8_t)(version >> (56 - 8 * i));
        aad[TG_STORE_KEY_LEN + 8 + i] = (uint8_t)((uint64_t)expires_s >> (56 - 8 * i));
    }
}

enum tg_err tg_seal_record(struct tg_buf *out, const struct tg_seal_record_key *record_key,
                           const struct tg_store_key *key, uint64_t version, int64_t expires_s,
                           struct tg_bytes plain, const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;
    size_t start = out->len;
    uint8_t nonce[TG_AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];

    TG_REQUIRE(record_key->id != 0, TG_E_BUG);
    build_aad(aad, key, version, expires_s);
    TG_TRY(tg_rng_fill(rng, nonce, sizeof(nonce)));
    tg_buf_append_u32(out, record_key->id);
    tg_buf_append(out, TG_ARRAY_BYTES(nonce));
    TG_TRY(tg_buf_status(out));
    TG_TRY(tg_aead_seal(out, &record_key->key, TG_ARRAY_BYTES(nonce), TG_ARRAY_BYTES(aad), plain));
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    return err;
}

enum tg_err tg_seal_record_open(struct tg_buf *out, const struct tg_keyring *keyring,
                                const struct tg_uuid *mailbox,
                                const struct tg_seal_record_key *record_key,
                                const struct tg_store_key *key,
                                const struct tg_store_record *record)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reader r = tg_reader_init(record->sealed);
    uint32_t id = tg_reader_u32(&r);
    struct tg_bytes nonce = tg_reader_bytes(&r, TG_AEAD_NONCE_LEN);
    struct tg_seal_record_key older = { .id = 0 };
    uint8_t aad[AAD_LEN];

    TG_REQUIRE(record->sealed.len >= SEALED_HEAD_LEN + TG_AEAD_TAG_LEN && id != 0, TG_E_CRYPTO);
    if (id != record_key->id) {
        const struct tg_seal_key *seal_key = tg_keyring_find(keyring, id);

        TG_REQUIRE(seal_key != NULL, TG_E_CRYPTO);
        TG_TRY(derive(&older, seal_key, mailbox));
        record_key = &older;
    }
    build_aad(aad, key, record->version, record->expires_s);
    TG_TRY(tg_aead_open(out, &record_key->key, nonce, TG_ARRAY_BYTES(aad), r.rest));
    err = TG_OK;
out:
    tg_seal_record_key_wipe(&older);
    return err;
}

uint32_t tg_seal_key_id(struct tg_bytes sealed)
{
    struct tg_reader r = tg_reader_init(sealed);

    return sealed.len <= SEALED_HEAD_LEN + TG_AEAD_TAG_LEN ? 0 : tg_reader_u32(&r);
}
