/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keys/devcert.h"

#include "base/buf.h"
#include "server/ops/folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY_S 86400
#define CLOCK_SKEW_S 3600 /* how long before its creation the certificate is valid */
#define SERIAL_LEN 16
#define PATH_BYTES_MAX 1280u
#define PEM_BYTES_MAX 16384u
#define HOST_MAX 253u
#define SAN_MAX 512u
#define CA_NAME "tigressd development CA"

/* The content of the three files, which belong together. */
struct set {
    X509 *ca;
    X509 *cert;
    EVP_PKEY *key;
};

static void set_deinit(struct set *s)
{
    EVP_PKEY_free(s->key);
    X509_free(s->cert);
    X509_free(s->ca);
    *s = (struct set){ 0 };
}

static bool is_ip(const char *host)
{
    struct in6_addr addr;

    return inet_pton(AF_INET, host, &addr) == 1 || inet_pton(AF_INET6, host, &addr) == 1;
}

/* OpenSSL parses the text that contains the host, so the host must not contain its separators. */
static bool is_host(const char *host)
{
    size_t len = strlen(host);

    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '.';

        if (!is_plain && !is_ip(host)) {
            return false;
        }
    }
    return len <= HOST_MAX;
}

/* ---- creation ---- */

static enum tg_err set_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    enum tg_err err = TG_E_CRYPTO;
    X509V3_CTX ctx;
    X509_EXTENSION *ext = NULL;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (ext != NULL && X509_add_ext(cert, ext, -1) == 1) {
        err = TG_OK;
    }
    X509_EXTENSION_free(ext);
    return err;
}

static enum tg_err set_serial(X509 *cert)
{
    uint8_t serial[SERIAL_LEN];
    enum tg_err err = TG_E_CRYPTO;
    BIGNUM *n = NULL;

    TG_REQUIRE(RAND_bytes(serial, sizeof(serial)) == 1, TG_E_CRYPTO);
    serial[0] = (uint8_t)((serial[0] & 0x7fu) | 0x40u); /* positive, and of full length */
    n = BN_bin2bn(serial, sizeof(serial), NULL);
    TG_REQUIRE(n != NULL, TG_E_NOMEM);
    TG_REQUIRE(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL, TG_E_CRYPTO);
    err = TG_OK;
out:
    BN_free(n);
    return err;
}

/* A certificate without extensions or signature. */
static enum tg_err new_cert(X509 **out, EVP_PKEY *key, const char *subject, const char *issuer,
                            int64_t now_s)
{
    enum tg_err err = TG_E_CRYPTO;
    X509 *cert = X509_new();
    X509_NAME *subject_name = X509_NAME_new();
    X509_NAME *issuer_name = X509_NAME_new();
    time_t from = (time_t)(now_s - CLOCK_SKEW_S);
    time_t until = (time_t)(now_s + (int64_t)TG_DEVCERT_DAYS * DAY_S);

    TG_REQUIRE(cert != NULL && subject_name != NULL && issuer_name != NULL, TG_E_NOMEM);
    TG_REQUIRE(X509_set_version(cert, X509_VERSION_3) == 1, TG_E_CRYPTO);
    TG_TRY(set_serial(cert));
    TG_REQUIRE(X509_NAME_add_entry_by_NID(subject_name, NID_commonName, MBSTRING_UTF8,
                                          (const unsigned char *)subject, -1, -1, 0) == 1 &&
                   X509_NAME_add_entry_by_NID(issuer_name, NID_commonName, MBSTRING_UTF8,
                                              (const unsigned char *)issuer, -1, -1, 0) == 1,
               TG_E_CRYPTO);
    TG_REQUIRE(X509_set_subject_name(cert, subject_name) == 1 &&
                   X509_set_issuer_name(cert, issuer_name) == 1,
               TG_E_CRYPTO);
    TG_REQUIRE(ASN1_TIME_set(X509_getm_notBefore(cert), from) != NULL &&
                   ASN1_TIME_set(X509_getm_notAfter(cert), until) != NULL,
               TG_E_CRYPTO);
    TG_REQUIRE(X509_set_pubkey(cert, key) == 1, TG_E_CRYPTO);
    *out = cert;
    cert = NULL;
    err = TG_OK;
out:
    X509_NAME_free(issuer_name);
    X509_NAME_free(subject_name);
    X509_free(cert);
    return err;
}

static enum tg_err make_ca(X509 **out, EVP_PKEY *key, int64_t now_s)
{
    enum tg_err err = TG_E_CRYPTO;
    X509 *ca = NULL;

    TG_TRY(new_cert(&ca, key, CA_NAME, CA_NAME, now_s));
    TG_TRY(set_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
    TG_TRY(set_extension(ca, ca, NID_key_usage, "critical,keyCertSign"));
    TG_TRY(set_extension(ca, ca, NID_subject_key_identifier, "hash"));
    TG_REQUIRE(X509_sign(ca, key, EVP_sha256()) > 0, TG_E_CRYPTO);
    *out = ca;
    ca = NULL;
    err = TG_OK;
out:
    X509_free(ca);
    return err;
}

static enum tg_err make_leaf(struct set *s, EVP_PKEY *ca_key, const char *host, int64_t now_s)
{
    enum tg_err err = TG_E_CRYPTO;
    struct tg_buf san = { 0 };

    tg_buf_init(&san, SAN_MAX);
    tg_buf_append_str(&san, "DNS:localhost,IP:127.0.0.1,IP:::1");
    if (host[0] != '\0') {
        tg_buf_append_str(&san, is_ip(host) ? ",IP:" : ",DNS:");
        tg_buf_append_str(&san, host);
    }
    TG_TRY(tg_buf_status(&san));
    TG_TRY(new_cert(&s->cert, s->key, "localhost", CA_NAME, now_s));
    TG_TRY(set_extension(s->cert, s->ca, NID_basic_constraints, "critical,CA:FALSE"));
    TG_TRY(set_extension(s->cert, s->ca, NID_key_usage, "critical,digitalSignature"));
    TG_TRY(set_extension(s->cert, s->ca, NID_ext_key_usage, "serverAuth"));
    TG_TRY(set_extension(s->cert, s->ca, NID_subject_key_identifier, "hash"));
    TG_TRY(set_extension(s->cert, s->ca, NID_authority_key_identifier, "keyid:always"));
    TG_TRY(set_extension(s->cert, s->ca, NID_subject_alt_name, tg_buf_cstr(&san)));
    TG_REQUIRE(X509_sign(s->cert, ca_key, EVP_sha256()) > 0, TG_E_CRYPTO);
    err = TG_OK;
out:
    tg_buf_deinit(&san);
    return err;
}

static enum tg_err make_set(struct set *s, const char *host, int64_t now_s)
{
    enum tg_err err = TG_E_CRYPTO;
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");

    s->key = EVP_EC_gen("P-256");
    TG_REQUIRE(ca_key != NULL && s->key != NULL, TG_E_CRYPTO);
    TG_TRY(make_ca(&s->ca, ca_key, now_s));
    TG_TRY(make_leaf(s, ca_key, host, now_s));
    err = TG_OK;
out:
    EVP_PKEY_free(ca_key);
    return err;
}

/* ---- files ---- */

static enum tg_err join(struct tg_buf *path, const char *dir, const char *name)
{
    tg_buf_init(path, PATH_BYTES_MAX);
    tg_buf_append_str(path, dir);
    tg_buf_append_str(path, "/");
    tg_buf_append_str(path, name);
    (void)tg_buf_cstr(path);
    return tg_buf_status(path);
}

static enum tg_err write_whole(int fd, struct tg_bytes text)
{
    while (text.len > 0) {
        ssize_t done = write(fd, text.ptr, text.len);

        if (done < 0 && errno != EINTR) {
            return TG_E_IO;
        }
        if (done > 0) {
            text = tg_bytes_from(text, (size_t)done);
        }
    }
    return TG_OK;
}

/* Replaces dir/name by the PEM text in bio, atomically. */
static enum tg_err save(const char *dir, const char *name, BIO *bio, mode_t mode)
{
    enum tg_err err = TG_E_IO;
    struct tg_buf path = { 0 };
    struct tg_buf temp = { 0 };
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    int fd = -1;

    TG_TRY(join(&path, dir, name));
    TG_TRY(join(&temp, dir, name));
    tg_buf_append_str(&temp, ".new");
    (void)unlink(tg_buf_cstr(&temp));
    TG_TRY(tg_buf_status(&temp));
    TG_REQUIRE(len > 0, TG_E_CRYPTO);
    fd = open(tg_buf_cstr(&temp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    TG_REQUIRE(fd >= 0, TG_E_IO);
    TG_REQUIRE(fchmod(fd, mode) == 0, TG_E_IO);
    TG_TRY(write_whole(fd, tg_bytes(text, (size_t)len)));
    TG_REQUIRE(fsync(fd) == 0, TG_E_IO);
    TG_REQUIRE(rename(tg_buf_cstr(&temp), tg_buf_cstr(&path)) == 0, TG_E_IO);
    TG_TRY(tg_folder_sync_above(tg_buf_cstr(&path)));
    err = TG_OK;
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    tg_buf_deinit(&temp);
    tg_buf_deinit(&path);
    return err;
}

static enum tg_err save_cert(const char *dir, const char *name, X509 *cert)
{
    enum tg_err err = TG_E_CRYPTO;
    BIO *bio = BIO_new(BIO_s_mem());

    TG_REQUIRE(bio != NULL, TG_E_NOMEM);
    TG_REQUIRE(PEM_write_bio_X509(bio, cert) == 1, TG_E_CRYPTO);
    TG_TRY(save(dir, name, bio, 0644));
    err = TG_OK;
out:
    BIO_free(bio);
    return err;
}

static enum tg_err save_key(const char *dir, EVP_PKEY *key)
{
    enum tg_err err = TG_E_CRYPTO;
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when freed */

    TG_REQUIRE(bio != NULL, TG_E_NOMEM);
    TG_REQUIRE(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, TG_E_CRYPTO);
    TG_TRY(save(dir, TG_DEVCERT_KEY, bio, 0600));
    err = TG_OK;
out:
    BIO_free(bio);
    return err;
}

/* The CA is written last: after a crash the files do not match, so the next start replaces them. */
static enum tg_err save_set(const char *dir, const struct set *s)
{
    enum tg_err err = TG_E_IO;

    TG_TRY(save_key(dir, s->key));
    TG_TRY(save_cert(dir, TG_DEVCERT_CERT, s->cert));
    TG_TRY(save_cert(dir, TG_DEVCERT_CA, s->ca));
    err = TG_OK;
out:
    return err;
}

/* NULL: missing, or not readable. */
static BIO *open_pem(const char *dir, const char *name)
{
    struct tg_buf path = { 0 };
    struct stat st;
    BIO *bio = NULL;

    if (join(&path, dir, name) == TG_OK && stat(tg_buf_cstr(&path), &st) == 0 &&
        S_ISREG(st.st_mode) && st.st_size <= (off_t)PEM_BYTES_MAX) {
        bio = BIO_new_file(tg_buf_cstr(&path), "r");
    }
    tg_buf_deinit(&path);
    return bio;
}

static X509 *load_cert(const char *dir, const char *name)
{
    BIO *bio = open_pem(dir, name);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    return cert;
}

static int no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)ctx;
    return -1;
}

static EVP_PKEY *load_key(const char *dir)
{
    BIO *bio = open_pem(dir, TG_DEVCERT_KEY);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    return key;
}

static bool is_key_private(const char *dir)
{
    struct tg_buf path = { 0 };
    struct stat st;
    bool is_private = join(&path, dir, TG_DEVCERT_KEY) == TG_OK &&
                      lstat(tg_buf_cstr(&path), &st) == 0 && S_ISREG(st.st_mode) &&
                      (st.st_mode & 077) == 0;

    tg_buf_deinit(&path);
    return is_private;
}

static bool covers(X509 *cert, const char *host)
{
    if (host[0] == '\0') {
        return true;
    }
    return is_ip(host) ? X509_check_ip_asc(cert, host, 0) == 1
                       : X509_check_host(cert, host, 0, 0, NULL) == 1;
}

static bool is_good(const struct set *s, const char *host, int64_t now_s)
{
    time_t now = (time_t)now_s;
    time_t tomorrow = (time_t)(now_s + DAY_S);

    return s->ca != NULL && s->cert != NULL && s->key != NULL &&
           X509_check_private_key(s->cert, s->key) == 1 &&
           X509_verify(s->cert, X509_get0_pubkey(s->ca)) == 1 &&
           X509_cmp_time(X509_get0_notBefore(s->cert), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(s->cert), &tomorrow) > 0 &&
           X509_cmp_time(X509_get0_notAfter(s->ca), &tomorrow) > 0 && covers(s->cert, host);
}

static bool has_good_set(const char *dir, const char *host, int64_t now_s)
{
    struct set s = { .ca = load_cert(dir, TG_DEVCERT_CA),
                     .cert = load_cert(dir, TG_DEVCERT_CERT),
                     .key = load_key(dir) };
    bool good = is_key_private(dir) && is_good(&s, host, now_s);

    set_deinit(&s);
    return good;
}

enum tg_err tg_devcert_ensure(const char *dir, const char *host, int64_t now_s, bool *is_created,
                              struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct set s = { 0 };
    const char *name = host != NULL ? host : "";
    bool is_new = false;

    if (!is_host(name)) {
        tg_fault_set(fault,
                     "not a host that a certificate can name (expected: an address or a DNS name)");
        return TG_E_SYNTAX;
    }
    if (!has_good_set(dir, name, now_s)) {
        TG_TRY(make_set(&s, name, now_s));
        TG_TRY(save_set(dir, &s));
        is_new = true;
    }
    if (is_created != NULL) {
        *is_created = is_new;
    }
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_fault_set(fault, "the development certificate cannot be created: %s",
                     err == TG_E_IO ? strerror(errno) : tg_err_name(err));
    }
    set_deinit(&s);
    return err;
}
