/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/json_text.h - finds, removes or adds a top-level member of a JSON object as text, so that
 * every other byte of the object stays as its author wrote it.
 * Layer: L1.      Threads: any.      Blocks: no.
 *
 * The text must have passed tg_json_parse(). For another text the result is meaningless, but no
 * byte outside it is read.
 */
#ifndef TG_WIRE_JSON_TEXT_H
#define TG_WIRE_JSON_TEXT_H

#include "base/buf.h"

/* Without JSON's space at both ends. */
struct tg_bytes tg_json_text_trim(struct tg_bytes json);

/* The text of the member's value, without the space around it; ptr is NULL if there is no such
   member. name is ASCII; the text may spell it with escapes. Ends with json. */
struct tg_bytes tg_json_text_find(struct tg_bytes json, const char *name);

/* Appends json without the member and one comma; the same text when there is no such member. */
void tg_json_text_cut(struct tg_buf *out, struct tg_bytes json, const char *name);

/* Appends json with the member added as its last. tg_json_text_cut() restores json. name needs no
   escapes, value is JSON. TG_E_SYNTAX sticks in out if json does not end with a brace. */
void tg_json_text_add(struct tg_buf *out, struct tg_bytes json, const char *name,
                      struct tg_bytes value);

#endif
