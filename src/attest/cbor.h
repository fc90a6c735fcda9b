/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/cbor.h - bounded, strict CBOR over libcbor.
 * Layer: L2.      Threads: one document, one thread.      Blocks: no.
 * Secrets: none.      spec: RFC 8949 sections 3, 4.1, 5.6.
 *
 * Every byte is checked before libcbor allocates memory. Refused: indefinite lengths, numbers
 * and lengths that are not in their shortest form, tags, floats and undefined, map keys other than
 * integers and text, duplicate keys, text that is not UTF-8, and what exceeds the limits below.
 * Keys may have any order, because browsers and apps use different ones.
 */
#ifndef TG_ATTEST_CBOR_H
#define TG_ATTEST_CBOR_H

#include "base/bytes.h"
#include "base/err.h"

#define TG_CBOR_BYTES_MAX 16384u /* of one document */
#define TG_CBOR_DEPTH_MAX 6u     /* nested maps and arrays */
#define TG_CBOR_ITEMS_MAX 256u   /* in one document, keys included */

struct tg_cbor; /* a decoded document; owns every view read from it */

/* One item of a document. Valid as long as the document. NULL: absent. */
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

/* False: the item is absent or has another type; *out is then not written. */
bool tg_cbor_get_int(int64_t *out, struct tg_cbor_item item);
bool tg_cbor_get_bytes(struct tg_bytes *out, struct tg_cbor_item item);
bool tg_cbor_get_text(struct tg_bytes *out, struct tg_cbor_item item);
bool tg_cbor_get_array(size_t *count, struct tg_cbor_item item);
bool tg_cbor_get_map(size_t *count, struct tg_cbor_item item);

/* Absent: there is no such element or member, or the item is not an array or map. */
struct tg_cbor_item tg_cbor_element(struct tg_cbor_item array, size_t index);
struct tg_cbor_item tg_cbor_member(struct tg_cbor_item map, const char *key);
struct tg_cbor_item tg_cbor_member_int(struct tg_cbor_item map, int64_t key);

#endif
