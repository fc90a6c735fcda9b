/* SPDX-License-Identifier: Apache-2.0 */
/* What all groups do, one after the other: sweeps, leases, and the time mark. */
#include "base/mem.h"
#include "base/mem_owner.h"
#include "store/groups/groups.h"

#define AWAY_S 5 /* a group that failed is asked for entries again after that */

/* An operation on its way through the groups. */
struct round {
    struct tg_groups_port *port;
    struct tg_store_op *op;
    size_t count; /* groups that are done */
    size_t first;
    size_t failure_count;
    enum tg_err err; /* the first one */
    int64_t mark_s;  /* the latest of all groups */
    uint8_t mark[TG_STORE_MARK_LEN];
};

static size_t group_count(const struct round *r)
{
    return tg_groups_of(&r->port->base)->map.group_count;
}

/* NULL: the operation was answered. */
static struct round *begin(struct tg_store_port *port, struct tg_store_op *op)
{
    struct tg_mem_owner *before = tg_mem_enter(NULL);
    struct round *r = op == NULL ? NULL : tg_mem_calloc(1, sizeof(*r));

    (void)tg_mem_enter(before);
    if (r != NULL) {
        *r = (struct round){ .port = (struct tg_groups_port *)port, .op = op };
    } else if (op != NULL) {
        tg_groups_complete(op, TG_E_FULL);
    }
    return r;
}

static void end(struct round *r, enum tg_err err)
{
    tg_groups_complete(r->op, err);
    tg_mem_free(r);
}

/* The group whose turn it is. */
static size_t group_of(const struct round *r)
{
    return (r->first + r->count) % group_count(r);
}

static struct tg_store_port *child_of(const struct round *r, const struct tg_store_ops **ops)
{
    *ops = tg_groups_of(&r->port->base)->groups[group_of(r)]->ops;
    return tg_groups_child(r->port, group_of(r), r->op->share);
}

static void take_error(struct round *r, enum tg_err err)
{
    if (err != TG_OK) {
        r->err = r->failure_count++ == 0 ? err : r->err;
    }
}

/* Groups that are known to be away are not waited for. How many were passed over. */
static size_t pass_over(struct round *r)
{
    const struct tg_groups *s = tg_groups_of(&r->port->base);
    size_t passed = 0;

    while (r->count < group_count(r) &&
           !s->groups[group_of(r)]->ops->epoch->is_usable(s->groups[group_of(r)])) {
        take_error(r, TG_E_STORE);
        r->count++;
        passed++;
    }
    return passed;
}

/* ---- sweeps --------------------------------------------------------------------------------- */

static void sweep_next(struct round *r);

static void on_swept(void *ctx, enum tg_err err, const struct tg_store_swept *swept)
{
    struct round *r = ctx;
    struct tg_store_swept *sum = &r->op->of.sweep.swept;
    bool is_first = r->count == 0;

    take_error(r, err);
    sum->removed_count += swept->removed_count;
    sum->spent_count += swept->spent_count;
    sum->until_s = is_first || swept->until_s < sum->until_s ? swept->until_s : sum->until_s;
    if (err != TG_OK) {
        sum->until_s = INT64_MIN;
    }
    r->count++;
    sweep_next(r);
}

static void sweep_next(struct round *r)
{
    const struct tg_store_op *op = r->op;
    const struct tg_store_ops *ops = NULL;
    struct tg_store_port *child = NULL;
    size_t done = op->of.sweep.swept.removed_count;

    if (pass_over(r) > 0) {
        r->op->of.sweep.swept.until_s = INT64_MIN;
    }
    if (r->count == group_count(r)) {
        end(r, r->err);
        return;
    }
    child = child_of(r, &ops);
    ops->sweep(child, op->of.sweep.now_s,
               op->of.sweep.max_count > done ? op->of.sweep.max_count - done : 0, on_swept, r);
}

void tg_groups_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                     tg_store_swept_fn *swept, void *ctx)
{
    struct round *r = begin(port, tg_store_port_sweep(port, now_s, max_count, swept, ctx));

    if (r != NULL) {
        sweep_next(r);
    }
}

/* ---- leases --------------------------------------------------------------------------------- */

static void lease_next(struct round *r);

static void note_due(struct round *r, int64_t due_s)
{
    if (due_s < r->op->of.lease.next_due_s) {
        r->op->of.lease.next_due_s = due_s;
    }
}

static enum tg_err add_entries(struct round *r, const struct tg_outbox_entry *entries, size_t count)
{
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < count; i++) {
        struct tg_outbox_entry entry = entries[i];

        entry.generation |= (uint64_t)group_of(r) << TG_GROUP_GENERATION_BITS;
        err = tg_store_lease_add(r->op, &entry);
    }
    return err;
}

static void on_leased(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                      size_t count, int64_t next_due_s)
{
    struct round *r = ctx;

    take_error(r, err);
    if (err != TG_OK) {
        note_due(r, r->op->of.lease.now_s + AWAY_S);
    } else if (add_entries(r, entries, count) == TG_OK) {
        note_due(r, next_due_s);
    } else { /* what was leased is due again when the lease ends */
        tg_store_lease_clear(r->op);
        end(r, TG_E_FULL);
        return;
    }
    r->count++;
    lease_next(r);
}

static void lease_next(struct round *r)
{
    const struct tg_store_op *op = r->op;
    const struct tg_store_ops *ops = NULL;
    struct tg_store_port *child = NULL;

    if (pass_over(r) > 0) {
        note_due(r, op->of.lease.now_s + AWAY_S);
    }
    if (r->count == group_count(r)) {
        end(r, r->failure_count == group_count(r) ? r->err : TG_OK);
    } else if (op->of.lease.count == op->of.lease.max_count) {
        note_due(r, op->of.lease.now_s);
        end(r, TG_OK);
    } else {
        child = child_of(r, &ops);
        ops->lease(child, op->of.lease.now_s, op->of.lease.until_s,
                   op->of.lease.max_count - op->of.lease.count, on_leased, r);
    }
}

void tg_groups_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                     tg_store_leased_fn *leased, void *ctx)
{
    struct round *r =
        begin(port, tg_store_port_lease(port, now_s, until_s, max_count, leased, ctx));

    if (r != NULL) {
        r->first = r->port->lease_first++;
        r->op->of.lease.next_due_s = INT64_MAX;
        lease_next(r);
    }
}

/* ---- the time mark -------------------------------------------------------------------------- */

static int64_t mark_of(const struct tg_store_fact *fact)
{
    uint64_t mark_s = 0;

    for (size_t i = 0; fact != NULL && i < fact->value.len && i < TG_STORE_MARK_LEN; i++) {
        mark_s = mark_s << 8 | fact->value.ptr[i];
    }
    return (int64_t)mark_s;
}

/* May run more than once. */
static bool see_mark(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct round *r = ctx;
    int64_t mark_s = mark_of(old);

    (void)next;
    r->mark_s = mark_s > r->mark_s ? mark_s : r->mark_s;
    return false;
}

/* The caller sees the latest mark of all groups. */
static bool change_mark(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct round *r = ctx;
    struct tg_store_fact latest = { .version = old == NULL ? 1 : old->version };
    int64_t mark_s = mark_of(old) > r->mark_s ? mark_of(old) : r->mark_s;

    (void)tg_store_mark_raise(r->mark, NULL, mark_s);
    latest.value = TG_ARRAY_BYTES(r->mark);
    return r->op->of.fact.change(r->op->ctx, mark_s > 0 ? &latest : NULL, next);
}

static void on_mark_changed(void *ctx, enum tg_err err)
{
    end(ctx, err);
}

static void mark_next(struct round *r);

static void on_mark_seen(void *ctx, enum tg_err err)
{
    struct round *r = ctx;

    take_error(r, err);
    r->count++;
    mark_next(r);
}

static void mark_next(struct round *r)
{
    const struct tg_groups *s = tg_groups_of(&r->port->base);
    const struct tg_store_ops *ops = s->groups[s->map.fixed]->ops;

    (void)pass_over(r);
    if (r->err != TG_OK) {
        end(r, r->err);
    } else if (r->count == group_count(r)) {
        ops->fact(tg_groups_child(r->port, s->map.fixed, r->op->share), TG_FACT_TIME_MARK,
                  change_mark, r, on_mark_changed);
    } else {
        struct tg_store_port *child = child_of(r, &ops);

        ops->fact(child, TG_FACT_TIME_MARK, see_mark, r, on_mark_seen);
    }
}

void tg_groups_mark(struct tg_store_port *port, tg_store_fact_fn *change, void *ctx,
                    tg_store_done_fn *done)
{
    struct round *r = begin(port, tg_store_port_fact(port, TG_FACT_TIME_MARK, change, ctx, done));

    if (r != NULL) {
        mark_next(r);
    }
}
