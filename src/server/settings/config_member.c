/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_member.h"

#include <string.h>

void *tg_setting_member(struct tg_config *config, const struct tg_setting *setting)
{
    return (char *)config + setting->offset;
}

const void *tg_setting_member_const(const struct tg_config *config,
                                    const struct tg_setting *setting)
{
    return (const char *)config + setting->offset;
}

uint64_t tg_setting_load_number(const void *at, size_t size)
{
    uint32_t v32 = 0;
    uint64_t v64 = 0;

    if (size == sizeof(v32)) {
        memcpy(&v32, at, sizeof(v32));
        return v32;
    }
    memcpy(&v64, at, sizeof(v64));
    return v64;
}

void tg_setting_store_number(void *at, size_t size, uint64_t v)
{
    uint32_t v32 = (uint32_t)v;

    if (size == sizeof(v32)) {
        memcpy(at, &v32, sizeof(v32));
    } else {
        memcpy(at, &v, sizeof(v));
    }
}

enum tg_err tg_config_copy(char *dst, size_t cap, struct tg_bytes text)
{
    if (text.len >= cap) {
        return TG_E_LIMIT;
    }
    if (text.len > 0) {
        memcpy(dst, text.ptr, text.len);
    }
    dst[text.len] = '\0';
    return TG_OK;
}
