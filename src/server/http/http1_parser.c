/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http1_parser.h"

static int fail_with(struct tg_http1_parser *p, unsigned status, const char *detail)
{
    if (p->fault.status == 0) {
        p->fault = (struct tg_head_fault){ status, detail };
    }
    return -1;
}

static int collect(struct tg_http1_parser *p, const char *at, size_t len)
{
    tg_buf_append(&p->mem->text, tg_bytes(at, len));
    if (tg_buf_status(&p->mem->text) == TG_E_LIMIT) {
        return fail_with(p, 431, TG_HEAD_TOO_LARGE);
    }
    return tg_buf_status(&p->mem->text) == TG_OK ? 0 : fail_with(p, 503, TG_HEAD_NO_MEMORY);
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tg_http1_parser *p = llhttp->data;

    p->mem->target_len += len;
    if (p->mem->target_len > TG_TARGET_MAX) {
        return fail_with(p, 414, TG_HEAD_TARGET_TOO_LONG);
    }
    return collect(p, at, len);
}

static int on_field(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tg_http1_parser *p = llhttp->data;

    if (p->is_in_body) {
        return 0; /* trailers are ignored; body_raw_len in http1.c limits their size */
    }
    if (p->name_len == 0) {
        p->name_at = p->mem->text.len;
    }
    p->name_len += len;
    return collect(p, at, len);
}

static int on_field_complete(llhttp_t *llhttp)
{
    struct tg_http1_parser *p = llhttp->data;

    p->value_at = p->mem->text.len;
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tg_http1_parser *p = llhttp->data;

    return p->is_in_body ? 0 : collect(p, at, len);
}

static int on_value_complete(llhttp_t *llhttp)
{
    struct tg_http1_parser *p = llhttp->data;
    struct tg_reqmem *m = p->mem;
    struct tg_bytes value = { 0 };

    if (p->is_in_body) {
        return 0;
    }
    if (p->name_len == 0) {
        return fail_with(p, 400, "a header line has no name");
    }
    value = tg_bytes_trim(tg_bytes_from(tg_buf_view(&m->text), p->value_at));
    tg_asker_take(p->asker,
                  tg_bytes_first(tg_bytes_from(tg_buf_view(&m->text), p->name_at), p->name_len),
                  value);
    if (tg_reqmem_field_count(m) >= TG_HEADERS_MAX) {
        return fail_with(p, 431, TG_HEAD_TOO_MANY_LINES);
    }
    if (!tg_reqmem_add_field(m, p->name_at, p->name_len,
                             value.len == 0 ? p->value_at
                                            : (size_t)((const uint8_t *)value.ptr - m->text.ptr),
                             value.len)) {
        return fail_with(p, 503, TG_HEAD_NO_MEMORY);
    }
    p->name_len = 0;
    return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    llhttp->upgrade = 0; /* Upgrade is ignored: no other protocol is supported */
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    struct tg_http1_parser *p = llhttp->data;

    if (len > p->body_max - p->mem->body.len) {
        p->is_body_too_large = true;
        return -1;
    }
    tg_buf_append(&p->mem->body, tg_bytes(at, len));
    if (tg_buf_status(&p->mem->body) != TG_OK) {
        return fail_with(p, 503, TG_BODY_NO_MEMORY);
    }
    return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct tg_http1_parser *p = llhttp->data;

    p->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void tg_http1_parser_start(struct tg_http1_parser *p, struct tg_reqmem *mem, struct tg_asker *asker,
                           size_t body_max)
{
    *p = (struct tg_http1_parser){ .mem = mem, .asker = asker, .body_max = body_max };
    llhttp_init(&p->llhttp, HTTP_REQUEST, &callbacks);
    p->llhttp.data = p;
}
