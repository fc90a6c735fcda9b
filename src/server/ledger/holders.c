/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/holders.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "server/ledger/burdens.h"
#include "server/ledger/crowd.h"

#include <assert.h>
#include <pthread.h>

/* Networks and holders that a call looks at when memory is short. */
#define RELIEF_LOOKS_MAX 16384u
#define LOOK_MAX 64u /* holders of one group among which the one to lose its place is chosen */

struct tg_holders {
    pthread_mutex_t lock;
    size_t max;
    size_t count;         /* places taken */
    size_t grouped_count; /* those of networks */
    uint64_t entered_count;
    atomic_size_t network_count; /* burdens.widest_count, for those without the lock */
    struct tg_burdens burdens;
    void (*wake)(void *ctx, size_t worker);
    void *ctx;
    size_t worker_count;
    struct tg_link *doomed; /* a list for each worker */
};

/* ---- making ---- */

enum tg_err tg_holders_new(struct tg_holders **out, size_t max, size_t worker_count,
                           void (*wake)(void *ctx, size_t worker), void *ctx)
{
    enum tg_err err = TG_E_BUG;
    struct tg_holders *h = tg_mem_calloc(1, sizeof(*h));
    bool has_lock = false;

    TG_REQUIRE(h != NULL, TG_E_NOMEM);
    has_lock = pthread_mutex_init(&h->lock, NULL) == 0;
    TG_REQUIRE(has_lock, TG_E_NOMEM);
    h->doomed = tg_mem_calloc(worker_count, sizeof(*h->doomed));
    TG_REQUIRE(h->doomed != NULL, TG_E_NOMEM);
    TG_TRY(tg_burdens_init(&h->burdens));
    for (size_t i = 0; i < worker_count; i++) {
        tg_list_init(&h->doomed[i]);
    }
    h->max = max;
    h->worker_count = worker_count;
    h->wake = wake;
    h->ctx = ctx;
    *out = h;
    h = NULL;
    err = TG_OK;
out:
    if (h != NULL) {
        if (has_lock) {
            (void)pthread_mutex_destroy(&h->lock);
        }
        tg_mem_free(h->doomed);
        tg_mem_free(h);
    }
    return err;
}

void tg_holders_free(struct tg_holders **h)
{
    if (h != NULL && *h != NULL) {
        assert((*h)->count == 0);
        tg_burdens_deinit(&(*h)->burdens);
        (void)pthread_mutex_destroy(&(*h)->lock);
        tg_mem_free((*h)->doomed);
        tg_mem_free(*h);
        *h = NULL;
    }
}

/* ---- the steps below hold the lock ---- */

static void append(struct tg_holder *holder)
{
    for (size_t tier = 0; tier < holder->tier_count; tier++) {
        tg_list_append(&holder->groups[tier]->holders[holder->worth], &holder->same[tier]);
    }
}

static void publish(struct tg_holders *h)
{
    atomic_store_explicit(&h->network_count, h->burdens.widest_count, memory_order_relaxed);
}

static void unlink_all(struct tg_holder *holder)
{
    for (size_t tier = 0; tier < holder->tier_count; tier++) {
        tg_link_remove(&holder->same[tier]);
    }
}

static void part(struct tg_holders *h, struct tg_holder *holder, size_t tier_count)
{
    for (size_t tier = 0; tier < tier_count; tier++) {
        tg_burdens_part(&h->burdens, holder->groups[tier], holder->worth);
        holder->groups[tier] = NULL;
    }
}

/* All groups of the newcomer, or none. A group may outlive the holder that it is made for. */
static bool join(struct tg_holders *h, struct tg_holder *holder, const struct tg_payer *payer)
{
    struct tg_mem_owner *owner = tg_mem_enter(NULL);
    size_t tier = 0;

    for (; tier < holder->tier_count; tier++) {
        holder->groups[tier] = tg_burdens_join(&h->burdens, payer, tier, holder->worth);
        if (holder->groups[tier] == NULL) {
            break;
        }
    }
    (void)tg_mem_enter(owner);
    if (tier < holder->tier_count) {
        part(h, holder, tier);
        return false;
    }
    return true;
}

static void leave(struct tg_holders *h, struct tg_holder *holder)
{
    unlink_all(holder);
    part(h, holder, holder->tier_count);
    h->count--;
    h->grouped_count -= holder->tier_count > 0 ? 1 : 0;
    holder->is_in = false;
    publish(h);
}

/* The one of a group and worth that loses its place: one whose narrower network holds most, not in
   the middle of a request, the oldest. It looks at a bounded number of them. */
static struct tg_holder *pick(struct tg_holder_group *g, enum tg_worth worth)
{
    struct tg_holder *best = NULL;
    size_t best_rank = 0;
    size_t left = LOOK_MAX;

    for (struct tg_link *link = g->holders[worth].next; link != &g->holders[worth] && left > 0;
         link = link->next, left--) {
        struct tg_holder *holder = tg_burdens_holder(link, g->tier);
        bool is_active = atomic_load_explicit(&holder->is_active, memory_order_relaxed);
        size_t rank = 2 * holder->groups[0]->count + (is_active ? 0 : 1);

        if (best == NULL || rank > best_rank) {
            best = holder;
            best_rank = rank;
        }
    }
    return best;
}

static bool is_over_share(const struct tg_holders *h, const struct tg_holder *holder,
                          bool is_network_new)
{
    const struct tg_holder_group *widest = holder->groups[holder->tier_count - 1];
    size_t network_count = h->burdens.widest_count + (is_network_new ? 1 : 0);

    return widest->count * network_count > h->grouped_count + 1;
}

static struct tg_holder *find_victim(struct tg_holders *h, const struct tg_payer *payer)
{
    size_t tier_count = tg_payer_tier_count(payer);
    size_t newcomer_burden = tg_burdens_with_one_more(&h->burdens, payer);
    bool is_new = tier_count > 0 && tg_burdens_find(&h->burdens, payer, tier_count - 1) == NULL;
    struct tg_holder_group *own = NULL;
    struct tg_holder *heaviest = NULL;
    size_t heaviest_burden = newcomer_burden;

    for (enum tg_worth worth = TG_WORTH_NONE; worth < TG_WORTH_COUNT; worth++) {
        struct tg_holder_group *top = tg_burdens_top(&h->burdens, worth);
        struct tg_holder *victim = NULL;

        if (top == NULL || tg_burdens_of(top) <= newcomer_burden) {
            continue;
        }
        victim = pick(top, worth);
        if (is_over_share(h, victim, is_new)) {
            return victim;
        }
        if (tg_burdens_of(top) > heaviest_burden) {
            heaviest_burden = tg_burdens_of(top);
            heaviest = victim;
        }
    }
    if (heaviest == NULL && tier_count > 0) {
        own = tg_burdens_find(&h->burdens, payer, 0);
    }
    return own != NULL ? pick(own, TG_WORTH_NONE) : heaviest;
}

/* Returns the worker to wake, or worker_count: none. */
static size_t doom(struct tg_holders *h, struct tg_holder *victim)
{
    bool was_empty = tg_list_is_empty(&h->doomed[victim->worker]);

    leave(h, victim);
    tg_list_append(&h->doomed[victim->worker], &victim->doomed);
    return was_empty ? victim->worker : h->worker_count;
}

static void wake(struct tg_holders *h, size_t worker)
{
    if (worker < h->worker_count && h->wake != NULL) {
        h->wake(h->ctx, worker);
    }
}

/* ---- the calls ---- */

bool tg_holders_enter(struct tg_holders *h, struct tg_holder *holder, const struct tg_payer *payer,
                      size_t worker, enum tg_worth worth)
{
    struct tg_holder *victim = NULL;
    size_t to_wake = h->worker_count;
    bool is_admitted = false;

    if (payer->kind == TG_PAYER_REFUSED) {
        return false;
    }
    (void)pthread_mutex_lock(&h->lock);
    is_admitted = h->count < h->max;
    if (!is_admitted && h->max > 0) {
        victim = find_victim(h, payer);
    }
    holder->tier_count = tg_payer_tier_count(payer);
    holder->worker = worker;
    holder->worth = worth;
    is_admitted = (is_admitted || victim != NULL) && join(h, holder, payer);
    if (is_admitted) {
        if (victim != NULL) {
            to_wake = doom(h, victim);
        }
        append(holder);
        h->count++;
        h->grouped_count += holder->tier_count > 0 ? 1 : 0;
        holder->is_in = true;
        holder->number = h->entered_count++;
        publish(h);
    }
    (void)pthread_mutex_unlock(&h->lock);
    wake(h, to_wake);
    return is_admitted;
}

void tg_holders_leave(struct tg_holders *h, struct tg_holder *holder)
{
    (void)pthread_mutex_lock(&h->lock);
    if (holder->is_in) {
        leave(h, holder);
    }
    tg_link_remove(&holder->doomed);
    (void)pthread_mutex_unlock(&h->lock);
}

void tg_holders_set_worth(struct tg_holders *h, struct tg_holder *holder, enum tg_worth worth)
{
    (void)pthread_mutex_lock(&h->lock);
    if (holder->is_in && holder->worth != worth) {
        unlink_all(holder);
        for (size_t tier = 0; tier < holder->tier_count; tier++) {
            tg_burdens_move(&h->burdens, holder->groups[tier], holder->worth, worth);
        }
        holder->worth = worth;
        append(holder);
    }
    (void)pthread_mutex_unlock(&h->lock);
}

bool tg_holders_make_room(struct tg_holders *h, const struct tg_payer *payer)
{
    struct tg_holder *victim = NULL;
    size_t to_wake = h->worker_count;

    (void)pthread_mutex_lock(&h->lock);
    victim = payer->kind == TG_PAYER_REFUSED ? NULL : find_victim(h, payer);
    if (victim != NULL) {
        to_wake = doom(h, victim);
    }
    (void)pthread_mutex_unlock(&h->lock);
    wake(h, to_wake);
    return victim != NULL;
}

size_t tg_holders_relieve(struct tg_holders *h, const struct tg_counts *memory, uint64_t share,
                          size_t need)
{
    struct tg_crowd crowd = { .burdens = &h->burdens, .memory = memory, .share = share };
    struct tg_holder *victim = NULL;
    size_t to_wake[TG_HOLDERS_RELIEF_MAX];
    size_t count = 0;
    size_t freed = 0;

    (void)pthread_mutex_lock(&h->lock);
    while (freed < need && count < TG_HOLDERS_RELIEF_MAX && crowd.looks < RELIEF_LOOKS_MAX &&
           (victim = tg_crowd_pick(&crowd)) != NULL) {
        victim->leaving = victim->memory == NULL ? 1 : tg_mem_owner_held(victim->memory) + 1;
        freed += victim->leaving;
        to_wake[count++] = doom(h, victim);
    }
    (void)pthread_mutex_unlock(&h->lock);
    for (size_t i = 0; i < count; i++) {
        wake(h, to_wake[i]);
    }
    return freed;
}

struct tg_holder *tg_holders_next_doomed(struct tg_holders *h, size_t worker)
{
    struct tg_link *link = NULL;

    (void)pthread_mutex_lock(&h->lock);
    link = tg_list_shift(&h->doomed[worker]);
    (void)pthread_mutex_unlock(&h->lock);
    return link == NULL ? NULL : TG_CONTAINER(link, struct tg_holder, doomed);
}

size_t tg_holders_network_count(const struct tg_holders *h)
{
    return atomic_load_explicit(&h->network_count, memory_order_relaxed);
}

size_t tg_holders_count(struct tg_holders *h)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&h->lock);
    count = h->count;
    (void)pthread_mutex_unlock(&h->lock);
    return count;
}
