/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the file of issuers and their keys. */
#include "privacypass/issuers.h"

#include "base/b64.h"
#include "base/file.h"
#include "base/mem.h"
#include "wire/json.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define SPKI_MAX 1024u
#define KEY_BITS 2048
#define TIME_MAX_S INT64_C(253402300799) /* the end of the year 9999 */

void tg_private_token_issuers_free(struct tg_private_token_issuers **issuers)
{
    if (issuers == NULL || *issuers == NULL) {
        return;
    }
    for (size_t i = 0; i < TG_PRIVATE_TOKEN_ISSUERS_MAX; i++) {
        for (size_t k = 0; k < TG_PRIVATE_TOKEN_KEYS_MAX; k++) {
            EVP_PKEY_free((*issuers)->issuers[i].keys[k].public_key);
            tg_buf_deinit(&(*issuers)->issuers[i].keys[k].spki);
        }
    }
    tg_mem_free(*issuers);
    *issuers = NULL;
}

bool tg_private_token_key_at(struct tg_private_token_key_info *out,
                             const struct tg_private_token_issuers *issuers, size_t index)
{
    for (size_t i = 0; i < issuers->count; i++) {
        const struct tg_private_token_issuer *issuer = &issuers->issuers[i];

        if (index < issuer->key_count) {
            *out = (struct tg_private_token_key_info){
                .issuer = i + 1, .key = index + 1, .not_after_s = issuer->keys[index].not_after_s
            };
            memcpy(out->id, issuer->keys[index].id, sizeof(out->id));
            return true;
        }
        index -= issuer->key_count;
    }
    return false;
}

/* ---- one key -------------------------------------------------------------------------------- */

/* base64url with complete padding or none. */
static enum tg_err decode_text(struct tg_buf *out, struct tg_bytes text)
{
    while (text.len > 0 && text.len % 4 == 0 && text.ptr[text.len - 1] == '=') {
        text.len--;
    }
    while (text.len > 0 && text.ptr[text.len - 1] == '=') {
        text.len--;
    }
    return tg_b64_decode(out, text, TG_B64_URL);
}

#define OID_SHA384 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02
#define OID_MGF1 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08
#define OID_PSS 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a
#define SALT_48 0xa2, 0x03, 0x02, 0x01, 0x30

/* The AlgorithmIdentifier of RFC 9578, and its variant with a NULL after each hash. OpenSSL would
   also accept keys with other parameters. */
static bool is_pss_sha384(struct tg_bytes spki)
{
    static const uint8_t plain[] = { 0x30,     0x3d, OID_PSS,    0x30,       0x30,   0xa0, 0x0d,
                                     0x30,     0x0b, OID_SHA384, 0xa1,       0x1a,   0x30, 0x18,
                                     OID_MGF1, 0x30, 0x0b,       OID_SHA384, SALT_48 };
    static const uint8_t with_null[] = { 0x30, 0x41,       OID_PSS, 0x30,       0x34,     0xa0,
                                         0x0f, 0x30,       0x0d,    OID_SHA384, 0x05,     0x00,
                                         0xa1, 0x1c,       0x30,    0x1a,       OID_MGF1, 0x30,
                                         0x0d, OID_SHA384, 0x05,    0x00,       SALT_48 };
    struct tg_bytes body = tg_bytes_from(spki, 4); /* after 30 82 and the length */

    return tg_bytes_has_prefix(body, TG_ARRAY_BYTES(plain)) ||
           tg_bytes_has_prefix(body, TG_ARRAY_BYTES(with_null));
}

/* A key that cannot verify tokens is refused when it is loaded. */
static bool takes_tokens(const struct tg_private_token_key *key)
{
    static const uint8_t nothing[TG_PRIVATE_TOKEN_SIGNATURE_LEN] = { 0 };

    return is_pss_sha384(tg_buf_view(&key->spki)) &&
           EVP_PKEY_is_a(key->public_key, "RSA-PSS") == 1 &&
           EVP_PKEY_get_bits(key->public_key) == KEY_BITS &&
           tg_private_token_key_check(key, TG_LIT(""), TG_ARRAY_BYTES(nothing)) ==
               TG_PRIVATE_TOKEN_SIGNATURE;
}

static enum tg_err parse_spki(struct tg_private_token_key *key, struct tg_bytes text)
{
    const unsigned char *at = NULL;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&key->spki, SPKI_MAX);
    TG_TRY(decode_text(&key->spki, text));
    at = key->spki.ptr;
    key->public_key = key->spki.len == 0 ? NULL : d2i_PUBKEY(NULL, &at, (long)key->spki.len);
    TG_REQUIRE(key->public_key != NULL && at == key->spki.ptr + key->spki.len, TG_E_SYNTAX);
    TG_REQUIRE(takes_tokens(key), TG_E_SYNTAX);
    TG_TRY(tg_sha256(key->id, tg_buf_view(&key->spki)));
    err = TG_OK;
out:
    ERR_clear_error();
    return err;
}

/* Where in the file the reader is, for its faults. */
struct place {
    size_t issuer, key; /* from 1; 0: outside */
    struct tg_fault *fault;
};

static enum tg_err refuse(const struct place *at, const char *what)
{
    if (at->key > 0) {
        tg_fault_set(at->fault, "issuer %zu, key %zu: %s", at->issuer, at->key, what);
    } else if (at->issuer > 0) {
        tg_fault_set(at->fault, "issuer %zu: %s", at->issuer, what);
    } else {
        tg_fault_set(at->fault, "%s", what);
    }
    return TG_E_SYNTAX;
}

/* Without this check a misspelled member would silently be ignored. */
static bool has_only(struct tg_json_object object, const char *const *names)
{
    size_t known_count = 0;

    for (size_t i = 0; names[i] != NULL; i++) {
        known_count += tg_json_has(object, names[i]) ? 1 : 0;
    }
    return known_count == tg_json_member_count(object);
}

static bool read_times(struct tg_private_token_key *key, struct tg_json_object object)
{
    bool has_start = tg_json_has(object, "not-before");

    return tg_json_get_whole(&key->not_after_s, object, "not-after", TIME_MAX_S, NULL) == TG_OK &&
           (!has_start ||
            tg_json_get_whole(&key->not_before_s, object, "not-before", TIME_MAX_S, NULL) == TG_OK);
}

static enum tg_err read_key(struct tg_private_token_key *key, struct tg_json_object object,
                            const struct place *at)
{
    static const char *const names[] = { "token-key", "not-before", "not-after", NULL };
    struct tg_bytes text = { NULL, 0 };
    enum tg_err err = TG_E_BUG;

    if (!has_only(object, names) ||
        tg_json_get_string(&text, object, "token-key", TG_JSON_REQUIRED, 0,
                           TG_PRIVATE_TOKEN_FILE_MAX, NULL) != TG_OK) {
        return refuse(at, "expected token-key, not-after and optionally not-before");
    }
    if (!read_times(key, object)) {
        return refuse(at, "not-before, not-after: expected seconds since 1970; not-after is "
                          "required, because the relay remembers spent tokens until then");
    }
    if (key->not_after_s <= key->not_before_s) {
        return refuse(at, "not-after: expected a time later than not-before");
    }
    err = parse_spki(key, text);
    if (err == TG_E_SYNTAX || err == TG_E_LIMIT) {
        return refuse(at, "token-key: expected the base64url of an RSASSA-PSS public key (SPKI) of "
                          "2048 bits for SHA-384 and a salt of 48");
    }
    return err;
}

/* ---- issuers -------------------------------------------------------------------------------- */

/* The characters of a host name: the name goes into challenges and is compared byte for byte. */
static bool read_name(struct tg_private_token_issuer *issuer, struct tg_json_object object)
{
    struct tg_bytes name;

    if (tg_json_get_string(&name, object, "name", TG_JSON_REQUIRED, 1, TG_PRIVATE_TOKEN_NAME_MAX,
                           NULL) != TG_OK) {
        return false;
    }
    memcpy(issuer->name, name.ptr, name.len);
    return strspn(issuer->name, "abcdefghijklmnopqrstuvwxyz0123456789.-:") == name.len;
}

static enum tg_err read_issuer(struct tg_private_token_issuer *issuer, struct tg_json_object object,
                               struct place *at)
{
    static const char *const names[] = { "name", "keys", NULL };
    size_t count = tg_json_item_count(object, "keys");
    enum tg_err err = TG_OK;

    if (!has_only(object, names) || !read_name(issuer, object)) {
        return refuse(at, "expected name, a host name in lower case, and keys");
    }
    if (count < 1 || count > TG_PRIVATE_TOKEN_KEYS_MAX) {
        return refuse(at, "keys: expected an array of 1 to 4");
    }
    issuer->key_count = count;
    for (size_t k = 0; k < count && err == TG_OK; k++) {
        at->key = k + 1;
        err = read_key(&issuer->keys[k], tg_json_item(object, "keys", k), at);
    }
    at->key = 0;
    return err;
}

/* The store knows a key by its id alone, so a second one with another name or end would be the same
   key for it. */
static enum tg_err refuse_same_key(const struct tg_private_token_issuers *issuers,
                                   struct tg_fault *fault)
{
    struct tg_private_token_key_info a, b;

    for (size_t i = 0; tg_private_token_key_at(&a, issuers, i); i++) {
        for (size_t k = i + 1; tg_private_token_key_at(&b, issuers, k); k++) {
            if (tg_bytes_is_equal(TG_ARRAY_BYTES(a.id), TG_ARRAY_BYTES(b.id))) {
                tg_fault_set(fault,
                             "issuer %zu, key %zu: the same key as issuer %zu, key %zu (expected: "
                             "each key once)",
                             b.issuer, b.key, a.issuer, a.key);
                return TG_E_SYNTAX;
            }
        }
    }
    return TG_OK;
}

static enum tg_err read_top(struct tg_private_token_issuers *out, struct tg_json_object top,
                            struct place *at)
{
    static const char *const names[] = { "issuers", NULL };
    size_t count = tg_json_item_count(top, "issuers");
    enum tg_err err = TG_OK;

    if (!has_only(top, names) || count < 1 || count > TG_PRIVATE_TOKEN_ISSUERS_MAX) {
        return refuse(at, "expected an object with issuers, an array of 1 to 8");
    }
    out->count = count;
    for (size_t i = 0; i < count && err == TG_OK; i++) {
        at->issuer = i + 1;
        err = read_issuer(&out->issuers[i], tg_json_item(top, "issuers", i), at);
    }
    return err;
}

static enum tg_err parse_json(struct tg_json **doc, struct tg_bytes text, struct tg_fault *fault)
{
    enum tg_err err = tg_json_parse(doc, text, NULL);

    if (err == TG_E_SYNTAX || err == TG_E_LIMIT) {
        tg_fault_set(fault, "expected one JSON object in UTF-8 without duplicate members");
        return TG_E_SYNTAX;
    }
    return err;
}

enum tg_err tg_private_token_issuers_parse(struct tg_private_token_issuers **out,
                                           struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_private_token_issuers *issuers = NULL;
    struct place at = { .fault = fault };
    struct tg_json *doc = NULL;
    enum tg_err err = TG_E_BUG;

    issuers = tg_mem_calloc(1, sizeof(*issuers));
    TG_REQUIRE(issuers != NULL, TG_E_NOMEM);
    TG_TRY(parse_json(&doc, text, fault));
    TG_TRY(read_top(issuers, tg_json_top(doc), &at));
    TG_TRY(refuse_same_key(issuers, fault));
    *out = issuers;
    issuers = NULL;
    err = TG_OK;
out:
    tg_json_free(&doc);
    tg_private_token_issuers_free(&issuers);
    return err;
}

static enum tg_err read_file(struct tg_buf *text, const char *path, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    int fd = tg_file_open(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    uint8_t *at = NULL;
    size_t len = 0;

    if (file == NULL) {
        tg_fault_set(fault, "the file cannot be opened: %s (%s)", strerror(errno), path);
        return TG_E_IO;
    }
    at = tg_buf_extend(text, TG_PRIVATE_TOKEN_FILE_MAX + 1);
    TG_REQUIRE(at != NULL, TG_E_NOMEM);
    len = fread(at, 1, TG_PRIVATE_TOKEN_FILE_MAX + 1, file);
    if (ferror(file) != 0 || len > TG_PRIVATE_TOKEN_FILE_MAX) {
        tg_fault_set(fault, "the file cannot be read: %s (%s)",
                     ferror(file) != 0 ? strerror(errno) : "it is longer than 64 KiB", path);
        err = TG_E_IO;
        goto out;
    }
    tg_buf_truncate(text, len);
    err = TG_OK;
out:
    (void)fclose(file);
    return err;
}

enum tg_err tg_private_token_issuers_load(struct tg_private_token_issuers **out, const char *path,
                                          struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf text;

    tg_buf_init(&text, TG_PRIVATE_TOKEN_FILE_MAX + 1);
    TG_TRY(read_file(&text, path, fault));
    TG_TRY(tg_private_token_issuers_parse(out, tg_buf_view(&text), fault));
    err = TG_OK;
out:
    tg_buf_deinit(&text);
    return err;
}
