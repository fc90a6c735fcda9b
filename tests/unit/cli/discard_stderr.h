/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the tool: keeps what it writes to standard error out of the output of the test. */
#ifndef TESTS_UNIT_CLI_DISCARD_STDERR_H
#define TESTS_UNIT_CLI_DISCARD_STDERR_H

#include "support/c/unit.h"

#include <stdio.h>
#include <string.h>

/* Discards standard error of the process. */
static int discard_stderr(void)
{
    return freopen("/dev/null", "w", stderr) == NULL ? -1 : 0;
}

#endif
