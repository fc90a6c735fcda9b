/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/der.h - a cursor over DER (X.690), the encoding of certificates and their extensions.
 * Layer: L2.      Threads: one at a time.      Blocks: no.      Secrets: none.
 *
 * Lengths are definite and in the shortest form; tag numbers take at most three more bytes. After
 * the first element that does not match, every getter returns an empty view and the cursor stays.
 * is_bad and tg_der_is_done() report that. Nothing recurses.
 */
#ifndef TG_ATTEST_DER_H
#define TG_ATTEST_DER_H

#include "base/bytes.h"

struct tg_der {
    struct tg_bytes rest;
    bool is_bad;
};

/* A tag: class and form in the top byte as on the wire, the number below. */
#define TG_DER_TAG(form, number) (((uint32_t)(form) << 24) | (uint32_t)(number))
#define TG_DER_BOOLEAN TG_DER_TAG(0x00, 1)
#define TG_DER_INTEGER TG_DER_TAG(0x00, 2)
#define TG_DER_BIT_STRING TG_DER_TAG(0x00, 3)
#define TG_DER_OCTETS TG_DER_TAG(0x00, 4)
#define TG_DER_OID TG_DER_TAG(0x00, 6)
#define TG_DER_ENUMERATED TG_DER_TAG(0x00, 10)
#define TG_DER_UTF8 TG_DER_TAG(0x00, 12)
#define TG_DER_SEQUENCE TG_DER_TAG(0x20, 16)
#define TG_DER_SET TG_DER_TAG(0x20, 17)
#define TG_DER_EXPLICIT(number) TG_DER_TAG(0xa0, number) /* context-specific, constructed */

static inline struct tg_der tg_der_init(struct tg_bytes data)
{
    return (struct tg_der){ .rest = data };
}

/* The tag of the next element. 0, which is not a tag, at the end and when it cannot be read. */
uint32_t tg_der_peek(const struct tg_der *d);
/* The content of the next element of any tag; *tag is its tag. The end is an error. */
struct tg_bytes tg_der_any(struct tg_der *d, uint32_t *tag);
/* The whole next element, tag and length included. */
struct tg_bytes tg_der_whole(struct tg_der *d);
/* The content of the next element, which must have this tag. */
struct tg_bytes tg_der_take(struct tg_der *d, uint32_t tag);
/* A cursor over the content of the next element, which must have this tag. Bad if d is. */
struct tg_der tg_der_enter(struct tg_der *d, uint32_t tag);
/* An INTEGER or ENUMERATED of 0 to INT32_MAX. */
int32_t tg_der_number(struct tg_der *d, uint32_t tag);
bool tg_der_boolean(struct tg_der *d);
/* Skips the next element if it has this tag. */
bool tg_der_skip_if(struct tg_der *d, uint32_t tag);

static inline bool tg_der_has_more(const struct tg_der *d)
{
    return !d->is_bad && d->rest.len > 0;
}

/* Every element matched, and no bytes remain. */
static inline bool tg_der_is_done(const struct tg_der *d)
{
    return !d->is_bad && d->rest.len == 0;
}

#endif
