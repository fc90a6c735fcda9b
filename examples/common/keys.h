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
