/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: where they are, and where they are made. A record never moves, so what is absent at one
 * moment was absent before, and the groups may be asked in any order. An absence counts when the
 * groups of all versions up to the latest epoch that was seen have it.
 */
#include "base/mem.h"
#include "base/mem_owner.h"
#include "store/groups/groups.h"

#include <assert.h>

#define ATTEMPTS_MAX 3u /* looks for a record, while the epochs change */

struct find;

/* The answer of one group. */
struct seen {
    struct find *find;
    bool has_answer;
    bool has_record;
    struct tg_store_epoch epoch;
};

struct find {
    struct tg_groups_port *port;
    struct tg_store_key key;
    uint16_t share;
    struct tg_store_op *op;   /* of a change; NULL: a read, or answered */
    tg_store_found_fn *found; /* of a read; NULL: a change, or answered */
    void *ctx;                /* of a read */
    unsigned attempt_count;
    unsigned use_count;   /* callbacks that are still to come, and the function that works on it */
    unsigned asked_count; /* groups that have not answered */
    bool is_applying;
    struct seen groups[TG_GROUPS_MAX];
};

static struct tg_groups *store_of(const struct find *f)
{
    return tg_groups_of(&f->port->base);
}

/* NULL: no memory. */
static struct find *find_new(struct tg_groups_port *port, const struct tg_store_key *key)
{
    struct tg_mem_owner *before = tg_mem_enter(NULL);
    struct find *f = tg_mem_calloc(1, sizeof(*f));

    (void)tg_mem_enter(before);
    if (f != NULL) {
        f->port = port;
        f->key = *key;
        f->share = port->base.share;
        f->use_count = 1;
        port->find_count++;
    }
    return f;
}

static void release(struct find *f)
{
    if (--f->use_count == 0) {
        assert(f->op == NULL && f->found == NULL);
        f->port->find_count--;
        tg_mem_free(f);
    }
}

static void answer_read(struct find *f, enum tg_err err, const struct tg_store_record *record)
{
    tg_store_found_fn *found = f->found;

    f->found = NULL;
    found(f->ctx, err, record);
}

static void answer_change(struct find *f, enum tg_err err)
{
    struct tg_store_op *op = f->op;

    f->op = NULL;
    tg_groups_complete(op, err);
}

/* ---- what the answers say ------------------------------------------------------------------- */

struct place {
    bool is_absent; /* everywhere */
    bool may_make;  /* and nobody can make it in another group any more */
    size_t group;   /* that it is made in */
};

static void report_map(struct tg_groups *s, uint64_t version)
{
    if (!atomic_exchange(&s->has_told_map, true)) {
        TG_LOG(s->log, TG_LOG_ERROR, "store.map_unknown", { "version", (int64_t)version });
    }
}

/* The epoch is a version of the file, and the group has its name there. */
static bool is_known(const struct tg_groups *s, size_t group, const struct tg_store_epoch *epoch,
                     size_t *version)
{
    return tg_group_map_find(&s->map, epoch->version, version) &&
           tg_group_map_print(&s->map, *version, group) == epoch->print;
}

/* The latest epoch of those that answered. False: the file does not have it. */
static bool latest(const struct find *f, size_t *version)
{
    struct tg_groups *s = store_of(f);
    size_t group = TG_GROUPS_MAX;

    for (size_t i = 0; i < s->map.group_count; i++) {
        if (f->groups[i].has_answer &&
            (group == TG_GROUPS_MAX ||
             f->groups[i].epoch.version > f->groups[group].epoch.version)) {
            group = i;
        }
    }
    if (group == TG_GROUPS_MAX) {
        return false;
    }
    if (!is_known(s, group, &f->groups[group].epoch, version)) {
        report_map(s, f->groups[group].epoch.version);
        return false;
    }
    return true;
}

static struct place judge(const struct find *f)
{
    const struct tg_groups *s = store_of(f);
    struct place place = { .is_absent = false };
    size_t version = 0;
    size_t same = 0;
    uint32_t set = 0;

    if (!latest(f, &version)) {
        return place;
    }
    set = tg_group_map_groups(&s->map, version, f->key.bytes[0]);
    place.group = s->map.versions[version].of[f->key.bytes[0]];
    place.is_absent = true;
    place.may_make = true;
    for (size_t i = 0; i < s->map.group_count; i++) {
        const struct seen *seen = &f->groups[i];

        if ((set & UINT32_C(1) << i) == 0) {
            continue;
        }
        place.is_absent = place.is_absent && seen->has_answer;
        place.may_make = place.may_make && seen->has_answer &&
                         seen->epoch.version == s->map.versions[version].number &&
                         is_known(s, i, &seen->epoch, &same);
    }
    return place;
}

/* ---- changing ------------------------------------------------------------------------------- */

static void look(struct find *f);

static enum tg_store_verdict run_change(void *ctx, const struct tg_store_record *old,
                                        struct tg_store_next *next)
{
    struct find *f = ctx;

    return f->op->change(f->op->ctx, old, next);
}

static void on_applied(void *ctx, enum tg_err err)
{
    struct find *f = ctx;

    f->is_applying = false;
    if (err != TG_E_CONFLICT) {
        answer_change(f, err);
    } else if (f->asked_count > 0 || f->attempt_count >= ATTEMPTS_MAX) {
        answer_change(f, TG_E_STORE);
    } else {
        look(f);
    }
    release(f);
}

/* at: NULL if the record is there. */
static void apply(struct find *f, size_t group, const struct tg_store_epoch *at)
{
    f->is_applying = true;
    f->use_count++;
    store_of(f)->groups[group]->ops->epoch->apply(tg_groups_child(f->port, group, f->share),
                                                  &f->key, at, run_change, f, on_applied);
}

/* All groups have answered, and none has the record. */
static void decide(struct find *f)
{
    struct place place = judge(f);

    if (f->found != NULL) {
        answer_read(f, place.is_absent ? TG_OK : TG_E_STORE, NULL);
    } else if (f->op != NULL && !f->is_applying) {
        if (place.may_make) {
            apply(f, place.group, &f->groups[place.group].epoch);
        } else {
            answer_change(f, TG_E_STORE);
        }
    }
}

/* ---- looking -------------------------------------------------------------------------------- */

static void on_probed(void *ctx, enum tg_err err, const struct tg_store_record *record,
                      const struct tg_store_epoch *epoch)
{
    struct seen *seen = ctx;
    struct find *f = seen->find;
    size_t group = (size_t)(seen - f->groups);

    f->asked_count--;
    seen->has_answer = err == TG_OK;
    if (err == TG_OK) {
        seen->epoch = *epoch;
        seen->has_record = record != NULL;
        f->port->seen[group] = *epoch;
    }
    if (seen->has_record && f->found != NULL) {
        answer_read(f, TG_OK, record);
    } else if (seen->has_record && f->op != NULL && !f->is_applying) {
        apply(f, group, NULL);
    } else if (f->asked_count == 0) {
        decide(f);
    }
    release(f);
}

/* Some answers may come before the last group is asked. */
static void look(struct find *f)
{
    struct tg_groups *s = store_of(f);
    uint32_t asked = s->asked[f->key.bytes[0]];

    f->attempt_count++;
    f->use_count++;
    for (size_t i = 0; i < s->map.group_count; i++) {
        f->groups[i] = (struct seen){ .find = f };
        f->asked_count += (asked >> i) & 1;
    }
    for (size_t i = 0; i < s->map.group_count; i++) {
        if ((asked >> i & 1) != 0) {
            f->use_count++;
            s->groups[i]->ops->epoch->read(tg_groups_child(f->port, i, f->share), &f->key,
                                           on_probed, &f->groups[i]);
        }
    }
    release(f);
}

/* The only group that can have the record, if all versions agree and its epoch is known. */
static bool is_sure(const struct find *f, size_t *group)
{
    const struct tg_groups *s = store_of(f);
    uint32_t asked = s->asked[f->key.bytes[0]];
    size_t version = 0;

    if ((asked & (asked - 1)) != 0) {
        return false;
    }
    *group = s->map.versions[0].of[f->key.bytes[0]];
    return is_known(s, *group, &f->port->seen[*group], &version);
}

void tg_groups_apply(struct tg_store_port *port, const struct tg_store_key *key,
                     tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    struct tg_groups_port *p = (struct tg_groups_port *)port;
    struct tg_store_op *op = tg_store_port_change(port, key, change, ctx, done);
    struct find *f = op == NULL ? NULL : find_new(p, key);
    size_t group = 0;

    if (op == NULL) {
        return;
    }
    if (f == NULL) {
        tg_groups_complete(op, TG_E_FULL);
        return;
    }
    f->op = op;
    if (is_sure(f, &group)) {
        apply(f, group, &p->seen[group]);
    } else {
        look(f);
    }
    release(f);
}

void tg_groups_read(struct tg_store_port *port, const struct tg_store_key *key,
                    tg_store_found_fn *found, void *ctx)
{
    struct find *f = find_new((struct tg_groups_port *)port, key);

    if (f == NULL) {
        found(ctx, TG_E_STORE, NULL);
        return;
    }
    f->found = found;
    f->ctx = ctx;
    look(f);
    release(f);
}
