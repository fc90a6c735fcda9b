/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/utf8.h - checks and reads UTF-8 (RFC 3629: no surrogates, no overlong form, at most
 * U+10FFFF). Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_UTF8_H
#define TG_BASE_UTF8_H

#include "base/bytes.h"

bool tg_utf8_is_valid(struct tg_bytes text);

/* The first character of the text, in *code. Returns its bytes; 0: the text is empty or does not
   begin with a character, *code is then 0. */
size_t tg_utf8_first(struct tg_bytes text, uint32_t *code);

#endif
