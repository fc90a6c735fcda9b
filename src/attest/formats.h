/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/formats.h - the table of formats.
 * Layer: L2, for attest/ alone.      Threads: any; rows are constant.      Blocks: no.
 * Secrets: none.
 */
#ifndef TG_ATTEST_FORMATS_H
#define TG_ATTEST_FORMATS_H

#include "attest/format.h"

/* Never NULL. */
const struct tg_attest_row *tg_attest_row(enum tg_attest_format format);

#endif
