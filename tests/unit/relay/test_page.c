/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/page/page.h"

#include "base/b64.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

static const struct tg_page_settings settings = { .operator_name = NULL };
static struct tg_page_site *site;

static const char *write_page(struct tg_buf *out, const struct tg_page *page)
{
    tg_buf_init(out, 65536);
    assert_int_equal(tg_page_write(out, site, page), TG_OK);
    return tg_buf_cstr(out);
}

static const char *page(struct tg_buf *out, const char *title, const char *description,
                        const char *image)
{
    struct tg_display_info display = { tg_bytes_str(title), tg_bytes_str(description),
                                       tg_bytes_str(image) };

    return write_page(out, &(struct tg_page){ .state = TG_PAGE_OPEN,
                                              .display = &display,
                                              .url = TG_LIT("https://relay.example/v1/m/x"),
                                              .image = { .url = display.image_url },
                                              .now_s = 1893400000,
                                              .expires_s = 1893456000 });
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("not in the page: %s", part);
    }
}

/* spec-test: protocol/5#style-hash */
static void csp__style_hash__is_that_of_the_style(void **state)
{
    uint8_t hash[TG_SHA256_LEN];
    struct tg_buf want, out;
    struct tg_bytes style = tg_page_site_style(site);
    const char *text = page(&out, "t", "d", "");

    (void)state;
    assert_int_equal(tg_sha256(hash, style), TG_OK);
    tg_buf_init(&want, 256);
    tg_buf_append_str(&want, "style-src 'sha256-");
    tg_b64_encode(&want, TG_ARRAY_BYTES(hash), TG_B64_STANDARD);
    tg_buf_append_str(&want, "';");
    assert_has(tg_page_site_csp(site), tg_buf_cstr(&want));
    tg_buf_clear(&want);
    tg_buf_append_str(&want, "<style>");
    tg_buf_append(&want, style);
    tg_buf_append_str(&want, "</style>");
    assert_has(text, tg_buf_cstr(&want));
    assert_null(strstr(strstr(text, "</style>"), "<style"));
    tg_buf_deinit(&want);
    tg_buf_deinit(&out);
}

/* spec-test: protocol/5#escaped */
static void page__each_byte_of_the_sender__escaped_if_html_uses_it(void **state)
{
    struct tg_buf out;
    const char *text = page(&out, "<>&\"'", "</p><script>x</script>\x01\x7f\nend",
                            "https://i.example/\"><script>");

    (void)state;
    assert_has(text, "content=\"&lt;&gt;&amp;&quot;&#39;\"");
    assert_has(text, "<bdi>&lt;&gt;&amp;&quot;&#39;</bdi>");
    assert_has(text, "&lt;/p&gt;&lt;script&gt;");
    assert_has(text, "\xef\xbf\xbd\xef\xbf\xbd<br>end");
    assert_has(text, "content=\"https://i.example/&quot;&gt;&lt;script&gt;\"");
    assert_null(strstr(text, "<script"));
    assert_null(strchr(text, '\x01'));
    tg_buf_deinit(&out);
}

/* spec-test: protocol/5#image-described */
static void page__image__described_if_it_is_a_drawing(void **state)
{
    static const struct tg_page_image images[] = {
        { .url = { (const uint8_t *)"https://i.example/x?a&b", 23 } },
        { { (const uint8_t *)"https://relay.example/p.png", 27 }, "image/png", "1200", "630" },
        { .type = NULL },
    };
    struct tg_display_info display = { TG_LIT("Title"), TG_LIT(""), TG_LIT("https://i.example/x") };
    struct tg_buf out;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(images); i++) {
        bool is_drawing = images[i].type != NULL;
        const char *text =
            write_page(&out, &(struct tg_page){ .display = &display,
                                                .image = images[is_drawing ? 2 : i],
                                                .drawing = images[is_drawing ? i : 2] });

        assert_int_equal(strstr(text, "\"og:image\"") != NULL, i < 2);
        assert_int_equal(strstr(text, "og:image:alt\" content=\"Title\"") != NULL, i == 0);
        assert_int_equal(strstr(text, "og:image:alt\" content=\"Drawing of") != NULL, i == 1);
        assert_int_equal(strstr(text, "\"og:image:width\" content=\"1200\"") != NULL, is_drawing);
        assert_int_equal(strstr(text, "\"og:image:height\" content=\"630\"") != NULL, is_drawing);
        assert_int_equal(strstr(text, "\"og:image:type\" content=\"image/png\"") != NULL,
                         is_drawing);
        assert_int_equal(strstr(text, "name=\"twitter:card\"") != NULL, i < 2);
        assert_null(strstr(text, "a&b"));
        assert_null(strstr(text, "<img"));
        tg_buf_deinit(&out);
    }
}

/* spec-test: protocol/5#opengraph protocol/5#noindex */
static void page__empty_display__still_readable(void **state)
{
    struct tg_buf out;
    const char *text = page(&out, "", "", "");

    (void)state;
    assert_has(text, "<html lang=\"en\" dir=\"ltr\" prefix=\"og: https://ogp.me/ns#\">");
    assert_has(text, "<title>Someone shared a digital key with you</title>");
    assert_has(text, "og:title\" content=\"Someone shared a digital key with you\"");
    assert_has(text, "og:description\" content=\"Open the link with your wallet app.");
    assert_null(strstr(text, "<blockquote"));
    assert_has(text, "name=\"robots\" content=\"noindex\"");
    assert_has(text, "<time datetime=\"2030-01-01T00:00:00Z\">Tuesday 1 January 2030, "
                     "<bdi dir=ltr>00:00 UTC</bdi></time>");
    assert_has(text, "<strong>15 hours left</strong>");
    assert_has(text, "</main>\n</body>\n</html>\n");
    tg_buf_deinit(&out);
}

/* spec-test: protocol/4#preview-says-claimed */
static void page__recipient_bound__says_so_and_not_to_open_it(void **state)
{
    struct tg_display_info display = { TG_LIT("t"), TG_LIT("d"), TG_LIT("") };
    struct tg_buf out;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const char *text =
            write_page(&out, &(struct tg_page){ .state = i == 1 ? TG_PAGE_OPENED : TG_PAGE_OPEN,
                                                .display = &display });

        assert_int_equal(strstr(text, "has opened this invitation") != NULL, i == 1);
        assert_int_equal(strstr(text, "tap the link") != NULL, i == 0);
        tg_buf_deinit(&out);
    }
}

/* spec-test: protocol/5#used-told-from-unknown */
static void gone_page__each_ending__its_own_text(void **state)
{
    static const struct {
        enum tg_page_state state;
        const char *want;
    } rows[] = { { TG_PAGE_UNKNOWN, "Expired, or never existed" },
                 { TG_PAGE_EXPIRED, "has expired" },
                 { TG_PAGE_ENDED_BY_SENDER, "device of the sender has ended" },
                 { TG_PAGE_ENDED_BY_RECIPIENT, "opened this invitation and has ended it" },
                 { TG_PAGE_DAMAGED, "This link is damaged" },
                 { TG_PAGE_TOO_MANY, "Too many requests" },
                 { TG_PAGE_DOWN, "Not available" },
                 { TG_PAGE_DRAINING, "restart" },
                 { TG_PAGE_FRONT, "A relay for shared keys" },
                 { TG_PAGE_NOT_FOUND, "Nothing here" },
                 { TG_PAGE_BAD_REQUEST, "Not understood" } };
    struct tg_buf out;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_has(write_page(&out, &(struct tg_page){ .state = rows[i].state }), rows[i].want);
        tg_buf_deinit(&out);
    }
}

static void page__buffer_too_small__limit(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 100);
    assert_int_equal(tg_page_write(&out, site, &(struct tg_page){ .state = TG_PAGE_FRONT }),
                     TG_E_LIMIT);
    tg_buf_deinit(&out);
}

/* spec-test: protocol/5#quoted protocol/5#foreign-text */
static void page__words_of_the_sender__quoted_cleaned_and_isolated(void **state)
{
    struct tg_buf out;
    const char *text = page(&out, "\xe2\x80\xaegnp.exe", "one\ntwo\xe2\x80\x8b", "");

    (void)state;
    assert_has(text, "<figcaption>The sender writes</figcaption>\n<blockquote lang=\"\">"
                     "<p class=\"q\" dir=\"auto\"><bdi>gnp.exe</bdi></p>"
                     "<p dir=\"auto\"><bdi>one<br>two</bdi></p></blockquote>");
    assert_has(text, "<meta property=\"og:title\" content=\"gnp.exe\">");
    assert_has(text, "<meta property=\"og:description\" content=\"one two\">");
    assert_null(strstr(text, "\xe2\x80\xae"));
    tg_buf_deinit(&out);
}

/* spec-test: protocol/5#device */
static void page__kind_of_device__comes_first_and_hides_nothing(void **state)
{
    static const char *const names[TG_PAGE_DEVICE_COUNT] = { ">Computer<", ">iPhone<",
                                                             ">Android<" };
    struct tg_display_info display = { TG_LIT("t"), TG_LIT("d"), TG_LIT("") };

    (void)state;
    for (unsigned first = 0; first < TG_PAGE_DEVICE_COUNT; first++) {
        struct tg_buf out;
        const char *text = write_page(
            &out, &(struct tg_page){ .state = TG_PAGE_OPEN,
                                     .reader = { TG_PAGE_EN, (enum tg_page_device)first },
                                     .display = &display });

        for (unsigned i = 0; i < TG_PAGE_DEVICE_COUNT; i++) {
            assert_has(text, names[i]);
            assert_true(strstr(text, names[first]) <= strstr(text, names[i]));
        }
        tg_buf_deinit(&out);
    }
}

/* spec-test: protocol/5#links */
static void page__links__open_another_tab_and_none_is_relative(void **state)
{
    static const struct tg_page_app apps[] = {
        { "Wallet\"", "https://open.example/&", "https://apps.example/1", "https://apps.example/2",
          1u << TG_PAGE_GENERAL },
        { "Cars only", NULL, "https://apps.example/3", NULL, 1u << TG_PAGE_CAR },
        { "One", NULL, "https://apps.example/4", NULL, 15 },
    };
    static const struct tg_page_settings branded = {
        .operator_name = "<i>Keys & Co",
        .support = "mailto:help@keys.example?subject=a&b",
        .apps = apps,
        .app_count = TG_COUNT(apps),
    };
    struct tg_display_info display = { TG_LIT("t"), TG_LIT("d"), TG_LIT("") };
    struct tg_page_site *other = NULL;
    struct tg_buf out;
    const char *at = NULL;
    size_t count = 0;

    (void)state;
    assert_int_equal(tg_page_site_new(&other, &branded, "https://relay.example"), TG_OK);
    tg_buf_init(&out, 65536);
    assert_int_equal(
        tg_page_write(&out, other, &(struct tg_page){ .state = TG_PAGE_OPEN, .display = &display }),
        TG_OK);
    assert_has(tg_buf_cstr(&out), "<bdi translate=no>&lt;i&gt;Keys &amp; Co</bdi>");
    for (at = strstr(tg_buf_cstr(&out), "<a "); at != NULL; at = strstr(at + 1, "<a ")) {
        const char *href = strstr(at, "href=\"");
        const char *end = strchr(at, '>');

        count++;
        assert_true(strncmp(href, "href=\"https://", 14) == 0 ||
                    strncmp(href, "href=\"mailto:", 13) == 0);
        assert_non_null(strstr(at, "\" target=\"_blank\" rel=\"noreferrer noopener\">"));
        assert_true(strstr(at, "\" target=\"_blank\" rel=\"noreferrer noopener\">") < end);
    }
    assert_int_equal(count, 6); /* on two devices to open, one each to get; One; help */
    assert_has(tg_buf_cstr(&out), "Open <bdi translate=no>Wallet&quot;</bdi></a>");
    assert_has(tg_buf_cstr(&out), "href=\"https://open.example/&amp;\"");
    assert_null(strstr(tg_buf_cstr(&out), "Cars only"));
    tg_buf_deinit(&out);
    tg_page_site_free(&other);
}

static void vertical_of__each_query__its_vertical(void **state)
{
    static const struct {
        const char *target;
        enum tg_page_vertical want;
    } rows[] = { { "/v1/m/x?v=c", TG_PAGE_CAR },       { "/v1/m/x?v=h", TG_PAGE_HOME },
                 { "/v1/m/x?v=hotel", TG_PAGE_HOTEL }, { "/v1/m/x?a=1&v=c", TG_PAGE_CAR },
                 { "/v1/m/x?v=C", TG_PAGE_GENERAL },   { "/v1/m/x?v=", TG_PAGE_GENERAL },
                 { "/v1/m/x?v", TG_PAGE_GENERAL },     { "/v1/m/x?", TG_PAGE_GENERAL },
                 { "/v1/m/x", TG_PAGE_GENERAL },       { "/v1/m/x?w=c", TG_PAGE_GENERAL } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(tg_page_vertical_of(tg_bytes_str(rows[i].target)), rows[i].want);
    }
}

/* ---- one round trip ------------------------------------------------------------------------- */

static struct tg_page_site *large_site(void)
{
    static char logo[1000];
    static const struct tg_page_app apps[] = {
        { "Wallet one", "https://open.example/", "https://apps.example/1", "https://apps.example/2",
          15 },
        { "Wallet two", "https://open.example/", NULL, "https://apps.example/4", 15 },
    };
    const struct tg_page_settings large = { .operator_name = "Keys & Co",
                                            .logo = logo,
                                            .support = "https://help.example/",
                                            .apps = apps,
                                            .app_count = TG_COUNT(apps) };
    struct tg_page_site *out = NULL;
    size_t len = 0;

    memset(logo, 'x', sizeof(logo) - 1);
    assert_int_equal(tg_page_site_new(&out, &large, "https://relay.example"), TG_OK);
    assert_int_equal(tg_page_longest(&len, out), TG_OK);
    assert_in_range(len, TG_PAGE_OPERATOR_MAX - 600, TG_PAGE_OPERATOR_MAX);
    return out;
}

static void fill_with(char *out, size_t len, const char *piece)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = piece[i % strlen(piece)];
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* spec-test: protocol/5#one-round-trip */
static void check_longest(struct tg_page_site *large, const char *piece,
                          unsigned state_and_language)
{
    static char title[4096], description[8192], image[2048];
    struct tg_display_info display = { TG_ARRAY_BYTES(title), TG_ARRAY_BYTES(description),
                                       TG_ARRAY_BYTES(image) };
    const struct tg_page page = {
        .state = state_and_language % 2 == 0 ? TG_PAGE_OPEN : TG_PAGE_OPENED,
        .reader = { (enum tg_page_language)(state_and_language / 2), TG_PAGE_IOS },
        .display = &display,
        .url = TG_LIT("https://relay.example/v1/m/0b8a9c3e-1d2f-4a5b-8c7d-9e0f1a2b3c4d"),
        .image = { .url = display.image_url },
        .drawing = { TG_LIT("https://relay.example/p.png"), "image/png", "1200", "630" },
    };
    struct tg_buf out;
    const char *text = NULL;

    fill_with(title, sizeof(title), piece);
    fill_with(description, sizeof(description), piece);
    fill_with(image, sizeof(image), "&");
    tg_buf_init(&out, 65536);
    assert_int_equal(tg_page_write(&out, large, &page), TG_OK);
    text = tg_buf_cstr(&out);
    assert_in_range(out.len, TG_PAGE_MAX - 64, TG_PAGE_MAX);
    assert_has(text, "og:image\" content=\"https://relay.example/p.png\"");
    assert_int_equal(count_of(text, "\xe2\x80\xa6"), 4);
    assert_has(text, "\xe2\x80\xa6</bdi></p></blockquote></figure>");
    assert_has(text, "<time datetime=");
    assert_has(text, "</main>\n<footer>");
    assert_has(text, "</footer>\n</body>\n</html>\n");
    tg_buf_deinit(&out);
}

/* spec-test: protocol/5#one-round-trip */
static void page__longest_words_of_a_sender__cut_to_one_round_trip_in_every_language(void **state)
{
    static const char *const pieces[] = { "\"", "W", "\n\"", "\xff", "\xf0\x9f\x94\x91" };
    struct tg_page_site *large = large_site();

    (void)state;
    for (unsigned i = 0; i < TG_COUNT(pieces) * 2 * TG_PAGE_LANGUAGE_COUNT; i++) {
        check_longest(large, pieces[i % TG_COUNT(pieces)], i / TG_COUNT(pieces));
    }
    tg_page_site_free(&large);
}

/* The default limits, without a logo: nothing is cut. */
static void page__longest_words_of_the_default__whole(void **state)
{
    char title[256], description[1024];
    struct tg_display_info display = { TG_ARRAY_BYTES(title), TG_ARRAY_BYTES(description),
                                       TG_LIT("") };

    (void)state;
    memset(title, 'W', sizeof(title));
    memset(description, 'M', sizeof(description));
    for (unsigned i = 0; i < TG_PAGE_LANGUAGE_COUNT * TG_PAGE_STATE_COUNT; i++) {
        struct tg_buf out;
        const char *text = write_page(
            &out,
            &(struct tg_page){
                .state = (enum tg_page_state)(i / TG_PAGE_LANGUAGE_COUNT),
                .reader = { (enum tg_page_language)(i % TG_PAGE_LANGUAGE_COUNT), TG_PAGE_IOS },
                .display = &display });

        assert_in_range(out.len, 1000, TG_PAGE_MAX);
        if (i / TG_PAGE_LANGUAGE_COUNT <= TG_PAGE_OPENED) {
            assert_has(text, "MMMM</bdi></p></blockquote>");
            assert_true(count_of(text, "M") >= sizeof(description) + 300);
        }
        tg_buf_deinit(&out);
    }
}

static int make_site(void **state)
{
    (void)state;
    return tg_page_site_new(&site, &settings, "https://relay.example") == TG_OK ? 0 : -1;
}

static int free_site(void **state)
{
    (void)state;
    tg_page_site_free(&site);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csp__style_hash__is_that_of_the_style),
        cmocka_unit_test(page__each_byte_of_the_sender__escaped_if_html_uses_it),
        cmocka_unit_test(page__image__described_if_it_is_a_drawing),
        cmocka_unit_test(page__empty_display__still_readable),
        cmocka_unit_test(page__recipient_bound__says_so_and_not_to_open_it),
        cmocka_unit_test(gone_page__each_ending__its_own_text),
        cmocka_unit_test(page__words_of_the_sender__quoted_cleaned_and_isolated),
        cmocka_unit_test(page__kind_of_device__comes_first_and_hides_nothing),
        cmocka_unit_test(page__links__open_another_tab_and_none_is_relative),
        cmocka_unit_test(vertical_of__each_query__its_vertical),
        cmocka_unit_test(page__longest_words_of_a_sender__cut_to_one_round_trip_in_every_language),
        cmocka_unit_test(page__longest_words_of_the_default__whole),
        cmocka_unit_test(page__buffer_too_small__limit),
    };

    return cmocka_run_group_tests(tests, make_site, free_site);
}
