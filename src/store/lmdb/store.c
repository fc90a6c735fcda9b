/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store as its callers see it: open, ports, reads. Writes are in writer.c. */
#include "base/mem.h"
#include "base/mem_owner.h"
#include "store/lmdb/commits.h"
#include "store/lmdb/copy.h"
#include "store/lmdb/format.h"
#include "store/lmdb/survey.h"
#include "store/lmdb/writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define READERS_MAX 256u /* ports, and room for other tools that read */
_Static_assert(TG_STORE_LMDB_WORKERS_MAX + 16u <= READERS_MAX, "a reader for each port");

/* Only address space is reserved; the file grows with use. The smaller sizes are for machines and
   sanitizers where the first does not fit. */
static const uint64_t map_sizes[] = { UINT64_C(1) << 40, UINT64_C(1) << 36, UINT64_C(1) << 30 };

struct lmdb_port {
    struct tg_store_port base;
    MDB_txn *reader; /* reset between reads */
    uint8_t *copy;   /* owned; the record that found() views */
    size_t copy_cap;
};

static struct tg_lmdb *lmdb_of(struct tg_store *s)
{
    return (struct tg_lmdb *)s;
}

static struct lmdb_port *port_of(struct tg_store_port *port)
{
    return (struct lmdb_port *)port;
}

static void lmdb_apply(struct tg_store_port *port, const struct tg_store_key *key,
                       tg_store_change_fn *change, void *ctx, tg_store_done_fn *done)
{
    struct tg_store_op *op = tg_store_port_change(port, key, change, ctx, done);

    if (op != NULL) {
        tg_store_queue_push(&lmdb_of(port->store)->queue, op);
    }
}

static void lmdb_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                       tg_store_swept_fn *swept, void *ctx)
{
    struct tg_store_op *op = tg_store_port_sweep(port, now_s, max_count, swept, ctx);

    if (op != NULL) {
        tg_store_queue_push(&lmdb_of(port->store)->queue, op);
    }
}

static void lmdb_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                       tg_store_leased_fn *leased, void *ctx)
{
    struct tg_store_op *op = tg_store_port_lease(port, now_s, until_s, max_count, leased, ctx);

    if (op != NULL) {
        tg_store_queue_push(&lmdb_of(port->store)->queue, op);
    }
}

static void lmdb_settle(struct tg_store_port *port, const struct tg_store_key *key,
                        uint64_t generation, enum tg_outbox_verdict verdict, int64_t due_s,
                        tg_store_done_fn *done, void *ctx)
{
    struct tg_store_op *op = tg_store_port_settle(port, key, generation, verdict, due_s, done, ctx);

    if (op != NULL) {
        tg_store_queue_push(&lmdb_of(port->store)->queue, op);
    }
}

static void lmdb_fact(struct tg_store_port *port, enum tg_fact fact, tg_store_fact_fn *change,
                      void *ctx, tg_store_done_fn *done)
{
    struct tg_store_op *op = tg_store_port_fact(port, fact, change, ctx, done);

    if (op != NULL) {
        tg_store_queue_push(&lmdb_of(port->store)->queue, op);
    }
}

/* The port's block if it is large enough, otherwise a new one. NULL: no memory. */
static uint8_t *copy_take(struct lmdb_port *p, size_t len, size_t *cap)
{
    struct tg_mem_owner *before = NULL;
    uint8_t *copy = p->copy;

    if (copy != NULL && p->copy_cap >= len) {
        *cap = p->copy_cap;
        p->copy = NULL;
        return copy;
    }
    *cap = len < 4096 ? 4096 : len;
    before = tg_mem_enter(NULL); /* it stays with the port */
    copy = tg_mem_calloc(1, *cap);
    (void)tg_mem_enter(before);
    return copy;
}

/* A found() that reads again may have given back a block already. The larger one is kept. */
static void copy_give_back(struct lmdb_port *p, uint8_t *copy, size_t cap)
{
    if (copy == NULL) {
        return;
    }
    if (p->copy != NULL && p->copy_cap >= cap) {
        tg_mem_free(copy);
        return;
    }
    tg_mem_free(p->copy);
    p->copy = copy;
    p->copy_cap = cap;
}

/*
 * The transaction is open only while the record is copied. LMDB cannot reuse pages that were freed
 * while a read transaction is open, so it must not last as long as a slow socket.
 */
static void lmdb_read(struct tg_store_port *port, const struct tg_store_key *key,
                      tg_store_found_fn *found, void *ctx)
{
    struct lmdb_port *p = port_of(port);
    struct tg_lmdb *s = lmdb_of(port->store);
    struct tg_store_record record = { .version = 0 };
    uint8_t *copy = NULL;
    size_t cap = 0;
    int rc = mdb_txn_renew(p->reader);

    if (rc == 0) {
        rc = tg_lmdb_get(p->reader, &s->tables, key, &record);
        if (rc == 0) {
            copy = copy_take(p, record.sealed.len, &cap);
            if (copy != NULL && record.sealed.len > 0) {
                memcpy(copy, record.sealed.ptr, record.sealed.len);
            }
            record.sealed.ptr = copy;
        }
        mdb_txn_reset(p->reader);
    }
    if (rc == MDB_NOTFOUND) {
        found(ctx, TG_OK, NULL);
    } else if (rc != 0 || copy == NULL) {
        TG_LOG(s->gate.log, TG_LOG_ERROR, "store.read_failed", { "code", rc });
        found(ctx, TG_E_STORE, NULL);
    } else {
        found(ctx, TG_OK, &record);
    }
    copy_give_back(p, copy, cap);
}

static void lmdb_series(struct tg_store_port *port, const struct tg_store_key *series,
                        int64_t end_s, tg_store_done_fn *done, void *ctx)
{
    struct tg_store_op *op = tg_store_port_series(port, series, end_s, done, ctx);

    if (op != NULL) {
        tg_store_queue_push(&lmdb_of(port->store)->queue, op);
    }
}

static void lmdb_spend(struct tg_store_port *port, const struct tg_spend *spend,
                       tg_store_spent_fn *spent, void *ctx)
{
    struct tg_store_op *op = tg_store_port_spend(port, spend, spent, ctx);

    if (op != NULL) {
        tg_store_queue_push(&lmdb_of(port->store)->queue, op);
    }
}

static enum tg_err lmdb_attach(struct tg_store *s, tg_store_notify_fn *notify, void *notify_ctx,
                               struct tg_store_port **port)
{
    enum tg_err err = TG_E_BUG;
    struct lmdb_port *p = tg_mem_calloc(1, sizeof(*p));

    TG_REQUIRE(p != NULL, TG_E_NOMEM);
    TG_REQUIRE(mdb_txn_begin(lmdb_of(s)->env, NULL, MDB_RDONLY, &p->reader) == 0, TG_E_STORE);
    mdb_txn_reset(p->reader);
    TG_TRY(tg_store_port_init(&p->base, s, &lmdb_of(s)->gate, notify, notify_ctx));
    *port = &p->base;
    p = NULL;
    err = TG_OK;
out:
    if (p != NULL) {
        mdb_txn_abort(p->reader);
        tg_mem_free(p);
    }
    return err;
}

static void lmdb_detach(struct tg_store_port **port)
{
    if (*port == NULL) {
        return;
    }
    struct lmdb_port *p = port_of(*port);

    tg_store_port_deinit(&p->base);
    mdb_txn_abort(p->reader);
    tg_mem_free(p->copy);
    tg_mem_free(p);
    *port = NULL;
}

static enum tg_err lmdb_survey(struct tg_store *s, enum tg_store_survey what, tg_store_see_fn *see,
                               void *ctx)
{
    struct tg_lmdb *l = lmdb_of(s);
    int rc = what == TG_STORE_SURVEY_COPY ? tg_lmdb_copy_flush(l) : 0;

    if (rc == 0) {
        rc = tg_lmdb_survey(l->env, &l->tables, what, see, ctx);
    }
    if (rc != 0) {
        TG_LOG(l->gate.log, TG_LOG_ERROR, "store.survey_failed", { "code", rc });
        return TG_E_STORE;
    }
    return TG_OK;
}

static void lmdb_watch(struct tg_store *s, tg_store_committed_fn *committed, void *ctx)
{
    struct tg_lmdb *l = lmdb_of(s);

    assert(atomic_load(&l->gate.port_count) == 0);
    l->committed = committed;
    l->committed_ctx = ctx;
}

static enum tg_err lmdb_restore(struct tg_store *s, enum tg_store_restored how,
                                uint64_t commits_min)
{
    struct tg_lmdb *l = lmdb_of(s);
    int rc = 0;

    assert(atomic_load(&l->gate.port_count) == 0);
    rc = tg_lmdb_restore(l, how, commits_min);
    if (rc != 0) {
        TG_LOG(l->gate.log, TG_LOG_ERROR, "store.restore_failed", { "code", rc });
        return rc == ENOSPC || rc == EDQUOT || rc == MDB_MAP_FULL ? TG_E_FULL : TG_E_STORE;
    }
    tg_lmdb_counts_publish(l);
    return TG_OK;
}

static void lmdb_stats(const struct tg_store *s, struct tg_store_stats *out)
{
    const struct tg_lmdb *l = (const struct tg_lmdb *)s;
    uint64_t words[TG_LMDB_COUNTS] = { 0 };

    for (size_t i = 0; i < TG_LMDB_COUNTS; i++) {
        words[i] = atomic_load_explicit(&l->counts[i], memory_order_relaxed);
    }
    memcpy(out, words, sizeof(words));
    out->room = (enum tg_store_room)atomic_load_explicit(&l->room, memory_order_relaxed);
    out->disk_used = atomic_load_explicit(&l->disk_used, memory_order_relaxed);
    out->disk_free = atomic_load_explicit(&l->disk_free, memory_order_relaxed);
    out->commit_count = atomic_load_explicit(&l->commit_count, memory_order_relaxed);
    out->disk_failures = atomic_load_explicit(&l->disk_failures, memory_order_relaxed);
}

static void lmdb_close(struct tg_store **s)
{
    if (*s == NULL) {
        return;
    }
    struct tg_lmdb *l = lmdb_of(*s);

    assert(atomic_load(&l->gate.port_count) == 0);
    tg_store_queue_close(&l->queue);
    (void)pthread_join(l->writer, NULL);
    tg_store_queue_deinit(&l->queue);
    tg_lmdb_leases_deinit(&l->leases);
    tg_lmdb_copy_abort(l);
    mdb_env_close(l->env);
    tg_lmdb_dir_close(&l->dir);
    tg_mem_free(l);
    *s = NULL;
}

static const struct tg_store_ops lmdb_ops = {
    .attach = lmdb_attach,
    TG_STORE_OF_ONE_PROCESS,
    .share = tg_store_port_share,
    .detach = lmdb_detach,
    .apply = lmdb_apply,
    .read = lmdb_read,
    .sweep = lmdb_sweep,
    .lease = lmdb_lease,
    .settle = lmdb_settle,
    .fact = lmdb_fact,
    .series = lmdb_series,
    .spend = lmdb_spend,
    .dispatch = tg_store_port_dispatch,
    .survey = lmdb_survey,
    .watch = lmdb_watch,
    .restore = lmdb_restore,
    .copy = &tg_lmdb_copy_ops,
    .stats = lmdb_stats,
    .close = lmdb_close,
};

/* After a failed mdb_env_open an environment must be closed. */
static int env_try(MDB_env **env, const char *dir, size_t map_size)
{
    int rc = mdb_env_create(env);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_env_set_mapsize(*env, map_size);
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(*env, TG_LMDB_TABLE_COUNT);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(*env, READERS_MAX);
    }
    if (rc == 0) {
        /* Other flags would make commits faster, but an acknowledged change could be lost. */
        rc = mdb_env_open(*env, dir, MDB_NOTLS, 0600);
    }
    if (rc != 0) {
        mdb_env_close(*env);
        *env = NULL;
    }
    return rc;
}

/* 0.9.24 leaves the data file open across exec. */
static int env_close_on_exec(struct tg_lmdb *s)
{
    mdb_filehandle_t fd = -1;
    int rc = mdb_env_get_fd(s->env, &fd);

    s->space.fd = fd;
    s->space.reserve = s->bounds.limits.disk_reserve;
    if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        rc = errno;
    }
    return rc;
}

static enum tg_err env_open(struct tg_lmdb *s, const char *dir, uint64_t map_max,
                            struct tg_fault *fault)
{
    int rc = ENOMEM;
    int dead_count = 0;

    for (size_t i = 0; i < TG_COUNT(map_sizes) && rc == ENOMEM; i++) {
        s->map_size = map_sizes[i] < map_max ? map_sizes[i] : map_max;
        rc = s->map_size > SIZE_MAX / 2 ? ENOMEM : env_try(&s->env, dir, (size_t)s->map_size);
    }
    if (rc == 0) {
        rc = env_close_on_exec(s);
    }
    if (rc == 0) {
        rc = mdb_reader_check(s->env, &dead_count);
    }
    if (rc != 0) {
        tg_fault_set(fault, "the store cannot be opened: %s", mdb_strerror(rc));
        return TG_E_IO;
    }
    return TG_OK;
}

static enum tg_err tables_open(struct tg_lmdb *s, struct tg_fault *fault)
{
    struct tg_lmdb_write w = { .txn = NULL };
    int rc = mdb_txn_begin(s->env, NULL, 0, &w.txn);

    if (rc == 0) {
        rc = tg_lmdb_tables_open(&s->tables, &w);
        if (rc == 0) {
            rc = tg_lmdb_commits_get(&w, &w.stats.commit_count);
        }
        if (rc == 0) {
            rc = mdb_txn_commit(w.txn); /* no client waits yet, so a failure is only reported */
        } else {
            mdb_txn_abort(w.txn);
        }
    }
    if (rc == MDB_VERSION_MISMATCH) {
        tg_fault_set(fault,
                     "the store has a format that this version does not know (expected: "
                     "format %u or older)",
                     TG_LMDB_FORMAT);
    } else if (rc == MDB_INCOMPATIBLE) {
        tg_fault_set(fault, "the store holds spent private tokens in the form of format 1, which "
                            "cannot be converted (expected: an empty store folder, and issuer keys "
                            "that were not used with this store)");
    } else if (rc != 0) {
        tg_fault_set(fault, "the store's tables cannot be opened: %s", mdb_strerror(rc));
    }
    if (rc != 0) {
        return TG_E_IO;
    }
    s->stats = w.stats;
    tg_lmdb_counts_publish(s);
    return TG_OK;
}

static enum tg_err writer_open(struct tg_lmdb *s, struct tg_fault *fault)
{
    enum tg_err err = tg_store_queue_init(&s->queue);

    if (err == TG_OK) {
        err = tg_lmdb_writer_start(s);
        if (err != TG_OK) {
            tg_store_queue_deinit(&s->queue);
        }
    }
    if (err != TG_OK) {
        tg_fault_set(fault, "the store's writer cannot be started");
    }
    return err;
}

enum tg_err tg_store_lmdb_open_sized(struct tg_store **out, const char *dir,
                                     const struct tg_store_limits *limits, const struct tg_log *log,
                                     uint64_t map_max, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_lmdb *s = tg_mem_calloc(1, sizeof(*s));
    bool is_dir_open = false;

    TG_REQUIRE(s != NULL, TG_E_NOMEM);
    s->base.ops = &lmdb_ops;
    s->gate.log = log;
    s->sweep.outbox_until_s = INT64_MIN;
    s->bounds.limits = *limits;
    TG_TRY(tg_lmdb_dir_open(&s->dir, dir, fault));
    is_dir_open = true;
    TG_TRY(env_open(s, dir, map_max, fault));
    TG_TRY(tables_open(s, fault));
    s->bounds = tg_store_bounds(limits, &s->stats);
    TG_TRY(tg_lmdb_dir_sync(&s->dir, fault));
    TG_TRY(writer_open(s, fault));
    *out = &s->base;
    s = NULL;
    err = TG_OK;
out:
    if (s != NULL) {
        if (s->env != NULL) {
            mdb_env_close(s->env);
        }
        if (is_dir_open) {
            tg_lmdb_dir_close(&s->dir);
        }
        tg_mem_free(s);
    }
    return err;
}

enum tg_err tg_store_lmdb_open(struct tg_store **out, const char *dir,
                               const struct tg_store_limits *limits, const struct tg_log *log,
                               struct tg_fault *fault)
{
    return tg_store_lmdb_open_sized(out, dir, limits, log, map_sizes[0], fault);
}
