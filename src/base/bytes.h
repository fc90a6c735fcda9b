/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/bytes.h - a borrowed view of bytes. It owns nothing and is not NUL-terminated.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_BYTES_H
#define TG_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_bytes {
    const uint8_t *ptr; /* may be NULL when len is 0 */
    size_t len;         /* bytes */
};

/* A view of a string literal, without its NUL. */
#define TG_LIT(s) ((struct tg_bytes){ (const uint8_t *)("" s), sizeof(s) - 1 })
/* A view of a whole array. */
#define TG_ARRAY_BYTES(a) ((struct tg_bytes){ (const uint8_t *)(a), sizeof(a) })
#define TG_COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline struct tg_bytes tg_bytes(const void *ptr, size_t len)
{
    return (struct tg_bytes){ (const uint8_t *)ptr, len };
}

/* A view of a C string without its NUL; NULL gives the empty view. Ends with the string. */
struct tg_bytes tg_bytes_str(const char *str);

/* For public values only. */
bool tg_bytes_is_equal(struct tg_bytes a, struct tg_bytes b);
bool tg_bytes_is_equal_nocase(struct tg_bytes a, struct tg_bytes b); /* ASCII case only */
bool tg_bytes_has_prefix(struct tg_bytes a, struct tg_bytes prefix);

/* The view from offset on; empty when offset is at or past the end. */
struct tg_bytes tg_bytes_from(struct tg_bytes a, size_t offset);
/* The first len bytes, or all if fewer. */
struct tg_bytes tg_bytes_first(struct tg_bytes a, size_t len);
/* Without ASCII spaces and tabs at both ends. */
struct tg_bytes tg_bytes_trim(struct tg_bytes a);
/* Index of the first c, or a.len. */
size_t tg_bytes_find(struct tg_bytes a, uint8_t c);

/* For secrets, tags and hashes: the time depends only on the lengths. */
bool tg_ct_equal(struct tg_bytes a, struct tg_bytes b);

#endif
