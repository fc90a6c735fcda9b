/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/inbox.h"

#include "base/mem.h"
#include "base/mem_owner.h"

enum tg_err tg_inbox_init(struct tg_inbox *in)
{
    *in = (struct tg_inbox){ .keys = NULL };
    return pthread_mutex_init(&in->lock, NULL) == 0 ? TG_OK : TG_E_NOMEM;
}

void tg_inbox_deinit(struct tg_inbox *in)
{
    tg_mem_free(in->keys);
    in->keys = NULL;
    (void)pthread_mutex_destroy(&in->lock);
}

static bool make_room(struct tg_inbox *in)
{
    size_t cap = in->cap == 0 ? 64 : in->cap * 2;
    struct tg_mem_owner *before = NULL;
    struct tg_store_key *keys = NULL;

    if (in->count < in->cap) {
        return true;
    }
    if (cap > TG_INBOX_MAX) {
        return false;
    }
    before = tg_mem_enter(NULL); /* not the one whose change it is */
    keys = tg_mem_grow(in->keys, in->cap * sizeof(*keys), cap * sizeof(*keys));
    (void)tg_mem_enter(before);
    if (keys == NULL) {
        return false;
    }
    in->keys = keys;
    in->cap = cap;
    return true;
}

bool tg_inbox_put(struct tg_inbox *in, const struct tg_store_key *key)
{
    bool was_empty = false;

    (void)pthread_mutex_lock(&in->lock);
    was_empty = in->count == 0 && !in->has_overflowed;
    if (make_room(in)) {
        in->keys[in->count++] = *key;
    } else {
        in->has_overflowed = true;
    }
    (void)pthread_mutex_unlock(&in->lock);
    return was_empty;
}

void tg_inbox_deliver(struct tg_inbox *in, struct tg_waiters *w)
{
    struct tg_store_key *keys = NULL;
    size_t count = 0;
    bool is_all = false;

    (void)pthread_mutex_lock(&in->lock);
    keys = in->keys;
    count = in->count;
    is_all = in->has_overflowed;
    in->keys = NULL;
    in->count = 0;
    in->cap = 0;
    in->has_overflowed = false;
    (void)pthread_mutex_unlock(&in->lock);

    if (is_all) {
        tg_waiters_wake_all(w);
    } else {
        for (size_t i = 0; i < count; i++) {
            (void)tg_waiters_wake(w, &keys[i]);
        }
    }
    tg_mem_free(keys);
}
