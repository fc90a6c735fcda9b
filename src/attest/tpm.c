/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format tpm: the platform's TPM certifies the credential's key under its own key.
 * spec: WebAuthn section 8.3; TPM 2.0 Library, Part 2, sections 8.3, 10.12.8 and 12.2.4.
 */
#include "attest/der.h"
#include "attest/format.h"
#include "attest/signature.h"
#include "attest/step.h"
#include "base/mem.h"
#include "base/reader.h"

#include <openssl/evp.h>

#define GENERATED_VALUE 0xff544347u
#define ST_ATTEST_CERTIFY 0x8017u
#define CLOCK_INFO_LEN 17u
#define ALG_RSA 0x0001u
#define ALG_ECC 0x0023u
#define ALG_NULL 0x0010u
#define ALG_RSASSA 0x0014u
#define ALG_ECDSA 0x0018u
#define RSA_EXPONENT_DEFAULT 65537u /* of an exponent 0 */
#define TAG_DIRECTORY_NAME TG_DER_EXPLICIT(4)

static const uint8_t oid_subject_alt_name[] = { 0x55, 0x1d, 0x11 };
static const uint8_t oid_extended_key_usage[] = { 0x55, 0x1d, 0x25 };
static const uint8_t oid_aik[] = { 0x67, 0x81, 0x05, 0x08, 0x03 };          /* 2.23.133.8.3 */
static const uint8_t oid_manufacturer[] = { 0x67, 0x81, 0x05, 0x02, 0x01 }; /* 2.23.133.2.1 */
static const uint8_t oid_model[] = { 0x67, 0x81, 0x05, 0x02, 0x02 };
static const uint8_t oid_version[] = { 0x67, 0x81, 0x05, 0x02, 0x03 };

/* Attributes of an object: TPMA_OBJECT. */
#define OBJECT_FIXED_TPM 0x00000002u
#define OBJECT_ST_CLEAR 0x00000004u
#define OBJECT_FIXED_PARENT 0x00000010u
#define OBJECT_SENSITIVE_DATA_ORIGIN 0x00000020u
#define OBJECT_USER_WITH_AUTH 0x00000040u
#define OBJECT_ADMIN_WITH_POLICY 0x00000080u
#define OBJECT_FIRMWARE_LIMITED 0x00000100u
#define OBJECT_SVN_LIMITED 0x00000200u
#define OBJECT_NO_DA 0x00000400u
#define OBJECT_DECRYPT 0x00020000u
#define OBJECT_SIGN 0x00040000u

/* A credential's key was made in the TPM, never leaves it, and signs what the caller chooses. */
#define OBJECT_NEEDED                                                                              \
    (OBJECT_FIXED_TPM | OBJECT_FIXED_PARENT | OBJECT_SENSITIVE_DATA_ORIGIN | OBJECT_SIGN)
/* Not allowed: restricted and x509sign keys, which sign nothing that a caller chooses; encrypted
   duplication, which contradicts fixedTPM; bits without a meaning. */
#define OBJECT_ALLOWED                                                                             \
    (OBJECT_NEEDED | OBJECT_ST_CLEAR | OBJECT_USER_WITH_AUTH | OBJECT_ADMIN_WITH_POLICY |          \
     OBJECT_FIRMWARE_LIMITED | OBJECT_SVN_LIMITED | OBJECT_NO_DA | OBJECT_DECRYPT)

static const struct {
    int64_t alg;
    uint16_t scheme, hash;
} schemes[] = { { TG_COSE_RS256, ALG_RSASSA, 0x000b },
                { TG_COSE_ES256, ALG_ECDSA, 0x000b },
                { TG_COSE_ES384, ALG_ECDSA, 0x000c },
                { TG_COSE_ES512, ALG_ECDSA, 0x000d } };

static const struct {
    uint16_t id;
    const char *digest;
} name_hashes[] = { { 0x000b, "SHA2-256" }, { 0x000c, "SHA2-384" }, { 0x000d, "SHA2-512" } };

static const struct {
    uint16_t id;
    enum tg_key_kind kind;
} curves[] = { { 0x0003, TG_KEY_P256 }, { 0x0004, TG_KEY_P384 }, { 0x0005, TG_KEY_P521 } };

static struct tg_bytes read_2b(struct tg_reader *r)
{
    return tg_reader_bytes(r, tg_reader_u16(r));
}

/* The scheme that the key is limited to, if it is limited, is that of the credential's algorithm. A
   key that also decrypts has none. */
static bool is_scheme_good(struct tg_reader *r, uint32_t attributes, int64_t alg)
{
    uint16_t scheme = tg_reader_u16(r);
    uint16_t hash = 0;

    if (scheme == ALG_NULL) {
        return true;
    }
    hash = tg_reader_u16(r);
    for (size_t i = 0; i < TG_COUNT(schemes); i++) {
        if (schemes[i].alg == alg) {
            return schemes[i].scheme == scheme && schemes[i].hash == hash &&
                   (attributes & OBJECT_DECRYPT) == 0;
        }
    }
    return false;
}

static struct tg_bytes strip_zeros(struct tg_bytes number)
{
    while (number.len > 0 && number.ptr[0] == 0) {
        number = tg_bytes_from(number, 1);
    }
    return number;
}

/* Of the credential's key, whose exponent has at most 32 bits. */
static uint64_t exponent_of(struct tg_bytes integer)
{
    uint64_t value = 0;

    for (size_t i = 0; i < integer.len; i++) {
        value = (value << 8) | integer.ptr[i];
    }
    return value;
}

/* The top bit of the modulus is set: a modulus of n bits has n bits. */
static bool has_bits(struct tg_bytes modulus, uint16_t bits)
{
    return modulus.len * 8 == bits && modulus.ptr[0] >= 0x80u;
}

static bool is_rsa_key(struct tg_reader *r, const struct tg_cose_key *key)
{
    struct tg_der outer = tg_der_init(tg_cose_key_point(key));
    struct tg_der pair = tg_der_enter(&outer, TG_DER_SEQUENCE);
    struct tg_bytes n = strip_zeros(tg_der_take(&pair, TG_DER_INTEGER));
    uint64_t e = exponent_of(tg_der_take(&pair, TG_DER_INTEGER));
    uint16_t bits = tg_reader_u16(r);
    uint32_t exponent = tg_reader_u32(r);
    struct tg_bytes modulus = read_2b(r);

    return key->kind == TG_KEY_RSA && tg_bytes_is_equal(modulus, n) && has_bits(modulus, bits) &&
           (exponent == 0 ? RSA_EXPONENT_DEFAULT : exponent) == e;
}

static bool is_curve_of(uint16_t id, enum tg_key_kind kind)
{
    for (size_t i = 0; i < TG_COUNT(curves); i++) {
        if (curves[i].id == id) {
            return curves[i].kind == kind;
        }
    }
    return false;
}

/* A TPM may omit leading zeros of a coordinate. */
static bool is_ec_key(struct tg_reader *r, const struct tg_cose_key *key)
{
    struct tg_bytes point = tg_bytes_from(tg_cose_key_point(key), 1);
    struct tg_bytes x = tg_bytes_first(point, point.len / 2);
    struct tg_bytes y = tg_bytes_from(point, point.len / 2);
    uint16_t curve = tg_reader_u16(r);
    uint16_t key_derivation = tg_reader_u16(r);

    return is_curve_of(curve, key->kind) && key_derivation == ALG_NULL &&
           tg_bytes_is_equal(strip_zeros(read_2b(r)), strip_zeros(x)) &&
           tg_bytes_is_equal(strip_zeros(read_2b(r)), strip_zeros(y));
}

/* pubArea is the credential's key. */
static enum tg_attest_step check_pub_area(struct tg_attest_case *c, struct tg_bytes pub_area)
{
    struct tg_reader r = tg_reader_init(pub_area);
    uint16_t type = tg_reader_u16(&r);
    uint32_t attributes = 0;
    bool is_same = false;

    (void)tg_reader_u16(&r); /* hash of the name */
    attributes = tg_reader_u32(&r);
    (void)read_2b(&r); /* policy */
    if (!r.is_short &&
        ((attributes & OBJECT_NEEDED) != OBJECT_NEEDED || (attributes & ~OBJECT_ALLOWED) != 0)) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.pubArea: expected a key for signing that was made in the "
                                "TPM and never leaves it");
    }
    /* Only a restricted key that decrypts has a symmetric algorithm. */
    if (tg_reader_u16(&r) != ALG_NULL || !is_scheme_good(&r, attributes, c->auth.key.alg)) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.pubArea: expected no symmetric algorithm, and the "
                                "signing scheme of the credential or none");
    }
    if (type == ALG_RSA) {
        is_same = is_rsa_key(&r, &c->auth.key);
    } else if (type == ALG_ECC) {
        is_same = is_ec_key(&r, &c->auth.key);
    }
    if (tg_reader_finish(&r) != TG_OK) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.pubArea: expected a TPMT_PUBLIC of type RSA or ECC");
    }
    return is_same ? TG_ATTEST_OK
                   : tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                      "attStmt.pubArea: expected the credential's key");
}

/* name is the identifier of a hash and that hash of pubArea. */
static enum tg_attest_step check_name(struct tg_attest_case *c, struct tg_bytes name,
                                      struct tg_bytes pub_area)
{
    struct tg_reader r = tg_reader_init(name);
    struct tg_reader area = tg_reader_init(tg_bytes_from(pub_area, 2));
    uint16_t id = tg_reader_u16(&r);
    uint8_t hash[TG_SIGNATURE_HASH_MAX];
    size_t len = 0;
    bool is_same = false;

    for (size_t i = 0; i < TG_COUNT(name_hashes); i++) {
        if (name_hashes[i].id != id || tg_reader_u16(&area) != id) {
            continue;
        }
        if (EVP_Q_digest(NULL, name_hashes[i].digest, NULL, pub_area.ptr, pub_area.len, hash,
                         &len) != 1) {
            return TG_ATTEST_STEP_INTERNAL;
        }
        is_same = tg_bytes_is_equal(r.rest, tg_bytes(hash, len));
        tg_mem_wipe(hash, sizeof(hash));
        if (is_same) {
            return TG_ATTEST_OK;
        }
    }
    return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                            "attStmt.certInfo: expected the name of pubArea");
}

static enum tg_attest_step check_extra_data(struct tg_attest_case *c, struct tg_bytes extra)
{
    uint8_t hash[TG_SIGNATURE_HASH_MAX];
    size_t len = 0;
    enum tg_err err = tg_signature_hash(hash, &len, c->alg, tg_buf_view(&c->tbs));
    bool is_same = err == TG_OK && tg_bytes_is_equal(extra, tg_bytes(hash, len));

    tg_mem_wipe(hash, sizeof(hash));
    if (err != TG_OK) {
        tg_fault_set(c->fault, "attStmt.alg: expected an algorithm with a hash");
        return tg_attest_step_of(err);
    }
    return is_same ? TG_ATTEST_OK
                   : tg_format_refuse(c, TG_ATTEST_STEP_CHALLENGE,
                                      "attStmt.certInfo: expected the hash of this request");
}

static enum tg_attest_step check_cert_info(struct tg_attest_case *c, struct tg_bytes cert_info,
                                           struct tg_bytes pub_area)
{
    struct tg_reader r = tg_reader_init(cert_info);
    bool is_certify =
        tg_reader_u32(&r) == GENERATED_VALUE && tg_reader_u16(&r) == ST_ATTEST_CERTIFY;
    struct tg_bytes extra;
    struct tg_bytes name;
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;

    (void)read_2b(&r); /* qualified signer */
    extra = read_2b(&r);
    (void)tg_reader_bytes(&r, CLOCK_INFO_LEN);
    (void)tg_reader_u64(&r); /* firmware */
    name = read_2b(&r);
    (void)read_2b(&r); /* qualified name */
    if (!is_certify || tg_reader_finish(&r) != TG_OK) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.certInfo: expected a certification by a TPM");
    }
    step = check_extra_data(c, extra);
    return step == TG_ATTEST_OK ? check_name(c, name, pub_area) : step;
}

static enum tg_attest_step check_areas(struct tg_attest_case *c)
{
    struct tg_bytes ver;
    struct tg_bytes pub_area;
    struct tg_bytes cert_info;
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;

    if (!tg_cbor_get_text(&ver, tg_cbor_member(c->stmt, "ver")) ||
        !tg_cbor_get_bytes(&pub_area, tg_cbor_member(c->stmt, "pubArea")) ||
        !tg_cbor_get_bytes(&cert_info, tg_cbor_member(c->stmt, "certInfo"))) {
        return tg_format_refuse(c, TG_ATTEST_STEP_ENCODING,
                                "attStmt: expected ver, pubArea and certInfo");
    }
    if (!tg_bytes_is_equal(ver, TG_LIT("2.0"))) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "attStmt.ver: expected 2.0");
    }
    step = check_pub_area(c, pub_area);
    return step == TG_ATTEST_OK ? check_cert_info(c, cert_info, pub_area) : step;
}

static bool has_alternative_name(const struct tg_cert *leaf)
{
    struct tg_cert_extension extension;
    struct tg_bytes directory = { NULL, 0 };
    struct tg_bytes text;
    struct tg_der value;
    struct tg_der names;

    if (!tg_cert_extension(&extension, leaf, TG_ARRAY_BYTES(oid_subject_alt_name)) ||
        !extension.is_critical) {
        return false;
    }
    value = tg_der_init(extension.value);
    names = tg_der_enter(&value, TG_DER_SEQUENCE);
    while (tg_der_has_more(&names)) {
        uint32_t tag = 0;
        struct tg_der name = tg_der_init(tg_der_any(&names, &tag));

        if (tag == TAG_DIRECTORY_NAME) {
            directory = tg_der_take(&name, TG_DER_SEQUENCE);
        }
    }
    return tg_der_is_done(&names) && tg_der_is_done(&value) &&
           tg_cert_name_part(&text, directory, TG_ARRAY_BYTES(oid_manufacturer)) && text.len > 0 &&
           tg_cert_name_part(&text, directory, TG_ARRAY_BYTES(oid_model)) && text.len > 0 &&
           tg_cert_name_part(&text, directory, TG_ARRAY_BYTES(oid_version)) && text.len > 0;
}

static bool has_aik_usage(const struct tg_cert *leaf)
{
    struct tg_cert_extension extension;
    struct tg_der value;
    struct tg_der list;
    bool is_found = false;

    if (!tg_cert_extension(&extension, leaf, TG_ARRAY_BYTES(oid_extended_key_usage))) {
        return false;
    }
    value = tg_der_init(extension.value);
    list = tg_der_enter(&value, TG_DER_SEQUENCE);
    while (tg_der_has_more(&list)) {
        struct tg_bytes oid = tg_der_take(&list, TG_DER_OID);

        is_found = is_found || tg_bytes_is_equal(oid, TG_ARRAY_BYTES(oid_aik));
    }
    return is_found && tg_der_is_done(&list) && tg_der_is_done(&value);
}

/* Section 8.3.1. */
static enum tg_attest_step check_leaf(struct tg_attest_case *c)
{
    const struct tg_cert *leaf = &c->certs[0];

    if (leaf->version != TG_CERT_V3 || leaf->subject.len > 0 || !has_alternative_name(leaf) ||
        !has_aik_usage(leaf) || !tg_cert_is_no_authority(leaf)) {
        return tg_format_refuse(
            c, TG_ATTEST_STEP_FORMAT,
            "attStmt.x5c: the first certificate breaks a rule for attestation keys of "
            "a TPM (version, subject, alternative name, usage or constraints)");
    }
    return tg_format_leaf_aaguid(c);
}

static enum tg_attest_step check_signature(struct tg_attest_case *c)
{
    struct tg_bytes cert_info = { NULL, 0 };

    (void)tg_cbor_get_bytes(&cert_info, tg_cbor_member(c->stmt, "certInfo"));
    return tg_signature_verify(tg_attest_chain_leaf_key(&c->chain), c->alg, cert_info, c->sig,
                               c->fault);
}

static tg_attest_check_fn *const checks[] = { tg_format_read_alg,
                                              tg_format_read_sig,
                                              tg_format_read_x5c,
                                              check_leaf,
                                              tg_format_sig_form,
                                              check_areas,
                                              tg_format_user_present,
                                              tg_format_user_verified,
                                              tg_format_rp_id,
                                              tg_format_aaguid,
                                              tg_format_chain,
                                              check_signature,
                                              NULL };

const struct tg_attest_row tg_attest_row_tpm = {
    .name = "tpm", .needs_roots = true, .shows_user = true, .checks = checks
};
