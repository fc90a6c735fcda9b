/* SPDX-License-Identifier: Apache-2.0 */
/* For every test of base/: cmocka, and the headers that must come before it. */
#ifndef TG_TEST_UNIT_BASE_UNIT_H
#define TG_TEST_UNIT_BASE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

/* The buffer holds exactly this text and no error. */
#define assert_buf_text(buf, text)                                                                 \
    do {                                                                                           \
        assert_int_equal(tg_buf_status(buf), TG_OK);                                               \
        assert_int_equal((buf)->len, strlen(text));                                                \
        assert_memory_equal((buf)->ptr, (text), strlen(text));                                     \
    } while (0)

#endif
