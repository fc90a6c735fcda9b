/* SPDX-License-Identifier: Apache-2.0 */
/* For every C test: cmocka with the headers that must come before it, and what tests of several
   folders share. No other file includes cmocka.h. */
#ifndef TESTS_SUPPORT_C_UNIT_H
#define TESTS_SUPPORT_C_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fault.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The buffer holds exactly this text and no error. */
#define assert_buf_text(buf, text)                                                                 \
    do {                                                                                           \
        assert_int_equal(tg_buf_status(buf), TG_OK);                                               \
        assert_int_equal((buf)->len, strlen(text));                                                \
        assert_memory_equal((buf)->ptr, (text), strlen(text));                                     \
    } while (0)

#define assert_view(view, text)                                                                    \
    do {                                                                                           \
        struct tg_bytes seen_ = (view);                                                            \
        assert_int_equal(seen_.len, strlen(text));                                                 \
        assert_memory_equal(seen_.len == 0 ? "" : (const char *)seen_.ptr, (text), strlen(text));  \
    } while (0)

#define assert_fault_begins(fault, start) assert_memory_equal((fault).text, (start), strlen(start))

/* Skips the rest of the case. scripts/report_skipped lists the reason. */
#define skip_because(reason)                                                                       \
    do {                                                                                           \
        print_message("SKIPPED: %s\n", (reason));                                                  \
        skip();                                                                                    \
    } while (0)

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

/* Makes or replaces the file. */
static inline void write_file(const char *path, const void *data, size_t len, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

#endif
