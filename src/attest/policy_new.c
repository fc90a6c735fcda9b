/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a policy from the settings of the operator. */
#include "attest/policy.h"

#include "attest/formats.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/uuid.h"
#include "crypto/digest.h"

#include <string.h>

#define ANY "*"
#define HASH_PREFIX "sha256:"

static enum tg_err read_digits(uint8_t hash[TG_ATTEST_HASH_LEN], struct tg_bytes digits)
{
    return tg_hex_decode(hash, TG_ATTEST_HASH_LEN, digits);
}

static enum tg_err add_hash(struct tg_attest_policy_hashes *list, const char *text)
{
    struct tg_bytes name = tg_bytes_str(text);
    uint8_t *hash = list->hashes[list->count];
    enum tg_err err = TG_E_SYNTAX;

    if (tg_bytes_is_equal(name, TG_LIT(ANY))) {
        list->is_any = true;
        return TG_OK;
    }
    if (tg_bytes_has_prefix(name, TG_LIT(HASH_PREFIX))) {
        err = read_digits(hash, tg_bytes_from(name, sizeof(HASH_PREFIX) - 1));
    } else if (name.len > 0) {
        err = tg_sha256(hash, name);
    }
    list->count += err == TG_OK ? 1 : 0;
    return err;
}

static enum tg_err add_hashes(struct tg_attest_policy_hashes *list, const char *const *texts,
                              size_t count, const char *what, struct tg_fault *fault)
{
    enum tg_err err = count <= TG_ATTEST_LIST_MAX ? TG_OK : TG_E_LIMIT;

    for (size_t i = 0; err == TG_OK && i < count; i++) {
        err = add_hash(list, texts[i]);
    }
    if (err == TG_E_SYNTAX || err == TG_E_LIMIT) {
        tg_fault_set(fault, "%s: expected at most %u names, \"*\", or sha256: and 64 digits", what,
                     TG_ATTEST_LIST_MAX);
    }
    return err;
}

static enum tg_err add_package(struct tg_attest_policy *policy, struct tg_bytes text)
{
    struct tg_attest_policy_package *package = &policy->packages[policy->package_count];
    struct tg_bytes name = tg_bytes_first(text, tg_bytes_find(text, '#'));
    enum tg_err err = TG_E_BUG;

    if (tg_bytes_is_equal(text, TG_LIT(ANY))) {
        policy->is_any_package = true;
        return TG_OK;
    }
    TG_REQUIRE(name.len > 0, TG_E_SYNTAX);
    TG_TRY(tg_sha256(package->name_hash, name));
    package->has_signer = name.len < text.len;
    if (package->has_signer) {
        TG_TRY(read_digits(package->signer, tg_bytes_from(text, name.len + 1)));
    }
    policy->package_count++;
out:
    return err;
}

static enum tg_err add_packages(struct tg_attest_policy *policy, const struct tg_attest_settings *s,
                                struct tg_fault *fault)
{
    enum tg_err err = s->package_count <= TG_ATTEST_LIST_MAX ? TG_OK : TG_E_LIMIT;

    for (size_t i = 0; err == TG_OK && i < s->package_count; i++) {
        err = add_package(policy, tg_bytes_str(s->packages[i]));
    }
    if (err == TG_E_SYNTAX || err == TG_E_LIMIT) {
        tg_fault_set(
            fault,
            "packages: expected at most %u names such as com.example.wallet, optionally with "
            "#<64 digits> for the signer's certificate",
            TG_ATTEST_LIST_MAX);
    }
    return err;
}

static enum tg_err add_aaguids(struct tg_attest_policy *policy, const struct tg_attest_settings *s,
                               struct tg_fault *fault)
{
    enum tg_err err = s->aaguid_count <= TG_ATTEST_LIST_MAX ? TG_OK : TG_E_LIMIT;

    for (size_t i = 0; err == TG_OK && i < s->aaguid_count; i++) {
        struct tg_uuid uuid;

        err = tg_uuid_parse(&uuid, tg_bytes_str(s->aaguids[i]));
        memcpy(policy->aaguids[i], uuid.bytes, sizeof(uuid.bytes));
        policy->aaguid_count = i + 1;
    }
    if (err != TG_OK) {
        tg_fault_set(fault, "AAGUIDs: expected at most %u UUIDs", TG_ATTEST_LIST_MAX);
    }
    return err;
}

static enum tg_err add_names(struct tg_attest_policy *policy, const struct tg_attest_settings *s,
                             struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(add_hashes(&policy->rp_ids, s->rp_ids, s->rp_id_count, "RP IDs", fault));
    TG_TRY(add_hashes(&policy->app_ids, s->app_ids, s->app_id_count, "App IDs", fault));
    TG_TRY(add_hashes(&policy->origins, s->origins, s->origin_count, "origins", fault));
    TG_TRY(add_packages(policy, s, fault));
    TG_TRY(add_aaguids(policy, s, fault));
out:
    return err;
}

static enum tg_err add_roots(struct tg_attest_policy *policy,
                             const struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT],
                             struct tg_fault *fault)
{
    enum tg_err err = TG_OK;

    for (unsigned i = 0; err == TG_OK && i < TG_ATTEST_FORMAT_COUNT; i++) {
        const struct tg_attest_row *row = tg_attest_row((enum tg_attest_format)i);
        bool is_needed = (policy->formats & (1u << i)) != 0 && row->needs_roots;
        struct tg_fault inner = { "" };

        if (is_needed) {
            err = tg_attest_chain_roots_new(&policy->roots[i], roots[i], &inner);
        }
        if (err != TG_OK) {
            tg_fault_set(fault, "roots of %s: %s", row->name, inner.text);
        }
    }
    return err;
}

static enum tg_err add_revoked(struct tg_attest_policy *policy, struct tg_bytes text,
                               struct tg_fault *fault)
{
    struct tg_fault inner = { "" };
    enum tg_err err = tg_attest_revoked_new(&policy->revoked, text, &inner);

    if (err != TG_OK) {
        tg_fault_set(fault, "revoked: %s", inner.text);
    }
    return err;
}

enum tg_err tg_attest_policy_new(struct tg_attest_policy **out,
                                 const struct tg_attest_settings *settings,
                                 const struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT],
                                 struct tg_bytes revoked, struct tg_fault *fault)
{
    struct tg_attest_policy *policy = tg_mem_calloc(1, sizeof(*policy));
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(policy != NULL, TG_E_NOMEM);
    policy->formats = settings->formats;
    policy->allows_packed_self = settings->allows_packed_self;
    policy->needs_verified_boot = settings->needs_verified_boot;
    policy->allows_appattest_development = settings->allows_appattest_development;
    policy->needs_user_verified = settings->needs_user_verified;
    policy->level_min = settings->level_min;
    TG_TRY(add_names(policy, settings, fault));
    TG_TRY(add_roots(policy, roots, fault));
    TG_TRY(add_revoked(policy, revoked, fault));
    TG_TRY(tg_key_templates_init(&policy->templates));
    TG_TRY(tg_attest_issuers_new(&policy->issuers));
    *out = policy;
    policy = NULL;
out:
    tg_attest_policy_free(&policy);
    return err;
}
