/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/policy.h - what the operator allows, in the form that the checks of the formats use.
 * Layer: L2, for attest/ alone.      Threads: any; read-only once made.      Blocks: no.
 * Secrets: none.
 */
#ifndef TG_ATTEST_POLICY_H
#define TG_ATTEST_POLICY_H

#include "attest/attest.h"
#include "attest/chain.h"
#include "attest/key.h"
#include "attest/revoked.h"

struct tg_attest_policy_hashes { /* SHA-256 of the names */
    bool is_any;
    size_t count;
    uint8_t hashes[TG_ATTEST_LIST_MAX][TG_ATTEST_HASH_LEN];
};

struct tg_attest_policy_package {
    uint8_t name_hash[TG_ATTEST_HASH_LEN];
    bool has_signer;
    uint8_t signer[TG_ATTEST_HASH_LEN]; /* SHA-256 of the certificate the app is signed with */
};

struct tg_attest_policy {
    unsigned formats;
    bool allows_packed_self;
    bool needs_verified_boot;
    bool allows_appattest_development;
    bool needs_user_verified;
    enum tg_attest_level level_min;
    struct tg_attest_policy_hashes rp_ids, app_ids, origins;
    bool is_any_package;
    size_t package_count;
    struct tg_attest_policy_package packages[TG_ATTEST_LIST_MAX];
    size_t aaguid_count;
    uint8_t aaguids[TG_ATTEST_LIST_MAX][16];
    /* NULL where the format needs none */
    struct tg_attest_chain_roots *roots[TG_ATTEST_FORMAT_COUNT];
    struct tg_attest_revoked *revoked;
    struct tg_key_templates templates;
    struct tg_attest_issuers *issuers; /* the only part that changes; it has its own lock */
};

bool tg_attest_policy_has_hash(const struct tg_attest_policy_hashes *list, struct tg_bytes hash);
/* An empty list allows every AAGUID. */
bool tg_attest_policy_has_aaguid(const struct tg_attest_policy *policy, struct tg_bytes aaguid);

#endif
