/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/push/push_fixture.h"

#include "wire/json.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static const struct tg_push_provider_ops *const ops = &tg_push_fcm_ops;
static const uint8_t collapse[32] = { 1 };
static char *rsa_pem; /* with JSON escapes; made once, because 2048 bits take long */

struct fixture {
    char path[64];
    struct tg_push_settings settings;
    struct tg_push_provider *provider;
    struct tg_push_request request;
    struct tg_push_verdict verdict;
    struct tg_fault fault;
};

/* The members of a service account. NULL: absent. */
struct account {
    const char *type, *project, *email, *key_id, *key, *token_uri;
};

static struct account good_account(void)
{
    return (struct account){ "service_account",  "tigress-1", "push@tigress-1.example",
                             "0123456789abcdef", rsa_pem,     "https://oauth2.example/token" };
}

static char *escaped_pem(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;
    char *out = calloc(1, 16384);
    size_t at = 0;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &text);
    for (long i = 0; i < len; i++) {
        if (text[i] == '\n') {
            out[at++] = '\\';
        }
        out[at++] = text[i] == '\n' ? 'n' : text[i];
    }
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return out;
}

static void put(struct tg_buf *out, const char *name, const char *value)
{
    if (value != NULL) {
        tg_buf_append_str(out, out->len == 0 ? "{\"" : ",\"");
        tg_buf_append_str(out, name);
        tg_buf_append_str(out, "\":\"");
        tg_buf_append_str(out, value);
        tg_buf_append_str(out, "\"");
    }
}

static void write_account(struct fixture *f, const struct account *a)
{
    struct tg_buf text;

    tg_buf_init(&text, 32768);
    put(&text, "type", a->type);
    put(&text, "project_id", a->project);
    put(&text, "client_email", a->email);
    put(&text, "private_key_id", a->key_id);
    put(&text, "private_key", a->key);
    put(&text, "token_uri", a->token_uri);
    tg_buf_append_str(&text, "}");
    (void)unlink(f->path);
    (void)write_new_file(f->path, (const char *)text.ptr, text.len, 0600);
    tg_buf_deinit(&text);
    f->settings.fcm_account = f->path;
}

static int set_up(void **state)
{
    static struct fixture f;
    struct account account = good_account();

    memset(&f, 0, sizeof(f));
    f.settings.fcm_url = "https://fcm.example/";
    write_account(&f, &account);
    tg_push_request_init(&f.request);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ops->close(&f->provider);
    tg_push_request_deinit(&f->request);
    (void)unlink(f->path);
    return 0;
}

static enum tg_err opened(struct fixture *f)
{
    ops->close(&f->provider);
    memset(&f->fault, 0, sizeof(f->fault));
    return ops->open(&f->provider, &f->settings, &tg_rng_system, &f->fault);
}

static enum tg_push_action granted(struct fixture *f, int64_t now_s, unsigned status,
                                   const char *body)
{
    const struct tg_push_answer answer = { .status = status, .body = tg_bytes_str(body) };

    ops->credential_answer(f->provider, now_s, &answer, &f->verdict);
    return f->verdict.action;
}

#define GRANT(token, s)                                                                            \
    "{\"access_token\":\"" token "\",\"expires_in\":" #s ",\"token_type\":\"Bearer\"}"

static enum tg_err built(struct fixture *f, const char *token, int64_t expires_s)
{
    const struct tg_push_job job = { .token_data = tg_bytes_str(token),
                                     .collapse = TG_ARRAY_BYTES(collapse),
                                     .expires_s = expires_s };

    tg_push_request_clear(&f->request);
    return ops->build(f->provider, &job, NOW, &f->request);
}

static void credential__request__an_assertion_for_the_token_endpoint(void **state)
{
    static const char form[] =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    struct fixture *f = *state;
    const char *body = NULL;
    struct tg_buf part;

    assert_int_equal(opened(f), TG_OK);
    assert_true(ops->needs_credential(f->provider, NOW));
    assert_int_equal(ops->credential_request(f->provider, NOW, &f->request), TG_OK);
    assert_string_equal(tg_buf_cstr(&f->request.url), "https://oauth2.example/token");
    assert_string_equal(header_of(&f->request, "content-type"),
                        "application/x-www-form-urlencoded");
    body = tg_buf_cstr(&f->request.body);
    assert_memory_equal(body, form, strlen(form));
    assert_string_equal(jws_part(&part, body + strlen(form), 0),
                        "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"0123456789abcdef\"}");
    tg_buf_deinit(&part);
    assert_string_equal(jws_part(&part, body + strlen(form), 1),
                        "{\"iss\":\"push@tigress-1.example\","
                        "\"scope\":\"https://www.googleapis.com/auth/firebase.messaging\","
                        "\"aud\":\"https://oauth2.example/token\","
                        "\"iat\":1900000000,\"exp\":1900003600}");
    tg_buf_deinit(&part);
}

static void credential__granted__used_until_five_minutes_before_it_expires(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(granted(f, NOW, 200, GRANT("one", 3600)), TG_PUSH_TAKEN);
    assert_false(ops->needs_credential(f->provider, NOW + 3299));
    assert_true(ops->needs_credential(f->provider, NOW + 3300));
    assert_int_equal(granted(f, NOW, 200, GRANT("two", 100)), TG_PUSH_TAKEN);
    assert_false(ops->needs_credential(f->provider, NOW + 49));
    assert_true(ops->needs_credential(f->provider, NOW + 50));
    assert_int_equal(granted(f, NOW, 200, GRANT("three", 99999999999)), TG_PUSH_TAKEN);
    assert_false(ops->needs_credential(f->provider, NOW + 86400 - 301));
    assert_true(ops->needs_credential(f->provider, NOW + 86400 - 300));
}

static void credential__bad_grants__not_used(void **state)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "<html>",
        "[]",
        GRANT("", 3600),
        GRANT("a b", 3600),
        GRANT("a\\r\\nx: y", 3600),
        GRANT("a", 0),
        GRANT("a", -1),
        GRANT("a", "3600"),
        GRANT("a", 1e3),
        "{\"access_token\":\"a\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a\",\"expires_in\":1}",
        "{\"access_token\":\"a\",\"expires_in\":1,\"token_type\":\"MAC\"}",
    };
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    for (size_t i = 0; i < TG_COUNT(bodies); i++) {
        assert_int_equal(granted(f, NOW, 200, bodies[i]), TG_PUSH_WAIT_PROVIDER);
        assert_true(ops->needs_credential(f->provider, NOW));
    }
    assert_int_equal(granted(f, NOW, 400, "{\"error\":\"invalid_grant\"}"), TG_PUSH_BLAME_CONFIG);
    assert_int_equal(granted(f, NOW, 401, ""), TG_PUSH_BLAME_CONFIG);
    assert_int_equal(granted(f, NOW, 302, ""), TG_PUSH_BLAME_CONFIG);
    assert_int_equal(granted(f, NOW, 429, ""), TG_PUSH_WAIT_PROVIDER);
    assert_int_equal(granted(f, NOW, 503, GRANT("a", 3600)), TG_PUSH_WAIT_PROVIDER);
    assert_true(ops->needs_credential(f->provider, NOW));
}

static void credential__refused_by_a_push__fetched_again_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(granted(f, NOW, 200, GRANT("one", 3600)), TG_PUSH_TAKEN);
    assert_int_equal(built(f, "token", NOW + 1), TG_OK);
    ops->renew(f->provider, f->request.credential, NOW);
    assert_true(ops->needs_credential(f->provider, NOW));
    assert_int_equal(built(f, "token", NOW + 1), TG_E_BUG); /* no push without a credential */
    assert_int_equal(granted(f, NOW, 200, GRANT("two", 3600)), TG_PUSH_TAKEN);
    ops->renew(f->provider, 1, NOW); /* a late answer to another push with the old token */
    assert_false(ops->needs_credential(f->provider, NOW));
}

static void build__a_push__only_the_documented_headers_and_body(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(granted(f, NOW, 200, GRANT("ya29.x", 3600)), TG_PUSH_TAKEN);
    assert_int_equal(built(f, "a\"b\\c:d", NOW + 3600), TG_OK);
    assert_string_equal(tg_buf_cstr(&f->request.url),
                        "https://fcm.example/v1/projects/tigress-1/messages:send");
    assert_int_equal(f->request.header_count, 2);
    assert_string_equal(header_of(&f->request, "authorization"), "Bearer ya29.x");
    assert_string_equal(header_of(&f->request, "content-type"), "application/json");
    assert_string_equal(tg_buf_cstr(&f->request.body),
                        "{\"message\":{\"token\":\"a\\\"b\\\\c:d\",\"data\":{\"tigress\":"
                        "\"changed\"},\"android\":{\"priority\":\"HIGH\",\"ttl\":\"3600s\","
                        "\"collapse_key\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}}");
    assert_false(f->request.is_guarded);
}

static void build__ttl_and_tokens__bounded(void **state)
{
    static char text[2049];
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(granted(f, NOW, 200, GRANT("x", 3600)), TG_PUSH_TAKEN);
    assert_int_equal(built(f, "t", NOW + 2419200), TG_OK);
    assert_non_null(strstr(tg_buf_cstr(&f->request.body), "\"ttl\":\"2419200s\""));
    assert_int_equal(built(f, "t", NOW + 2419201), TG_OK);
    assert_non_null(strstr(tg_buf_cstr(&f->request.body), "\"ttl\":\"2419200s\""));
    assert_int_equal(built(f, "t", NOW), TG_E_EXPIRED);
    assert_int_equal(built(f, "", NOW + 1), TG_E_SYNTAX);
    assert_int_equal(built(f, "a b", NOW + 1), TG_E_SYNTAX);
    assert_int_equal(built(f, "a\xc3\xa9", NOW + 1), TG_E_SYNTAX);
    memset(text, 'a', sizeof(text));
    assert_true(ops->takes_token(tg_bytes(text, 2048)));
    assert_false(ops->takes_token(tg_bytes(text, 2049)));
}

static void assert_refused(struct fixture *f, const struct account *account, const char *says)
{
    write_account(f, account);
    assert_int_not_equal(opened(f), TG_OK);
    assert_null(f->provider);
    if (strstr(f->fault.text, says) == NULL) {
        fail_msg("expected \"%s\", got \"%s\"", says, f->fault.text);
    }
}

static void open__wrong_accounts__refused_and_named(void **state)
{
    struct fixture *f = *state;
    char *ec_pem = escaped_pem(EVP_EC_gen("P-256"));
    struct account a = good_account();

    a.type = "authorized_user";
    assert_refused(f, &a, "push-fcm-account: type: expected service_account");
    a = good_account();
    a.project = NULL;
    assert_refused(f, &a, "push-fcm-account: project_id: expected");
    a.project = "../x";
    assert_refused(f, &a, "push-fcm-account: project_id: expected");
    a = good_account();
    a.email = NULL;
    assert_refused(f, &a, "push-fcm-account: client_email: expected");
    a = good_account();
    a.token_uri = "http://oauth2.example/token";
    assert_refused(f, &a, "push-fcm-account: token_uri: expected an https address");
    a = good_account();
    a.key = "no key";
    assert_refused(f, &a, "push-fcm-account: private_key: it holds no private key");
    a.key = ec_pem;
    assert_refused(f, &a, "push-fcm-account: private_key: the private key is of another algorithm");
    a = good_account();
    a.key_id = NULL;
    write_account(f, &a);
    assert_int_equal(opened(f), TG_OK); /* Google writes it, but RFC 7523 does not require it */
    (void)unlink(f->path);
    (void)write_new_file(f->path, "{", 1, 0600);
    assert_int_not_equal(opened(f), TG_OK);
    assert_non_null(strstr(f->fault.text, "push-fcm-account: body: expected one JSON object"));
    f->settings.fcm_url = "http://fcm.example";
    assert_int_not_equal(opened(f), TG_OK);
    assert_non_null(strstr(f->fault.text, "push-fcm-url: expected"));
    free(ec_pem);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(credential__request__an_assertion_for_the_token_endpoint),
        CASE(credential__granted__used_until_five_minutes_before_it_expires),
        CASE(credential__bad_grants__not_used),
        CASE(credential__refused_by_a_push__fetched_again_once),
        CASE(build__a_push__only_the_documented_headers_and_body),
        CASE(build__ttl_and_tokens__bounded),
        CASE(open__wrong_accounts__refused_and_named),
    };
    int failed = 0;

    rsa_pem = escaped_pem(EVP_RSA_gen(2048));
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(rsa_pem);
    return failed;
}
