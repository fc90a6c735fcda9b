/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/text.h - texts between C strings, views and buffers.
 * Layer: L2 (base, include/tigress).      Threads: any.      Blocks: no.
 * Secrets: a text may be one; the caller wipes it.
 */
#ifndef TG_CLIENT_TEXT_H
#define TG_CLIENT_TEXT_H

#include <tigress/error.h>

#include "base/buf.h"

/* Copies text and a NUL to out, truncated to cap bytes. Accepts out == NULL and cap == 0. */
void tg_text_copy(char *out, size_t cap, const char *text);
/* Copies the whole text and a NUL. TIGRESS_E_LIMIT: it does not fit, and out is "". */
enum tigress_error tg_text_copy_whole(char *out, size_t cap, struct tg_bytes text);
/* A view of a C string. Reads at most max + 1 bytes, so a longer string gives max + 1 bytes. */
struct tg_bytes tg_text_view(const char *text, size_t max);
/* Hands over the content of buf, with a NUL after *len bytes; buf is then empty. The caller frees
 *ptr with tigress_free. TG_E_NOMEM: nothing changed. */
TG_NODISCARD enum tg_err tg_text_take(struct tg_buf *buf, char **ptr, size_t *len);
/* Replaces the content of text, with a NUL after it. TG_E_NOMEM, TG_E_LIMIT: unchanged. */
TG_NODISCARD enum tg_err tg_text_set(struct tg_buf *text, struct tg_bytes value);
/* The content as a C string; "" when the buffer is empty. Ends with the next change of text. */
const char *tg_text_cstr(const struct tg_buf *text);

#endif
