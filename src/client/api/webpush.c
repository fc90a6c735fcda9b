/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiving side of Web Push. Saved state: magic, version, private key, auth, and SHA-256 of
 * all of it, which detects damage.
 */
#include "wire/webpush.h"

#include <tigress/webpush.h>

#include "base/b64.h"
#include "base/mem.h"
#include "base/reader.h"
#include "client/api/random.h"
#include "client/public_error.h"
#include "client/text.h"
#include "crypto/digest.h"

#include <string.h>

#define SAVED_MAGIC UINT32_C(0x54475750) /* "TGWP" */
#define SAVED_VERSION 1u
#define SAVED_BODY_LEN (4u + 2u + TG_P256_PRIVATE_LEN + TG_WEBPUSH_AUTH_LEN)
#define SAVED_LEN (SAVED_BODY_LEN + TG_SHA256_LEN)

struct tigress_webpush {
    struct tg_secret private_key;
    struct tg_webpush_receiver receiver;
};

static enum tigress_error public_error(enum tg_err err)
{
    return err == TG_E_CRYPTO ? TIGRESS_E_RANDOM : tg_public_error(err);
}

enum tigress_error tigress_webpush_new(struct tigress_webpush **out, tigress_random_fn *random,
                                       void *random_ctx)
{
    struct tg_api_random source;
    const struct tg_rng *rng = tg_api_random_init(&source, random, random_ctx);
    struct tigress_webpush *w = NULL;
    enum tg_err err = TG_E_BUG;

    if (out == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    w = tg_mem_calloc(1, sizeof(*w));
    TG_REQUIRE(w != NULL, TG_E_NOMEM);
    TG_TRY(tg_p256_generate(&w->private_key, w->receiver.public_key, rng));
    w->receiver.auth.len = TG_WEBPUSH_AUTH_LEN;
    TG_TRY(tg_rng_fill(rng, w->receiver.auth.bytes, TG_WEBPUSH_AUTH_LEN));
    *out = w;
    w = NULL;
out:
    tigress_webpush_free(&w);
    return public_error(err);
}

void tigress_webpush_free(struct tigress_webpush **w)
{
    if (w != NULL && *w != NULL) {
        tg_mem_free_secret(*w, sizeof(**w));
        *w = NULL;
    }
}

/* Only what needs no escape in JSON. The push service judges the rest. */
static bool is_endpoint(struct tg_bytes url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= 0x20 || url.ptr[i] >= 0x7f || strchr("\"\\<>^`{|}#", url.ptr[i])) {
            return false;
        }
    }
    return url.len > sizeof("https://") - 1 && tg_bytes_has_prefix(url, TG_LIT("https://"));
}

static void put_subscription(struct tg_buf *text, const struct tigress_webpush *w,
                             struct tg_bytes endpoint)
{
    tg_buf_append_str(text, "{\"endpoint\":\"");
    tg_buf_append(text, endpoint);
    tg_buf_append_str(text, "\",\"expirationTime\":null,\"keys\":{\"p256dh\":\"");
    tg_b64_encode(text, TG_ARRAY_BYTES(w->receiver.public_key), TG_B64_URL);
    tg_buf_append_str(text, "\",\"auth\":\"");
    tg_b64_encode(text, tg_secret_view(&w->receiver.auth), TG_B64_URL);
    tg_buf_append_str(text, "\"}}");
}

enum tigress_error tigress_webpush_subscription(const struct tigress_webpush *w,
                                                const char *endpoint, char *out, size_t cap)
{
    struct tg_bytes url = tg_text_view(endpoint, TIGRESS_WEBPUSH_ENDPOINT_MAX);
    enum tigress_error error = TIGRESS_OK;
    struct tg_buf text;

    if (out == NULL || cap == 0) {
        return TIGRESS_E_ARGUMENT;
    }
    out[0] = '\0';
    if (w == NULL || endpoint == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (url.len > TIGRESS_WEBPUSH_ENDPOINT_MAX || !is_endpoint(url)) {
        return url.len > TIGRESS_WEBPUSH_ENDPOINT_MAX ? TIGRESS_E_LIMIT : TIGRESS_E_URL;
    }
    tg_buf_init(&text, TIGRESS_WEBPUSH_TOKEN_MAX - 1);
    put_subscription(&text, w, url);
    error = tg_public_error(tg_buf_status(&text));
    if (error == TIGRESS_OK && text.len >= cap) {
        error = TIGRESS_E_LIMIT;
    }
    if (error == TIGRESS_OK) {
        memcpy(out, text.ptr, text.len);
        out[text.len] = '\0';
    }
    tg_buf_deinit(&text);
    return error;
}

enum tigress_error tigress_webpush_open(const struct tigress_webpush *w, const unsigned char *body,
                                        size_t len, char **text, size_t *text_len)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf plain;

    if (w == NULL || text == NULL || text_len == NULL || (body == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&plain, TIGRESS_WEBPUSH_BODY_MAX);
    TG_TRY(tg_webpush_open(&plain, &w->receiver, &w->private_key, tg_bytes(body, len)));
    TG_TRY(tg_text_take(&plain, text, text_len));
out:
    tg_buf_deinit(&plain);
    return err == TG_E_SYNTAX || err == TG_E_CRYPTO ? TIGRESS_E_DECRYPT : tg_public_error(err);
}

enum tigress_error tigress_webpush_save(const struct tigress_webpush *w, unsigned char **out,
                                        size_t *len)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    char *text = NULL;
    struct tg_buf bytes;
    enum tg_err err = TG_E_BUG;

    if (w == NULL || out == NULL || len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&bytes, SAVED_LEN);
    tg_buf_append_u32(&bytes, SAVED_MAGIC);
    tg_buf_append_u16(&bytes, SAVED_VERSION);
    tg_buf_append(&bytes, tg_secret_view(&w->private_key));
    tg_buf_append(&bytes, tg_secret_view(&w->receiver.auth));
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(tg_sha256(hash, tg_buf_view(&bytes)));
    tg_buf_append(&bytes, TG_ARRAY_BYTES(hash));
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(tg_text_take(&bytes, &text, len));
    *out = (unsigned char *)text;
out:
    tg_buf_deinit(&bytes);
    return public_error(err);
}

static enum tg_err read_saved(struct tigress_webpush *w, struct tg_bytes data)
{
    struct tg_reader r = tg_reader_init(tg_bytes_first(data, SAVED_BODY_LEN));
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(data.len == SAVED_LEN, TG_E_SYNTAX);
    TG_TRY(tg_sha256(hash, tg_bytes_first(data, SAVED_BODY_LEN)));
    TG_REQUIRE(tg_ct_equal(TG_ARRAY_BYTES(hash), tg_bytes_from(data, SAVED_BODY_LEN)) &&
                   tg_reader_u32(&r) == SAVED_MAGIC && tg_reader_u16(&r) == SAVED_VERSION,
               TG_E_SYNTAX);
    TG_TRY(tg_secret_set(&w->private_key, tg_reader_bytes(&r, TG_P256_PRIVATE_LEN)));
    TG_TRY(tg_secret_set(&w->receiver.auth, tg_reader_bytes(&r, TG_WEBPUSH_AUTH_LEN)));
    TG_TRY(tg_reader_finish(&r));
    TG_TRY(tg_p256_public(w->receiver.public_key, &w->private_key));
out:
    return err;
}

enum tigress_error tigress_webpush_resume(struct tigress_webpush **out, const unsigned char *data,
                                          size_t len)
{
    struct tigress_webpush *w = NULL;
    enum tg_err err = TG_E_BUG;

    if (out == NULL || (data == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    w = tg_mem_calloc(1, sizeof(*w));
    TG_REQUIRE(w != NULL, TG_E_NOMEM);
    TG_TRY(read_saved(w, tg_bytes(data, len)));
    *out = w;
    w = NULL;
out:
    tigress_webpush_free(&w);
    return err == TG_E_SYNTAX ? TIGRESS_E_SAVED_STATE : public_error(err);
}
