/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/fetched.h - the algorithms of libcrypto that this folder uses, fetched once.
 * Layer: L1, for crypto/ alone.      Threads: any.      Blocks: the first call fetches them.
 * Secrets: none.
 *
 * In OpenSSL 3 each use of an algorithm by name searches the providers under a lock, which takes
 * longer than hashing a kilobyte. docs/decisions/0002-crypto-fetch-once.md explains why this is the
 * only file-scope state outside main.c.
 */
#ifndef TG_CRYPTO_FETCHED_H
#define TG_CRYPTO_FETCHED_H

#include <openssl/evp.h>
#include <stddef.h>

/* NULL when the library does not offer it. Valid for the life of the process. */
const EVP_MD *tg_fetched_sha256(void);
/* AES-GCM for a key of key_len bytes; NULL also for a length other than 16 and 32. */
const EVP_CIPHER *tg_fetched_aes_gcm(size_t key_len);

#endif
