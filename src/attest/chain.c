/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/chain.h"

#include "attest/trouble.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#define SECURITY_LEVEL 2
#define SHOWS_NO_PASSWORD NULL

struct tg_attest_chain_roots {
    X509_STORE *store;
    size_t count;
    bool has_other_than_roots;
};

static bool is_self_issued(const X509 *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

/* TG_E_NOTFOUND at the end of the text. */
static enum tg_err add_next(struct tg_attest_chain_roots *roots, BIO *pem)
{
    X509 *cert = PEM_read_bio_X509(pem, NULL, NULL, SHOWS_NO_PASSWORD);
    unsigned long why = cert == NULL ? ERR_peek_last_error() : 0;
    bool is_end = ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(cert != NULL, is_end ? TG_E_NOTFOUND : tg_trouble_take() ? TG_E_NOMEM : TG_E_SYNTAX);
    TG_REQUIRE(roots->count < TG_ATTEST_CHAIN_ROOTS_MAX, TG_E_LIMIT);
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

static enum tg_err add_all(struct tg_attest_chain_roots *roots, BIO *pem)
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

enum tg_err tg_attest_chain_roots_new(struct tg_attest_chain_roots **out, struct tg_bytes pem,
                                      struct tg_fault *fault)
{
    struct tg_attest_chain_roots *roots = tg_mem_calloc(1, sizeof(*roots));
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
        tg_fault_set(fault, "expected 1 to %u certificates in PEM", TG_ATTEST_CHAIN_ROOTS_MAX);
    }
    BIO_free(bio);
    tg_attest_chain_roots_free(&roots);
    return err;
}

void tg_attest_chain_roots_free(struct tg_attest_chain_roots **roots)
{
    if (*roots != NULL) {
        X509_STORE_free((*roots)->store);
        tg_mem_free(*roots);
        *roots = NULL;
    }
}

/* OpenSSL does not report why a certificate has no key. Making the key alone reports it. */
static enum tg_attest_step explain_no_key(const struct tg_cert *cert,
                                          const struct tg_key_templates *templates,
                                          struct tg_fault *fault)
{
    EVP_PKEY *key = NULL;
    enum tg_attest_step step = tg_key_make(&key, templates, cert->key_kind, cert->spki, fault);

    EVP_PKEY_free(key);
    return step == TG_ATTEST_OK ? TG_ATTEST_STEP_INTERNAL : step;
}

/* OpenSSL 3.5 reports no error for some allocations that failed, so a certificate is bad only when
   it is refused twice. NULL: the error queue is that of the second attempt. */
static X509 *decode_cert(struct tg_bytes der)
{
    const uint8_t *at = der.ptr;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);

    if (cert == NULL) {
        (void)tg_trouble_take();
        at = der.ptr;
        cert = d2i_X509(NULL, &at, (long)der.len);
    }
    return cert;
}

static enum tg_attest_step read_cert(X509 **out, const struct tg_attest_chain_request *request,
                                     size_t i, struct tg_fault *fault)
{
    const struct tg_cert *from = &request->certs[i];
    X509 *cert = i == 0 ? NULL : tg_attest_issuers_find(request->issuers, from->der);

    if (cert == NULL) {
        cert = decode_cert(from->der);
    }
    *out = cert;
    if (cert == NULL && tg_trouble_take()) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    if (cert == NULL) {
        tg_fault_set(fault, "x5c: certificate %zu cannot be read", i);
        return TG_ATTEST_STEP_ENCODING;
    }
    return X509_get0_pubkey(cert) != NULL ? TG_ATTEST_OK
                                          : explain_no_key(from, request->templates, fault);
}

/* Some devices send their root too. It is ignored: only configured roots count. */
static bool is_needless_root(const struct tg_attest_chain_request *request, size_t i)
{
    const struct tg_cert *cert = &request->certs[i];

    return i > 0 && i + 1 == request->count && tg_bytes_is_equal(cert->issuer, cert->subject);
}

static enum tg_attest_step read_certs(struct tg_attest_chain *chain,
                                      const struct tg_attest_chain_request *request,
                                      struct tg_fault *fault)
{
    enum tg_attest_step step = TG_ATTEST_OK;

    (void)tg_trouble_take();
    for (size_t i = 0; step == TG_ATTEST_OK && i < request->count; i++) {
        if (is_needless_root(request, i)) {
            break;
        }
        step = read_cert(&chain->certs[i], request, i, fault);
        chain->count = i + 1;
    }
    return step;
}

EVP_PKEY *tg_attest_chain_leaf_key(const struct tg_attest_chain *chain)
{
    return X509_get0_pubkey(chain->certs[0]);
}

void tg_attest_chain_deinit(struct tg_attest_chain *chain)
{
    while (chain->count > 0) {
        X509_free(chain->certs[--chain->count]);
    }
}

static void set_rules(X509_VERIFY_PARAM *param, int64_t now_s)
{
    X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, (int)TG_ATTEST_CHAIN_MAX);
}

/* The certificate below the root, which is the last of the path. */
static const X509 *find_topmost(STACK_OF(X509) * path)
{
    int at = sk_X509_num(path) - 2;

    while (at > 0 && is_self_issued(sk_X509_value(path, at))) {
        at--; /* another form of the root */
    }
    return at >= 0 ? sk_X509_value(path, at) : NULL;
}

static bool is_from_factory(STACK_OF(X509) * path)
{
    const X509 *topmost = find_topmost(path);

    return topmost != NULL &&
           X509_NAME_get_index_by_NID(X509_get_subject_name(topmost), NID_serialNumber, -1) >= 0;
}

/* OpenSSL asks for each fault of a path whether to continue. */
static int on_fault_of_android(int is_good, X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    int why = X509_STORE_CTX_get_error(ctx);
    bool is_end = why == X509_V_ERR_CERT_HAS_EXPIRED;

    if (is_good == 0 && depth == 0) {
        return is_end || why == X509_V_ERR_CERT_NOT_YET_VALID;
    }
    if (is_good == 0 && is_end) {
        return depth < sk_X509_num(path) - 1 && is_from_factory(path);
    }
    return is_good;
}

static bool is_on_path(STACK_OF(X509) * path, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(path); i++) {
        if (sk_X509_value(path, i) == cert) {
            return true;
        }
    }
    return false;
}

static void keep_issuers(X509_STORE_CTX *ctx, const struct tg_attest_chain *chain,
                         const struct tg_attest_chain_request *request)
{
    STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);

    for (size_t i = 1; i < chain->count; i++) {
        if (is_on_path(path, chain->certs[i])) {
            tg_attest_issuers_keep(request->issuers, request->certs[i].der, chain->certs[i]);
        }
    }
}

/* TG_ATTEST_STEP_CHAIN: refused; *why is the reason (X509_V_ERR_...). */
static enum tg_attest_step verify_with(X509_STORE_CTX *ctx, const struct tg_attest_chain *chain,
                                       STACK_OF(X509) * others,
                                       const struct tg_attest_chain_request *request, int *why)
{
    bool is_good = false;

    if (ctx == NULL ||
        X509_STORE_CTX_init(ctx, request->roots->store, chain->certs[0], others) != 1) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    set_rules(X509_STORE_CTX_get0_param(ctx), request->now_s);
    if (request->times == TG_ATTEST_TIMES_ANDROID) {
        X509_STORE_CTX_set_verify_cb(ctx, on_fault_of_android);
    }
    is_good = X509_verify_cert(ctx) == 1;
    *why = X509_STORE_CTX_get_error(ctx);
    if (is_good) {
        keep_issuers(ctx, chain, request);
        return TG_ATTEST_OK;
    }
    return tg_trouble_take() || *why == X509_V_OK || *why == X509_V_ERR_OUT_OF_MEM ||
                   *why == X509_V_ERR_UNSPECIFIED || *why == X509_V_ERR_STORE_LOOKUP
               ? TG_ATTEST_STEP_INTERNAL
               : TG_ATTEST_STEP_CHAIN;
}

static enum tg_attest_step verify(const struct tg_attest_chain *chain,
                                  const struct tg_attest_chain_request *request, int *why)
{
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    bool is_whole = others != NULL;

    for (size_t i = 1; is_whole && i < chain->count; i++) {
        is_whole = sk_X509_push(others, chain->certs[i]) > 0;
    }
    if (is_whole) {
        step = verify_with(ctx, chain, others, request, why);
    }
    sk_X509_free(others);
    X509_STORE_CTX_free(ctx);
    (void)tg_trouble_take();
    return step;
}

static enum tg_attest_step attempt(struct tg_attest_chain *chain,
                                   const struct tg_attest_chain_request *request, int *why,
                                   struct tg_fault *fault)
{
    enum tg_attest_step step = read_certs(chain, request, fault);

    return step == TG_ATTEST_OK ? verify(chain, request, why) : step;
}

/* In some places OpenSSL reports a failed allocation as a weak key, a missing issuer or a wrong
   signature, and stores that in the certificate. So a refusal counts only if a second attempt with
   new certificates gives the same reason. */
enum tg_attest_step tg_attest_chain_verify(struct tg_attest_chain *chain,
                                           const struct tg_attest_chain_request *request,
                                           struct tg_fault *fault)
{
    int why = X509_V_OK;
    int why_again = X509_V_OK;
    enum tg_attest_step step = attempt(chain, request, &why, fault);

    if (step != TG_ATTEST_STEP_CHAIN) {
        return step;
    }
    tg_attest_chain_deinit(chain);
    if (attempt(chain, request, &why_again, fault) != TG_ATTEST_STEP_CHAIN || why != why_again) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    tg_fault_set(fault, "chain: %s", X509_verify_cert_error_string(why));
    return TG_ATTEST_STEP_CHAIN;
}
