/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/frame.h"

#include "base/reader.h"

#define LENGTH_LEN 4u
#define FORMAT 1u
#define KIND_REQUEST 1u
#define KIND_ANSWER 2u

enum tg_err tg_direct_frame_next(struct tg_bytes stream, size_t max, size_t *frame_len)
{
    struct tg_reader r = tg_reader_init(stream);
    size_t len = tg_reader_u32(&r);

    if (r.is_short) {
        return TG_E_NOTFOUND;
    }
    /* spec: protocol/7#direct-frame-limits: refused before its content arrives */
    if (len == 0 || len > max - LENGTH_LEN) {
        return TG_E_LIMIT;
    }
    if (r.rest.len < len) {
        return TG_E_NOTFOUND;
    }
    *frame_len = LENGTH_LEN + len;
    return TG_OK;
}

/* ---- encode --------------------------------------------------------------------------------- */

static void put_head(struct tg_buf *out, uint8_t kind)
{
    tg_buf_append_u32(out, 0); /* the length, once it is known */
    tg_buf_append_u8(out, FORMAT);
    tg_buf_append_u8(out, kind);
}

static void put_text(struct tg_buf *out, unsigned length_len, struct tg_bytes text, size_t max)
{
    if (text.len > max) {
        out->err = TG_E_LIMIT;
    }
    if (length_len == 1) {
        tg_buf_append_u8(out, (uint8_t)text.len);
    } else if (length_len == 2) {
        tg_buf_append_u16(out, (uint16_t)text.len);
    } else {
        tg_buf_append_u32(out, (uint32_t)text.len);
    }
    tg_buf_append(out, text);
}

static void put_headers(struct tg_buf *out, const struct tg_http_header *headers, size_t count)
{
    tg_buf_append_u8(out, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        put_text(out, 1, headers[i].name, TG_DIRECT_NAME_MAX);
        put_text(out, 2, headers[i].value, TG_DIRECT_VALUE_MAX);
    }
}

/* Writes the length into the head; on failure removes the frame from out. */
static enum tg_err finish(struct tg_buf *out, size_t start)
{
    enum tg_err err = tg_buf_status(out);
    size_t len = out->len - start - LENGTH_LEN;

    if (err != TG_OK) {
        out->err = TG_OK;
        tg_buf_truncate(out, start);
        return err;
    }
    for (size_t i = 0; i < LENGTH_LEN; i++) {
        out->ptr[start + i] = (uint8_t)(len >> (8 * (LENGTH_LEN - 1 - i)));
    }
    return TG_OK;
}

enum tg_err tg_direct_request_encode(struct tg_buf *out, const struct tg_direct_request *request)
{
    size_t start = out->len;

    if (request->header_count > TG_DIRECT_HEADERS_MAX) {
        return TG_E_LIMIT;
    }
    put_head(out, KIND_REQUEST);
    put_text(out, 1, request->method, TG_DIRECT_METHOD_MAX);
    put_text(out, 2, request->target, TG_DIRECT_TARGET_MAX);
    put_headers(out, request->headers, request->header_count);
    put_text(out, 4, request->body, TG_DIRECT_REQUEST_BODY_MAX);
    return finish(out, start);
}

enum tg_err tg_direct_response_encode(struct tg_buf *out, const struct tg_direct_response *response)
{
    size_t start = out->len;

    if (response->header_count > TG_DIRECT_HEADERS_MAX) {
        return TG_E_LIMIT;
    }
    put_head(out, KIND_ANSWER);
    tg_buf_append_u16(out, (uint16_t)response->status);
    put_headers(out, response->headers, response->header_count);
    put_text(out, 4, response->body, TG_DIRECT_ANSWER_BODY_MAX);
    return finish(out, start);
}

/* ---- decode --------------------------------------------------------------------------------- */

static enum tg_err get_head(struct tg_reader *r, uint8_t kind)
{
    size_t len = tg_reader_u32(r);

    if (r->is_short || len != r->rest.len || tg_reader_u8(r) != FORMAT || tg_reader_u8(r) != kind) {
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

static enum tg_err get_text(struct tg_bytes *out, struct tg_reader *r, size_t len, size_t max)
{
    if (len > max) {
        return TG_E_LIMIT;
    }
    *out = tg_reader_bytes(r, len);
    return r->is_short ? TG_E_SYNTAX : TG_OK;
}

/* Visible ASCII, as in a method, a target or a name. */
static bool is_token(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f) {
            return false;
        }
    }
    return text.len > 0;
}

/* No control characters: a value is one line, and a whole C string. */
static bool is_value(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum tg_err get_headers(struct tg_http_header *headers, size_t *count, struct tg_reader *r)
{
    enum tg_err err = TG_E_BUG;
    size_t announced = tg_reader_u8(r);

    TG_REQUIRE(announced <= TG_DIRECT_HEADERS_MAX, TG_E_LIMIT);
    for (size_t i = 0; i < announced; i++) {
        TG_TRY(get_text(&headers[i].name, r, tg_reader_u8(r), TG_DIRECT_NAME_MAX));
        TG_TRY(get_text(&headers[i].value, r, tg_reader_u16(r), TG_DIRECT_VALUE_MAX));
        TG_REQUIRE(is_token(headers[i].name) && is_value(headers[i].value), TG_E_SYNTAX);
    }
    *count = announced;
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_direct_request_decode(struct tg_direct_request *out, struct tg_bytes frame)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reader r = tg_reader_init(frame);

    *out = (struct tg_direct_request){ .header_count = 0 };
    TG_TRY(get_head(&r, KIND_REQUEST));
    TG_TRY(get_text(&out->method, &r, tg_reader_u8(&r), TG_DIRECT_METHOD_MAX));
    TG_TRY(get_text(&out->target, &r, tg_reader_u16(&r), TG_DIRECT_TARGET_MAX));
    TG_REQUIRE(is_token(out->method) && is_token(out->target), TG_E_SYNTAX);
    TG_TRY(get_headers(out->headers, &out->header_count, &r));
    TG_TRY(get_text(&out->body, &r, tg_reader_u32(&r), TG_DIRECT_REQUEST_BODY_MAX));
    TG_TRY(tg_reader_finish(&r));
out:
    if (err != TG_OK) {
        *out = (struct tg_direct_request){ .header_count = 0 };
    }
    return err;
}

enum tg_err tg_direct_response_decode(struct tg_direct_response *out, struct tg_bytes frame)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reader r = tg_reader_init(frame);

    *out = (struct tg_direct_response){ .status = 0 };
    TG_TRY(get_head(&r, KIND_ANSWER));
    out->status = tg_reader_u16(&r);
    TG_REQUIRE(out->status >= 100 && out->status <= 599, TG_E_SYNTAX);
    TG_TRY(get_headers(out->headers, &out->header_count, &r));
    TG_TRY(get_text(&out->body, &r, tg_reader_u32(&r), TG_DIRECT_ANSWER_BODY_MAX));
    TG_TRY(tg_reader_finish(&r));
out:
    if (err != TG_OK) {
        *out = (struct tg_direct_response){ .status = 0 };
    }
    return err;
}
