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
    assert_has(text, "<title>&lt;&gt;&amp;&quot;&#39;</title>");
    assert_has(text, "content=\"&lt;&gt;&amp;&quot;&#39;\"");
    assert_has(text, "<h1>&lt;&gt;&amp;&quot;&#39;</h1>");
    assert_has(text, "&lt;/p&gt;&lt;script&gt;");
    assert_has(text, "\xef\xbf\xbd\xef\xbf\xbd\nend");
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
        const char *text =
            write_page(&out, &(struct tg_page){ .display = &display, .image = images[i] });
        bool is_drawing = images[i].type != NULL;

        assert_int_equal(strstr(text, "\"og:image\"") != NULL, i < 2);
        assert_int_equal(strstr(text, "og:image:alt\" content=\"Title\"") != NULL, i == 0);
        assert_int_equal(strstr(text, "og:image:alt\" content=\"Picture of") != NULL, i == 1);
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
    assert_has(text, "<html lang=\"en\" prefix=\"og: https://ogp.me/ns#\">");
    assert_has(text, "<title>A key for your wallet</title>");
    assert_has(text, "og:title\" content=\"A key for your wallet\"");
    assert_has(text, "og:description\" content=\"\"");
    assert_has(text, "name=\"robots\" content=\"noindex\"");
    assert_has(text, "<time datetime=\"2030-01-01T00:00:00Z\">2030-01-01 00:00 UTC</time>");
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
        assert_int_equal(strstr(text, "open this link") != NULL, i == 0);
        tg_buf_deinit(&out);
    }
}

/* spec-test: protocol/5#used-told-from-unknown */
static void gone_page__each_ending__its_own_text(void **state)
{
    static const struct {
        enum tg_page_state state;
        const char *want;
    } rows[] = { { TG_PAGE_UNKNOWN, "No such invitation" },
                 { TG_PAGE_EXPIRED, "has expired" },
                 { TG_PAGE_ENDED_BY_SENDER, "sender has ended" },
                 { TG_PAGE_ENDED_BY_RECIPIENT, "opened this invitation and has ended it" } };
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
        cmocka_unit_test(page__buffer_too_small__limit),
    };

    return cmocka_run_group_tests(tests, make_site, free_site);
}
