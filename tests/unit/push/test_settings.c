/* SPDX-License-Identifier: Apache-2.0 */
/* The test has its own table of providers, so the real checks of tokens do not run here. */
#include "support/c/unit.h"

#include "push/provider.h"

#include <string.h>

#define NONE TG_LIT("")

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
    size_t sender = TG_PUSH_FCM;

    (void)state;
    assert_true(tg_push_find(&sender, &two, TG_LIT("com.apple.apns"), NONE));
    assert_int_equal(sender, TG_PUSH_APNS);
    assert_true(tg_push_find(&sender, &two, TG_LIT("webhook"), NONE));
    assert_int_equal(sender, TG_PUSH_WEBHOOK);
    assert_false(tg_push_find(&sender, &two, TG_LIT("com.google.fcm"), NONE));
    assert_false(tg_push_find(&sender, &two, TG_LIT("org.w3.webpush"), NONE));
    assert_false(tg_push_find(&sender, &two, TG_LIT("WEBHOOK"), NONE));
    assert_false(tg_push_find(&sender, &two, TG_LIT("webhook2"), NONE));
    assert_false(tg_push_find(&sender, &two, TG_LIT(""), NONE));
    assert_int_equal(sender, TG_PUSH_WEBHOOK);
}

static const struct tg_push_settings makers = {
    .apns_key = "/k.p8",
    .apns_topic = "org.example.one",
    .apns_key_id = "ABC123DEFG",
    .apns_url = "https://a.example",
    .fcm_account = "",
    .webhook_key = "/hook",
    .app_count = 4,
    .apps = { { TG_PUSH_APNS, "org.example.two", "/two.p8", "ABC123DEFH", "T",
                "https://b.example" },
              { TG_PUSH_FCM, "project-a", "/a.json", "", "", "" },
              { TG_PUSH_APNS, "org.example.three", "/k.p8", "ABC123DEFG", "T",
                "https://a.example" },
              { TG_PUSH_FCM, "project-b", "/b.json", "", "", "" } }
};

/* spec-test: protocol/4#push-topic */
static void find__topic__its_sender_and_no_other(void **state)
{
    static const struct {
        const char *type;
        const char *topic;
        size_t sender; /* 99: none */
    } rows[] = {
        { "com.apple.apns", "org.example.one", TG_PUSH_APNS },
        { "com.apple.apns", "org.example.two", TG_PUSH_COUNT },
        { "com.apple.apns", "org.example.three", TG_PUSH_COUNT + 2 },
        { "com.google.fcm", "project-a", TG_PUSH_COUNT + 1 },
        { "com.google.fcm", "project-b", TG_PUSH_COUNT + 3 },
        { "com.apple.apns", "project-a", 99 },
        { "com.google.fcm", "org.example.one", 99 },
        { "com.apple.apns", "ORG.EXAMPLE.ONE", 99 },
        { "com.apple.apns", "org.example", 99 },
        { "com.apple.apns", "org.example.one ", 99 },
        { "webhook", "org.example.one", TG_PUSH_WEBHOOK }, /* has no topics */
        { "org.w3.webpush", "org.example.one", 99 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        size_t sender = 99;

        if (tg_push_find(&sender, &makers, tg_bytes_str(rows[i].type),
                         tg_bytes_str(rows[i].topic)) != (rows[i].sender != 99) ||
            sender != rows[i].sender) {
            fail_msg("%s, %s: %zu", rows[i].type, rows[i].topic, sender);
        }
    }
}

/* spec-test: protocol/4#push-topic-default */
static void find__no_topic__the_main_sender_or_the_only_one(void **state)
{
    struct tg_push_settings s = makers;
    size_t sender = 99;

    (void)state;
    assert_true(tg_push_find(&sender, &s, TG_LIT("com.apple.apns"), NONE));
    assert_int_equal(sender, TG_PUSH_APNS);
    assert_false(tg_push_find(&sender, &s, TG_LIT("com.google.fcm"), NONE));
    s.apns_topic = ""; /* the key is there for the apps alone */
    assert_false(tg_push_find(&sender, &s, TG_LIT("com.apple.apns"), NONE));
    s.app_count = 2;
    assert_true(tg_push_find(&sender, &s, TG_LIT("com.apple.apns"), NONE));
    assert_int_equal(sender, TG_PUSH_COUNT);
    assert_true(tg_push_find(&sender, &s, TG_LIT("com.google.fcm"), NONE));
    assert_int_equal(sender, TG_PUSH_COUNT + 1);
    s.fcm_account = "/main.json"; /* its project is not known, so no topic leads to it */
    assert_true(tg_push_find(&sender, &s, TG_LIT("com.google.fcm"), NONE));
    assert_int_equal(sender, TG_PUSH_FCM);
    assert_false(tg_push_find(&sender, &s, TG_LIT("com.google.fcm"), TG_LIT("main")));
    s.fcm_project = "main";
    assert_true(tg_push_find(&sender, &s, TG_LIT("com.google.fcm"), TG_LIT("main")));
    assert_int_equal(sender, TG_PUSH_FCM);
}

static void senders__each__its_own_credentials_and_number(void **state)
{
    static const unsigned numbers[] = { 1, 1, 2, 2 };
    struct tg_push_settings own;

    (void)state;
    assert_int_equal(tg_push_sender_count(&makers), 6);
    for (size_t i = 0; i < 4; i++) {
        assert_true(tg_push_has_sender(&makers, TG_PUSH_COUNT + i));
        assert_int_equal(tg_push_app_number(&makers, TG_PUSH_COUNT + i), numbers[i]);
    }
    assert_int_equal(tg_push_app_number(&makers, TG_PUSH_APNS), 0);
    assert_false(tg_push_has_sender(&makers, TG_PUSH_COUNT + 4));
    assert_false(tg_push_has_sender(&makers, TG_PUSH_FCM));
    assert_true(tg_push_is_on(&makers, TG_PUSH_FCM));
    tg_push_sender_settings(&own, &makers, TG_PUSH_COUNT);
    assert_string_equal(own.apns_topic, "org.example.two");
    assert_string_equal(own.apns_key, "/two.p8");
    assert_string_equal(own.apns_key_id, "ABC123DEFH");
    assert_string_equal(own.apns_url, "https://b.example");
    tg_push_sender_settings(&own, &makers, TG_PUSH_COUNT + 3);
    assert_string_equal(own.fcm_account, "/b.json");
    assert_string_equal(own.fcm_project, "project-b");
    tg_push_sender_settings(&own, &makers, TG_PUSH_APNS);
    assert_string_equal(own.apns_topic, "org.example.one");
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
    assert_true(tg_push_can_send(&two, TG_LIT("com.apple.apns"), NONE, TG_LIT("00")));
    assert_false(tg_push_can_send(&two, TG_LIT("com.apple.apns"), NONE, TG_LIT("0!")));
    assert_false(tg_push_can_send(&two, TG_LIT("com.google.fcm"), NONE, TG_LIT("00")));
    assert_false(tg_push_can_send(&two, TG_LIT("unknown"), NONE, TG_LIT("00")));
    assert_true(tg_push_can_send(&two, TG_LIT("webhook"), NONE, TG_LIT("push.gate.example")));
    assert_false(tg_push_can_send(&two, TG_LIT("webhook"), NONE, TG_LIT("other.org")));
    assert_false(tg_push_can_send(&two, TG_LIT("webhook"), NONE, TG_LIT("")));
}

/* spec-test: protocol/4#push-proxy */
static void can_send__behind_a_proxy__names_of_the_public_dns_only(void **state)
{
    static const char *const hosts[] = { "push.example.org", "localhost",      "a.local",
                                         "127.0.0.1",        "[2001:db8::1]",  "relay",
                                         "a.internal",       "169.254.169.254" };
    struct tg_push_settings s = two;

    (void)state;
    s.host_count = TG_COUNT(hosts);
    memcpy(s.hosts, hosts, sizeof(hosts));
    for (size_t i = 0; i < TG_COUNT(hosts); i++) {
        s.proxy = "http://proxy.example:3128";
        s.allows_private_addresses = false;
        assert_int_equal(tg_push_can_send(&s, TG_LIT("webhook"), NONE, tg_bytes_str(hosts[i])),
                         i == 0);
        s.allows_private_addresses = true;
        assert_true(tg_push_can_send(&s, TG_LIT("webhook"), NONE, tg_bytes_str(hosts[i])));
        s.allows_private_addresses = false;
        s.proxy = ""; /* the guard checks the address of the socket */
        assert_true(tg_push_can_send(&s, TG_LIT("webhook"), NONE, tg_bytes_str(hosts[i])));
    }
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
        cmocka_unit_test(find__topic__its_sender_and_no_other),
        cmocka_unit_test(find__no_topic__the_main_sender_or_the_only_one),
        cmocka_unit_test(senders__each__its_own_credentials_and_number),
        cmocka_unit_test(is_any_on__nothing_set__false),
        cmocka_unit_test(can_send__type_token_and_host__all_must_match),
        cmocka_unit_test(can_send__behind_a_proxy__names_of_the_public_dns_only),
        cmocka_unit_test(allows_host__exact_names_and_subdomains__nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
