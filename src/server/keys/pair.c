/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keys/pair.h"

#include "base/time3339.h"
#include "server/keys/pair_chain.h"
#include "server/keys/pair_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define CERT "tls-cert"
#define KEY "tls-key"
#define DAY_S (24 * 3600)

/* One pair while it is examined. */
struct exam {
    struct tg_pair pair;
    const struct tg_pair_request *request;
    struct tg_findings *findings;
};

static struct tg_fault *find(struct exam *e, enum tg_severity severity, enum tg_log_reason reason)
{
    bool is_key = reason >= TG_REASON_KEY_UNREADABLE && reason <= TG_REASON_KEY_OWNER;

    return tg_finding_add(e->findings, severity, reason, is_key ? KEY : CERT,
                          is_key ? e->request->key_path : e->request->cert_path);
}

static void refuse(struct exam *e, enum tg_log_reason reason, const char *sentence)
{
    tg_fault_set(find(e, TG_FINDING_ERROR, reason), "%s", sentence);
}

static void warn(struct exam *e, enum tg_log_reason reason, const char *sentence)
{
    tg_fault_set(find(e, TG_FINDING_WARNING, reason), "%s", sentence);
}

/* A file that is encrypted is refused. Otherwise OpenSSL would ask at the terminal or read standard
   input, and the relay would wait. */
static int no_passphrase(char *out, int out_len, int is_sealing, void *ctx)
{
    bool *was_asked = ctx;

    (void)out;
    (void)out_len;
    (void)is_sealing;
    if (was_asked != NULL) {
        *was_asked = true;
    }
    return -1;
}

/* ---- the certificate ------------------------------------------------------------------------ */

/* The first certificate is the relay's. False: not PEM, or too many. */
static bool read_certs(struct exam *e, BIO *bio)
{
    size_t count = 0;

    e->pair.issuers = sk_X509_new_null();
    while (e->pair.issuers != NULL && count <= TG_PAIR_CHAIN_MAX) {
        X509 *next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);

        if (next == NULL) {
            return count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        }
        if (count++ == 0) {
            e->pair.cert = next;
        } else if (sk_X509_push(e->pair.issuers, next) <= 0) {
            X509_free(next);
            return false;
        }
    }
    return false;
}

/* NULL: the file cannot be used, which is a finding. */
static BIO *open_file(struct exam *e, struct tg_buf *text, enum tg_pair_file kind)
{
    enum tg_log_reason reason = TG_REASON_NONE;
    struct tg_fault fault = { { 0 } };
    const char *path = kind == TG_PAIR_FILE_KEY ? e->request->key_path : e->request->cert_path;
    BIO *bio = NULL;

    if (tg_pair_file_read(text, path, kind, &reason, &fault) == TG_OK) {
        bio = BIO_new_mem_buf(text->ptr, (int)text->len);
        reason = TG_REASON_OUT_OF_MEMORY;
    }
    if (bio == NULL) {
        refuse(e, reason, fault.text[0] != '\0' ? fault.text : "out of memory");
    }
    return bio;
}

static void load_certs(struct exam *e)
{
    struct tg_buf text;
    BIO *bio = NULL;

    tg_buf_init(&text, TG_PAIR_FILE_MAX + 1);
    bio = open_file(e, &text, TG_PAIR_FILE_CERT);
    if (bio != NULL && !read_certs(e, bio)) {
        refuse(e, TG_REASON_CERT_MALFORMED,
               "not a TLS certificate in PEM (expected: the relay's certificate first, then its "
               "issuers)");
        X509_free(e->pair.cert);
        e->pair.cert = NULL;
    }
    BIO_free(bio);
    tg_buf_deinit(&text);
    ERR_clear_error();
}

static int64_t utc_s(const ASN1_TIME *time)
{
    struct tm tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MIN;
}

static void check_dates(struct exam *e)
{
    int64_t now_s = e->request->now_s;
    int64_t from_s = utc_s(X509_get0_notBefore(e->pair.cert));
    int64_t until_s = utc_s(X509_get0_notAfter(e->pair.cert));
    char date[TG_TIME3339_LEN + 1] = "an unreadable time";

    if (until_s < now_s) {
        tg_time3339_format(date, until_s);
        tg_fault_set(
            find(e, TG_FINDING_ERROR, TG_REASON_CERT_EXPIRED),
            "the TLS certificate expired at %s (expected: one that is valid now; renew it)", date);
    } else if (from_s > now_s || from_s == INT64_MIN) {
        tg_time3339_format(date, from_s);
        tg_fault_set(find(e, TG_FINDING_ERROR, TG_REASON_CERT_NOT_YET_VALID),
                     "the TLS certificate is not valid before %s (expected: one that is valid now, "
                     "and a clock that is right)",
                     date);
    } else if (until_s < now_s + TG_PAIR_SOON_S) {
        tg_time3339_format(date, until_s);
        tg_fault_set(find(e, TG_FINDING_WARNING, TG_REASON_CERT_EXPIRES_SOON),
                     "the TLS certificate expires at %s, in %d days (expected: renew it, then send "
                     "SIGHUP)",
                     date, (int)((until_s - now_s) / DAY_S));
    }
}

/* Clients compare the alternative names and ignore the subject. */
static bool is_for_host(X509 *cert, const char *host)
{
    char address[64] = "";
    size_t len = strlen(host);

    if (len > 2 && len < sizeof(address) && host[0] == '[' && host[len - 1] == ']') {
        memcpy(address, host + 1, len - 2);
        address[len - 2] = '\0';
        host = address;
    }
    return X509_check_ip_asc(cert, host, 0) == 1 ||
           X509_check_host(cert, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static void check_host(struct exam *e)
{
    if (e->request->host != NULL && !is_for_host(e->pair.cert, e->request->host)) {
        refuse(e, TG_REASON_CERT_OTHER_HOST,
               "the TLS certificate is not for the host of public-url (expected: that host among "
               "its subject alternative names)");
    }
}

static void check_chain(struct exam *e)
{
    switch (tg_pair_chain_check(e->pair.cert, e->pair.issuers, e->request->now_s)) {
    case TG_CHAIN_GOOD:
        return;
    case TG_CHAIN_OUT_OF_ORDER:
        warn(e, TG_REASON_CHAIN_ORDER,
             "the chain is out of order, so some clients refuse it (expected: each certificate "
             "followed by the one of its issuer)");
        return;
    case TG_CHAIN_INCOMPLETE:
        warn(e, TG_REASON_CHAIN_INCOMPLETE,
             "the certificate's issuer is neither in the file nor a root of this system (expected: "
             "the certificates of its issuers after it)");
        return;
    case TG_CHAIN_EXPIRED:
        warn(e, TG_REASON_CHAIN_EXPIRED,
             "a certificate of the chain is not valid now (expected: the chain that its issuer "
             "publishes today)");
        return;
    }
}

/* ---- the key -------------------------------------------------------------------------------- */

static void load_key(struct exam *e)
{
    struct tg_buf text;
    BIO *bio = NULL;
    bool was_asked = false;

    tg_buf_init(&text, TG_PAIR_FILE_MAX + 1);
    bio = open_file(e, &text, TG_PAIR_FILE_KEY);
    if (bio != NULL) {
        e->pair.key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &was_asked);
    }
    if (bio != NULL && e->pair.key == NULL) {
        refuse(e, was_asked ? TG_REASON_KEY_ENCRYPTED : TG_REASON_KEY_MALFORMED,
               was_asked ? "the TLS key has a passphrase (expected: a key without one, mode 0600)"
                         : "not a private key in PEM (expected: the TLS key)");
    }
    BIO_free(bio);
    tg_buf_deinit(&text);
    ERR_clear_error();
}

static void check_match(struct exam *e)
{
    if (X509_check_private_key(e->pair.cert, e->pair.key) != 1) {
        refuse(e, TG_REASON_KEY_MISMATCH,
               "the TLS key is not the key of the first certificate in tls-cert (expected: the key "
               "that this certificate was issued for)");
    }
    ERR_clear_error();
}

/* ---- both ----------------------------------------------------------------------------------- */

enum tg_err tg_pair_load(struct tg_pair *out, const struct tg_pair_request *request,
                         struct tg_findings *findings)
{
    struct exam e = { .request = request, .findings = findings };

    ERR_clear_error();
    load_certs(&e);
    load_key(&e);
    if (e.pair.cert != NULL) {
        check_dates(&e);
        check_host(&e);
        check_chain(&e);
    }
    if (e.pair.cert != NULL && e.pair.key != NULL) {
        check_match(&e);
    }
    ERR_clear_error();
    if (e.pair.cert == NULL || e.pair.key == NULL || tg_findings_refuse(findings)) {
        tg_pair_deinit(&e.pair);
        return TG_E_CRYPTO;
    }
    *out = e.pair;
    return TG_OK;
}

void tg_pair_deinit(struct tg_pair *pair)
{
    X509_free(pair->cert);
    sk_X509_pop_free(pair->issuers, X509_free);
    EVP_PKEY_free(pair->key);
    *pair = (struct tg_pair){ .cert = NULL };
}
