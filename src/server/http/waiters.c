/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/waiters.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/mem_owner.h"

#include <assert.h>
#include <string.h>

#define BUCKETS_MIN 64u

/* A key is a keyed hash: its bytes are evenly distributed, and no client can choose its bucket. */
static size_t hash_of(const struct tg_store_key *key)
{
    uint64_t h = 0;

    memcpy(&h, key->bytes, sizeof(h));
    return (size_t)h;
}

static bool is_same_key(const struct tg_store_key *a, const struct tg_store_key *b)
{
    return tg_bytes_is_equal(TG_ARRAY_BYTES(a->bytes), TG_ARRAY_BYTES(b->bytes));
}

static struct tg_link *bucket_of(struct tg_waiters *w, const struct tg_store_key *key)
{
    return &w->buckets[hash_of(key) & (w->bucket_count - 1)];
}

void tg_waiters_init(struct tg_waiters *w)
{
    *w = (struct tg_waiters){ .buckets = NULL };
    tg_list_init(&w->waking);
}

void tg_waiters_deinit(struct tg_waiters *w)
{
    assert(w->count == 0);
    tg_mem_free(w->buckets);
    tg_waiters_init(w);
}

static enum tg_err resize(struct tg_waiters *w, size_t bucket_count)
{
    struct tg_waiters bigger = { .bucket_count = bucket_count };
    struct tg_mem_owner *before = tg_mem_enter(NULL); /* for the requests of all connections */

    bigger.buckets = tg_mem_calloc(bucket_count, sizeof(*bigger.buckets));
    (void)tg_mem_enter(before);
    if (bigger.buckets == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < bucket_count; i++) {
        tg_list_init(&bigger.buckets[i]);
    }
    for (size_t i = 0; i < w->bucket_count; i++) {
        struct tg_link *link = NULL;

        while ((link = tg_list_shift(&w->buckets[i])) != NULL) {
            struct tg_waiter *waiter = TG_CONTAINER(link, struct tg_waiter, link);

            tg_list_append(bucket_of(&bigger, &waiter->key), link);
        }
    }
    tg_mem_free(w->buckets);
    w->buckets = bigger.buckets;
    w->bucket_count = bucket_count;
    return TG_OK;
}

enum tg_err tg_waiters_add(struct tg_waiters *w, struct tg_waiter *waiter,
                           const struct tg_store_key *key)
{
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(!tg_link_is_linked(&waiter->link), TG_E_BUG);
    if (w->count >= w->bucket_count) {
        size_t bucket_count = w->bucket_count == 0 ? BUCKETS_MIN : w->bucket_count * 2;

        err = resize(w, bucket_count);
        /* A table that cannot grow works more slowly. */
        TG_REQUIRE(err == TG_OK || w->bucket_count > 0, err);
    }
    if (w->watch.begin != NULL) {
        TG_TRY(w->watch.begin(w->watch.ctx, key));
    }
    waiter->key = *key;
    tg_list_append(bucket_of(w, key), &waiter->link);
    w->count++;
    err = TG_OK;
out:
    return err;
}

void tg_waiters_remove(struct tg_waiters *w, struct tg_waiter *waiter)
{
    if (tg_link_is_linked(&waiter->link)) {
        tg_link_remove(&waiter->link);
        w->count--;
        if (w->watch.end != NULL) {
            w->watch.end(w->watch.ctx, &waiter->key);
        }
    }
}

size_t tg_waiters_wake(struct tg_waiters *w, const struct tg_store_key *key)
{
    struct tg_link *head = NULL;
    size_t count = 0;

    if (w->count == 0) {
        return 0;
    }
    head = bucket_of(w, key);
    for (struct tg_link *link = head->next, *next = NULL; link != head; link = next) {
        struct tg_waiter *waiter = TG_CONTAINER(link, struct tg_waiter, link);

        next = link->next;
        if (is_same_key(&waiter->key, key)) {
            tg_link_remove(link);
            tg_list_append(&w->waking, link);
            count++;
        }
    }
    return count;
}

void tg_waiters_wake_all(struct tg_waiters *w)
{
    for (size_t i = 0; i < w->bucket_count; i++) {
        tg_list_splice(&w->waking, &w->buckets[i]);
    }
}

bool tg_waiters_run(struct tg_waiters *w, size_t max)
{
    struct tg_link *link = NULL;

    for (size_t i = 0; i < max && (link = tg_list_shift(&w->waking)) != NULL; i++) {
        struct tg_waiter *waiter = TG_CONTAINER(link, struct tg_waiter, link);

        /* Back into its bucket first, so that the callback may remove it or let it wait on. */
        tg_list_append(bucket_of(w, &waiter->key), link);
        waiter->woken(waiter);
    }
    return !tg_list_is_empty(&w->waking);
}
