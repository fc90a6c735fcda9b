/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/hint.h - what a person can do after a session has failed.
 * Layer: L4.      Threads: one.      Blocks: no.      Secrets: none.
 */
#ifndef TG_CLI_HINT_H
#define TG_CLI_HINT_H

#include "cli/flow.h"

#define HINT_MAX 512

/* One or two sentences; "" where there is nothing to do. */
void hint_write(char hint[HINT_MAX], const struct flow *f, enum tigress_error error);

#endif
