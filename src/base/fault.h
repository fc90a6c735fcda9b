/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/fault.h - one sentence for a person: what was wrong with the input and what was expected.
 * Layer: L0.      Threads: one at a time.
 * Secrets: none. The text consists of literals and numbers, never of the input.
 * spec: protocol/1#problem-echoes-nothing
 */
#ifndef TG_BASE_FAULT_H
#define TG_BASE_FAULT_H

#include "base/err.h"

#define TG_FAULT_MAX 192u

struct tg_fault {
    char text[TG_FAULT_MAX]; /* NUL-terminated; "": no fault */
};

/* Keeps the first sentence: a later, more general one of a caller does not replace it. Accepts
   NULL. */
void tg_fault_set(struct tg_fault *fault, const char *fmt, ...) TG_PRINTF(2, 3);

#endif
