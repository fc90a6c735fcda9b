/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/issuers.h"

#include "base/mem.h"
#include "crypto/digest.h"

#include <pthread.h>
#include <string.h>

struct place {
    uint8_t hash[TG_SHA256_LEN]; /* of the bytes */
    X509 *cert;                  /* NULL: free */
};

struct tg_attest_issuers {
    pthread_mutex_t lock;
    size_t next; /* the place that is taken next */
    struct place places[TG_ATTEST_ISSUERS_MAX];
};

enum tg_err tg_attest_issuers_new(struct tg_attest_issuers **out)
{
    struct tg_attest_issuers *issuers = tg_mem_calloc(1, sizeof(*issuers));

    if (issuers == NULL) {
        return TG_E_NOMEM;
    }
    if (pthread_mutex_init(&issuers->lock, NULL) != 0) {
        tg_mem_free(issuers);
        return TG_E_NOMEM;
    }
    *out = issuers;
    return TG_OK;
}

void tg_attest_issuers_free(struct tg_attest_issuers **issuers)
{
    if (*issuers != NULL) {
        for (size_t i = 0; i < TG_ATTEST_ISSUERS_MAX; i++) {
            X509_free((*issuers)->places[i].cert);
        }
        (void)pthread_mutex_destroy(&(*issuers)->lock);
        tg_mem_free(*issuers);
        *issuers = NULL;
    }
}

static X509 *find_locked(const struct tg_attest_issuers *issuers, const uint8_t hash[TG_SHA256_LEN])
{
    for (size_t i = 0; i < TG_ATTEST_ISSUERS_MAX; i++) {
        const struct place *place = &issuers->places[i];

        if (place->cert != NULL &&
            tg_bytes_is_equal(TG_ARRAY_BYTES(place->hash), tg_bytes(hash, TG_SHA256_LEN))) {
            return place->cert;
        }
    }
    return NULL;
}

X509 *tg_attest_issuers_find(struct tg_attest_issuers *issuers, struct tg_bytes der)
{
    uint8_t hash[TG_SHA256_LEN];
    X509 *found = NULL;

    if (tg_sha256(hash, der) != TG_OK) {
        return NULL;
    }
    (void)pthread_mutex_lock(&issuers->lock);
    found = find_locked(issuers, hash);
    if (found != NULL && X509_up_ref(found) != 1) {
        found = NULL;
    }
    (void)pthread_mutex_unlock(&issuers->lock);
    return found;
}

void tg_attest_issuers_keep(struct tg_attest_issuers *issuers, struct tg_bytes der, X509 *cert)
{
    uint8_t hash[TG_SHA256_LEN];
    X509 *old = NULL;

    if (tg_sha256(hash, der) != TG_OK) {
        return;
    }
    (void)pthread_mutex_lock(&issuers->lock);
    if (find_locked(issuers, hash) == NULL && X509_up_ref(cert) == 1) {
        struct place *place = &issuers->places[issuers->next];

        old = place->cert;
        place->cert = cert;
        memcpy(place->hash, hash, sizeof(hash));
        issuers->next = (issuers->next + 1) % TG_ATTEST_ISSUERS_MAX;
    }
    (void)pthread_mutex_unlock(&issuers->lock);
    X509_free(old);
}
