/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/store_port.h - what the backends share: operations, ports and their completions, admission.
 * Layer: L2 (base), for src/store alone.
 * Threads: a port's functions run on its own thread, but tg_store_port_complete on any.
 * Blocks: no.     Secrets: none.
 *
 * An operation is one block of memory from apply to done. A port keeps used blocks for later
 * operations, and a small reserve so that dispatch can answer also when memory is short.
 */
#ifndef TG_STORE_STORE_PORT_H
#define TG_STORE_STORE_PORT_H

#include "store/epoch.h"

#include <pthread.h>
#include <stdatomic.h>

#define TG_STORE_EXIT_IN_DOUBT 70

struct tg_store_op;

/* Runs the callback of an operation. */
typedef void tg_store_finish_fn(const struct tg_store_op *op);

/* How far the way through the outbox has come. */
struct tg_store_outbox_place {
    bool is_inside;  /* the next entry is the one at due_s, key; otherwise the first of all */
    int64_t since_s; /* now_s when it began */
    int64_t due_s;
    struct tg_store_key key;
};

/* What one step of a sweep did, in the transaction that is open. */
struct tg_store_sweep_step {
    size_t record_count; /* removed */
    bool is_last;        /* no record is left to this sweep */
    int64_t oldest_s;    /* expiration of the oldest record that is left; INT64_MAX: none */
    size_t entry_count;  /* outbox entries removed */
    struct tg_store_outbox_place place;
    size_t spent_count; /* spent keys removed */
    bool has_more_spent;
};

enum tg_store_op_kind {
    TG_STORE_CHANGE,
    TG_STORE_SWEEP,
    TG_STORE_LEASE,
    TG_STORE_SETTLE,
    TG_STORE_FACT,
    TG_STORE_SERIES,
    TG_STORE_SPEND,
    TG_STORE_READ /* of a backend that answers it later */
};

/* What a run decides is an outcome: err, has_notes, and in `of` what the kind says. Each run
   writes all of it again; it counts when the transaction of the run is committed. */
struct tg_store_op {
    struct tg_store_op *next;
    struct tg_store_port *port;
    enum tg_store_op_kind kind;
    tg_store_finish_fn *finish;
    tg_store_change_fn *change; /* NULL for all but a change */
    union {
        tg_store_done_fn *done;
        tg_store_swept_fn *swept;
        tg_store_leased_fn *leased;
        tg_store_spent_fn *spent;
        tg_store_found_fn *found;
        tg_store_probed_fn *probed;
    } call;
    void *ctx;
    enum tg_err err;
    uint16_t share;    /* the port's, when it was started */
    uint64_t since_ms; /* when it was started, for a backend with deadlines */
    bool is_refused;   /* err is TG_E_FULL, and nothing else happens */
    bool is_counted;   /* in the gate's waiting_count */
    bool has_notes;    /* its change asked for notes */
    bool was_in_doubt; /* an earlier run of it may have been committed */
    int64_t doubt_tag; /* of what that run wrote, for a backend with tags; 0: nothing */
    bool is_noteless;  /* the change is made without them, because it failed with them */
    bool is_at;        /* of a group: a change that names its epoch, or a read that asks for it */
    bool may_make;     /* of a change: a record that is absent, at this epoch */
    struct tg_store_epoch epoch; /* that of a change; the outcome of a read */
    union {
        struct tg_store_key key; /* of a change */
        struct {
            int64_t now_s;
            int64_t until_s;
            size_t max_count;                /* at most TG_OUTBOX_LEASE_MAX */
            struct tg_outbox_entry *entries; /* the outcome; owned, as are the bytes they view */
            size_t count;
            int64_t next_due_s; /* the outcome */
            uint64_t base; /* of the generations of a backend that may run it again; 0: not run */
        } lease;
        struct {
            struct tg_store_key key;
            uint64_t generation;
            enum tg_outbox_verdict verdict;
            int64_t due_s;
        } settle;
        struct {
            enum tg_fact fact;
            tg_store_fact_fn *change;
        } fact;
        struct {
            struct tg_store_key id;
            int64_t end_s;
        } series;
        struct {
            struct tg_spend spend;
            enum tg_spend_outcome outcome;
            size_t known_len;
            uint8_t known[TG_SPENT_SEALED_MAX]; /* what was kept with a known key */
        } spend;
        struct {
            int64_t now_s;
            size_t max_count;
            struct tg_store_swept swept; /* durably */
            size_t entry_count;          /* outbox entries removed, durably */
            size_t step_count;           /* durably */
            bool is_outbox_done;
            bool is_spent_done;
            struct tg_store_sweep_step step;
        } sweep;
        struct {
            struct tg_store_key key;
            bool exists;
            struct tg_store_record record;
            void *owned; /* what the record views */
            void (*release)(void *owned);
        } read;
    } of;
};

/* A list of operations, first in first out. All zero is empty. */
struct tg_store_oplist {
    struct tg_store_op *head;
    struct tg_store_op *tail;
};

/* What all ports of a store share. All zero is ready. */
struct tg_store_gate {
    atomic_size_t waiting_count; /* accepted, not yet returned by dispatch */
    atomic_size_t port_count;
    const struct tg_log *log;
};

/* Every backend's port starts with this. */
struct tg_store_port {
    struct tg_store *store;
    struct tg_store_gate *gate;
    tg_store_notify_fn *notify;
    void *notify_ctx;

    pthread_mutex_t lock;         /* of `ready` alone */
    struct tg_store_oplist ready; /* waits for dispatch */

    struct tg_store_oplist
        batch; /* the writer's: the operations of its batch that go to this port */
    struct tg_store_port *batch_next;

    size_t in_flight_count; /* from here on: the port's thread only */
    uint16_t share;         /* see tg_store_ops.share */
    bool is_dispatching;
    struct tg_store_op *spare;
    size_t spare_count;
};

void tg_store_oplist_append(struct tg_store_oplist *list, struct tg_store_op *op);
/* Moves all of from to the end of list. */
void tg_store_oplist_splice(struct tg_store_oplist *list, struct tg_store_oplist *from);
/* NULL when empty. */
struct tg_store_op *tg_store_oplist_pop(struct tg_store_oplist *list);

/* TG_E_NOMEM: nothing to undo. The port must not move afterwards. */
TG_NODISCARD enum tg_err tg_store_port_init(struct tg_store_port *port, struct tg_store *store,
                                            struct tg_store_gate *gate, tg_store_notify_fn *notify,
                                            void *notify_ctx);
/* Asserts that nothing is in flight and that no callback is running. */
void tg_store_port_deinit(struct tg_store_port *port);

/* Operations of a backend with threads of its own that only one process uses. */
int tg_store_port_no_descriptor(const struct tg_store_port *port);
enum tg_err tg_store_port_hear_nobody(struct tg_store_port *port, tg_store_news_fn *news,
                                      void *ctx);
enum tg_err tg_store_port_follow_nobody(struct tg_store_port *port, const struct tg_store_key *key);
void tg_store_port_unfollow_nobody(struct tg_store_port *port, const struct tg_store_key *key);
#define TG_STORE_OF_ONE_PROCESS                                                                    \
    .descriptor = tg_store_port_no_descriptor, .hear = tg_store_port_hear_nobody,                  \
    .follow = tg_store_port_follow_nobody, .unfollow = tg_store_port_unfollow_nobody
/* tg_store_ops.share of a backend with a queue. */
void tg_store_port_share(struct tg_store_port *port, uint16_t share);

/*
 * An operation that is ready to queue. NULL: the queue is full or memory is short, and dispatch
 * will call its callback with TG_E_FULL.
 */
struct tg_store_op *tg_store_port_change(struct tg_store_port *port, const struct tg_store_key *key,
                                         tg_store_change_fn *change, void *ctx,
                                         tg_store_done_fn *done);
/* The same as an operation of a group. */
struct tg_store_op *tg_store_port_change_at(struct tg_store_port *port,
                                            const struct tg_store_key *key,
                                            const struct tg_store_epoch *at,
                                            tg_store_change_fn *change, void *ctx,
                                            tg_store_done_fn *done);
struct tg_store_op *tg_store_port_probe(struct tg_store_port *port, const struct tg_store_key *key,
                                        tg_store_probed_fn *probed, void *ctx);
/* Never refused because of a full queue. */
struct tg_store_op *tg_store_port_read(struct tg_store_port *port, const struct tg_store_key *key,
                                       tg_store_found_fn *found, void *ctx);
struct tg_store_op *tg_store_port_sweep(struct tg_store_port *port, int64_t now_s, size_t max_count,
                                        tg_store_swept_fn *swept, void *ctx);
struct tg_store_op *tg_store_port_lease(struct tg_store_port *port, int64_t now_s, int64_t until_s,
                                        size_t max_count, tg_store_leased_fn *leased, void *ctx);
struct tg_store_op *tg_store_port_settle(struct tg_store_port *port, const struct tg_store_key *key,
                                         uint64_t generation, enum tg_outbox_verdict verdict,
                                         int64_t due_s, tg_store_done_fn *done, void *ctx);
struct tg_store_op *tg_store_port_fact(struct tg_store_port *port, enum tg_fact fact,
                                       tg_store_fact_fn *change, void *ctx, tg_store_done_fn *done);

/* The name under which a backend keeps the fact: letters, at most 16. Part of its format. */
const char *tg_store_fact_name(enum tg_fact fact);
/* What a backend keeps of TG_FACT_TIME_MARK when it is raised to mark_s. False: the value in old
   (NULL: none) is as late. */
#define TG_STORE_MARK_LEN 8u
bool tg_store_mark_raise(uint8_t next[TG_STORE_MARK_LEN], const struct tg_store_fact *old,
                         int64_t mark_s);

struct tg_store_op *tg_store_port_series(struct tg_store_port *port,
                                         const struct tg_store_key *series, int64_t end_s,
                                         tg_store_done_fn *done, void *ctx);
struct tg_store_op *tg_store_port_spend(struct tg_store_port *port, const struct tg_spend *spend,
                                        tg_store_spent_fn *spent, void *ctx);

/* Keeps what was found with a known key. False: it is too long, so it is damaged. */
TG_NODISCARD bool tg_store_spend_known(struct tg_store_op *op, struct tg_bytes sealed);

/* Adds a copy of entry to the entries of a lease. TG_E_FULL: no memory, nothing added. */
TG_NODISCARD enum tg_err tg_store_lease_add(struct tg_store_op *op,
                                            const struct tg_outbox_entry *entry);
/* Removes the entries that were added: a run begins. */
void tg_store_lease_clear(struct tg_store_op *op);

/*
 * Hands finished operations of this port to dispatch and empties list. Wakes the port if it had
 * none. The port may be gone when this returns.
 */
void tg_store_port_complete(struct tg_store_port *port, struct tg_store_oplist *list);
/* Runs the callbacks of what is ready at the moment of the call, of TG_STORE_DISPATCH_MAX at most.
   If there are more, the port is notified again. */
void tg_store_port_dispatch(struct tg_store_port *port);

/* The limits of an open store. */
struct tg_store_bounds {
    struct tg_store_limits limits;
    uint64_t grown_max; /* sealed bytes of live records, when one of them grows; 0: no limit */
};

/* opened: the stats when the store is opened. */
struct tg_store_bounds tg_store_bounds(const struct tg_store_limits *limits,
                                       const struct tg_store_stats *opened);
/* Whether next may replace old (NULL: none) while `now` is kept. TG_OK or TG_E_FULL. */
TG_NODISCARD enum tg_err tg_store_admit(const struct tg_store_bounds *bounds,
                                        const struct tg_store_stats *now,
                                        const struct tg_store_record *old,
                                        const struct tg_store_record *next);
/* Counts that next replaces old; NULL: none. */
void tg_store_count(struct tg_store_stats *stats, const struct tg_store_record *old,
                    const struct tg_store_record *next);
/* Whether a TG_OUTBOX_NOTIFY finds room; is_new: there is no entry of its key. */
bool tg_store_note_fits(const struct tg_store_limits *limits, const struct tg_store_stats *now,
                        const struct tg_outbox_note *note, bool is_new);

/* Whether one more key finds room. */
bool tg_store_spend_fits(const struct tg_store_limits *limits, const struct tg_store_stats *now);

/* For an outcome that must not be answered: one log event with the number, then _exit(70). */
void tg_store_die(const struct tg_log *log, const char *name, int64_t number)
    __attribute__((noreturn));

#endif
