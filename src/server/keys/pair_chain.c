/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keys/pair_chain.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <time.h>

static bool is_in_order(X509 *cert, STACK_OF(X509) * issuers)
{
    X509 *before = cert;

    for (int i = 0; i < sk_X509_num(issuers); i++) {
        X509 *issuer = sk_X509_value(issuers, i);

        if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(before)) != 0) {
            return false;
        }
        before = issuer;
    }
    return true;
}

static bool is_valid_now(const STACK_OF(X509) * issuers, int64_t now_s)
{
    time_t now = (time_t)now_s;

    for (int i = 0; i < sk_X509_num(issuers); i++) {
        const X509 *issuer = sk_X509_value(issuers, i);

        if (X509_cmp_time(X509_get0_notBefore(issuer), &now) >= 0 ||
            X509_cmp_time(X509_get0_notAfter(issuer), &now) <= 0) {
            return false;
        }
    }
    return true;
}

/* Where the system has no roots, a certificate of a private authority looks the same. */
static bool is_issuer_a_root(X509 *cert)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509 *issuer = NULL;
    bool is_found = store != NULL && ctx != NULL && X509_STORE_set_default_paths(store) == 1 &&
                    X509_STORE_CTX_init(ctx, store, cert, NULL) == 1 &&
                    X509_STORE_CTX_get1_issuer(&issuer, ctx, cert) == 1;

    X509_free(issuer);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return is_found;
}

enum tg_pair_chain tg_pair_chain_check(X509 *cert, STACK_OF(X509) * issuers, int64_t now_s)
{
    if (!is_in_order(cert, issuers)) {
        return TG_CHAIN_OUT_OF_ORDER;
    }
    if (!is_valid_now(issuers, now_s)) {
        return TG_CHAIN_EXPIRED;
    }
    /* Of several certificates only the root may be missing, and clients have that. */
    if (sk_X509_num(issuers) == 0 && X509_self_signed(cert, 0) != 1 && !is_issuer_a_root(cert)) {
        return TG_CHAIN_INCOMPLETE;
    }
    return TG_CHAIN_GOOD;
}
