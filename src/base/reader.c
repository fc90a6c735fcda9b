/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

struct tg_bytes tg_reader_bytes(struct tg_reader *r, size_t len)
{
    struct tg_bytes got = { NULL, 0 };

    if (r->is_short || len > r->rest.len) {
        r->is_short = true;
        return got;
    }
    got = tg_bytes_first(r->rest, len);
    r->rest = tg_bytes_from(r->rest, len);
    return got;
}

static uint64_t read_be(struct tg_reader *r, size_t len)
{
    struct tg_bytes raw = tg_reader_bytes(r, len);
    uint64_t v = 0;

    for (size_t i = 0; i < raw.len; i++) {
        v = (v << 8) | raw.ptr[i];
    }
    return v;
}

uint8_t tg_reader_u8(struct tg_reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t tg_reader_u16(struct tg_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t tg_reader_u32(struct tg_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t tg_reader_u64(struct tg_reader *r)
{
    return read_be(r, 8);
}

enum tg_err tg_reader_finish(const struct tg_reader *r)
{
    return !r->is_short && r->rest.len == 0 ? TG_OK : TG_E_SYNTAX;
}
