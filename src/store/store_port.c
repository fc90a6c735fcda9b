/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_port.h"

#include "base/mem.h"
#include "base/mem_owner.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define RESERVE_COUNT 64u /* blocks kept for refusals when memory is short */
#define SPARE_MAX 1024u   /* blocks kept for reuse */

void tg_store_oplist_append(struct tg_store_oplist *list, struct tg_store_op *op)
{
    op->next = NULL;
    if (list->tail == NULL) {
        list->head = op;
    } else {
        list->tail->next = op;
    }
    list->tail = op;
}

void tg_store_oplist_splice(struct tg_store_oplist *list, struct tg_store_oplist *from)
{
    if (from->head == NULL) {
        return;
    }
    if (list->tail == NULL) {
        list->head = from->head;
    } else {
        list->tail->next = from->head;
    }
    list->tail = from->tail;
    from->head = NULL;
    from->tail = NULL;
}

struct tg_store_op *tg_store_oplist_pop(struct tg_store_oplist *list)
{
    struct tg_store_op *op = list->head;

    if (op != NULL) {
        list->head = op->next;
        if (list->head == NULL) {
            list->tail = NULL;
        }
        op->next = NULL;
    }
    return op;
}

static void spare_put(struct tg_store_port *port, struct tg_store_op *op)
{
    if (port->spare_count >= SPARE_MAX) {
        tg_mem_free(op);
        return;
    }
    op->next = port->spare;
    port->spare = op;
    port->spare_count++;
}

static struct tg_store_op *spare_take(struct tg_store_port *port)
{
    struct tg_store_op *op = port->spare;

    if (op != NULL) {
        port->spare = op->next;
        port->spare_count--;
    }
    return op;
}

static void spare_free(struct tg_store_port *port)
{
    struct tg_store_op *op = NULL;

    while ((op = spare_take(port)) != NULL) {
        tg_mem_free(op);
    }
}

enum tg_err tg_store_port_init(struct tg_store_port *port, struct tg_store *store,
                               struct tg_store_gate *gate, tg_store_notify_fn *notify,
                               void *notify_ctx)
{
    *port = (struct tg_store_port){
        .store = store, .gate = gate, .notify = notify, .notify_ctx = notify_ctx
    };
    while (port->spare_count < RESERVE_COUNT) {
        struct tg_store_op *op = tg_mem_calloc(1, sizeof(*op));

        if (op == NULL) {
            spare_free(port);
            return TG_E_NOMEM;
        }
        spare_put(port, op);
    }
    if (pthread_mutex_init(&port->lock, NULL) != 0) {
        spare_free(port);
        return TG_E_NOMEM;
    }
    atomic_fetch_add(&gate->port_count, 1);
    return TG_OK;
}

void tg_store_port_deinit(struct tg_store_port *port)
{
    assert(port->in_flight_count == 0);
    assert(!port->is_dispatching);
    /* The thread that completed the last operation may still hold the lock. */
    (void)pthread_mutex_lock(&port->lock);
    (void)pthread_mutex_unlock(&port->lock);
    (void)pthread_mutex_destroy(&port->lock);
    spare_free(port);
    atomic_fetch_sub(&port->gate->port_count, 1);
}

int tg_store_port_no_descriptor(const struct tg_store_port *port)
{
    (void)port;
    return -1;
}

enum tg_err tg_store_port_hear_nobody(struct tg_store_port *port, tg_store_news_fn *news, void *ctx)
{
    (void)port;
    (void)news;
    (void)ctx;
    return TG_OK;
}

enum tg_err tg_store_port_follow_nobody(struct tg_store_port *port, const struct tg_store_key *key)
{
    (void)port;
    (void)key;
    return TG_OK;
}

void tg_store_port_unfollow_nobody(struct tg_store_port *port, const struct tg_store_key *key)
{
    (void)port;
    (void)key;
}

void tg_store_port_share(struct tg_store_port *port, uint16_t share)
{
    port->share = share;
}

/* Counts one more waiting operation, unless the maximum is reached. */
static bool gate_enter(struct tg_store_gate *gate)
{
    if (atomic_fetch_add_explicit(&gate->waiting_count, 1, memory_order_relaxed) <
        TG_STORE_QUEUE_MAX) {
        return true;
    }
    atomic_fetch_sub_explicit(&gate->waiting_count, 1, memory_order_relaxed);
    return false;
}

/* Fills a new operation. A full queue does not refuse a sweep: it makes room. */
static struct tg_store_op *op_new(struct tg_store_port *port, enum tg_store_op_kind kind)
{
    struct tg_mem_owner *before = tg_mem_enter(NULL); /* the port uses it again */
    bool is_reserve = port->spare_count <= RESERVE_COUNT;
    struct tg_store_op *op = is_reserve ? tg_mem_calloc(1, sizeof(*op)) : spare_take(port);
    bool is_short = op == NULL;
    bool is_limited = kind != TG_STORE_SWEEP && kind != TG_STORE_READ;

    (void)tg_mem_enter(before);
    if (is_short) {
        op = spare_take(port);
    }
    if (op == NULL) {
        tg_store_die(port->gate->log, "store.out_of_memory", 0);
    }
    *op = (struct tg_store_op){ .port = port, .kind = kind, .err = TG_E_BUG, .share = port->share };
    op->is_counted = !is_short && is_limited && gate_enter(port->gate);
    op->is_refused = is_short || (is_limited && !op->is_counted);
    if (op->is_refused) {
        op->err = TG_E_FULL;
    }
    port->in_flight_count++;
    return op;
}

/* op, or NULL if it is refused; the refusal then waits for dispatch. */
static struct tg_store_op *op_admitted(struct tg_store_op *op)
{
    struct tg_store_oplist list = { NULL, NULL };

    if (!op->is_refused) {
        return op;
    }
    tg_store_oplist_append(&list, op);
    tg_store_port_complete(op->port, &list);
    return NULL;
}

static void finish_done(const struct tg_store_op *op)
{
    op->call.done(op->ctx, op->err);
}

static void finish_sweep(const struct tg_store_op *op)
{
    op->call.swept(op->ctx, op->err, &op->of.sweep.swept);
}

static void finish_spend(const struct tg_store_op *op)
{
    op->call.spent(op->ctx, op->err, op->of.spend.outcome,
                   tg_bytes(op->of.spend.known, op->of.spend.known_len));
}

static void entries_free(struct tg_outbox_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tg_mem_free((void *)(uintptr_t)entries[i].sealed.ptr);
    }
    tg_mem_free(entries);
}

static void finish_lease(const struct tg_store_op *op)
{
    bool is_leased = op->err == TG_OK; /* else what a run found does not count */

    op->call.leased(op->ctx, op->err, op->of.lease.entries, is_leased ? op->of.lease.count : 0,
                    is_leased ? op->of.lease.next_due_s : op->of.lease.now_s);
    entries_free(op->of.lease.entries, op->of.lease.count);
}

struct tg_store_op *tg_store_port_change(struct tg_store_port *port, const struct tg_store_key *key,
                                         tg_store_change_fn *change, void *ctx,
                                         tg_store_done_fn *done)
{
    struct tg_store_op *op = op_new(port, TG_STORE_CHANGE);

    op->finish = finish_done;
    op->change = change;
    op->call.done = done;
    op->ctx = ctx;
    op->of.key = *key;
    op->may_make = true; /* in a store that is no group */
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_change_at(struct tg_store_port *port,
                                            const struct tg_store_key *key,
                                            const struct tg_store_epoch *at,
                                            tg_store_change_fn *change, void *ctx,
                                            tg_store_done_fn *done)
{
    struct tg_store_op *op = tg_store_port_change(port, key, change, ctx, done);

    if (op != NULL) {
        op->is_at = true;
        op->may_make = at != NULL;
        op->epoch = at != NULL ? *at : (struct tg_store_epoch){ .version = 0 };
    }
    return op;
}

/* A read that was refused because memory is short says that the store failed. */
static void finish_read(const struct tg_store_op *op)
{
    enum tg_err err = op->err == TG_OK ? TG_OK : TG_E_STORE;
    const struct tg_store_record *record =
        err == TG_OK && op->of.read.exists ? &op->of.read.record : NULL;

    if (op->is_at) {
        op->call.probed(op->ctx, err, record, &op->epoch);
    } else {
        op->call.found(op->ctx, err, record);
    }
    if (op->of.read.owned != NULL) {
        op->of.read.release(op->of.read.owned);
    }
}

struct tg_store_op *tg_store_port_read(struct tg_store_port *port, const struct tg_store_key *key,
                                       tg_store_found_fn *found, void *ctx)
{
    struct tg_store_op *op = op_new(port, TG_STORE_READ);

    op->finish = finish_read;
    op->call.found = found;
    op->ctx = ctx;
    op->of.read.key = *key;
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_probe(struct tg_store_port *port, const struct tg_store_key *key,
                                        tg_store_probed_fn *probed, void *ctx)
{
    struct tg_store_op *op = op_new(port, TG_STORE_READ);

    op->finish = finish_read;
    op->call.probed = probed;
    op->ctx = ctx;
    op->is_at = true;
    op->of.read.key = *key;
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                                        tg_store_swept_fn *swept, void *ctx)
{
    struct tg_store_op *op = op_new(port, TG_STORE_SWEEP);

    op->finish = finish_sweep;
    op->call.swept = swept;
    op->ctx = ctx;
    op->of.sweep.now_s = now_s;
    op->of.sweep.max_count = max_count;
    op->of.sweep.swept.until_s = INT64_MIN;
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s,
                                        size_t max_count, tg_store_leased_fn *leased, void *ctx)
{
    struct tg_store_op *op = op_new(port, TG_STORE_LEASE);

    op->finish = finish_lease;
    op->call.leased = leased;
    op->ctx = ctx;
    op->of.lease.now_s = now_s;
    op->of.lease.until_s = until_s;
    op->of.lease.max_count = max_count < TG_OUTBOX_LEASE_MAX ? max_count : TG_OUTBOX_LEASE_MAX;
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_settle(struct tg_store_port *port, const struct tg_store_key *key,
                                         uint64_t generation, enum tg_outbox_verdict verdict,
                                         int64_t due_s, tg_store_done_fn *done, void *ctx)
{
    struct tg_store_op *op = op_new(port, TG_STORE_SETTLE);

    op->finish = finish_done;
    op->call.done = done;
    op->ctx = ctx;
    op->of.settle.key = *key;
    op->of.settle.generation = generation;
    op->of.settle.verdict = verdict;
    op->of.settle.due_s = due_s;
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_fact(struct tg_store_port *port, enum tg_fact fact,
                                       tg_store_fact_fn *change, void *ctx, tg_store_done_fn *done)
{
    struct tg_store_op *op = op_new(port, TG_STORE_FACT);

    op->finish = finish_done;
    op->call.done = done;
    op->ctx = ctx;
    op->of.fact.fact = fact;
    op->of.fact.change = change;
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_series(struct tg_store_port *port,
                                         const struct tg_store_key *series, int64_t end_s,
                                         tg_store_done_fn *done, void *ctx)
{
    struct tg_store_op *op = op_new(port, TG_STORE_SERIES);

    op->finish = finish_done;
    op->call.done = done;
    op->ctx = ctx;
    op->of.series.id = *series;
    op->of.series.end_s = end_s;
    return op_admitted(op);
}

struct tg_store_op *tg_store_port_spend(struct tg_store_port *port, const struct tg_spend *spend,
                                        tg_store_spent_fn *spent, void *ctx)
{
    struct tg_store_op *op = op_new(port, TG_STORE_SPEND);

    assert(spend->sealed.len <= TG_SPENT_SEALED_MAX);
    op->finish = finish_spend;
    op->call.spent = spent;
    op->ctx = ctx;
    op->of.spend.spend = *spend;
    op->of.spend.outcome = TG_SPEND_CLOSED;
    return op_admitted(op);
}

bool tg_store_spend_known(struct tg_store_op *op, struct tg_bytes sealed)
{
    if (sealed.len > sizeof(op->of.spend.known)) {
        return false;
    }
    op->of.spend.outcome = TG_SPEND_KNOWN;
    op->of.spend.known_len = sealed.len;
    if (sealed.len > 0) {
        memcpy(op->of.spend.known, sealed.ptr, sealed.len);
    }
    return true;
}

enum tg_err tg_store_lease_add(struct tg_store_op *op, const struct tg_outbox_entry *entry)
{
    struct tg_outbox_entry *entries = op->of.lease.entries;
    uint8_t *copy = NULL;

    assert(op->of.lease.count < op->of.lease.max_count);
    if (entries == NULL) {
        entries = tg_mem_calloc(op->of.lease.max_count, sizeof(*entries));
        op->of.lease.entries = entries;
    }
    if (entries != NULL) {
        copy = tg_mem_calloc(1, entry->sealed.len + 1); /* sealed may be empty */
    }
    if (copy == NULL) {
        return TG_E_FULL;
    }
    if (entry->sealed.len > 0) {
        memcpy(copy, entry->sealed.ptr, entry->sealed.len);
    }
    entries[op->of.lease.count] = *entry;
    entries[op->of.lease.count].sealed = tg_bytes(copy, entry->sealed.len);
    op->of.lease.count++;
    return TG_OK;
}

void tg_store_lease_clear(struct tg_store_op *op)
{
    entries_free(op->of.lease.entries, op->of.lease.count);
    op->of.lease.entries = NULL;
    op->of.lease.count = 0;
}

void tg_store_port_complete(struct tg_store_port *port, struct tg_store_oplist *list)
{
    bool was_empty = false;

    /* Notified under the lock: once it is released, the port's thread may take everything and
       detach. */
    (void)pthread_mutex_lock(&port->lock);
    was_empty = port->ready.head == NULL;
    tg_store_oplist_splice(&port->ready, list);
    if (was_empty && port->notify != NULL) {
        port->notify(port->notify_ctx);
    }
    (void)pthread_mutex_unlock(&port->lock);
}

/* Takes what the port's thread may answer before it looks at something else. */
static void take_ready(struct tg_store_port *port, struct tg_store_oplist *list)
{
    struct tg_store_op *op = NULL;

    (void)pthread_mutex_lock(&port->lock);
    for (size_t i = 0;
         i < TG_STORE_DISPATCH_MAX && (op = tg_store_oplist_pop(&port->ready)) != NULL; i++) {
        tg_store_oplist_append(list, op);
    }
    if (port->ready.head != NULL && port->notify != NULL) {
        port->notify(port->notify_ctx);
    }
    (void)pthread_mutex_unlock(&port->lock);
}

void tg_store_port_dispatch(struct tg_store_port *port)
{
    struct tg_store_oplist list = { NULL, NULL };
    struct tg_store_op *op = NULL;

    assert(!port->is_dispatching);
    take_ready(port, &list);

    port->is_dispatching = true;
    while ((op = tg_store_oplist_pop(&list)) != NULL) {
        struct tg_store_op copy = *op;

        /* Released first, so that a callback can start an operation. */
        spare_put(port, op);
        port->in_flight_count--;
        if (copy.is_counted) {
            atomic_fetch_sub_explicit(&port->gate->waiting_count, 1, memory_order_relaxed);
        }
        copy.finish(&copy);
    }
    port->is_dispatching = false;
}

bool tg_store_note_fits(const struct tg_store_limits *limits, const struct tg_store_stats *now,
                        const struct tg_outbox_note *note, bool is_new)
{
    bool is_full = limits->outbox_max != 0 && now->outbox_count >= limits->outbox_max;

    return note->sealed.len <= TG_OUTBOX_SEALED_MAX && !(is_new && is_full);
}

void tg_store_die(const struct tg_log *log, const char *name, int64_t number)
{
    TG_LOG(log, TG_LOG_ERROR, name, { "code", number });
    _exit(TG_STORE_EXIT_IN_DOUBT);
}
