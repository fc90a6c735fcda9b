/* SPDX-License-Identifier: Apache-2.0 */
#include "client/text.h"

#include "base/mem.h"

#include <string.h>

void tg_text_copy(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);

    if (out == NULL || cap == 0) {
        return;
    }
    len = len < cap ? len : cap - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

struct tg_bytes tg_text_view(const char *text, size_t max)
{
    return tg_bytes(text, text == NULL ? 0 : strnlen(text, max + 1));
}

enum tg_err tg_text_take(struct tg_buf *buf, char **ptr, size_t *len)
{
    (void)tg_buf_cstr(buf); /* a NUL, also for an empty text */
    if (tg_buf_status(buf) != TG_OK) {
        return tg_buf_status(buf);
    }
    *ptr = (char *)buf->ptr;
    *len = buf->len;
    tg_buf_init(buf, buf->max);
    return TG_OK;
}

enum tigress_error tg_text_copy_whole(char *out, size_t cap, struct tg_bytes text)
{
    if (text.len >= cap) {
        if (cap > 0) {
            out[0] = '\0';
        }
        return TIGRESS_E_LIMIT;
    }
    if (text.len > 0) {
        memcpy(out, text.ptr, text.len);
    }
    out[text.len] = '\0';
    return TIGRESS_OK;
}

enum tg_err tg_text_set(struct tg_buf *text, struct tg_bytes value)
{
    struct tg_buf fresh;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&fresh, text->max);
    tg_buf_append(&fresh, value);
    (void)tg_buf_cstr(&fresh);
    err = tg_buf_status(&fresh);
    if (err != TG_OK) {
        tg_buf_deinit(&fresh);
        return err;
    }
    tg_buf_deinit(text);
    *text = fresh;
    return TG_OK;
}

const char *tg_text_cstr(const struct tg_buf *text)
{
    return text->len == 0 ? "" : (const char *)text->ptr;
}
