/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/memory.h"

#include "base/mem.h"

#include <stdint.h>

struct tg_account {
    struct tg_accounts *all;
    struct tg_mem_owner *owner;
    struct tg_payer payer;
    size_t reported; /* bytes that the ledger counts for the payer */
    size_t promise;  /* bytes */
    size_t missing;  /* of the promise; they count as promised */
    bool is_operator;
    struct tg_account *next; /* of the retired */
};

/* ---- the process ---- */

void tg_memory_init(struct tg_memory *m, size_t max, size_t rss_anon)
{
    m->max = max;
    m->base = tg_mem_used();
    m->rss_base = rss_anon;
    m->trimmed_mono_ms = 0;
    atomic_init(&m->overhead, 0);
    atomic_init(&m->promised, 0);
    atomic_init(&m->leaving, 0);
}

static size_t blocks_of(const struct tg_memory *m)
{
    size_t blocks = tg_mem_used();

    return blocks > m->base ? blocks - m->base : 0;
}

bool tg_memory_measure(struct tg_memory *m, size_t rss_anon, uint64_t now_mono_ms)
{
    size_t blocks = blocks_of(m);
    size_t explained = m->rss_base + blocks + tg_mem_records_held();
    size_t overhead = m->rss_base > 0 && rss_anon > explained ? rss_anon - explained : 0;

    atomic_store_explicit(&m->overhead,
                          overhead > TG_MEMORY_OVERHEAD ? overhead - TG_MEMORY_OVERHEAD : 0,
                          memory_order_relaxed);
    if (overhead < TG_MEMORY_TRIM_MIN || overhead < blocks / TG_MEMORY_TRIM_PARTS ||
        now_mono_ms - m->trimmed_mono_ms < TG_MEMORY_TRIM_MS) {
        return false;
    }
    m->trimmed_mono_ms = now_mono_ms;
    return true;
}

size_t tg_memory_used(const struct tg_memory *m)
{
    return blocks_of(m) + atomic_load_explicit(&m->overhead, memory_order_relaxed) +
           atomic_load_explicit(&m->promised, memory_order_relaxed);
}

size_t tg_memory_free(const struct tg_memory *m)
{
    size_t used = m->max == 0 ? 0 : tg_memory_used(m);

    return m->max == 0 ? SIZE_MAX : used < m->max ? m->max - used : 0;
}

static size_t reserve_of(const struct tg_memory *m)
{
    return m->max / TG_MEMORY_SHORT_PARTS;
}

bool tg_memory_is_short(const struct tg_memory *m)
{
    return tg_memory_free(m) < reserve_of(m);
}

/* Free besides the reserve. */
static size_t room_of(const struct tg_memory *m)
{
    size_t room = tg_memory_free(m);

    return room > reserve_of(m) ? room - reserve_of(m) : 0;
}

/* What a network may hold while others go first: an equal part, with one left for a newcomer, but
   always a connection with a small request. */
static size_t fair_share(const struct tg_memory *m, const struct tg_ledger *ledger)
{
    size_t count = tg_ledger_network_count(ledger);
    size_t share = (m->max - reserve_of(m)) / ((count > 0 ? count : 1) + 1);

    return share > TG_ACCOUNT_SMALL ? share : TG_ACCOUNT_SMALL;
}

/* Another worker may close a connection before the one that took its place has counted it. */
static size_t leaving_of(const struct tg_memory *m)
{
    size_t leaving = atomic_load_explicit(&m->leaving, memory_order_relaxed);

    return leaving <= SIZE_MAX / 2 ? leaving : 0;
}

/* spec: protocol/3#memory-reserve */
void tg_memory_relieve(struct tg_memory *m, struct tg_ledger *ledger)
{
    size_t ready = 0;
    size_t taken = 0;

    if (!tg_memory_is_short(m)) {
        return;
    }
    ready = tg_memory_free(m) + leaving_of(m);
    if (ready < reserve_of(m)) {
        taken = tg_ledger_relieve(ledger, fair_share(m, ledger), reserve_of(m) - ready);
        (void)atomic_fetch_add_explicit(&m->leaving, taken, memory_order_relaxed);
    }
}

void tg_memory_left(struct tg_memory *m, size_t leaving)
{
    (void)atomic_fetch_sub_explicit(&m->leaving, leaving, memory_order_relaxed);
}

/* ---- accounts ---- */

struct tg_account *tg_account_open(struct tg_accounts *all)
{
    struct tg_account *a = tg_mem_calloc(1, sizeof(*a));

    if (a == NULL) {
        return NULL;
    }
    a->all = all;
    a->owner = tg_mem_owner_new();
    if (a->owner == NULL) {
        tg_mem_free(a);
        return NULL;
    }
    return a;
}

static void set_missing(struct tg_account *a, size_t missing)
{
    if (a->all->memory != NULL && missing > a->missing) {
        (void)atomic_fetch_add_explicit(&a->all->memory->promised, missing - a->missing,
                                        memory_order_relaxed);
    } else if (a->all->memory != NULL) {
        (void)atomic_fetch_sub_explicit(&a->all->memory->promised, a->missing - missing,
                                        memory_order_relaxed);
    }
    a->missing = missing;
}

/* What is promised counts as held. */
static void report(struct tg_account *a, size_t held)
{
    set_missing(a, a->promise > held ? a->promise - held : 0);
    held += a->missing;
    if (held > a->reported) {
        tg_ledger_hold_memory(a->all->ledger, &a->payer, held - a->reported);
    } else {
        tg_ledger_release_memory(a->all->ledger, &a->payer, a->reported - held);
    }
    a->reported = held;
}

void tg_account_set_payer(struct tg_account *a, const struct tg_payer *payer)
{
    tg_ledger_release_memory(a->all->ledger, &a->payer, a->reported);
    a->reported = 0;
    a->payer = *payer;
    report(a, tg_account_held(a));
}

void tg_account_set_operator(struct tg_account *a)
{
    a->is_operator = true;
}

const struct tg_mem_owner *tg_account_owner(const struct tg_account *a)
{
    return a->owner;
}

/* False: some of its blocks are in use. */
static bool account_free(struct tg_account *a)
{
    if (!tg_mem_owner_free(&a->owner)) {
        a->promise = 0;
        report(a, tg_account_held(a));
        return false;
    }
    a->promise = 0;
    report(a, 0);
    tg_mem_free(a);
    return true;
}

void tg_account_close(struct tg_account **a)
{
    struct tg_account *account = a == NULL ? NULL : *a;

    if (account != NULL && !account_free(account)) {
        account->next = account->all->retired;
        account->all->retired = account;
    }
    if (a != NULL) {
        *a = NULL;
    }
}

void tg_accounts_reap(struct tg_accounts *all)
{
    struct tg_account **link = &all->retired;

    while (*link != NULL) {
        struct tg_account *a = *link;
        struct tg_account *next = a->next;

        if (account_free(a)) {
            *link = next;
        } else {
            link = &a->next;
        }
    }
}

size_t tg_account_held(const struct tg_account *a)
{
    return a == NULL ? 0 : tg_mem_owner_held(a->owner);
}

static bool may_network_take(const struct tg_account *a, size_t bytes, size_t room)
{
    return tg_ledger_memory_of(a->all->ledger, &a->payer) + bytes <= room;
}

static bool is_of_network(const struct tg_account *a)
{
    return tg_payer_tier_count(&a->payer) > 0;
}

static bool is_within_share(const struct tg_account *a, size_t bytes)
{
    return tg_ledger_memory_of_widest(a->all->ledger, &a->payer) + bytes <=
           fair_share(a->all->memory, a->all->ledger);
}

/* How much an account may hold whose network is within its share. */
static size_t most_within_share(size_t room)
{
    return room / TG_ACCOUNT_PARTS > TG_ACCOUNT_REQUEST ? room / TG_ACCOUNT_PARTS
                                                        : TG_ACCOUNT_REQUEST;
}

/* Without a claim to the reserve. */
static bool may_take_of(const struct tg_account *a, size_t bytes, size_t room)
{
    size_t used = a->all->memory->max - room;
    size_t held = tg_account_held(a);
    bool is_small = held + bytes <= TG_ACCOUNT_SMALL;

    if (bytes > room || (!is_small && held + bytes > room / TG_ACCOUNT_PARTS)) {
        return false;
    }
    /* A network holds no more than all: while half is free it cannot be over its share. */
    return used + bytes <= room ||
           may_network_take(a, bytes, is_small ? TG_NETWORK_SMALL_FACTOR * room : room);
}

/* spec: protocol/3#memory-reserve */
bool tg_account_may_take(const struct tg_account *a, size_t bytes)
{
    const struct tg_memory *m = a == NULL ? NULL : a->all->memory;
    size_t room = 0;

    if (m == NULL || m->max == 0 || a->is_operator) {
        return true;
    }
    room = tg_memory_free(m);
    if (bytes > room || tg_account_held(a) > m->max) {
        return false;
    }
    if (!is_of_network(a)) {
        return may_take_of(a, bytes, room);
    }
    if (is_within_share(a, bytes) && tg_account_held(a) + bytes <= most_within_share(room)) {
        return true;
    }
    return may_take_of(a, bytes, room_of(m));
}

void tg_account_promise(struct tg_account *a, size_t bytes)
{
    a->promise = bytes;
    report(a, tg_account_held(a));
}

struct tg_mem_owner *tg_account_enter(const struct tg_account *a)
{
    return tg_mem_enter(a == NULL ? NULL : a->owner);
}

void tg_account_leave(struct tg_account *a, struct tg_mem_owner *before)
{
    size_t held = tg_account_held(a);

    (void)tg_mem_enter(before);
    if (a == NULL) {
        return;
    }
    if (a->promise > 0 || held > a->reported + TG_ACCOUNT_REPORT ||
        held + TG_ACCOUNT_REPORT < a->reported) {
        report(a, held);
    }
}

bool tg_account_is_in_the_way(const struct tg_account *a)
{
    const struct tg_memory *m = a == NULL ? NULL : a->all->memory;

    if (m == NULL || m->max == 0 || a->is_operator) {
        return false;
    }
    return is_of_network(a)
               ? tg_account_held(a) > TG_ACCOUNT_LARGE && !is_within_share(a, TG_ACCOUNT_SMALL) &&
                     !may_network_take(a, TG_ACCOUNT_SMALL, room_of(m))
               : tg_memory_is_short(m);
}

bool tg_accounts_are_tight(const struct tg_accounts *all)
{
    const struct tg_memory *m = all->memory;

    return m != NULL && m->max != 0 && tg_memory_used(m) + TG_ACCOUNT_SMALL > room_of(m);
}
