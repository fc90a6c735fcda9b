/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/settings/config_fixture.h"

#include "relay/page/page.h"
#include "server/ops/zone.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X200 X50 X50 X50 X50

#define MEM_ONLY "--store memory: --plain-http"

static void page__nothing_set__defaults(void **state)
{
    struct fixture *f = *state;
    struct tg_page_app apps[TG_PUSH_APPS_MAX];
    struct tg_page_settings page;

    assert_runs(f, MEM_ONLY);
    tg_config_page(&page, apps, f->config);
    assert_null(page.operator_name);
    assert_null(page.colour);
    assert_null(page.logo);
    assert_null(page.support);
    assert_int_equal(page.app_count, 0);
    assert_string_equal(f->config->page.time_zone, "UTC");
}

static void page__all_set__as_written(void **state)
{
    static const char svg[] = "<svg viewBox='0 0 9 9'><path d='M0 0'/></svg>";
    struct fixture *f = *state;
    struct tg_page_app apps[TG_PUSH_APPS_MAX];
    struct tg_page_settings page;

    write_file(f->pem, svg, sizeof(svg) - 1, 0600);
    assert_int_equal(run_file(f,
                              "operator-name = Schl\xc3\xbcssel & S\xc3\xb6hne <GmbH>\n"
                              "page-colour = #0B6b5d\n"
                              "page-support = mailto:help@keys.example?subject=key\n"
                              "page-app =  Nordlicht Wallet  2  ios=https://apps.example/1 "
                              "verticals=car,hotel\n"
                              "page-app = a=b open=https://open.example/ "
                              "android=https://play.example/?id=x\n"
                              "page-time-zone = UTC\n",
                              MEM_ONLY " --page-logo %P"),
                     TG_CONFIG_RUN);
    tg_config_page(&page, apps, f->config);
    assert_string_equal(page.operator_name, "Schl\xc3\xbcssel & S\xc3\xb6hne <GmbH>");
    assert_string_equal(page.colour, "#0B6b5d");
    assert_string_equal(page.support, "mailto:help@keys.example?subject=key");
    assert_string_equal(page.logo,
                        "<svg aria-hidden=\"true\" viewBox=\"0 0 9 9\"><path d=\"M0 0\"/></svg>");
    assert_int_equal(page.app_count, 2);
    assert_string_equal(apps[0].name, "Nordlicht Wallet  2");
    assert_string_equal(apps[0].ios, "https://apps.example/1");
    assert_null(apps[0].open);
    assert_int_equal(apps[0].verticals, 1u << TG_PAGE_CAR | 1u << TG_PAGE_HOTEL);
    assert_string_equal(apps[1].name, "a=b");
    assert_string_equal(apps[1].open, "https://open.example/");
    assert_string_equal(apps[1].android, "https://play.example/?id=x");
    assert_int_equal(apps[1].verticals, 15);
}

static void page__printed__read_back_the_same(void **state)
{
    struct fixture *f = *state;
    char *first = NULL;
    struct tg_buf text;

    assert_int_equal(run_file(f,
                              "operator-name = A b\npage-colour = #112233\n"
                              "page-app = N W ios=https://a.example/1 verticals=car\n",
                              MEM_ONLY),
                     TG_CONFIG_RUN);
    tg_buf_init(&text, TEXT_MAX);
    tg_config_print(&text, f->config);
    first = strdup(tg_buf_cstr(&text));
    assert_non_null(strstr(first, "page-app = N W ios=https://a.example/1 verticals=car\n"));
    assert_int_equal(run_file(f, first, ""), TG_CONFIG_RUN);
    tg_buf_clear(&text);
    tg_config_print(&text, f->config);
    assert_string_equal(tg_buf_cstr(&text), first);
    tg_buf_deinit(&text);
    free(first);
}

static void page__wrong__what_which_and_what_was_expected(void **state)
{
    static const char *const rows[][2] = {
        { "operator-name = \xe2\x80\xaegnp.exe\n",
          "tigressd.conf:1: operator-name: no name that people can read (expected: 1 to 48 "
          "characters "
          "of UTF-8, none that is unseen or changes the direction)\n" },
        { "operator-name = a\xff\n", "no name that people can read" },
        { "operator-name = a\xc2\x9f\n", "no name that people can read" },
        { "page-colour = 0b6b5d\n", "page-colour: wrong length" },
        { "page-colour = #0b6b5g\n",
          "page-colour: not a colour (expected: # and 6 hexadecimal digits, such as #0b6b5d)\n" },
        { "page-support = http://help.example/\n",
          "page-support: not an address for help (expected: https://HOST/... or "
          "mailto:NAME@HOST)\n" },
        { "page-support = javascript:alert(1)\n", "page-support: not an address for help" },
        { "page-support = mailto:@b.example\n", "page-support: not an address for help" },
        { "page-app = ios=https://a.example/\n", "page-app: no name that people can read" },
        { "page-app = Wallet\n",
          "page-app: app 1 of this setting: no address (expected: at least one of open=, ios= and "
          "android=)\n" },
        { "page-app = Wallet open=a:b\n", "open= has the wrong length" },
        { "page-app = Wallet open=tigress://x\n", "an address that does not begin with https:// "
                                                  "(expected: https://HOST/...; another scheme "
                                                  "would lose the secret of the link)\n" },
        { "page-app = Wallet ios=https://a.example/ ios=https://a.example/\n",
          "ios= is given twice" },
        { "page-app = Wallet ios=https://a.example/ fingerprints=a\n",
          "an unknown name (expected: NAME" },
        { "page-app = Wallet ios=https://a.example/ verticals=boat\n",
          "verticals= has an unknown" },
        { "page-app = A ios=https://a.example/\npage-app = B ios=https://a.example/\n"
          "page-app = C ios=https://a.example/\npage-app = D ios=https://a.example/ "
          "verticals=car\n",
          "page-app: too many apps for one kind of link (expected: at most 3 for each of general, "
          "car, "
          "home and hotel)\n" },
        { "page-app = A ios=https://a.example/" X200 " android=https://a.example/" X200 "\n"
          "page-app = B ios=https://a.example/" X200 " open=https://a.example/" X200 "\n"
          "page-app = C ios=https://a.example/" X200 " open=https://a.example/" X200 "\n",
          "page-app: with operator-name, page-logo, page-support and page-app a page has up to 1" },
        { "page-time-zone = Europe/../../../etc/passwd\n",
          "page-time-zone: the system has no such time zone (expected: UTC, or a name below "
          "/usr/share/zoneinfo/ such as Europe/Berlin; its package is tzdata)\n" },
        { "page-time-zone = /etc/localtime\n", "the system has no such time zone" },
        { "page-time-zone = Europe\n", "the system has no such time zone" },
        { "page-time-zone = EST5EDT,M3.2.0\n", "the system has no such time zone" },
        { "page-logo = /nowhere/logo.svg\n", "page-logo: /nowhere/logo.svg: cannot be read: No "
                                             "such file or directory (expected: an SVG "
                                             "or PNG file that the relay may read)\n" },
        { "page-logo = /tmp\n", "page-logo: /tmp: cannot be read: Is a directory" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(run_file(f, rows[i][0], MEM_ONLY), TG_CONFIG_BAD);
        assert_null(f->config);
        assert_says(f, rows[i][1]);
    }
}

static void logo__not_allowed_or_too_large__refused(void **state)
{
    static const char script[] = "<svg viewBox='0 0 9 9'><script/></svg>";
    char large[TG_PAGE_LOGO_FILE_MAX + 1];
    struct fixture *f = *state;

    write_file(f->pem, script, sizeof(script) - 1, 0600);
    assert_bad(
        f, MEM_ONLY " --page-logo %P",
        "--page-logo: the SVG has the element script (expected: svg with a viewBox, and shapes "
        "with numbers and colours alone; see tigressd.conf(5))\n");
    memset(large, ' ', sizeof(large));
    write_file(f->pem, large, sizeof(large), 0600);
    assert_bad(f, MEM_ONLY " --page-logo %P",
               "--page-logo: the logo is too large (expected: at most");
}

static void zone__summer_and_winter__its_own_offset(void **state)
{
    struct fixture *f = *state;

    if (run(f, MEM_ONLY " --page-time-zone Europe/Berlin") != TG_CONFIG_RUN) {
        skip(); /* no tzdata */
    }
    tg_zone_use(f->config->page.time_zone);
    assert_int_equal(tg_zone_offset_s(1796119200), 3600); /* 2026-12-01 */
    assert_int_equal(tg_zone_offset_s(1782900000), 7200); /* 2026-07-01 */
    tg_zone_use("UTC");
    assert_int_equal(tg_zone_offset_s(1782900000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(page__nothing_set__defaults),
        TEST(page__all_set__as_written),
        TEST(page__printed__read_back_the_same),
        TEST(page__wrong__what_which_and_what_was_expected),
        TEST(logo__not_allowed_or_too_large__refused),
        TEST(zone__summer_and_winter__its_own_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
