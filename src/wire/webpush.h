/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/webpush.h - the body of a Web Push message: the aes128gcm content coding of one record, and
 * the key agreement between an application server and the subscription of a user agent.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: keys and plaintext, borrowed for the call.
 * spec: RFC 8188 section 2, RFC 8291 sections 3 and 4.
 */
#ifndef TG_WIRE_WEBPUSH_H
#define TG_WIRE_WEBPUSH_H

#include "base/buf.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/p256.h"

/* ---- RFC 8188: aes128gcm, one record -------------------------------------------------------- */

#define TG_CODING_SALT_LEN 16u
#define TG_CODING_FIXED_LEN 21u   /* salt, record size, length of the key id */
#define TG_CODING_KEY_ID_MAX 255u /* bytes */
#define TG_CODING_RECORD_SIZE_MIN 18u

struct tg_coding_keys {
    struct tg_secret key;   /* 16 bytes */
    struct tg_secret nonce; /* TG_AEAD_NONCE_LEN bytes: of the first record */
};

/* The caller wipes keys, which are untouched on failure. */
TG_NODISCARD enum tg_err tg_coding_derive(struct tg_coding_keys *keys, struct tg_bytes ikm,
                                          struct tg_bytes salt);
void tg_coding_keys_wipe(struct tg_coding_keys *keys);

struct tg_coding_body {
    struct tg_bytes salt;   /* TG_CODING_SALT_LEN bytes */
    uint32_t record_size;   /* at least TG_CODING_RECORD_SIZE_MIN */
    struct tg_bytes key_id; /* up to TG_CODING_KEY_ID_MAX bytes */
    struct tg_bytes record; /* the only one: ciphertext and tag */
};

/*
 * Appends a body of one record: plain, a delimiter, pad_len zeros.
 *   salt          TG_CODING_SALT_LEN bytes; the caller must not repeat it with this ikm
 *   record_size   of the header; the record may be shorter
 * TG_E_LIMIT   key_id, or a record that is longer than record_size; also as tg_buf
 * out is as long as before on failure.
 */
TG_NODISCARD enum tg_err tg_coding_encode(struct tg_buf *out, struct tg_bytes ikm,
                                          struct tg_bytes salt, uint32_t record_size,
                                          struct tg_bytes key_id, struct tg_bytes plain,
                                          size_t pad_len);

/* Views into text. TG_E_SYNTAX: truncated, a record size below the minimum, or not exactly one
   record. */
TG_NODISCARD enum tg_err tg_coding_parse(struct tg_coding_body *body, struct tg_bytes text);

/*
 * Appends the content of the record, without delimiter and padding.
 * TG_E_CRYPTO   does not verify
 * TG_E_SYNTAX   verifies, but lacks the delimiter of a last record
 * out is as long as before on failure.
 */
TG_NODISCARD enum tg_err tg_coding_open(struct tg_buf *out, struct tg_bytes ikm,
                                        const struct tg_coding_body *body);

/* ---- RFC 8291: Web Push --------------------------------------------------------------------- */

#define TG_WEBPUSH_AUTH_LEN 16u
#define TG_WEBPUSH_BODY_MAX 4096u  /* every push service accepts this many bytes */
#define TG_WEBPUSH_HEADER_LEN 86u  /* TG_CODING_FIXED_LEN and a public key */
#define TG_WEBPUSH_PLAIN_MAX 3993u /* the maximum minus header, delimiter and tag */
#define TG_WEBPUSH_RECORD_SIZE 4096u

/* The receiver, as its subscription describes it. */
struct tg_webpush_receiver {
    uint8_t public_key[TG_P256_PUBLIC_LEN];
    struct tg_secret auth; /* TG_WEBPUSH_AUTH_LEN bytes */
};

/* Random values of one message, used once. */
struct tg_webpush_once {
    uint8_t salt[TG_CODING_SALT_LEN];
    struct tg_secret private_key;
};

/*
 * The input key material that both sides derive a message's keys from.
 *   shared    of tg_p256_shared()
 *   sender    the public key that belongs to the message
 */
TG_NODISCARD enum tg_err tg_webpush_ikm(struct tg_secret *ikm, const struct tg_secret *shared,
                                        const struct tg_webpush_receiver *receiver,
                                        const uint8_t sender[TG_P256_PUBLIC_LEN]);

/*
 * Appends the body of a message whose plaintext is padded to padded_len bytes.
 * TG_E_LIMIT   plain is longer than padded_len, or padded_len exceeds TG_WEBPUSH_PLAIN_MAX
 * TG_E_SYNTAX  the receiver's key is not a point of the curve
 * TG_E_CRYPTO  a key or auth of another length, or the library failed
 * out is as long as before on failure.
 */
TG_NODISCARD enum tg_err tg_webpush_seal(struct tg_buf *out,
                                         const struct tg_webpush_receiver *receiver,
                                         const struct tg_webpush_once *once, struct tg_bytes plain,
                                         size_t padded_len);

/*
 * The other direction: appends the plaintext without padding.
 *   private_key   the receiver's
 * TG_E_LIMIT    body is longer than TG_WEBPUSH_BODY_MAX
 * TG_E_SYNTAX   not one record, or it has no sender's key
 * TG_E_CRYPTO   does not verify, or the library failed
 * out is as long as before on failure.
 */
TG_NODISCARD enum tg_err tg_webpush_open(struct tg_buf *out,
                                         const struct tg_webpush_receiver *receiver,
                                         const struct tg_secret *private_key, struct tg_bytes body);

#endif
