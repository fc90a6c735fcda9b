/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/reqmem.h"

#include "base/mem.h"

#include <assert.h>

#define KEPT_TEXT_MAX 4096u /* a larger buffer is not kept */
#define KEPT_BODY_MAX 16384u

void tg_reqmem_pool_init(struct tg_reqmem_pool *pool)
{
    tg_list_init(&pool->kept);
    pool->kept_count = 0;
}

static void reqmem_free(struct tg_reqmem *m)
{
    tg_buf_deinit(&m->text);
    tg_buf_deinit(&m->body);
    tg_mem_free_secret(m, sizeof(*m));
}

void tg_reqmem_pool_deinit(struct tg_reqmem_pool *pool)
{
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&pool->kept)) != NULL) {
        reqmem_free(TG_CONTAINER(link, struct tg_reqmem, link));
    }
    pool->kept_count = 0;
}

struct tg_reqmem *tg_reqmem_take(struct tg_reqmem_pool *pool, size_t body_max)
{
    struct tg_link *link = tg_list_shift(&pool->kept);
    struct tg_reqmem *m = NULL;

    if (link != NULL) {
        pool->kept_count--;
        m = TG_CONTAINER(link, struct tg_reqmem, link);
        m->body.max = body_max;
        return m;
    }
    m = tg_mem_calloc(1, sizeof(*m));
    if (m != NULL) {
        tg_buf_init(&m->text, TG_HEAD_MAX);
        tg_buf_init(&m->body, body_max);
    }
    return m;
}

void tg_reqmem_put(struct tg_reqmem_pool *pool, struct tg_reqmem **m)
{
    struct tg_reqmem *mem = *m;

    *m = NULL;
    if (mem == NULL) {
        return;
    }
    if (pool->kept_count >= TG_REQMEM_KEPT) {
        reqmem_free(mem);
        return;
    }
    tg_buf_clear(&mem->text);
    tg_buf_clear(&mem->body);
    if (mem->text.cap > KEPT_TEXT_MAX) {
        tg_buf_deinit(&mem->text);
    }
    if (mem->body.cap > KEPT_BODY_MAX) {
        tg_buf_deinit(&mem->body);
    }
    mem->target_len = 0;
    mem->field_count = 0;
    pool->kept_count++;
    tg_list_append(&pool->kept, &mem->link);
}

void tg_reqmem_request(struct tg_reqmem *m, struct tg_bytes method, struct tg_http_request *out)
{
    struct tg_bytes text = tg_buf_view(&m->text);

    for (size_t i = 0; i < m->field_count; i++) {
        assert((size_t)m->fields[i].value_at + m->fields[i].value_len <= text.len);
        m->headers[i].name = tg_bytes(text.ptr + m->fields[i].name_at, m->fields[i].name_len);
        m->headers[i].value = tg_bytes(text.ptr + m->fields[i].value_at, m->fields[i].value_len);
    }
    *out = (struct tg_http_request){
        .method = method,
        .target = tg_bytes_first(text, m->target_len),
        .headers = m->headers,
        .header_count = m->field_count,
        .body = tg_buf_view(&m->body),
    };
}
