/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of the tool: cmocka, and the sentences kept off the test's output. */
#ifndef TG_TEST_CLI_SUPPORT_H
#define TG_TEST_CLI_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Standard error of the process goes to a file, which tests may read. */
static FILE *said_file;

static int catch_stderr(void)
{
    said_file = freopen("/dev/null", "w", stderr);
    return said_file == NULL ? -1 : 0;
}

#endif
