/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/settings/config_fixture.h"

#define MEM_ONLY "--store memory: --plain-http"
#define PRINT                                                                                      \
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE" \
    ":FF"

static void links__nothing_set__no_app_and_any_picture(void **state)
{
    struct fixture *f = *state;
    struct tg_image_policy policy;

    assert_runs(f, MEM_ONLY);
    tg_config_image_policy(&policy, f->config);
    assert_int_equal(policy.hosts, TG_IMAGES_ANY);
    assert_int_equal(f->config->links.apple_apps.count, 0);
    assert_int_equal(f->config->links.android_apps.count, 0);
}

static void apps__several__in_their_order(void **state)
{
    struct fixture *f = *state;
    struct tg_app_link apps[TG_PUSH_APPS_MAX];

    assert_int_equal(run_file(f,
                              "link-apple-app = ABCDE12345.com.example.wallet\n"
                              "link-apple-app = ABCDE12345.com.example.car verticals=car,hotel\n"
                              "link-android-app = com.example.my_wallet fingerprints=" PRINT
                              "," PRINT " verticals=general\n",
                              MEM_ONLY),
                     TG_CONFIG_RUN);
    assert_int_equal(tg_config_app_links(apps, &f->config->links.apple_apps), 2);
    assert_string_equal(apps[0].id, "ABCDE12345.com.example.wallet");
    assert_string_equal(apps[0].verticals, "");
    assert_string_equal(apps[1].verticals, "car,hotel");
    assert_int_equal(tg_config_app_links(apps, &f->config->links.android_apps), 1);
    assert_string_equal(apps[0].id, "com.example.my_wallet");
    assert_string_equal(apps[0].fingerprints, PRINT "," PRINT);
    assert_string_equal(apps[0].verticals, "general");
}

static void links__wrong__what_which_and_what_was_expected(void **state)
{
    static const char *const rows[][2] = {
        { "link-apple-app = com.example.wallet\n",
          "tigressd.conf:1: link-apple-app: app 1 of this setting: not an Apple app (expected: the "
          "team's 10 capital letters and digits, a dot, the bundle identifier: "
          "ABCDE12345.com.example.wallet)\n" },
        { "link-apple-app = ABCDE12345.a\nlink-apple-app = ABCDE12345.a\n",
          "link-apple-app: app 2 of this setting: its name is used twice (expected: each app "
          "once)" },
        { "link-apple-app = ABCDE12345.a verticals=boat\n",
          "verticals= has an unknown or repeated name (expected: some of general,car,home,hotel, "
          "separated by commas)\n" },
        { "link-apple-app = ABCDE12345.a fingerprints=" PRINT "\n",
          "a word that is not NAME=VALUE, or an unknown name (expected: TEAMID.BUNDLE" },
        { "link-android-app = com.example.wallet\n",
          "fingerprints= is missing or wrong (expected: 1 to 10 SHA-256 fingerprints of signing "
          "certificates, 32 bytes each as AA:BB:..., with commas)\n" },
        { "link-android-app = wallet fingerprints=" PRINT "\n",
          "not an Android package (expected: names separated by dots, such as "
          "com.example.wallet)\n" },
        { "preview-images = own,cards.example\n",
          "preview-images: an entry that is not the name of a host (expected: any, own, or names" },
        { "preview-images = none\n", "preview-images: an entry that is not the name of a host" },
        { "preview-images = https://cards.example\n", "preview-images: not a list of hosts" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(run_file(f, rows[i][0], MEM_ONLY), TG_CONFIG_BAD);
        assert_says(f, rows[i][1]);
    }
}

static void images__each_form__its_policy(void **state)
{
    struct fixture *f = *state;
    struct tg_image_policy policy;

    assert_runs(f, MEM_ONLY " --preview-images own");
    tg_config_image_policy(&policy, f->config);
    assert_int_equal(policy.hosts, TG_IMAGES_OWN);
    assert_runs(f, MEM_ONLY " --preview-images Cards.example,*.cdn.example");
    tg_config_image_policy(&policy, f->config);
    assert_int_equal(policy.hosts, TG_IMAGES_LISTED);
    assert_int_equal(policy.list_count, 2);
    assert_string_equal(policy.list, "cards.example");
}

static void links__printed__load_again(void **state)
{
    struct fixture *f = *state;
    char first[16384];

    assert_int_equal(run_file(f,
                              "link-apple-app = ABCDE12345.a verticals=car\n"
                              "link-android-app = a.b fingerprints=" PRINT "\n"
                              "preview-images = own\n",
                              MEM_ONLY " --print-config"),
                     TG_CONFIG_DONE);
    (void)snprintf(first, sizeof(first), "%s", tg_buf_cstr(&f->text));
    assert_non_null(strstr(first, "link-apple-app = ABCDE12345.a verticals=car\n"));
    assert_non_null(strstr(first, "link-android-app = a.b fingerprints=" PRINT "\n"));
    assert_int_equal(run_file(f, first, "--print-config"), TG_CONFIG_DONE);
    assert_string_equal(tg_buf_cstr(&f->text), first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(links__nothing_set__no_app_and_any_picture),
        TEST(apps__several__in_their_order),
        TEST(links__wrong__what_which_and_what_was_expected),
        TEST(images__each_form__its_policy),
        TEST(links__printed__load_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
