/* SPDX-License-Identifier: Apache-2.0 */
/*
 * org.w3.webpush: RFC 8030 with the message encryption of RFC 8291 and the identification of
 * RFC 8292. docs/push.md is for operators and wallets.
 */
#include "base/b64.h"
#include "base/mem.h"
#include "crypto/jws.h"
#include "push/keyfile.h"
#include "push/provider.h"
#include "push/subject.h"
#include "push/subscription.h"
#include "push/verdict.h"
#include "wire/json.h"

#define TTL_MAX_S (28 * 86400) /* four weeks: no push service stores a message longer */
#define JWT_LIFETIME_S (12 * 3600)
#define JWT_RENEW_S (6 * 3600) /* a token that expires earlier is replaced */
#define JWT_MAX 2048u
#define JWT_COUNT 32u   /* origins; push services are few */
#define TOPIC_BYTES 24u /* 32 characters of base64url, the most a topic may have */
#define PADDED_LEN 64u  /* length of every plaintext, so that it reveals nothing */

static const char message[] = "{\"tigress\":\"changed\"}";

struct cached {
    struct tg_buf origin;
    struct tg_buf jwt;
    int64_t expires_s; /* 0: empty */
    uint64_t used;     /* the count of the last use */
};

struct tg_push_provider {
    struct tg_jws_key *key;
    const struct tg_rng *rng;
    struct tg_buf subject;    /* a JSON string */
    struct tg_buf public_key; /* base64url */
    struct cached cache[JWT_COUNT];
    uint64_t uses;
};

/* ---- open ----------------------------------------------------------------------------------- */

static void webpush_close(struct tg_push_provider **p)
{
    if (p == NULL || *p == NULL) {
        return;
    }
    for (size_t i = 0; i < JWT_COUNT; i++) {
        tg_buf_deinit(&(*p)->cache[i].origin);
        tg_buf_deinit(&(*p)->cache[i].jwt);
    }
    tg_jws_key_free(&(*p)->key);
    tg_buf_deinit(&(*p)->subject);
    tg_buf_deinit(&(*p)->public_key);
    tg_mem_free_secret(*p, sizeof(**p));
    *p = NULL;
}

static struct tg_push_provider *new_provider(const struct tg_rng *rng)
{
    struct tg_push_provider *p = tg_mem_calloc(1, sizeof(*p));

    if (p == NULL) {
        return NULL;
    }
    p->rng = rng;
    tg_buf_init(&p->subject, 2 * TG_PUSH_SUBJECT_MAX + 2);
    tg_buf_init(&p->public_key, 2 * TG_P256_PUBLIC_LEN);
    for (size_t i = 0; i < JWT_COUNT; i++) {
        tg_buf_init(&p->cache[i].origin, TG_PUSH_ORIGIN_MAX);
        tg_buf_init(&p->cache[i].jwt, JWT_MAX);
    }
    return p;
}

static enum tg_err read_subject(struct tg_push_provider *p, const char *text,
                                struct tg_fault *fault)
{
    struct tg_fault why = { "" };
    enum tg_err err = tg_push_subject_check(tg_bytes_str(text), &why);

    if (err != TG_OK) {
        tg_fault_set(fault, "push-vapid-subject: %s", why.text);
        return err;
    }
    tg_json_put_string(&p->subject, tg_bytes_str(text));
    return tg_buf_status(&p->subject);
}

static enum tg_err read_key(struct tg_push_provider *p, const char *path, struct tg_fault *fault)
{
    uint8_t public_key[TG_P256_PUBLIC_LEN] = { 0 };
    struct tg_fault why = { "" };
    struct tg_buf pem;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&pem, TG_PUSH_KEYFILE_MAX + 1);
    TG_TRY(tg_push_keyfile_read(&pem, "push-vapid-key", path, fault));
    err = tg_jws_key_load(&p->key, TG_JWS_ES256, tg_buf_view(&pem), &why);
    if (err != TG_OK) {
        tg_fault_set(fault, "push-vapid-key: %s", why.text);
        goto out;
    }
    TG_TRY(tg_jws_key_public(public_key, p->key));
    tg_b64_encode(&p->public_key, TG_ARRAY_BYTES(public_key), TG_B64_URL);
    TG_TRY(tg_buf_status(&p->public_key));
out:
    tg_buf_deinit(&pem);
    return err;
}

static enum tg_err webpush_open(struct tg_push_provider **out,
                                const struct tg_push_settings *settings, const struct tg_rng *rng,
                                struct tg_fault *fault)
{
    struct tg_push_provider *p = new_provider(rng);
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(p != NULL, TG_E_NOMEM);
    TG_TRY(read_subject(p, settings->vapid_subject, fault));
    TG_TRY(read_key(p, settings->vapid_key, fault));
    *out = p;
    p = NULL;
out:
    webpush_close(&p);
    return err;
}

/* ---- tokens --------------------------------------------------------------------------------- */

static bool webpush_takes_token(struct tg_bytes token_data)
{
    struct tg_push_subscription subscription;
    bool is_good = tg_push_subscription_parse(&subscription, token_data) == TG_OK;

    if (is_good) {
        tg_push_subscription_wipe(&subscription);
    }
    return is_good;
}

static bool webpush_endpoint_host(struct tg_bytes token_data, struct tg_buf *host)
{
    struct tg_push_subscription subscription;

    if (tg_push_subscription_parse(&subscription, token_data) != TG_OK) {
        return false;
    }
    tg_buf_append(host, subscription.endpoint.host);
    tg_push_subscription_wipe(&subscription);
    return tg_buf_status(host) == TG_OK;
}

static bool webpush_endpoint_origin(struct tg_bytes token_data, struct tg_buf *origin)
{
    struct tg_push_subscription subscription;

    if (tg_push_subscription_parse(&subscription, token_data) != TG_OK) {
        return false;
    }
    tg_push_endpoint_origin(origin, &subscription.endpoint);
    tg_push_subscription_wipe(&subscription);
    return tg_buf_status(origin) == TG_OK;
}

/* ---- VAPID ---------------------------------------------------------------------------------- */

static enum tg_err sign(const struct tg_push_provider *p, struct tg_buf *out,
                        struct tg_bytes origin, int64_t expires_s)
{
    struct tg_buf claims;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&claims, JWT_MAX);
    tg_buf_append_str(&claims, "{\"aud\":");
    tg_json_put_string(&claims, origin);
    tg_buf_append_str(&claims, ",\"exp\":");
    tg_buf_append_dec(&claims, (uint64_t)expires_s);
    tg_buf_append_str(&claims, ",\"sub\":");
    tg_buf_append(&claims, tg_buf_view(&p->subject));
    tg_buf_append_u8(&claims, '}');
    TG_TRY(tg_buf_status(&claims));
    TG_TRY(tg_jws_sign(out, p->key, TG_LIT("{\"typ\":\"JWT\",\"alg\":\"ES256\"}"),
                       tg_buf_view(&claims)));
out:
    tg_buf_deinit(&claims);
    return err;
}

/* The entry of this origin, or the longest unused entry, which is replaced. */
static struct cached *find_entry(struct tg_push_provider *p, struct tg_bytes origin)
{
    struct cached *oldest = &p->cache[0];

    for (size_t i = 0; i < JWT_COUNT; i++) {
        if (tg_bytes_is_equal(tg_buf_view(&p->cache[i].origin), origin)) {
            return &p->cache[i];
        }
        if (p->cache[i].used < oldest->used) {
            oldest = &p->cache[i];
        }
    }
    oldest->expires_s = 0;
    return oldest;
}

static bool is_good_still(const struct cached *entry, int64_t now_s)
{
    /* After the clock was set back, the token would be valid for more than a day. */
    return entry->expires_s - now_s > JWT_RENEW_S && entry->expires_s - now_s <= JWT_LIFETIME_S;
}

/* A token for the origin, signed at most every few hours. *jwt is valid until the next call. */
static enum tg_err get_jwt(struct tg_push_provider *p, struct tg_bytes origin, int64_t now_s,
                           struct tg_bytes *jwt)
{
    struct cached *entry = find_entry(p, origin);
    enum tg_err err = TG_E_BUG;

    if (!is_good_still(entry, now_s)) {
        entry->expires_s = 0;
        tg_buf_clear(&entry->jwt);
        tg_buf_clear(&entry->origin);
        TG_TRY(sign(p, &entry->jwt, origin, now_s + JWT_LIFETIME_S));
        tg_buf_append(&entry->origin, origin);
        TG_TRY(tg_buf_status(&entry->origin));
        entry->expires_s = now_s + JWT_LIFETIME_S;
    }
    entry->used = ++p->uses;
    *jwt = tg_buf_view(&entry->jwt);
    err = TG_OK;
out:
    return err;
}

/* spec: RFC 8292 section 3 */
static enum tg_err put_authorization(struct tg_push_provider *p, struct tg_push_request *out,
                                     const struct tg_push_endpoint *endpoint, int64_t now_s)
{
    struct tg_bytes jwt = { NULL, 0 };
    struct tg_buf *value = NULL;
    struct tg_buf origin;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&origin, TG_PUSH_ORIGIN_MAX);
    tg_push_endpoint_origin(&origin, endpoint);
    TG_TRY(tg_buf_status(&origin));
    TG_TRY(get_jwt(p, tg_buf_view(&origin), now_s, &jwt));
    value = tg_push_request_header(out, "Authorization");
    tg_buf_append_str(value, "vapid t=");
    tg_buf_append(value, jwt);
    tg_buf_append_str(value, ", k=");
    tg_buf_append(value, tg_buf_view(&p->public_key));
out:
    tg_buf_deinit(&origin);
    return err;
}

/* ---- one push ------------------------------------------------------------------------------- */

static enum tg_err put_body(struct tg_push_provider *p, struct tg_buf *out,
                            const struct tg_webpush_receiver *receiver)
{
    struct tg_webpush_once once = { .private_key = { .len = 0 } };
    uint8_t public_key[TG_P256_PUBLIC_LEN];
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_rng_fill(p->rng, once.salt, sizeof(once.salt)));
    TG_TRY(tg_p256_generate(&once.private_key, public_key, p->rng));
    TG_TRY(tg_webpush_seal(out, receiver, &once, tg_bytes_str(message), PADDED_LEN));
out:
    tg_secret_wipe(&once.private_key);
    return err;
}

static uint64_t ttl_of(const struct tg_push_job *job, int64_t now_s)
{
    int64_t left_s = job->expires_s - now_s;

    return left_s < 0 ? 0 : left_s > TTL_MAX_S ? (uint64_t)TTL_MAX_S : (uint64_t)left_s;
}

/* The service replaces an older push to this token that it still stores. */
static void put_topic(struct tg_push_request *out, struct tg_bytes collapse)
{
    tg_b64_encode(tg_push_request_header(out, "Topic"), tg_bytes_first(collapse, TOPIC_BYTES),
                  TG_B64_URL);
}

static enum tg_err webpush_build(struct tg_push_provider *p, const struct tg_push_job *job,
                                 int64_t now_s, struct tg_push_request *out)
{
    struct tg_push_subscription subscription;
    enum tg_err err = tg_push_subscription_parse(&subscription, job->token_data);

    TG_REQUIRE(err != TG_E_LIMIT, TG_E_SYNTAX);
    TG_TRY(err);
    out->is_guarded = true;
    tg_buf_append(&out->url, subscription.endpoint.url);
    tg_buf_append_dec(tg_push_request_header(out, "TTL"), ttl_of(job, now_s));
    tg_push_request_text(out, "Urgency", "high");
    put_topic(out, job->collapse);
    tg_push_request_text(out, "Content-Type", "application/octet-stream");
    tg_push_request_text(out, "Content-Encoding", "aes128gcm");
    TG_TRY(put_authorization(p, out, &subscription.endpoint, now_s));
    TG_TRY(put_body(p, &out->body, &subscription.receiver));
    TG_TRY(tg_push_request_status(out));
out:
    tg_push_subscription_wipe(&subscription);
    return err;
}

/*
 * RFC 8030 sections 5, 7.3 and 8.4, RFC 8292 section 4.2. This provider has many push services, and
 * no service may delay the others. A subscription may be bound to the key of another sender. That
 * is an error of the wallet, but the answer is the same as for a wrong key or contact of ours.
 */
static const struct tg_push_range verdicts[] = {
    { 200, 299, TG_PUSH_TAKEN, "taken" },
    { 300, 399, TG_PUSH_BLAME_REQUEST, "redirect" },
    { 401, 401, TG_PUSH_DOUBT_SENDER, "unauthorized" },
    { 403, 403, TG_PUSH_DOUBT_SENDER, "forbidden" },
    { 404, 404, TG_PUSH_DROP_TOKEN, "gone" },
    { 410, 410, TG_PUSH_DROP_TOKEN, "gone" },
    { 408, 408, TG_PUSH_WAIT_TOKEN, "timeout" },
    { 429, 429, TG_PUSH_WAIT_TOKEN, "too_many_requests" },
    { 400, 499, TG_PUSH_BLAME_REQUEST, "bad_request" },
};

static void webpush_judge(struct tg_push_provider *p, const struct tg_push_answer *answer,
                          int64_t now_s, struct tg_push_verdict *out)
{
    (void)p;
    (void)now_s;
    tg_push_verdict_by_range(out, verdicts, TG_COUNT(verdicts), answer);
}

const struct tg_push_provider_ops tg_push_webpush_ops = {
    .open = webpush_open,
    .close = webpush_close,
    .takes_token = webpush_takes_token,
    .endpoint_host = webpush_endpoint_host,
    .endpoint_origin = webpush_endpoint_origin,
    .build = webpush_build,
    .judge = webpush_judge,
};
