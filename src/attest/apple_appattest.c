/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format apple-appattest: a key of one app on one device. It is the same for every share, so
 * it makes shares linkable. spec: Apple, "Attestation Object Validation Guide".
 */
#include "attest/der.h"
#include "attest/format.h"
#include "base/mem.h"
#include "crypto/digest.h"

#define TAG_APP_ID TG_DER_EXPLICIT(1204)

/* 1.2.840.113635.100.8.5 */
static const uint8_t oid_properties[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x08, 0x05 };
static const uint8_t aaguid_production[] = { 'a', 'p', 'p', 'a', 't', 't', 'e', 's',
                                             't', 0,   0,   0,   0,   0,   0,   0 };
static const uint8_t aaguid_development[] = { 'a', 'p', 'p', 'a', 't', 't', 'e', 's',
                                              't', 'd', 'e', 'v', 'e', 'l', 'o', 'p' };

static enum tg_attest_step check_receipt(struct tg_attest_case *c)
{
    struct tg_bytes receipt;

    return tg_cbor_get_bytes(&receipt, tg_cbor_member(c->stmt, "receipt"))
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_ENCODING, "attStmt.receipt: expected bytes");
}

/* The credential id is the hash of the key. */
static enum tg_attest_step check_key_id(struct tg_attest_case *c)
{
    uint8_t key_id[TG_SHA256_LEN];
    enum tg_err err = tg_sha256(key_id, tg_cose_key_point(&c->auth.key));
    bool is_same = err == TG_OK && tg_bytes_is_equal(TG_ARRAY_BYTES(key_id), c->auth.credential_id);

    tg_mem_wipe(key_id, sizeof(key_id));
    if (err != TG_OK) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    return is_same
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                  "authData: expected the hash of the key as the credential id");
}

static enum tg_attest_step check_counter(struct tg_attest_case *c)
{
    return c->auth.sign_count == 0
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "authData: expected a counter of 0");
}

static enum tg_attest_step check_environment(struct tg_attest_case *c)
{
    if (tg_bytes_is_equal(c->auth.aaguid, TG_ARRAY_BYTES(aaguid_production))) {
        return TG_ATTEST_OK;
    }
    if (!tg_bytes_is_equal(c->auth.aaguid, TG_ARRAY_BYTES(aaguid_development))) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "authData: no AAGUID of App Attest");
    }
    return c->policy->allows_appattest_development
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY,
                                  "authData: development keys are not allowed");
}

static enum tg_attest_step check_app_id(struct tg_attest_case *c)
{
    return tg_attest_policy_has_hash(&c->policy->app_ids, c->auth.rp_id_hash)
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY, "authData: the App ID is not allowed");
}

/* The certificate repeats the App ID in a list of tagged properties. */
static struct tg_bytes find_app_id(struct tg_bytes value)
{
    struct tg_der outer = tg_der_init(value);
    struct tg_der list = tg_der_enter(&outer, TG_DER_SEQUENCE);

    while (tg_der_has_more(&list)) {
        uint32_t tag = 0;
        struct tg_der in = tg_der_init(tg_der_any(&list, &tag));

        if (tag == TAG_APP_ID) {
            return tg_der_take(&in, TG_DER_OCTETS);
        }
    }
    return tg_bytes(NULL, 0);
}

static enum tg_attest_step check_repeated_app_id(struct tg_attest_case *c)
{
    uint8_t hash[TG_SHA256_LEN];
    struct tg_cert_extension extension;
    struct tg_bytes app_id;

    if (!tg_cert_extension(&extension, &c->certs[0], TG_ARRAY_BYTES(oid_properties))) {
        return TG_ATTEST_OK;
    }
    app_id = find_app_id(extension.value);
    if (app_id.len == 0) {
        return TG_ATTEST_OK;
    }
    if (tg_sha256(hash, app_id) != TG_OK) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    return tg_bytes_is_equal(TG_ARRAY_BYTES(hash), c->auth.rp_id_hash)
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                  "attStmt.x5c: the first certificate has another App ID");
}

static tg_attest_check_fn *const checks[] = { tg_format_read_x5c,
                                              check_receipt,
                                              tg_format_apple_nonce,
                                              tg_format_leaf_key,
                                              check_key_id,
                                              check_counter,
                                              check_environment,
                                              check_repeated_app_id,
                                              check_app_id,
                                              tg_format_chain,
                                              NULL };

const struct tg_attest_row tg_attest_row_apple_appattest = {
    .name = "apple-appattest", .needs_roots = true, .tail = TG_AUTHDATA_TAIL_FREE, .checks = checks
};
