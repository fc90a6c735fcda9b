/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store holds. Every lane keeps the sum of what its transactions added in its row of
 * tigress.lane, so counting needs no common row; the sum of all rows is read once a second.
 * Between, this node knows its own changes to the last one, and those of the others as of that
 * second.
 */
#include "store/postgres/pg.h"

#include <string.h>

#define COUNTS (offsetof(struct tg_store_stats, room) / sizeof(uint64_t))

/* A sum of one node may be below zero: it removed what another one added. Unsigned arithmetic is
   right for these, too. */
static void combine(struct tg_store_stats *sum, const struct tg_store_stats *other, uint64_t factor)
{
    uint64_t a[COUNTS];
    uint64_t b[COUNTS];

    memcpy(a, sum, sizeof(a));
    memcpy(b, other, sizeof(b));
    for (size_t i = 0; i < COUNTS; i++) {
        a[i] += b[i] * factor;
    }
    memcpy(sum, a, sizeof(a));
}

void tg_pg_counts_add(struct tg_store_stats *sum, const struct tg_store_stats *more)
{
    combine(sum, more, 1);
}

void tg_pg_counts_subtract(struct tg_store_stats *sum, const struct tg_store_stats *less)
{
    combine(sum, less, UINT64_MAX);
}

bool tg_pg_counts_is_zero(const struct tg_store_stats *stats)
{
    static const struct tg_store_stats zero;

    return memcmp(stats, &zero, COUNTS * sizeof(uint64_t)) == 0;
}

struct tg_store_stats tg_pg_counts_of(const PGresult *result)
{
    return (struct tg_store_stats){
        .commit_count = (uint64_t)tg_pg_number(result, 0, 0),
        .live_count = (uint64_t)tg_pg_number(result, 0, 1),
        .live_bytes = (uint64_t)tg_pg_number(result, 0, 2),
        .ended_count = (uint64_t)tg_pg_number(result, 0, 3),
        .ended_bytes = (uint64_t)tg_pg_number(result, 0, 4),
        .outbox_count = (uint64_t)tg_pg_number(result, 0, 5),
        .spent_count = (uint64_t)tg_pg_number(result, 0, 6),
    };
}

void tg_pg_counts_total(const struct tg_pg_group *group, struct tg_store_stats *out)
{
    uint64_t words[COUNTS];

    *out = group->others;
    tg_pg_counts_add(out, &group->own);
    out->commit_count = group->others.commit_count + group->own.commit_count;
    memcpy(words, out, sizeof(words));
    for (size_t i = 0; i < COUNTS; i++) {
        words[i] = words[i] > (uint64_t)INT64_MAX ? 0 : words[i]; /* the others' are a second old */
    }
    memcpy(out, words, sizeof(words));
}
