/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from hexadecimal text, for the vectors of crypto/. */
#ifndef TESTS_UNIT_CRYPTO_HEX_BYTES_H
#define TESTS_UNIT_CRYPTO_HEX_BYTES_H

#include "support/c/unit.h"

#include "base/buf.h"
#include "base/hex.h"

#define UNIT_BYTES_MAX 600u

struct unit_bytes {
    uint8_t bytes[UNIT_BYTES_MAX];
    size_t len;
};

/* The bytes of hexadecimal text; fails the test if the text is not hexadecimal. */
static inline struct tg_bytes unhex(struct unit_bytes *room, const char *text)
{
    struct tg_bytes digits = tg_bytes_str(text);

    room->len = digits.len / 2;
    assert_true(room->len <= UNIT_BYTES_MAX);
    assert_int_equal(tg_hex_decode(room->bytes, room->len, digits), TG_OK);
    return tg_bytes(room->bytes, room->len);
}

#endif
