/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/file/files.h"
#include "relay/file/images.h"

#include <stdlib.h>
#include <string.h>

#define PRINT                                                                                      \
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE" \
    ":FF"
#define PRINT_UPPER                                                                                \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE" \
    ":FF"
#define ONE "{\"/\":\"/v1/m/*\""
#define NONE "{\"/\":\"*\",\"exclude\":true}"

static const struct tg_app_link wallet = { "ABCDE12345.com.example.wallet", "", "" };
static const struct tg_app_link keys = { "com.example.keys", PRINT "," PRINT, "car,home" };

/* ---- app links ------------------------------------------------------------------------------ */

/* spec-test: protocol/5#app-links */
static void apple__one_app__every_mailbox_link_and_nothing_else(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, TG_APP_LINKS_TEXT_MAX);
    tg_app_links_apple(&out, &wallet, 1);
    assert_string_equal(tg_buf_cstr(&out),
                        "{\"applinks\":{\"details\":[\n{\"appIDs\":[\"ABCDE12345.com.example."
                        "wallet\"],\"components\":[" ONE "}," NONE "]}]}}\n");
    tg_buf_deinit(&out);
}

/* spec-test: protocol/5#app-links-by-vertical */
static void apple__some_verticals__rules_in_the_order_that_decides(void **state)
{
    static const struct {
        const char *verticals, *components;
    } cases[] = {
        { "car", ONE ",\"?\":{\"v\":\"c\"}}," NONE "]" },
        { "hotel,home", ONE ",\"?\":{\"v\":\"h\"}}," ONE ",\"?\":{\"v\":\"hotel\"}}," NONE "]" },
        { "general", ONE ",\"?\":{\"v\":\"a\"}}," ONE ",\"?\":{\"v\":\"?*\"},\"exclude\":true}," ONE
                         "}," NONE "]" },
        { "general,car", ONE ",\"?\":{\"v\":\"a\"}}," ONE ",\"?\":{\"v\":\"c\"}}," ONE
                             ",\"?\":{\"v\":\"?*\"},\"exclude\":true}," ONE "}," NONE "]" },
        { "home,car,hotel,general", ONE "}," NONE "]" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_app_link app = wallet;
        struct tg_buf out;
        const char *found = NULL;

        app.verticals = cases[i].verticals;
        tg_buf_init(&out, TG_APP_LINKS_TEXT_MAX);
        tg_app_links_apple(&out, &app, 1);
        found = strstr(tg_buf_cstr(&out), "\"components\":[");
        assert_non_null(found);
        found += sizeof("\"components\":[") - 1;
        assert_memory_equal(found, cases[i].components, strlen(cases[i].components));
        tg_buf_deinit(&out);
    }
}

/* spec-test: protocol/5#app-links */
static void android__two_apps__a_statement_each(void **state)
{
    const struct tg_app_link apps[] = { { "com.example.wallet", PRINT, "" }, keys };
    const char *text = NULL;
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, TG_APP_LINKS_TEXT_MAX);
    tg_app_links_android(&out, apps, TG_COUNT(apps));
    text = tg_buf_cstr(&out);
    assert_non_null(strstr(text, "\"package_name\":\"com.example.wallet\",\"sha256_cert_"
                                 "fingerprints\":[\"" PRINT_UPPER "\"]}},\n{"));
    assert_non_null(strstr(text, "\"package_name\":\"com.example.keys\",\"sha256_cert_fingerprints"
                                 "\":[\"" PRINT_UPPER "\",\"" PRINT_UPPER "\"]}"));
    assert_non_null(strstr(text, ",\"relation_extensions\":{\"delegate_permission/common.handle_all"
                                 "_urls\":{\"dynamic_app_link_components\":[" ONE));
    assert_null(strstr(text, "aa:bb"));
    tg_buf_deinit(&out);
}

static void app_links__the_longest_lists__within_the_maximum(void **state)
{
    char id[256], prints[1024] = "";
    struct tg_app_link apps[16];
    struct tg_fault fault = { "" };
    struct tg_buf out;

    (void)state;
    memset(id, 'a', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    id[100] = '.';
    for (unsigned i = 0; i < TG_APP_LINKS_FINGERPRINTS_MAX; i++) {
        (void)strcat(prints, i > 0 ? "," PRINT : PRINT);
    }
    for (size_t i = 0; i < TG_COUNT(apps); i++) {
        apps[i] = (struct tg_app_link){ id, prints, "general,car,home" };
        assert_int_equal(tg_app_link_check_android(&apps[i], &fault), TG_OK);
    }
    tg_buf_init(&out, TG_APP_LINKS_TEXT_MAX);
    tg_app_links_android(&out, apps, TG_COUNT(apps));
    assert_int_equal(tg_buf_status(&out), TG_OK);
    tg_buf_deinit(&out);
}

static void check_apple__each_form__accepted_or_why_not(void **state)
{
    static const struct {
        const char *id, *verticals;
        bool is_good;
    } cases[] = {
        { "ABCDE12345.com.example.wallet", "", true },
        { "1234567890.a", "general", true },
        { "ABCDE12345.com.Example-2.wallet", "car,home", true },
        { "ABCDE1234.com.example.wallet", "", false },
        { "abcde12345.com.example.wallet", "", false },
        { "ABCDE123456.com.example.wallet", "", false },
        { "ABCDE12345", "", false },
        { "ABCDE12345.", "", false },
        { "ABCDE12345.com..wallet", "", false },
        { "ABCDE12345.com.example.", "", false },
        { "ABCDE12345.com.ex_ample", "", false },
        { "com.example.wallet", "", false },
        { "ABCDE12345.com.example.wallet", "car,", false },
        { "ABCDE12345.com.example.wallet", ",car", false },
        { "ABCDE12345.com.example.wallet", "car,car", false },
        { "ABCDE12345.com.example.wallet", "c", false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct tg_app_link app = { cases[i].id, "", cases[i].verticals };
        struct tg_fault fault = { "" };

        assert_int_equal(tg_app_link_check_apple(&app, &fault) == TG_OK, cases[i].is_good);
        assert_int_equal(strstr(fault.text, "(expected: ") == NULL, cases[i].is_good);
    }
}

static void check_android__each_form__accepted_or_why_not(void **state)
{
    static const struct {
        const char *id, *prints;
        bool is_good;
    } cases[] = {
        { "com.example.wallet", PRINT, true },
        { "com.ex_ample2.w", PRINT "," PRINT_UPPER, true },
        { "wallet", PRINT, false },
        { "com.2example", PRINT, false },
        { "com._example", PRINT, false },
        { "com.exam-ple", PRINT, false },
        { "com.example.", PRINT, false },
        { "com.example", "", false },
        { "com.example", PRINT ",", false },
        { "com.example", "," PRINT, false },
        { "com.example", PRINT ":00", false },
        { "com.example", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
          false },
        { "com.example",
          PRINT "," PRINT "," PRINT "," PRINT "," PRINT "," PRINT "," PRINT "," PRINT "," PRINT
                "," PRINT "," PRINT,
          false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct tg_app_link app = { cases[i].id, cases[i].prints, "" };
        struct tg_fault fault = { "" };

        assert_int_equal(tg_app_link_check_android(&app, &fault) == TG_OK, cases[i].is_good);
        assert_int_equal(strstr(fault.text, "(expected: ") == NULL, cases[i].is_good);
    }
}

/* ---- files ---------------------------------------------------------------------------------- */

static void find__paths__only_those_that_exist(void **state)
{
    struct tg_files *files = NULL;
    const struct tg_files_settings settings = { .apple = &wallet, .apple_count = 1 };
    const struct tg_file *file = NULL;

    (void)state;
    assert_int_equal(tg_files_new(&files, &settings), TG_OK);
    file = tg_files_find(files, TG_LIT("/.well-known/apple-app-site-association?x=y"));
    assert_non_null(file);
    assert_string_equal(file->type, "application/json");
    assert_non_null(tg_files_find(files, TG_LIT("/robots.txt")));
    assert_null(tg_files_find(files, TG_LIT("/.well-known/assetlinks.json")));
    assert_null(tg_files_find(files, TG_LIT("/robots.txt/")));
    assert_null(tg_files_find(files, TG_LIT("/robots")));
    assert_null(tg_files_find(files, TG_LIT("")));
    assert_null(tg_files_find(NULL, TG_LIT("/robots.txt")));
    tg_files_free(&files);
    tg_files_free(&files);
}

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* spec-test: protocol/5#pictures */
static void pictures__each__a_png_of_its_size_at_a_path_of_its_content(void **state)
{
    static const char *const starts[TG_PICTURE_COUNT] = { "/picture/general-", "/picture/car-",
                                                          "/picture/home-", "/picture/hotel-" };
    const struct tg_files_settings settings = { .apple_count = 0 };
    struct tg_files *files = NULL;

    (void)state;
    assert_int_equal(tg_files_new(&files, &settings), TG_OK);
    for (enum tg_picture i = 0; i < TG_PICTURE_COUNT; i++) {
        const char *path = tg_files_picture_path(files, i);
        const struct tg_file *file = tg_files_find(files, tg_bytes_str(path));

        assert_non_null(file);
        assert_memory_equal(path, starts[i], strlen(starts[i]));
        assert_memory_equal(path + strlen(starts[i]), file->etag + 1, 16);
        assert_string_equal(path + strlen(starts[i]) + 16, ".png");
        assert_in_range(file->body.len, 1000, 40000);
        assert_memory_equal(file->body.ptr, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
        assert_int_equal(big_endian(file->body.ptr + 16), 1200);
        assert_int_equal(big_endian(file->body.ptr + 20), 630);
    }
    assert_memory_equal(tg_picture_icon.ptr, "\0\0\1\0\1\0\x20\x20", 8);
    tg_files_free(&files);
}

/* spec-test: protocol/5#files-cacheable */
static void is_named__forms_of_if_none_match__by_rfc_9110(void **state)
{
    static const struct tg_file file = { .etag = "\"00ff\"" };
    static const struct {
        const char *value;
        bool is_named;
    } cases[] = {
        { "\"00ff\"", true },
        { "W/\"00ff\"", true },
        { "*", true },
        { "\"a\", \"00ff\"", true },
        { "\"a,\"00ff\"", false },
        { "00ff", false },
        { "\"00FF\"", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_int_equal(tg_file_is_named(&file, tg_bytes_str(cases[i].value)), cases[i].is_named);
    }
}

/* ---- pictures of senders -------------------------------------------------------------------- */

/* spec-test: protocol/5#image-https-only protocol/5#image-hosts */
static void image__each_policy__only_what_it_allows(void **state)
{
    static const char list[] = "cards.example\0*.cdn.example";
    static const struct tg_image_policy any = { .hosts = TG_IMAGES_ANY },
                                        own = { .hosts = TG_IMAGES_OWN },
                                        listed = { TG_IMAGES_LISTED, list, 2 };
    static const struct {
        const char *url;
        bool by_any, by_list;
    } cases[] = {
        { "https://cards.example/a.png", true, true },
        { "HTTPS://Cards.Example", true, true },
        { "https://cards.example:8443/a.png?b#c", true, true },
        { "https://a.b.cdn.example/x", true, true },
        { "https://cdn.example/x", true, false },
        { "https://evilcards.example/x", true, false },
        { "https://cards.example.evil.example/x", true, false },
        { "https://cards.example@evil.example/x", true, false },
        { "https://cards.example:x@evil.example/x", true, false },
        { "https://evil.example/?https://cards.example/", true, false },
        { "https://cards.example\\@evil.example/", false, false },
        { "https://cards.example /", false, false },
        { "//cards.example/x.png", false, false },
        { "javascript:alert(1)//https://", false, false },
        { " https://cards.example/", false, false },
        { "https:\\\\cards.example/", false, false },
        { "data:image/png;base64,AA", false, false },
        { "http://cards.example/", false, false },
        { "https://", false, false },
        { "", false, false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_bytes url = tg_bytes_str(cases[i].url);

        assert_int_equal(tg_image_is_allowed(&any, url), cases[i].by_any);
        assert_int_equal(tg_image_is_allowed(&listed, url), cases[i].by_list);
        assert_false(tg_image_is_allowed(&own, url));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apple__one_app__every_mailbox_link_and_nothing_else),
        cmocka_unit_test(apple__some_verticals__rules_in_the_order_that_decides),
        cmocka_unit_test(android__two_apps__a_statement_each),
        cmocka_unit_test(app_links__the_longest_lists__within_the_maximum),
        cmocka_unit_test(check_apple__each_form__accepted_or_why_not),
        cmocka_unit_test(check_android__each_form__accepted_or_why_not),
        cmocka_unit_test(find__paths__only_those_that_exist),
        cmocka_unit_test(pictures__each__a_png_of_its_size_at_a_path_of_its_content),
        cmocka_unit_test(is_named__forms_of_if_none_match__by_rfc_9110),
        cmocka_unit_test(image__each_policy__only_what_it_allows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
