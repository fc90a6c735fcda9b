/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/buf.h - a growing byte buffer with a maximum; every encoder writes into one.
 * Layer: L0.      Threads: one at a time.      Blocks: no.
 * Secrets: may hold them; every block that it frees is wiped.
 *
 * Appends do not return an error. The first failure sticks: later appends do nothing, and
 * tg_buf_status() returns it, so that an encoder checks once after all its appends.
 */
#ifndef TG_BASE_BUF_H
#define TG_BASE_BUF_H

#include "base/bytes.h"
#include "base/err.h"

struct tg_buf {
    uint8_t *ptr;    /* owned; NULL until the first append */
    size_t len;      /* bytes used */
    size_t cap;      /* bytes allocated */
    size_t max;      /* of len */
    enum tg_err err; /* the first failure: TG_E_LIMIT or TG_E_NOMEM */
    bool is_shared;  /* its memory belongs to no owner (base/mem_owner.h) */
};

/* An empty buffer that will never hold more than max bytes. Allocates nothing. */
void tg_buf_init(struct tg_buf *b, size_t max);
/* The same for a buffer that is used for one connection after the other. */
void tg_buf_init_shared(struct tg_buf *b, size_t max);
/* Wipes and frees. The buffer is then as after tg_buf_init. Accepts a zeroed struct. */
void tg_buf_deinit(struct tg_buf *b);
/* Wipes and removes the contents, keeps the allocation, clears a sticky error. */
void tg_buf_clear(struct tg_buf *b);

void tg_buf_append(struct tg_buf *b, struct tg_bytes data);
void tg_buf_append_str(struct tg_buf *b, const char *str);
void tg_buf_append_u8(struct tg_buf *b, uint8_t v);
void tg_buf_append_u16(struct tg_buf *b, uint16_t v); /* these three big-endian */
void tg_buf_append_u32(struct tg_buf *b, uint32_t v);
void tg_buf_append_u64(struct tg_buf *b, uint64_t v);
void tg_buf_append_dec(struct tg_buf *b, uint64_t v); /* decimal digits */

/* Makes room for extra more bytes, exactly, so that a large text is not copied while it grows. A
   failure sticks. */
void tg_buf_reserve(struct tg_buf *b, size_t extra);
/* Appends len zero bytes and returns a pointer to them, or NULL on failure. Ends at the next
 * append.
 */
uint8_t *tg_buf_extend(struct tg_buf *b, size_t len);
/* Shortens to len bytes and wipes the rest. A len at or past the end does nothing. */
void tg_buf_truncate(struct tg_buf *b, size_t len);
/* Removes the first len bytes (at most all of them). */
void tg_buf_consume(struct tg_buf *b, size_t len);

/* TG_OK, or the first failure of any append since init or clear. */
TG_NODISCARD enum tg_err tg_buf_status(const struct tg_buf *b);
/* The contents. Ends at the next append, clear, truncate or deinit. */
struct tg_bytes tg_buf_view(const struct tg_buf *b);
/* The contents as a C string, or "" on failure (sticky). The NUL is not part of len. Same end. */
const char *tg_buf_cstr(struct tg_buf *b);

#endif
