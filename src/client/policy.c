/* SPDX-License-Identifier: Apache-2.0 */
#include "client/policy.h"

#include "base/num.h"
#include "wire/share_host.h"

static uint16_t default_port(const struct tg_share_url *url)
{
    return url->is_direct ? 0 : url->is_plain_http ? 80 : 443;
}

static uint16_t port_of(const struct tg_share_url *url)
{
    return url->port != 0 ? url->port : default_port(url);
}

/* Colons inside brackets belong to an IPv6 address. */
static size_t find_port(struct tg_bytes text)
{
    size_t start = text.len > 0 && text.ptr[0] == '[' ? tg_bytes_find(text, ']') : 0;

    return start + tg_bytes_find(tg_bytes_from(text, start), ':');
}

/* *port 0: the entry names no port. */
static enum tg_err parse_entry(char host[TG_SHARE_HOST_MAX + 1], uint16_t *port,
                               struct tg_bytes text)
{
    size_t colon = find_port(text);
    uint64_t number = 0;

    if (tg_share_host_parse(host, tg_bytes_first(text, colon)) != TG_OK) {
        return TG_E_SYNTAX;
    }
    if (colon < text.len &&
        (tg_num_parse_u64(&number, tg_bytes_from(text, colon + 1), UINT16_MAX) != TG_OK ||
         number == 0)) {
        return TG_E_SYNTAX;
    }
    *port = (uint16_t)number;
    return TG_OK;
}

enum tg_err tg_client_policy_entry_check(struct tg_bytes entry)
{
    char host[TG_SHARE_HOST_MAX + 1];
    uint16_t port = 0;

    return parse_entry(host, &port, entry);
}

/* An entry without a port means the default port of the scheme. */
bool tg_client_policy_is_match(const struct tg_share_url *url, struct tg_bytes entry)
{
    char host[TG_SHARE_HOST_MAX + 1];
    uint16_t port = 0;

    if (parse_entry(host, &port, entry) != TG_OK) {
        return false;
    }
    port = port != 0 ? port : default_port(url);
    return port_of(url) == port &&
           tg_share_host_is_equal(tg_bytes_str(url->host), tg_bytes_str(host));
}

/* spec: protocol/7#relay-allow-list */
static bool is_listed(const struct tigress_session *s)
{
    struct tg_bytes rest = tg_buf_view(&s->settings.allowed);
    bool verdict = rest.len == 0;

    while (rest.len > 0) {
        struct tg_bytes entry = tg_bytes_first(rest, tg_bytes_find(rest, 0));

        verdict = verdict || tg_client_policy_is_match(&s->url, entry);
        rest = tg_bytes_from(rest, entry.len + 1);
    }
    return verdict;
}

static const char *scheme_of(const struct tg_share_url *url)
{
    return url->is_direct ? "tigress-direct" : url->is_plain_http ? "http" : "https";
}

/* spec: protocol/7#relay-policy */
static bool is_approved(const struct tigress_session *s)
{
    const struct tigress_relay relay = { .scheme = scheme_of(&s->url),
                                         .host = s->url.host,
                                         .port = port_of(&s->url),
                                         .vertical = s->url.vertical,
                                         .role = s->role };

    return s->settings.policy == NULL || s->settings.policy(s->settings.policy_ctx, &relay) == 1;
}

bool tg_client_policy_allows(struct tigress_session *s)
{
    if (s->is_permitted) {
        return true;
    }
    if (!is_listed(s)) {
        tg_session_fail(s, TIGRESS_E_NOT_ALLOWED, NULL);
        return false;
    }
    if (!is_approved(s)) {
        tg_session_fail(s, TIGRESS_E_NOT_ALLOWED,
                        "The wallet's policy does not allow this relay for this transfer.");
        return false;
    }
    s->is_permitted = true;
    return true;
}
