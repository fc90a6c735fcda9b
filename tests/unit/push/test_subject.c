/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "push/subject.h"

#include <string.h>

static void check__contacts_that_services_accept__good(void **state)
{
    static const char *const good[] = {
        "mailto:ops@example.org",
        "mailto:a@b.cd",
        "mailto:first.last+push@mail.example.com",
        "mailto:o'brien@xn--bcher-kva.xn--p1ai",
        "mailto:ops@EXAMPLE.ORG",
        "mailto:local@invalid.org",
        "https://example.org",
        "https://example.org/",
        "https://example.org:8443/contact?to=push#x",
        "https://localhost.example.org/",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        struct tg_fault fault = { "" };

        if (tg_push_subject_check(tg_bytes_str(good[i]), &fault) != TG_OK) {
            fail_msg("refused: %s: %s", good[i], fault.text);
        }
        assert_string_equal(fault.text, "");
    }
}

/* spec-test: protocol/4#push-contact */
static void check__contacts_that_services_refuse__what_is_wrong_and_what_is_expected(void **state)
{
    static const struct {
        const char *subject;
        const char *why;
    } rows[] = {
        { "", "it begins with neither mailto: nor https://" },
        { "ops@example.org", "it begins with neither" },
        { "tel:1", "it begins with neither" },
        { "http://example.org", "it begins with neither" },
        { "MAILTO:ops@example.org", "it begins with neither" },
        { "mailto:", "there is no @" },
        { "mailto:ops", "there is no @" },
        { "mailto:@example.org", "the name before the @" },
        { "mailto:.a@example.org", "the name before the @" },
        { "mailto:a.@example.org", "the name before the @" },
        { "mailto:a..b@example.org", "the name before the @" },
        { "mailto:a,b@example.org", "the name before the @" },
        { "mailto:ops@", "there is no domain" },
        { "mailto:a@b@example.org", "the domain is not a DNS name" },
        { "mailto:a@example.org,b@example.org", "the domain is not a DNS name" },
        { "mailto:a@example.org?subject=x", "the domain is not a DNS name" },
        { "mailto:a@exa_mple.org", "the domain is not a DNS name" },
        { "mailto:a@example.org.", "the domain is not a DNS name" },
        { "mailto:a@.org", "the domain is not a DNS name" },
        { "mailto:ops@localhost", "not in the public DNS" },
        { "mailto:ops@LOCALHOST", "not in the public DNS" },
        { "mailto:ops@relay.localhost", "not in the public DNS" },
        { "mailto:ops@localhost.localdomain", "not in the public DNS" },
        { "mailto:ops@printer.local", "not in the public DNS" },
        { "mailto:ops@relay.invalid", "not in the public DNS" },
        { "mailto:ops@relay.test", "not in the public DNS" },
        { "mailto:ops@relay.Example", "not in the public DNS" },
        { "mailto:ops@relay.internal", "not in the public DNS" },
        { "mailto:ops@relay.lan", "not in the public DNS" },
        { "mailto:ops@relay.home.arpa", "not in the public DNS" },
        { "mailto:ops@relay.onion", "not in the public DNS" },
        { "mailto:ops@relay.c", "not in the public DNS" },
        { "mailto:ops@relay.o2g", "not in the public DNS" },
        { "mailto:ops@relay", "the domain has no dot" },
        { "mailto:ops@192.0.2.1", "an IP address is no domain" },
        { "mailto:ops@[2001:db8::1]", "an IP address is no domain" },
        { "mailto:ops@127.1", "the domain is not a DNS name" },
        { "mailto:<ops@example.org>", "it has a space, a quote, an angle bracket" },
        { "<mailto:ops@example.org>", "it has a space, a quote, an angle bracket" },
        { "mailto:Ops <ops@example.org>", "it has a space, a quote, an angle bracket" },
        { "mailto: ops@example.org", "it has a space, a quote, an angle bracket" },
        { "mailto:ops@example.org\n", "it has a space, a quote, an angle bracket" },
        { "mailto:\"ops\"@example.org", "it has a space, a quote, an angle bracket" },
        { "https://", "there is no domain" },
        { "https://localhost", "not in the public DNS" },
        { "https://localhost:8443/", "not in the public DNS" },
        { "https://relay", "the domain has no dot" },
        { "https://127.0.0.1/contact", "an IP address is no domain" },
        { "https://[::1]/", "an IP address is no domain" },
        { "https://ops@example.org/", "the URL has a user name" },
        { "https://example.org:0/", "the port is not a number" },
        { "https://example.org:x", "the port is not a number" },
        { "https://exam ple.org", "it has a space, a quote, an angle bracket" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_fault fault = { "" };
        enum tg_err err = tg_push_subject_check(tg_bytes_str(rows[i].subject), &fault);

        if (err != TG_E_SYNTAX || strstr(fault.text, rows[i].why) == NULL ||
            strstr(fault.text, "(expected: mailto:NAME@DOMAIN or https://DOMAIN, a public "
                               "domain)") == NULL) {
            fail_msg("%s: %d, %s", rows[i].subject, (int)err, fault.text);
        }
    }
}

static void check__length__bound_and_one_beyond(void **state)
{
    char text[TG_PUSH_SUBJECT_MAX + 2] = "https://example.org/";
    size_t len = strlen(text);

    (void)state;
    memset(text + len, 'a', sizeof(text) - len - 1);
    assert_int_equal(tg_push_subject_check(tg_bytes(text, TG_PUSH_SUBJECT_MAX), NULL), TG_OK);
    assert_int_equal(tg_push_subject_check(tg_bytes(text, TG_PUSH_SUBJECT_MAX + 1), NULL),
                     TG_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__contacts_that_services_accept__good),
        cmocka_unit_test(check__contacts_that_services_refuse__what_is_wrong_and_what_is_expected),
        cmocka_unit_test(check__length__bound_and_one_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
