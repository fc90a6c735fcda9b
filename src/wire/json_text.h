/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/json_text.h - a top-level member of a JSON object found, taken out or put in as text, so
 * that every other byte of the object stays as its author wrote it.
 * Layer: L1.      Threads: any.      Blocks: no.
 *
 * The text has passed tg_json_parse(). Of another text the answers mean nothing, but nothing
 * outside it is read.
 */
#ifndef TG_WIRE_JSON_TEXT_H
#define TG_WIRE_JSON_TEXT_H

#include "base/buf.h"

/* The value of the member as it stands there, without the space around it; ptr is NULL when there
   is none. name is ASCII; the text may have written it with escapes. Ends with json. */
struct tg_bytes tg_json_text_find(struct tg_bytes json, const char *name);

/* Appends json without the member and one comma; the same text when there is no such member. */
void tg_json_text_cut(struct tg_buf *out, struct tg_bytes json, const char *name);

/* Appends json with one more member behind its last: cut out again, it leaves json as it was. name
   needs no escapes, value is JSON. TG_E_SYNTAX sticks in out when json does not end with a brace.
 */
void tg_json_text_add(struct tg_buf *out, struct tg_bytes json, const char *name,
                      struct tg_bytes value);

#endif
