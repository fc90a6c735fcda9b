/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for the tests of wire/. */
#ifndef TG_TEST_UNIT_WIRE_UNIT_H
#define TG_TEST_UNIT_WIRE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"

#define assert_view(view, text)                                                                    \
    do {                                                                                           \
        struct tg_bytes seen_ = (view);                                                            \
        assert_int_equal(seen_.len, strlen(text));                                                 \
        assert_memory_equal(seen_.len == 0 ? "" : (const char *)seen_.ptr, (text), strlen(text));  \
    } while (0)

#define assert_fault_begins(fault, start) assert_memory_equal((fault).text, (start), strlen(start))

/* Appends len bytes of c. */
static inline void fill(struct tg_buf *b, char c, size_t len)
{
    uint8_t *at = tg_buf_extend(b, len);

    assert_non_null(at);
    memset(at, c, len);
}

/* A heap copy of exactly len bytes, so that a sanitizer sees a read past the end. */
static inline struct tg_buf exact(const void *data, size_t len)
{
    struct tg_buf b;

    tg_buf_init(&b, len);
    tg_buf_append(&b, tg_bytes(data, len));
    return b;
}

#endif
