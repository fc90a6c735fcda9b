/* SPDX-License-Identifier: Apache-2.0 */
#include "client/text.h"

#include "base/mem.h"

#include <string.h>

void tg_api_say(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);

    if (out == NULL || cap == 0) {
        return;
    }
    len = len < cap ? len : cap - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

struct tg_bytes tg_api_text(const char *text, size_t max)
{
    return tg_bytes(text, text == NULL ? 0 : strnlen(text, max + 1));
}

enum tg_err tg_api_take(struct tg_buf *buf, char **ptr, size_t *len)
{
    char *copy = tg_mem_calloc(buf->len + 1, 1);

    if (copy == NULL) {
        return TG_E_NOMEM;
    }
    if (buf->len > 0) {
        memcpy(copy, buf->ptr, buf->len);
    }
    *ptr = copy;
    *len = buf->len;
    tg_buf_deinit(buf);
    return TG_OK;
}

enum tigress_error tg_api_put(char *out, size_t cap, struct tg_bytes text)
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
