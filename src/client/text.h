/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/text.h - small helpers of the exported functions.
 * Layer: L2.      Threads: any.
 */
#ifndef TG_CLIENT_TEXT_H
#define TG_CLIENT_TEXT_H

#include <tigress/error.h>

#include "base/buf.h"
#include "base/fault.h"

/* Writes text and a NUL to out, cut to cap bytes. Accepts out == NULL and cap == 0. */
void tg_api_say(char *out, size_t cap, const char *text);
/* A bounded view of a C string: max + 1 bytes at most are looked at. */
struct tg_bytes tg_api_text(const char *text, size_t max);
/* Hands a buffer's memory over: *ptr has a NUL behind *len bytes. buf is then empty. */
TG_NODISCARD enum tg_err tg_api_take(struct tg_buf *buf, char **ptr, size_t *len);
/* Copies with a NUL. TIGRESS_E_LIMIT: does not fit; out is "". */
enum tigress_error tg_api_put(char *out, size_t cap, struct tg_bytes text);

#endif
