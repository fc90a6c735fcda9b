/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "base/mem.h"

#include <string.h>

enum tg_err tg_secret_set(struct tg_secret *s, struct tg_bytes data)
{
    if (data.len > TG_SECRET_MAX) {
        return TG_E_LIMIT;
    }
    tg_secret_wipe(s);
    if (data.len > 0) {
        memcpy(s->bytes, data.ptr, data.len);
    }
    s->len = data.len;
    return TG_OK;
}

void tg_secret_wipe(struct tg_secret *s)
{
    tg_mem_wipe(s, sizeof(*s));
}

struct tg_bytes tg_secret_view(const struct tg_secret *s)
{
    return tg_bytes(s->bytes, s->len);
}
