/* SPDX-License-Identifier: Apache-2.0 */
#include "store/memory/spent.h"

#include "base/mem.h"

#include <string.h>

#define SERIES_MIN 16u
#define PLACES_MIN 64u

struct tg_memory_series {
    struct tg_store_key id;
    int64_t end_s;
    bool is_closed;
};

struct tg_memory_spent_key {
    bool is_used;
    size_t series; /* index */
    struct tg_store_key key;
    size_t sealed_len;
    uint8_t sealed[TG_SPENT_SEALED_MAX];
};

void tg_memory_spent_deinit(struct tg_memory_spent *set)
{
    tg_mem_free(set->series);
    tg_mem_free(set->places);
    *set = (struct tg_memory_spent){ .count = 0 };
}

/* ---- series --------------------------------------------------------------------------------- */

static struct tg_memory_series *series_find(const struct tg_memory_spent *set,
                                            const struct tg_store_key *id)
{
    for (size_t i = 0; i < set->series_count; i++) {
        if (tg_bytes_is_equal(TG_ARRAY_BYTES(set->series[i].id.bytes), TG_ARRAY_BYTES(id->bytes))) {
            return &set->series[i];
        }
    }
    return NULL;
}

/* NULL: one more than the maximum, or no memory. */
static struct tg_memory_series *series_add(struct tg_memory_spent *set)
{
    size_t cap = set->series_cap == 0 ? SERIES_MIN : set->series_cap * 2;
    struct tg_memory_series *larger = NULL;

    if (set->series_count >= TG_SERIES_MAX) {
        return NULL;
    }
    if (set->series_count == set->series_cap) {
        larger = tg_mem_calloc(cap, sizeof(*larger));
        if (larger == NULL) {
            return NULL;
        }
        if (set->series_count > 0) {
            memcpy(larger, set->series, set->series_count * sizeof(*larger));
        }
        tg_mem_free(set->series);
        set->series = larger;
        set->series_cap = cap;
    }
    return &set->series[set->series_count++];
}

void tg_memory_spent_series(struct tg_memory_spent *set, struct tg_store_op *op)
{
    struct tg_memory_series *series = series_find(set, &op->of.series.id);

    if (series != NULL && series->is_closed) {
        op->err = TG_E_DENIED;
        return;
    }
    if (series == NULL) {
        series = series_add(set);
    }
    if (series == NULL) {
        op->err = TG_E_FULL;
        return;
    }
    *series = (struct tg_memory_series){ .id = op->of.series.id, .end_s = op->of.series.end_s };
    op->err = TG_OK;
}

bool tg_memory_spent_show(const struct tg_memory_spent *set, tg_store_see_fn *see, void *ctx)
{
    bool goes_on = true;

    for (size_t i = 0; goes_on && i < set->series_count; i++) {
        goes_on = see(ctx, &(struct tg_store_seen){ .kind = TG_STORE_SEEN_SERIES,
                                                    .key = set->series[i].id,
                                                    .expires_s = set->series[i].end_s,
                                                    .is_closed = set->series[i].is_closed });
    }
    return goes_on;
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* Keys are keyed hashes, so their first bytes are as good as any hash of them. */
static size_t home_of(const struct tg_memory_spent *set, const struct tg_store_key *key)
{
    uint64_t h = 0;

    memcpy(&h, key->bytes, sizeof(h));
    return (size_t)h & (set->place_count - 1);
}

/* The place that holds the key, or the free one where it belongs. */
static struct tg_memory_spent_key *place_of(const struct tg_memory_spent *set, size_t series,
                                            const struct tg_store_key *key)
{
    size_t i = home_of(set, key);

    while (set->places[i].is_used && (set->places[i].series != series ||
                                      !tg_bytes_is_equal(TG_ARRAY_BYTES(set->places[i].key.bytes),
                                                         TG_ARRAY_BYTES(key->bytes)))) {
        i = (i + 1) & (set->place_count - 1);
    }
    return &set->places[i];
}

/* Half of the places stay free. */
static enum tg_err reserve(struct tg_memory_spent *set)
{
    struct tg_memory_spent larger = { .place_count = PLACES_MIN };

    if (set->count * 2 < set->place_count) {
        return TG_OK;
    }
    while (larger.place_count < (set->count + 1) * 4) {
        larger.place_count *= 2;
    }
    larger.places = tg_mem_calloc(larger.place_count, sizeof(*larger.places));
    if (larger.places == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < set->place_count; i++) {
        if (set->places[i].is_used) {
            *place_of(&larger, set->places[i].series, &set->places[i].key) = set->places[i];
        }
    }
    tg_mem_free(set->places);
    set->places = larger.places;
    set->place_count = larger.place_count;
    return TG_OK;
}

static enum tg_err spend_new(struct tg_memory_spent *set, struct tg_store_op *op, size_t series)
{
    const struct tg_spend *spend = &op->of.spend.spend;
    struct tg_memory_spent_key *place = place_of(set, series, &spend->key);

    *place = (struct tg_memory_spent_key){
        .is_used = true, .series = series, .key = spend->key, .sealed_len = spend->sealed.len
    };
    if (spend->sealed.len > 0) {
        memcpy(place->sealed, spend->sealed.ptr, spend->sealed.len);
    }
    set->count++;
    op->of.spend.outcome = TG_SPEND_NEW;
    return TG_OK;
}

void tg_memory_spent_spend(struct tg_memory_spent *set, const struct tg_store_limits *limits,
                           struct tg_store_op *op)
{
    const struct tg_memory_series *series = series_find(set, &op->of.spend.spend.series);
    const struct tg_store_stats stats = { .spent_count = set->count };
    const struct tg_memory_spent_key *place = NULL;
    size_t at = 0;

    op->err = TG_OK;
    if (series == NULL || series->is_closed) {
        op->of.spend.outcome = TG_SPEND_CLOSED;
        return;
    }
    if (reserve(set) != TG_OK) {
        op->err = TG_E_FULL;
        return;
    }
    at = (size_t)(series - set->series);
    place = place_of(set, at, &op->of.spend.spend.key);
    if (place->is_used) {
        op->err = tg_store_spend_known(op, tg_bytes(place->sealed, place->sealed_len)) ? TG_OK
                                                                                       : TG_E_STORE;
    } else {
        op->err = tg_store_spend_fits(limits, &stats) ? spend_new(set, op, at) : TG_E_FULL;
    }
}

/* ---- sweeping ------------------------------------------------------------------------------- */

static void key_remove(struct tg_memory_spent *set, size_t hole)
{
    size_t mask = set->place_count - 1;

    /* Moves back the keys that a lookup would no longer find behind the hole. */
    for (size_t i = (hole + 1) & mask; set->places[i].is_used; i = (i + 1) & mask) {
        size_t home = home_of(set, &set->places[i].key);

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            set->places[hole] = set->places[i];
            hole = i;
        }
    }
    set->places[hole].is_used = false;
    set->count--;
}

bool tg_memory_spent_sweep(struct tg_memory_spent *set, int64_t now_s, size_t max_count,
                           size_t *removed_count)
{
    bool has_closed = false;
    bool is_any_closed = false;

    *removed_count = 0;
    for (size_t i = 0; i < set->series_count; i++) {
        bool ends = !set->series[i].is_closed && set->series[i].end_s <= now_s;

        has_closed = has_closed || ends;
        set->series[i].is_closed = set->series[i].is_closed || ends;
        is_any_closed = is_any_closed || set->series[i].is_closed;
    }
    for (size_t i = 0; is_any_closed && i < set->place_count; i++) {
        /* The removal may move another key here. */
        while (*removed_count < max_count && set->places[i].is_used &&
               set->series[set->places[i].series].is_closed) {
            key_remove(set, i);
            ++*removed_count;
        }
    }
    return has_closed;
}
