/* SPDX-License-Identifier: Apache-2.0 */
/* spec: WebAuthn Level 3 sections 6.5 and 8.2. */
#include "cli/attest_packed.h"

#include "cli/mem.h"
#include "cli/ui_error.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <string.h>

#define CERTIFICATES_MAX 5
#define OBJECT_MAX 12288u
#define HASH_LEN 32u
#define POINT_LEN 65u /* 04, x, y */
#define CREDENTIAL_ID_LEN 16u
#define FLAGS 0x45u /* user present, user verified, attested credential data */

/* ---- CBOR, as much as is needed ------------------------------------------------------------- */

struct writer {
    unsigned char bytes[OBJECT_MAX];
    size_t len;
    bool is_full;
};

static void put(struct writer *w, const void *data, size_t len)
{
    if (w->is_full || len > sizeof(w->bytes) - w->len) {
        w->is_full = true;
        return;
    }
    memcpy(w->bytes + w->len, data, len);
    w->len += len;
}

static void put_head(struct writer *w, unsigned major, size_t value)
{
    unsigned char head[3] = { (unsigned char)(major << 5 | (unsigned)value) };
    size_t len = 1;

    if (value >= 256) {
        head[0] = (unsigned char)(major << 5 | 25);
        head[1] = (unsigned char)(value >> 8);
        head[2] = (unsigned char)value;
        len = 3;
    } else if (value >= 24) {
        head[0] = (unsigned char)(major << 5 | 24);
        head[1] = (unsigned char)value;
        len = 2;
    }
    put(w, head, len);
}

static void put_bytes(struct writer *w, const void *data, size_t len)
{
    put_head(w, 2, len);
    put(w, data, len);
}

static void put_text(struct writer *w, const char *text)
{
    put_head(w, 3, strlen(text));
    put(w, text, strlen(text));
}

/* ---- authenticator data --------------------------------------------------------------------- */

static bool hash(unsigned char out[HASH_LEN], const void *data, size_t len)
{
    return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1;
}

/* The public key of a new credential, which is used once. */
static bool make_point(unsigned char point[POINT_LEN])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    size_t len = 0;
    bool is_good =
        key != NULL && EVP_PKEY_get_octet_string_param(key, "pub", point, POINT_LEN, &len) == 1;

    EVP_PKEY_free(key);
    return is_good && len == POINT_LEN;
}

static bool put_auth_data(struct writer *w, const char *rp_id)
{
    static const unsigned char none[16] = { 0 }; /* counter; aaguid */
    static const unsigned char cose_start[] = { 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01 };
    unsigned char rp_hash[HASH_LEN], point[POINT_LEN], id[CREDENTIAL_ID_LEN];
    const unsigned char flags = FLAGS, id_len[2] = { 0, CREDENTIAL_ID_LEN };

    if (!hash(rp_hash, rp_id, strlen(rp_id)) || !make_point(point) ||
        RAND_bytes(id, sizeof(id)) != 1) {
        return false;
    }
    put(w, rp_hash, sizeof(rp_hash));
    put(w, &flags, 1);
    put(w, none, 4);
    put(w, none, 16);
    put(w, id_len, sizeof(id_len));
    put(w, id, sizeof(id));
    put(w, cose_start, sizeof(cose_start));
    put_head(w, 1, 1); /* -2: x */
    put_bytes(w, point + 1, 32);
    put_head(w, 1, 2); /* -3: y */
    put_bytes(w, point + 33, 32);
    return !w->is_full;
}

/* ---- key and certificates ------------------------------------------------------------------- */

static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, NULL, NULL);

    if (file != NULL) {
        (void)fclose(file);
    }
    if (key != NULL && (EVP_PKEY_is_a(key, "EC") != 1 || EVP_PKEY_get_bits(key) != 256)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

/* The number of certificates put, 0 when the file has none or too many. */
static size_t put_chain(struct writer *w, const char *path)
{
    FILE *file = fopen(path, "re");
    struct writer *chain = cli_alloc(sizeof(*chain));
    X509 *certificate = NULL;
    size_t count = 0;

    while (file != NULL && chain != NULL &&
           (certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        unsigned char *der = NULL;
        int len = i2d_X509(certificate, &der);

        if (len > 0) {
            put_bytes(chain, der, (size_t)len);
            count++;
        }
        OPENSSL_free(der);
        X509_free(certificate);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (chain == NULL || chain->is_full || count > CERTIFICATES_MAX) {
        count = 0;
    } else {
        put_head(w, 4, count);
        put(w, chain->bytes, chain->len);
    }
    cli_free(chain);
    return count;
}

/* Over the authenticator data and the hash of the challenge. */
static bool put_signature(struct writer *w, EVP_PKEY *key, const struct writer *auth_data,
                          const unsigned char challenge[TIGRESS_ATTESTATION_CHALLENGE_LEN])
{
    unsigned char signed_data[1024], signature[128];
    size_t len = sizeof(signature);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool is_good = md != NULL && auth_data->len + HASH_LEN <= sizeof(signed_data);

    if (is_good) {
        memcpy(signed_data, auth_data->bytes, auth_data->len);
        is_good =
            hash(signed_data + auth_data->len, challenge, TIGRESS_ATTESTATION_CHALLENGE_LEN) &&
            EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestSign(md, signature, &len, signed_data, auth_data->len + HASH_LEN) == 1;
    }
    if (is_good) {
        put_bytes(w, signature, len);
    }
    EVP_MD_CTX_free(md);
    return is_good;
}

/* ---- the object ----------------------------------------------------------------------------- */

static enum cli_exit build(struct ui *ui, struct writer *w, struct writer *auth_data, EVP_PKEY *key,
                           const char *cert_path,
                           const unsigned char challenge[TIGRESS_ATTESTATION_CHALLENGE_LEN])
{
    put_head(w, 5, 3);
    put_text(w, "fmt");
    put_text(w, "packed");
    put_text(w, "attStmt");
    put_head(w, 5, 3);
    put_text(w, "alg");
    put_head(w, 1, 6); /* -7: ES256 */
    put_text(w, "sig");
    if (!put_signature(w, key, auth_data, challenge)) {
        return ui_error(ui, TIGRESS_E_RANDOM, NULL);
    }
    put_text(w, "x5c");
    if (put_chain(w, cert_path) == 0) {
        return ui_fail(
            ui, CLI_REFUSED, "attest",
            "%s has no usable certificates (expected: 1 to 5 in PEM, the device's first).",
            cert_path);
    }
    put_text(w, "authData");
    put_bytes(w, auth_data->bytes, auth_data->len);
    return w->is_full ? ui_error(ui, TIGRESS_E_LIMIT, NULL) : CLI_OK;
}

enum cli_exit attest_packed(struct ui *ui, unsigned char **out, size_t *len, const char *key_path,
                            const char *cert_path, const char *rp_id,
                            const unsigned char challenge[TIGRESS_ATTESTATION_CHALLENGE_LEN])
{
    EVP_PKEY *key = read_key(key_path);
    struct writer *w = cli_alloc(sizeof(*w)), *auth_data = cli_alloc(sizeof(*auth_data));
    enum cli_exit exit = CLI_OK;

    if (key == NULL) {
        exit = ui_fail(ui, CLI_REFUSED, "attest",
                       "%s has no usable key (expected: a P-256 private key in PEM).", key_path);
    } else if (w == NULL || auth_data == NULL) {
        exit = ui_error(ui, TIGRESS_E_NOMEM, NULL);
    } else if (!put_auth_data(auth_data, rp_id)) {
        exit = ui_error(ui, TIGRESS_E_RANDOM, NULL);
    } else {
        exit = build(ui, w, auth_data, key, cert_path, challenge);
    }
    if (exit == CLI_OK && w != NULL) {
        *out = (unsigned char *)cli_copy(w->bytes, w->len);
        *len = w->len;
        exit = *out == NULL ? ui_error(ui, TIGRESS_E_NOMEM, NULL) : CLI_OK;
    }
    cli_free(auth_data);
    cli_free(w);
    EVP_PKEY_free(key);
    return exit;
}
