/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format packed, of security keys and platforms. With x5c the maker certifies the model. Without
 * x5c the credential signs itself, which proves no more than the format none. spec: WebAuthn
 * section 8.2.
 */
#include "attest/format.h"
#include "attest/signature.h"

static const uint8_t oid_country[] = { 0x55, 0x04, 0x06 };
static const uint8_t oid_organization[] = { 0x55, 0x04, 0x0a };
static const uint8_t oid_unit[] = { 0x55, 0x04, 0x0b };
static const uint8_t oid_name[] = { 0x55, 0x04, 0x03 };

static bool is_self(const struct tg_attest_case *c)
{
    return tg_cbor_member(c->stmt, "x5c").node == NULL;
}

static enum tg_attest_step read_x5c(struct tg_attest_case *c)
{
    return is_self(c) ? TG_ATTEST_OK : tg_format_read_x5c(c);
}

static bool is_subject_good(const struct tg_cert *leaf)
{
    struct tg_bytes country;
    struct tg_bytes organization;
    struct tg_bytes unit;
    struct tg_bytes name;

    return tg_cert_subject_part(&country, leaf, TG_ARRAY_BYTES(oid_country)) && country.len == 2 &&
           tg_cert_subject_part(&organization, leaf, TG_ARRAY_BYTES(oid_organization)) &&
           organization.len > 0 && tg_cert_subject_part(&unit, leaf, TG_ARRAY_BYTES(oid_unit)) &&
           tg_bytes_is_equal(unit, TG_LIT("Authenticator Attestation")) &&
           tg_cert_subject_part(&name, leaf, TG_ARRAY_BYTES(oid_name)) && name.len > 0;
}

/* Section 8.2.1. */
static enum tg_attest_step check_leaf(struct tg_attest_case *c)
{
    const struct tg_cert *leaf = &c->certs[0];

    if (is_self(c)) {
        return TG_ATTEST_OK;
    }
    if (leaf->version != TG_CERT_V3 || !is_subject_good(leaf) || !tg_cert_is_no_authority(leaf)) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.x5c: the first certificate breaks a rule for attestation "
                                "certificates (version, subject or basic constraints)");
    }
    return tg_format_leaf_aaguid(c);
}

static enum tg_attest_step check_self_alg(struct tg_attest_case *c)
{
    if (!c->policy->allows_packed_self || c->policy->needs_user_verified) {
        return tg_format_refuse(c, TG_ATTEST_STEP_POLICY,
                                "attStmt: self attestation is not allowed");
    }
    if (c->alg != c->auth.key.alg) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.alg: expected the algorithm of the credential");
    }
    return tg_signature_check_form(c->auth.key.kind, c->alg, c->sig, c->fault);
}

static enum tg_attest_step check_alg(struct tg_attest_case *c)
{
    if (c->alg == TG_COSE_RS1) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "attStmt.alg: SHA-1 is not allowed");
    }
    return is_self(c) ? check_self_alg(c) : tg_format_sig_form(c);
}

static enum tg_attest_step check_chain(struct tg_attest_case *c)
{
    return is_self(c) ? TG_ATTEST_OK : tg_format_chain(c);
}

static enum tg_attest_step verify_self(struct tg_attest_case *c)
{
    EVP_PKEY *key = NULL;
    enum tg_attest_step step = tg_key_make(&key, &c->policy->templates, c->auth.key.kind,
                                           tg_cose_key_spki(&c->auth.key), c->fault);

    if (step == TG_ATTEST_OK) {
        step = tg_signature_verify(key, c->alg, tg_buf_view(&c->tbs), c->sig, c->fault);
    }
    EVP_PKEY_free(key);
    return step;
}

static enum tg_attest_step check_signature(struct tg_attest_case *c)
{
    return is_self(c) ? verify_self(c) : tg_format_signature(c);
}

static tg_attest_check_fn *const checks[] = { tg_format_read_alg,
                                              tg_format_read_sig,
                                              read_x5c,
                                              check_leaf,
                                              check_alg,
                                              tg_format_user_present,
                                              tg_format_user_verified,
                                              tg_format_rp_id,
                                              tg_format_aaguid,
                                              check_chain,
                                              check_signature,
                                              NULL };

const struct tg_attest_row tg_attest_row_packed = {
    .name = "packed", .needs_roots = true, .shows_user = true, .checks = checks
};
