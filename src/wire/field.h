/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/field.h - parses HTTP field values: lists, parameters, quoted strings (RFC 9110 5.6).
 * Layer: L1, for wire/ alone.      Threads: any.
 */
#ifndef TG_WIRE_FIELD_H
#define TG_WIRE_FIELD_H

#include "base/bytes.h"

/*
 * Takes the piece before the next separator, trimmed, and moves *rest behind it. A separator inside
 * a quoted string does not count. False when nothing is left.
 */
bool tg_field_next(struct tg_bytes *piece, struct tg_bytes *rest, uint8_t separator);

struct tg_field_pair {
    struct tg_bytes name;
    struct tg_bytes value; /* without its quotes; empty when absent */
    bool has_value;
    bool is_bad; /* a quoted string without its end, or with escapes, which no known value needs */
};

/* "name", "name=value" or "name="value"", with optional white space around the '='. */
struct tg_field_pair tg_field_pair(struct tg_bytes piece);

#endif
