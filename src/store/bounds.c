/* SPDX-License-Identifier: Apache-2.0 */
/* Which records find room, for every backend. */
#include "store/store_port.h"

#define GROWTH_SHARE 16u

struct tg_store_limits tg_store_limits_of_parts(const struct tg_store_limits *limits,
                                                uint32_t part_count)
{
    return (struct tg_store_limits){ .live_max = limits->live_max * part_count,
                                     .ended_max = limits->ended_max * part_count,
                                     .bytes_max = limits->bytes_max * part_count,
                                     .outbox_max = limits->outbox_max * part_count,
                                     .spent_max = limits->spent_max, /* in one of them */
                                     .disk_reserve = limits->disk_reserve };
}

bool tg_store_has_room(const struct tg_store_limits *limits, const struct tg_store_stats *now,
                       size_t len)
{
    if (limits->live_max != 0 && now->live_count >= limits->live_max) {
        return false;
    }
    if (limits->ended_max != 0 && now->live_count + now->ended_count >= limits->ended_max) {
        return false;
    }
    return limits->bytes_max == 0 || now->live_bytes + len <= limits->bytes_max;
}

struct tg_store_bounds tg_store_bounds(const struct tg_store_limits *limits,
                                       const struct tg_store_stats *opened)
{
    struct tg_store_bounds bounds = { .limits = *limits };

    if (limits->bytes_max != 0) {
        bounds.grown_max =
            limits->bytes_max > opened->live_bytes ? limits->bytes_max : opened->live_bytes;
        bounds.grown_max += limits->bytes_max / GROWTH_SHARE;
    }
    return bounds;
}

/* spec: protocol/6#spent-full-refuses */
bool tg_store_spend_fits(const struct tg_store_limits *limits, const struct tg_store_stats *now)
{
    return limits->spent_max == 0 || now->spent_count < limits->spent_max;
}

static enum tg_err admit_live(const struct tg_store_bounds *bounds,
                              const struct tg_store_stats *now, const struct tg_store_record *old,
                              size_t len)
{
    struct tg_store_stats others = *now;
    bool is_grown = false;

    if (old == NULL || old->class != TG_STORE_LIVE) {
        others.ended_count -= old == NULL ? 0 : 1;
        return tg_store_has_room(&bounds->limits, &others, len) ? TG_OK : TG_E_FULL;
    }
    is_grown = len > old->sealed.len;
    others.live_bytes -= old->sealed.len;
    return is_grown && bounds->grown_max != 0 && others.live_bytes + len > bounds->grown_max
               ? TG_E_FULL
               : TG_OK;
}

/* spec: protocol/3#delete-never-refused-for-room */
static enum tg_err admit_ended(const struct tg_store_bounds *bounds,
                               const struct tg_store_stats *now, const struct tg_store_record *old,
                               size_t len)
{
    uint64_t max = bounds->limits.ended_max;

    if (len > TG_STORE_ENDED_MAX) {
        return TG_E_FULL;
    }
    return old == NULL && max != 0 && now->live_count + now->ended_count >= max ? TG_E_FULL : TG_OK;
}

enum tg_err tg_store_admit(const struct tg_store_bounds *bounds, const struct tg_store_stats *now,
                           const struct tg_store_record *old, const struct tg_store_record *next)
{
    if (next->sealed.len > TG_STORE_VALUE_MAX) {
        return TG_E_FULL;
    }
    switch (next->class) {
    case TG_STORE_LIVE:
        return admit_live(bounds, now, old, next->sealed.len);
    case TG_STORE_ENDED:
        return admit_ended(bounds, now, old, next->sealed.len);
    }
    return TG_E_FULL;
}

void tg_store_count(struct tg_store_stats *stats, const struct tg_store_record *old,
                    const struct tg_store_record *next)
{
    struct {
        uint64_t *count, *bytes;
    } of[TG_STORE_CLASS_COUNT] = {
        [TG_STORE_LIVE] = { &stats->live_count, &stats->live_bytes },
        [TG_STORE_ENDED] = { &stats->ended_count, &stats->ended_bytes },
    };

    if (old != NULL) {
        *of[old->class].count -= 1;
        *of[old->class].bytes -= old->sealed.len;
    }
    if (next != NULL) {
        *of[next->class].count += 1;
        *of[next->class].bytes += next->sealed.len;
    }
}
