/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/num.h - arithmetic and decimal text for numbers from outside.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_NUM_H
#define TG_BASE_NUM_H

#include "base/bytes.h"
#include "base/err.h"

/* *sum = a + b; TG_E_LIMIT on overflow, *sum then untouched. */
TG_NODISCARD enum tg_err tg_num_add(size_t *sum, size_t a, size_t b);
TG_NODISCARD enum tg_err tg_num_mul(size_t *product, size_t a, size_t b);

/* 1 to 20 ASCII digits, nothing else, value at most max. TG_E_SYNTAX or TG_E_LIMIT; *v then
 * untouched. */
TG_NODISCARD enum tg_err tg_num_parse_u64(uint64_t *v, struct tg_bytes text, uint64_t max);

#endif
