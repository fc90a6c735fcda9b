/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/share_url.h"

#include "base/b64.h"
#include "base/mem.h"
#include "base/num.h"
#include "wire/share_host.h"

#include <string.h>

#define PATH_PREFIX "/v1/m/"
#define DIRECT "tigress-direct://"
#define PORT_MAX 65535u

static const struct scheme {
    struct tg_bytes prefix;
    bool is_plain_http;
    bool is_direct;
    uint16_t default_port; /* 0: none, a port is required */
} schemes[] = {
    { { (const uint8_t *)"https://", 8 }, false, false, 443 },
    { { (const uint8_t *)"tigress://", 10 }, false, false, 443 },
    { { (const uint8_t *)"http://", 7 }, true, false, 80 },
    /* spec: protocol/7#direct-url */
    { { (const uint8_t *)DIRECT, sizeof(DIRECT) - 1 }, false, true, 0 },
};

/* The parts of the text. The fragment, which has the secret, is parsed last. */
struct parts {
    const char *what; /* what a fault calls the URL */
    const struct scheme *scheme;
    struct tg_bytes authority;
    struct tg_bytes path;
    struct tg_bytes query;
    struct tg_bytes fragment;
};

static struct tg_bytes take_until(struct tg_bytes *rest, size_t len)
{
    struct tg_bytes piece = tg_bytes_first(*rest, len);

    *rest = tg_bytes_from(*rest, piece.len);
    return piece;
}

/* Index of the first of a or b, or the length. */
static size_t find_either(struct tg_bytes text, uint8_t a, uint8_t b)
{
    size_t at_a = tg_bytes_find(text, a);
    size_t at_b = tg_bytes_find(text, b);

    return at_a < at_b ? at_a : at_b;
}

static bool is_printable(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static enum tg_err split(struct parts *parts, struct tg_bytes text, struct tg_fault *fault)
{
    size_t hash = tg_bytes_find(text, '#');
    struct tg_bytes rest = tg_bytes_first(text, hash);

    parts->fragment = tg_bytes_from(text, hash + 1);
    if (!is_printable(rest)) {
        tg_fault_set(fault, "%s: expected printable ASCII characters without spaces", parts->what);
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < TG_COUNT(schemes); i++) {
        struct tg_bytes start = tg_bytes_first(rest, schemes[i].prefix.len);

        if (tg_bytes_is_equal_nocase(start, schemes[i].prefix)) {
            parts->scheme = &schemes[i];
        }
    }
    if (parts->scheme == NULL) {
        tg_fault_set(fault, "%s: expected it to begin with https:// or tigress://", parts->what);
        return TG_E_SYNTAX;
    }
    rest = tg_bytes_from(rest, parts->scheme->prefix.len);
    parts->authority = take_until(&rest, find_either(rest, '/', '?'));
    parts->path = take_until(&rest, tg_bytes_find(rest, '?'));
    parts->query = tg_bytes_from(rest, 1);
    return TG_OK;
}

/* Where the port's colon is, or the length. Colons inside brackets belong to an IPv6 address. */
static size_t find_port(struct tg_bytes authority)
{
    size_t start = 0;

    if (authority.len > 0 && authority.ptr[0] == '[') {
        start = tg_bytes_find(authority, ']');
    }
    return start + tg_bytes_find(tg_bytes_from(authority, start), ':');
}

static enum tg_err read_authority(struct tg_share_url *url, const struct parts *parts,
                                  struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    size_t colon = 0;
    uint64_t port = 0;

    if (tg_bytes_find(parts->authority, '@') < parts->authority.len) {
        tg_fault_set(fault, "%s host: expected no user name in front of it", parts->what);
        return TG_E_SYNTAX;
    }
    colon = find_port(parts->authority);
    if (tg_share_host_parse(url->host, tg_bytes_first(parts->authority, colon)) != TG_OK) {
        tg_fault_set(fault, "%s host: expected a DNS name or an IP address", parts->what);
        return TG_E_SYNTAX;
    }
    if (colon < parts->authority.len) {
        err = tg_num_parse_u64(&port, tg_bytes_from(parts->authority, colon + 1), PORT_MAX);
        if (err != TG_OK || port == 0) {
            tg_fault_set(fault, "%s port: expected a number from 1 to %u", parts->what, PORT_MAX);
            return TG_E_SYNTAX;
        }
    }
    url->port = port == parts->scheme->default_port ? 0 : (uint16_t)port;
    url->is_plain_http = parts->scheme->is_plain_http;
    url->is_direct = parts->scheme->is_direct;
    if (url->is_direct && port == 0) {
        tg_fault_set(fault, "%s port: a direct URL needs one; expected 1 to %u", parts->what,
                     PORT_MAX);
        return TG_E_SYNTAX;
    }
    /* spec: protocol/7#plain-http-loopback-only */
    if (url->is_plain_http && !tg_share_host_is_loopback(tg_bytes_str(url->host))) {
        tg_fault_set(fault, "%s: expected https://; http:// is for loopback only", parts->what);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* spec: protocol/7#identifier-is-uuid */
static enum tg_err read_path(struct tg_share_url *url, const struct parts *parts,
                             struct tg_fault *fault)
{
    struct tg_bytes prefix = url->is_direct ? TG_LIT("/") : TG_LIT(PATH_PREFIX);

    if (!tg_bytes_has_prefix(parts->path, prefix)) {
        tg_fault_set(fault, "%s path: expected %s and a mailbox identifier", parts->what,
                     url->is_direct ? "/" : PATH_PREFIX);
        return TG_E_SYNTAX;
    }
    if (tg_uuid_parse(&url->mailbox, tg_bytes_from(parts->path, prefix.len)) != TG_OK) {
        tg_fault_set(fault, "%s path: expected a UUID as the mailbox identifier", parts->what);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

static bool is_vertical(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_alnum && c != '-' && c != '.' && c != '_' && c != '~') {
            return false;
        }
    }
    return text.len <= TG_VERTICAL_MAX;
}

static enum tg_err read_query(struct tg_share_url *url, const struct parts *parts,
                              struct tg_fault *fault)
{
    struct tg_bytes query = parts->query;
    bool has_vertical = false;

    while (query.len > 0) {
        struct tg_bytes item = tg_bytes_first(query, tg_bytes_find(query, '&'));
        size_t equals = tg_bytes_find(item, '=');
        struct tg_bytes value = tg_bytes_from(item, equals + 1);

        query = tg_bytes_from(query, item.len + 1);
        if (!tg_bytes_is_equal(tg_bytes_first(item, equals), TG_LIT("v"))) {
            continue;
        }
        if (has_vertical || !is_vertical(value)) {
            tg_fault_set(fault, "%s v: expected it once, with at most %u letters, digits or -._~",
                         parts->what, TG_VERTICAL_MAX);
            return TG_E_SYNTAX;
        }
        has_vertical = true;
        if (value.len > 0) {
            memcpy(url->vertical, value.ptr, value.len);
        }
        url->vertical[value.len] = '\0';
    }
    return TG_OK;
}

/* spec: protocol/7#share-secret-forms */
static enum tg_err read_secret(struct tg_secret *out, struct tg_bytes text)
{
    static const size_t lengths[] = { 16, 32 };
    struct tg_secret secret = { .len = 0 };
    enum tg_err err = TG_E_SYNTAX;

    for (size_t i = 0; i < TG_COUNT(lengths) && err != TG_OK; i++) {
        err = tg_b64_decode_exact(secret.bytes, lengths[i], text, TG_B64_ANY);
        secret.len = lengths[i];
    }
    if (err == TG_OK) {
        *out = secret;
    }
    tg_secret_wipe(&secret);
    return err;
}

enum tg_err tg_share_secret_parse(struct tg_secret *out, struct tg_bytes text,
                                  struct tg_fault *fault)
{
    enum tg_err err = read_secret(out, text);

    if (err != TG_OK) {
        tg_fault_set(fault,
                     "secret: expected 16 or 32 bytes in base64; it is damaged or truncated");
    }
    return err;
}

enum tg_err tg_share_url_parse(struct tg_share_url *out, struct tg_bytes text,
                               struct tg_fault *fault)
{
    return tg_share_url_parse_as(out, text, "share URL", fault);
}

enum tg_err tg_share_url_parse_as(struct tg_share_url *out, struct tg_bytes text, const char *what,
                                  struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct parts parts = { .what = what };

    tg_share_url_wipe(out);
    if (text.len > TG_SHARE_URL_MAX) {
        tg_fault_set(fault, "%s: expected at most %u characters", what, TG_SHARE_URL_MAX);
        return TG_E_LIMIT;
    }
    TG_TRY(split(&parts, text, fault));
    TG_TRY(read_authority(out, &parts, fault));
    TG_TRY(read_path(out, &parts, fault));
    TG_TRY(read_query(out, &parts, fault));
    if (parts.fragment.len > 0 && read_secret(&out->secret, parts.fragment) != TG_OK) {
        tg_fault_set(fault,
                     "%s: the secret after # is damaged or truncated; expected 16 or 32 "
                     "bytes in base64",
                     what);
        err = TG_E_SYNTAX;
    }
out:
    if (err != TG_OK) {
        tg_share_url_wipe(out);
    }
    return err;
}

/* A URL whose members the caller set must meet the same rules as a parsed one. */
static bool is_well_formed(const struct tg_share_url *url)
{
    char host[TG_SHARE_HOST_MAX + 1];
    struct tg_bytes name = tg_bytes(url->host, strnlen(url->host, sizeof(url->host)));
    struct tg_bytes vertical =
        tg_bytes(url->vertical, strnlen(url->vertical, sizeof(url->vertical)));

    return tg_share_host_parse(host, name) == TG_OK && is_vertical(vertical) &&
           (!url->is_plain_http || (tg_share_host_is_loopback(name) && !url->is_direct)) &&
           (!url->is_direct || url->port != 0) &&
           (url->secret.len == 0 || url->secret.len == 16 || url->secret.len == 32);
}

static const char *own_scheme(const struct tg_share_url *url)
{
    return url->is_direct ? DIRECT : url->is_plain_http ? "http://" : "https://";
}

static void put_origin(struct tg_buf *out, const struct tg_share_url *url, const char *scheme)
{
    tg_buf_append_str(out, scheme);
    tg_buf_append_str(out, url->host);
    if (url->port != 0) {
        tg_buf_append_u8(out, ':');
        tg_buf_append_dec(out, url->port);
    }
}

/* Writes only what is needed: the result must fit into a text message.
   spec: protocol/7#short-enough-for-sms */
enum tg_err tg_share_url_format(struct tg_buf *out, const struct tg_share_url *url,
                                enum tg_share_scheme scheme)
{
    char id[TG_UUID_TEXT_LEN + 1];

    if (!is_well_formed(url)) {
        return TG_E_SYNTAX;
    }
    if (scheme == TG_SHARE_TIGRESS && (url->is_plain_http || url->is_direct)) {
        return TG_E_UNSUPPORTED;
    }
    tg_uuid_format(id, &url->mailbox);
    put_origin(out, url, scheme == TG_SHARE_TIGRESS ? "tigress://" : own_scheme(url));
    tg_buf_append_str(out, url->is_direct ? "/" : PATH_PREFIX);
    tg_buf_append_str(out, id);
    if (url->vertical[0] != '\0') {
        tg_buf_append_str(out, "?v=");
        tg_buf_append_str(out, url->vertical);
    }
    if (url->secret.len > 0) {
        tg_buf_append_u8(out, '#');
        tg_b64_encode(out, tg_secret_view(&url->secret), TG_B64_STANDARD);
    }
    tg_mem_wipe(id, sizeof(id));
    return tg_buf_status(out);
}

enum tg_err tg_share_url_origin(struct tg_buf *out, const struct tg_share_url *url)
{
    if (!is_well_formed(url)) {
        return TG_E_SYNTAX;
    }
    put_origin(out, url, own_scheme(url));
    return tg_buf_status(out);
}

void tg_share_url_wipe(struct tg_share_url *url)
{
    tg_mem_wipe(url, sizeof(*url));
}
