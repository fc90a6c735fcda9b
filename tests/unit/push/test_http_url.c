/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "push/http_url.h"

#include <string.h>

static const struct {
    const char *url;
    const char *path; /* NULL: libcurl handles it */
} rows[] = {
    { "https://api.push.example/3/device/00ff", "/3/device/00ff" },
    { "https://fcm.example:8443/v1/projects/a-1/messages:send", "/v1/projects/a-1/messages:send" },
    { "https://[::1]:8443/a_b~c", "/a_b~c" },
    { "https://push.example/", "/" },
    { "https://push.example//a//", "//a//" },
    { "https://push.example/a/../b", "/a/../b" },
    { "https://push.example/./b", "/./b" },
    { "https://push.example/.", "/." },
    { "https://push.example", NULL },
    { "https://push.example?a=/b", NULL },
    { "https://push.example#/b", NULL },
    { "https://push.example/a?b", NULL },
    { "https://push.example/a#b", NULL },
    { "https://push.example/a%20b", NULL },
    { "https://push.example/a b", NULL },
    { "https://push.example/a\r\nb: c", NULL },
    { "https://push.example/\xc3\xa4", NULL },
    { "push.example/a", NULL },
    { "", NULL },
};

static void path_at__long_table__only_plain_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        size_t at = tg_push_url_path_at(rows[i].url);

        if (rows[i].path == NULL) {
            assert_int_equal(at, 0);
        } else {
            assert_string_equal(rows[i].url + at, rows[i].path);
        }
    }
}

/* libcurl 8 does not report the text of a URL that it has as a parsed handle; then our text is
   used. */
static void assert_asks_for(struct tg_push_url *u, CURL *easy, const char *url)
{
    char *effective = NULL;

    assert_int_equal(curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &effective), CURLE_OK);
    if (effective[0] == '\0') {
        assert_string_equal(tg_buf_cstr(&u->origin), url);
    } else {
        assert_string_equal(effective, url);
    }
}

static void set__other_hosts_and_other_paths__the_handle_follows(void **state)
{
    struct tg_push_url u;
    CURL *easy = tg_curl_load(NULL) == TG_OK ? curl_easy_init() : NULL;

    (void)state;
    tg_push_url_init(&u);
    assert_true(tg_push_url_set(&u, easy, "https://one.example/a"));
    assert_asks_for(&u, easy, "https://one.example");
    assert_true(tg_push_url_set(&u, easy, "https://one.example/b"));
    assert_asks_for(&u, easy, "https://one.example");
    assert_true(tg_push_url_set(&u, easy, "https://two.example/a?b"));
    assert_asks_for(&u, easy, "https://two.example/a?b");
    assert_true(tg_push_url_set(&u, easy, "https://one.example/b"));
    assert_asks_for(&u, easy, "https://one.example");
    assert_true(tg_push_url_set(&u, easy, "https://one.example:1/b"));
    assert_asks_for(&u, easy, "https://one.example:1");
    tg_push_url_forget(easy);
    curl_easy_cleanup(easy);
    tg_push_url_deinit(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_at__long_table__only_plain_paths),
        cmocka_unit_test(set__other_hosts_and_other_paths__the_handle_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
