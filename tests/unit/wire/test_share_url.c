/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/share_url.h"

#define ID "2bba630e-519b-11ec-bf63-0242ac130002"
#define KEY16 "hXlr6aRC7KgJpOLTNZaLsw"
#define KEY16_BYTES "\x85\x79\x6b\xe9\xa4\x42\xec\xa8\x09\xa4\xe2\xd3\x35\x96\x8b\xb3"
#define KEY32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define GOOD "https://relay.example/v1/m/" ID "?v=c#" KEY16 "=="

static enum tg_err parse(struct tg_share_url *out, const char *text, struct tg_fault *fault)
{
    struct tg_buf copy = exact(text, strlen(text));
    enum tg_err err = TG_OK;

    memset(out, 0x55, sizeof(*out));
    fault->text[0] = '\0';
    err = tg_share_url_parse(out, tg_buf_view(&copy), fault);
    tg_buf_deinit(&copy);
    return err;
}

static void assert_formatted(const struct tg_share_url *url, enum tg_share_scheme scheme,
                             const char *text)
{
    struct tg_buf out;

    tg_buf_init(&out, TG_SHARE_URL_MAX);
    assert_int_equal(tg_share_url_format(&out, url, scheme), TG_OK);
    assert_view(tg_buf_view(&out), text);
    tg_buf_deinit(&out);
}

static void parse__good_url__every_part_and_back(void **state)
{
    struct tg_share_url url;
    struct tg_fault fault;

    (void)state;
    assert_int_equal(parse(&url, GOOD, &fault), TG_OK);
    assert_string_equal(url.host, "relay.example");
    assert_int_equal(url.port, 0);
    assert_false(url.is_plain_http);
    assert_string_equal(url.vertical, "c");
    assert_int_equal(url.secret.len, 16);
    assert_memory_equal(url.secret.bytes, KEY16_BYTES, 16);
    assert_string_equal(fault.text, "");
    assert_formatted(&url, TG_SHARE_HTTPS, GOOD);
    assert_formatted(&url, TG_SHARE_TIGRESS, "tigress://relay.example/v1/m/" ID "?v=c#" KEY16 "==");
}

/* spec-test: protocol/7#direct-url */
/* spec-test: protocol/7#share-secret-forms */
static void parse__other_spellings__the_canonical_url(void **state)
{
    static const struct {
        const char *text;
        const char *canonical;
    } cases[] = {
        { "tigress://relay.example/v1/m/" ID "?v=c#" KEY16 "==", GOOD },
        { "HTTPS://Relay.EXAMPLE/v1/m/2BBA630E-519B-11EC-BF63-0242AC130002?v=c#" KEY16, GOOD },
        { "https://relay.example:443/v1/m/" ID "?x=1&v=c&y#" KEY16, GOOD },
        { "https://relay.example/v1/m/" ID "?&&v=c&#" KEY16, GOOD },
        { "https://relay.example/v1/m/" ID, "https://relay.example/v1/m/" ID },
        { "https://relay.example/v1/m/" ID "#", "https://relay.example/v1/m/" ID },
        { "https://relay.example/v1/m/" ID "?", "https://relay.example/v1/m/" ID },
        { "https://relay.example/v1/m/" ID "?v", "https://relay.example/v1/m/" ID },
        { "https://relay.example/v1/m/" ID "?v=#", "https://relay.example/v1/m/" ID },
        { "https://relay.example:8443/v1/m/" ID "?v=lock-2._~A#" KEY32,
          "https://relay.example:8443/v1/m/" ID "?v=lock-2._~A#" KEY32 "=" },
        { "https://192.0.2.1:1/v1/m/" ID, "https://192.0.2.1:1/v1/m/" ID },
        { "https://[2001:DB8::1]:65535/v1/m/" ID, "https://[2001:db8::1]:65535/v1/m/" ID },
        { "http://127.0.0.1:80/v1/m/" ID, "http://127.0.0.1/v1/m/" ID },
        { "http://127.9.9.9:8080/v1/m/" ID, "http://127.9.9.9:8080/v1/m/" ID },
        { "http://localhost:443/v1/m/" ID, "http://localhost:443/v1/m/" ID },
        { "http://[::1]:8080/v1/m/" ID, "http://[::1]:8080/v1/m/" ID },
        { "Tigress-Direct://192.0.2.7:4711/" ID "?x&v=c#" KEY16,
          "tigress-direct://192.0.2.7:4711/" ID "?v=c#" KEY16 "==" },
        { "tigress-direct://[FE80::1]:443/" ID, "tigress-direct://[fe80::1]:443/" ID },
        { "tigress-direct://127.0.0.1:80/" ID "#", "tigress-direct://127.0.0.1:80/" ID },
        { "http://[0:0::1]/v1/m/" ID, "http://[0:0::1]/v1/m/" ID },
        { "https://a-b.1c.xn--p1ai/v1/m/" ID, "https://a-b.1c.xn--p1ai/v1/m/" ID },
        { "https://relay.example/v1/m/" ID "#-_-_-_-_-_-_-_-_-_-_-w",
          "https://relay.example/v1/m/" ID "#+/+/+/+/+/+/+/+/+/+/+w==" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_share_url url;
        struct tg_fault fault;

        assert_int_equal(parse(&url, cases[i].text, &fault), TG_OK);
        assert_formatted(&url, TG_SHARE_HTTPS, cases[i].canonical);
    }
}

/* spec-test: protocol/7#plain-http-loopback-only */
/* spec-test: protocol/7#identifier-is-uuid */
static void parse__malformed__refused_with_the_part_and_zero(void **state)
{
    static const struct {
        const char *text;
        const char *fault;
    } cases[] = {
        { "", "share URL: expected it to begin" },
        { "relay.example/v1/m/" ID, "share URL: expected it to begin" },
        { "ftp://relay.example/v1/m/" ID, "share URL: expected it to begin" },
        { "https:/relay.example/v1/m/" ID, "share URL: expected it to begin" },
        { "https:relay.example/v1/m/" ID, "share URL: expected it to begin" },
        { " https://relay.example/v1/m/" ID, "share URL: expected printable" },
        { "https://relay.example/v1/m/" ID "\n", "share URL: expected printable" },
        { "https://relay.example/v1/m/" ID "?v=\x01", "share URL: expected printable" },
        { "https://r\xc3\xa4lay.example/v1/m/" ID, "share URL: expected printable" },
        { "http://relay.example/v1/m/" ID, "share URL: expected https://" },
        { "http://128.0.0.1/v1/m/" ID, "share URL: expected https://" },
        { "http://localhost.example/v1/m/" ID, "share URL: expected https://" },
        { "http://[::2]/v1/m/" ID, "share URL: expected https://" },
        { "https://user@relay.example/v1/m/" ID, "share URL host: expected no user name" },
        { "https://relay.example@evil.example/v1/m/" ID, "share URL host: expected no user name" },
        { "https:///v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://:443/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://relay%2eexample/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://relay..example/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://.example/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://relay.example./v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://-relay.example/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://relay-.example/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://re_lay.example/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://relay\\.example/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://127.1/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://0x7f000001/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://relay.0x10/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://2130706433/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://1.2.3.256/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://1.2.3.4.5/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://[::1/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://[]/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://[fe80::1%25eth0]/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://[127.0.0.1]/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://[::1]x/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://::1/v1/m/" ID, "share URL host: expected a DNS name" },
        { "https://relay.example:/v1/m/" ID, "share URL port: expected" },
        { "https://relay.example:0/v1/m/" ID, "share URL port: expected" },
        { "https://relay.example:65536/v1/m/" ID, "share URL port: expected" },
        { "https://relay.example:x/v1/m/" ID, "share URL port: expected" },
        { "https://relay.example:+1/v1/m/" ID, "share URL port: expected" },
        { "tigress-direct://192.0.2.7/" ID, "share URL port: a direct URL" },
        { "tigress-direct://192.0.2.7:0/" ID, "share URL port: expected" },
        { "tigress-direct://192.0.2.7:65536/" ID, "share URL port: expected" },
        { "tigress-direct://192.0.2.7:1/v1/m/" ID, "share URL path: expected a UUID" },
        { "tigress-direct://192.0.2.7:1", "share URL path: expected / and" },
        { "tigress-direct://192.0.2.7:1/", "share URL path: expected a UUID" },
        { "tigress-direct://:1/" ID, "share URL host: expected a DNS name" },
        { "tigress-direct:/192.0.2.7:1/" ID, "share URL: expected it to begin" },
        { "https://relay.example", "share URL path: expected /v1/m/" },
        { "https://relay.example/", "share URL path: expected /v1/m/" },
        { "https://relay.example?v=c", "share URL path: expected /v1/m/" },
        { "https://relay.example/v2/m/" ID, "share URL path: expected /v1/m/" },
        { "https://relay.example/V1/m/" ID, "share URL path: expected /v1/m/" },
        { "https://relay.example//v1/m/" ID, "share URL path: expected /v1/m/" },
        { "https://relay.example/x/../v1/m/" ID, "share URL path: expected /v1/m/" },
        { "https://relay.example/v1/m/", "share URL path: expected a UUID" },
        { "https://relay.example/v1/m/" ID "/", "share URL path: expected a UUID" },
        { "https://relay.example/v1/m/2bba630e519b11ecbf630242ac130002",
          "share URL path: expected a UUID" },
        { "https://relay.example/v1/m/" ID "?v=c&v=c", "share URL v: expected" },
        { "https://relay.example/v1/m/" ID "?v=a%20b", "share URL v: expected" },
        { "https://relay.example/v1/m/" ID "?v=a+b", "share URL v: expected" },
        { "https://relay.example/v1/m/" ID "?v=a/b", "share URL v: expected" },
        { "https://relay.example/v1/m/" ID "?v=123456789012345678901234567890123",
          "share URL v: expected" },
        { "https://relay.example/v1/m/" ID "#x", "share URL: the secret after #" },
        { "https://relay.example/v1/m/" ID "#" KEY16 "=", "share URL: the secret after #" },
        { "https://relay.example/v1/m/" ID "#" KEY16 "===", "share URL: the secret after #" },
        { "https://relay.example/v1/m/" ID "#" KEY16 "==#", "share URL: the secret after #" },
        { "https://relay.example/v1/m/" ID "#" KEY16 "== ", "share URL: the secret after #" },
        { "https://relay.example/v1/m/" ID "#hXlr6aRC7KgJpOLTNZaLs", "share URL: the secret" },
        { "https://relay.example/v1/m/" ID "#hXlr6aRC7KgJpOLTNZaLsx", "share URL: the secret" },
        { "https://relay.example/v1/m/" ID "#hXlr6aRC7KgJpOLTNZaL", "share URL: the secret" },
        { "https://relay.example/v1/m/" ID "#hXlr6aRC7KgJpOLTNZaLswAA", "share URL: the secret" },
        { "https://relay.example/v1/m/" ID "#+-lr6aRC7KgJpOLTNZaLsw", "share URL: the secret" },
    };
    static const struct tg_share_url zero;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_share_url url;
        struct tg_fault fault;

        assert_int_equal(parse(&url, cases[i].text, &fault), TG_E_SYNTAX);
        assert_fault_begins(fault, cases[i].fault);
        assert_null(strstr(fault.text, "lr6a"));
        assert_null(strstr(fault.text, "2bba"));
        assert_memory_equal(&url, &zero, sizeof(zero));
    }
}

static void parse__every_truncation__never_another_secret_or_mailbox(void **state)
{
    struct tg_share_url whole;
    struct tg_fault fault;

    (void)state;
    assert_int_equal(parse(&whole, GOOD, &fault), TG_OK);
    for (size_t len = 0; len < strlen(GOOD); len++) {
        struct tg_share_url url;
        char text[sizeof(GOOD)] = { 0 };

        memcpy(text, GOOD, len);
        if (parse(&url, text, &fault) == TG_OK) {
            assert_memory_equal(&url.mailbox, &whole.mailbox, sizeof(url.mailbox));
            assert_true(url.secret.len == 0 || len == strlen(GOOD) - 2);
        }
    }
}

/* A URL with a query that makes it len characters long. */
static struct tg_buf url_of_length(size_t len)
{
    struct tg_buf b;

    tg_buf_init(&b, len);
    tg_buf_append_str(&b, "https://relay.example/v1/m/" ID "?");
    fill(&b, 'x', len - b.len);
    return b;
}

static void parse__length_at_the_limit_and_above__accepted_and_refused(void **state)
{
    struct tg_share_url url;
    struct tg_fault fault = { "" };
    struct tg_buf fits = url_of_length(TG_SHARE_URL_MAX);
    struct tg_buf over = url_of_length(TG_SHARE_URL_MAX + 1);

    (void)state;
    assert_int_equal(tg_share_url_parse(&url, tg_buf_view(&fits), &fault), TG_OK);
    assert_int_equal(tg_share_url_parse(&url, tg_buf_view(&over), &fault), TG_E_LIMIT);
    assert_string_equal(fault.text, "share URL: expected at most 2048 characters");
    tg_buf_deinit(&fits);
    tg_buf_deinit(&over);
}

static void parse__host_at_its_limits__accepted_and_refused(void **state)
{
    static const struct {
        size_t labels[5];
        enum tg_err err;
    } cases[] = {
        { { 63, 0 }, TG_OK },
        { { 64, 0 }, TG_E_SYNTAX },
        { { 63, 63, 63, 61, 0 }, TG_OK },       /* 253 */
        { { 63, 63, 63, 62, 0 }, TG_E_SYNTAX }, /* 254 */
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_share_url url;
        struct tg_buf b;

        tg_buf_init(&b, TG_SHARE_URL_MAX);
        tg_buf_append_str(&b, "https://");
        for (size_t k = 0; cases[i].labels[k] != 0; k++) {
            fill(&b, 'a', cases[i].labels[k]);
            tg_buf_append_str(&b, cases[i].labels[k + 1] != 0 ? "." : "/v1/m/" ID);
        }
        assert_int_equal(tg_share_url_parse(&url, tg_buf_view(&b), NULL), cases[i].err);
        tg_buf_deinit(&b);
    }
}

static void parse__vertical_of_32_characters__kept(void **state)
{
    struct tg_share_url url;
    struct tg_fault fault;

    (void)state;
    assert_int_equal(
        parse(&url, "https://relay.example/v1/m/" ID "?v=12345678901234567890123456789012", &fault),
        TG_OK);
    assert_int_equal(strlen(url.vertical), TG_VERTICAL_MAX);
}

/* spec-test: protocol/7#short-enough-for-sms */
static void format__host_of_60_characters__fits_into_a_text_message(void **state)
{
    struct tg_share_url url = { .vertical = "c", .secret = { .len = 16 } };
    struct tg_buf out;

    (void)state;
    memset(url.host, 'a', 60);
    url.host[30] = '.';
    tg_buf_init(&out, TG_SHARE_URL_MAX);
    assert_int_equal(tg_share_url_format(&out, &url, TG_SHARE_HTTPS), TG_OK);
    assert_true(out.len <= 160);
    tg_buf_clear(&out);
    assert_int_equal(tg_share_url_format(&out, &url, TG_SHARE_TIGRESS), TG_OK);
    assert_true(out.len <= 160);
    tg_buf_deinit(&out);
}

static void format__url_that_parse_refuses__refused(void **state)
{
    const struct tg_share_url cases[] = {
        { .host = "" },
        { .host = "a b" },
        { .host = "relay.example", .vertical = "a b" },
        { .host = "relay.example", .secret = { .len = 15 } },
        { .host = "relay.example", .is_plain_http = true },
        { .host = "192.0.2.7", .is_direct = true },
        { .host = "localhost", .port = 1, .is_direct = true, .is_plain_http = true },
    };
    const struct tg_share_url plain = { .host = "localhost", .is_plain_http = true };
    const struct tg_share_url direct = { .host = "192.0.2.7", .port = 1, .is_direct = true };
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, TG_SHARE_URL_MAX);
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_int_equal(tg_share_url_format(&out, &cases[i], TG_SHARE_HTTPS), TG_E_SYNTAX);
        assert_int_equal(tg_share_url_origin(&out, &cases[i]), TG_E_SYNTAX);
    }
    assert_int_equal(tg_share_url_format(&out, &plain, TG_SHARE_TIGRESS), TG_E_UNSUPPORTED);
    assert_int_equal(tg_share_url_format(&out, &direct, TG_SHARE_TIGRESS), TG_E_UNSUPPORTED);
    assert_int_equal(out.len, 0);
    tg_buf_deinit(&out);
}

static void origin__has_only_scheme_host_and_port(void **state)
{
    static const struct {
        const char *text;
        const char *origin;
    } cases[] = {
        { "tigress://Relay.example/v1/m/" ID "?v=c#" KEY16, "https://relay.example" },
        { "http://[::1]:8080/v1/m/" ID, "http://[::1]:8080" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_share_url url;
        struct tg_fault fault;
        struct tg_buf out;

        tg_buf_init(&out, 300);
        assert_int_equal(parse(&url, cases[i].text, &fault), TG_OK);
        assert_int_equal(tg_share_url_origin(&out, &url), TG_OK);
        assert_view(tg_buf_view(&out), cases[i].origin);
        tg_buf_deinit(&out);
    }
}

static void secret_parse__forms__accepted_or_refused_and_untouched(void **state)
{
    static const char *const good[] = { KEY16, KEY16 "==", KEY32, KEY32 "=" };
    static const char *const bad[] = { "", "=", KEY16 "=", KEY32 "==", " " KEY16, KEY16 "\n", "*" };
    struct tg_secret secret = { .len = 0 };
    struct tg_fault fault = { "" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        assert_int_equal(tg_share_secret_parse(&secret, tg_bytes_str(good[i]), &fault), TG_OK);
        assert_int_equal(secret.len, i < 2 ? 16 : 32);
    }
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        assert_int_equal(tg_share_secret_parse(&secret, tg_bytes_str(bad[i]), &fault), TG_E_SYNTAX);
        assert_fault_begins(fault, "secret: expected 16 or 32 bytes in base64");
        assert_int_equal(secret.len, 32);
        assert_int_equal(secret.bytes[31], 31);
    }
}

static void is_loopback__addresses_and_names__true_or_false(void **state)
{
    static const char *const yes[] = { "127.0.0.1", "127.255.255.255",  "[::1]", "::1", "localhost",
                                       "LOCALHOST", "[0:0:0:0:0:0:0:1]" };
    static const char *const no[] = {
        "",       "126.0.0.1",         "128.0.0.1",  "[::]",        "[::2]",
        "127.1",  "127.0.0.1.example", "localhost.", "[127.0.0.1]", "[::ffff:127.0.0.1]",
        "0.0.0.0"
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(yes); i++) {
        assert_true(tg_share_host_is_loopback(tg_bytes_str(yes[i])));
    }
    for (size_t i = 0; i < TG_COUNT(no); i++) {
        assert_false(tg_share_host_is_loopback(tg_bytes_str(no[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__good_url__every_part_and_back),
        cmocka_unit_test(parse__other_spellings__the_canonical_url),
        cmocka_unit_test(parse__malformed__refused_with_the_part_and_zero),
        cmocka_unit_test(parse__every_truncation__never_another_secret_or_mailbox),
        cmocka_unit_test(parse__length_at_the_limit_and_above__accepted_and_refused),
        cmocka_unit_test(parse__host_at_its_limits__accepted_and_refused),
        cmocka_unit_test(parse__vertical_of_32_characters__kept),
        cmocka_unit_test(format__host_of_60_characters__fits_into_a_text_message),
        cmocka_unit_test(format__url_that_parse_refuses__refused),
        cmocka_unit_test(origin__has_only_scheme_host_and_port),
        cmocka_unit_test(secret_parse__forms__accepted_or_refused_and_untouched),
        cmocka_unit_test(is_loopback__addresses_and_names__true_or_false),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
