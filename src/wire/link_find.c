/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/link_find.h"

#include "base/mem.h"
#include "base/num.h"
#include "wire/link_reading.h"

#include <string.h>

#define PATH "/v1/m/"
#define DIRECT "tigress-direct://"

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hash(uint8_t c)
{
    return c == '#' || c == TG_LINK_HASH;
}

/* ---- behind the identifier ------------------------------------------------------------------ */

/* The first v of the query, without what was glued on. False: it is encoded, or too long. */
static bool read_vertical(struct tg_share_url *url, struct tg_bytes query)
{
    while (query.len > 0) {
        struct tg_bytes item = tg_bytes_first(query, tg_bytes_find(query, '&'));
        struct tg_bytes value = tg_bytes_from(item, 2);
        size_t len = 0;

        query = tg_bytes_from(query, item.len + 1);
        if (!tg_bytes_has_prefix(item, TG_LIT("v="))) {
            continue;
        }
        /* Quoted-printable text has =3D for = */
        if (tg_bytes_is_equal_nocase(tg_bytes_first(value, 2), TG_LIT("3D"))) {
            value = tg_bytes_from(value, 2);
        }
        while (len < value.len && (is_alnum(value.ptr[len]) || strchr("-._~", value.ptr[len]))) {
            len++;
        }
        /* What is left is glued on, and so is a full stop at the end. */
        if (tg_bytes_find(value, '%') < value.len || len > TG_VERTICAL_MAX) {
            return false;
        }
        while (len > 0 && value.ptr[len - 1] == '.') {
            len--;
        }
        if (len > 0) {
            memcpy(url->vertical, value.ptr, len);
        }
        url->vertical[len] = '\0';
        return true;
    }
    return true;
}

/* A secret that is a whole item of the query, with its padding. */
static bool read_query_secret(struct tg_link_finder *f, struct tg_link_reading *r, size_t from,
                              size_t to)
{
    struct tg_bytes text = r->view->text;
    bool is_found = false;

    r->repairs |= TG_LINK_PLACE;
    r->is_exposed = true;
    for (size_t i = from; i < to; i++) {
        size_t len = 0;

        if (i > from && tg_link_at(text, i - 1) != '&') {
            continue;
        }
        while (tg_link_is_b64(tg_link_at(text, i + len))) {
            len++;
        }
        if (tg_link_at(text, i + len) == '=') {
            is_found = tg_link_read_secret(f, r, i) || is_found;
        }
    }
    return is_found;
}

/* spec: protocol/8#exposed-secret */
static void read_fragment(struct tg_link_finder *f, struct tg_link_reading *r, size_t hash)
{
    struct tg_bytes text = r->view->text;
    size_t token = tg_link_token_start(text, r->start);
    bool was_encoded = tg_link_at(text, hash) == TG_LINK_HASH;
    uint8_t next = tg_link_at(text, hash + 1);
    bool is_bare = false;

    r->repairs |= was_encoded ? TG_LINK_ENCODED_HASH : 0;
    r->is_exposed =
        was_encoded && tg_bytes_find(tg_link_slice(text, token, hash), '#') == hash - token;
    r->end = hash + 1;
    /* Encoded text is not read here: another layer has it decoded. */
    is_bare = (tg_link_ends_token(next) && next != ' ') ||
              tg_link_is_percent(tg_bytes_from(text, r->end));
    if (!is_bare && tg_link_read_secret(f, r, r->end)) {
        return;
    }
    if (is_bare || (next == ' ' && r->view->breaks == TG_LINK_BREAKS_END)) {
        tg_link_accept_bare(f, r);
    } else {
        tg_link_accept_damaged(f, r);
    }
}

/* i: behind the identifier */
static void read_tail(struct tg_link_finder *f, struct tg_link_reading *r, size_t i)
{
    struct tg_bytes text = r->view->text;
    size_t end = i;

    /* Some programs end a path with a slash. */
    if (tg_link_at(text, i) == '/' && !tg_link_is_b64(tg_link_at(text, i + 1))) {
        i++;
    }
    if (tg_link_at(text, i) == '/') {
        r->repairs |= TG_LINK_PLACE;
        r->is_exposed = true;
        (void)tg_link_read_secret(f, r, i + 1);
        return; /* another path */
    }
    if (is_alnum(tg_link_at(text, i)) || tg_link_at(text, i) == '-' ||
        tg_link_is_percent(tg_bytes_from(text, i))) {
        return; /* no UUID, or not decoded yet */
    }
    end = i;
    if (tg_link_at(text, i) == '?') {
        while (end - i < TG_SHARE_URL_MAX && !tg_link_ends_token(tg_link_at(text, end)) &&
               !is_hash(tg_link_at(text, end))) {
            end++;
        }
        if (!read_vertical(&r->url, tg_link_slice(text, i + 1, end))) {
            return;
        }
    }
    r->end = end;
    if (tg_link_at(text, end) == TG_LINK_BROKEN) {
        return;
    }
    if (is_hash(tg_link_at(text, end))) {
        read_fragment(f, r, end);
    } else if (tg_link_at(text, i) != '?' || !read_query_secret(f, r, i + 1, end)) {
        r->repairs &= ~(unsigned)TG_LINK_PLACE;
        tg_link_accept_bare(f, r);
    }
}

/* Reads what is in front of the path as an origin, and the rest. The strict reader of share URLs
   has the last word on each part. */
static void read_link(struct tg_link_finder *f, struct tg_link_reading *r, const char *scheme,
                      struct tg_bytes authority, size_t id)
{
    struct tg_bytes text = r->view->text;
    struct tg_buf canon;

    tg_buf_init(&canon, TG_SHARE_URL_MAX);
    tg_buf_append_str(&canon, scheme);
    tg_buf_append(&canon, authority);
    tg_buf_append_str(&canon, strcmp(scheme, DIRECT) == 0 ? "/" : PATH);
    tg_buf_append(&canon, tg_link_slice(text, id, id + TG_UUID_TEXT_LEN));
    if (tg_buf_status(&canon) == TG_OK &&
        tg_share_url_parse(&r->url, tg_buf_view(&canon), NULL) == TG_OK) {
        read_tail(f, r, id + TG_UUID_TEXT_LEN);
    }
    tg_share_url_wipe(&r->url);
    tg_buf_deinit(&canon);
}

/* ---- in front of the path ------------------------------------------------------------------- */

static bool is_host_char(uint8_t c)
{
    return is_alnum(c) || c == '-' || c == '.';
}

/* Where the host and port begin that end at `end`. */
static size_t authority_start(struct tg_bytes text, size_t end)
{
    size_t i = end;

    while (i > 0 && end - i < TG_SHARE_HOST_MAX + 6 &&
           (is_host_char(text.ptr[i - 1]) || strchr(":[]", text.ptr[i - 1]) != NULL)) {
        i--;
    }
    return i;
}

/* The scheme whose "://" or ":/" ends at i; *start: where it begins. NULL: none that is ours. */
static const char *find_scheme(struct tg_bytes text, size_t i, size_t *start)
{
    static const char *const schemes[] = { "https://", "tigress://", "http://" };

    while (i > 0 && text.ptr[i - 1] == '/') {
        i--;
    }
    if (i == 0 || text.ptr[i - 1] != ':') {
        return NULL;
    }
    for (size_t k = 0; k < TG_COUNT(schemes); k++) {
        struct tg_bytes name = tg_bytes(schemes[k], strlen(schemes[k]) - 3);

        if (i > name.len &&
            tg_bytes_is_equal_nocase(tg_link_slice(text, i - 1 - name.len, i - 1), name)) {
            *start = i - 1 - name.len;
            return schemes[k];
        }
    }
    return NULL;
}

static bool is_slash(uint8_t c)
{
    return c == '/' || c == '\\';
}

/* Whether the host of a URL has begun in front of end, and has not ended there. */
static bool is_in_authority(struct tg_bytes text, size_t end)
{
    size_t floor = end > TG_SHARE_URL_MAX ? end - TG_SHARE_URL_MAX : 0;

    for (size_t i = end; i > floor; i--) {
        uint8_t c = text.ptr[i - 1];

        if (c == ' ' || c == '\n' || c == '?' || is_hash(c)) {
            return false;
        }
        if (is_slash(c)) {
            return i < end && i >= 2 && (is_slash(text.ptr[i - 2]) || text.ptr[i - 2] == ':');
        }
    }
    return floor > 0;
}

/* The end of what is in front of the blanks, the line breaks and the marks of a quotation. */
static size_t skip_back(struct tg_bytes text, size_t end)
{
    while (end > 0 && strchr(" \n>|", text.ptr[end - 1]) != NULL) {
        end--;
    }
    return end;
}

/* Whether a host without a scheme can be the rest of another: what is in front of the line break,
   or of the blanks, decides. */
static bool may_be_continued(struct tg_link_finder *f, const struct tg_link_view *v, size_t label,
                             size_t start)
{
    struct tg_bytes text = v->text;
    struct tg_bytes before = { NULL, 0 };
    size_t end = skip_back(text, start);
    size_t break_count = tg_link_has_gap(v, start, start) ? 1 : 0;
    size_t token = 0;
    size_t front = 0;
    bool is_only = false;

    for (size_t i = end; i < start; i++) {
        break_count += text.ptr[i] == '\n' ? 1 : 0;
    }
    if (break_count == 0) {
        bool is_rest = is_in_authority(text, end) ||
                       is_in_authority(text, skip_back(text, label)) ||
                       (start > 0 && tg_link_is_quoted(tg_link_slice(text, start - 1, start + 2)));

        f->is_unclear = f->is_unclear || is_rest;
        return is_rest;
    }
    if (end == 0) {
        return false;
    }
    token = tg_link_token_start(text, end);
    before = tg_link_slice(text, token, end);
    if (tg_link_has_part(before, TG_LIT("//"))) {
        return true; /* it is, and another reading has all of it */
    }
    if (!is_host_char(text.ptr[end - 1])) {
        return strchr("\"'(<[{,;:*!?)", text.ptr[end - 1]) == NULL;
    }
    front = token;
    while (front > 0 && text.ptr[front - 1] == ' ') {
        front--;
    }
    is_only = front == 0 || text.ptr[front - 1] == '\n' || is_slash(text.ptr[front - 1]) ||
              tg_link_has_gap(v, token, token);
    if (break_count == 1 && (is_only || tg_bytes_find(before, '.') < before.len)) {
        f->is_uncertain = true;
        return true;
    }
    return false;
}

/* Whether a host can begin at i without anything of a URL in front of it. */
static bool is_free(struct tg_bytes text, size_t i)
{
    return i == 0 || strchr(" \n\"'(<[{|=,;:*>", text.ptr[i - 1]) != NULL;
}

/* Where a host without a scheme begins, or `end`. */
static size_t bare_host_start(const struct tg_link_view *v, size_t start, size_t end)
{
    struct tg_bytes text = v->text;
    size_t i = start;
    uint64_t port = 0;

    /* "Link:host:443": what is in front of a colon without a port is no part of it. */
    for (size_t k = start; k < end; k++) {
        struct tg_bytes behind = tg_link_slice(text, k + 1, end);

        if (text.ptr[k] == ':' && tg_link_at(text, start) != '[' &&
            tg_num_parse_u64(&port, behind, UINT16_MAX) != TG_OK) {
            i = k + 1;
        }
    }
    if (!is_free(text, start)) {
        return end;
    }
    return tg_bytes_find(tg_link_slice(text, i, end), '.') < end - i || tg_link_at(text, i) == '['
               ? i
               : end;
}

/* A hyphen at a line break can be one that the wrapping program has put there, and what is behind a
   line break can be a host of its own. */
static void check_gaps(struct tg_link_finder *f, const struct tg_link_view *v, size_t start,
                       size_t end)
{
    for (size_t i = start + 1; i < end; i++) {
        struct tg_bytes behind = tg_link_slice(v->text, i, end);
        size_t dot = tg_bytes_find(behind, '.');

        if (tg_link_has_gap(v, i, i) &&
            (v->text.ptr[i - 1] == '-' || (dot > 0 && dot < behind.len))) {
            f->is_uncertain = true;
        }
    }
}

/* A link to a relay. path: where PATH begins. */
static void read_relay_link(struct tg_link_finder *f, const struct tg_link_view *v, size_t path)
{
    struct tg_link_reading r = { .view = v };
    size_t start = authority_start(v->text, path);
    const char *scheme = NULL;

    r.start = start;
    if (start > 0 && v->text.ptr[start - 1] == '/') {
        scheme = find_scheme(v->text, start, &r.start);
        if (scheme == NULL && start >= 2 && v->text.ptr[start - 2] == '/' &&
            is_free(v->text, start - 2) && tg_link_at(v->text, start - 3) != ':') {
            scheme = "https://"; /* as in a page: with the scheme of the page */
            r.start = start - 2;
            r.repairs = TG_LINK_NO_SCHEME;
        }
        if (scheme == NULL) {
            return;
        }
    } else {
        size_t label = start; /* as in "Key:relay.example" */

        r.start = bare_host_start(v, start, path);
        start = r.start;
        r.repairs = TG_LINK_NO_SCHEME;
        if (start == path || tg_link_has_gap(v, start + 1, path - 1) ||
            may_be_continued(f, v, label, start)) {
            return;
        }
        scheme = "https://";
    }
    check_gaps(f, v, start, path);
    read_link(f, &r, scheme, tg_link_slice(v->text, start, path), path + strlen(PATH));
}

static void read_direct_link(struct tg_link_finder *f, const struct tg_link_view *v, size_t start)
{
    struct tg_link_reading r = { .view = v, .start = start };
    size_t host = start + strlen(DIRECT);
    size_t end = host;

    while (end - host < TG_SHARE_HOST_MAX + 6 &&
           (is_host_char(tg_link_at(v->text, end)) ||
            (tg_link_at(v->text, end) != 0 && strchr(":[]", tg_link_at(v->text, end)) != NULL))) {
        end++;
    }
    if (tg_link_at(v->text, end) == '/') {
        check_gaps(f, v, host, end);
        read_link(f, &r, DIRECT, tg_link_slice(v->text, host, end), end + 1);
    }
}

void tg_link_find(struct tg_link_finder *f, const struct tg_link_view *v)
{
    for (size_t i = 0; i < v->text.len && !f->is_two_links; i++) {
        struct tg_bytes rest = tg_bytes_from(v->text, i);

        if (rest.ptr[0] == '/' && tg_bytes_has_prefix(rest, TG_LIT(PATH))) {
            read_relay_link(f, v, i);
        } else if ((rest.ptr[0] | 0x20) == 't' &&
                   tg_bytes_is_equal_nocase(tg_bytes_first(rest, strlen(DIRECT)), TG_LIT(DIRECT))) {
            read_direct_link(f, v, i);
        }
    }
}
