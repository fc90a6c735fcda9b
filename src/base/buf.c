/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"
#include "base/mem_owner.h"

#include <string.h>

#define BUF_FIRST_CAP 64u

void tg_buf_init(struct tg_buf *b, size_t max)
{
    *b = (struct tg_buf){ .max = max };
}

void tg_buf_init_shared(struct tg_buf *b, size_t max)
{
    tg_buf_init(b, max);
    b->is_shared = true;
}

void tg_buf_deinit(struct tg_buf *b)
{
    tg_mem_free_secret(b->ptr, b->cap);
    *b = (struct tg_buf){ .max = b->max, .is_shared = b->is_shared };
}

static uint8_t *grow(const struct tg_buf *b, size_t cap)
{
    struct tg_mem_owner *before = NULL;
    uint8_t *grown = NULL;

    if (!b->is_shared) {
        return tg_mem_grow(b->ptr, b->cap, cap);
    }
    before = tg_mem_enter(NULL);
    grown = tg_mem_grow(b->ptr, b->cap, cap);
    (void)tg_mem_enter(before);
    return grown;
}

void tg_buf_clear(struct tg_buf *b)
{
    tg_mem_wipe(b->ptr, b->len);
    b->len = 0;
    b->err = TG_OK;
}

/* The capacity for need bytes: doubled, so that many small appends are cheap, but never more than
   the buffer may hold with a NUL. */
static size_t grown_cap(const struct tg_buf *b, size_t need)
{
    size_t cap = b->cap < BUF_FIRST_CAP / 2 ? BUF_FIRST_CAP / 2 : b->cap;

    cap = cap > SIZE_MAX / 2 || cap * 2 < need ? need : cap * 2;
    return cap - 1 > b->max ? b->max + 1 : cap;
}

enum growth { GROWTH_EXACT, GROWTH_DOUBLED };

/* Makes room for `extra` bytes and a NUL behind them. */
static bool reserve(struct tg_buf *b, size_t extra, enum growth growth)
{
    size_t need = 0;
    size_t cap = 0;
    uint8_t *grown = NULL;

    if (b->err != TG_OK) {
        return false;
    }
    if (extra > b->max - b->len || b->len + extra == SIZE_MAX) {
        b->err = TG_E_LIMIT;
        return false;
    }
    need = b->len + extra + 1;
    if (need <= b->cap) {
        return true;
    }
    cap = growth == GROWTH_EXACT ? need : grown_cap(b, need);
    grown = grow(b, cap);
    if (grown == NULL) {
        b->err = TG_E_NOMEM;
        return false;
    }
    b->ptr = grown;
    b->cap = cap;
    return true;
}

void tg_buf_reserve(struct tg_buf *b, size_t extra)
{
    (void)reserve(b, extra, GROWTH_EXACT);
}

void tg_buf_append(struct tg_buf *b, struct tg_bytes data)
{
    if (data.len > 0 && reserve(b, data.len, GROWTH_DOUBLED)) {
        memcpy(b->ptr + b->len, data.ptr, data.len);
        b->len += data.len;
    }
}

void tg_buf_append_str(struct tg_buf *b, const char *str)
{
    tg_buf_append(b, tg_bytes_str(str));
}

static void append_be(struct tg_buf *b, uint64_t v, size_t len)
{
    uint8_t raw[8] = { 0 };

    for (size_t i = 0; i < len; i++) {
        raw[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
    }
    tg_buf_append(b, tg_bytes(raw, len));
}

void tg_buf_append_u8(struct tg_buf *b, uint8_t v)
{
    append_be(b, v, 1);
}

void tg_buf_append_u16(struct tg_buf *b, uint16_t v)
{
    append_be(b, v, 2);
}

void tg_buf_append_u32(struct tg_buf *b, uint32_t v)
{
    append_be(b, v, 4);
}

void tg_buf_append_u64(struct tg_buf *b, uint64_t v)
{
    append_be(b, v, 8);
}

void tg_buf_append_dec(struct tg_buf *b, uint64_t v)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    tg_buf_append(b, tg_bytes(digits + at, sizeof(digits) - at));
}

uint8_t *tg_buf_extend(struct tg_buf *b, size_t len)
{
    uint8_t *at = NULL;

    if (!reserve(b, len, GROWTH_DOUBLED)) {
        return NULL;
    }
    at = b->ptr + b->len;
    memset(at, 0, len);
    b->len += len;
    return at;
}

void tg_buf_truncate(struct tg_buf *b, size_t len)
{
    if (len < b->len) {
        tg_mem_wipe(b->ptr + len, b->len - len);
        b->len = len;
    }
}

void tg_buf_consume(struct tg_buf *b, size_t len)
{
    if (len >= b->len) {
        tg_buf_truncate(b, 0);
    } else if (len > 0) {
        memmove(b->ptr, b->ptr + len, b->len - len);
        tg_buf_truncate(b, b->len - len);
    }
}

enum tg_err tg_buf_status(const struct tg_buf *b)
{
    return b->err;
}

struct tg_bytes tg_buf_view(const struct tg_buf *b)
{
    return tg_bytes(b->ptr, b->len);
}

const char *tg_buf_cstr(struct tg_buf *b)
{
    if (!reserve(b, 0, GROWTH_DOUBLED)) {
        return "";
    }
    b->ptr[b->len] = 0;
    return (const char *)b->ptr;
}
