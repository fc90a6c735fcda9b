/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "push/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_S INT64_C(1614265330)
#define URL "https://gate.example/hooks/7?x=y"

/* The bytes 0 to 31, in each form. */
#define KEY_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

struct fixture {
    struct tg_push_provider *provider;
    struct tg_push_request request;
    struct tg_push_settings settings;
    char path[64];
    uint8_t next;
};

static enum tg_err count_fill(void *ctx, uint8_t *out, size_t len)
{
    uint8_t *next = ctx;

    (*next)++;
    memset(out, *next, len);
    return TG_OK;
}

static struct tg_rng rng = { .fill = count_fill };

static int set_up(void **state)
{
    static struct fixture f;
    struct tg_fault fault = { "" };
    int fd = -1;

    f = (struct fixture){ .path = "/tmp/webhook-XXXXXX" };
    fd = mkstemp(f.path);
    assert_true(fd >= 0);
    close(fd);
    write_file(f.path, KEY_BASE64 "\n", sizeof(KEY_BASE64), 0600);
    f.settings.webhook_key = f.path;
    rng.ctx = &f.next;
    assert_int_equal(tg_push_webhook_ops.open(&f.provider, &f.settings, &rng, &fault), TG_OK);
    tg_push_request_init(&f.request);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    tg_push_request_deinit(&f->request);
    tg_push_webhook_ops.close(&f->provider);
    assert_null(f->provider);
    return unlink(f->path);
}

static enum tg_err build(struct fixture *f, const char *url)
{
    const struct tg_push_job job = { .token_type = TG_LIT("webhook"),
                                     .token_data = tg_bytes_str(url),
                                     .expires_s = NOW_S + 600 };

    tg_push_request_clear(&f->request);
    return tg_push_webhook_ops.build(f->provider, &job, NOW_S, &f->request);
}

static const char *line(struct fixture *f, size_t i)
{
    assert_true(i < f->request.header_count);
    return tg_buf_cstr(&f->request.headers[i]);
}

/* The value was made with Python: hmac.new(bytes(range(32)), b"msg_01…01.1614265330.{…}", sha256).
 */
static void build__a_gateway__a_signed_post_without_content(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(build(f, URL), TG_OK);
    assert_string_equal(tg_buf_cstr(&f->request.url), URL);
    assert_string_equal(tg_buf_cstr(&f->request.body), "{\"event\":\"changed\"}");
    assert_int_equal(f->request.header_count, 4);
    assert_string_equal(line(f, 0), "Content-Type: application/json");
    assert_string_equal(line(f, 1), "webhook-id: msg_01010101010101010101010101010101");
    assert_string_equal(line(f, 2), "webhook-timestamp: 1614265330");
    assert_string_equal(line(f, 3),
                        "webhook-signature: v1,4OEfJmjOACxuAoH1vwRznBZ+ojZswjc7T0STG0B/Ru4=");
    assert_true(f->request.is_guarded);
    assert_false(f->request.is_http2_only);
}

static void build__again__another_identifier(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(build(f, URL), TG_OK);
    assert_int_equal(build(f, URL), TG_OK);
    assert_string_equal(line(f, 1), "webhook-id: msg_02020202020202020202020202020202");
}

static void build__not_an_https_url__syntax_and_no_request(void **state)
{
    static const char *const urls[] = { "", "http://gate.example/", "https://u@gate.example/",
                                        "https://gate.example/#x", "gate.example" };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(urls); i++) {
        struct tg_buf host;

        tg_buf_init(&host, TG_PUSH_HOST_MAX);
        assert_int_equal(build(f, urls[i]), TG_E_SYNTAX);
        assert_int_equal(f->request.header_count, 0);
        assert_false(tg_push_webhook_ops.takes_token(tg_bytes_str(urls[i])));
        assert_false(tg_push_webhook_ops.endpoint_host(tg_bytes_str(urls[i]), &host));
        assert_int_equal(host.len, 0);
    }
}

static void tokens__a_url__its_host(void **state)
{
    struct tg_buf host;

    (void)state;
    tg_buf_init(&host, TG_PUSH_HOST_MAX);
    assert_true(tg_push_webhook_ops.takes_token(tg_bytes_str(URL)));
    assert_true(tg_push_webhook_ops.endpoint_host(tg_bytes_str(URL), &host));
    assert_string_equal(tg_buf_cstr(&host), "gate.example");
    tg_buf_deinit(&host);
}

static void open__forms_of_a_key__accepted_or_refused(void **state)
{
    static const struct {
        const char *text;
        enum tg_err err;
    } rows[] = {
        { KEY_BASE64, TG_OK },
        { KEY_BASE64 "\r\n", TG_OK },
        { "  " KEY_BASE64 "  \n", TG_OK },
        { "whsec_" KEY_BASE64 "\n", TG_OK },
        { "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", TG_OK },
        { KEY_HEX, TG_OK },
        { KEY_HEX KEY_HEX, TG_OK },
        { KEY_HEX KEY_HEX "00", TG_E_SYNTAX },
        { "00" KEY_HEX KEY_HEX KEY_HEX, TG_E_SYNTAX },
        { "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\n", TG_E_SYNTAX },
        { "0001", TG_E_SYNTAX },
        { "", TG_E_SYNTAX },
        { "\n" KEY_HEX "\n", TG_E_SYNTAX },
        { "not a key at all, but a sentence that is long enough\n", TG_E_SYNTAX },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_fault fault = { "" };
        struct tg_push_provider *p = NULL;

        write_file(f->path, rows[i].text, strlen(rows[i].text), 0600);
        if (tg_push_webhook_ops.open(&p, &f->settings, &rng, &fault) != rows[i].err) {
            fail_msg("row %u is judged wrong", (unsigned)i);
        }
        assert_int_equal(p != NULL, rows[i].err == TG_OK);
        if (rows[i].err != TG_OK) {
            assert_memory_equal(fault.text, "push-webhook-key: ", 18);
        }
        tg_push_webhook_ops.close(&p);
    }
}

static void open__key_file_accessible_to_others_or_missing__refused(void **state)
{
    struct fixture *f = *state;
    struct tg_push_settings settings = { .webhook_key = "/nowhere/at/all" };
    struct tg_push_provider *p = NULL;
    struct tg_fault fault = { "" };

    write_file(f->path, KEY_HEX, strlen(KEY_HEX), 0644);
    assert_int_equal(tg_push_webhook_ops.open(&p, &f->settings, &rng, &fault), TG_E_DENIED);
    assert_int_equal(tg_push_webhook_ops.open(&p, &settings, &rng, &fault), TG_E_IO);
    assert_null(p);
}

static void judge__each_status__as_documented(void **state)
{
    static const struct {
        unsigned from, to;
        enum tg_push_action action;
    } rows[] = {
        { 0, 199, TG_PUSH_WAIT_TOKEN },      { 200, 299, TG_PUSH_TAKEN },
        { 300, 399, TG_PUSH_BLAME_REQUEST }, { 400, 403, TG_PUSH_WAIT_TOKEN },
        { 404, 404, TG_PUSH_DROP_TOKEN },    { 405, 409, TG_PUSH_WAIT_TOKEN },
        { 410, 410, TG_PUSH_DROP_TOKEN },    { 411, 999, TG_PUSH_WAIT_TOKEN },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        for (unsigned status = rows[i].from; status <= rows[i].to; status++) {
            const struct tg_push_answer answer = { .status = status, .retry_after_s = 7 };
            struct tg_push_verdict verdict = { .reason = NULL };

            tg_push_webhook_ops.judge(f->provider, &answer, NOW_S, &verdict);
            assert_int_equal(verdict.action, rows[i].action);
            assert_int_equal(verdict.wait_s, 7);
            assert_non_null(verdict.reason);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(build__a_gateway__a_signed_post_without_content, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(build__again__another_identifier, set_up, tear_down),
        cmocka_unit_test_setup_teardown(build__not_an_https_url__syntax_and_no_request, set_up,
                                        tear_down),
        cmocka_unit_test(tokens__a_url__its_host),
        cmocka_unit_test_setup_teardown(open__forms_of_a_key__accepted_or_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(open__key_file_accessible_to_others_or_missing__refused,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(judge__each_status__as_documented, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
