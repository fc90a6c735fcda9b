/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/hints.h - which records may have been changed: a hint is the first bytes of a key.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: one at a time.   Blocks: no.
 * Secrets: none; keys are keyed hashes.
 */
#ifndef TG_STORE_POSTGRES_HINTS_H
#define TG_STORE_POSTGRES_HINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TG_PG_HINT_LEN 8u
#define TG_PG_HINTS_MAX 4096u

/* All zero is empty. One hint more than fits, and it is "all": any record may have been changed. */
struct tg_pg_hints {
    bool is_all;
    size_t count;
    uint8_t list[TG_PG_HINTS_MAX][TG_PG_HINT_LEN];
};

bool tg_pg_hints_is_empty(const struct tg_pg_hints *h);
void tg_pg_hints_clear(struct tg_pg_hints *h);
void tg_pg_hints_add(struct tg_pg_hints *h, const uint8_t *hint);
void tg_pg_hints_add_all(struct tg_pg_hints *h);

#endif
