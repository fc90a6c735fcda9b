/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest DATADIR - compares the verification of an attestation with the OpenSSL operations in it:
 * each signature of the chain with an already parsed key, and the statement's signature. Both are
 * measured alternately in one run. Prints one JSON line for each format, with the longest single
 * verification, and the OpenSSL operations with d2i_X509 of each certificate, which every verifier
 * needs.
 */
#include "attest/attest.h"

#include "attest/authdata.h"
#include "attest/signature.h"
#include "base/buf.h"
#include "base/hex.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUND_S 0.15
#define ROUNDS 8
#define SIGNATURES_MAX 8

static const struct {
    const char *file;
    const char *vector;
} subjects[] = {
    { "apple_anonymous.json", "yubico_AppleAttestationIos" },
    { "apple_app_attest.json", "webauthn4j_kayak_2020_09" },
    { "android_key.json", "py_webauthn_pixel_8a_2025_01" },
    { "packed_u2f_none.json", "yubico_YubiKey5Nfc" },
    { "packed_u2f_none.json", "yubico_YubiKey4" },
    { "tpm.json", "yubico_WindowsHelloTpm" },
    { "w3c_level3.json", "packed-self-es256" },
    { "w3c_level3.json", "none-es256" },
};

struct bare { /* the OpenSSL operations alone */
    size_t link_count;
    X509 *certs[SIGNATURES_MAX];
    struct tg_bytes ders[SIGNATURES_MAX];
    size_t der_count;
    EVP_PKEY *issuers[SIGNATURES_MAX];
    EVP_PKEY *key; /* NULL: the statement has no signature */
    const char *digest;
    struct tg_buf message;
    struct tg_buf sig;
};

static void must(bool is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "attest: %s failed\n", what);
        exit(1);
    }
}

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static json_t *load(const char *dir, const char *file)
{
    char path[1024];
    json_t *json = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, file);
    json = json_load_file(path, 0, NULL);
    must(json != NULL, path);
    return json;
}

static const char *text_of(const json_t *in, const char *name)
{
    return json_string_value(json_object_get(in, name));
}

static const json_t *find(const json_t *file, const char *name)
{
    const json_t *list = json_object_get(file, "vectors");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(text_of(json_array_get(list, i), "name"), name) == 0) {
            return json_array_get(list, i);
        }
    }
    must(false, name);
    return NULL;
}

static void unhex(struct tg_buf *out, const char *digits)
{
    size_t len = strlen(digits) / 2;

    tg_buf_init(out, 32768);
    must(tg_hex_decode(tg_buf_extend(out, len), len, tg_bytes_str(digits)) == TG_OK, "hex");
}

static struct tg_attest_policy *make_policy(const char *pem)
{
    static const struct tg_attest_settings s = { .formats = (1u << TG_ATTEST_FORMAT_COUNT) - 1,
                                                 .allows_packed_self = true,
                                                 .allows_appattest_development = true,
                                                 .rp_id_count = 1,
                                                 .app_id_count = 1,
                                                 .package_count = 1,
                                                 .rp_ids = { "*" },
                                                 .app_ids = { "*" },
                                                 .packages = { "*" } };
    struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT];
    struct tg_attest_policy *policy = NULL;

    for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        roots[i] = tg_bytes_str(pem);
    }
    must(tg_attest_policy_new(&policy, &s, roots, tg_bytes(NULL, 0), NULL) == TG_OK, "policy");
    return policy;
}

static X509 *parse(struct tg_bytes der)
{
    const uint8_t *at = der.ptr;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);

    must(cert != NULL, "certificate");
    return cert;
}

/* Verifies each certificate with the key of the next one or of the anchor. */
static void find_links(struct bare *b, struct tg_cbor_item list, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *anchor = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    size_t count = 0;

    BIO_free(bio);
    (void)tg_cbor_get_array(&count, list);
    for (size_t i = 0; i < count; i++) {
        struct tg_bytes der;

        (void)tg_cbor_get_bytes(&der, tg_cbor_element(list, i));
        b->ders[b->der_count++] = der;
        b->certs[i] = parse(der);
    }
    for (size_t i = 0; i < count; i++) {
        bool is_by_anchor = X509_check_issued(anchor, b->certs[i]) == X509_V_OK;

        b->issuers[i] = X509_get0_pubkey(is_by_anchor ? anchor : b->certs[i + 1]);
        b->link_count++;
        if (is_by_anchor) {
            break;
        }
    }
}

static void find_message(struct bare *b, struct tg_cbor_item stmt, const char *format,
                         const struct tg_authdata *auth, struct tg_bytes hash)
{
    struct tg_bytes cert_info = { NULL, 0 };

    if (strcmp(format, "fido-u2f") == 0) {
        tg_buf_append_u8(&b->message, 0);
        tg_buf_append(&b->message, auth->rp_id_hash);
        tg_buf_append(&b->message, hash);
        tg_buf_append(&b->message, auth->credential_id);
        tg_buf_append(&b->message, tg_cose_key_point(&auth->key));
    } else if (tg_cbor_get_bytes(&cert_info, tg_cbor_member(stmt, "certInfo"))) {
        tg_buf_append(&b->message, cert_info);
    } else {
        tg_buf_append(&b->message, auth->raw);
        tg_buf_append(&b->message, hash);
    }
}

static void find_bare(struct bare *b, struct tg_bytes object, struct tg_bytes hash,
                      const char *format, const char *pem)
{
    struct tg_authdata auth;
    struct tg_cbor *doc = NULL;
    struct tg_cbor_item stmt;
    struct tg_bytes raw;
    struct tg_bytes sig;
    int64_t alg = TG_COSE_ES256;

    *b = (struct bare){ .link_count = 0 };
    tg_buf_init(&b->message, 16384);
    tg_buf_init(&b->sig, 16384);
    must(tg_cbor_decode(&doc, object) == TG_OK, "cbor");
    stmt = tg_cbor_member(tg_cbor_root(doc), "attStmt");
    must(tg_cbor_get_bytes(&raw, tg_cbor_member(tg_cbor_root(doc), "authData")), "authData");
    must(tg_authdata_read(&auth, raw, TG_AUTHDATA_TAIL_FREE, NULL) == TG_OK, "authData");
    find_links(b, tg_cbor_member(stmt, "x5c"), pem);
    if (tg_cbor_get_bytes(&sig, tg_cbor_member(stmt, "sig"))) {
        const uint8_t *at = auth.key.spki;

        (void)tg_cbor_get_int(&alg, tg_cbor_member(stmt, "alg"));
        b->digest = alg == TG_COSE_RS1 ? "SHA1" : "SHA2-256";
        b->key = b->link_count > 0 ? X509_get0_pubkey(b->certs[0])
                                   : d2i_PUBKEY(NULL, &at, (long)auth.key.spki_len);
        tg_buf_append(&b->sig, sig);
        find_message(b, stmt, format, &auth, hash);
    }
    /* doc is not released: the certificates are views into it. */
}

static void bare_once(const struct bare *b)
{
    for (size_t i = 0; i < b->link_count; i++) {
        must(X509_verify(b->certs[i], b->issuers[i]) == 1, "X509_verify");
    }
    if (b->key != NULL) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        must(EVP_DigestVerifyInit_ex(ctx, NULL, b->digest, NULL, NULL, b->key, NULL) == 1 &&
                 EVP_DigestVerify(ctx, b->sig.ptr, b->sig.len, b->message.ptr, b->message.len) == 1,
             "signature");
        EVP_MD_CTX_free(ctx);
    }
}

/* The same with parsing of the certificates. */
static void parsed_once(const struct bare *b)
{
    for (size_t i = 0; i < b->der_count; i++) {
        X509_free(parse(b->ders[i]));
    }
    bare_once(b);
}

struct figures {
    double ours_s, theirs_s, parsed_s, longest_s;
    uint64_t ours, theirs, parsed;
};

static void ours_round(struct figures *f, const struct tg_attest_policy *policy,
                       struct tg_bytes object, struct tg_bytes hash, int64_t at_s)
{
    double start = now_s();
    double last = start;

    while (last - start < ROUND_S) {
        struct tg_attest_verdict verdict;
        double end = 0;

        tg_attest_verify_hash(&verdict, policy, object, hash, at_s);
        must(verdict.step == TG_ATTEST_OK, verdict.fault.text);
        end = now_s();
        f->longest_s = end - last > f->longest_s ? end - last : f->longest_s;
        last = end;
        f->ours++;
    }
    f->ours_s += last - start;
}

static void theirs_round(struct figures *f, const struct bare *b)
{
    double start = now_s();

    if (b->link_count == 0 && b->key == NULL) {
        return;
    }
    for (; now_s() - start < ROUND_S; f->theirs++) {
        bare_once(b);
    }
    f->theirs_s += now_s() - start;
    start = now_s();
    for (; now_s() - start < ROUND_S; f->parsed++) {
        parsed_once(b);
    }
    f->parsed_s += now_s() - start;
}

static void run(const char *dir, const char *file, const char *name, const json_t *anchors)
{
    json_t *json = load(dir, file);
    const json_t *v = find(json, name);
    const char *anchor = text_of(v, "trust_anchor");
    const char *pem = text_of(
        json_object_get(anchors, anchor == NULL ? "w3c_webauthn_test_vectors_ca" : anchor), "pem");
    int64_t at_s = json_integer_value(json_object_get(v, "valid_at_unix"));
    struct tg_attest_policy *policy = make_policy(pem);
    struct figures f = { .ours = 0 };
    struct tg_buf object;
    struct tg_buf hash;
    struct bare b;

    unhex(&object, text_of(v, "attestationObject_hex"));
    unhex(&hash, text_of(v, "clientDataHash_hex"));
    find_bare(&b, tg_buf_view(&object), tg_buf_view(&hash), text_of(v, "fmt"), pem);
    for (int round = 0; round < ROUNDS; round++) {
        ours_round(&f, policy, tg_buf_view(&object), tg_buf_view(&hash), at_s);
        theirs_round(&f, &b);
    }
    printf("{\"format\":\"%s%s\",\"ours_per_s\":%.0f,\"openssl_per_s\":%.0f,"
           "\"openssl_parsing_per_s\":%.0f,\"longest_ms\":%.2f,"
           "\"signatures\":%zu}\n",
           text_of(v, "fmt"), strstr(name, "self") != NULL ? ", self" : "",
           (double)f.ours / f.ours_s, f.theirs_s > 0 ? (double)f.theirs / f.theirs_s : 0.0,
           f.parsed_s > 0 ? (double)f.parsed / f.parsed_s : 0.0, f.longest_s * 1000,
           b.link_count + (b.key != NULL ? 1 : 0));
    tg_attest_policy_free(&policy);
    json_decref(json);
}

int main(int argc, char **argv)
{
    json_t *anchors = NULL;

    must(argc == 2, "usage: attest DATADIR;");
    anchors = load(argv[1], "trust_anchors.json");
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        run(argv[1], subjects[i].file, subjects[i].vector, anchors);
    }
    json_decref(anchors);
    return 0;
}
