/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/cbor.h - bounded, strict CBOR over libcbor.
 * Layer: L2.      Threads: one document, one thread.      Blocks: no.
 * Secrets: none.      spec: RFC 8949 sections 3, 4.1, 5.6.
 *
 * Every byte is looked at before libcbor allocates anything. Refused: indefinite lengths, numbers
 * and lengths longer than they need be, tags, floats and undefined, map keys other than integers
 * and text, duplicate keys, text that is no UTF-8, and what is over the limits below. The order of
 * keys is free: browsers and apps put their own.
 */
#ifndef TG_ATTEST_CBOR_H
#define TG_ATTEST_CBOR_H

#include "base/bytes.h"
#include "base/err.h"

#define TG_CBOR_BYTES_MAX 16384u /* of one document */
#define TG_CBOR_DEPTH_MAX 6u     /* maps and arrays inside one another */
#define TG_CBOR_ITEMS_MAX 256u   /* in one document, keys included */

struct tg_cbor; /* a decoded document; owns every view read from it */

/* One item inside a document. Ends with the document. NULL: absent. */
struct tg_cbor_item {
    const void *node;
};

/*
 * Decodes data: exactly one item.
 * TG_E_SYNTAX   not one strict item        TG_E_LIMIT   over a limit
 * TG_E_NOMEM    *out is written only on TG_OK
 */
TG_NODISCARD enum tg_err tg_cbor_decode(struct tg_cbor **out, struct tg_bytes data);
/* Accepts *doc == NULL. */
void tg_cbor_free(struct tg_cbor **doc);

/* The length of the one strict item that data begins with. Errors as above; allocates nothing. */
TG_NODISCARD enum tg_err tg_cbor_measure(size_t *len, struct tg_bytes data);

struct tg_cbor_item tg_cbor_root(const struct tg_cbor *doc);

/* These are false for an absent item and for one of another type; *out is then untouched. */
bool tg_cbor_get_int(int64_t *out, struct tg_cbor_item item);
bool tg_cbor_get_bytes(struct tg_bytes *out, struct tg_cbor_item item);
bool tg_cbor_get_text(struct tg_bytes *out, struct tg_cbor_item item);
bool tg_cbor_get_array(size_t *count, struct tg_cbor_item item);
bool tg_cbor_get_map(size_t *count, struct tg_cbor_item item);

/* Absent when there is no such element or member, or the item is no array or map. */
struct tg_cbor_item tg_cbor_element(struct tg_cbor_item array, size_t index);
struct tg_cbor_item tg_cbor_member(struct tg_cbor_item map, const char *key);
struct tg_cbor_item tg_cbor_member_int(struct tg_cbor_item map, int64_t key);

#endif
