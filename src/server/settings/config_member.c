/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_member.h"

#include "base/harmful.h"
#include "base/utf8.h"

#include <string.h>

#define TITLE_CHARS_MAX 48u

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

enum tg_err tg_config_copy_title(char dst[TG_CONFIG_TITLE_MAX + 1], struct tg_bytes text,
                                 struct tg_fault *fault)
{
    struct tg_bytes rest = text;
    size_t count = 0;
    bool is_good = text.len > 0;

    while (is_good && rest.len > 0) {
        uint32_t code = 0;
        size_t len = tg_utf8_first(rest, &code);

        is_good = len > 0 && !tg_text_is_harmful(code) && ++count <= TITLE_CHARS_MAX;
        rest = tg_bytes_from(rest, len);
    }
    if (!is_good || tg_config_copy(dst, TG_CONFIG_TITLE_MAX + 1, text) != TG_OK) {
        tg_fault_set(fault,
                     "no name that people can read (expected: 1 to %u characters of UTF-8, none "
                     "that is unseen or changes the direction)",
                     TITLE_CHARS_MAX);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}
