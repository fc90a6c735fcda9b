/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/http_date.h - the dates of HTTP (RFC 9110 section 5.6.7).
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_HTTP_DATE_H
#define TG_BASE_HTTP_DATE_H

#include "base/bytes.h"
#include "base/err.h"

/*
 * UTC seconds since 1970 of a date of the years 1970 to 9999, in the one form that a server sends:
 * "Sun, 06 Nov 1994 08:49:37 GMT". The name of the day must be right.
 * TG_E_SYNTAX   not that form, or no such day or time; *unix_s is untouched
 */
TG_NODISCARD enum tg_err tg_http_date_parse(int64_t *unix_s, struct tg_bytes text);

/*
 * The same, also in the two forms that a recipient must understand: "Sunday, 06-Nov-94 08:49:37
 * GMT" and "Sun Nov  6 08:49:37 1994". The name of the day is not compared. now_s   two digits of a
 * year mean the year that is at most 50 years after now_s
 */
TG_NODISCARD enum tg_err tg_http_date_read(int64_t *unix_s, struct tg_bytes text, int64_t now_s);

#endif
