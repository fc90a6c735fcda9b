/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/share_host.h"

#include <arpa/inet.h>
#include <string.h>

#define DNS_NAME_MAX 253u
#define DNS_LABEL_MAX 63u
#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* inet_pton is a pure function: no DNS query, no I/O. */
static bool parse_address(int family, void *address, struct tg_bytes text)
{
    char copy[ADDRESS_TEXT_MAX + 1];

    if (text.len == 0 || text.len > ADDRESS_TEXT_MAX || tg_bytes_find(text, 0) < text.len) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, address) == 1;
}

static bool is_label(struct tg_bytes label)
{
    if (label.len == 0 || label.len > DNS_LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_digit(label.ptr[i]) && !is_letter(label.ptr[i]) && label.ptr[i] != '-') {
            return false;
        }
    }
    return true;
}

/* Digits alone, or 0x and anything: some resolvers read it as part of an address. */
static bool is_number_like(struct tg_bytes label)
{
    size_t digits = 0;

    while (digits < label.len && is_digit(label.ptr[digits])) {
        digits++;
    }
    return digits == label.len ||
           (digits == 1 && label.ptr[0] == '0' && (label.ptr[1] == 'x' || label.ptr[1] == 'X'));
}

static bool is_dns_name(struct tg_bytes host)
{
    struct in_addr address;
    struct tg_bytes rest = host;
    struct tg_bytes label = { NULL, 0 };

    if (host.len == 0 || host.len > DNS_NAME_MAX || host.ptr[host.len - 1] == '.') {
        return false;
    }
    while (rest.len > 0) {
        label = tg_bytes_first(rest, tg_bytes_find(rest, '.'));
        if (!is_label(label)) {
            return false;
        }
        rest = tg_bytes_from(rest, label.len + 1);
    }
    return !is_number_like(label) || parse_address(AF_INET, &address, host);
}

static bool is_bracketed(struct tg_bytes host)
{
    return host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
}

static struct tg_bytes inside_brackets(struct tg_bytes host)
{
    return is_bracketed(host) ? tg_bytes(host.ptr + 1, host.len - 2) : host;
}

enum tg_err tg_share_host_parse(char out[TG_SHARE_HOST_MAX + 1], struct tg_bytes host)
{
    struct in6_addr address;
    bool is_good = is_bracketed(host) ? parse_address(AF_INET6, &address, inside_brackets(host))
                                      : is_dns_name(host);

    if (!is_good) {
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.ptr[i];

        out[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    out[host.len] = '\0';
    return TG_OK;
}

bool tg_share_host_is_equal(struct tg_bytes a, struct tg_bytes b)
{
    struct in6_addr first, second;

    if (!is_bracketed(a) || !is_bracketed(b)) {
        return tg_bytes_is_equal_nocase(a, b);
    }
    return parse_address(AF_INET6, &first, inside_brackets(a)) &&
           parse_address(AF_INET6, &second, inside_brackets(b)) &&
           tg_bytes_is_equal(tg_bytes(&first, sizeof(first)), tg_bytes(&second, sizeof(second)));
}

bool tg_share_host_is_covered(struct tg_bytes host, struct tg_bytes entry)
{
    struct tg_bytes suffix = tg_bytes_from(entry, 1); /* ".example.org" */

    if (!tg_bytes_has_prefix(entry, TG_LIT("*."))) {
        return tg_bytes_is_equal_nocase(host, entry);
    }
    return host.len > suffix.len &&
           tg_bytes_is_equal_nocase(tg_bytes_from(host, host.len - suffix.len), suffix);
}

bool tg_share_host_is_loopback(struct tg_bytes host)
{
    struct in_addr v4;
    struct in6_addr v6;
    struct tg_bytes inner = inside_brackets(host);

    if (tg_bytes_is_equal_nocase(host, TG_LIT("localhost"))) {
        return true;
    }
    if (!is_bracketed(host) && parse_address(AF_INET, &v4, host)) {
        return (ntohl(v4.s_addr) >> 24) == 127;
    }
    return parse_address(AF_INET6, &v6, inner) && IN6_IS_ADDR_LOOPBACK(&v6);
}
