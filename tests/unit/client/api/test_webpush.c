/* SPDX-License-Identifier: Apache-2.0 */
/* The wallet's side of Web Push, against what the relay seals. */
#include "support/c/unit.h"

#include <tigress/tigress.h>

#include <string.h>

#include "base/b64.h"
#include "wire/webpush.h"

#define ENDPOINT "https://push.example/send/abc?d=e"
#define SAVED_LEN 86u

static int counting(void *ctx, unsigned char *out, size_t len)
{
    unsigned char *next = ctx;

    memset(out, ++*next, len);
    return 0;
}

static int failing(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
    return 1;
}

/* The receiver as the token describes it. */
static struct tg_webpush_receiver receiver_of(const char *token)
{
    struct tg_webpush_receiver receiver = { .auth = { .len = TG_WEBPUSH_AUTH_LEN } };
    const char *key = strstr(token, "\"p256dh\":\"");
    const char *auth = strstr(token, "\"auth\":\"");

    assert_non_null(key);
    assert_non_null(auth);
    assert_int_equal(tg_b64_decode_exact(receiver.public_key, TG_P256_PUBLIC_LEN,
                                         tg_bytes(key + 10, 87), TG_B64_URL),
                     TG_OK);
    assert_int_equal(tg_b64_decode_exact(receiver.auth.bytes, TG_WEBPUSH_AUTH_LEN,
                                         tg_bytes(auth + 8, 22), TG_B64_URL),
                     TG_OK);
    return receiver;
}

static void seal(struct tg_buf *body, const struct tigress_webpush *w, size_t padded_len)
{
    const struct tg_webpush_once once = { .private_key = { .bytes = { 5 }, .len = 32 } };
    char token[TIGRESS_WEBPUSH_TOKEN_MAX];
    struct tg_webpush_receiver receiver;

    assert_int_equal(tigress_webpush_subscription(w, ENDPOINT, token, sizeof(token)), TIGRESS_OK);
    receiver = receiver_of(token);
    tg_buf_init(body, TG_WEBPUSH_BODY_MAX);
    assert_int_equal(tg_webpush_seal(body, &receiver, &once, TG_LIT("changed"), padded_len), TG_OK);
}

static struct tigress_webpush *make(void)
{
    struct tigress_webpush *w = NULL;

    assert_int_equal(tigress_webpush_new(&w, NULL, NULL), TIGRESS_OK);
    return w;
}

static void subscription__fresh_keys__as_a_browser_writes_it(void **state)
{
    static const char start[] =
        "{\"endpoint\":\"" ENDPOINT "\",\"expirationTime\":null,\"keys\":{\"p256dh\":\"B";
    unsigned char next = 0;
    struct tigress_webpush *w = NULL;
    char token[TIGRESS_WEBPUSH_TOKEN_MAX];

    (void)state;
    assert_int_equal(tigress_webpush_new(&w, counting, &next), TIGRESS_OK);
    assert_int_equal(tigress_webpush_subscription(w, ENDPOINT, token, sizeof(token)), TIGRESS_OK);
    assert_memory_equal(token, start, sizeof(start) - 1);
    assert_string_equal(strstr(token, "\"auth\""), "\"auth\":\"AgICAgICAgICAgICAgICAg\"}}");
    tigress_webpush_free(&w);
    assert_null(w);
}

static void new__twice__other_keys(void **state)
{
    struct tigress_webpush *w[2] = { make(), make() };
    char token[2][TIGRESS_WEBPUSH_TOKEN_MAX];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tigress_webpush_subscription(w[i], ENDPOINT, token[i], sizeof(token[i])),
                         TIGRESS_OK);
        tigress_webpush_free(&w[i]);
    }
    assert_string_not_equal(token[0], token[1]);
}

static void new__random_source_fails__an_error(void **state)
{
    struct tigress_webpush *w = NULL;

    (void)state;
    assert_int_equal(tigress_webpush_new(&w, failing, NULL), TIGRESS_E_RANDOM);
    assert_null(w);
    assert_int_equal(tigress_webpush_new(NULL, NULL, NULL), TIGRESS_E_ARGUMENT);
}

static void subscription__bad_endpoint_or_room__refused_and_empty(void **state)
{
    static const char *const urls[] = { "",
                                        "https://",
                                        "http://push.example/",
                                        "HTTPS://push.example/",
                                        "https://push.example/a b",
                                        "https://push.example/\"",
                                        "https://push.example/\\",
                                        "https://push.example/#a",
                                        "https://push.example/\n",
                                        "https://push.example/\xc3\xa9" };
    static char url[TIGRESS_WEBPUSH_ENDPOINT_MAX + 2];
    struct tigress_webpush *w = make();
    char token[TIGRESS_WEBPUSH_TOKEN_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        token[0] = 'x';
        assert_int_equal(tigress_webpush_subscription(w, urls[i], token, sizeof(token)),
                         TIGRESS_E_URL);
        assert_string_equal(token, "");
    }
    memset(url, 'a', sizeof(url) - 1);
    memcpy(url, "https://", 8);
    assert_int_equal(tigress_webpush_subscription(w, url, token, sizeof(token)), TIGRESS_E_LIMIT);
    url[TIGRESS_WEBPUSH_ENDPOINT_MAX] = '\0';
    assert_int_equal(tigress_webpush_subscription(w, url, token, sizeof(token)), TIGRESS_OK);
    assert_int_equal(tigress_webpush_subscription(w, url, token, strlen(token)), TIGRESS_E_LIMIT);
    assert_string_equal(token, "");
    assert_int_equal(tigress_webpush_subscription(NULL, url, token, 10), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_webpush_subscription(w, NULL, token, 10), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_webpush_subscription(w, url, NULL, 10), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_webpush_subscription(w, url, token, 0), TIGRESS_E_ARGUMENT);
    tigress_webpush_free(&w);
}

static void open__what_the_relay_seals__its_text(void **state)
{
    struct tigress_webpush *w = make();
    struct tg_buf body;
    char *text = NULL;
    size_t len = 0;

    (void)state;
    seal(&body, w, 64);
    assert_int_equal(tigress_webpush_open(w, body.ptr, body.len, &text, &len), TIGRESS_OK);
    assert_int_equal(len, 7);
    assert_string_equal(text, "changed");
    tigress_free(text, len);
    tg_buf_deinit(&body);
    tigress_webpush_free(&w);
}

static void open__another_subscription_or_damage__refused(void **state)
{
    static unsigned char large[TIGRESS_WEBPUSH_BODY_MAX + 1];
    struct tigress_webpush *w = make();
    struct tigress_webpush *other = make();
    struct tg_buf body;
    char *text = NULL;
    size_t len = 7;

    (void)state;
    seal(&body, w, 64);
    assert_int_equal(tigress_webpush_open(other, body.ptr, body.len, &text, &len),
                     TIGRESS_E_DECRYPT);
    assert_int_equal(tigress_webpush_open(w, body.ptr, body.len - 1, &text, &len),
                     TIGRESS_E_DECRYPT);
    assert_int_equal(tigress_webpush_open(w, NULL, 0, &text, &len), TIGRESS_E_DECRYPT);
    body.ptr[100] ^= 1;
    assert_int_equal(tigress_webpush_open(w, body.ptr, body.len, &text, &len), TIGRESS_E_DECRYPT);
    assert_int_equal(tigress_webpush_open(w, large, sizeof(large), &text, &len), TIGRESS_E_LIMIT);
    assert_int_equal(tigress_webpush_open(NULL, body.ptr, body.len, &text, &len),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_webpush_open(w, NULL, 1, &text, &len), TIGRESS_E_ARGUMENT);
    assert_null(text);
    assert_int_equal(len, 7);
    tg_buf_deinit(&body);
    tigress_webpush_free(&other);
    tigress_webpush_free(&w);
}

static void saved__resumed__opens_what_was_sent_to_it(void **state)
{
    struct tigress_webpush *w = make();
    struct tigress_webpush *again = NULL;
    unsigned char *saved = NULL;
    size_t saved_len = 0;
    struct tg_buf body;
    char *text = NULL;
    size_t len = 0;

    (void)state;
    seal(&body, w, 7);
    assert_int_equal(tigress_webpush_save(w, &saved, &saved_len), TIGRESS_OK);
    assert_int_equal(saved_len, SAVED_LEN);
    tigress_webpush_free(&w);
    assert_int_equal(tigress_webpush_resume(&again, saved, saved_len), TIGRESS_OK);
    assert_int_equal(tigress_webpush_open(again, body.ptr, body.len, &text, &len), TIGRESS_OK);
    assert_string_equal(text, "changed");
    tigress_free(text, len);
    tigress_webpush_free(&again);
    for (size_t i = 0; i < saved_len; i++) {
        saved[i] ^= 1;
        assert_int_equal(tigress_webpush_resume(&again, saved, saved_len), TIGRESS_E_SAVED_STATE);
        saved[i] ^= 1;
        assert_int_equal(tigress_webpush_resume(&again, saved, i), TIGRESS_E_SAVED_STATE);
    }
    assert_int_equal(tigress_webpush_resume(&again, NULL, 0), TIGRESS_E_SAVED_STATE);
    assert_int_equal(tigress_webpush_resume(&again, NULL, 1), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_webpush_resume(NULL, saved, saved_len), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_webpush_save(NULL, &saved, &saved_len), TIGRESS_E_ARGUMENT);
    assert_null(again);
    tigress_free(saved, saved_len);
    tg_buf_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscription__fresh_keys__as_a_browser_writes_it),
        cmocka_unit_test(new__twice__other_keys),
        cmocka_unit_test(new__random_source_fails__an_error),
        cmocka_unit_test(subscription__bad_endpoint_or_room__refused_and_empty),
        cmocka_unit_test(open__what_the_relay_seals__its_text),
        cmocka_unit_test(open__another_subscription_or_damage__refused),
        cmocka_unit_test(saved__resumed__opens_what_was_sent_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
