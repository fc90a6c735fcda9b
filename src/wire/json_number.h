/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/json_number.h - numbers of JSON text that are too large for the JSON library, which refuses
 * a text that has one, also in a member that nobody reads.
 * Layer: L1.      Threads: any.      Blocks: no.
 */
#ifndef TG_WIRE_JSON_NUMBER_H
#define TG_WIRE_JSON_NUMBER_H

#include "base/bytes.h"

/* What stands for such a number. It is above every number that a member of ours may have, so the
   member is refused, as with the number itself. */
#define TG_JSON_NUMBER_CAP "1e308"

struct tg_json_number {
    size_t len;   /* bytes at the start of the text that are one JSON number; 0: there is none */
    bool is_huge; /* 1e308 or more, without regard to the sign; len is then at least that of "1e308"
                     and the sign */
};

/* Whether a JSON number may begin with this byte. */
bool tg_json_number_begins(uint8_t c);

/* Time grows with len only. */
struct tg_json_number tg_json_number_read(struct tg_bytes text);

#endif
