/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/envelope.h"

#include "base/b64.h"
#include "base/mem.h"
#include "crypto/aead.h"

#include <string.h>

#define BUCKET_FIRST 512u
#define BUCKET_LAST_DOUBLED 32768u
#define RAW_MAX (TG_AEAD_NONCE_LEN + TG_ENVELOPE_PLAIN_MAX + TG_AEAD_TAG_LEN)
#define TEXT_MAX ((RAW_MAX + 2u) / 3u * 4u)

static const struct algorithm {
    size_t key_len;
    struct tg_bytes type;
} algorithms[] = {
    { 16, { (const uint8_t *)TG_ENVELOPE_AES128, sizeof(TG_ENVELOPE_AES128) - 1 } },
    { 32, { (const uint8_t *)TG_ENVELOPE_AES256, sizeof(TG_ENVELOPE_AES256) - 1 } },
};

struct tg_bytes tg_envelope_type(const struct tg_secret *secret)
{
    for (size_t i = 0; i < TG_COUNT(algorithms); i++) {
        if (algorithms[i].key_len == secret->len) {
            return algorithms[i].type;
        }
    }
    return tg_bytes(NULL, 0);
}

static const struct algorithm *find_type(struct tg_bytes type)
{
    for (size_t i = 0; i < TG_COUNT(algorithms); i++) {
        if (tg_bytes_is_equal(algorithms[i].type, type)) {
            return &algorithms[i];
        }
    }
    return NULL;
}

/* spec: protocol/7#padding-buckets */
size_t tg_envelope_bucket(size_t len)
{
    size_t bucket = BUCKET_FIRST;

    while (bucket < len && bucket < BUCKET_LAST_DOUBLED) {
        bucket *= 2;
    }
    if (bucket < len) {
        bucket = TG_ENVELOPE_PLAIN_MAX;
    }
    return len <= bucket ? bucket : 0;
}

enum tg_err tg_envelope_seal(struct tg_buf *out, const struct tg_secret *secret,
                             struct tg_bytes json, const struct tg_rng *rng)
{
    return tg_envelope_seal_bound(out, secret, tg_bytes(NULL, 0), json, rng);
}

/* spec: protocol/7#envelope
   Message, sealed bytes and their text are large: each exists once, and the sealing is in place. */
enum tg_err tg_envelope_seal_bound(struct tg_buf *out, const struct tg_secret *key,
                                   struct tg_bytes bound, struct tg_bytes json,
                                   const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf raw;
    size_t bucket = tg_envelope_bucket(json.len);
    size_t start = out->len;
    uint8_t nonce[TG_AEAD_NONCE_LEN] = { 0 };
    uint8_t *padded = NULL;

    tg_buf_init(&raw, RAW_MAX);
    TG_REQUIRE(bucket != 0, TG_E_LIMIT);
    TG_REQUIRE(tg_envelope_type(key).len > 0, TG_E_CRYPTO);
    TG_TRY(tg_rng_fill(rng, nonce, sizeof(nonce)));
    tg_buf_reserve(&raw, sizeof(nonce) + bucket + TG_AEAD_TAG_LEN);
    tg_buf_append(&raw, TG_ARRAY_BYTES(nonce));
    padded = tg_buf_extend(&raw, bucket);
    TG_REQUIRE(padded != NULL, tg_buf_status(&raw));
    memset(padded, ' ', bucket);
    if (json.len > 0) {
        memcpy(padded, json.ptr, json.len);
    }
    TG_TRY(tg_aead_seal_in_place(&raw, sizeof(nonce), key, TG_ARRAY_BYTES(nonce), bound));
    tg_b64_encode(out, tg_buf_view(&raw), TG_B64_STANDARD);
    TG_TRY(tg_buf_status(out));
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    tg_buf_deinit(&raw);
    return err;
}

enum tg_err tg_envelope_open(struct tg_buf *out, const struct tg_secret *secret,
                             const struct tg_payload *payload, struct tg_fault *fault)
{
    return tg_envelope_open_bound(out, secret, tg_bytes(NULL, 0), payload, fault);
}

/* Decodes the base64 of a nonce, a ciphertext and a tag. */
static enum tg_err decode(struct tg_buf *raw, struct tg_bytes data, struct tg_fault *fault)
{
    const struct tg_bytes alphabet =
        TG_LIT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
    size_t at = 0;

    if (data.len > TEXT_MAX) {
        tg_fault_set(fault, "payload.data: expected at most %u characters, got %zu", TEXT_MAX,
                     data.len);
        return TG_E_LIMIT;
    }
    if (tg_b64_decode(raw, data, TG_B64_STANDARD) == TG_OK) {
        if (raw->len >= TG_AEAD_NONCE_LEN + TG_AEAD_TAG_LEN) {
            return TG_OK;
        }
        tg_fault_set(fault, "payload.data: expected a nonce, a ciphertext and a tag, got %zu bytes",
                     raw->len);
        return TG_E_SYNTAX;
    }
    if (tg_buf_status(raw) == TG_E_LIMIT) {
        tg_fault_set(fault, "payload.data: expected at most %u bytes after decoding", RAW_MAX);
        return TG_E_LIMIT;
    }
    if (tg_buf_status(raw) == TG_E_NOMEM) {
        return TG_E_NOMEM;
    }
    while (at < data.len && tg_bytes_find(alphabet, data.ptr[at]) < alphabet.len) {
        at++;
    }
    if (at < data.len) {
        tg_fault_set(fault, "payload.data: expected base64, got another character at byte %zu", at);
    } else {
        tg_fault_set(fault,
                     "payload.data: expected base64 with padding, got %zu characters that "
                     "are not",
                     data.len);
    }
    return TG_E_SYNTAX;
}

static enum tg_err check_type(const struct tg_secret *key, const struct tg_payload *payload,
                              struct tg_fault *fault)
{
    const struct algorithm *algorithm = find_type(payload->type);

    if (algorithm == NULL) {
        tg_fault_set(fault, "payload.type: expected " TG_ENVELOPE_AES128 " or " TG_ENVELOPE_AES256);
        return TG_E_UNSUPPORTED;
    }
    if (algorithm->key_len != key->len) {
        tg_fault_set(fault,
                     "payload.type: expected the algorithm for a secret of %zu bytes, got "
                     "the one for %zu",
                     key->len, algorithm->key_len);
        return TG_E_CRYPTO;
    }
    return TG_OK;
}

/* Decrypts raw in place: the bytes behind the nonce become the padded message. */
static enum tg_err decode_and_open(struct tg_buf *raw, const struct tg_secret *key,
                                   struct tg_bytes bound, struct tg_bytes data,
                                   struct tg_fault *fault)
{
    enum tg_err err = decode(raw, data, fault);

    if (err == TG_OK) {
        err = tg_aead_open_in_place(raw, TG_AEAD_NONCE_LEN, key,
                                    tg_bytes_first(tg_buf_view(raw), TG_AEAD_NONCE_LEN), bound);
        if (err == TG_E_CRYPTO) {
            tg_fault_set(fault, "payload.data: does not decrypt with this secret; it was modified "
                                "or belongs to another transfer");
        }
    }
    return err;
}

enum tg_err tg_envelope_open_bound(struct tg_buf *out, const struct tg_secret *key,
                                   struct tg_bytes bound, const struct tg_payload *payload,
                                   struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf raw;

    tg_buf_init(&raw, RAW_MAX);
    TG_TRY(check_type(key, payload, fault));
    TG_TRY(decode_and_open(&raw, key, bound, payload->data, fault));
    tg_buf_consume(&raw, TG_AEAD_NONCE_LEN);
    if (out->len == 0 && out->max <= raw.max) {
        /* The message is large: it changes its owner instead of being copied. */
        TG_REQUIRE(raw.len <= out->max, TG_E_LIMIT);
        raw.max = out->max;
        tg_buf_deinit(out);
        *out = raw;
        tg_buf_init(&raw, 0);
    } else {
        tg_buf_append(out, tg_buf_view(&raw));
        TG_TRY(tg_buf_status(out));
    }
    err = TG_OK;
out:
    tg_buf_deinit(&raw);
    return err;
}
