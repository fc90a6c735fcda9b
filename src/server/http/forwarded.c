/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/forwarded.h"

#include "base/mem.h"
#include "base/num.h"

#define VALUE_MAX 64u /* bytes of a quoted value: an address with a port is shorter */
#define PORT_MAX 65535u

/* What a list has named so far. */
struct list {
    const struct tg_ip_set *trusted;
    enum tg_forwarded state;
    bool has_client; /* an entry that is no trusted proxy: the entries before it do not count */
    struct tg_ip client;
    size_t entry_count;
};

/* ---- entries ---- */

/* digits, or a name that hides the port: "_" and more (RFC 7239, section 6) */
static bool is_port(struct tg_bytes text)
{
    uint64_t port = 0;

    if (text.len > 1 && text.ptr[0] == '_') {
        return true;
    }
    return text.len <= 5 && tg_num_parse_u64(&port, text, PORT_MAX) == TG_OK;
}

/* [IPv6], [IPv6]:port, IPv4 or IPv4:port. */
static bool parse_node(struct tg_ip *out, struct tg_bytes text)
{
    bool is_bracketed = text.len > 0 && text.ptr[0] == '[';
    size_t host_len = tg_bytes_find(text, is_bracketed ? ']' : ':');
    struct tg_bytes host = tg_bytes_first(text, host_len);
    struct tg_bytes rest = tg_bytes_from(text, host_len);

    if (is_bracketed) {
        if (rest.len == 0) {
            return false; /* no closing bracket */
        }
        host = tg_bytes_from(host, 1);
        rest = tg_bytes_from(rest, 1);
    }
    if (rest.len > 0 && (rest.ptr[0] != ':' || !is_port(tg_bytes_from(rest, 1)))) {
        return false;
    }
    return (tg_bytes_find(host, ':') < host.len) == is_bracketed && tg_ip_parse(out, host);
}

/* The next entry, to the right of those before. ip NULL: it names no address. */
static void add(struct list *list, const struct tg_ip *ip)
{
    list->entry_count++;
    if (list->entry_count > TG_FORWARDED_ENTRIES_MAX) {
        list->state = TG_FORWARDED_BAD;
    } else if (ip == NULL) {
        list->state = TG_FORWARDED_BAD;
        list->has_client = true;
    } else if (!tg_ip_set_has(list->trusted, ip)) {
        list->state = TG_FORWARDED_CLIENT;
        list->has_client = true;
        list->client = *ip;
    } else if (!list->has_client && list->state == TG_FORWARDED_NONE) {
        list->state = TG_FORWARDED_CLIENT;
        list->client = *ip;
    }
}

/* ---- X-Forwarded-For: addresses, separated by commas ---- */

static void add_x_forwarded_for(struct list *list, struct tg_bytes line)
{
    while (line.len > 0 && list->entry_count <= TG_FORWARDED_ENTRIES_MAX) {
        struct tg_bytes entry = tg_bytes_first(line, tg_bytes_find(line, ','));
        struct tg_ip ip;

        line = tg_bytes_from(line, entry.len + 1);
        entry = tg_bytes_trim(entry);
        if (entry.len > 0) {
            /* Many proxies write IPv6 without brackets. */
            add(list, parse_node(&ip, entry) || tg_ip_parse(&ip, entry) ? &ip : NULL);
        }
        tg_mem_wipe(&ip, sizeof(ip));
    }
}

/* ---- Forwarded: pairs name=value, separated by semicolons, in entries separated by commas ---- */

static bool is_token_char(uint8_t c)
{
    struct tg_bytes others = TG_LIT("!#$%&'*+-.^_`|~");

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           tg_bytes_find(others, c) < others.len;
}

static struct tg_bytes take_token(struct tg_bytes *line)
{
    size_t len = 0;
    struct tg_bytes token = { 0 };

    while (len < line->len && is_token_char(line->ptr[len])) {
        len++;
    }
    token = tg_bytes_first(*line, len);
    *line = tg_bytes_from(*line, len);
    return token;
}

static void skip_space(struct tg_bytes *line)
{
    while (line->len > 0 && (line->ptr[0] == ' ' || line->ptr[0] == '\t')) {
        *line = tg_bytes_from(*line, 1);
    }
}

static bool skip_char(struct tg_bytes *line, char c)
{
    bool is_there = line->len > 0 && line->ptr[0] == (uint8_t)c;

    if (is_there) {
        *line = tg_bytes_from(*line, 1);
    }
    return is_there;
}

struct value {
    uint8_t text[VALUE_MAX];
    size_t len; /* VALUE_MAX: longer than any address */
};

static void append(struct value *value, uint8_t c)
{
    if (value->len < VALUE_MAX) {
        value->text[value->len++] = c;
    }
}

/* A token or a quoted string. False: it is neither. */
static bool take_value(struct tg_bytes *line, struct value *value)
{
    struct tg_bytes token = { 0 };

    value->len = 0;
    if (!skip_char(line, '"')) {
        token = take_token(line);
        for (size_t i = 0; i < token.len; i++) {
            append(value, token.ptr[i]);
        }
        return token.len > 0;
    }
    for (;;) {
        if (line->len == 0) {
            return false; /* no closing quote */
        }
        if (skip_char(line, '"')) {
            return true;
        }
        if (skip_char(line, '\\') && line->len == 0) {
            return false;
        }
        append(value, line->ptr[0]);
        *line = tg_bytes_from(*line, 1);
    }
}

/* One entry, up to its comma or the end of the line. False: malformed, and the rest is lost. */
static bool take_entry(struct list *list, struct tg_bytes *line)
{
    struct value value;
    struct tg_ip ip;
    bool has_for = false;
    bool has_ip = false;
    bool has_pair = false;

    do {
        struct tg_bytes name = { 0 };

        skip_space(line);
        name = take_token(line);
        if (name.len > 0) {
            bool is_for = tg_bytes_is_equal_nocase(name, TG_LIT("for"));

            if (!skip_char(line, '=') || !take_value(line, &value) || (is_for && has_for)) {
                return false;
            }
            has_pair = true;
            if (is_for) {
                has_for = true;
                has_ip = value.len < VALUE_MAX && parse_node(&ip, tg_bytes(value.text, value.len));
            }
        }
        skip_space(line);
    } while (skip_char(line, ';'));
    if (has_pair) {
        add(list, has_ip ? &ip : NULL);
    }
    tg_mem_wipe(&value, sizeof(value));
    tg_mem_wipe(&ip, sizeof(ip));
    return line->len == 0 || skip_char(line, ',');
}

static void add_forwarded(struct list *list, struct tg_bytes line)
{
    while (line.len > 0 && list->entry_count <= TG_FORWARDED_ENTRIES_MAX) {
        if (!take_entry(list, &line)) {
            list->entry_count = TG_FORWARDED_ENTRIES_MAX;
            add(list, NULL); /* nothing after it can be read, in other lines neither */
        }
    }
}

/* ---- both ---- */

static void read_lists(const struct tg_http_request *head, struct list *forwarded,
                       struct list *x_forwarded_for)
{
    for (size_t i = 0; i < head->header_count; i++) {
        const struct tg_http_header *h = &head->headers[i];

        if (tg_bytes_is_equal_nocase(h->name, TG_LIT("forwarded"))) {
            add_forwarded(forwarded, h->value);
        } else if (tg_bytes_is_equal_nocase(h->name, TG_LIT("x-forwarded-for"))) {
            add_x_forwarded_for(x_forwarded_for, h->value);
        }
    }
}

enum tg_forwarded tg_forwarded_client(struct tg_ip *out, const struct tg_http_request *head,
                                      const struct tg_ip_set *trusted)
{
    struct list one = { .trusted = trusted, .state = TG_FORWARDED_NONE };
    struct list two = one;
    enum tg_forwarded result = TG_FORWARDED_BAD;

    read_lists(head, &one, &two);
    if (one.state == TG_FORWARDED_NONE || two.state == TG_FORWARDED_NONE) {
        /* The absent one does not count. */
        const struct list *there = one.state != TG_FORWARDED_NONE ? &one : &two;

        result = there->state;
        if (result == TG_FORWARDED_CLIENT) {
            *out = there->client;
        }
    } else if (one.state == TG_FORWARDED_CLIENT && two.state == TG_FORWARDED_CLIENT &&
               tg_bytes_is_equal(TG_ARRAY_BYTES(one.client.bytes),
                                 TG_ARRAY_BYTES(two.client.bytes))) {
        result = TG_FORWARDED_CLIENT;
        *out = one.client;
    }
    tg_mem_wipe(&one.client, sizeof(one.client));
    tg_mem_wipe(&two.client, sizeof(two.client));
    return result;
}
