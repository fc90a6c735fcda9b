/* SPDX-License-Identifier: Apache-2.0 */
#include "push/subscription.h"

#include "base/b64.h"
#include "base/mem.h"
#include "wire/json.h"

#include <string.h>

#define KEY_TEXT_MAX 96u

/* Browsers write base64url without padding; some libraries add padding. */
static enum tg_err get_key(uint8_t *out, size_t len, struct tg_json_object keys, const char *name)
{
    struct tg_bytes text = { NULL, 0 };
    enum tg_err err =
        tg_json_get_string(&text, keys, name, TG_JSON_REQUIRED, 1, KEY_TEXT_MAX, NULL);

    if (err != TG_OK) {
        return err;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '+' || text.ptr[i] == '/') {
            return TG_E_SYNTAX;
        }
    }
    return tg_b64_decode_exact(out, len, text, TG_B64_ANY);
}

static enum tg_err get_receiver(struct tg_webpush_receiver *out, struct tg_json_object top)
{
    struct tg_json_object keys = { NULL, "" };
    enum tg_err err = tg_json_get_object(&keys, top, "keys", TG_JSON_REQUIRED, NULL);

    if (err == TG_OK) {
        err = get_key(out->public_key, TG_P256_PUBLIC_LEN, keys, "p256dh");
    }
    if (err == TG_OK) {
        err = get_key(out->auth.bytes, TG_WEBPUSH_AUTH_LEN, keys, "auth");
        out->auth.len = TG_WEBPUSH_AUTH_LEN;
    }
    return err == TG_OK ? tg_p256_check(TG_ARRAY_BYTES(out->public_key)) : err;
}

static enum tg_err get_endpoint(struct tg_push_subscription *out, struct tg_json_object top)
{
    struct tg_bytes url = { NULL, 0 };
    enum tg_err err =
        tg_json_get_string(&url, top, "endpoint", TG_JSON_REQUIRED, 1, sizeof(out->url), NULL);

    if (err != TG_OK) {
        return err;
    }
    memcpy(out->url, url.ptr, url.len);
    return tg_push_endpoint_parse(&out->endpoint, tg_bytes(out->url, url.len));
}

enum tg_err tg_push_subscription_parse(struct tg_push_subscription *out, struct tg_bytes text)
{
    struct tg_json *doc = NULL;
    enum tg_err err = TG_E_BUG;

    *out = (struct tg_push_subscription){ .endpoint = { .port = 0 } };
    TG_TRY(tg_json_parse(&doc, text, NULL));
    TG_TRY(get_endpoint(out, tg_json_top(doc)));
    TG_TRY(get_receiver(&out->receiver, tg_json_top(doc)));
out:
    tg_json_free(&doc);
    if (err != TG_OK) {
        tg_push_subscription_wipe(out);
    }
    return err;
}

void tg_push_subscription_wipe(struct tg_push_subscription *subscription)
{
    tg_mem_wipe(subscription, sizeof(*subscription));
}
