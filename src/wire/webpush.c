/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/webpush.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/reader.h"
#include "crypto/hkdf.h"

#include <string.h>

#define KEY_LEN 16u
#define IKM_LEN 32u
#define KEY_INFO_MAX 160u
#define LAST_RECORD 2u /* the delimiter behind a last record's data */

/* The terminating NUL is part of each. */
static const char key_info[] = "Content-Encoding: aes128gcm";
static const char nonce_info[] = "Content-Encoding: nonce";
static const char agreement_info[] = "WebPush: info";

/* ---- RFC 8188 ------------------------------------------------------------------------------- */

void tg_coding_keys_wipe(struct tg_coding_keys *keys)
{
    tg_secret_wipe(&keys->key);
    tg_secret_wipe(&keys->nonce);
}

/* RFC 8188 sections 2.2 and 2.3. */
enum tg_err tg_coding_derive(struct tg_coding_keys *keys, struct tg_bytes ikm, struct tg_bytes salt)
{
    struct tg_coding_keys made = { .key = { .len = 0 } };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_hkdf_sha256(&made.key, KEY_LEN, ikm, salt, TG_ARRAY_BYTES(key_info)));
    TG_TRY(tg_hkdf_sha256(&made.nonce, TG_AEAD_NONCE_LEN, ikm, salt, TG_ARRAY_BYTES(nonce_info)));
    *keys = made;
out:
    tg_coding_keys_wipe(&made);
    return err;
}

static void put_header(struct tg_buf *out, struct tg_bytes salt, uint32_t record_size,
                       struct tg_bytes key_id)
{
    tg_buf_append(out, salt);
    tg_buf_append_u32(out, record_size);
    tg_buf_append_u8(out, (uint8_t)key_id.len);
    tg_buf_append(out, key_id);
}

static enum tg_err put_padded(struct tg_buf *out, struct tg_bytes plain, size_t pad_len)
{
    tg_buf_append(out, plain);
    tg_buf_append_u8(out, LAST_RECORD);
    (void)tg_buf_extend(out, pad_len);
    return tg_buf_status(out);
}

enum tg_err tg_coding_encode(struct tg_buf *out, struct tg_bytes ikm, struct tg_bytes salt,
                             uint32_t record_size, struct tg_bytes key_id, struct tg_bytes plain,
                             size_t pad_len)
{
    struct tg_coding_keys keys = { .key = { .len = 0 } };
    size_t start = out->len;
    size_t padded = 0;
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, record_size);
    TG_REQUIRE(salt.len == TG_CODING_SALT_LEN, TG_E_BUG);
    TG_REQUIRE(record_size >= TG_CODING_RECORD_SIZE_MIN && key_id.len <= TG_CODING_KEY_ID_MAX,
               TG_E_LIMIT);
    TG_TRY(tg_num_add(&padded, plain.len, pad_len));
    TG_REQUIRE(padded <= record_size - 1 - TG_AEAD_TAG_LEN, TG_E_LIMIT);
    TG_TRY(tg_coding_derive(&keys, ikm, salt));
    TG_TRY(put_padded(&text, plain, pad_len));
    put_header(out, salt, record_size, key_id);
    TG_TRY(tg_buf_status(out));
    TG_TRY(tg_aead_seal(out, &keys.key, tg_secret_view(&keys.nonce), tg_bytes(NULL, 0),
                        tg_buf_view(&text)));
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    tg_buf_deinit(&text);
    tg_coding_keys_wipe(&keys);
    return err;
}

enum tg_err tg_coding_parse(struct tg_coding_body *body, struct tg_bytes text)
{
    struct tg_reader r = tg_reader_init(text);
    struct tg_coding_body found = { .record_size = 0 };

    found.salt = tg_reader_bytes(&r, TG_CODING_SALT_LEN);
    found.record_size = tg_reader_u32(&r);
    found.key_id = tg_reader_bytes(&r, tg_reader_u8(&r));
    found.record = r.rest;
    /* A body longer than one record has two. A body of exactly the record size is one record if its
       delimiter is that of a last record. */
    if (r.is_short || found.record_size < TG_CODING_RECORD_SIZE_MIN ||
        found.record.len <= TG_AEAD_TAG_LEN || found.record.len > found.record_size) {
        return TG_E_SYNTAX;
    }
    *body = found;
    return TG_OK;
}

/* The length of the content before delimiter and padding, or plain.len if the delimiter of a last
   record is missing. */
static size_t find_delimiter(struct tg_bytes plain)
{
    size_t at = plain.len;

    while (at > 0 && plain.ptr[at - 1] == 0) {
        at--;
    }
    return at > 0 && plain.ptr[at - 1] == LAST_RECORD ? at - 1 : plain.len;
}

enum tg_err tg_coding_open(struct tg_buf *out, struct tg_bytes ikm,
                           const struct tg_coding_body *body)
{
    struct tg_coding_keys keys = { .key = { .len = 0 } };
    struct tg_bytes plain = { NULL, 0 };
    size_t start = out->len;
    size_t len = 0;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_coding_derive(&keys, ikm, body->salt));
    TG_TRY(
        tg_aead_open(out, &keys.key, tg_secret_view(&keys.nonce), tg_bytes(NULL, 0), body->record));
    plain = tg_bytes_from(tg_buf_view(out), start);
    len = find_delimiter(plain);
    TG_REQUIRE(len < plain.len, TG_E_SYNTAX);
    tg_buf_truncate(out, start + len);
out:
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
    tg_coding_keys_wipe(&keys);
    return err;
}

/* ---- RFC 8291 ------------------------------------------------------------------------------- */

/* RFC 8291 section 3.4. */
enum tg_err tg_webpush_ikm(struct tg_secret *ikm, const struct tg_secret *shared,
                           const struct tg_webpush_receiver *receiver,
                           const uint8_t sender[TG_P256_PUBLIC_LEN])
{
    struct tg_buf info;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&info, KEY_INFO_MAX);
    TG_REQUIRE(receiver->auth.len == TG_WEBPUSH_AUTH_LEN && shared->len == TG_P256_PRIVATE_LEN,
               TG_E_CRYPTO);
    tg_buf_append(&info, TG_ARRAY_BYTES(agreement_info));
    tg_buf_append(&info, TG_ARRAY_BYTES(receiver->public_key));
    tg_buf_append(&info, tg_bytes(sender, TG_P256_PUBLIC_LEN));
    TG_TRY(tg_buf_status(&info));
    TG_TRY(tg_hkdf_sha256(ikm, IKM_LEN, tg_secret_view(shared), tg_secret_view(&receiver->auth),
                          tg_buf_view(&info)));
out:
    tg_buf_deinit(&info);
    return err;
}

enum tg_err tg_webpush_seal(struct tg_buf *out, const struct tg_webpush_receiver *receiver,
                            const struct tg_webpush_once *once, struct tg_bytes plain,
                            size_t padded_len)
{
    struct tg_secret shared = { .len = 0 };
    struct tg_secret ikm = { .len = 0 };
    uint8_t sender[TG_P256_PUBLIC_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(plain.len <= padded_len && padded_len <= TG_WEBPUSH_PLAIN_MAX, TG_E_LIMIT);
    TG_TRY(tg_p256_public(sender, &once->private_key));
    TG_TRY(tg_p256_shared(&shared, &once->private_key, TG_ARRAY_BYTES(receiver->public_key)));
    TG_TRY(tg_webpush_ikm(&ikm, &shared, receiver, sender));
    TG_TRY(tg_coding_encode(out, tg_secret_view(&ikm), TG_ARRAY_BYTES(once->salt),
                            TG_WEBPUSH_RECORD_SIZE, TG_ARRAY_BYTES(sender), plain,
                            padded_len - plain.len));
out:
    tg_secret_wipe(&ikm);
    tg_secret_wipe(&shared);
    return err;
}

enum tg_err tg_webpush_open(struct tg_buf *out, const struct tg_webpush_receiver *receiver,
                            const struct tg_secret *private_key, struct tg_bytes body)
{
    struct tg_coding_body parts = { .record_size = 0 };
    struct tg_secret shared = { .len = 0 };
    struct tg_secret ikm = { .len = 0 };
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(body.len <= TG_WEBPUSH_BODY_MAX, TG_E_LIMIT);
    TG_TRY(tg_coding_parse(&parts, body));
    TG_REQUIRE(parts.key_id.len == TG_P256_PUBLIC_LEN, TG_E_SYNTAX);
    TG_TRY(tg_p256_shared(&shared, private_key, parts.key_id));
    TG_TRY(tg_webpush_ikm(&ikm, &shared, receiver, parts.key_id.ptr));
    TG_TRY(tg_coding_open(out, tg_secret_view(&ikm), &parts));
out:
    tg_secret_wipe(&ikm);
    tg_secret_wipe(&shared);
    return err;
}
