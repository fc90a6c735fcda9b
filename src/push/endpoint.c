/* SPDX-License-Identifier: Apache-2.0 */
#include "push/endpoint.h"

#include "base/num.h"
#include "wire/share_host.h"

#include <string.h>

#define SCHEME "https://"
#define HTTPS_PORT 443u
#define PORT_MAX 65535u

/* The characters of a path and a query. Two digits after '%' are not required: the push service
   reads the path. */
static bool is_url_text(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_alnum && (c == 0 || strchr("-._~:/?[]@!$&'()*+,;=%", c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* The end of the authority: the first '/' or '?', or the length. */
static size_t authority_len(struct tg_bytes text)
{
    size_t slash = tg_bytes_find(text, '/');
    size_t question = tg_bytes_find(text, '?');

    return slash < question ? slash : question;
}

/* The colon before the port, or the length. Colons inside brackets belong to an address. */
static size_t find_port(struct tg_bytes authority)
{
    size_t start = 0;

    if (authority.len > 0 && authority.ptr[0] == '[') {
        start = tg_bytes_find(authority, ']');
    }
    return start + tg_bytes_find(tg_bytes_from(authority, start), ':');
}

enum tg_err tg_push_endpoint_parse(struct tg_push_endpoint *out, struct tg_bytes text)
{
    struct tg_bytes authority = tg_bytes_from(text, sizeof(SCHEME) - 1);
    char host[TG_SHARE_HOST_MAX + 1];
    uint64_t port = HTTPS_PORT;
    size_t colon = 0;

    if (text.len > TG_PUSH_ENDPOINT_MAX) {
        return TG_E_LIMIT;
    }
    if (!tg_bytes_is_equal_nocase(tg_bytes_first(text, sizeof(SCHEME) - 1), TG_LIT(SCHEME)) ||
        !is_url_text(authority)) {
        return TG_E_SYNTAX;
    }
    authority = tg_bytes_first(authority, authority_len(authority));
    colon = find_port(authority);
    if (tg_share_host_parse(host, tg_bytes_first(authority, colon)) != TG_OK ||
        (colon < authority.len &&
         tg_num_parse_u64(&port, tg_bytes_from(authority, colon + 1), PORT_MAX) != TG_OK) ||
        port == 0) {
        return TG_E_SYNTAX;
    }
    *out = (struct tg_push_endpoint){ .url = text,
                                      .host = tg_bytes_first(authority, colon),
                                      .port = (uint16_t)port };
    return TG_OK;
}

void tg_push_endpoint_origin(struct tg_buf *out, const struct tg_push_endpoint *endpoint)
{
    char host[TG_SHARE_HOST_MAX + 1] = "";

    if (tg_share_host_parse(host, endpoint->host) != TG_OK) {
        out->err = TG_E_BUG;
        return;
    }
    tg_buf_append_str(out, SCHEME);
    tg_buf_append_str(out, host);
    if (endpoint->port != HTTPS_PORT) {
        tg_buf_append_u8(out, ':');
        tg_buf_append_dec(out, endpoint->port);
    }
}
