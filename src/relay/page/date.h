/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/date.h - a date and what is left until then, in a reader's language.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Clock: an argument.
 * spec: docs/protocol.md section 5.1.
 */
#ifndef TG_RELAY_PAGE_DATE_H
#define TG_RELAY_PAGE_DATE_H

#include "relay/page/words.h"

/* Appends "Tuesday, 1 January 2030, 14:00 UTC+1" in a <time> element.
 *   offset_s   of the local time from UTC at that time, in seconds; 0 gives "UTC" */
void tg_page_put_date(struct tg_buf *out, const struct tg_page_words *words, int64_t unix_s,
                      int32_t offset_s);
/* Appends "2 days left": rounded down, so that it never promises more. From 90 minutes on hours,
   from 48 hours on days. */
void tg_page_put_left(struct tg_buf *out, const struct tg_page_words *words, int64_t left_s);

#endif
