/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/json.h - bounded, strict JSON objects.
 * Layer: L1.      Threads: one document, one thread.      Blocks: no.
 *
 * Refused: invalid UTF-8, duplicate members, trailing bytes, a NUL in a string, nesting deeper than
 * TG_JSON_DEPTH_MAX, more than TG_JSON_VALUES_MAX values and names, a top level that is not an
 * object. A number may have any size; no function gives one above 2^53. A member that is null is
 * absent. The faults name the member and what was expected, with a path such as "payload.type".
 */
#ifndef TG_WIRE_JSON_H
#define TG_WIRE_JSON_H

#include "base/buf.h"
#include "base/fault.h"

struct tg_json; /* a parsed document; owns every string read from it */

/* TG_E_SYNTAX with fault, TG_E_LIMIT (depth, values, or text over TG_RESPONSE_BODY_MAX) with fault,
   TG_E_NOMEM. *doc is written only on TG_OK. */
TG_NODISCARD enum tg_err tg_json_parse(struct tg_json **doc, struct tg_bytes text,
                                       struct tg_fault *fault);
/* Accepts NULL and *doc == NULL; sets *doc to NULL. */
void tg_json_free(struct tg_json **doc);

/*
 * Frees all of the document but copies of these strings, which were read from it; the views become
 * views of the copies. A view that is NULL stays so. Nothing else can be read from the document
 * afterwards. So a document that is kept for a while holds no more than what is used of it: members
 * that are ignored may take ten times the bytes of their text. TG_E_NOMEM: nothing has changed.
 */
TG_NODISCARD enum tg_err tg_json_keep_only(struct tg_json *doc, struct tg_bytes *const views[],
                                           size_t count);

/* A view of a long string of a document becomes a view of the same bytes in text, if they are in
   it, as they are in the text that was parsed unless they were escaped: a copy fewer to keep.
   Returns whether they are. */
bool tg_json_lend(struct tg_bytes *view, struct tg_bytes text);

/* One object inside a document. Ends with the document. */
struct tg_json_object {
    const void *node; /* of json_scan.h; NULL: the object is absent */
    const char *path; /* "" at the top, else a literal such as "payload" */
};

struct tg_json_object tg_json_top(const struct tg_json *doc);

enum tg_json_need { TG_JSON_REQUIRED, TG_JSON_OPTIONAL };

/* An object member. If it is absent and optional: node == NULL and TG_OK. */
TG_NODISCARD enum tg_err tg_json_get_object(struct tg_json_object *out, struct tg_json_object in,
                                            const char *name, enum tg_json_need need,
                                            struct tg_fault *fault);

/* A string member of min_len to max_len bytes. If it is absent and optional: ptr == NULL. Ends with
   doc. TG_E_LIMIT: too long; TG_E_SYNTAX: any other error. */
TG_NODISCARD enum tg_err tg_json_get_string(struct tg_bytes *out, struct tg_json_object in,
                                            const char *name, enum tg_json_need need,
                                            size_t min_len, size_t max_len, struct tg_fault *fault);

/* Whether the member exists, with any type, null included. */
bool tg_json_has(struct tg_json_object in, const char *name);

/* A boolean member. If it is absent and optional: *out is untouched, and TG_OK. */
TG_NODISCARD enum tg_err tg_json_get_bool(bool *out, struct tg_json_object in, const char *name,
                                          enum tg_json_need need, struct tg_fault *fault);

/* A required member: a whole number from 0 to max, which is at most 2^53. */
TG_NODISCARD enum tg_err tg_json_get_whole(int64_t *out, struct tg_json_object in, const char *name,
                                           int64_t max, struct tg_fault *fault);

/* How many members the object has; 0 when it is absent. */
size_t tg_json_member_count(struct tg_json_object in);

/* How many items an array member has; 0 when there is no such member or it is not an array. */
size_t tg_json_item_count(struct tg_json_object in, const char *name);

/* The index-th item of an array member. node == NULL: no such member, no array, no such item, or an
   item that is no object. Ends with doc. */
struct tg_json_object tg_json_item(struct tg_json_object in, const char *name, size_t index);

/* Appends the string in quotes, escaped. If text is not UTF-8, TG_E_SYNTAX sticks in out. */
void tg_json_put_string(struct tg_buf *out, struct tg_bytes text);

#endif
