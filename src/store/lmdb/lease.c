/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/lease.h"

#include "base/mem.h"

#include <string.h>

#define PLACES_MIN 64u

/* Keys are keyed hashes, so their first bytes are as good as any hash of them. */
static size_t home_of(const struct tg_lmdb_leases *set, const struct tg_store_key *key)
{
    uint64_t h = 0;

    memcpy(&h, key->bytes, sizeof(h));
    return (size_t)h & (set->place_count - 1);
}

/* The place that holds key, or the free one where it belongs. Half of the places stay free. */
static struct tg_lmdb_lease *place_of(const struct tg_lmdb_leases *set,
                                      const struct tg_store_key *key)
{
    size_t i = home_of(set, key);

    while (
        set->places[i].generation != 0 &&
        !tg_bytes_is_equal(TG_ARRAY_BYTES(set->places[i].key.bytes), TG_ARRAY_BYTES(key->bytes))) {
        i = (i + 1) & (set->place_count - 1);
    }
    return &set->places[i];
}

void tg_lmdb_leases_deinit(struct tg_lmdb_leases *set)
{
    tg_mem_free(set->places);
    *set = (struct tg_lmdb_leases){ .count = 0 };
}

struct tg_lmdb_lease *tg_lmdb_lease_find(const struct tg_lmdb_leases *set,
                                         const struct tg_store_key *key)
{
    struct tg_lmdb_lease *place = set->count == 0 ? NULL : place_of(set, key);

    return place == NULL || place->generation == 0 ? NULL : place;
}

static size_t running_count(const struct tg_lmdb_leases *set, int64_t now_s)
{
    size_t count = 0;

    for (size_t i = 0; i < set->place_count; i++) {
        count += set->places[i].generation != 0 && set->places[i].until_s > now_s ? 1 : 0;
    }
    return count;
}

/* Makes a table with room for one more lease and without the leases that have ended. */
static enum tg_err reserve(struct tg_lmdb_leases *set, int64_t now_s)
{
    struct tg_lmdb_leases larger = { .place_count = PLACES_MIN };
    size_t need_count = 0;

    if (set->count * 2 < set->place_count) {
        return TG_OK;
    }
    need_count = running_count(set, now_s) + 1;
    while (larger.place_count < need_count * 4) {
        larger.place_count *= 2;
    }
    larger.places = tg_mem_calloc(larger.place_count, sizeof(*larger.places));
    if (larger.places == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < set->place_count; i++) {
        if (set->places[i].generation != 0 && set->places[i].until_s > now_s) {
            *place_of(&larger, &set->places[i].key) = set->places[i];
            larger.count++;
        }
    }
    larger.generation = set->generation;
    tg_mem_free(set->places);
    *set = larger;
    return TG_OK;
}

enum tg_err tg_lmdb_lease_add(struct tg_lmdb_leases *set, struct tg_lmdb_lease *lease,
                              int64_t now_s)
{
    struct tg_lmdb_lease *place = NULL;

    if (reserve(set, now_s) != TG_OK) {
        return TG_E_NOMEM;
    }
    place = place_of(set, &lease->key);
    set->count += place->generation == 0 ? 1 : 0;
    lease->generation = ++set->generation;
    *place = *lease;
    return TG_OK;
}

void tg_lmdb_lease_drop(struct tg_lmdb_leases *set, const struct tg_store_key *key,
                        uint64_t generation)
{
    const struct tg_lmdb_lease *found = tg_lmdb_lease_find(set, key);
    size_t mask = set->place_count - 1;
    size_t hole = 0;

    if (found == NULL || found->generation != generation) {
        return;
    }
    hole = (size_t)(found - set->places);
    /* Moves back the places that a lookup would no longer find behind the hole. */
    for (size_t i = (hole + 1) & mask; set->places[i].generation != 0; i = (i + 1) & mask) {
        size_t home = home_of(set, &set->places[i].key);

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            set->places[hole] = set->places[i];
            hole = i;
        }
    }
    set->places[hole] = (struct tg_lmdb_lease){ .generation = 0 };
    set->count--;
}
