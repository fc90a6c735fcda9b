/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privacypass/issuers.h - the issuers as loaded; for privacypass/ alone.
 * Layer: L2 (base, crypto, wire/json.h).   Threads: read-only once loaded.
 * Blocks: no.   Secrets: none.
 */
#ifndef TG_PRIVACYPASS_ISSUERS_H
#define TG_PRIVACYPASS_ISSUERS_H

#include "crypto/digest.h"
#include "privacypass/token.h"

#include <openssl/evp.h>

struct tg_private_token_key {
    struct tg_buf spki; /* as configured; id is its hash */
    uint8_t id[TG_SHA256_LEN];
    EVP_PKEY *public_key;
    int64_t not_before_s; /* UTC seconds */
    int64_t not_after_s;  /* the key is valid until then */
};

struct tg_private_token_issuer {
    char name[TG_PRIVATE_TOKEN_NAME_MAX + 1];
    size_t key_count;
    struct tg_private_token_key keys[TG_PRIVATE_TOKEN_KEYS_MAX];
};

struct tg_private_token_issuers {
    size_t count;
    struct tg_private_token_issuer issuers[TG_PRIVATE_TOKEN_ISSUERS_MAX];
};

/* RSASSA-PSS over input with SHA-384, MGF1 with the same, and a salt of 48 bytes. */
enum tg_private_token_step tg_private_token_key_check(const struct tg_private_token_key *key,
                                                      struct tg_bytes input,
                                                      struct tg_bytes signature);

#endif
