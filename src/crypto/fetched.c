/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/fetched.h"

#include <pthread.h>

/* fetch_all writes it once, under fetch_once; then it is read-only. It is never freed, because a
   thread may hash while the process ends. */
static struct {
    EVP_MD *sha256;
    EVP_CIPHER *aes_128_gcm;
    EVP_CIPHER *aes_256_gcm;
} fetched;
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void fetch_all(void)
{
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    fetched.aes_128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    fetched.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

const EVP_MD *tg_fetched_sha256(void)
{
    return pthread_once(&fetch_once, fetch_all) == 0 ? fetched.sha256 : NULL;
}

const EVP_CIPHER *tg_fetched_aes_gcm(size_t key_len)
{
    if (pthread_once(&fetch_once, fetch_all) != 0) {
        return NULL;
    }
    return key_len == 16 ? fetched.aes_128_gcm : key_len == 32 ? fetched.aes_256_gcm : NULL;
}
