/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/reader.h - a cursor over bytes from outside.
 * Layer: L0.      Threads: one at a time.      Blocks: no.
 *
 * After the first short read every getter returns 0 or the empty view, and tg_reader_finish()
 * returns an error.
 */
#ifndef TG_BASE_READER_H
#define TG_BASE_READER_H

#include "base/bytes.h"
#include "base/err.h"

struct tg_reader {
    struct tg_bytes rest;
    bool is_short;
};

static inline struct tg_reader tg_reader_init(struct tg_bytes data)
{
    return (struct tg_reader){ .rest = data };
}

uint8_t tg_reader_u8(struct tg_reader *r);
uint16_t tg_reader_u16(struct tg_reader *r); /* big-endian, as all of these */
uint32_t tg_reader_u32(struct tg_reader *r);
uint64_t tg_reader_u64(struct tg_reader *r);
/* A view into the data: it ends with the data. */
struct tg_bytes tg_reader_bytes(struct tg_reader *r, size_t len);

/* TG_OK if no read was short and no byte is left; else TG_E_SYNTAX. */
TG_NODISCARD enum tg_err tg_reader_finish(const struct tg_reader *r);

#endif
