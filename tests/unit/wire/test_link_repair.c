/* SPDX-License-Identifier: Apache-2.0 */
/* Links as messengers and mail programs leave them. */
#include "support/c/unit.h"

#include "wire/link_repair.h"

#include <stdio.h>

#define ID "2bba630e-519b-11ec-bf63-0242ac130002"
#define BARE "https://relay.example/v1/m/" ID "?v=c"
/* With all the characters that are damaged on the way. */
#define SECRET "+Xlr6aRC7Kg/pO+TNZaLsw=="
#define LINK BARE "#" SECRET
#define GENERAL "https://relay.example/v1/m/" ID "#" SECRET
#define SECRET32 "+/lr6aRC7KgJpOLTNZaL+/hXlr6aRC7+gJpOLTNZaL8="
#define LINK32 "https://relay.example:8443/v1/m/" ID "#" SECRET32
#define OTHER "https://relay.example/v1/m/2bba630e-519b-11ec-bf63-0242ac130003?v=c#" SECRET
#define TAIL "relay.example/v1/m/" ID "#" SECRET
#define UNCLEAR "another character makes it uncertain where the host begins"
#define ZWSP "\xe2\x80\x8b"
#define BOM "\xef\xbb\xbf"
#define SAFELINKS                                                                                  \
    "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Frelay.example%2Fv1%2Fm%2F"  \
    "" ID "%3Fv%3Dc%23%2BXlr6aRC7Kg%2FpO%2BTNZaLsw%3D%3D"                                          \
    "&data=05%7C02%7Cbob%40mail.example%7C&sdata=q1pXz0mJ3b3yYk3k1mWcVf0u2oZ0yq1pXz0mJ3b3yY8%3D"   \
    "&reserved=0"
#define SAFELINKS_TWICE                                                                            \
    "https://gate.example/?to=https%3A%2F%2Feur01.safelinks.protection.outlook.com%2F%3Furl%3D"    \
    "https%253A%252F%252Frelay.example%252Fv1%252Fm%252F" ID "%253Fv%253Dc%2523%252BXlr6aRC7Kg"    \
    "%252FpO%252BTNZaLsw%253D%253D%26data%3D05"
#define PROOFPOINT2                                                                                \
    "https://urldefense.proofpoint.com/v2/url?u=https-3A__relay.example_v1_m_2bba630e-2D519b-2D"   \
    "11ec-2Dbf63-2D0242ac130002-3Fv-3Dc-23-2BXlr6aRC7Kg_pO-2BTNZaLsw-3D-3D&d=DwMFAg&c=euGZ&r=x"
#define PROOFPOINT3                                                                                \
    "https://urldefense.com/v3/__https://relay.example/v1/m/" ID                                   \
    "?v=c**AXlr6aRC7Kg/pO*TNZaLsw==__;Iysr!!abc!def$"
#define GOOGLE                                                                                     \
    "https://www.google.com/url?q=https://relay.example/v1/m/" ID                                  \
    "?v%3Dc%23%2BXlr6aRC7Kg/pO%2BTNZaLsw%3D%3D&sa=D&source=editors&ust=17&usg=AOvVaw0"
#define BASE64                                                                                     \
    "https://eu-west-1.protection.sophos.com?d=relay.example&u="                                   \
    "aHR0cHM6Ly9yZWxheS5leGFtcGxlL3YxL20vMmJiYTYzMGUtNTE5Yi0xMWVjLWJmNjMtMDI0MmFjMTMwMDAyP3Y9YyMr" \
    "WGxyNmFSQzdLZy9wTytUTlphTHN3PT0=&i=NWY&t=x"

#define HASH TG_LINK_ENCODED_HASH
#define PERCENT TG_LINK_ENCODED
#define ENTITIES TG_LINK_ENTITIES
#define WRAPPER TG_LINK_WRAPPER
#define PLACE TG_LINK_PLACE
#define SPACE TG_LINK_SPACE
#define PADDING TG_LINK_PADDING
#define WRAPPED TG_LINK_WRAPPED
#define INVISIBLE TG_LINK_INVISIBLE
#define SCHEME TG_LINK_NO_SCHEME
#define AROUND TG_LINK_AROUND

static struct tg_share_url strict(const char *text)
{
    struct tg_share_url url;

    assert_int_equal(tg_share_url_parse(&url, tg_bytes_str(text), NULL), TG_OK);
    return url;
}

static bool is_same(const struct tg_share_url *a, const struct tg_share_url *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port &&
           a->is_plain_http == b->is_plain_http && a->is_direct == b->is_direct &&
           memcmp(&a->mailbox, &b->mailbox, sizeof(a->mailbox)) == 0 &&
           tg_bytes_is_equal(tg_secret_view(&a->secret), tg_secret_view(&b->secret));
}

/* As tg_link_read, for a copy without a NUL. */
static enum tg_err read_text(struct tg_link *link, const char *text, struct tg_fault *fault)
{
    struct tg_buf b = exact(text, strlen(text));
    enum tg_err err = tg_link_read(link, tg_buf_view(&b), fault);

    tg_buf_deinit(&b);
    return err;
}

/* spec-test: protocol/8#one-reading
   spec-test: protocol/8#exposed-secret */
static void read__damaged_links__the_link_and_what_happened(void **state)
{
    static const struct {
        const char *text;
        const char *link;
        unsigned repairs;
        bool is_exposed;
    } cases[] = {
        { LINK, LINK, 0, false },
        { BARE "%23" SECRET, LINK, HASH | PERCENT, true },
        { BARE "%2523" SECRET, LINK, HASH | PERCENT, true },
        { BARE "#+Xlr6aRC7Kg/pO+TNZaLsw%3D%3D", LINK, PERCENT, false },
        { BARE "#+Xlr6aRC7Kg/pO+TNZaLsw%3d%3d", LINK, PERCENT, false },
        { BARE "#+Xlr6aRC7Kg/pO+TNZaLsw%253D%253D", LINK, PERCENT, false },
        { BARE "#%2BXlr6aRC7Kg/pO%2BTNZaLsw==", LINK, PERCENT, false },
        { BARE "#%2bXlr6aRC7Kg/pO%2bTNZaLsw==", LINK, PERCENT, false },
        { BARE "#+Xlr6aRC7Kg%2FpO+TNZaLsw==", LINK, PERCENT, false },
        { BARE "#%2BXlr6aRC7Kg%2FpO%2BTNZaLsw%3D%3D", LINK, PERCENT, false },
        { BARE "%23%2BXlr6aRC7Kg%2FpO%2BTNZaLsw%3D%3D", LINK, HASH | PERCENT, true },
        { BARE "#+Xlr6aRC7Kg/pO TNZaLsw==", LINK, SPACE, false },
        { BARE "# Xlr6aRC7Kg/pO+TNZaLsw==", LINK, SPACE, false },
        { BARE "# Xlr6aRC7Kg/pO TNZaLsw==", LINK, SPACE, false },
        { BARE "#%20Xlr6aRC7Kg/pO%20TNZaLsw==", LINK, SPACE | PERCENT, false },
        { BARE "#+Xlr6aRC7Kg/pO+TNZaLsw=", LINK, PADDING, false },
        { BARE "#+Xlr6aRC7Kg/pO+TNZaLsw", LINK, 0, false },
        { BARE "# Xlr6aRC7Kg/pO TNZaLsw", LINK, SPACE, false },
        { LINK ".", LINK, AROUND, false },
        { LINK ",", LINK, AROUND, false },
        { LINK ")", LINK, AROUND, false },
        { LINK ">", LINK, AROUND, false },
        { LINK "...", LINK, AROUND, false },
        { LINK "!", LINK, AROUND, false },
        { LINK "*", LINK, AROUND, false },
        { BARE "#+Xlr6aRC7Kg/pO+TNZaLsw.", LINK, AROUND, false },
        { LINK ZWSP, LINK, INVISIBLE, false },
        { ZWSP LINK ZWSP, LINK, INVISIBLE, false },
        { BARE "#+Xlr6" ZWSP "aRC7Kg/pO+TNZaLsw==", LINK, INVISIBLE, false },
        { "https://relay." ZWSP "example/v1/m/" ID "?v=c#" SECRET, LINK, INVISIBLE, false },
        { LINK "\xe2\x81\xa0", LINK, INVISIBLE, false },
        { LINK "\xc2\xad", LINK, INVISIBLE, false },
        { LINK "\xd8\x9c", LINK, INVISIBLE, false },
        { "<" LINK ">", LINK, AROUND, false },
        { "<URL:" LINK ">", LINK, AROUND, false },
        { "(" LINK ")", LINK, AROUND, false },
        { "\"" LINK "\"", LINK, AROUND, false },
        { "'" LINK "'", LINK, AROUND, false },
        { "\xe2\x80\x9c" LINK "\xe2\x80\x9d", LINK, AROUND, false },
        { "\xc2\xab\xc2\xa0" LINK "\xc2\xa0\xc2\xbb", LINK, AROUND, false },
        { BOM LINK, LINK, INVISIBLE, false },
        { BOM LINK "\r\n", LINK, INVISIBLE | AROUND, false },
        { " " LINK " ", LINK, AROUND, false },
        { LINK "\n", LINK, AROUND, false },
        { "https://relay.example/v1/m/2bba630e-519b-\n11ec-bf63-0242ac130002?v=c#" SECRET, LINK,
          WRAPPED, false },
        { "https://relay.example/v1/m/\r\n" ID "?v=c#" SECRET, LINK, WRAPPED, false },
        { "https://relay.exa\nmple/v1/m/" ID "?v=c#" SECRET, LINK, WRAPPED, false },
        { BARE "\n#" SECRET, LINK, WRAPPED, false },
        { "https://relay\n.example/v1/m/" ID "?v=c#" SECRET, LINK, WRAPPED, false },
        { "https://relay.example/v1/m/" ID "?v=3Dc#+Xlr6aRC7Kg/pO+TNZaLsw=3D=3D", LINK,
          PADDING | AROUND, false },
        { BARE "#\n" SECRET, LINK, WRAPPED, false },
        { BARE "#+Xlr6aRC7\nKg/pO+TNZaLsw==", LINK, WRAPPED, false },
        { BARE "#+Xlr6aRC7\r\n    Kg/pO+TNZaLsw==", LINK, WRAPPED, false },
        { BARE "#+Xlr6aRC7 \nKg/pO+TNZaLsw==", LINK, WRAPPED, false },
        { "> " BARE "#+Xlr6aRC7\n> Kg/pO+TNZaLsw==", LINK, WRAPPED | AROUND, false },
        { BARE "#+Xlr6aRC7=\nKg/pO+TNZaLsw==", LINK, WRAPPED, false },
        { BARE "#+Xlr6aRC7Kg/pO\nTNZaLsw==", LINK, WRAPPED | SPACE, false },
        { BARE "#+Xlr6aRC7\xe2\x80\xa8Kg/pO+TNZaLsw==", LINK, WRAPPED, false },
        { "relay.example/v1/m/" ID "?v=c#" SECRET, LINK, SCHEME, false },
        { "//relay.example/v1/m/" ID "?v=c#" SECRET, LINK, SCHEME, false },
        { "https:/relay.example/v1/m/" ID "?v=c#" SECRET, LINK, 0, false },
        { "Key: relay.example/v1/m/" ID "?v=c#" SECRET, LINK, SCHEME | AROUND, false },
        { "Key:relay.example:8443/v1/m/" ID "#" SECRET32, LINK32, SCHEME | AROUND, false },
        { "relay.example:8443/v1/m/" ID "#" SECRET32 ".", LINK32, SCHEME | AROUND, false },
        { SAFELINKS, LINK, HASH | PERCENT | WRAPPER | AROUND, true },
        { SAFELINKS_TWICE, LINK, HASH | PERCENT | WRAPPER | AROUND, true },
        { "Hi Bob, " SAFELINKS " . Yours", LINK, HASH | PERCENT | WRAPPER | AROUND, true },
        { PROOFPOINT2, LINK, HASH | WRAPPER | AROUND, true },
        { PROOFPOINT3, LINK, HASH | WRAPPER | AROUND, true },
        { GOOGLE, LINK, HASH | PERCENT | WRAPPER | AROUND, true },
        { BASE64, LINK, HASH | WRAPPER | AROUND, true },
        { "https://l.messenger.example/l.php?u=" LINK "&h=AT0", LINK, WRAPPER | AROUND, false },
        { "https://out.example/https%3A%2F%2Frelay.example%2Fv1%2Fm%2F" ID "%3Fv%3Dc%23"
          "%2BXlr6aRC7Kg%2FpO%2BTNZaLsw%3D%3D",
          LINK, HASH | PERCENT | WRAPPER | AROUND, true },
        { "https%3A%2F%2Frelay.example%2Fv1%2Fm%2F" ID "%3Fv%3Dc%23%2BXlr6aRC7Kg%2FpO%2BTNZaLsw"
          "%3D%3D",
          LINK, HASH | PERCENT, true },
        { "Hi Bob!\nHere is the key: " LINK "\nYours, Alice", LINK, AROUND, false },
        { "[your key](" LINK ")", LINK, AROUND, false },
        { "[" LINK "](" LINK ")", LINK, AROUND, false },
        { LINK " " LINK, LINK, AROUND, false },
        { LINK " " SAFELINKS, LINK, AROUND, true },
        { "<a href=\"" LINK "\">" LINK "</a>", LINK, AROUND, false },
        { BARE "&amp;utm_source=mail#" SECRET, LINK, 0, false },
        { BARE "&amp;utm_source=mail#" SECRET ".", LINK, ENTITIES | AROUND, false },
        { BARE "&#35;" SECRET, LINK, ENTITIES, false },
        { BARE "#+Xlr6aRC7Kg/pO+TNZaLsw&#x3D;&#61;", LINK, ENTITIES, false },
        { LINK "&utm_source=chat&fbclid=IwAR0", LINK, AROUND, false },
        { LINK "#:~:text=key", LINK, AROUND, false },
        { "https:\\/\\/relay.example\\/v1\\/m\\/" ID "?v=c#+Xlr6aRC7Kg\\/pO+TNZaLsw==", LINK, 0,
          false },
        { "https://relay.example/v1/m/" ID "/?v=c#" SECRET, LINK, 0, false },
        { "https://relay.example/v1/m/" ID "/" SECRET, GENERAL, PLACE, true },
        { "https://relay.example/v1/m/" ID "?" SECRET, GENERAL, PLACE, true },
        { BARE "&" SECRET, LINK, PLACE, true },
        { "HTTPS://Relay.Example/v1/m/2BBA630E-519B-11EC-BF63-0242AC130002?v=c%23" SECRET, LINK,
          HASH | PERCENT, true },
        { "tigress://relay.example/v1/m/" ID "?v=c%23" SECRET, LINK, HASH | PERCENT, true },
        { "https://relay.example/v1/m/2bba630e%2D519b%2D11ec%2Dbf63%2D0242ac130002?v=c#" SECRET,
          LINK, PERCENT, false },
        { "https://relay.example/v1/m/2bba630e\xe2\x80\x91"
          "519b-11ec-bf63-0242ac130002?v=c#" SECRET,
          LINK, 0, false },
        { LINK32 ".", LINK32, AROUND, false },
        { "<https://relay.example:8443/v1/m/" ID "%23%2B%2Flr6aRC7KgJpOLTNZaL%2B%2FhXlr6aRC7%2B"
          "gJpOLTNZaL8%3D>",
          LINK32, HASH | PERCENT | AROUND, true },
        { "https://relay.example:8443/v1/m/" ID "#+/lr6aRC7KgJpOLTNZaL+/hXlr6aRC7+gJpOLTNZaL8",
          LINK32, 0, false },
        { "https://relay.example:8443/v1/m/" ID "# /lr6aRC7KgJpOLTNZaL /hXlr6aRC7 gJpOLTNZaL8=",
          LINK32, SPACE, false },
        { "tigress-direct://192.0.2.7:4711/" ID "?v=c%23" SECRET,
          "tigress-direct://192.0.2.7:4711/" ID "?v=c#" SECRET, HASH | PERCENT, true },
        { "(tigress-direct://[2001:db8::1]:4711/" ID "#" SECRET ").",
          "tigress-direct://[2001:db8::1]:4711/" ID "#" SECRET, AROUND, false },
        { "http://127.0.0.1:8080/v1/m/" ID "%23" SECRET,
          "http://127.0.0.1:8080/v1/m/" ID "#" SECRET, HASH | PERCENT, true },
        /* Without a secret. */
        { BARE, BARE, 0, false },
        { "Open " BARE ".", BARE, AROUND, false },
        { "<" BARE ">", BARE, AROUND, false },
        { BARE "\nThe secret comes later.", BARE, AROUND, false },
        { "https://gate.example/?url=https%3A%2F%2Frelay.example%2Fv1%2Fm%2F" ID "%3Fv%3Dc"
          "&sdata=q1pXz0mJ3b3yYk3k1mWcVf0u2oZ0yq1pXz0mJ3b3yY8%3D",
          BARE, PERCENT | WRAPPER | AROUND, false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_link link;
        struct tg_fault fault = { "" };
        enum tg_err err = read_text(&link, cases[i].text, &fault);

        if (err != TG_OK || link.repairs != cases[i].repairs ||
            link.is_exposed != cases[i].is_exposed) {
            print_error("case %zu: %s: %s, repairs %x, exposed %d\n", i, cases[i].text, fault.text,
                        link.repairs, link.is_exposed);
        }
        struct tg_share_url wanted = strict(cases[i].link);

        assert_int_equal(err, TG_OK);
        assert_true(is_same(&link.url, &wanted));
        assert_string_equal(link.url.vertical, wanted.vertical);
        assert_int_equal(link.repairs, cases[i].repairs);
        assert_int_equal(link.is_exposed, cases[i].is_exposed);
        assert_string_equal(fault.text, "");
        tg_link_wipe(&link);
    }
}

/* spec-test: protocol/8#one-reading */
static void read__more_than_one_reading_or_none__refused_and_explained(void **state)
{
    static const struct {
        const char *text;
        const char *fault;
        bool is_secret_wrong;
    } cases[] = {
        { LINK " " OTHER, "more than one link", false },
        { LINK "\n" OTHER, "more than one link", false },
        { LINK OTHER, "more than one link", false },
        { BARE " " OTHER, "more than one link", false },
        { LINK " https://other.example/v1/m/" ID "#" SECRET, "more than one link", false },
        { LINK " https://relay.example:8443/v1/m/" ID "#" SECRET, "more than one link", false },
        { SAFELINKS " " OTHER, "more than one link", false },
        { LINK " and " BARE "#AAAAAAAAAAAAAAAAAAAAAA==", "in more than one way", true },
        /* 16 bytes and a word, or 32 bytes with a + that became a space */
        { BARE "#hXlr6aRC7KgJpOLTNZaLsw AAAAAAAAAAAAAAAAAAAA", "in more than one way", true },
        { BARE "#hXlr6aRC7KgJpOLTNZaLsw\nAAAAAAAAAAAAAAAAAAAAA=", "in more than one way", true },
        { "re\nlay.example/v1/m/" ID "#" SECRET, "a line break makes it uncertain", false },
        { "relay.e\nxam.ple/v1/m/" ID "#" SECRET, "a line break makes it uncertain", false },
        { "https://relay-\n1.example/v1/m/" ID "#" SECRET, "a line break makes it unc", false },
        /* A host that is broken, or that has something in front of it. */
        { "https://relay. example.com/v1/m/" ID "#" SECRET, UNCLEAR, false },
        { "https://relay.\t example.com/v1/m/" ID "#" SECRET, UNCLEAR, false },
        { "https://relay.\xc2\xa0" TAIL, UNCLEAR, false },
        { "https://\xd0\xb5vil " TAIL, UNCLEAR, false },
        { "https%3A%2F%2Fwallet.com " TAIL, UNCLEAR, false },
        { "https://relay,example.com/v1/m/" ID "#" SECRET, UNCLEAR, false },
        { "https:/relay,example.com/v1/m/" ID "#" SECRET, UNCLEAR, false },
        { "https://u=" TAIL, UNCLEAR, false },
        { "https%3A%2F%2Fu=" TAIL, UNCLEAR, false },
        { "https://user@x:" TAIL, "no user name", false },
        { "https://\xd0\xb5vil:" TAIL, "printable ASCII", false },
        { "https://wallet.com\n" TAIL, "a line break makes it uncertain", false },
        { "https://wiki\r\n> " TAIL, "a line break makes it uncertain", false },
        { "tigress-direct://wallet.com\nrelay.example:4711/" ID "#" SECRET,
          "a line break makes it uncertain", false },
        { "<a href=3D" TAIL ">", UNCLEAR, false },
        { BARE "#hXlr6aRC7KgJpOLTNZaLsw=2BXlrRC7KgJpOLTNZaLsgw=3D", "the secret after #", true },
        { BARE "#AAAA", "the secret after # is damaged or truncated; expected 16", true },
        { BARE "#AAAA.", "the secret after # is damaged or truncated; expected 16", true },
        { BARE "#hXlr6aRC7KgJpOLTNZaLsx==.", "the secret after # is damaged", true },
        { BARE "%23AAAA", "# was changed to %23, and the secret is damaged or truncated", true },
        { BARE "#A+/-AAAAAAAAAAAAAAAA+A== ", "the secret after # is damaged", true },
        { "https://relay.example/v1/m/" ID "/key#" SECRET, "expected a UUID", false },
        { "https://relay.example/v2/m/" ID "#" SECRET, "path: expected /v1/m/", false },
        { "https://relay.example/prefix.x/v1/m/" ID "#" SECRET, "path: expected /v1/m/", false },
        { "https://relay.example@evil.example/v1/m/" ID "#" SECRET, "no user name", false },
        { "https://user:pass@relay.example/v1/m/" ID "#" SECRET ".", "no user name", false },
        { "http://relay.example/v1/m/" ID "#" SECRET, "http:// is for loopback only", false },
        { "ftp://relay.example/v1/m/" ID "#" SECRET, "begin with https://", false },
        { "javascript:relay/v1/m/" ID "#" SECRET, "begin with https://", false },
        { "https://r\xd0\xb5lay.example/v1/m/" ID "#" SECRET ".", "printable ASCII", false },
        { "https://relay.x%00.example/v1/m/" ID "#" SECRET ".", "a DNS name", false },
        { "https://evil.example\\@relay.example/v1/m/" ID "#" SECRET ".", "no user name", false },
        { "localhost/v1/m/" ID "#" SECRET, "begin with https://", false },
        { "https://relay.example:99999/v1/m/" ID "#" SECRET ".", "port: expected a number", false },
        { "https%3A%2F%2Frelay.example/v2/m/" ID "%23" SECRET, "begin with https://", false },
        { ID "#" SECRET, "begin with https://", false },
        { "Hello", "begin with https://", false },
        { "", "begin with https://", false },
        { "tigress-direct://192.0.2.7/" ID "#" SECRET ".", "port: a direct URL needs one", false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        static const struct tg_share_url none;
        struct tg_link link;
        struct tg_fault fault = { "" };
        enum tg_err err = read_text(&link, cases[i].text, &fault);

        if (err != TG_E_SYNTAX || strstr(fault.text, cases[i].fault) == NULL ||
            link.is_secret_wrong != cases[i].is_secret_wrong) {
            print_error("case %zu: %s: %s\n", i, cases[i].text, fault.text);
        }
        assert_int_equal(err, TG_E_SYNTAX);
        assert_non_null(strstr(fault.text, cases[i].fault));
        assert_int_equal(link.is_secret_wrong, cases[i].is_secret_wrong);
        assert_memory_equal(&link.url, &none, sizeof(none));
        assert_null(strstr(fault.text, "AAAA"));
        assert_null(strstr(fault.text, "aLs"));
    }
}

static void read__length_at_the_limit_and_above__accepted_and_refused(void **state)
{
    struct tg_link link;
    struct tg_fault fault = { "" };
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, TG_LINK_TEXT_MAX + 1);
    tg_buf_append_str(&b, LINK "\n\n");
    fill(&b, '.', TG_LINK_TEXT_MAX - b.len);
    assert_int_equal(tg_link_read(&link, tg_buf_view(&b), &fault), TG_OK);
    tg_buf_append_str(&b, ".");
    assert_int_equal(tg_link_read(&link, tg_buf_view(&b), &fault), TG_E_LIMIT);
    assert_string_equal(fault.text, "share URL: expected a text of at most 65536 bytes");
    tg_buf_deinit(&b);
}

/* What each level of a wrapper costs is bounded. */
static void read__encoded_without_end__refused(void **state)
{
    struct tg_link link;
    struct tg_fault fault = { "" };
    struct tg_buf b;

    (void)state;
    tg_buf_init(&b, 1000);
    tg_buf_append_str(&b, BARE "%");
    for (size_t i = 0; i < 20; i++) {
        tg_buf_append_str(&b, "25");
    }
    tg_buf_append_str(&b, "23" SECRET);
    assert_int_equal(tg_link_read(&link, tg_buf_view(&b), &fault), TG_E_LIMIT);
    assert_string_equal(fault.text,
                        "share URL: the text is encoded too often; expected the link itself");
    tg_buf_deinit(&b);
}

/* Time that grows with the square of the length is minutes here. */
static void read__long_runs__refused_at_once(void **state)
{
    static const char *const units[] = { " ",   "\t",    "%",   "% ",    "\n",  "\n ",
                                         "%25", "%\n> ", "\n>", " \n>|", "=\n", "%2525" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(units); i++) {
        struct tg_link link;
        struct tg_fault fault = { "" };
        struct tg_buf b;

        tg_buf_init(&b, TG_LINK_TEXT_MAX);
        while (b.len + strlen(units[i]) + 2 <= TG_LINK_TEXT_MAX) {
            tg_buf_append_str(&b, units[i]);
        }
        tg_buf_append_str(&b, "41");
        assert_int_equal(tg_link_read(&link, tg_buf_view(&b), &fault), TG_E_SYNTAX);
        tg_buf_deinit(&b);
    }
}

static void repairs_text__one_all_and_none__clauses(void **state)
{
    char text[TG_LINK_REPAIRS_MAX];

    (void)state;
    tg_link_repairs_text(text, 0);
    assert_string_equal(text, "");
    tg_link_repairs_text(text, HASH | PERCENT);
    assert_string_equal(text, "# was changed to %23; characters were changed to %XX");
    tg_link_repairs_text(text, ~0u);
    assert_non_null(strstr(text, "other characters were around it"));
}

/* ---- every damage, and every two of them --------------------------------------------------- */

#define TEXT_MAX 4000u

/* Writes a damaged copy of text, or all of it. k: which of several places. */
typedef void damage(char *out, const char *text, size_t k);

/* Writes frame with text in the place of its @. */
static void put(char *out, const char *frame, const char *text)
{
    const char *at = strchr(frame, '@');

    assert_true((size_t)snprintf(out, TEXT_MAX, "%.*s%s%s", (int)(at - frame), frame, text,
                                 at + 1) < TEXT_MAX);
}

/* Replaces each c behind the first `from` in text, or one of them. */
static void replace(char *out, const char *text, const char *from, char c, const char *by)
{
    const char *start = from[0] == '\0' ? text : strstr(text, from);
    size_t len = 0;

    for (const char *at = text; *at != '\0'; at++) {
        bool is_hit = start != NULL && at >= start && *at == c;

        assert_true(len + strlen(by) + 1 < TEXT_MAX);
        (void)snprintf(out + len, TEXT_MAX - len, "%.*s", is_hit ? (int)strlen(by) : 1,
                       is_hit ? by : at);
        len += is_hit ? strlen(by) : 1;
    }
    out[len] = '\0';
}

static void quote(char *out, const char *text, const char *safe, char mark)
{
    size_t len = 0;

    for (; *text != '\0'; text++) {
        bool is_plain = strchr(safe, *text) != NULL || (*text >= '0' && *text <= '9') ||
                        (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');

        assert_true(len + 4 < TEXT_MAX);
        len += (size_t)(is_plain ? snprintf(out + len, TEXT_MAX - len, "%c", *text)
                                 : snprintf(out + len, TEXT_MAX - len, "%c%02X", mark,
                                            (unsigned)(unsigned char)*text));
    }
    out[len] = '\0';
}

static void split(char *out, const char *text, size_t at, const char *by)
{
    at = at < strlen(text) ? at : strlen(text);
    assert_true((size_t)snprintf(out, TEXT_MAX, "%.*s%s%s", (int)at, text, by, text + at) <
                TEXT_MAX);
}

static void hash_encoded(char *o, const char *t, size_t k)
{
    (void)k;
    replace(o, t, "", '#', "%23");
}
static void pad_encoded(char *o, const char *t, size_t k)
{
    (void)k;
    replace(o, t, "#", '=', "%3D");
}
static void plus_encoded(char *o, const char *t, size_t k)
{
    (void)k;
    replace(o, t, "", '+', "%2B");
}
static void slash_encoded(char *o, const char *t, size_t k)
{
    (void)k;
    replace(o, t, "#", '/', "%2F");
}
static void plus_to_space(char *o, const char *t, size_t k)
{
    (void)k;
    replace(o, t, "", '+', " ");
}
static void pad_lost(char *o, const char *t, size_t k)
{
    size_t len = strlen(t);

    (void)k;
    put(o, "@", t);
    if (len > 0 && o[len - 1] == '=') {
        o[len - 1] = '\0';
    }
}
static void all_pad_lost(char *o, const char *t, size_t k)
{
    (void)k;
    replace(o, t, "#", '=', "");
}
static void all_encoded(char *o, const char *t, size_t k)
{
    (void)k;
    quote(o, t, "-._~", '%');
}
static void fragment_encoded(char *o, const char *t, size_t k)
{
    (void)k;
    quote(o, t, "-._~:/?=&", '%');
}
static void safelinks(char *o, const char *t, size_t k)
{
    char inner[TEXT_MAX];

    (void)k;
    quote(inner, t, "-._~", '%');
    put(o,
        "https://eur01.safelinks.protection.outlook.com/?url=@&data=05%7C02"
        "&sdata=q1pXz0mJ3b3yYk3k1mWcVf0u2oZ0yq1pXz0mJ3b3yY8%3D&reserved=0",
        inner);
}
static void redirect(char *o, const char *t, size_t k)
{
    char inner[TEXT_MAX];

    (void)k;
    quote(inner, t, "-._~:/?", '%');
    put(o, "https://www.google.example/url?q=@&sa=D&usg=AOvVaw0", inner);
}
static void proofpoint(char *o, const char *t, size_t k)
{
    char inner[TEXT_MAX];

    (void)k;
    quote(inner, t, "./~", '-');
    for (char *c = inner; *c != '\0'; c++) {
        *c = (char)(*c == '/' ? '_' : *c);
    }
    put(o, "https://urldefense.example/v2/url?u=@&d=DwMFAg&c=euGZ", inner);
}
static void in_path(char *o, const char *t, size_t k)
{
    char inner[TEXT_MAX];

    (void)k;
    quote(inner, t, "-._~", '%');
    put(o, "https://secure.example/1abc/@", inner);
}
static void unscheme(char *o, const char *t, size_t k)
{
    const char *at = strstr(t, "https://");

    (void)k;
    put(o, "@", t);
    if (at != NULL) {
        (void)snprintf(o, TEXT_MAX, "%.*s%s", (int)(at - t), t, at + 8);
    }
}
static void around(char *o, const char *t, size_t k)
{
    static const char *const formats[] = {
        "@.",
        "@,",
        "@)",
        "@>",
        "@!",
        "@...",
        "(@)",
        "<@>",
        "\"@\"",
        "'@'",
        "\xc2\xab@\xc2\xbb",
        "@\n",
        "\n@",
        " @ ",
        BOM "@",
        "@" ZWSP,
        ZWSP "@",
        "Hi Bob, this is the key: @ and thanks",
        "Hi Bob,\nthis is the key:\n@\nThanks, Alice",
        "Hi Bob,\r\nthis is the key:\r\n\r\n  @\r\n\r\nThanks, Alice",
        "> Hi Bob,\n> this is the key:\n> @\n> Thanks",
        "[key](@)",
        "<a href=\"@\">key</a>",
        "*@*",
        "@%20",
        "@&utm_source=x",
        "@, ok?",
    };

    put(o, formats[k % TG_COUNT(formats)], t);
}
static void wrap(char *o, const char *t, size_t k)
{
    split(o, t, k, "\n");
}
static void wrap_quoted(char *o, const char *t, size_t k)
{
    split(o, t, k, "\r\n> ");
}
static void wrap_soft(char *o, const char *t, size_t k)
{
    split(o, t, k, "=\r\n");
}
static void zero_width(char *o, const char *t, size_t k)
{
    split(o, t, k, ZWSP);
}

/* Breaks the host. In capital letters, the scheme stays: without one, nothing says where a host
   begins. */
static void break_host(char *o, const char *t, size_t k, const char *by)
{
    const char *at = strstr(t, "https://");

    put(o, "@", t);
    if (at != NULL) {
        split(o, t, (size_t)(at - t) + 8 + k, by);
        memcpy(o + (at - t), "HTTPS", 5);
    }
}
static void blank(char *o, const char *t, size_t k)
{
    break_host(o, t, k, " ");
}
static void comma(char *o, const char *t, size_t k)
{
    break_host(o, t, k, ",");
}
static void user(char *o, const char *t, size_t k)
{
    break_host(o, t, k, "@x:");
}
static void equals(char *o, const char *t, size_t k)
{
    break_host(o, t, k, "$=");
}
static void quoted_printable(char *o, const char *t, size_t k)
{
    (void)k;
    replace(o, t, "", '=', "=3D");
}

static const struct {
    damage *damage;
    size_t count; /* of places; more than a link's length: every place of it */
    size_t step;
} damages[] = {
    { hash_encoded, 1, 1 },
    { pad_encoded, 1, 1 },
    { plus_encoded, 1, 1 },
    { slash_encoded, 1, 1 },
    { plus_to_space, 1, 1 },
    { pad_lost, 1, 1 },
    { all_pad_lost, 1, 1 },
    { all_encoded, 1, 1 },
    { fragment_encoded, 1, 1 },
    { safelinks, 1, 1 },
    { redirect, 1, 1 },
    { proofpoint, 1, 1 },
    { in_path, 1, 1 },
    { unscheme, 1, 1 },
    { around, 27, 1 },
    { wrap, 120, 1 },
    { wrap_quoted, 120, 7 },
    { wrap_soft, 120, 5 },
    { zero_width, 120, 11 },
    { quoted_printable, 1, 1 },
    { blank, 9, 1 },
    { comma, 9, 1 },
    { user, 9, 1 },
    { equals, 9, 1 },
};

static const char *const originals[] = {
    LINK,
    LINK32,
    GENERAL,
    "https://relay.example/v1/m/" ID "?v=h#hXlr6aRC7KgJpOLTNZaLsw==",
    "https://a-b.relay.example/v1/m/" ID "#/+/+/+/+/+/+/+/+/+/+/w==",
    /* The first 22 characters are a secret of 16 bytes, too. */
    "https://192.0.2.7/v1/m/" ID "?v=c#hXlr6aRC7KgJpOLTNZaLsw+XlrRC7KgJpOLTNZaLsgw=",
};

/* true: the link was read, and it is the original. A wrong one fails the test. */
static bool is_read(const char *text, const char *original)
{
    struct tg_share_url wanted = strict(original);
    struct tg_fault fault = { "" };
    struct tg_link link;
    enum tg_err err = tg_link_read(&link, tg_bytes_str(text), &fault);
    bool is_taken = err == TG_OK && is_same(&link.url, &wanted);

    assert_true(err == TG_OK || err == TG_E_SYNTAX);
    assert_true((err == TG_OK) == (fault.text[0] == '\0'));
    if (err == TG_OK && !is_taken) {
        /* The only other result: the secret is missing, and is asked for. */
        tg_secret_wipe(&wanted.secret);
        if (!is_same(&link.url, &wanted)) {
            fail_msg("%s was read as a link to %s with %zu bytes", text, link.url.host,
                     link.url.secret.len);
        }
    }
    return is_taken;
}

/* spec-test: protocol/8#one-reading */
static void read__each_damage_and_each_two__the_original_or_refused(void **state)
{
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(originals); i++) {
        for (size_t a = 0; a < TG_COUNT(damages); a++) {
            for (size_t k = 0; k < damages[a].count; k += damages[a].step) {
                char once[TEXT_MAX];

                damages[a].damage(once, originals[i], k);
                refused += is_read(once, originals[i]) ? 0 : 1;
                for (size_t b = 0; b < TG_COUNT(damages); b++) {
                    for (size_t m = 0; m < damages[b].count; m += 9 * damages[b].step) {
                        char twice[TEXT_MAX];

                        damages[b].damage(twice, once, m);
                        (void)is_read(twice, originals[i]);
                    }
                }
            }
        }
    }
    /* Each sign inside a host (216), line breaks inside a host with a dot or a hyphen at them (30),
       and the secret of 32 bytes whose first characters are one of 16: cut by a line break or by a
       space. */
    assert_int_equal(refused, 248);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__damaged_links__the_link_and_what_happened),
        cmocka_unit_test(read__more_than_one_reading_or_none__refused_and_explained),
        cmocka_unit_test(read__length_at_the_limit_and_above__accepted_and_refused),
        cmocka_unit_test(read__encoded_without_end__refused),
        cmocka_unit_test(read__long_runs__refused_at_once),
        cmocka_unit_test(repairs_text__one_all_and_none__clauses),
        cmocka_unit_test(read__each_damage_and_each_two__the_original_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
