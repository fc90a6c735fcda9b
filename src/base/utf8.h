/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/utf8.h - checks UTF-8 (RFC 3629: no surrogates, no overlong form, at most U+10FFFF).
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_UTF8_H
#define TG_BASE_UTF8_H

#include "base/bytes.h"

bool tg_utf8_is_valid(struct tg_bytes text);

#endif
