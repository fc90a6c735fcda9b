/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/follow.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/mem_owner.h"

#include <assert.h>
#include <string.h>

#define BUCKETS_MIN 64u

struct tg_pg_followed {
    struct tg_store_key key;
    size_t count;  /* adds */
    bool is_known; /* tag is what its waiters have read */
    struct tg_pg_tag tag;
    uint64_t look_number;         /* of the last look that has found it */
    struct tg_pg_followed *chain; /* of its bucket */
    struct tg_pg_followed *before;
    struct tg_pg_followed *after;
};

/* A key is a keyed hash: no client chooses its bucket. */
static size_t place_of(const struct tg_pg_follow *f, const uint8_t *hint)
{
    uint64_t h = 0;

    memcpy(&h, hint, TG_PG_HINT_LEN);
    return (size_t)h & (f->bucket_count - 1);
}

static struct tg_pg_followed *find(const struct tg_pg_follow *f, const struct tg_store_key *key)
{
    struct tg_pg_followed *e = f->count == 0 ? NULL : f->buckets[place_of(f, key->bytes)];

    while (e != NULL && memcmp(e->key.bytes, key->bytes, sizeof(key->bytes)) != 0) {
        e = e->chain;
    }
    return e;
}

/* ---- adding and removing -------------------------------------------------------------------- */

static enum tg_err grow(struct tg_pg_follow *f)
{
    struct tg_pg_follow bigger = *f;

    bigger.bucket_count = f->bucket_count == 0 ? BUCKETS_MIN : f->bucket_count * 2;
    bigger.buckets = tg_mem_calloc(bigger.bucket_count, sizeof(struct tg_pg_followed *));
    if (bigger.buckets == NULL) {
        return TG_E_NOMEM;
    }
    for (struct tg_pg_followed *e = f->first; e != NULL; e = e->after) {
        size_t i = place_of(&bigger, e->key.bytes);

        e->chain = bigger.buckets[i];
        bigger.buckets[i] = e;
    }
    tg_mem_free(f->buckets);
    *f = bigger;
    return TG_OK;
}

static void insert(struct tg_pg_follow *f, struct tg_pg_followed *e)
{
    size_t i = place_of(f, e->key.bytes);

    e->chain = f->buckets[i];
    f->buckets[i] = e;
    e->before = f->last;
    *(f->last == NULL ? &f->first : &f->last->after) = e;
    f->last = e;
    f->count++;
}

static enum tg_err add_new(struct tg_pg_follow *f, const struct tg_store_key *key)
{
    struct tg_pg_followed *e = NULL;
    enum tg_err err = TG_E_BUG;

    if (f->count >= f->bucket_count) {
        err = grow(f);
        /* A table that cannot grow works more slowly. */
        TG_REQUIRE(err == TG_OK || f->bucket_count > 0, err);
    }
    e = tg_mem_calloc(1, sizeof(*e));
    TG_REQUIRE(e != NULL, TG_E_NOMEM);
    e->key = *key;
    e->count = 1;
    insert(f, e);
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_pg_follow_add(struct tg_pg_follow *f, const struct tg_store_key *key)
{
    struct tg_pg_followed *e = find(f, key);
    struct tg_mem_owner *before = NULL;
    enum tg_err err = TG_OK;

    if (e != NULL) {
        e->count++;
        return TG_OK;
    }
    before = tg_mem_enter(NULL); /* for all that wait, not for the first of them */
    err = add_new(f, key);
    (void)tg_mem_enter(before);
    return err;
}

static void drop(struct tg_pg_follow *f, struct tg_pg_followed *e)
{
    struct tg_pg_followed **at = &f->buckets[place_of(f, e->key.bytes)];

    while (*at != e) {
        at = &(*at)->chain;
    }
    *at = e->chain;
    *(e->before == NULL ? &f->first : &e->before->after) = e->after;
    *(e->after == NULL ? &f->last : &e->after->before) = e->before;
    if (f->place == e) {
        f->place = e->after;
    }
    f->count--;
    tg_mem_free(e);
}

void tg_pg_follow_remove(struct tg_pg_follow *f, const struct tg_store_key *key)
{
    struct tg_pg_followed *e = find(f, key);

    assert(e != NULL);
    if (e != NULL && --e->count == 0) {
        drop(f, e);
    }
}

void tg_pg_follow_deinit(struct tg_pg_follow *f)
{
    while (f->first != NULL) {
        drop(f, f->first);
    }
    tg_mem_free(f->buckets);
    *f = (struct tg_pg_follow){ .buckets = NULL };
}

/* ---- comparing ------------------------------------------------------------------------------ */

static bool is_other(const struct tg_pg_followed *e, struct tg_pg_tag tag)
{
    return e->is_known && (e->tag.is_there != tag.is_there || e->tag.value != tag.value);
}

bool tg_pg_follow_read(struct tg_pg_follow *f, const struct tg_store_key *key, struct tg_pg_tag tag)
{
    struct tg_pg_followed *e = find(f, key);
    bool is_news = e != NULL && is_other(e, tag);

    if (e != NULL) {
        e->is_known = true;
        e->tag = tag;
    }
    return is_news;
}

static bool look(struct tg_pg_followed *e, struct tg_pg_tag tag)
{
    bool is_news = is_other(e, tag);

    if (is_news) {
        e->is_known = false; /* its waiters read it again */
    }
    return is_news;
}

bool tg_pg_follow_look(struct tg_pg_follow *f, const struct tg_store_key *key, int64_t tag)
{
    struct tg_pg_followed *e = find(f, key);

    if (e == NULL) {
        return false;
    }
    e->look_number = f->look_number;
    return look(e, (struct tg_pg_tag){ .is_there = true, .value = tag });
}

bool tg_pg_follow_missed(struct tg_pg_follow *f, const struct tg_store_key *key)
{
    struct tg_pg_followed *e = find(f, key);

    return e != NULL && e->look_number != f->look_number &&
           look(e, (struct tg_pg_tag){ .is_there = false });
}

const struct tg_store_key *tg_pg_follow_hint(struct tg_pg_follow *f, const uint8_t *hint,
                                             struct tg_pg_followed **at)
{
    struct tg_pg_followed *e = *at != NULL     ? (*at)->chain
                               : f->count == 0 ? NULL
                                               : f->buckets[place_of(f, hint)];

    while (e != NULL && memcmp(e->key.bytes, hint, TG_PG_HINT_LEN) != 0) {
        e = e->chain;
    }
    *at = e;
    if (e == NULL) {
        return NULL;
    }
    e->is_known = false;
    return &e->key;
}

/* ---- rounds --------------------------------------------------------------------------------- */

void tg_pg_follow_begin(struct tg_pg_follow *f)
{
    f->place = f->first;
}

size_t tg_pg_follow_next(struct tg_pg_follow *f, struct tg_store_key *keys, size_t max)
{
    size_t count = 0;

    f->look_number++;
    for (; f->place != NULL && count < max; f->place = f->place->after) {
        keys[count++] = f->place->key;
    }
    return count;
}
