/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhook: a POST to an integrator's own gateway, signed as in Standard Webhooks. docs/push.md has
 * how a gateway verifies it.
 */
#include "base/b64.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/secret.h"
#include "crypto/digest.h"
#include "push/endpoint.h"
#include "push/keyfile.h"
#include "push/provider.h"
#include "push/verdict.h"

#define KEY_MIN 32u /* bytes */
#define KEY_MAX 64u
#define KEY_PREFIX "whsec_" /* the prefix of a key in Standard Webhooks */
#define ID_BYTES 16u
#define SIGNED_MAX 256u

static const char body[] = "{\"event\":\"changed\"}";

struct tg_push_provider {
    struct tg_secret key;
    const struct tg_rng *rng;
};

/* ---- open ----------------------------------------------------------------------------------- */

static void webhook_close(struct tg_push_provider **p)
{
    if (p != NULL && *p != NULL) {
        tg_mem_free_secret(*p, sizeof(**p));
        *p = NULL;
    }
}

static struct tg_bytes first_line(struct tg_bytes text)
{
    struct tg_bytes line = tg_bytes_trim(tg_bytes_first(text, tg_bytes_find(text, '\n')));

    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

/* Text of 64 to 128 hexadecimal digits is hexadecimal, although it is valid base64 too. */
static enum tg_err decode_key(struct tg_buf *out, struct tg_bytes text)
{
    uint8_t *at = NULL;

    if (text.len % 2 == 0 && text.len <= 2 * KEY_MAX) {
        at = tg_buf_extend(out, text.len / 2);
        if (at == NULL) {
            return tg_buf_status(out);
        }
        if (tg_hex_decode(at, text.len / 2, text) == TG_OK) {
            return TG_OK;
        }
        tg_buf_clear(out);
    }
    return tg_b64_decode(out, text, TG_B64_ANY);
}

static enum tg_err read_key(struct tg_secret *key, struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_bytes line = first_line(text);
    struct tg_buf raw;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&raw, (size_t)2 * KEY_MAX);
    if (tg_bytes_has_prefix(line, TG_LIT(KEY_PREFIX))) {
        line = tg_bytes_from(line, sizeof(KEY_PREFIX) - 1);
    }
    err = decode_key(&raw, line);
    TG_REQUIRE(err != TG_E_NOMEM, TG_E_NOMEM);
    if (err != TG_OK || raw.len < KEY_MIN || raw.len > KEY_MAX) {
        tg_fault_set(fault,
                     "push-webhook-key: expected %u to %u bytes as base64 or hex, on one line",
                     KEY_MIN, KEY_MAX);
        err = TG_E_SYNTAX;
        goto out;
    }
    TG_TRY(tg_secret_set(key, tg_buf_view(&raw)));
out:
    tg_buf_deinit(&raw);
    return err;
}

static enum tg_err webhook_open(struct tg_push_provider **out,
                                const struct tg_push_settings *settings, const struct tg_rng *rng,
                                struct tg_fault *fault)
{
    struct tg_push_provider *p = tg_mem_calloc(1, sizeof(*p));
    struct tg_buf file;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&file, TG_PUSH_KEYFILE_MAX + 1);
    TG_REQUIRE(p != NULL, TG_E_NOMEM);
    p->rng = rng;
    TG_TRY(tg_push_keyfile_read(&file, "push-webhook-key", settings->webhook_key, fault));
    TG_TRY(read_key(&p->key, tg_buf_view(&file), fault));
    *out = p;
    p = NULL;
out:
    tg_buf_deinit(&file);
    webhook_close(&p);
    return err;
}

/* ---- tokens --------------------------------------------------------------------------------- */

static bool webhook_takes_token(struct tg_bytes token_data)
{
    struct tg_push_endpoint endpoint;

    return tg_push_endpoint_parse(&endpoint, token_data) == TG_OK;
}

static bool webhook_endpoint_host(struct tg_bytes token_data, struct tg_buf *host)
{
    struct tg_push_endpoint endpoint;

    if (tg_push_endpoint_parse(&endpoint, token_data) != TG_OK) {
        return false;
    }
    tg_buf_append(host, endpoint.host);
    return tg_buf_status(host) == TG_OK;
}

/* ---- one push ------------------------------------------------------------------------------- */

/* "msg_" and 32 digits, different for each attempt. A gateway detects a replayed request by it. */
static enum tg_err put_id(struct tg_buf *out, const struct tg_rng *rng)
{
    uint8_t raw[ID_BYTES] = { 0 };
    enum tg_err err = tg_rng_fill(rng, raw, sizeof(raw));

    if (err == TG_OK) {
        tg_buf_append_str(out, "msg_");
        tg_hex_encode(out, TG_ARRAY_BYTES(raw));
        err = tg_buf_status(out);
    }
    return err;
}

static enum tg_err put_signature(struct tg_buf *out, const struct tg_secret *key,
                                 struct tg_bytes id, struct tg_bytes timestamp)
{
    const struct tg_bytes parts[] = { id, TG_LIT("."), timestamp, TG_LIT("."), tg_bytes_str(body) };
    uint8_t mac[TG_SHA256_LEN] = { 0 };
    enum tg_err err = tg_hmac_sha256(mac, tg_secret_view(key), parts, TG_COUNT(parts));

    if (err == TG_OK) {
        tg_buf_append_str(out, "v1,");
        tg_b64_encode(out, TG_ARRAY_BYTES(mac), TG_B64_STANDARD);
        err = tg_buf_status(out);
    }
    return err;
}

static enum tg_err put_headers(const struct tg_push_provider *p, struct tg_push_request *out,
                               int64_t now_s)
{
    struct tg_buf id;
    struct tg_buf timestamp;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&id, SIGNED_MAX);
    tg_buf_init(&timestamp, SIGNED_MAX);
    TG_TRY(put_id(&id, p->rng));
    tg_buf_append_dec(&timestamp, (uint64_t)now_s);
    TG_TRY(tg_buf_status(&timestamp));
    tg_push_request_text(out, "Content-Type", "application/json");
    tg_buf_append(tg_push_request_header(out, "webhook-id"), tg_buf_view(&id));
    tg_buf_append(tg_push_request_header(out, "webhook-timestamp"), tg_buf_view(&timestamp));
    TG_TRY(put_signature(tg_push_request_header(out, "webhook-signature"), &p->key,
                         tg_buf_view(&id), tg_buf_view(&timestamp)));
out:
    tg_buf_deinit(&timestamp);
    tg_buf_deinit(&id);
    return err;
}

static enum tg_err webhook_build(struct tg_push_provider *p, const struct tg_push_job *job,
                                 int64_t now_s, struct tg_push_request *out)
{
    struct tg_push_endpoint endpoint;
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(tg_push_endpoint_parse(&endpoint, job->token_data) == TG_OK, TG_E_SYNTAX);
    out->is_guarded = true;
    tg_buf_append(&out->url, endpoint.url);
    tg_buf_append_str(&out->body, body);
    TG_TRY(put_headers(p, out, now_s));
    TG_TRY(tg_push_request_status(out));
out:
    return err;
}

/* This provider has many gateways, and no gateway may delay the others. */
static const struct tg_push_range verdicts[] = {
    { 200, 299, TG_PUSH_TAKEN, "taken" },
    { 300, 399, TG_PUSH_BLAME_REQUEST, "redirect" },
    { 404, 404, TG_PUSH_DROP_TOKEN, "gone" },
    { 410, 410, TG_PUSH_DROP_TOKEN, "gone" },
    { 429, 429, TG_PUSH_WAIT_TOKEN, "too_many_requests" },
};

/* Any other answer may be a temporary failure of the gateway. */
static void webhook_judge(struct tg_push_provider *p, const struct tg_push_answer *answer,
                          int64_t now_s, struct tg_push_verdict *out)
{
    (void)p;
    (void)now_s;
    tg_push_verdict_by_range(out, verdicts, TG_COUNT(verdicts), answer);
}

const struct tg_push_provider_ops tg_push_webhook_ops = {
    .open = webhook_open,
    .close = webhook_close,
    .takes_token = webhook_takes_token,
    .endpoint_host = webhook_endpoint_host,
    .build = webhook_build,
    .judge = webhook_judge,
};
