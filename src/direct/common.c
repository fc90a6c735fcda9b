/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/common.h"

#include <tigress/mem.h>
#include <tigress/share_url.h>

#include "base/mem.h"
#include "wire/share_url.h"

#define SCHEME "tigress-direct://"
/* Every header's name and value, each with a NUL. */
#define TEXT_MAX (TG_DIRECT_HEADERS_MAX * (TG_DIRECT_NAME_MAX + TG_DIRECT_VALUE_MAX + 2))

/* The shared library has its own copy of base/mem. */
void tg_direct_follow_allocator(void)
{
    const struct tigress_mem *mem = tigress_mem_in_use();

    (void)tg_mem_set_hooks(mem == NULL ? &(struct tg_mem_hooks){ NULL, NULL, NULL }
                                       : &(struct tg_mem_hooks){ mem->alloc, mem->free, mem->ctx });
}

enum tigress_error tg_direct_error(enum tg_err err)
{
    static const struct {
        enum tg_err err;
        enum tigress_error error;
    } rows[] = {
        { TG_OK, TIGRESS_OK },           { TG_E_SYNTAX, TIGRESS_E_URL },
        { TG_E_LIMIT, TIGRESS_E_LIMIT }, { TG_E_NOTFOUND, TIGRESS_E_STATE },
        { TG_E_NOMEM, TIGRESS_E_NOMEM }, { TG_E_CRYPTO, TIGRESS_E_RANDOM },
        { TG_E_IO, TIGRESS_E_NETWORK },
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        if (rows[i].err == err) {
            return rows[i].error;
        }
    }
    return TIGRESS_E_BUG;
}

bool tg_direct_split_url(struct tg_bytes url, size_t *path_at)
{
    size_t start = sizeof(SCHEME) - 1;

    if (!tg_bytes_has_prefix(url, TG_LIT(SCHEME))) {
        return false;
    }
    *path_at = start + tg_bytes_find(tg_bytes_from(url, start), '/');
    return true;
}

enum tg_err tg_direct_secret_of(struct tg_secret *out, const struct tigress_session *s)
{
    char text[TIGRESS_SECRET_TEXT_MAX] = "";
    enum tigress_error error =
        tigress_session_share_url(s, TIGRESS_FORM_SECRET, text, sizeof(text));
    enum tg_err err = error == TIGRESS_E_NOMEM ? TG_E_NOMEM : TG_E_NOTFOUND;

    if (error == TIGRESS_OK && text[0] != '\0') {
        err = tg_share_secret_parse(out, tg_bytes_str(text), NULL);
    }
    tg_mem_wipe(text, sizeof(text));
    return err;
}

enum tg_err tg_direct_request_of(struct tg_direct_request *out,
                                 const struct tigress_http_request *http)
{
    struct tg_bytes url = tg_bytes_str(http->url);
    size_t path_at = 0;

    *out = (struct tg_direct_request){ .method = tg_bytes_str(http->method),
                                       .body = tg_bytes(http->body, http->body_len) };
    if (http->header_count > TG_DIRECT_HEADERS_MAX) {
        return TG_E_LIMIT;
    }
    if (!tg_direct_split_url(url, &path_at)) {
        return TG_E_SYNTAX;
    }
    out->target = tg_bytes_from(url, path_at);
    out->header_count = http->header_count;
    for (size_t i = 0; i < http->header_count; i++) {
        out->headers[i] = (struct tg_http_header){ tg_bytes_str(http->headers[i].name),
                                                   tg_bytes_str(http->headers[i].value) };
    }
    return TG_OK;
}

enum tigress_error tg_direct_reply(struct tigress_session *s,
                                   const struct tg_direct_response *response)
{
    struct tigress_http_header headers[TG_DIRECT_HEADERS_MAX];
    size_t starts[2 * TG_DIRECT_HEADERS_MAX];
    enum tigress_error error = TIGRESS_E_NOMEM;
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < response->header_count; i++) {
        starts[2 * i] = text.len;
        tg_buf_append(&text, response->headers[i].name);
        tg_buf_append_u8(&text, 0);
        starts[2 * i + 1] = text.len;
        tg_buf_append(&text, response->headers[i].value);
        tg_buf_append_u8(&text, 0);
    }
    if (tg_buf_status(&text) == TG_OK) {
        for (size_t i = 0; i < response->header_count; i++) {
            headers[i].name = (const char *)text.ptr + starts[2 * i];
            headers[i].value = (const char *)text.ptr + starts[2 * i + 1];
        }
        error = tigress_session_reply(s, response->status, headers, response->header_count,
                                      (const char *)response->body.ptr, response->body.len);
    }
    tg_buf_deinit(&text);
    return error;
}
