/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http2_head.h"

#include "base/num.h"
#include "server/http/payment.h"

#include <string.h>

#define FIELD_OVERHEAD 32u /* bytes that RFC 9113, section 6.5.2, adds to each field */

static void set_fault(struct tg_http2_stream *s, unsigned status, const char *detail)
{
    if (s->fault.status == 0) {
        s->fault = (struct tg_head_fault){ status, detail };
    }
}

/* ---- limits ---- */

void tg_http2_head_begin(struct tg_http2_stream *s)
{
    s->block_len = 0;
    s->block_lines = 0;
}

/* spec: protocol/3#head-limits */
static bool limit(struct tg_http2_stream *s, struct tg_bytes name, struct tg_bytes value)
{
    s->block_len += name.len + value.len + FIELD_OVERHEAD;
    s->block_lines += name.len > 0 && name.ptr[0] == ':' ? 0 : 1;
    if (s->block_len > TG_HEAD_MAX) {
        set_fault(s, 431, TG_HEAD_TOO_LARGE);
    } else if (s->block_lines > TG_HEADERS_MAX) {
        set_fault(s, 431, TG_HEAD_TOO_MANY_LINES);
    }
    return s->block_len <= 2 * TG_HEAD_MAX && s->block_lines <= 2 * TG_HEADERS_MAX;
}

/* ---- fields ---- */

static void store_method(struct tg_http2_stream *s, struct tg_bytes value)
{
    if (value.len > sizeof(s->method)) {
        set_fault(s, 400, "the method is longer than 32 bytes");
        return;
    }
    memcpy(s->method, value.ptr, value.len);
    s->method_len = (uint8_t)value.len;
}

static void store_path(struct tg_http2_stream *s, struct tg_bytes value)
{
    struct tg_reqmem *m = s->mem;

    if (value.len > TG_TARGET_MAX) {
        set_fault(s, 414, TG_HEAD_TARGET_TOO_LONG);
        return;
    }
    m->target_at = m->text.len;
    m->target_len = value.len;
    tg_buf_append(&m->text, value);
}

static void store_authority(struct tg_http2_stream *s, struct tg_bytes value)
{
    s->authority_at = (uint16_t)s->mem->text.len;
    s->authority_len = (uint16_t)value.len;
    tg_buf_append(&s->mem->text, value);
}

static void store_field(struct tg_http2_stream *s, struct tg_bytes name, struct tg_bytes value)
{
    struct tg_reqmem *m = s->mem;
    size_t at = m->text.len;

    if (!tg_account_may_take(s->pending.peer->account, name.len + value.len)) {
        set_fault(s, 503, TG_HEAD_NO_MEMORY);
        return;
    }
    tg_buf_append(&m->text, name);
    tg_buf_append(&m->text, value);
    if (tg_buf_status(&m->text) == TG_OK &&
        !tg_reqmem_add_field(m, at, name.len, at + name.len, value.len)) {
        set_fault(s, 503, TG_HEAD_NO_MEMORY);
    }
}

bool tg_http2_head_field(struct tg_http2_stream *s, struct tg_bytes name, struct tg_bytes value)
{
    tg_payment_received(&s->pending, name.len + value.len);
    if (!limit(s, name, value)) {
        return false;
    }
    if (s->is_dispatched) {
        return true; /* its time was over before its head was complete */
    }
    tg_asker_take(&s->pending.asker, name, value);
    if (s->fault.status != 0) {
        return true; /* refused at the end of the head */
    }
    if (tg_bytes_is_equal(name, TG_LIT(":method"))) {
        store_method(s, value);
    } else if (tg_bytes_is_equal(name, TG_LIT(":path"))) {
        store_path(s, value);
    } else if (tg_bytes_is_equal(name, TG_LIT(":authority"))) {
        store_authority(s, value);
    } else if (name.len > 0 && name.ptr[0] != ':') {
        store_field(s, name, value);
    }
    if (tg_buf_status(&s->mem->text) != TG_OK) {
        set_fault(s, 503, TG_HEAD_NO_MEMORY); /* not its size: that was limited before */
    }
    return true;
}

bool tg_http2_head_trailer(struct tg_http2_stream *s, struct tg_bytes name, struct tg_bytes value)
{
    bool is_within = limit(s, name, value);

    if (tg_head_is_refused_trailer(name)) {
        set_fault(s, 400, TG_HEAD_BAD_TRAILER);
    }
    return is_within;
}

/* ---- the end of a head ---- */

static bool is_method(const struct tg_http2_stream *s, struct tg_bytes name)
{
    return tg_bytes_is_equal(tg_bytes(s->method, s->method_len), name);
}

static struct tg_bytes without_default_port(struct tg_bytes authority)
{
    static const char *const ports[] = { ":443", ":80" };

    for (size_t i = 0; i < TG_COUNT(ports); i++) {
        size_t len = strlen(ports[i]);

        if (authority.len > len && tg_bytes_is_equal(tg_bytes_from(authority, authority.len - len),
                                                     tg_bytes_str(ports[i]))) {
            return tg_bytes_first(authority, authority.len - len);
        }
    }
    return authority;
}

/* What RFC 9113, section 8.3.1, calls malformed and nghttp2 accepts: a target that is no path, user
   information in the authority, a Host that names another one. */
static bool is_malformed(const struct tg_http2_stream *s)
{
    struct tg_bytes text = tg_buf_view(&s->mem->text);
    struct tg_bytes target =
        tg_bytes_first(tg_bytes_from(text, s->mem->target_at), s->mem->target_len);
    struct tg_bytes authority =
        tg_bytes_first(tg_bytes_from(text, s->authority_at), s->authority_len);
    bool is_target = (target.len > 0 && target.ptr[0] == '/') ||
                     (is_method(s, TG_LIT("OPTIONS")) && tg_bytes_is_equal(target, TG_LIT("*")));

    if (!is_target || tg_bytes_find(target, '#') < target.len ||
        tg_bytes_find(authority, '@') < authority.len) {
        return true;
    }
    for (size_t i = 0; i < tg_reqmem_field_count(s->mem); i++) {
        struct tg_http_header field = tg_reqmem_field(s->mem, i);

        if (tg_bytes_is_equal(field.name, TG_LIT("host")) && authority.len > 0 &&
            !tg_bytes_is_equal_nocase(without_default_port(field.value),
                                      without_default_port(authority))) {
            return true;
        }
    }
    return false;
}

/* What the head states about its body. */
struct announced {
    bool is_too_large;
    bool is_continue_expected;
    bool is_expectation_unknown;
};

static struct announced read_announced(const struct tg_http2_stream *s)
{
    struct announced a = { 0 };
    uint64_t len = 0;

    for (size_t i = 0; i < tg_reqmem_field_count(s->mem); i++) {
        struct tg_http_header field = tg_reqmem_field(s->mem, i);

        if (tg_bytes_is_equal(field.name, TG_LIT("content-length"))) {
            a.is_too_large =
                tg_num_parse_u64(&len, field.value, s->conn->env->settings->body_max) != TG_OK;
        } else if (tg_bytes_is_equal(field.name, TG_LIT("expect"))) {
            a.is_continue_expected = true;
            a.is_expectation_unknown =
                a.is_expectation_unknown ||
                !tg_bytes_is_equal_nocase(field.value, TG_LIT("100-continue"));
        }
    }
    return a;
}

/* spec: protocol/1#expect-continue */
static void send_continue(const struct tg_http2_stream *s)
{
    uint8_t name[] = ":status";
    uint8_t value[] = "100";
    const nghttp2_nv field = {
        .name = name, .namelen = sizeof(name) - 1, .value = value, .valuelen = sizeof(value) - 1
    };

    (void)nghttp2_submit_headers(s->conn->session, NGHTTP2_FLAG_NONE, s->id, NULL, &field, 1, NULL);
}

void tg_http2_head_end(struct tg_http2_stream *s, bool has_body)
{
    struct announced announced = { 0 };

    if (s->fault.status == 0 && is_method(s, TG_LIT("CONNECT"))) {
        set_fault(s, 400, TG_HEAD_NO_CONNECT);
    }
    if (s->fault.status == 0 && is_malformed(s)) {
        tg_http2_reset_malformed(s);
        return;
    }
    if (s->fault.status == 0) {
        announced = read_announced(s);
    }
    if (announced.is_expectation_unknown) {
        set_fault(s, 417, TG_HEAD_EXPECTATION);
    }
    if (s->fault.status != 0) {
        tg_http2_refuse(s, s->fault.status, s->fault.detail);
    } else if (!tg_http2_admit(s)) {
        return;
    } else if (has_body && announced.is_too_large) {
        tg_http2_dispatch(s, true);
    } else if (has_body && announced.is_continue_expected) {
        tg_list_append(&s->conn->expecting, &s->expecting);
    }
}

/* spec: protocol/1#decided-before-continue */
void tg_http2_head_continue(struct tg_http2 *c)
{
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&c->expecting)) != NULL) {
        const struct tg_http2_stream *s = TG_CONTAINER(link, struct tg_http2_stream, expecting);

        if (!s->is_dispatched && s->mem->body.len == 0) {
            send_continue(s);
        }
    }
}

void tg_http2_head_end_trailers(struct tg_http2_stream *s)
{
    if (s->fault.status != 0) {
        tg_http2_refuse(s, s->fault.status, s->fault.detail);
    }
}
