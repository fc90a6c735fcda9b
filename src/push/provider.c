/* SPDX-License-Identifier: Apache-2.0 */
#include "push/provider.h"

#define HEADER_MAX 8192u /* bytes; an access token is the longest */

void tg_push_request_init(struct tg_push_request *request)
{
    *request = (struct tg_push_request){ .header_count = 0 };
    tg_buf_init(&request->url, TG_PUSH_URL_MAX);
    tg_buf_init(&request->body, TG_PUSH_BODY_MAX);
    for (size_t i = 0; i < TG_PUSH_HEADERS_MAX; i++) {
        tg_buf_init(&request->headers[i], HEADER_MAX);
    }
}

void tg_push_request_deinit(struct tg_push_request *request)
{
    tg_buf_deinit(&request->url);
    tg_buf_deinit(&request->body);
    for (size_t i = 0; i < TG_PUSH_HEADERS_MAX; i++) {
        tg_buf_deinit(&request->headers[i]);
    }
    request->header_count = 0;
}

void tg_push_request_clear(struct tg_push_request *request)
{
    tg_buf_clear(&request->url);
    tg_buf_clear(&request->body);
    for (size_t i = 0; i < request->header_count; i++) {
        tg_buf_clear(&request->headers[i]);
    }
    request->header_count = 0;
    request->credential = 0;
    request->is_http2_only = false;
    request->is_guarded = false;
}

struct tg_buf *tg_push_request_header(struct tg_push_request *request, const char *name)
{
    struct tg_buf *line = NULL;

    if (request->header_count == TG_PUSH_HEADERS_MAX) {
        request->body.err = TG_E_LIMIT;
        return &request->body; /* the request is invalid from now on */
    }
    line = &request->headers[request->header_count++];
    tg_buf_append_str(line, name);
    tg_buf_append_str(line, ": ");
    return line;
}

void tg_push_request_text(struct tg_push_request *request, const char *name, const char *value)
{
    tg_buf_append_str(tg_push_request_header(request, name), value);
}

enum tg_err tg_push_request_status(const struct tg_push_request *request)
{
    enum tg_err err = tg_buf_status(&request->url);

    if (err == TG_OK) {
        err = tg_buf_status(&request->body);
    }
    for (size_t i = 0; i < request->header_count && err == TG_OK; i++) {
        err = tg_buf_status(&request->headers[i]);
    }
    return err;
}
