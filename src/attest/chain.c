/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/chain.h"

#include "attest/trouble.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#define SECURITY_LEVEL 2
#define SHOWS_NO_PASSWORD NULL

struct tg_chain_roots {
    X509_STORE *store;
    size_t count;
    bool has_other_than_roots;
};

static bool is_self_issued(const X509 *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

/* TG_E_NOTFOUND at the end of the text. */
static enum tg_err add_next(struct tg_chain_roots *roots, BIO *pem)
{
    X509 *cert = PEM_read_bio_X509(pem, NULL, NULL, SHOWS_NO_PASSWORD);
    unsigned long why = cert == NULL ? ERR_peek_last_error() : 0;
    bool is_end = ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(cert != NULL, is_end ? TG_E_NOTFOUND : tg_trouble_take() ? TG_E_NOMEM : TG_E_SYNTAX);
    TG_REQUIRE(roots->count < TG_CHAIN_ROOTS_MAX, TG_E_LIMIT);
    TG_REQUIRE(X509_get0_pubkey(cert) != NULL, TG_E_SYNTAX);
    TG_REQUIRE(X509_STORE_add_cert(roots->store, cert) == 1, TG_E_NOMEM);
    roots->has_other_than_roots = roots->has_other_than_roots || !is_self_issued(cert);
    roots->count++;
    err = TG_OK;
out:
    X509_free(cert);
    (void)tg_trouble_take();
    return err;
}

static enum tg_err add_all(struct tg_chain_roots *roots, BIO *pem)
{
    enum tg_err err = TG_OK;

    while (err == TG_OK) {
        err = add_next(roots, pem);
    }
    if (err != TG_E_NOTFOUND) {
        return err;
    }
    return roots->count > 0 ? TG_OK : TG_E_SYNTAX;
}

enum tg_err tg_chain_roots_new(struct tg_chain_roots **out, struct tg_bytes pem,
                               struct tg_fault *fault)
{
    struct tg_chain_roots *roots = tg_mem_calloc(1, sizeof(*roots));
    BIO *bio = NULL;
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(roots != NULL, TG_E_NOMEM);
    TG_REQUIRE(pem.len > 0 && pem.len <= INT32_MAX, TG_E_SYNTAX);
    bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    roots->store = X509_STORE_new();
    TG_REQUIRE(bio != NULL && roots->store != NULL, TG_E_NOMEM);
    TG_TRY(add_all(roots, bio));
    if (roots->has_other_than_roots) {
        TG_REQUIRE(X509_STORE_set_flags(roots->store, X509_V_FLAG_PARTIAL_CHAIN) == 1, TG_E_CRYPTO);
    }
    *out = roots;
    roots = NULL;
out:
    if (err == TG_E_SYNTAX || err == TG_E_LIMIT) {
        tg_fault_set(fault, "expected 1 to %u certificates in PEM", TG_CHAIN_ROOTS_MAX);
    }
    BIO_free(bio);
    tg_chain_roots_free(&roots);
    return err;
}

void tg_chain_roots_free(struct tg_chain_roots **roots)
{
    if (*roots != NULL) {
        X509_STORE_free((*roots)->store);
        tg_mem_free(*roots);
        *roots = NULL;
    }
}

/* OpenSSL keeps quiet about why a certificate has no key: asked again, it says so. The form of the
   key is known to be good, so what is left is a point beside its curve, or memory. */
static enum tg_attest_step explain_no_key(const struct tg_cert *cert, struct tg_fault *fault)
{
    const uint8_t *at = cert->spki.ptr;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)cert->spki.len);
    bool is_trouble = tg_trouble_take() || key != NULL;

    EVP_PKEY_free(key);
    if (is_trouble) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    tg_fault_set(fault, "x5c: expected public keys that are points on their curves");
    return TG_ATTEST_STEP_FORMAT;
}

enum tg_attest_step tg_chain_read(struct tg_chain *chain, const struct tg_cert *certs, size_t count,
                                  struct tg_fault *fault)
{
    (void)tg_trouble_take();
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = certs[i].der.ptr;
        X509 *cert = d2i_X509(NULL, &at, (long)certs[i].der.len);

        if (cert == NULL && tg_trouble_take()) {
            return TG_ATTEST_STEP_INTERNAL;
        }
        if (cert == NULL || at != certs[i].der.ptr + certs[i].der.len) {
            X509_free(cert);
            tg_fault_set(fault, "x5c: certificate %zu cannot be read", i);
            return TG_ATTEST_STEP_ENCODING;
        }
        chain->certs[chain->count++] = cert;
        if (X509_get0_pubkey(cert) == NULL) {
            return explain_no_key(&certs[i], fault);
        }
    }
    return TG_ATTEST_OK;
}

EVP_PKEY *tg_chain_leaf_key(const struct tg_chain *chain)
{
    return X509_get0_pubkey(chain->certs[0]);
}

void tg_chain_deinit(struct tg_chain *chain)
{
    while (chain->count > 0) {
        X509_free(chain->certs[--chain->count]);
    }
}

static bool is_own_trouble(int why)
{
    return why == X509_V_ERR_OUT_OF_MEM || why == X509_V_ERR_UNSPECIFIED ||
           why == X509_V_ERR_STORE_LOOKUP || why == X509_V_OK;
}

static enum tg_attest_step run(X509_STORE_CTX *ctx, int64_t now_s, struct tg_fault *fault)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    bool is_good = false;
    bool is_trouble = false;
    int why = 0;

    X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, (int)TG_ATTEST_CHAIN_MAX);
    is_good = X509_verify_cert(ctx) == 1;
    is_trouble = tg_trouble_take();
    if (is_good) {
        return TG_ATTEST_OK;
    }
    why = X509_STORE_CTX_get_error(ctx);
    tg_fault_set(fault, "chain: %s", X509_verify_cert_error_string(why));
    return is_trouble || is_own_trouble(why) ? TG_ATTEST_STEP_INTERNAL : TG_ATTEST_STEP_CHAIN;
}

enum tg_attest_step tg_chain_verify(const struct tg_chain *chain,
                                    const struct tg_chain_roots *roots, int64_t now_s,
                                    struct tg_fault *fault)
{
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();

    for (size_t i = 1; others != NULL && i < chain->count; i++) {
        if (sk_X509_push(others, chain->certs[i]) <= 0) {
            goto out;
        }
    }
    if (ctx != NULL && others != NULL &&
        X509_STORE_CTX_init(ctx, roots->store, chain->certs[0], others) == 1) {
        step = run(ctx, now_s, fault);
    }
out:
    sk_X509_free(others);
    X509_STORE_CTX_free(ctx);
    (void)tg_trouble_take();
    return step;
}
