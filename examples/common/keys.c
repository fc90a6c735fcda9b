/* SPDX-License-Identifier: Apache-2.0 */
#include "common/keys.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"

#define KEY_FILE "key.pem"
#define RAW_MAX 128

static EVP_PKEY *make(const char *folder)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_secmem());
    char *pem = NULL;
    long len = 0;
    bool is_ok = key != NULL && bio != NULL &&
                 PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

    if (is_ok) {
        len = BIO_get_mem_data(bio, &pem);
        is_ok = len > 0 && file_write(folder, KEY_FILE, pem, (size_t)len);
    }
    BIO_free(bio);
    if (!is_ok) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

EVP_PKEY *key_open(const char *folder)
{
    unsigned char *pem = NULL;
    size_t len = 0;
    EVP_PKEY *key = NULL;

    if (file_read(folder, KEY_FILE, &pem, &len)) {
        BIO *bio = BIO_new_mem_buf(pem, (int)len);

        key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        BIO_free(bio);
        OPENSSL_cleanse(pem, len);
        free(pem);
    } else {
        key = make(folder);
    }
    if (key == NULL) {
        (void)fprintf(stderr, "this device has no usable key\n");
    }
    return key;
}

bool key_to_base64(char *out, size_t cap, const unsigned char *data, size_t len)
{
    if ((len + 2) / 3 * 4 + 1 > cap) {
        return false;
    }
    return EVP_EncodeBlock((unsigned char *)out, data, (int)len) > 0;
}

/* The bytes of a base64 text of at most RAW_MAX bytes, or 0. */
static size_t from_base64(unsigned char out[RAW_MAX], const char *text)
{
    size_t len = strlen(text), padding = 0;
    int used = 0;

    if (len == 0 || len % 4 != 0 || len / 4 * 3 > RAW_MAX) {
        return 0;
    }
    padding = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    used = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
    return used <= 0 ? 0 : (size_t)used - padding;
}

bool key_public(EVP_PKEY *key, char out[PUBLIC_KEY_MAX])
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    bool is_ok = len > 0 && key_to_base64(out, PUBLIC_KEY_MAX, der, (size_t)len);

    OPENSSL_free(der);
    return is_ok;
}

bool key_point(EVP_PKEY *key, unsigned char out[KEY_POINT_LEN])
{
    size_t len = 0;

    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, out,
                                           KEY_POINT_LEN, &len) == 1 &&
           len == KEY_POINT_LEN && out[0] == 4;
}

unsigned char *key_labelled(const char *label, const char *text, size_t *len)
{
    size_t label_len = strlen(label) + 1, text_len = strlen(text);
    unsigned char *bytes = malloc(label_len + text_len + 1);

    if (bytes != NULL) {
        memcpy(bytes, label, label_len);
        memcpy(bytes + label_len, text, text_len + 1);
        *len = label_len + text_len;
    }
    return bytes;
}

bool key_text_of(const unsigned char *bytes, size_t len, char **text)
{
    const unsigned char *end = memchr(bytes, 0, len);

    *text = end != NULL ? strndup((const char *)end + 1, len - (size_t)(end + 1 - bytes)) : NULL;
    return *text != NULL;
}

bool key_sign_bytes(EVP_PKEY *key, const unsigned char *bytes, size_t len, unsigned char *der,
                    size_t *der_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                 EVP_DigestSign(ctx, der, der_len, bytes, len) == 1;

    EVP_MD_CTX_free(ctx);
    return is_ok;
}

bool key_sign(EVP_PKEY *key, const char *label, const char *text, char out[SIGNATURE_MAX])
{
    unsigned char raw[RAW_MAX];
    size_t len = 0, raw_len = sizeof(raw);
    unsigned char *bytes = key_labelled(label, text, &len);
    bool is_ok = bytes != NULL && key_sign_bytes(key, bytes, len, raw, &raw_len) &&
                 key_to_base64(out, SIGNATURE_MAX, raw, raw_len);

    free(bytes);
    return is_ok;
}

static EVP_PKEY *read_public(const char *public_key)
{
    unsigned char der[RAW_MAX];
    const unsigned char *at = der;
    size_t len = from_base64(der, public_key);
    EVP_PKEY *key = len > 0 ? d2i_PUBKEY(NULL, &at, (long)len) : NULL;

    if (key != NULL && (at != der + len || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

bool key_verify(const char *public_key, const char *label, const char *text, const char *signature)
{
    unsigned char raw[RAW_MAX];
    size_t raw_len = from_base64(raw, signature), len = 0;
    unsigned char *bytes = key_labelled(label, text, &len);
    EVP_PKEY *key = read_public(public_key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_right = bytes != NULL && key != NULL && ctx != NULL && raw_len > 0 &&
                    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestVerify(ctx, raw, raw_len, bytes, len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    free(bytes);
    return is_right;
}

static void to_hex(char out[HEX_MAX], const unsigned char raw[32])
{
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[raw[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
    }
    out[64] = '\0';
}

bool random_hex(char out[HEX_MAX])
{
    unsigned char raw[32];
    bool is_ok = RAND_bytes(raw, sizeof(raw)) == 1;

    to_hex(out, raw);
    OPENSSL_cleanse(raw, sizeof(raw));
    return is_ok;
}

bool hash_hex(const char *text, char out[HEX_MAX])
{
    unsigned char raw[32];
    bool is_ok = EVP_Digest(text, strlen(text), raw, NULL, EVP_sha256(), NULL) == 1;

    to_hex(out, raw);
    return is_ok;
}

bool mac_hex(const char *key, const char *label, const char *text, char out[HEX_MAX])
{
    unsigned char raw[32];
    size_t len = 0;
    unsigned char *bytes = key_labelled(label, text, &len);
    bool is_ok = bytes != NULL && strlen(key) == HEX_MAX - 1 &&
                 HMAC(EVP_sha256(), key, (int)strlen(key), bytes, len, raw, NULL) != NULL;

    if (is_ok) {
        to_hex(out, raw);
    }
    OPENSSL_cleanse(raw, sizeof(raw));
    free(bytes);
    return is_ok;
}

bool is_same_secret(const char *a, const char *b)
{
    size_t len = strlen(a);

    return len == strlen(b) && len > 0 && CRYPTO_memcmp(a, b, len) == 0;
}
