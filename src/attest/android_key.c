/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format android-key: a key in Android's keystore, with the device's description of it.
 * spec: WebAuthn section 8.4; docs/decisions/0011-attestation.md has what each level requires.
 */
#include "attest/format.h"
#include "attest/key_description.h"
#include "attest/signature.h"
#include "crypto/digest.h"

/* An attested key that can sign could issue a false leaf with its own description. So only the
   leaf's description counts, and no other certificate of the chain may have one. */
static enum tg_attest_step check_only_leaf(struct tg_attest_case *c)
{
    for (size_t i = 1; i < c->cert_count; i++) {
        if (tg_key_description_is_in(&c->certs[i])) {
            return tg_format_refuse(
                c, TG_ATTEST_STEP_FORMAT,
                "attStmt.x5c: expected a key description only in the first certificate");
        }
    }
    return TG_ATTEST_OK;
}

static enum tg_attest_step check_alg(struct tg_attest_case *c)
{
    if (c->alg == TG_COSE_RS1) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "attStmt.alg: SHA-1");
    }
    return tg_format_sig_form(c);
}

static bool is_origin_good(const struct tg_key_authorizations *list)
{
    return !list->has_origin || list->origin == TG_KEY_ORIGIN_GENERATED;
}

static bool is_purpose_good(const struct tg_key_authorizations *list)
{
    return !list->has_purpose || list->can_sign;
}

/* Each list must have allowed values. From level TEE on, the list of the TEE must have them all. */
static enum tg_attest_step check_authorizations(struct tg_attest_case *c,
                                                const struct tg_key_description *d)
{
    bool is_hardware_asked = c->policy->level_min >= TG_ATTEST_TEE;

    if (d->software.is_for_all_applications || d->tee.is_for_all_applications) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.x5c: expected a key that is not for all apps");
    }
    if (!is_origin_good(&d->software) || !is_origin_good(&d->tee) ||
        (is_hardware_asked && !d->tee.has_origin)) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.x5c: expected a key that was generated on the device");
    }
    if (!is_purpose_good(&d->software) || !is_purpose_good(&d->tee) ||
        (is_hardware_asked && !d->tee.has_purpose)) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.x5c: expected a key for signing");
    }
    return TG_ATTEST_OK;
}

static enum tg_attest_step check_level(struct tg_attest_case *c, const struct tg_key_description *d)
{
    int32_t least = (int32_t)c->policy->level_min;

    c->is_by_software = d->level <= TG_ATTEST_SOFTWARE || d->keymaster_level <= TG_ATTEST_SOFTWARE;
    return d->level >= least && d->keymaster_level >= least && d->level <= TG_ATTEST_STRONGBOX &&
                   d->keymaster_level <= TG_ATTEST_STRONGBOX
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY,
                                  "attStmt.x5c: the security level is not allowed");
}

static enum tg_attest_step check_boot(struct tg_attest_case *c, const struct tg_key_description *d)
{
    if (!c->policy->needs_verified_boot) {
        return TG_ATTEST_OK;
    }
    return d->tee.has_root_of_trust && d->tee.is_locked && d->tee.boot_state == TG_KEY_BOOT_VERIFIED
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY,
                                  "attStmt.x5c: expected a locked device with verified boot");
}

/* An authentication that counts so long shows nothing about this request. The consent to a share
   may be as old. */
#define USER_TIME_MAX_S 300u

static bool is_bound_to_user(const struct tg_key_authorizations *list)
{
    return list->needs_user && !list->is_allowed_on_body && list->user_time_s <= USER_TIME_MAX_S;
}

/* The flag is the device's word. That the key cannot sign without its user is the hardware's; at
   the level software, it is software's too. */
static enum tg_attest_step check_user(struct tg_attest_case *c, const struct tg_key_description *d)
{
    bool is_bound = is_bound_to_user(&d->tee) ||
                    (c->policy->level_min == TG_ATTEST_SOFTWARE && is_bound_to_user(&d->software));

    if (!c->policy->needs_user_verified) {
        return TG_ATTEST_OK;
    }
    return is_bound && !d->tee.needs_no_user && !d->software.needs_no_user
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY,
                                  "attStmt.x5c: expected a key that signs only after its user was "
                                  "verified");
}

/* TG_E_NOTFOUND: not allowed. */
static enum tg_err find_package(const struct tg_attest_policy *policy,
                                const struct tg_key_packages *packages, struct tg_bytes name)
{
    uint8_t hash[TG_SHA256_LEN];
    enum tg_err err = tg_sha256(hash, name);

    for (size_t i = 0; err == TG_OK && i < policy->package_count; i++) {
        const struct tg_attest_policy_package *p = &policy->packages[i];

        if (tg_bytes_is_equal(TG_ARRAY_BYTES(p->name_hash), TG_ARRAY_BYTES(hash)) &&
            (!p->has_signer ||
             tg_key_packages_are_signed_by(packages, TG_ARRAY_BYTES(p->signer)))) {
            return TG_OK;
        }
    }
    return err == TG_OK ? TG_E_NOTFOUND : err;
}

/* Packages that share a user id share the key, so each of them must be allowed. */
static enum tg_attest_step check_packages(struct tg_attest_case *c,
                                          const struct tg_key_description *d)
{
    struct tg_key_packages packages = tg_key_packages_begin(d->software.application_id);
    struct tg_bytes name;

    if (c->policy->is_any_package) {
        return TG_ATTEST_OK;
    }
    while (tg_key_packages_next(&name, &packages)) {
        enum tg_err err = find_package(c->policy, &packages, name);

        if (err == TG_E_NOTFOUND) {
            return tg_format_refuse(c, TG_ATTEST_STEP_POLICY,
                                    "attStmt.x5c: the package is not allowed");
        }
        if (err != TG_OK) {
            return TG_ATTEST_STEP_INTERNAL;
        }
    }
    return !packages.is_bad && packages.count > 0
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY,
                                  "attStmt.x5c: expected the packages that use the key");
}

static enum tg_attest_step check_description(struct tg_attest_case *c)
{
    static enum tg_attest_step (*const rules[])(struct tg_attest_case *,
                                                const struct tg_key_description *) = {
        check_authorizations, check_level, check_boot, check_user, check_packages
    };
    struct tg_key_description d;
    enum tg_attest_step step = TG_ATTEST_OK;

    if (tg_key_description_read(&d, &c->certs[0]) != TG_OK) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.x5c: expected a key description in the first certificate");
    }
    if (!tg_bytes_is_equal(d.challenge, c->client_data_hash)) {
        return tg_format_refuse(c, TG_ATTEST_STEP_CHALLENGE,
                                "attStmt.x5c: the key description is for another challenge");
    }
    for (size_t i = 0; step == TG_ATTEST_OK && i < TG_COUNT(rules); i++) {
        step = rules[i](c, &d);
    }
    return step;
}

static tg_attest_check_fn *const checks[] = { tg_format_read_alg,
                                              tg_format_read_sig,
                                              tg_format_read_x5c,
                                              check_only_leaf,
                                              check_alg,
                                              tg_format_leaf_key,
                                              tg_format_user_present,
                                              tg_format_user_verified,
                                              check_description,
                                              tg_format_rp_id,
                                              tg_format_chain,
                                              tg_format_signature,
                                              NULL };

const struct tg_attest_row tg_attest_row_android_key = { .name = "android-key",
                                                         .needs_roots = true,
                                                         .shows_user = true,
                                                         .times = TG_ATTEST_TIMES_ANDROID,
                                                         .checks = checks };
