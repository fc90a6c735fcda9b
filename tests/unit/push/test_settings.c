/* SPDX-License-Identifier: Apache-2.0 */
/* The test has its own table of providers, so the real checks of tokens do not run here. */
#include "support/c/unit.h"

#include "push/provider.h"

#include <string.h>

static bool takes_no_bang(struct tg_bytes token_data)
{
    return tg_bytes_find(token_data, '!') == token_data.len;
}

/* The text is the host itself. */
static bool host_is_data(struct tg_bytes token_data, struct tg_buf *host)
{
    tg_buf_append(host, token_data);
    return token_data.len > 0;
}

static const struct tg_push_provider_ops plain_ops = { .takes_token = takes_no_bang };
static const struct tg_push_provider_ops guarded_ops = { .takes_token = takes_no_bang,
                                                         .endpoint_host = host_is_data };

const struct tg_push_provider_row tg_push_providers[TG_PUSH_COUNT] = {
    [TG_PUSH_APNS] = { "com.apple.apns", "apns", &plain_ops },
    [TG_PUSH_FCM] = { "com.google.fcm", "fcm", &plain_ops },
    [TG_PUSH_WEBPUSH] = { "org.w3.webpush", "webpush", &guarded_ops },
    [TG_PUSH_WEBHOOK] = { "webhook", "webhook", &guarded_ops },
};

static const struct tg_push_settings two = { .apns_key = "/k.p8",
                                             .fcm_account = "",
                                             .webhook_key = "/hook",
                                             .host_count = 2,
                                             .hosts = { "push.example.org", "*.gate.example" } };

static void names__each_provider__type_and_label(void **state)
{
    (void)state;
    assert_string_equal(tg_push_token_type(TG_PUSH_APNS), "com.apple.apns");
    assert_string_equal(tg_push_token_type(TG_PUSH_FCM), "com.google.fcm");
    assert_string_equal(tg_push_token_type(TG_PUSH_WEBPUSH), "org.w3.webpush");
    assert_string_equal(tg_push_token_type(TG_PUSH_WEBHOOK), "webhook");
    assert_string_equal(tg_push_name(TG_PUSH_APNS), "apns");
    assert_string_equal(tg_push_name(TG_PUSH_WEBHOOK), "webhook");
}

static void find__configured_or_not__only_what_has_a_key(void **state)
{
    enum tg_push_id id = TG_PUSH_FCM;

    (void)state;
    assert_true(tg_push_find(&id, &two, TG_LIT("com.apple.apns")));
    assert_int_equal(id, TG_PUSH_APNS);
    assert_true(tg_push_find(&id, &two, TG_LIT("webhook")));
    assert_int_equal(id, TG_PUSH_WEBHOOK);
    assert_false(tg_push_find(&id, &two, TG_LIT("com.google.fcm")));
    assert_false(tg_push_find(&id, &two, TG_LIT("org.w3.webpush")));
    assert_false(tg_push_find(&id, &two, TG_LIT("WEBHOOK")));
    assert_false(tg_push_find(&id, &two, TG_LIT("webhook2")));
    assert_false(tg_push_find(&id, &two, TG_LIT("")));
    assert_int_equal(id, TG_PUSH_WEBHOOK);
}

static void is_any_on__nothing_set__false(void **state)
{
    const struct tg_push_settings none = { .apns_key = "", .apns_topic = "org.example" };

    (void)state;
    assert_false(tg_push_is_any_on(&none));
    assert_true(tg_push_is_any_on(&two));
}

/* spec-test: protocol/4#push-supported */
static void can_send__type_token_and_host__all_must_match(void **state)
{
    (void)state;
    assert_true(tg_push_can_send(&two, TG_LIT("com.apple.apns"), TG_LIT("00")));
    assert_false(tg_push_can_send(&two, TG_LIT("com.apple.apns"), TG_LIT("0!")));
    assert_false(tg_push_can_send(&two, TG_LIT("com.google.fcm"), TG_LIT("00")));
    assert_false(tg_push_can_send(&two, TG_LIT("unknown"), TG_LIT("00")));
    assert_true(tg_push_can_send(&two, TG_LIT("webhook"), TG_LIT("push.gate.example")));
    assert_false(tg_push_can_send(&two, TG_LIT("webhook"), TG_LIT("other.org")));
    assert_false(tg_push_can_send(&two, TG_LIT("webhook"), TG_LIT("")));
}

static void allows_host__exact_names_and_subdomains__nothing_else(void **state)
{
    static const char *const good[] = { "push.example.org", "PUSH.Example.ORG", "a.gate.example",
                                        "a.b.gate.example", "A.GATE.EXAMPLE" };
    static const char *const bad[] = { "",
                                       "example.org",
                                       "a.push.example.org",
                                       "push.example.org.",
                                       "push.example.orgs",
                                       "gate.example",
                                       ".gate.example",
                                       "agate.example",
                                       "a.gate.example.evil",
                                       "*.gate.exampl" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        assert_true(tg_push_allows_host(&two, tg_bytes_str(good[i])));
    }
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        if (tg_push_allows_host(&two, tg_bytes_str(bad[i]))) {
            fail_msg("allowed: %s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__each_provider__type_and_label),
        cmocka_unit_test(find__configured_or_not__only_what_has_a_key),
        cmocka_unit_test(is_any_on__nothing_set__false),
        cmocka_unit_test(can_send__type_token_and_host__all_must_match),
        cmocka_unit_test(allows_host__exact_names_and_subdomains__nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
