/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/signature.h"

#include "attest/der.h"
#include "attest/trouble.h"

struct algorithm {
    int64_t alg;
    enum tg_key_kind kind;
    const char *digest; /* NULL: the algorithm includes its hash */
    size_t sig_len;     /* 0: DER for curves, the modulus' length for RSA */
};

static const struct algorithm algorithms[] = {
    { TG_COSE_ES256, TG_KEY_P256, "SHA2-256", 0 }, { TG_COSE_ES384, TG_KEY_P384, "SHA2-384", 0 },
    { TG_COSE_ES512, TG_KEY_P521, "SHA2-512", 0 }, { TG_COSE_EDDSA, TG_KEY_ED25519, NULL, 64 },
    { TG_COSE_ED448, TG_KEY_ED448, NULL, 114 },    { TG_COSE_RS256, TG_KEY_RSA, "SHA2-256", 0 },
    { TG_COSE_RS1, TG_KEY_RSA, "SHA1", 0 },
};

static const struct algorithm *find(int64_t alg)
{
    for (size_t i = 0; i < TG_COUNT(algorithms); i++) {
        if (algorithms[i].alg == alg) {
            return &algorithms[i];
        }
    }
    return NULL;
}

/* Positive, in the shortest form. OpenSSL reports anything else as an internal error. */
static bool is_ecdsa_number(struct tg_bytes number)
{
    return number.len > 0 && (number.ptr[0] & 0x80u) == 0 &&
           (number.len == 1 || number.ptr[0] != 0 || (number.ptr[1] & 0x80u) != 0);
}

static bool is_ecdsa_pair(struct tg_bytes sig)
{
    struct tg_der outer = tg_der_init(sig);
    struct tg_der pair = tg_der_enter(&outer, TG_DER_SEQUENCE);
    struct tg_bytes r = tg_der_take(&pair, TG_DER_INTEGER);
    struct tg_bytes s = tg_der_take(&pair, TG_DER_INTEGER);

    return tg_der_is_done(&pair) && tg_der_is_done(&outer) && is_ecdsa_number(r) &&
           is_ecdsa_number(s);
}

static bool has_form(const struct algorithm *a, struct tg_bytes sig)
{
    if (a->sig_len > 0) {
        return sig.len == a->sig_len;
    }
    return a->kind == TG_KEY_RSA || is_ecdsa_pair(sig);
}

enum tg_attest_step tg_signature_check_form(enum tg_key_kind kind, int64_t alg, struct tg_bytes sig,
                                            struct tg_fault *fault)
{
    const struct algorithm *a = find(alg);

    if (a == NULL || a->kind != kind) {
        tg_fault_set(fault, "attStmt.alg: expected an algorithm of the signing key");
        return TG_ATTEST_STEP_FORMAT;
    }
    if (!has_form(a, sig)) {
        tg_fault_set(fault, "attStmt.sig: expected the form of its algorithm");
        return TG_ATTEST_STEP_SIGNATURE;
    }
    return TG_ATTEST_OK;
}

enum tg_attest_step tg_signature_verify(EVP_PKEY *key, int64_t alg, struct tg_bytes message,
                                        struct tg_bytes sig, struct tg_fault *fault)
{
    const struct algorithm *a = find(alg);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;
    int answer = 0;

    (void)tg_trouble_take();
    if (a == NULL || ctx == NULL ||
        EVP_DigestVerifyInit_ex(ctx, NULL, a->digest, NULL, NULL, key, NULL) != 1) {
        goto out;
    }
    /* Without this flag OpenSSL works on a copy and does not report when it cannot make one. */
    EVP_MD_CTX_set_flags(ctx, EVP_MD_CTX_FLAG_FINALISE);
    answer = EVP_DigestVerify(ctx, sig.ptr, sig.len, message.ptr, message.len);
    if (answer == 1) {
        step = TG_ATTEST_OK;
    } else if (!tg_trouble_take() && answer == 0) {
        tg_fault_set(fault, "attStmt.sig: the signature does not verify");
        step = TG_ATTEST_STEP_SIGNATURE;
    }
out:
    (void)tg_trouble_take();
    EVP_MD_CTX_free(ctx);
    return step;
}

enum tg_err tg_signature_hash(uint8_t out[TG_SIGNATURE_HASH_MAX], size_t *len, int64_t alg,
                              struct tg_bytes data)
{
    const struct algorithm *a = find(alg);

    if (a == NULL || a->digest == NULL) {
        return TG_E_UNSUPPORTED;
    }
    return EVP_Q_digest(NULL, a->digest, NULL, data.ptr, data.len, out, len) == 1 ? TG_OK
                                                                                  : TG_E_CRYPTO;
}
