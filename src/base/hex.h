/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/hex.h - hexadecimal text. The time depends only on lengths, so secrets may pass through.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_HEX_H
#define TG_BASE_HEX_H

#include "base/buf.h"

/* Value of one digit, 0 to 15, or -1. */
int tg_hex_digit(uint8_t c);
/* Appends lower-case digits. */
void tg_hex_encode(struct tg_buf *out, struct tg_bytes raw);
/* Exactly 2 * raw_len digits of either case. TG_E_SYNTAX otherwise; raw is then zeroed. */
TG_NODISCARD enum tg_err tg_hex_decode(uint8_t *raw, size_t raw_len, struct tg_bytes text);

#endif
