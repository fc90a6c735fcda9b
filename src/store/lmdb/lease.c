/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/lease.h"

#include "base/mem.h"

#include <assert.h>
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
    tg_mem_free(set->outcome.room);
    set->places = NULL;
    set->outcome.room = NULL;
}

/* ---- inside a transaction ------------------------------------------------------------------- */

void tg_lmdb_leases_begin(struct tg_lmdb_leases *set)
{
    set->outcome.given_count = 0;
    set->outcome.ended_count = 0;
    tg_mem_free(set->outcome.room);
    set->outcome.room = NULL;
}

static bool has_ended(const struct tg_lmdb_leases *set, const struct tg_lmdb_lease *lease)
{
    const struct tg_lmdb_lease_outcome *o = &set->outcome;

    for (size_t i = 0; i < o->ended_count; i++) {
        if (o->ended[i].generation == lease->generation) {
            return true;
        }
    }
    return false;
}

const struct tg_lmdb_lease *tg_lmdb_lease_find(const struct tg_lmdb_leases *set,
                                               const struct tg_store_key *key)
{
    const struct tg_lmdb_lease *place = set->count == 0 ? NULL : place_of(set, key);

    return place == NULL || place->generation == 0 || has_ended(set, place) ? NULL : place;
}

static size_t running_count(const struct tg_lmdb_leases *set, int64_t now_s)
{
    size_t count = 0;

    for (size_t i = 0; i < set->place_count; i++) {
        count += set->places[i].generation != 0 && set->places[i].until_s > now_s ? 1 : 0;
    }
    return count;
}

/* Whether one more can be taken over without memory, with half of the places free. */
static enum tg_err reserve(struct tg_lmdb_leases *set, int64_t now_s)
{
    struct tg_lmdb_lease_outcome *o = &set->outcome;
    size_t need_count = 0;
    size_t place_count = PLACES_MIN;

    if (o->room != NULL || (set->count + o->given_count + 1) * 2 <= set->place_count) {
        return TG_OK;
    }
    need_count = running_count(set, now_s) + TG_OUTBOX_LEASE_MAX;
    while (place_count < need_count * 2) {
        place_count *= 2;
    }
    o->room = tg_mem_calloc(place_count, sizeof(*o->room));
    o->room_count = place_count;
    o->room_now_s = now_s;
    return o->room == NULL ? TG_E_NOMEM : TG_OK;
}

enum tg_err tg_lmdb_lease_give(struct tg_lmdb_leases *set, struct tg_lmdb_lease *lease,
                               int64_t now_s)
{
    struct tg_lmdb_lease_outcome *o = &set->outcome;

    assert(o->given_count < TG_COUNT(o->given));
    if (reserve(set, now_s) != TG_OK) {
        return TG_E_NOMEM;
    }
    lease->generation = set->generation + o->given_count + 1;
    o->given[o->given_count++] = *lease;
    return TG_OK;
}

void tg_lmdb_lease_give_none(struct tg_lmdb_leases *set)
{
    set->outcome.given_count = 0;
}

void tg_lmdb_lease_end(struct tg_lmdb_leases *set, const struct tg_lmdb_lease *lease)
{
    struct tg_lmdb_lease_outcome *o = &set->outcome;

    assert(o->ended_count < TG_COUNT(o->ended));
    o->ended[o->ended_count++] =
        (struct tg_lmdb_lease_end){ .key = lease->key, .generation = lease->generation };
}

/* ---- after its commit ----------------------------------------------------------------------- */

static void drop(struct tg_lmdb_leases *set, const struct tg_lmdb_lease_end *end)
{
    struct tg_lmdb_lease *place = place_of(set, &end->key);
    size_t mask = set->place_count - 1;
    size_t hole = (size_t)(place - set->places);

    assert(place->generation == end->generation);
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

static void put(struct tg_lmdb_leases *set, const struct tg_lmdb_lease *lease)
{
    struct tg_lmdb_lease *place = place_of(set, &lease->key);

    set->count += place->generation == 0 ? 1 : 0;
    *place = *lease;
}

static void move_to_room(struct tg_lmdb_leases *set)
{
    struct tg_lmdb_lease *before = set->places;
    size_t before_count = set->place_count;

    set->places = set->outcome.room;
    set->place_count = set->outcome.room_count;
    set->count = 0;
    set->outcome.room = NULL;
    for (size_t i = 0; i < before_count; i++) {
        if (before[i].generation != 0 && before[i].until_s > set->outcome.room_now_s) {
            put(set, &before[i]);
        }
    }
    tg_mem_free(before);
}

void tg_lmdb_leases_take(struct tg_lmdb_leases *set)
{
    const struct tg_lmdb_lease_outcome *o = &set->outcome;

    for (size_t i = 0; i < o->ended_count; i++) {
        drop(set, &o->ended[i]);
    }
    if (o->room != NULL && o->given_count > 0) {
        move_to_room(set);
    }
    for (size_t i = 0; i < o->given_count; i++) {
        put(set, &o->given[i]);
    }
    set->generation += o->given_count;
    tg_lmdb_leases_begin(set);
}
