/* SPDX-License-Identifier: Apache-2.0 */
/* The checks that several formats share. */
#include "attest/format.h"

#include "attest/der.h"
#include "attest/formats.h"
#include "attest/signature.h"
#include "attest/step.h"

/* 1.3.6.1.4.1.45724.1.1.4 */
static const uint8_t oid_fido_aaguid[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82,
                                           0xe5, 0x1c, 0x01, 0x01, 0x04 };
/* 1.2.840.113635.100.8.2 */
static const uint8_t oid_apple_nonce[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x08, 0x02 };

enum tg_attest_step tg_format_refuse(struct tg_attest_case *c, enum tg_attest_step step,
                                     const char *why)
{
    tg_fault_set(c->fault, "%s", why);
    return step;
}

enum tg_attest_step tg_format_user_present(struct tg_attest_case *c)
{
    return (c->auth.flags & TG_AUTHDATA_UP) != 0
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "authData: expected a user present");
}

enum tg_attest_step tg_format_user_verified(struct tg_attest_case *c)
{
    return !c->policy->needs_user_verified || (c->auth.flags & TG_AUTHDATA_UV) != 0
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY, "authData: expected a verified user");
}

enum tg_attest_step tg_format_rp_id(struct tg_attest_case *c)
{
    return tg_attest_policy_has_hash(&c->policy->rp_ids, c->auth.rp_id_hash)
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY, "authData: the RP ID is not allowed");
}

enum tg_attest_step tg_format_aaguid(struct tg_attest_case *c)
{
    return tg_attest_policy_has_aaguid(c->policy, c->auth.aaguid)
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_POLICY, "authData: the AAGUID is not allowed");
}

enum tg_attest_step tg_format_read_alg(struct tg_attest_case *c)
{
    return tg_cbor_get_int(&c->alg, tg_cbor_member(c->stmt, "alg"))
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_ENCODING, "attStmt.alg: expected an integer");
}

enum tg_attest_step tg_format_read_sig(struct tg_attest_case *c)
{
    return tg_cbor_get_bytes(&c->sig, tg_cbor_member(c->stmt, "sig")) && c->sig.len > 0
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_ENCODING, "attStmt.sig: expected bytes");
}

static enum tg_attest_step read_cert(struct tg_attest_case *c, struct tg_cbor_item item)
{
    struct tg_cert *cert = &c->certs[c->cert_count];
    struct tg_bytes der;
    enum tg_err err = TG_E_SYNTAX;

    if (tg_cbor_get_bytes(&der, item)) {
        err = tg_cert_read(cert, der);
    }
    if (err != TG_OK) {
        tg_fault_set(c->fault,
                     "attStmt.x5c: expected certificate %zu to be X.509 with a known key type",
                     c->cert_count);
        return tg_attest_step_of(err);
    }
    c->cert_count++;
    return TG_ATTEST_OK;
}

static enum tg_attest_step check_revoked(struct tg_attest_case *c)
{
    for (size_t i = 0; i < c->cert_count; i++) {
        enum tg_err err = tg_attest_revoked_check(c->policy->revoked, &c->certs[i]);

        if (err == TG_E_DENIED) {
            return tg_format_refuse(c, TG_ATTEST_STEP_CHAIN,
                                    "attStmt.x5c: a certificate is revoked");
        }
        if (err != TG_OK) {
            return TG_ATTEST_STEP_INTERNAL;
        }
    }
    return TG_ATTEST_OK;
}

enum tg_attest_step tg_format_read_x5c(struct tg_attest_case *c)
{
    struct tg_cbor_item list = tg_cbor_member(c->stmt, "x5c");
    size_t count = 0;

    if (!tg_cbor_get_array(&count, list) || count == 0 || count > TG_ATTEST_CHAIN_MAX) {
        return tg_format_refuse(c, TG_ATTEST_STEP_ENCODING,
                                "attStmt.x5c: expected 1 to 5 certificates");
    }
    for (size_t i = 0; i < count; i++) {
        enum tg_attest_step step = read_cert(c, tg_cbor_element(list, i));

        if (step != TG_ATTEST_OK) {
            return step;
        }
    }
    return check_revoked(c);
}

enum tg_attest_step tg_format_leaf_key(struct tg_attest_case *c)
{
    return tg_bytes_is_equal(c->certs[0].spki, tg_cose_key_spki(&c->auth.key))
               ? TG_ATTEST_OK
               : tg_format_refuse(
                     c, TG_ATTEST_STEP_FORMAT,
                     "attStmt.x5c: expected the first certificate to have the credential's key");
}

enum tg_attest_step tg_format_leaf_aaguid(struct tg_attest_case *c)
{
    struct tg_cert_extension extension;
    struct tg_der value;
    struct tg_bytes aaguid;

    if (!tg_cert_extension(&extension, &c->certs[0], TG_ARRAY_BYTES(oid_fido_aaguid))) {
        return TG_ATTEST_OK;
    }
    value = tg_der_init(extension.value);
    aaguid = tg_der_take(&value, TG_DER_OCTETS);
    return !extension.is_critical && tg_der_is_done(&value) &&
                   tg_bytes_is_equal(aaguid, c->auth.aaguid)
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                  "attStmt.x5c: the first certificate has another AAGUID");
}

enum tg_attest_step tg_format_sig_form(struct tg_attest_case *c)
{
    return tg_signature_check_form(c->certs[0].key_kind, c->alg, c->sig, c->fault);
}

enum tg_attest_step tg_format_chain(struct tg_attest_case *c)
{
    struct tg_attest_chain_request request = { .certs = c->certs,
                                               .count = c->cert_count,
                                               .templates = &c->policy->templates,
                                               .issuers = c->policy->issuers,
                                               .roots = c->policy->roots[c->format],
                                               .now_s = c->now_s,
                                               .times = c->times };

    enum tg_attest_step step = tg_attest_chain_verify(&c->chain, &request, c->fault);

    /* spec: protocol/6#strength */
    if (step == TG_ATTEST_OK && !c->is_by_software) {
        c->strength = TG_ATTEST_PROVES_DEVICE;
    }
    return step;
}

enum tg_attest_step tg_format_signature(struct tg_attest_case *c)
{
    return tg_signature_verify(tg_attest_chain_leaf_key(&c->chain), c->alg, tg_buf_view(&c->tbs),
                               c->sig, c->fault);
}

enum tg_attest_step tg_format_apple_nonce(struct tg_attest_case *c)
{
    struct tg_cert_extension extension;
    struct tg_der value;
    struct tg_der in;
    struct tg_der inner;
    struct tg_bytes nonce;

    if (!tg_cert_extension(&extension, &c->certs[0], TG_ARRAY_BYTES(oid_apple_nonce))) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.x5c: expected a nonce in the first certificate");
    }
    value = tg_der_init(extension.value);
    in = tg_der_enter(&value, TG_DER_SEQUENCE);
    inner = tg_der_enter(&in, TG_DER_EXPLICIT(1));
    nonce = tg_der_take(&inner, TG_DER_OCTETS);
    if (!tg_der_is_done(&inner) || !tg_der_is_done(&in) || !tg_der_is_done(&value)) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "attStmt.x5c: the nonce is malformed");
    }
    return tg_bytes_is_equal(nonce, TG_ARRAY_BYTES(c->nonce))
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_CHALLENGE,
                                  "attStmt.x5c: the nonce is of another request");
}
