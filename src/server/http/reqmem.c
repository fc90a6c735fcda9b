/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/reqmem.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

struct field {
    uint16_t name_at, name_len, value_at, value_len; /* TG_HEAD_MAX fits */
};
_Static_assert(TG_HEAD_MAX <= UINT16_MAX, "an offset in a head fits a field");

struct tg_reqmem *tg_reqmem_new(size_t body_max)
{
    struct tg_reqmem *m = tg_mem_calloc(1, sizeof(*m));

    if (m != NULL) {
        tg_buf_init(&m->text, TG_HEAD_MAX);
        tg_buf_init(&m->fields, TG_HEADERS_MAX * sizeof(struct field));
        tg_buf_init(&m->body, body_max);
    }
    return m;
}

void tg_reqmem_free(struct tg_reqmem **m)
{
    if (m != NULL && *m != NULL) {
        tg_buf_deinit(&(*m)->text);
        tg_buf_deinit(&(*m)->fields);
        tg_buf_deinit(&(*m)->body);
        tg_mem_free(*m);
        *m = NULL;
    }
}

bool tg_reqmem_add_field(struct tg_reqmem *m, size_t name_at, size_t name_len, size_t value_at,
                         size_t value_len)
{
    const struct field field = { .name_at = (uint16_t)name_at,
                                 .name_len = (uint16_t)name_len,
                                 .value_at = (uint16_t)value_at,
                                 .value_len = (uint16_t)value_len };

    tg_buf_append(&m->fields, tg_bytes(&field, sizeof(field)));
    return tg_buf_status(&m->fields) == TG_OK;
}

size_t tg_reqmem_field_count(const struct tg_reqmem *m)
{
    return m->fields.len / sizeof(struct field);
}

struct tg_http_header tg_reqmem_field(const struct tg_reqmem *m, size_t index)
{
    struct tg_bytes text = tg_buf_view(&m->text);
    struct field field;

    assert(index < tg_reqmem_field_count(m));
    memcpy(&field, m->fields.ptr + index * sizeof(field), sizeof(field));
    assert((size_t)field.name_at + field.name_len <= text.len);
    assert((size_t)field.value_at + field.value_len <= text.len);
    return (struct tg_http_header){ .name = tg_bytes(text.ptr + field.name_at, field.name_len),
                                    .value = tg_bytes(text.ptr + field.value_at, field.value_len) };
}

void tg_reqmem_request(struct tg_reqmem *m, struct tg_http_header headers[TG_HEADERS_MAX],
                       struct tg_bytes method, struct tg_http_request *out)
{
    size_t count = tg_reqmem_field_count(m);

    for (size_t i = 0; i < count; i++) {
        headers[i] = tg_reqmem_field(m, i);
    }
    *out = (struct tg_http_request){
        .method = method,
        .target = tg_bytes_first(tg_bytes_from(tg_buf_view(&m->text), m->target_at), m->target_len),
        .headers = headers,
        .header_count = count,
        .body = tg_buf_view(&m->body),
    };
}
