/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/step.h - the step of verification that refuses an attestation.
 * Layer: L2, for attest/ alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_ATTEST_STEP_H
#define TG_ATTEST_STEP_H

#include "attest/attest.h"

/* The step that refuses when a decoder or the environment fails with err. */
enum tg_attest_step tg_attest_step_of(enum tg_err err);

#endif
