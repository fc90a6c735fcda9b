/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/envelope.h>

#include "client/api/random.h"
#include "client/messages.h"
#include "client/public_error.h"
#include "client/text.h"
#include "wire/envelope.h"

const char *tigress_envelope_type(size_t secret_len)
{
    return secret_len == 16   ? TIGRESS_AEAD_AES_128_GCM
           : secret_len == 32 ? TIGRESS_AEAD_AES_256_GCM
                              : "";
}

enum tigress_error tigress_message_check(const char *json, size_t json_len, char *why,
                                         size_t why_cap)
{
    struct tg_fault fault = { "" };
    struct tg_buf format;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (json == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&format, TG_ENVELOPE_PLAIN_MAX);
    err = tg_messages_check(tg_bytes(json, json_len), &format, &fault);
    /* spec: protocol/7#envelope-v2-bare */
    if (err == TG_OK && tg_bytes_is_equal(tg_buf_view(&format), TG_LIT(TG_ENVELOPE2_BARE_FORMAT))) {
        tg_fault_set(&fault, "format: \"" TG_ENVELOPE2_BARE_FORMAT
                             "\" is only for messages that the library sends for itself");
        err = TG_E_SYNTAX;
    }
    tg_buf_deinit(&format);
    tg_text_copy(why, why_cap, fault.text);
    if (err == TG_OK || err == TG_E_NOMEM) {
        return tg_public_error(err);
    }
    return json_len > TIGRESS_MESSAGE_MAX ? TIGRESS_E_LIMIT : TIGRESS_E_MESSAGE;
}

enum tigress_error tigress_envelope_seal(const unsigned char *secret, size_t secret_len,
                                         const char *json, size_t json_len,
                                         tigress_random_fn *random, void *random_ctx, char **data,
                                         size_t *data_len)
{
    struct tg_api_random source;
    const struct tg_rng *rng = tg_api_random_init(&source, random, random_ctx);
    struct tg_secret key = { .len = 0 };
    struct tg_buf box;
    enum tg_err err = TG_E_BUG;

    if (secret == NULL || (json == NULL && json_len > 0) || data == NULL || data_len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (secret_len != 16 && secret_len != 32) {
        return TIGRESS_E_SECRET;
    }
    tg_buf_init(&box, 2 * TG_ENVELOPE_PLAIN_MAX);
    TG_TRY(tg_secret_set(&key, tg_bytes(secret, secret_len)));
    TG_TRY(tg_envelope_seal(&box, &key, tg_bytes(json, json_len), rng));
    TG_TRY(tg_text_take(&box, data, data_len));
out:
    tg_buf_deinit(&box);
    tg_secret_wipe(&key);
    return tg_public_error(err);
}

enum tigress_error tigress_envelope_open(const unsigned char *secret, size_t secret_len,
                                         const char *type, const char *data, size_t data_len,
                                         char **json, size_t *json_len)
{
    struct tg_secret key = { .len = 0 };
    struct tg_buf plain;
    struct tg_payload payload = { tg_bytes_str(type), tg_bytes(data, data_len) };
    enum tg_err err = TG_E_BUG;

    if (secret == NULL || type == NULL || data == NULL || json == NULL || json_len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (secret_len != 16 && secret_len != 32) {
        return TIGRESS_E_SECRET;
    }
    tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
    TG_TRY(tg_secret_set(&key, tg_bytes(secret, secret_len)));
    err = tg_envelope_open(&plain, &key, &payload, NULL);
    if (err != TG_OK) {
        tg_buf_deinit(&plain);
        tg_secret_wipe(&key);
        return tg_public_open_error(err);
    }
    while (plain.len > 0 && plain.ptr[plain.len - 1] == ' ') {
        tg_buf_truncate(&plain, plain.len - 1);
    }
    TG_TRY(tg_text_take(&plain, json, json_len));
out:
    tg_buf_deinit(&plain);
    tg_secret_wipe(&key);
    return tg_public_error(err);
}
