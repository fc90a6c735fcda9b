/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges and tokens. issuers.c reads the file of issuers. */
#include "privacypass/issuers.h"

#include "base/b64.h"
#include "base/mem.h"
#include "base/reader.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#define SCHEME "PrivateToken"
#define CHALLENGE_MAX 1024u
#define SALT_LEN 48

/* ---- the challenge -------------------------------------------------------------------------- */

/* spec: protocol/6#private-token-challenge */
enum tg_err tg_private_token_challenge(struct tg_buf *out, struct tg_bytes issuer,
                                       struct tg_bytes context, struct tg_bytes origin)
{
    if (issuer.len == 0 || issuer.len > TG_PRIVATE_TOKEN_NAME_MAX || origin.len > UINT16_MAX ||
        (context.len != 0 && context.len != TG_PRIVATE_TOKEN_CONTEXT_LEN)) {
        return TG_E_LIMIT;
    }
    tg_buf_append_u16(out, TG_PRIVATE_TOKEN_TYPE);
    tg_buf_append_u16(out, (uint16_t)issuer.len);
    tg_buf_append(out, issuer);
    tg_buf_append_u8(out, (uint8_t)context.len);
    tg_buf_append(out, context);
    tg_buf_append_u16(out, (uint16_t)origin.len);
    tg_buf_append(out, origin);
    return tg_buf_status(out);
}

/* RFC 9577 requires padding. */
static void append_padded(struct tg_buf *out, struct tg_bytes raw)
{
    tg_b64_encode(out, raw, TG_B64_URL);
    for (size_t digits = raw.len % 3; digits != 0 && digits < 3; digits++) {
        tg_buf_append_u8(out, '=');
    }
}

static bool is_valid(const struct tg_private_token_key *key, int64_t now_s)
{
    return key->not_before_s <= now_s && now_s < key->not_after_s;
}

/* spec: protocol/6#private-token-rotation */
static const struct tg_private_token_key *first_valid(const struct tg_private_token_issuer *issuer,
                                                      int64_t now_s)
{
    for (size_t i = 0; i < issuer->key_count; i++) {
        if (is_valid(&issuer->keys[i], now_s)) {
            return &issuer->keys[i];
        }
    }
    return NULL;
}

enum tg_err tg_private_token_ask(struct tg_buf *out, const struct tg_private_token_issuers *issuers,
                                 struct tg_bytes context, struct tg_bytes origin, int64_t now_s)
{
    enum tg_err err = TG_OK;
    struct tg_buf challenge;

    tg_buf_init(&challenge, CHALLENGE_MAX);
    for (size_t i = 0; i < issuers->count; i++) {
        const struct tg_private_token_issuer *issuer = &issuers->issuers[i];
        const struct tg_private_token_key *key = first_valid(issuer, now_s);

        if (key == NULL) {
            continue;
        }
        tg_buf_clear(&challenge);
        TG_TRY(tg_private_token_challenge(&challenge, tg_bytes_str(issuer->name), context, origin));
        tg_buf_append_str(out, out->len > 0 ? ", " : "");
        tg_buf_append_str(out, SCHEME " challenge=\"");
        append_padded(out, tg_buf_view(&challenge));
        tg_buf_append_str(out, "\", token-key=\"");
        append_padded(out, tg_buf_view(&key->spki));
        tg_buf_append_str(out, "\"");
    }
    err = tg_buf_status(out);
out:
    tg_buf_deinit(&challenge);
    return err;
}

/* ---- parsing -------------------------------------------------------------------------------- */

bool tg_private_token_is_scheme(struct tg_bytes authorization)
{
    size_t len = sizeof(SCHEME) - 1;

    return tg_bytes_is_equal_nocase(tg_bytes_first(authorization, len), TG_LIT(SCHEME)) &&
           (authorization.len == len || authorization.ptr[len] == ' ');
}

/* The value of a parameter, without its quotes. */
static struct tg_bytes unquoted(struct tg_bytes value)
{
    bool is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';

    return is_quoted ? tg_bytes(value.ptr + 1, value.len - 2) : value;
}

/* spec: protocol/6#private-token-header */
enum tg_err tg_private_token_parse(uint8_t token[TG_PRIVATE_TOKEN_LEN],
                                   struct tg_bytes authorization)
{
    struct tg_bytes rest = tg_bytes_from(authorization, sizeof(SCHEME) - 1);
    struct tg_bytes found = { NULL, 0 };
    size_t count = 0;

    tg_mem_wipe(token, TG_PRIVATE_TOKEN_LEN);
    if (!tg_private_token_is_scheme(authorization)) {
        return TG_E_SYNTAX;
    }
    /* The values of the parameters contain no comma. */
    while (rest.len > 0) {
        struct tg_bytes piece = tg_bytes_first(rest, tg_bytes_find(rest, ','));
        size_t equals = tg_bytes_find(piece, '=');

        if (tg_bytes_is_equal_nocase(tg_bytes_trim(tg_bytes_first(piece, equals)),
                                     TG_LIT("token"))) {
            found = unquoted(tg_bytes_trim(tg_bytes_from(piece, equals + 1)));
            count++;
        }
        rest = tg_bytes_from(rest, piece.len + 1);
    }
    return count != 1 ? TG_E_SYNTAX
                      : tg_b64_decode_exact(token, TG_PRIVATE_TOKEN_LEN, found, TG_B64_URL);
}

/* ---- verifying ------------------------------------------------------------------------------ */

static bool has_id(const struct tg_private_token_key *key, struct tg_bytes id)
{
    return tg_ct_equal(TG_ARRAY_BYTES(key->id), id);
}

/* The first valid key with this id. */
static const struct tg_private_token_key *find_key(const struct tg_private_token_issuer **issuer,
                                                   const struct tg_private_token_issuers *issuers,
                                                   struct tg_bytes id, int64_t now_s)
{
    for (size_t i = 0; i < issuers->count; i++) {
        for (size_t k = 0; k < issuers->issuers[i].key_count; k++) {
            const struct tg_private_token_key *key = &issuers->issuers[i].keys[k];

            if (has_id(key, id) && is_valid(key, now_s)) {
                *issuer = &issuers->issuers[i];
                return key;
            }
        }
    }
    return NULL;
}

static enum tg_err is_for_challenge(bool *is_same, const struct tg_private_token_issuer *issuer,
                                    struct tg_bytes digest, struct tg_bytes context,
                                    struct tg_bytes origin)
{
    enum tg_err err = TG_E_BUG;
    uint8_t expected[TG_SHA256_LEN] = { 0 };
    struct tg_buf challenge;

    tg_buf_init(&challenge, CHALLENGE_MAX);
    TG_TRY(tg_private_token_challenge(&challenge, tg_bytes_str(issuer->name), context, origin));
    TG_TRY(tg_sha256(expected, tg_buf_view(&challenge)));
    *is_same = tg_ct_equal(TG_ARRAY_BYTES(expected), digest);
    err = TG_OK;
out:
    tg_buf_deinit(&challenge);
    return err;
}

static bool set_pss(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, "SHA2-384", NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, SALT_LEN) == 1;
}

/* spec: protocol/6#private-token-signature */
enum tg_private_token_step tg_private_token_key_check(const struct tg_private_token_key *key,
                                                      struct tg_bytes input,
                                                      struct tg_bytes signature)
{
    enum tg_private_token_step step = TG_PRIVATE_TOKEN_INTERNAL;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL; /* owned by md */

    if (md != NULL &&
        EVP_DigestVerifyInit_ex(md, &ctx, "SHA2-384", NULL, NULL, key->public_key, NULL) == 1 &&
        set_pss(ctx)) {
        /* Any other value than 1 is a refusal: OpenSSL does not distinguish its own failure from a
           bad signature. */
        step = EVP_DigestVerify(md, signature.ptr, signature.len, input.ptr, input.len) == 1
                   ? TG_PRIVATE_TOKEN_OK
                   : TG_PRIVATE_TOKEN_SIGNATURE;
    }
    EVP_MD_CTX_free(md);
    ERR_clear_error(); /* otherwise TLS on this thread would read the error as its own */
    return step;
}

/* spec: protocol/6#private-token-verified */
void tg_private_token_verify(struct tg_private_token_verdict *out,
                             const struct tg_private_token_issuers *issuers,
                             const uint8_t token[TG_PRIVATE_TOKEN_LEN], struct tg_bytes context,
                             struct tg_bytes origin, int64_t now_s)
{
    struct tg_bytes input = tg_bytes(token, TG_PRIVATE_TOKEN_INPUT_LEN);
    struct tg_reader r = tg_reader_init(tg_bytes(token, TG_PRIVATE_TOKEN_LEN));
    uint16_t type = tg_reader_u16(&r);
    struct tg_bytes digest, id;
    const struct tg_private_token_issuer *issuer = NULL;
    const struct tg_private_token_key *key = NULL;
    bool is_same = false;

    (void)tg_reader_bytes(&r, TG_PRIVATE_TOKEN_NONCE_LEN);
    digest = tg_reader_bytes(&r, TG_PRIVATE_TOKEN_HASH_LEN);
    id = tg_reader_bytes(&r, TG_PRIVATE_TOKEN_HASH_LEN);
    *out = (struct tg_private_token_verdict){ .step = TG_PRIVATE_TOKEN_INTERNAL };
    if (type != TG_PRIVATE_TOKEN_TYPE) {
        out->step = TG_PRIVATE_TOKEN_ENCODING;
        return;
    }
    key = find_key(&issuer, issuers, id, now_s);
    if (key == NULL) {
        out->step = TG_PRIVATE_TOKEN_KEY;
        return;
    }
    if (is_for_challenge(&is_same, issuer, digest, context, origin) != TG_OK) {
        return;
    }
    if (!is_same) {
        out->step = TG_PRIVATE_TOKEN_CHALLENGE;
        return;
    }
    if (tg_sha256(out->hash, input) == TG_OK) {
        memcpy(out->key_id, key->id, sizeof(out->key_id));
        out->step = tg_private_token_key_check(key, input, r.rest);
    }
}
