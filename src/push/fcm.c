/* SPDX-License-Identifier: Apache-2.0 */
/* Firebase Cloud Messaging, HTTP v1: a data message, with an access token that a service account
   gets in exchange for a JWT signed with RS256 (RFC 7523). */
#include "base/b64.h"
#include "base/mem.h"
#include "base/num.h"
#include "crypto/jws.h"
#include "push/keyfile.h"
#include "push/provider.h"
#include "push/verdict.h"
#include "wire/json.h"
#include "wire/json_text.h"

#include <string.h>

#define NAME_MAX_LEN 256u       /* bytes of a project, an address, a key id */
#define URL_MAX 512u            /* bytes */
#define TOKEN_MAX 2048u         /* bytes of a registration token */
#define ACCESS_TOKEN_MAX 4096u  /* bytes */
#define JWT_MAX 3072u           /* bytes; the request's body holds it and 75 more */
#define ASSERTION_S 3600        /* how long an assertion is valid; Google's maximum */
#define EARLY_S 300             /* an access token is replaced that long before it expires */
#define EXPIRES_IN_MAX_S 86400u /* a longer time is not used */
#define TTL_MAX_S 2419200       /* the longest time for which FCM stores a message */
#define QUOTA_WAIT_S 60u        /* if the answer has no Retry-After */
#define DETAILS_MAX 16u         /* details of an error that are read */
#define FCM_ERROR "type.googleapis.com/google.firebase.fcm.v1.FcmError"

struct tg_push_provider {
    struct tg_jws_key *key;
    struct tg_buf send_url;
    struct tg_buf token_url;
    struct tg_buf email;
    struct tg_buf key_id;        /* empty: the account has none */
    struct tg_buf authorization; /* "Bearer ..." */
    int64_t access_until_s;      /* 0: there is none */
    uint32_t access_count;       /* how many there were; also the number of the last */
};

/* ---- opening -------------------------------------------------------------------------------- */

static void close_provider(struct tg_push_provider **p)
{
    if (p != NULL && *p != NULL) {
        tg_jws_key_free(&(*p)->key);
        tg_buf_deinit(&(*p)->send_url);
        tg_buf_deinit(&(*p)->token_url);
        tg_buf_deinit(&(*p)->email);
        tg_buf_deinit(&(*p)->key_id);
        tg_buf_deinit(&(*p)->authorization);
        tg_mem_free(*p);
        *p = NULL;
    }
}

struct account {
    struct tg_bytes project, email, key_id, private_key, token_uri;
};

static enum tg_err read_account(struct account *out, struct tg_json_object top,
                                struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_bytes type;

    TG_TRY(tg_json_get_string(&type, top, "type", TG_JSON_REQUIRED, 1, NAME_MAX_LEN, fault));
    if (!tg_bytes_is_equal(type, TG_LIT("service_account"))) {
        tg_fault_set(fault, "type: expected service_account");
        return TG_E_SYNTAX;
    }
    TG_TRY(tg_json_get_string(&out->project, top, "project_id", TG_JSON_REQUIRED, 1, NAME_MAX_LEN,
                              fault));
    TG_TRY(tg_json_get_string(&out->email, top, "client_email", TG_JSON_REQUIRED, 3, NAME_MAX_LEN,
                              fault));
    TG_TRY(tg_json_get_string(&out->key_id, top, "private_key_id", TG_JSON_OPTIONAL, 1,
                              NAME_MAX_LEN, fault));
    TG_TRY(tg_json_get_string(&out->private_key, top, "private_key", TG_JSON_REQUIRED, 1,
                              TG_PUSH_KEYFILE_MAX, fault));
    TG_TRY(
        tg_json_get_string(&out->token_uri, top, "token_uri", TG_JSON_REQUIRED, 9, URL_MAX, fault));
    if (!tg_bytes_has_prefix(out->token_uri, TG_LIT("https://"))) {
        tg_fault_set(fault, "token_uri: expected an https address");
        return TG_E_SYNTAX;
    }
out:
    return err;
}

/* The project is a part of the request path. */
static bool is_project(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
              c == ':')) {
            return false;
        }
    }
    return true;
}

/* project: that of the settings; empty: any. */
static enum tg_err keep_account(struct tg_push_provider *p, const struct account *account,
                                const char *project, struct tg_bytes origin, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_fault inner = { "" };

    if (project != NULL && project[0] != '\0' &&
        !tg_bytes_is_equal(account->project, tg_bytes_str(project))) {
        tg_fault_set(fault, "project_id: another project (expected: the one in the settings)");
        return TG_E_SYNTAX;
    }
    if (!is_project(account->project)) {
        tg_fault_set(fault, "project_id: expected lower-case letters, digits and hyphens");
        return TG_E_SYNTAX;
    }
    err = tg_jws_key_load(&p->key, TG_JWS_RS256, account->private_key, &inner);
    if (err != TG_OK) {
        tg_fault_set(fault, "private_key: %s", inner.text);
        return err;
    }
    while (origin.ptr[origin.len - 1] == '/') {
        origin.len--;
    }
    tg_buf_append(&p->send_url, origin);
    tg_buf_append_str(&p->send_url, "/v1/projects/");
    tg_buf_append(&p->send_url, account->project);
    tg_buf_append_str(&p->send_url, "/messages:send");
    tg_buf_append(&p->token_url, account->token_uri);
    tg_buf_append(&p->email, account->email);
    tg_buf_append(&p->key_id, account->key_id);
    TG_TRY(tg_buf_status(&p->send_url));
    TG_TRY(tg_buf_status(&p->token_url));
    TG_TRY(tg_buf_status(&p->email));
    TG_TRY(tg_buf_status(&p->key_id));
out:
    return err;
}

static enum tg_err load(struct tg_push_provider *p, const struct tg_push_settings *settings,
                        struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_bytes origin = tg_bytes_str(settings->fcm_url);
    struct tg_fault inner = { "" };
    struct account account = { 0 };
    struct tg_json *doc = NULL;
    struct tg_buf text;

    tg_buf_init(&text, TG_PUSH_KEYFILE_MAX + 1);
    if (!tg_bytes_has_prefix(origin, TG_LIT("https://")) || origin.len <= 8 ||
        origin.len > URL_MAX) {
        tg_fault_set(fault, "push-fcm-url: expected https://HOST[:PORT]");
        err = TG_E_SYNTAX;
        goto out;
    }
    TG_TRY(tg_push_keyfile_read(&text, "push-fcm-account", settings->fcm_account, fault));
    err = tg_json_parse(&doc, tg_buf_view(&text), &inner);
    if (err == TG_OK) {
        err = read_account(&account, tg_json_top(doc), &inner);
    }
    if (err == TG_OK) {
        err = keep_account(p, &account, settings->fcm_project, origin, &inner);
    }
    if (err != TG_OK) {
        tg_fault_set(fault, "push-fcm-account: %s", inner.text);
    }
out:
    tg_json_free(&doc);
    tg_buf_deinit(&text);
    return err;
}

static enum tg_err open_provider(struct tg_push_provider **out,
                                 const struct tg_push_settings *settings, const struct tg_rng *rng,
                                 struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_push_provider *p = tg_mem_calloc(1, sizeof(*p));

    (void)rng;
    TG_REQUIRE(p != NULL, TG_E_NOMEM);
    tg_buf_init(&p->send_url, 2 * URL_MAX + NAME_MAX_LEN);
    tg_buf_init(&p->token_url, URL_MAX);
    tg_buf_init(&p->email, NAME_MAX_LEN);
    tg_buf_init(&p->key_id, NAME_MAX_LEN);
    tg_buf_init(&p->authorization, ACCESS_TOKEN_MAX + sizeof("Bearer "));
    TG_TRY(load(p, settings, fault));
    *out = p;
    p = NULL;
    err = TG_OK;
out:
    close_provider(&p);
    return err;
}

/* ---- the access token ----------------------------------------------------------------------- */

static bool needs_credential(const struct tg_push_provider *p, int64_t now_s)
{
    return now_s >= p->access_until_s;
}

static enum tg_err put_assertion(struct tg_push_provider *p, int64_t now_s, struct tg_buf *out)
{
    enum tg_err err = TG_E_BUG;
    uint64_t from = now_s < 0 ? 0 : (uint64_t)now_s;
    struct tg_buf header;
    struct tg_buf claims;

    tg_buf_init(&header, JWT_MAX);
    tg_buf_init(&claims, JWT_MAX);
    tg_buf_append_str(&header, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
    if (p->key_id.len > 0) {
        tg_buf_append_str(&header, ",\"kid\":");
        tg_json_put_string(&header, tg_buf_view(&p->key_id));
    }
    tg_buf_append_str(&header, "}");
    tg_buf_append_str(&claims, "{\"iss\":");
    tg_json_put_string(&claims, tg_buf_view(&p->email));
    tg_buf_append_str(&claims, ",\"scope\":\"https://www.googleapis.com/auth/firebase.messaging\","
                               "\"aud\":");
    tg_json_put_string(&claims, tg_buf_view(&p->token_url));
    tg_buf_append_str(&claims, ",\"iat\":");
    tg_buf_append_dec(&claims, from);
    tg_buf_append_str(&claims, ",\"exp\":");
    tg_buf_append_dec(&claims, from + ASSERTION_S);
    tg_buf_append_str(&claims, "}");
    TG_TRY(tg_buf_status(&header));
    TG_TRY(tg_buf_status(&claims));
    TG_TRY(tg_jws_sign(out, p->key, tg_buf_view(&header), tg_buf_view(&claims)));
out:
    tg_buf_deinit(&claims);
    tg_buf_deinit(&header);
    return err;
}

static enum tg_err credential_request(struct tg_push_provider *p, int64_t now_s,
                                      struct tg_push_request *out)
{
    enum tg_err err = TG_E_BUG;

    tg_buf_append(&out->url, tg_buf_view(&p->token_url));
    tg_push_request_text(out, "content-type", "application/x-www-form-urlencoded");
    tg_push_request_text(out, "accept", "application/json");
    tg_buf_append_str(
        &out->body, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    out->is_http2_only = true;
    TG_TRY(put_assertion(p, now_s, &out->body)); /* base64url and dots need no escapes */
    TG_TRY(tg_push_request_status(out));
out:
    return err;
}

/* The value of a header may have only visible ASCII. */
static bool is_visible(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return text.len > 0;
}

static enum tg_err take_access_token(struct tg_push_provider *p, struct tg_bytes body,
                                     int64_t now_s)
{
    enum tg_err err = TG_E_BUG;
    struct tg_json *doc = NULL;
    struct tg_bytes token;
    struct tg_bytes type;
    uint64_t expires_in = 0;

    TG_TRY(tg_json_parse(&doc, body, NULL));
    TG_TRY(tg_json_get_string(&token, tg_json_top(doc), "access_token", TG_JSON_REQUIRED, 1,
                              ACCESS_TOKEN_MAX, NULL));
    TG_TRY(tg_json_get_string(&type, tg_json_top(doc), "token_type", TG_JSON_REQUIRED, 1,
                              NAME_MAX_LEN, NULL));
    TG_REQUIRE(tg_bytes_is_equal_nocase(type, TG_LIT("Bearer")) && is_visible(token), TG_E_SYNTAX);
    TG_TRY(tg_num_parse_u64(&expires_in, tg_json_text_find(body, "expires_in"), UINT64_MAX));
    TG_REQUIRE(expires_in > 0, TG_E_SYNTAX);
    expires_in = expires_in < EXPIRES_IN_MAX_S ? expires_in : EXPIRES_IN_MAX_S;
    tg_buf_clear(&p->authorization);
    tg_buf_append_str(&p->authorization, "Bearer ");
    tg_buf_append(&p->authorization, token);
    TG_TRY(tg_buf_status(&p->authorization));
    /* A token with a short life is used for half of it; otherwise each push would replace it. */
    p->access_until_s =
        now_s + (int64_t)(expires_in > 2 * EARLY_S ? expires_in - EARLY_S : (expires_in + 1) / 2);
    p->access_count++;
out:
    tg_json_free(&doc);
    return err;
}

/* All errors of RFC 6749 section 5.2 mean that the server does not accept the account. */
static void credential_answer(struct tg_push_provider *p, int64_t now_s,
                              const struct tg_push_answer *answer, struct tg_push_verdict *out)
{
    tg_push_verdict_set(out, TG_PUSH_WAIT_PROVIDER, "access_token_trouble", answer);
    if (answer->status == 200) {
        if (take_access_token(p, answer->body, now_s) == TG_OK) {
            out->action = TG_PUSH_TAKEN;
            out->reason = "taken";
        }
    } else if (answer->status >= 300 && answer->status < 500 && answer->status != 429 &&
               answer->status != 408) {
        out->action = TG_PUSH_BLAME_CONFIG;
        out->reason = "account_refused";
    }
}

static void renew(struct tg_push_provider *p, uint32_t credential, int64_t now_s)
{
    (void)now_s;
    if (credential == p->access_count) {
        tg_buf_clear(&p->authorization);
        p->access_until_s = 0;
    }
}

/* ---- a push --------------------------------------------------------------------------------- */

static bool takes_token(struct tg_bytes token_data)
{
    return token_data.len <= TOKEN_MAX && is_visible(token_data);
}

static uint64_t ttl_of(const struct tg_push_job *job, int64_t now_s)
{
    int64_t ttl = job->expires_s - now_s;

    return (uint64_t)(ttl < TTL_MAX_S ? ttl : TTL_MAX_S);
}

static enum tg_err build(struct tg_push_provider *p, const struct tg_push_job *job, int64_t now_s,
                         struct tg_push_request *out)
{
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(job->expires_s > now_s, TG_E_EXPIRED);
    TG_REQUIRE(takes_token(job->token_data), TG_E_SYNTAX);
    TG_REQUIRE(p->authorization.len > 0, TG_E_BUG);
    tg_buf_append(&out->url, tg_buf_view(&p->send_url));
    tg_buf_append(tg_push_request_header(out, "authorization"), tg_buf_view(&p->authorization));
    tg_push_request_text(out, "content-type", "application/json");
    tg_buf_append_str(&out->body, "{\"message\":{\"token\":");
    tg_json_put_string(&out->body, job->token_data);
    tg_buf_append_str(&out->body, ",\"data\":{\"tigress\":\"changed\"},"
                                  "\"android\":{\"priority\":\"HIGH\",\"ttl\":\"");
    tg_buf_append_dec(&out->body, ttl_of(job, now_s));
    tg_buf_append_str(&out->body, "s\",\"collapse_key\":\"");
    tg_b64_encode(&out->body, job->collapse, TG_B64_URL);
    tg_buf_append_str(&out->body, "\"}}}");
    out->credential = p->access_count;
    out->is_http2_only = true;
    TG_TRY(tg_push_request_status(out));
out:
    return err;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* Codes of an FcmError. INVALID_ARGUMENT is about the token or about our message; until a push was
   accepted, it is unknown which. UNSPECIFIED_ERROR is judged by the status. docs/push.md, "What
   Google documents". */
static const struct tg_push_word words[] = {
    { "INVALID_ARGUMENT", 400, TG_PUSH_SUSPECT_TOKEN, "invalid_argument" },
    { "UNREGISTERED", 404, TG_PUSH_DROP_TOKEN, "unregistered" },
    { "SENDER_ID_MISMATCH", 403, TG_PUSH_DROP_TOKEN, "sender_id_mismatch" },
    { "QUOTA_EXCEEDED", 0, TG_PUSH_WAIT_PROVIDER, "quota_exceeded" },
    { "UNAVAILABLE", 0, TG_PUSH_WAIT_PROVIDER, "unavailable" },
    { "INTERNAL", 0, TG_PUSH_WAIT_PROVIDER, "internal" },
    { "THIRD_PARTY_AUTH_ERROR", 0, TG_PUSH_BLAME_CONFIG, "third_party_auth_error" },
};

/* The errorCode of the FcmError among the details. Empty: there is none. Valid as long as the
   document. */
static struct tg_bytes error_code(struct tg_json_object error)
{
    struct tg_bytes text = { NULL, 0 };

    for (size_t i = 0; i < DETAILS_MAX; i++) {
        struct tg_json_object detail = tg_json_item(error, "details", i);

        if (tg_json_get_string(&text, detail, "@type", TG_JSON_REQUIRED, 1, NAME_MAX_LEN, NULL) ==
                TG_OK &&
            tg_bytes_is_equal(text, TG_LIT(FCM_ERROR)) &&
            tg_json_get_string(&text, detail, "errorCode", TG_JSON_REQUIRED, 1, NAME_MAX_LEN,
                               NULL) == TG_OK) {
            return text;
        }
    }
    return tg_bytes(NULL, 0);
}

static const struct tg_push_word *word_of(const struct tg_push_answer *answer)
{
    struct tg_json *doc = NULL;
    struct tg_json_object error = { NULL, "" };
    const struct tg_push_word *word = NULL;

    if (tg_json_parse(&doc, answer->body, NULL) != TG_OK) {
        return NULL; /* a page of HTML, or a body that was cut */
    }
    if (tg_json_get_object(&error, tg_json_top(doc), "error", TG_JSON_REQUIRED, NULL) == TG_OK) {
        word = tg_push_word_find(words, TG_COUNT(words), error_code(error), answer->status);
    }
    tg_json_free(&doc);
    return word;
}

static void judge(struct tg_push_provider *p, const struct tg_push_answer *answer, int64_t now_s,
                  struct tg_push_verdict *out)
{
    const struct tg_push_word *word = answer->status >= 400 ? word_of(answer) : NULL;

    (void)p;
    (void)now_s;
    tg_push_verdict_set(out, TG_PUSH_WAIT_PROVIDER, "", answer);
    tg_push_verdict_by_status(out, answer->status);
    if (word != NULL) {
        out->action = word->action;
        out->reason = word->reason;
    } else if (answer->status == 401) {
        out->action = TG_PUSH_RENEW;
        out->reason = "unauthenticated";
    } else if (answer->status == 404) {
        out->action =
            TG_PUSH_BLAME_CONFIG; /* the answer names no token: the project does not exist */
        out->reason = "not_found";
    }
    if (out->action == TG_PUSH_WAIT_PROVIDER && answer->status == 429 && out->wait_s == 0) {
        out->wait_s = QUOTA_WAIT_S;
    }
}

const struct tg_push_provider_ops tg_push_fcm_ops = {
    .open = open_provider,
    .close = close_provider,
    .takes_token = takes_token,
    .needs_credential = needs_credential,
    .credential_request = credential_request,
    .credential_answer = credential_answer,
    .build = build,
    .judge = judge,
    .renew = renew,
};
