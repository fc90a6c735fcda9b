/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/uuid.h - UUIDs of RFC 9562. A device claim is a UUID, so parsing takes constant time.
 * Layer: L0.      Threads: any.      Blocks: no.
 */
#ifndef TG_BASE_UUID_H
#define TG_BASE_UUID_H

#include "base/buf.h"

#define TG_UUID_LEN 16u
#define TG_UUID_TEXT_LEN 36u

struct tg_uuid {
    uint8_t bytes[TG_UUID_LEN];
};

/* 8-4-4-4-12 digits of either case, any version. TG_E_SYNTAX otherwise; *uuid is then zero. */
TG_NODISCARD enum tg_err tg_uuid_parse(struct tg_uuid *uuid, struct tg_bytes text);
/* Writes TG_UUID_TEXT_LEN lower-case characters and a NUL. */
void tg_uuid_format(char text[TG_UUID_TEXT_LEN + 1], const struct tg_uuid *uuid);
/* Turns 16 random bytes into a version 4 UUID of the RFC's variant. */
void tg_uuid_set_v4(struct tg_uuid *uuid);

#endif
