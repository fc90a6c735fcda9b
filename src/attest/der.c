/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/der.h"

#include "base/reader.h"

#define NUMBER_LONG 0x1fu
#define NUMBER_BYTES_MAX 3u /* 21 bits; the largest tag in use here is 1204 */
#define LENGTH_BYTES_MAX 2u /* no element here exceeds 64 KiB */

/* A tag number after 0x1f in the first byte: base 128, in the shortest form. */
static bool read_long_number(uint32_t *number, struct tg_reader *in)
{
    *number = 0;
    for (size_t i = 0; i < NUMBER_BYTES_MAX; i++) {
        uint8_t byte = tg_reader_u8(in);

        if (i == 0 && byte == 0x80) {
            return false;
        }
        *number = (*number << 7) | (byte & 0x7fu);
        if ((byte & 0x80u) == 0) {
            return *number >= NUMBER_LONG;
        }
    }
    return false;
}

static bool read_tag(uint32_t *tag, struct tg_reader *in)
{
    uint8_t first = tg_reader_u8(in);
    uint32_t number = first & NUMBER_LONG;

    if (number == NUMBER_LONG && !read_long_number(&number, in)) {
        return false;
    }
    *tag = TG_DER_TAG(first & 0xe0u, number);
    return !in->is_short && *tag != 0;
}

static bool read_length(size_t *len, struct tg_reader *in)
{
    uint8_t first = tg_reader_u8(in);
    size_t count = first & 0x7fu;

    *len = first;
    if (first < 0x80) {
        return !in->is_short;
    }
    if (count == 0 || count > LENGTH_BYTES_MAX) {
        return false;
    }
    *len = count == 1 ? tg_reader_u8(in) : tg_reader_u16(in);
    return !in->is_short && *len >= (count == 1 ? 0x80u : 0x100u);
}

struct element {
    uint32_t tag;
    struct tg_bytes whole;
    struct tg_bytes content;
};

static bool read_element(struct element *e, struct tg_bytes from)
{
    struct tg_reader in = tg_reader_init(from);
    size_t len = 0;

    if (!read_tag(&e->tag, &in) || !read_length(&len, &in)) {
        return false;
    }
    e->content = tg_reader_bytes(&in, len);
    e->whole = tg_bytes_first(from, from.len - in.rest.len);
    return !in.is_short;
}

static struct element next(struct tg_der *d)
{
    static const struct element none;
    struct element e = none;

    if (d->is_bad || !read_element(&e, d->rest)) {
        d->is_bad = true;
        return none;
    }
    d->rest = tg_bytes_from(d->rest, e.whole.len);
    return e;
}

uint32_t tg_der_peek(const struct tg_der *d)
{
    struct tg_reader in = tg_reader_init(d->rest);
    uint32_t tag = 0;

    return !d->is_bad && read_tag(&tag, &in) ? tag : 0;
}

struct tg_bytes tg_der_any(struct tg_der *d, uint32_t *tag)
{
    struct element e = next(d);

    *tag = e.tag;
    return e.content;
}

struct tg_bytes tg_der_whole(struct tg_der *d)
{
    return next(d).whole;
}

struct tg_bytes tg_der_take(struct tg_der *d, uint32_t tag)
{
    if (tg_der_peek(d) != tag) {
        d->is_bad = true;
    }
    return next(d).content;
}

struct tg_der tg_der_enter(struct tg_der *d, uint32_t tag)
{
    struct tg_der inner = tg_der_init(tg_der_take(d, tag));

    inner.is_bad = d->is_bad;
    return inner;
}

int32_t tg_der_number(struct tg_der *d, uint32_t tag)
{
    struct tg_bytes digits = tg_der_take(d, tag);
    uint32_t value = 0;

    if (digits.len == 0 || digits.len > sizeof(value) || (digits.ptr[0] & 0x80u) != 0 ||
        (digits.len > 1 && digits.ptr[0] == 0 && (digits.ptr[1] & 0x80u) == 0)) {
        d->is_bad = true;
        return 0;
    }
    for (size_t i = 0; i < digits.len; i++) {
        value = (value << 8) | digits.ptr[i];
    }
    return (int32_t)value;
}

bool tg_der_boolean(struct tg_der *d)
{
    struct tg_bytes value = tg_der_take(d, TG_DER_BOOLEAN);

    if (value.len != 1 || (value.ptr[0] != 0x00 && value.ptr[0] != 0xff)) {
        d->is_bad = true;
        return false;
    }
    return value.ptr[0] == 0xff;
}

bool tg_der_skip_if(struct tg_der *d, uint32_t tag)
{
    return tg_der_peek(d) == tag && tg_der_whole(d).len > 0;
}
