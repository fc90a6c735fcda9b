/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, origins, addresses to bind, networks and host names. */
#include "server/settings/config_address.h"

#include "base/num.h"
#include "server/settings/config_member.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define PORT_MAX 65535u

/* ---- URLs and origins ---- */

static bool is_host_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

/* Length of a host at the start of text: a name, an IPv4 address or [IPv6]; 0: none. */
static size_t host_len(struct tg_bytes text)
{
    char ipv6[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    size_t len = 0;

    if (text.len > 0 && text.ptr[0] == '[') {
        len = tg_bytes_find(text, ']');
        if (len == text.len ||
            tg_config_copy(ipv6, sizeof(ipv6), tg_bytes(text.ptr + 1, len - 1)) != TG_OK) {
            return 0;
        }
        return inet_pton(AF_INET6, ipv6, &addr) == 1 ? len + 1 : 0;
    }
    while (len < text.len && is_host_char(text.ptr[len])) {
        len++;
    }
    return len > 0 && (text.ptr[0] == '.' || text.ptr[0] == '-') ? 0 : len;
}

static bool is_origin(struct tg_bytes text)
{
    struct tg_bytes rest = { 0 };
    uint64_t port = 0;
    size_t len = 0;

    if (tg_bytes_has_prefix(text, TG_LIT("https://"))) {
        rest = tg_bytes_from(text, sizeof("https://") - 1);
    } else if (tg_bytes_has_prefix(text, TG_LIT("http://"))) {
        rest = tg_bytes_from(text, sizeof("http://") - 1);
    }
    len = host_len(rest);
    if (len == 0) {
        return false;
    }
    rest = tg_bytes_from(rest, len);
    if (rest.len == 0) {
        return true;
    }
    return rest.ptr[0] == ':' &&
           tg_num_parse_u64(&port, tg_bytes_from(rest, 1), PORT_MAX) == TG_OK && port > 0;
}

enum tg_err tg_setting_parse_url(struct tg_config *config, const struct tg_setting *setting,
                                 struct tg_bytes text, struct tg_fault *fault)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '/') {
        text = tg_bytes_first(text, text.len - 1);
    }
    if (!is_origin(text) ||
        tg_config_copy(tg_setting_member(config, setting), TG_CONFIG_URL_MAX + 1, text) != TG_OK) {
        tg_fault_set(fault,
                     "not a URL of only a host and a port (expected: https://HOST or "
                     "https://HOST:PORT, at most %u bytes)",
                     TG_CONFIG_URL_MAX);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

enum tg_err tg_setting_parse_origin(struct tg_config *config, const struct tg_setting *setting,
                                    struct tg_bytes text, struct tg_fault *fault)
{
    if (tg_bytes_is_equal(text, TG_LIT("none"))) {
        text = tg_bytes_first(text, 0);
    } else if (!tg_bytes_is_equal(text, TG_LIT("*")) && !is_origin(text)) {
        tg_fault_set(fault, "not an origin (expected: *, none or https://HOST)");
        return TG_E_SYNTAX;
    }
    if (tg_config_copy(tg_setting_member(config, setting), TG_CONFIG_URL_MAX + 1, text) != TG_OK) {
        tg_fault_set(fault, "too long (expected: at most %u bytes)", TG_CONFIG_URL_MAX);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

void tg_setting_print_origin(struct tg_buf *out, const struct tg_config *config,
                             const struct tg_setting *setting)
{
    const char *text = tg_setting_member_const(config, setting);

    tg_buf_append_str(out, text[0] == '\0' ? "none" : text);
}

/* ---- ADDR:PORT ---- */

static bool set_ipv4(struct tg_endpoint *e, const char *host, uint16_t port)
{
    struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

    if (inet_pton(AF_INET, host, &sin.sin_addr) != 1) {
        return false;
    }
    memcpy(&e->addr, &sin, sizeof(sin));
    e->addr_len = sizeof(sin);
    e->is_loopback = ntohl(sin.sin_addr.s_addr) >> 24 == 127;
    return true;
}

static bool set_ipv6(struct tg_endpoint *e, const char *host, uint16_t port)
{
    struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (inet_pton(AF_INET6, host, &sin6.sin6_addr) != 1) {
        return false;
    }
    memcpy(&e->addr, &sin6, sizeof(sin6));
    e->addr_len = sizeof(sin6);
    e->is_loopback = IN6_IS_ADDR_LOOPBACK(&sin6.sin6_addr);
    return true;
}

static bool parse_host_port(struct tg_endpoint *e, struct tg_bytes text)
{
    uint64_t port = 0;
    size_t colon = text.len;
    struct tg_bytes host = { 0 };
    bool is_v6 = false;

    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || tg_num_parse_u64(&port, tg_bytes_from(text, colon), PORT_MAX) != TG_OK) {
        return false;
    }
    host = tg_bytes_first(text, colon - 1);
    is_v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (is_v6) {
        host = tg_bytes(host.ptr + 1, host.len - 2);
    } else if (tg_bytes_is_equal(host, TG_LIT("localhost"))) {
        host = TG_LIT("127.0.0.1");
    }
    if (tg_config_copy(e->host, sizeof(e->host), host) != TG_OK) {
        return false;
    }
    e->port = (uint16_t)port;
    return is_v6 ? set_ipv6(e, e->host, e->port) : set_ipv4(e, e->host, e->port);
}

enum tg_err tg_setting_parse_endpoint(struct tg_config *config, const struct tg_setting *setting,
                                      struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_endpoint e = { 0 };
    bool is_off = setting->can_be_off && tg_bytes_is_equal(text, TG_LIT("off"));

    if (!is_off && !parse_host_port(&e, text)) {
        tg_fault_set(fault,
                     "not a numeric address and a port (expected: ADDR:PORT, such as "
                     "127.0.0.1:8443 or [::]:8443%s)",
                     setting->can_be_off ? ", or off" : "");
        return TG_E_SYNTAX;
    }
    memcpy(tg_setting_member(config, setting), &e, sizeof(e));
    return TG_OK;
}

void tg_setting_print_endpoint(struct tg_buf *out, const struct tg_config *config,
                               const struct tg_setting *setting)
{
    const struct tg_endpoint *e = tg_setting_member_const(config, setting);
    bool is_v6 = e->addr.ss_family == AF_INET6;

    if (e->addr_len == 0) {
        tg_buf_append_str(out, "off");
        return;
    }
    tg_buf_append_str(out, is_v6 ? "[" : "");
    tg_buf_append_str(out, e->host);
    tg_buf_append_str(out, is_v6 ? "]:" : ":");
    tg_buf_append_dec(out, e->port);
}

/* ---- networks ---- */

enum tg_err tg_setting_parse_networks(struct tg_config *config, const struct tg_setting *setting,
                                      struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_ip_set *set = tg_setting_member(config, setting);
    enum tg_err err = TG_OK;
    bool is_last = false;

    memset(set, 0, sizeof(*set));
    while (err == TG_OK && !is_last) {
        struct tg_bytes entry = tg_bytes_first(text, tg_bytes_find(text, ','));

        is_last = entry.len == text.len;
        text = tg_bytes_from(text, entry.len + 1);
        if (set->count == TG_IP_SET_MAX) {
            tg_fault_set(fault, "too many networks (expected: at most %u)", TG_IP_SET_MAX);
            return TG_E_LIMIT;
        }
        err = tg_ip_network_parse(&set->networks[set->count], tg_bytes_trim(entry), fault);
        set->count += err == TG_OK ? 1 : 0;
    }
    return err;
}

void tg_setting_print_networks(struct tg_buf *out, const struct tg_config *config,
                               const struct tg_setting *setting)
{
    const struct tg_ip_set *set = tg_setting_member_const(config, setting);

    for (size_t i = 0; i < set->count; i++) {
        tg_buf_append_str(out, i > 0 ? "," : "");
        tg_ip_network_print(out, &set->networks[i]);
    }
}

/* ---- hosts ---- */

static bool is_host_entry(struct tg_bytes entry)
{
    if (tg_bytes_has_prefix(entry, TG_LIT("*."))) {
        entry = tg_bytes_from(entry, 2);
    }
    return entry.len > 0 && entry.ptr[0] != '[' && host_len(entry) == entry.len;
}

/* Appends one entry in lower case, and a NUL. It fits, because the text has at least as many
   bytes. */
static void append_host(struct tg_config_hosts *hosts, size_t *at, struct tg_bytes entry)
{
    for (size_t i = 0; i < entry.len; i++) {
        uint8_t c = entry.ptr[i];

        hosts->text[(*at)++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    hosts->text[(*at)++] = '\0';
    hosts->count++;
}

enum tg_err tg_setting_parse_hosts(struct tg_config *config, const struct tg_setting *setting,
                                   struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_config_hosts *hosts = tg_setting_member(config, setting);
    size_t at = 0;

    if (text.len == 0 || text.len > TG_CONFIG_HOSTS_MAX) {
        tg_fault_set(fault,
                     "empty or too long (expected: hosts separated by commas, at most %u bytes)",
                     TG_CONFIG_HOSTS_MAX);
        return TG_E_LIMIT;
    }
    memset(hosts, 0, sizeof(*hosts));
    while (text.len > 0) {
        struct tg_bytes entry = tg_bytes_first(text, tg_bytes_find(text, ','));
        bool is_last = entry.len == text.len;

        text = tg_bytes_from(text, entry.len + 1);
        entry = tg_bytes_trim(entry);
        if (!is_host_entry(entry) || (!is_last && text.len == 0)) {
            tg_fault_set(fault, "not a list of hosts (expected: names such as push.example.org or "
                                "*.example.org, separated by commas)");
            return TG_E_SYNTAX;
        }
        if (hosts->count == TG_PUSH_HOSTS_MAX) {
            tg_fault_set(fault, "too many hosts (expected: at most %u)", TG_PUSH_HOSTS_MAX);
            return TG_E_LIMIT;
        }
        append_host(hosts, &at, entry);
    }
    return TG_OK;
}

void tg_setting_print_hosts(struct tg_buf *out, const struct tg_config *config,
                            const struct tg_setting *setting)
{
    const struct tg_config_hosts *hosts = tg_setting_member_const(config, setting);
    const char *at = hosts->text;

    for (size_t i = 0; i < hosts->count; i++) {
        tg_buf_append_str(out, i > 0 ? "," : "");
        tg_buf_append_str(out, at);
        at += strlen(at) + 1;
    }
}
