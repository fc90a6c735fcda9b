/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy.h"

#include "base/mem.h"

void tg_attest_policy_free(struct tg_attest_policy **policy)
{
    if (*policy != NULL) {
        for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
            tg_attest_chain_roots_free(&(*policy)->roots[i]);
        }
        tg_attest_revoked_free(&(*policy)->revoked);
        tg_key_templates_deinit(&(*policy)->templates);
        tg_attest_issuers_free(&(*policy)->issuers);
        tg_mem_free(*policy);
        *policy = NULL;
    }
}

bool tg_attest_policy_has_hash(const struct tg_attest_policy_hashes *list, struct tg_bytes hash)
{
    for (size_t i = 0; i < list->count; i++) {
        if (tg_bytes_is_equal(TG_ARRAY_BYTES(list->hashes[i]), hash)) {
            return true;
        }
    }
    return list->is_any;
}

bool tg_attest_policy_has_aaguid(const struct tg_attest_policy *policy, struct tg_bytes aaguid)
{
    for (size_t i = 0; i < policy->aaguid_count; i++) {
        if (tg_bytes_is_equal(TG_ARRAY_BYTES(policy->aaguids[i]), aaguid)) {
            return true;
        }
    }
    return policy->aaguid_count == 0;
}
