/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/json_number.h - numbers of JSON text, of any size.
 * Layer: L1.      Threads: any.      Blocks: no.
 */
#ifndef TG_WIRE_JSON_NUMBER_H
#define TG_WIRE_JSON_NUMBER_H

#include "base/bytes.h"

#define TG_JSON_WHOLE_MAX (INT64_C(1) << 53)

struct tg_json_number {
    size_t len;    /* bytes at the start of the text that are one JSON number; 0: there is none */
    bool is_whole; /* exactly a whole number from 0 to TG_JSON_WHOLE_MAX, as are 1.0 and 1e3 */
    int64_t whole; /* then it is this one */
};

/* Whether a JSON number may begin with this byte. */
bool tg_json_number_begins(uint8_t c);

/* Time grows with len only. */
struct tg_json_number tg_json_number_read(struct tg_bytes text);

#endif
