/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/push/push_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#define TOKEN "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
#define LOWER "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct tg_push_provider_ops *const ops = &tg_push_apns_ops;
static const uint8_t collapse[32] = { 0xff, 0xfe, 0xfd };

struct fixture {
    char path[64];
    struct tg_push_settings settings;
    uint8_t next;
    struct tg_rng rng;
    struct tg_push_provider *provider;
    struct tg_push_request request;
    struct tg_fault fault;
};

static void write_key(char path[64], EVP_PKEY *pkey, mode_t mode)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &text);
    (void)write_new_file(path, text, (size_t)len, mode);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static int set_up(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    write_key(f.path, EVP_EC_gen("P-256"), 0600);
    f.rng = (struct tg_rng){ .fill = fill_counting, .ctx = &f.next };
    f.settings = (struct tg_push_settings){ .apns_key = f.path,
                                            .apns_key_id = "ABC123DEFG",
                                            .apns_team_id = "DEF123GHIJ",
                                            .apns_topic = "example.tigress.wallet",
                                            .apns_url = "https://api.push.example/" };
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
    return ops->open(&f->provider, &f->settings, &f->rng, &f->fault);
}

static enum tg_err built(struct fixture *f, const char *token, int64_t expires_s, int64_t now_s)
{
    const struct tg_push_job job = { .token_data = tg_bytes_str(token),
                                     .collapse = TG_ARRAY_BYTES(collapse),
                                     .expires_s = expires_s };

    tg_push_request_clear(&f->request);
    return ops->build(f->provider, &job, now_s, &f->request);
}

static void assert_header(struct fixture *f, const char *name, const char *value)
{
    assert_string_equal(header_of(&f->request, name), value);
}

static void build__a_push__only_the_documented_headers_and_body(void **state)
{
    struct fixture *f = *state;
    struct tg_buf part;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(built(f, TOKEN, NOW + 100, NOW), TG_OK);
    assert_string_equal(tg_buf_cstr(&f->request.url), "https://api.push.example/3/device/" LOWER);
    assert_string_equal(tg_buf_cstr(&f->request.body), "{\"aps\":{\"content-available\":1}}");
    assert_int_equal(f->request.header_count, 8);
    assert_header(f, "content-type", "application/json");
    assert_header(f, "apns-topic", "example.tigress.wallet");
    assert_header(f, "apns-push-type", "background");
    assert_header(f, "apns-priority", "5");
    assert_header(f, "apns-expiration", "1900000100");
    assert_header(f, "apns-collapse-id", "__79AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_header(f, "apns-id", "00010203-0405-4607-8809-0a0b0c0d0e0f");
    assert_memory_equal(header_of(&f->request, "authorization"), "bearer ", 7);
    assert_string_equal(jws_part(&part, header_of(&f->request, "authorization") + 7, 0),
                        "{\"alg\":\"ES256\",\"kid\":\"ABC123DEFG\"}");
    tg_buf_deinit(&part);
    assert_string_equal(jws_part(&part, header_of(&f->request, "authorization") + 7, 1),
                        "{\"iss\":\"DEF123GHIJ\",\"iat\":1900000000}");
    tg_buf_deinit(&part);
    assert_true(f->request.is_http2_only);
    assert_false(f->request.is_guarded);
}

static void build__expiration__bounded_and_refused_when_past(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(built(f, TOKEN, NOW + 30 * 86400, NOW), TG_OK);
    assert_header(f, "apns-expiration", "1902592000");
    assert_int_equal(built(f, TOKEN, NOW + 30 * 86400 + 1, NOW), TG_OK);
    assert_header(f, "apns-expiration", "1902592000");
    assert_int_equal(built(f, TOKEN, NOW + 1, NOW), TG_OK);
    assert_int_equal(built(f, TOKEN, NOW, NOW), TG_E_EXPIRED);
    assert_int_equal(built(f, TOKEN, NOW - 1, NOW), TG_E_EXPIRED);
}

static void takes_token__hexadecimal_or_base64_of_sixteen_to_256_bytes(void **state)
{
    static const char *const good[] = {
        TOKEN,
        LOWER,
        "00112233445566778899aabbccddeeff",
        "ABEiM0RVZneImaq7zN3u/w==",
        "ABEiM0RVZneImaq7zN3u_w", /* URL-safe, no padding */
    };
    static const char *const bad[] = {
        "",
        "0",
        "00112233445566778899aabbccddee",
        "00112233445566778899aabbccddeef",
        "zz112233445566778899aabbccddeeff!",
        "ABEiM0RVZneImaq7zN3u",
        "../../x",
        LOWER "/../../etc",
        LOWER "\r\nx: y",
    };
    static char text[2 * 257 + 1];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        assert_true(ops->takes_token(tg_bytes_str(good[i])));
    }
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        assert_false(ops->takes_token(tg_bytes_str(bad[i])));
    }
    memset(text, 'a', sizeof(text));
    assert_true(ops->takes_token(tg_bytes(text, 2 * 256)));
    assert_false(ops->takes_token(tg_bytes(text, 2 * 257)));
}

static void build__base64_and_hexadecimal_of_one_token__one_path(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(built(f, "ABEiM0RVZneImaq7zN3u/w==", NOW + 1, NOW), TG_OK);
    assert_string_equal(tg_buf_cstr(&f->request.url),
                        "https://api.push.example/3/device/00112233445566778899aabbccddeeff");
    assert_int_equal(built(f, "no token", NOW + 1, NOW), TG_E_SYNTAX);
}

/* The number of the provider token of a push at this time. */
static uint32_t jwt_at(struct fixture *f, int64_t now_s)
{
    assert_int_equal(built(f, TOKEN, now_s + 100, now_s), TG_OK);
    return f->request.credential;
}

static void jwt__used_for_fifty_minutes__then_replaced(void **state)
{
    struct fixture *f = *state;
    char first[512];

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(jwt_at(f, NOW), 1);
    (void)snprintf(first, sizeof(first), "%s", header_of(&f->request, "authorization"));
    assert_int_equal(jwt_at(f, NOW + 2999), 1);
    assert_header(f, "authorization", first);
    assert_int_equal(jwt_at(f, NOW + 3000), 2);
    assert_string_not_equal(header_of(&f->request, "authorization"), first);
    assert_int_equal(jwt_at(f, NOW + 5999), 2);
    assert_int_equal(jwt_at(f, NOW + 2999), 3); /* the clock was set back */
}

static void jwt__reported_as_expired__replaced_at_once_but_once_in_twenty_minutes(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(opened(f), TG_OK);
    assert_int_equal(jwt_at(f, NOW), 1);
    ops->renew(f->provider, 1, NOW + 10);
    assert_int_equal(jwt_at(f, NOW + 10), 2);
    ops->renew(f->provider, 1, NOW + 11); /* a late answer to a push with the old token */
    assert_int_equal(jwt_at(f, NOW + 11), 2);
    ops->renew(f->provider, 2, NOW + 12);
    assert_int_equal(jwt_at(f, NOW + 12), 2);
    ops->renew(f->provider, 2, NOW + 10 + 1199);
    assert_int_equal(jwt_at(f, NOW + 10 + 1199), 2);
    ops->renew(f->provider, 2, NOW + 10 + 1200);
    assert_int_equal(jwt_at(f, NOW + 10 + 1200), 3);
}

static void assert_refused(struct fixture *f, const char *says)
{
    assert_int_not_equal(opened(f), TG_OK);
    assert_null(f->provider);
    assert_non_null(strstr(f->fault.text, says));
}

static void open__wrong_settings__refused_and_named(void **state)
{
    static const char *const ids[] = { NULL, "", "ABC123DEF", "ABC123DEFGH", "ABC123DEF\"" };
    static const char *const urls[] = { NULL, "", "http://api.push.example", "https://", "api" };
    struct fixture *f = *state;
    const struct tg_push_settings good = f->settings;

    for (size_t i = 0; i < TG_COUNT(ids); i++) {
        f->settings.apns_key_id = ids[i];
        assert_refused(f, "push-apns-key-id: expected");
        f->settings = good;
        f->settings.apns_team_id = ids[i];
        assert_refused(f, "push-apns-team-id: expected");
        f->settings = good;
        f->settings.apns_url = urls[i];
        assert_refused(f, "push-apns-url: expected");
        f->settings = good;
    }
    f->settings.apns_topic = "";
    assert_refused(f, "push-apns-topic: expected");
    f->settings.apns_topic = "a b";
    assert_refused(f, "push-apns-topic: expected");
}

static void open__wrong_key_files__refused_and_named(void **state)
{
    static const char junk[] = "not a key";
    static char large[16385];
    struct fixture *f = *state;
    const struct {
        const char *text;
        size_t len;
        const char *says;
    } rows[] = { { junk, strlen(junk), "push-apns-key: it holds no private key" },
                 { large, sizeof(large), "push-apns-key: the file is too large" },
                 { large, 0, "push-apns-key: it holds no private key" } };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        (void)unlink(f->path);
        (void)write_new_file(f->path, rows[i].text, rows[i].len, 0600);
        assert_refused(f, rows[i].says);
    }
    (void)unlink(f->path);
    write_key(f->path, EVP_EC_gen("P-384"), 0600);
    assert_refused(f, "push-apns-key: the private key is on another curve (expected: P-256)");
    (void)unlink(f->path);
    assert_refused(f, "push-apns-key: the file cannot be opened: No such file");
    f->settings.apns_key = "/tmp";
    assert_refused(f, "push-apns-key: expected a regular file");
}

static void open__key_file_accessible_to_others__refused(void **state)
{
    static const mode_t good[] = { 0600, 0400 };
    static const mode_t bad[] = { 0644, 0660, 0604, 0602, 0666, 0620, 0640, 0440 };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(good); i++) {
        assert_int_equal(chmod(f->path, good[i]), 0);
        assert_int_equal(opened(f), TG_OK);
    }
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        assert_int_equal(chmod(f->path, bad[i]), 0);
        assert_refused(f, "others can access the key");
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(build__a_push__only_the_documented_headers_and_body),
        CASE(build__expiration__bounded_and_refused_when_past),
        CASE(takes_token__hexadecimal_or_base64_of_sixteen_to_256_bytes),
        CASE(build__base64_and_hexadecimal_of_one_token__one_path),
        CASE(jwt__used_for_fifty_minutes__then_replaced),
        CASE(jwt__reported_as_expired__replaced_at_once_but_once_in_twenty_minutes),
        CASE(open__wrong_settings__refused_and_named),
        CASE(open__wrong_key_files__refused_and_named),
        CASE(open__key_file_accessible_to_others__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
