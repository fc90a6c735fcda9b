/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#define DECIMAL_MAX_DIGITS 20u

enum tg_err tg_num_add(size_t *sum, size_t a, size_t b)
{
    size_t out = 0;

    if (__builtin_add_overflow(a, b, &out)) {
        return TG_E_LIMIT;
    }
    *sum = out;
    return TG_OK;
}

enum tg_err tg_num_mul(size_t *product, size_t a, size_t b)
{
    size_t out = 0;

    if (__builtin_mul_overflow(a, b, &out)) {
        return TG_E_LIMIT;
    }
    *product = out;
    return TG_OK;
}

enum tg_err tg_num_parse_u64(uint64_t *v, struct tg_bytes text, uint64_t max)
{
    uint64_t sum = 0;

    if (text.len == 0) {
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return TG_E_SYNTAX;
        }
    }
    if (text.len > DECIMAL_MAX_DIGITS) {
        return TG_E_LIMIT;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(text.ptr[i] - '0'), &sum)) {
            return TG_E_LIMIT;
        }
    }
    if (sum > max) {
        return TG_E_LIMIT;
    }
    *v = sum;
    return TG_OK;
}
