/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/refusals.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>

#define WAYS 8u
#define SETS (TG_REFUSALS_MAX / WAYS)

struct refusal {
    struct tg_store_key key;
    int64_t good_after_s; /* 0: not before the settings change */
    int64_t expires_s;    /* 0: a free place */
    uint64_t epoch;       /* of the settings by which it was refused */
};

struct tg_refusals {
    pthread_mutex_t lock;
    atomic_size_t count;
    uint64_t epoch;
    struct refusal places[SETS][WAYS]; /* by the first bytes of the key, which nobody can choose */
};

struct tg_refusals *tg_refusals_new(void)
{
    struct tg_refusals *r = tg_mem_calloc(1, sizeof(*r));

    if (r != NULL && pthread_mutex_init(&r->lock, NULL) != 0) {
        tg_mem_free(r);
        return NULL;
    }
    return r;
}

void tg_refusals_free(struct tg_refusals **refusals)
{
    if (*refusals != NULL) {
        (void)pthread_mutex_destroy(&(*refusals)->lock);
        tg_mem_free(*refusals);
        *refusals = NULL;
    }
}

static struct refusal *set_of(struct tg_refusals *r, const struct tg_store_key *key)
{
    return r->places[((size_t)key->bytes[0] << 8 | key->bytes[1]) % SETS];
}

static struct refusal *find(struct tg_refusals *r, const struct tg_store_key *key)
{
    struct refusal *set = set_of(r, key);

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].expires_s != 0 &&
            tg_bytes_is_equal(TG_ARRAY_BYTES(set[i].key.bytes), TG_ARRAY_BYTES(key->bytes))) {
            return &set[i];
        }
    }
    return NULL;
}

/* A free place, or the one that ends first. */
static struct refusal *place_for(struct tg_refusals *r, const struct tg_store_key *key)
{
    struct refusal *set = set_of(r, key);
    struct refusal *first = &set[0];

    for (size_t i = 1; i < WAYS; i++) {
        if (set[i].expires_s < first->expires_s) {
            first = &set[i];
        }
    }
    return first;
}

static void remove_one(struct tg_refusals *r, struct refusal *one)
{
    one->expires_s = 0;
    atomic_fetch_sub(&r->count, 1);
}

void tg_refusals_add(struct tg_refusals *refusals, const struct tg_store_key *key,
                     int64_t good_after_s, int64_t expires_s)
{
    struct refusal *one = NULL;

    if (refusals == NULL || expires_s <= 0) {
        return;
    }
    (void)pthread_mutex_lock(&refusals->lock);
    one = find(refusals, key);
    if (one == NULL) {
        one = place_for(refusals, key);
        if (one->expires_s == 0) {
            atomic_fetch_add(&refusals->count, 1);
        }
    }
    *one = (struct refusal){
        .key = *key, .good_after_s = good_after_s, .expires_s = expires_s, .epoch = refusals->epoch
    };
    (void)pthread_mutex_unlock(&refusals->lock);
}

static enum tg_refusal_state state_of(struct tg_refusals *r, struct refusal *one, int64_t now_s)
{
    if (one == NULL) {
        return TG_REFUSAL_NONE;
    }
    if (one->expires_s <= now_s) {
        remove_one(r, one);
        return TG_REFUSAL_NONE;
    }
    return one->epoch != r->epoch || (one->good_after_s != 0 && now_s > one->good_after_s)
               ? TG_REFUSAL_OVER
               : TG_REFUSAL_HOLDS;
}

bool tg_refusals_has_any(const struct tg_refusals *refusals)
{
    return refusals != NULL && atomic_load(&refusals->count) > 0;
}

enum tg_refusal_state tg_refusals_look(struct tg_refusals *refusals, const struct tg_store_key *key,
                                       int64_t now_s)
{
    enum tg_refusal_state state = TG_REFUSAL_NONE;

    if (tg_refusals_has_any(refusals)) {
        (void)pthread_mutex_lock(&refusals->lock);
        state = state_of(refusals, find(refusals, key), now_s);
        (void)pthread_mutex_unlock(&refusals->lock);
    }
    return state;
}

void tg_refusals_forget(struct tg_refusals *refusals, const struct tg_store_key *key)
{
    struct refusal *one = NULL;

    if (tg_refusals_has_any(refusals)) {
        (void)pthread_mutex_lock(&refusals->lock);
        one = find(refusals, key);
        if (one != NULL) {
            remove_one(refusals, one);
        }
        (void)pthread_mutex_unlock(&refusals->lock);
    }
}

void tg_refusals_settings_changed(struct tg_refusals *refusals)
{
    if (refusals != NULL) {
        (void)pthread_mutex_lock(&refusals->lock);
        refusals->epoch++;
        (void)pthread_mutex_unlock(&refusals->lock);
    }
}

static bool see_entry(void *ctx, const struct tg_store_seen *seen)
{
    if (seen->is_blocked) {
        tg_refusals_add(ctx, &seen->key, 0, seen->expires_s);
    }
    return true;
}

enum tg_err tg_refusals_load(struct tg_refusals *refusals, struct tg_store *store)
{
    enum tg_err err = store->ops->survey(store, TG_STORE_SURVEY_OUTBOX, see_entry, refusals);

    tg_refusals_settings_changed(refusals);
    return err;
}
