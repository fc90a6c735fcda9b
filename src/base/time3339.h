/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/time3339.h - the one date format of the protocol: YYYY-MM-DDThh:mm:ssZ.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_TIME3339_H
#define TG_BASE_TIME3339_H

#include "base/bytes.h"
#include "base/err.h"

#define TG_TIME3339_LEN 20u

/*
 * UTC seconds since 1970 of a date of the years 1970 to 9999. TG_E_SYNTAX: not that form, or no
 * such day or time (a leap second's :60 is refused); *unix_s is then untouched.
 */
TG_NODISCARD enum tg_err tg_time3339_parse(int64_t *unix_s, struct tg_bytes text);
/* Writes TG_TIME3339_LEN characters and a NUL. A time outside 1970 to 9999 gives the nearer end. */
void tg_time3339_format(char text[TG_TIME3339_LEN + 1], int64_t unix_s);

#endif
