/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/status/units.h - numbers for a person.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_STATUS_UNITS_H
#define TG_SERVER_STATUS_UNITS_H

#include "base/buf.h"

/* Append a value; a failure sticks in out. */
void tg_put_count(struct tg_buf *out, uint64_t v);      /* "12,345" */
void tg_put_short(struct tg_buf *out, uint64_t v);      /* "12.3k" */
void tg_put_bytes(struct tg_buf *out, uint64_t v);      /* "1.5 MiB" */
void tg_put_us(struct tg_buf *out, uint64_t us);        /* "0.25 ms", "1.2 s" */
void tg_put_rate(struct tg_buf *out, uint64_t milli);   /* thousandths of one a second: "2.5" */
void tg_put_span(struct tg_buf *out, uint64_t seconds); /* "3 d 4 h" */
/* "2030-01-01 00:00 UTC" */
void tg_put_utc(struct tg_buf *out, int64_t utc_s);

#endif
