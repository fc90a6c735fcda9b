/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

void tg_fault_set(struct tg_fault *fault, const char *fmt, ...)
{
    va_list args;

    if (fault == NULL || fault->text[0] != '\0') {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(fault->text, sizeof(fault->text), fmt, args);
    va_end(args);
}
