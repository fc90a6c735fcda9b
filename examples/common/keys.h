/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/keys.h - the cryptography of the credentials: P-256 signatures and HMAC, by OpenSSL.
 * The transfer itself does not need it. All values are text: keys and signatures in base64, hashes
 * and random values in hexadecimal digits. label is the purpose of a signature: a signature for one
 * purpose is not valid for another.
 */
#ifndef EXAMPLES_KEYS_H
#define EXAMPLES_KEYS_H

#include <openssl/evp.h>
#include <stdbool.h>

#define PUBLIC_KEY_MAX 160u /* with the NUL, as all of these */
#define SIGNATURE_MAX 128u
#define HEX_MAX 65u /* 32 bytes */

/* The device's own key: FOLDER/key.pem, made when there is none. NULL: reported. EVP_PKEY_free().
 */
EVP_PKEY *key_open(const char *folder);
bool key_public(EVP_PKEY *key, char out[PUBLIC_KEY_MAX]);
#define KEY_POINT_LEN 65u
/* The public key as a point, 04, x, y. */
bool key_point(EVP_PKEY *key, unsigned char out[KEY_POINT_LEN]);
/* label, a NUL, text: no other pair gives the same bytes. For free(). */
unsigned char *key_labelled(const char *label, const char *text, size_t *len);
/* The text of labelled bytes, for free(). */
bool key_text_of(const unsigned char *bytes, size_t len, char **text);
/* In DER; *len is the room, then the length. */
bool key_sign_bytes(EVP_PKEY *key, const unsigned char *bytes, size_t len, unsigned char *der,
                    size_t *der_len);
bool key_to_base64(char *out, size_t cap, const unsigned char *data, size_t len);
bool key_sign(EVP_PKEY *key, const char *label, const char *text, char out[SIGNATURE_MAX]);
/* false when any part is wrong. */
bool key_verify(const char *public_key, const char *label, const char *text, const char *signature);

/* 32 random bytes. */
bool random_hex(char out[HEX_MAX]);
bool hash_hex(const char *text, char out[HEX_MAX]);
/* HMAC-SHA-256 under a key of 64 hexadecimal digits. */
bool mac_hex(const char *key, const char *label, const char *text, char out[HEX_MAX]);
/* In constant time. */
bool is_same_secret(const char *a, const char *b);

#endif
