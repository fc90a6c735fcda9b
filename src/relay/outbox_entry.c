/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/outbox_entry.h"

#include "base/mem.h"
#include "base/reader.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/hkdf.h"

#include <string.h>

#define LABEL_KEY TG_LIT("tigress outbox key v1\0")
#define LABEL_SEAL TG_LIT("tigress outbox v1")

#define FORMAT 1u
#define FORMAT_TOPIC 2u
#define HEAD_LEN 9u /* format and two lengths */
#define TOPIC_HEAD_LEN 4u
#define BUCKET_MIN 1024u /* the usual token of every provider fits */
#define SEALED_HEAD_LEN (4u + TG_AEAD_NONCE_LEN)

enum tg_err tg_outbox_entry_key(struct tg_store_key *out, const struct tg_keyring *keyring,
                                const struct tg_notification_token *token)
{
    uint8_t lens[2][4];
    struct tg_bytes parts[] = { LABEL_KEY,         TG_ARRAY_BYTES(lens[0]),
                                token->type,       TG_ARRAY_BYTES(lens[1]),
                                token->token_data, token->topic };

    for (unsigned i = 0; i < 4; i++) {
        lens[0][i] = (uint8_t)(token->type.len >> (24 - 8 * i));
        lens[1][i] = (uint8_t)(token->token_data.len >> (24 - 8 * i));
    }
    return tg_hmac_sha256(out->bytes, tg_secret_view(&keyring->index_key), parts, TG_COUNT(parts));
}

/* ---- the plaintext -------------------------------------------------------------------------- */

/* The padded length: a power of two, or the maximum if that is smaller. */
static size_t bucket_of(size_t len)
{
    size_t bucket = BUCKET_MIN;

    while (bucket < len) {
        bucket *= 2;
    }
    return bucket < TG_OUTBOX_ENTRY_PLAIN_MAX ? bucket : TG_OUTBOX_ENTRY_PLAIN_MAX;
}

static size_t len_of(const struct tg_notification_token *token)
{
    return HEAD_LEN + token->type.len + token->token_data.len +
           (token->topic.len > 0 ? TOPIC_HEAD_LEN + token->topic.len : 0);
}

static void append_sized(struct tg_buf *out, struct tg_bytes text)
{
    tg_buf_append_u32(out, (uint32_t)text.len);
    tg_buf_append(out, text);
}

enum tg_err tg_outbox_entry_encode(struct tg_buf *out, const struct tg_notification_token *token)
{
    enum tg_err err = TG_E_BUG;
    size_t start = out->len;
    size_t len = 0;
    uint8_t *pad = NULL;

    TG_REQUIRE(token->type.len <= TG_OUTBOX_ENTRY_PLAIN_MAX &&
                   token->token_data.len <= TG_OUTBOX_ENTRY_PLAIN_MAX &&
                   token->topic.len <= TG_TOKEN_TOPIC_MAX,
               TG_E_LIMIT);
    len = len_of(token);
    TG_REQUIRE(len <= TG_OUTBOX_ENTRY_PLAIN_MAX, TG_E_LIMIT);
    tg_buf_append_u8(out, token->topic.len > 0 ? FORMAT_TOPIC : FORMAT);
    append_sized(out, token->type);
    append_sized(out, token->token_data);
    if (token->topic.len > 0) {
        append_sized(out, token->topic);
    }
    pad = tg_buf_extend(out, bucket_of(len) - len);
    TG_TRY(tg_buf_status(out));
    if (pad != NULL) {
        memset(pad, 0, bucket_of(len) - len);
    }
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    return err;
}

static bool is_zero(struct tg_bytes data)
{
    for (size_t i = 0; i < data.len; i++) {
        if (data.ptr[i] != 0) {
            return false;
        }
    }
    return true;
}

enum tg_err tg_outbox_entry_decode(struct tg_notification_token *token, struct tg_bytes plain)
{
    struct tg_reader r = tg_reader_init(plain);
    uint8_t format = tg_reader_u8(&r);
    struct tg_notification_token read = { .is_present = true };
    struct tg_bytes pad = { NULL, 0 };
    size_t len = 0;

    read.type = tg_reader_bytes(&r, tg_reader_u32(&r));
    read.token_data = tg_reader_bytes(&r, tg_reader_u32(&r));
    if (format == FORMAT_TOPIC) {
        read.topic = tg_reader_bytes(&r, tg_reader_u32(&r));
    }
    len = len_of(&read);
    pad = tg_reader_bytes(&r, plain.len >= len ? plain.len - len : 0);
    if (tg_reader_finish(&r) != TG_OK || format != (read.topic.len > 0 ? FORMAT_TOPIC : FORMAT) ||
        read.topic.len > TG_TOKEN_TOPIC_MAX || plain.len > TG_OUTBOX_ENTRY_PLAIN_MAX ||
        plain.len != bucket_of(len) || !is_zero(pad)) {
        return TG_E_SYNTAX;
    }
    *token = read;
    return TG_OK;
}

/* ---- sealed --------------------------------------------------------------------------------- */

static enum tg_err derive(struct tg_secret *out, const struct tg_seal_key *seal_key,
                          const struct tg_store_key *key)
{
    return tg_hkdf_sha256(out, TG_RELAY_KEY_LEN, tg_secret_view(&seal_key->key),
                          TG_ARRAY_BYTES(key->bytes), LABEL_SEAL);
}

enum tg_err tg_outbox_entry_seal(struct tg_buf *out, const struct tg_keyring *keyring,
                                 const struct tg_store_key *key,
                                 const struct tg_notification_token *token,
                                 const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;
    const struct tg_seal_key *seal_key = tg_keyring_current(keyring);
    size_t start = out->len;
    uint8_t nonce[TG_AEAD_NONCE_LEN];
    struct tg_secret secret = { .len = 0 };
    struct tg_buf plain;

    tg_buf_init(&plain, TG_OUTBOX_ENTRY_PLAIN_MAX);
    TG_REQUIRE(seal_key != NULL, TG_E_BUG);
    TG_TRY(tg_outbox_entry_encode(&plain, token));
    TG_TRY(derive(&secret, seal_key, key));
    TG_TRY(tg_rng_fill(rng, nonce, sizeof(nonce)));
    tg_buf_append_u32(out, seal_key->id);
    tg_buf_append(out, TG_ARRAY_BYTES(nonce));
    TG_TRY(tg_buf_status(out));
    TG_TRY(tg_aead_seal(out, &secret, TG_ARRAY_BYTES(nonce), TG_ARRAY_BYTES(key->bytes),
                        tg_buf_view(&plain)));
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    tg_mem_wipe(&secret, sizeof(secret));
    tg_buf_deinit(&plain);
    return err;
}

enum tg_err tg_outbox_entry_open(struct tg_buf *plain, struct tg_notification_token *token,
                                 const struct tg_keyring *keyring, const struct tg_store_key *key,
                                 struct tg_bytes sealed)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reader r = tg_reader_init(sealed);
    const struct tg_seal_key *seal_key = tg_keyring_find(keyring, tg_reader_u32(&r));
    struct tg_bytes nonce = tg_reader_bytes(&r, TG_AEAD_NONCE_LEN);
    struct tg_secret secret = { .len = 0 };
    size_t start = plain->len;

    TG_REQUIRE(sealed.len >= SEALED_HEAD_LEN + TG_AEAD_TAG_LEN && seal_key != NULL, TG_E_CRYPTO);
    TG_TRY(derive(&secret, seal_key, key));
    TG_TRY(tg_aead_open(plain, &secret, nonce, TG_ARRAY_BYTES(key->bytes), r.rest));
    TG_TRY(tg_outbox_entry_decode(token, tg_bytes_from(tg_buf_view(plain), start)));
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_buf_truncate(plain, start);
    }
    tg_mem_wipe(&secret, sizeof(secret));
    return err;
}
