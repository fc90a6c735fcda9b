/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <string.h>

struct tg_bytes tg_bytes_str(const char *str)
{
    return tg_bytes(str, str == NULL ? 0 : strlen(str));
}

bool tg_bytes_is_equal(struct tg_bytes a, struct tg_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static uint8_t lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool tg_bytes_is_equal_nocase(struct tg_bytes a, struct tg_bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool tg_bytes_has_prefix(struct tg_bytes a, struct tg_bytes prefix)
{
    return a.len >= prefix.len && tg_bytes_is_equal(tg_bytes_first(a, prefix.len), prefix);
}

struct tg_bytes tg_bytes_from(struct tg_bytes a, size_t offset)
{
    if (offset >= a.len) {
        return (struct tg_bytes){ NULL, 0 };
    }
    return tg_bytes(a.ptr + offset, a.len - offset);
}

struct tg_bytes tg_bytes_first(struct tg_bytes a, size_t len)
{
    return tg_bytes(a.ptr, len < a.len ? len : a.len);
}

struct tg_bytes tg_bytes_trim(struct tg_bytes a)
{
    while (a.len > 0 && (a.ptr[0] == ' ' || a.ptr[0] == '\t')) {
        a = tg_bytes_from(a, 1);
    }
    while (a.len > 0 && (a.ptr[a.len - 1] == ' ' || a.ptr[a.len - 1] == '\t')) {
        a.len--;
    }
    return a;
}

size_t tg_bytes_find(struct tg_bytes a, uint8_t c)
{
    const uint8_t *found = a.len == 0 ? NULL : memchr(a.ptr, c, a.len);

    return found == NULL ? a.len : (size_t)(found - a.ptr);
}

bool tg_ct_equal(struct tg_bytes a, struct tg_bytes b)
{
    volatile uint8_t diff = 0;

    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        diff = (uint8_t)(diff | (a.ptr[i] ^ b.ptr[i]));
    }
    return diff == 0;
}
