/* SPDX-License-Identifier: Apache-2.0 */
#include "push/subject.h"

#include "base/num.h"
#include "wire/share_host.h"

#include <string.h>

#define MAILTO TG_LIT("mailto:")
#define HTTPS TG_LIT("https://")
#define LOCAL_MAX 64u /* bytes before the '@' (RFC 5321 section 4.5.3.1.1) */
#define PORT_MAX 65535u
#define EXPECTED "(expected: mailto:NAME@DOMAIN or https://DOMAIN, a public domain)"

/* Top-level domains that are not in the public DNS: the special-use names of IANA, "internal" of
   ICANN, and names that private networks use. */
static const char *const private_domains[] = {
    "alt", "arpa",  "corp",        "example",   "home",  "internal", "intranet", "invalid",
    "lan", "local", "localdomain", "localhost", "onion", "private",  "test",
};

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static struct tg_bytes last_label(struct tg_bytes name)
{
    size_t at = name.len;

    while (at > 0 && name.ptr[at - 1] != '.') {
        at--;
    }
    return tg_bytes_from(name, at);
}

static bool is_private(struct tg_bytes top)
{
    for (size_t i = 0; i < TG_COUNT(private_domains); i++) {
        if (tg_bytes_is_equal(top, tg_bytes_str(private_domains[i]))) {
            return true;
        }
    }
    return false;
}

/* Two letters or more; or "xn--" and what follows, for other scripts. */
static bool is_top_level(struct tg_bytes top)
{
    bool is_good = top.len >= 2 && is_letter(top.ptr[0]);

    for (size_t i = 0; i < top.len; i++) {
        is_good = is_good && (is_letter(top.ptr[i]) || tg_bytes_has_prefix(top, TG_LIT("xn--")));
    }
    return is_good;
}

const char *tg_push_domain_fault(struct tg_bytes domain)
{
    char host[TG_SHARE_HOST_MAX + 1] = "";
    struct tg_bytes name = { NULL, 0 };
    struct tg_bytes top = { NULL, 0 };

    if (domain.len == 0) {
        return "there is no domain";
    }
    if (tg_share_host_parse(host, domain) != TG_OK) {
        return "the domain is not a DNS name";
    }
    name = tg_bytes_str(host);
    top = last_label(name);
    if (host[0] == '[' || is_digit(top.ptr[0])) {
        return "an IP address is no domain";
    }
    if (is_private(top)) {
        return "the domain is not in the public DNS";
    }
    if (top.len == name.len) {
        return "the domain has no dot";
    }
    return is_top_level(top) ? NULL : "the domain is not in the public DNS";
}

/* An address without quotes and comments: words of RFC 5322 section 3.2.3, with dots between. */
static bool is_local_part(struct tg_bytes local)
{
    uint8_t before = '.';

    for (size_t i = 0; i < local.len; i++) {
        uint8_t c = local.ptr[i];

        if (c == '.' ? before == '.'
                     : !is_letter(c) && !is_digit(c) &&
                           (c == 0 || strchr("!#$%&'*+-/=^_`{|}~", c) == NULL)) {
            return false;
        }
        before = c;
    }
    return local.len > 0 && local.len <= LOCAL_MAX && before != '.';
}

static const char *address_fault(struct tg_bytes address)
{
    size_t at = tg_bytes_find(address, '@');

    if (at == address.len) {
        return "there is no @";
    }
    return is_local_part(tg_bytes_first(address, at))
               ? tg_push_domain_fault(tg_bytes_from(address, at + 1))
               : "the name before the @ is not that of one address";
}

static size_t authority_len(struct tg_bytes rest)
{
    for (size_t i = 0; i < rest.len; i++) {
        if (strchr("/?#", rest.ptr[i]) != NULL) {
            return i;
        }
    }
    return rest.len;
}

static const char *page_fault(struct tg_bytes rest)
{
    struct tg_bytes authority = tg_bytes_first(rest, authority_len(rest));
    size_t colon = 0;
    uint64_t port = 0;

    if (tg_bytes_find(authority, '@') < authority.len) {
        return "the URL has a user name";
    }
    if (authority.len > 0 && authority.ptr[0] == '[') {
        return "an IP address is no domain";
    }
    colon = tg_bytes_find(authority, ':');
    if (colon < authority.len &&
        (tg_num_parse_u64(&port, tg_bytes_from(authority, colon + 1), PORT_MAX) != TG_OK ||
         port == 0)) {
        return "the port is not a number from 1 to 65535";
    }
    return tg_push_domain_fault(tg_bytes_first(authority, colon));
}

static bool has_visible_text_only(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || strchr("<>\"\\", text.ptr[i]) != NULL) {
            return false;
        }
    }
    return true;
}

static const char *find_fault(struct tg_bytes subject)
{
    if (subject.len > TG_PUSH_SUBJECT_MAX) {
        return "longer than 255 characters";
    }
    if (!has_visible_text_only(subject)) {
        return "it has a space, a quote, an angle bracket or a control character";
    }
    if (tg_bytes_has_prefix(subject, MAILTO)) {
        return address_fault(tg_bytes_from(subject, MAILTO.len));
    }
    if (tg_bytes_has_prefix(subject, HTTPS)) {
        return page_fault(tg_bytes_from(subject, HTTPS.len));
    }
    return "it begins with neither mailto: nor https://";
}

enum tg_err tg_push_subject_check(struct tg_bytes subject, struct tg_fault *fault)
{
    const char *wrong = find_fault(subject);

    if (wrong == NULL) {
        return TG_OK;
    }
    tg_fault_set(fault, "push services refuse it: %s " EXPECTED, wrong);
    return TG_E_SYNTAX;
}
