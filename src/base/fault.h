/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/fault.h - one sentence that tells a person what was wrong with input and what was expected.
 * Layer: L0.      Threads: one at a time.
 * Secrets: none. The text is made of our own words and numbers, never of what came in.
 * spec: protocol/1#problem-echoes-nothing
 */
#ifndef TG_BASE_FAULT_H
#define TG_BASE_FAULT_H

#include "base/err.h"

#define TG_FAULT_MAX 192u

struct tg_fault {
    char text[TG_FAULT_MAX]; /* NUL-terminated; "" when nothing was said */
};

/* Keeps the first sentence: a later, vaguer one from a caller does not replace it. Accepts NULL. */
void tg_fault_set(struct tg_fault *fault, const char *fmt, ...) TG_PRINTF(2, 3);

#endif
