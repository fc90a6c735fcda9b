/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/head.h"

#include <string.h>

/* Refuses what two parsers could understand differently, before llhttp parses it.
   spec: protocol/1#no-smuggling, protocol/3#head-limits */
enum tg_guard tg_head_guard_scan(struct tg_head_guard *g, struct tg_bytes in, size_t *used)
{
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];

        *used = i + 1;
        if ((g->last == '\r') != (c == '\n')) {
            return TG_GUARD_BAD;
        }
        if (c == '\n') {
            /* Empty lines before the request line are skipped (RFC 9112, section 2.2). */
            if (g->line_len == 0 && g->line_count > 0) {
                return TG_GUARD_END;
            }
            g->line_count += g->line_len > 0 ? 1 : 0;
            g->line_len = 0;
        } else if (c != '\r') {
            /* No line begins with white space. One space separates the request line's parts. */
            if ((c == ' ' || c == '\t') &&
                (g->line_len == 0 || (g->line_count == 0 && (g->last == ' ' || c == '\t')))) {
                return TG_GUARD_BAD;
            }
            g->line_len++;
        }
        g->last = c;
    }
    *used = in.len;
    return TG_GUARD_MORE;
}

/* Only characters of reg-name, IP literal and port (RFC 3986): none that ends a URL's authority. */
static bool is_authority(struct tg_bytes text)
{
    static const char punctuation[] = "-._~%!$&'()*+,;=:[]";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_alnum && memchr(punctuation, c, sizeof(punctuation) - 1) == NULL) {
            return false;
        }
    }
    return true;
}

/* "http://host/path?query" becomes "/path?query", in place. */
static struct tg_head_fault check_target(struct tg_reqmem *m)
{
    static const struct tg_head_fault bad = {
        400, "the request target must be a path or an http(s) URL"
    };
    struct tg_bytes target = tg_bytes_first(tg_buf_view(&m->text), m->target_len);
    struct tg_bytes rest = { 0 };
    size_t authority_len = 0;

    if (tg_bytes_find(target, '#') < target.len) {
        return bad;
    }
    if (target.len > 0 && (target.ptr[0] == '/' || tg_bytes_is_equal(target, TG_LIT("*")))) {
        return (struct tg_head_fault){ 0 };
    }
    if (tg_bytes_is_equal_nocase(tg_bytes_first(target, 7), TG_LIT("http://"))) {
        rest = tg_bytes_from(target, 7);
    } else if (tg_bytes_is_equal_nocase(tg_bytes_first(target, 8), TG_LIT("https://"))) {
        rest = tg_bytes_from(target, 8);
    }
    while (authority_len < rest.len && rest.ptr[authority_len] != '/' &&
           rest.ptr[authority_len] != '?') {
        authority_len++;
    }
    if (authority_len == 0 || !is_authority(tg_bytes_first(rest, authority_len))) {
        return bad;
    }
    rest = tg_bytes_from(rest, authority_len);
    if (rest.len > 0 && rest.ptr[0] == '/') {
        memmove(m->text.ptr, rest.ptr, rest.len);
        m->target_len = rest.len;
    } else {
        if (rest.len > 0) {
            memmove(m->text.ptr + 1, rest.ptr, rest.len);
        }
        m->text.ptr[0] = '/'; /* overwrites the scheme */
        m->target_len = rest.len + 1;
    }
    return (struct tg_head_fault){ 0 };
}

struct tg_head_fault tg_head_check(struct tg_reqmem *m, bool is_connect,
                                   struct tg_head_facts *facts)
{
    size_t host_count = 0;

    for (size_t i = 0; i < tg_reqmem_field_count(m); i++) {
        struct tg_bytes name = tg_reqmem_field(m, i).name;
        struct tg_bytes value = tg_reqmem_field(m, i).value;

        if (tg_bytes_is_equal_nocase(name, TG_LIT("host"))) {
            host_count++;
            if (!is_authority(value)) {
                return (struct tg_head_fault){ 400,
                                               "Host must be a host name with an optional port" };
            }
        } else if (tg_bytes_is_equal_nocase(name, TG_LIT("expect"))) {
            if (!tg_bytes_is_equal_nocase(value, TG_LIT("100-continue"))) {
                return (struct tg_head_fault){ 417, TG_HEAD_EXPECTATION };
            }
            facts->has_expect_continue = facts->minor > 0;
        } else if (tg_bytes_is_equal_nocase(name, TG_LIT("transfer-encoding"))) {
            if (facts->minor == 0 || facts->has_chunked ||
                !tg_bytes_is_equal_nocase(value, TG_LIT("chunked"))) {
                return (struct tg_head_fault){ 400, "Transfer-Encoding can only be chunked, once" };
            }
            facts->has_chunked = true;
        }
    }
    if (host_count > 1 || (host_count == 0 && facts->minor > 0)) {
        return (struct tg_head_fault){ 400, "exactly one Host header is required" };
    }
    if (is_connect) {
        return (struct tg_head_fault){ 400, TG_HEAD_NO_CONNECT };
    }
    return check_target(m);
}

bool tg_head_is_refused_trailer(struct tg_bytes name)
{
    /* RFC 9110 section 6.5.1, and the headers of the protocol that change what a call does. */
    static const char *const refused[] = {
        "content-length",
        "transfer-encoding",
        "host",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "content-type",
        "content-encoding",
        "content-range",
        "authorization",
        "proxy-authorization",
        "cookie",
        "if-match",
        "if-none-match",
        "forwarded",
        "x-forwarded-for",
        "mailbox-secret-proof",
        "mailbox-known-version",
        "mailbox-known-recipient",
        "mailbox-end-note",
    };

    for (size_t i = 0; i < TG_COUNT(refused); i++) {
        if (tg_bytes_is_equal_nocase(name, tg_bytes_str(refused[i]))) {
            return true;
        }
    }
    return false;
}

struct reason {
    unsigned status;
    const char *text;
};

static const char *reason_of(unsigned status)
{
    static const struct reason reasons[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 204, "No Content" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 406, "Not Acceptable" },
        { 408, "Request Timeout" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 417, "Expectation Failed" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
        { 505, "HTTP Version Not Supported" },
    };

    for (size_t i = 0; i < TG_COUNT(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return "";
}

bool tg_head_has_body(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

void tg_head_encode(struct tg_buf *out, const struct tg_http_response *response,
                    struct tg_bytes date, enum tg_head_connection connection)
{
    static const char *const connections[] = {
        [TG_HEAD_KEEP] = "",
        [TG_HEAD_KEEP_1_0] = "connection: keep-alive\r\n",
        [TG_HEAD_CLOSE] = "connection: close\r\n",
    };

    tg_buf_append(out, TG_LIT("HTTP/1.1 "));
    tg_buf_append_dec(out, response->status);
    tg_buf_append_u8(out, ' ');
    tg_buf_append_str(out, reason_of(response->status));
    tg_buf_append(out, TG_LIT("\r\ndate: "));
    tg_buf_append(out, date);
    tg_buf_append(out, TG_LIT("\r\n"));
    for (size_t i = 0; i < response->header_count; i++) {
        tg_buf_append(out, response->headers[i].name);
        tg_buf_append(out, TG_LIT(": "));
        tg_buf_append(out, response->headers[i].value);
        tg_buf_append(out, TG_LIT("\r\n"));
    }
    if (tg_head_has_body(response->status)) {
        tg_buf_append(out, TG_LIT("content-length: "));
        tg_buf_append_dec(out, response->body.len);
        tg_buf_append(out, TG_LIT("\r\n"));
    }
    tg_buf_append_str(out, connections[connection]);
    tg_buf_append(out, TG_LIT("\r\n"));
}
