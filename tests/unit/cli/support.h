/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of the tool: cmocka, and a standard error that is not in the test's output.
 */
#ifndef TG_TEST_CLI_SUPPORT_H
#define TG_TEST_CLI_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Discards standard error of the process. */
static int discard_stderr(void)
{
    return freopen("/dev/null", "w", stderr) == NULL ? -1 : 0;
}

#endif
