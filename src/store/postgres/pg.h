/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/pg.h - the state of the store on PostgreSQL.
 * Layer: L2 (base), for src/store/postgres alone.
 *
 * A group is one database cluster: a primary with its standbys. A port has lanes to it, each a
 * connection with one batch at a time. A batch is one transaction, with what was waiting when the
 * last one ended, in the order of the turns of shares. Records are spread over the writing lanes by
 * their keys, so the changes of one port and share on one key keep their order; everything else
 * that writes is on lane 0, and reads are on the last lane.
 */
#ifndef TG_STORE_POSTGRES_PG_H
#define TG_STORE_POSTGRES_PG_H

#include "store/postgres/check.h"
#include "store/postgres/follow.h"
#include "store/postgres/resolve.h"
#include "store/postgres/statement.h"
#include "store/postgres/tally.h"
#include "store/postgres/url.h"
#include "store/postgres/wake.h"
#include "store/shares.h"

#define TG_PG_LANES_MAX 4u
#define TG_PG_BATCH_MAX 64u    /* operations in one transaction */
#define TG_PG_SWEEP_STEP 256u  /* records, entries and spent keys that one transaction sweeps */
#define TG_PG_BEAT_MS 1000u    /* between two writes of an idle port */
#define TG_PG_WORK_MS 7200000u /* for a statement that goes through whole tables */
#define TG_PG_LOOK_MAX 512u    /* followed records that one statement looks at */
#define TG_PG_ARRAY_HEAD 20u   /* bytes of an array of keys in PostgreSQL's binary format */
#define TG_PG_ARRAY_ENTRY (4u + TG_STORE_KEY_LEN)
#define TG_PG_CLOCK_MAX_MS 5000 /* difference from the database's clock */

/* ---- the group ------------------------------------------------------------------------------ */

struct tg_pg_group {
    struct tg_pg_url url;
    struct tg_pg_resolver resolver;
    struct tg_pg_wake *wake;
    int64_t node; /* random: this store among all nodes */
    bool must_be_synchronous;
    bool may_be_copied;
    unsigned number;          /* of several databases, in their file; 0: it has all mailboxes */
    atomic_bool has_told_map; /* the log says that it is one of several */
    _Atomic int reason; /* enum tg_log_reason, why it cannot be used; TG_REASON_NONE: it can */
    _Atomic int64_t
        clock_ms; /* the database's UTC minus this node's monotonic clock; 0: not known */

    struct tg_pg_tally tally;

    pthread_mutex_t lock;         /* of all below */
    struct tg_store_stats own;    /* what this store added, changes in flight included */
    struct tg_store_stats others; /* what all others have, as of refreshed_ms */
    uint64_t refreshed_ms;
    uint64_t folded_ms;
};

struct tg_pg {
    struct tg_store base;
    struct tg_store_gate gate;
    struct tg_store_bounds bounds;
    unsigned lane_count; /* of each port */
    char clock_fact[40]; /* the name of TG_FACT_CLOCK, which belongs to a computer */
    struct tg_pg_group group;
    struct tg_pg_copying *copying; /* owned; NULL: nothing is copied */

    tg_store_committed_fn *committed; /* NULL: nobody watches */
    void *committed_ctx;
};

/* ---- a batch -------------------------------------------------------------------------------- */

struct tg_pg_lane;
struct tg_pg_item;

/* Takes a result of one statement. True: it keeps the result, and frees it. */
typedef bool tg_pg_take_fn(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result);

/* One record of a batch, with its changes in their order. */
struct tg_pg_cell {
    struct tg_store_key key;
    PGresult *read; /* owned: what `old` views */
    bool was_there;
    int64_t old_tag;
    struct tg_store_record old;
    bool is_there; /* after the changes so far */
    struct tg_store_record now;
    bool is_changed;
    bool is_lost; /* another writer was faster */
    int64_t tag;  /* of the write */
};

struct tg_pg_item {
    struct tg_store_op *op;  /* NULL: it was answered meanwhile */
    struct tg_pg_cell *cell; /* of a change */
    PGresult *kept;          /* owned */
    uint64_t row_count;      /* of the statement that tells whether it was written */
    int64_t next_due_s;      /* of a lease */
    bool is_due[4];          /* of a sweep */
    bool must_repeat;
    bool has_written; /* a fact or a spent key */
};

struct tg_pg_note {
    const struct tg_pg_cell *cell;
    struct tg_outbox_note note;
    bool may_add; /* there is room for a new entry */
};

struct tg_pg_expected {
    tg_pg_take_fn *take; /* NULL: the statement was prepared */
    struct tg_pg_item *item;
    enum tg_pg_statement statement;
};

enum tg_pg_batch_kind {
    TG_PG_IDLE,
    TG_PG_HELLO,
    TG_PG_BEAT,
    TG_PG_READS,
    TG_PG_LOOK,
    TG_PG_WORK,
    TG_PG_SWEEP
};

#define TG_PG_NOTES_MAX (TG_PG_BATCH_MAX * TG_STORE_NOTES_MAX)
#define TG_PG_EXPECTED_MAX (5u * TG_PG_BATCH_MAX + TG_PG_NOTES_MAX + 2u * TG_PG_STATEMENT_COUNT)

struct tg_pg_batch {
    enum tg_pg_batch_kind kind;
    bool is_writing; /* the second pass, or the only one */
    bool is_counted; /* the transaction adds to the counts and the number of transactions */
    struct tg_pg_item items[TG_PG_BATCH_MAX];
    struct tg_pg_item self; /* of the statements that belong to no operation */
    size_t item_count;
    struct tg_pg_cell cells[TG_PG_BATCH_MAX];
    size_t cell_count;
    struct tg_pg_cell *written[TG_PG_BATCH_MAX]; /* in the order of the statements */
    size_t written_at;                           /* results of them so far */
    struct tg_pg_note notes[TG_PG_NOTES_MAX];
    size_t note_count;
    int64_t mark_s;
    bool has_epoch;
    struct tg_store_epoch epoch; /* of the database, before any record was read */
    bool is_closing;             /* the next one is announced */

    struct tg_pg_expected expected[TG_PG_EXPECTED_MAX];
    size_t expected_count;
    size_t expected_at;
    bool is_preparing[TG_PG_STATEMENT_COUNT]; /* in this pass */
    bool has_failed;
    char sqlstate[TG_PG_SQLSTATE_LEN + 1];
    bool was_warned; /* the wait for the standby may have been cut */

    struct tg_store_stats sent;  /* counts that the transaction adds */
    struct tg_store_stats delta; /* those of them that were decided in this batch */
    struct tg_store_stats found; /* corrections of delta that its results show */
    uint64_t seq;                /* as the transaction returned it */
    uint64_t began_ms;
    uint64_t asked_us;   /* when the commit was */
    bool is_synchronous; /* as seen in the transaction */
    struct tg_store_sweep_step step;
    bool has_refreshed;
    struct tg_store_stats others;
};

/* ---- a lane --------------------------------------------------------------------------------- */

enum tg_pg_lane_state {
    TG_PG_DOWN,
    TG_PG_RESOLVING,
    TG_PG_CONNECTING,
    TG_PG_CHECKING,
    TG_PG_READY
};

struct tg_pg_port;

struct tg_pg_lane {
    struct tg_pg_port *port;
    unsigned index;
    int64_t id; /* of its row in tigress.lane */
    enum tg_pg_lane_state state;
    PGconn *conn;
    int fd; /* that the port's epoll watches; -1: none */
    uint32_t events;
    uint64_t at_ms; /* when something is due while it does not answer; UINT64_MAX: never */
    size_t host;    /* to try */
    size_t failure_count;
    uint64_t patience_ms; /* how long a batch without an answer keeps the connection */
    bool is_prepared[TG_PG_STATEMENT_COUNT]; /* on this connection */
    bool is_wanted;                          /* has had work, or is the first */
    bool is_up;                              /* counted as a connection that serves */

    struct tg_store_shares waiting;
    struct tg_store_oplist again; /* were in a batch, and are in the next one */
    struct tg_store_oplist sweeps;
    bool was_sweep;      /* the last batch */
    bool was_look;       /* the same */
    size_t single_count; /* so many operations are tried alone, because one of them failed */
    struct tg_pg_batch *batch;
    uint64_t written_ms; /* when the last acknowledged transaction with a write began; 0: none on
                            this connection */
    uint64_t beat_ms;    /* when the next one is due without work */

    struct tg_store_stats carry; /* counts that the next transaction adds */
    uint64_t seq;                /* of the last transaction that was acknowledged */
    bool is_in_doubt;            /* the transaction after it may have been committed */
    struct tg_store_stats doubt_sent;
    struct tg_store_stats doubt_delta;
};

struct tg_pg_port {
    struct tg_store_port base;
    int epoll_fd;
    int timer_fd;
    bool is_dirty; /* notify was called, and dispatch did not run since */
    uint64_t random;
    unsigned lane_count;
    struct tg_pg_lane lanes[TG_PG_LANES_MAX];

    tg_store_news_fn *news; /* NULL: nobody hears */
    void *news_ctx;
    struct tg_pg_follow follow;
    struct tg_pg_ear ear;
    struct tg_pg_hints hints; /* taken from the ear */
    bool is_looking;          /* in the midst of a round through what is followed */
    uint64_t look_ms;         /* when the next round begins */
    struct tg_store_key looked[TG_PG_LOOK_MAX]; /* by the batch that runs */
    size_t looked_count;
    uint8_t look_array[TG_PG_ARRAY_HEAD + TG_PG_LOOK_MAX * TG_PG_ARRAY_ENTRY];
};

static inline struct tg_pg *tg_pg_of(struct tg_store_port *port)
{
    return (struct tg_pg *)port->store;
}

static inline struct tg_pg *tg_pg_of_lane(const struct tg_pg_lane *lane)
{
    return tg_pg_of((struct tg_store_port *)lane->port);
}

/* ---- send.c: statements and the descriptor ------------------------------------------------- */

/* Above 0. */
int64_t tg_pg_random(struct tg_pg_port *port);
/* Logs it, once for each change. */
void tg_pg_lane_report(struct tg_pg_lane *lane, enum tg_log_reason reason);
/* Watches the descriptor of the connection for these events of epoll. False: it cannot. */
bool tg_pg_lane_watch(struct tg_pg_lane *lane, uint32_t events);
/* Sends what can be sent, and watches for the rest. False: lost. */
bool tg_pg_lane_flush(struct tg_pg_lane *lane);
/* For a statement whose result says nothing. */
bool tg_pg_take_nothing(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result);
/* Sends a statement whose result take() gets. False: lost. */
bool tg_pg_expect(struct tg_pg_lane *lane, enum tg_pg_statement statement,
                  const struct tg_pg_args *args, tg_pg_take_fn *take, struct tg_pg_item *item);

/* ---- lane.c: connections -------------------------------------------------------------------- */

/* TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_pg_lane_init(struct tg_pg_lane *lane, struct tg_pg_port *port,
                                         unsigned index);
/* Also of one that is all zero. */
void tg_pg_lane_deinit(struct tg_pg_lane *lane);
/* It has work: from now on it is to have a connection. */
void tg_pg_lane_want(struct tg_pg_lane *lane);
/* Its descriptor is ready. */
void tg_pg_lane_ready(struct tg_pg_lane *lane);
/* Timers, and new batches. */
void tg_pg_lane_tick(struct tg_pg_lane *lane, uint64_t now_ms);
/* When tick is due; UINT64_MAX: not. */
uint64_t tg_pg_lane_due(const struct tg_pg_lane *lane);
/* Gives the connection up. What was not answered is done again on the next one. */
void tg_pg_lane_lose(struct tg_pg_lane *lane, enum tg_log_reason reason);

/* ---- batch.c: transactions ------------------------------------------------------------------ */

/* The first batch of a connection: a write, so that whatever it reads later
   rests on what is replicated. */
bool tg_pg_batch_hello(struct tg_pg_lane *lane);
/* Starts the next batch, if there is anything to do. False: the connection is lost. */
bool tg_pg_batch_start(struct tg_pg_lane *lane, uint64_t now_ms);
/* The second pass: decides and writes. False: lost. */
bool tg_pg_batch_write(struct tg_pg_lane *lane);
/* Hands an operation with its error to the port. */
void tg_pg_complete(struct tg_pg_lane *lane, struct tg_store_op *op);
/* Reads results. TG_REASON_NONE, or why the connection is to be given up. */
enum tg_log_reason tg_pg_batch_read(struct tg_pg_lane *lane);
/* The connection is gone: operations go back to the lane. */
void tg_pg_batch_abandon(struct tg_pg_lane *lane);
/* Answers operations that have waited too long: the outcome of what was sent is not known. */
void tg_pg_batch_expire(struct tg_pg_lane *lane, uint64_t now_ms);
/* When the next one has. UINT64_MAX: none waits. */
uint64_t tg_pg_batch_due(const struct tg_pg_lane *lane);

/* ---- epoch.c: the version of the map --------------------------------------------------------- */

/* Of struct tg_store_epoch_ops. */
bool tg_pg_epoch_is_usable(const struct tg_store *store);
enum tg_err tg_pg_epoch_list(struct tg_store *store, struct tg_store_epoch_list *out);
enum tg_err tg_pg_epoch_has_records(struct tg_store *store, uint8_t first, uint8_t last,
                                    bool *has_any);
enum tg_err tg_pg_epoch_announce(struct tg_store *store, const struct tg_store_epoch *next);
enum tg_err tg_pg_epoch_open(struct tg_store *store, const struct tg_store_epoch *next);
/* Sends the question for the epoch. False: lost. */
bool tg_pg_epoch_ask(struct tg_pg_lane *lane);
/* Whether a record that the batch did not find may be taken for absent by the operation, whose
   error says why not. */
bool tg_pg_epoch_admit(struct tg_pg_lane *lane, struct tg_store_op *op);
/* TG_E_DENIED: the database is one of several, and settings name it alone. */
TG_NODISCARD enum tg_err tg_pg_epoch_check(PGconn *conn, struct tg_fault *fault);

/* ---- change.c, work.c, sweep.c: what a batch does ------------------------------------------- */

/* Sends what has to be read before anything is decided. *is_any: something was sent. */
bool tg_pg_work_read(struct tg_pg_lane *lane, bool *is_any);
/* Decides, and sends what is to be written, in one transaction with the caller's last statement. */
bool tg_pg_work_write(struct tg_pg_lane *lane);
/* The transaction is durable: the errors of the operations. */
void tg_pg_work_done(struct tg_pg_lane *lane);

/* Of a result of TG_PG_READ with one row; ends with it. */
struct tg_store_record tg_pg_record(const PGresult *result);
/* Of one with any number of rows. */
struct tg_pg_tag tg_pg_tag(const PGresult *result);
bool tg_pg_change_read(struct tg_pg_lane *lane);
void tg_pg_change_decide(struct tg_pg_lane *lane);
bool tg_pg_change_write(struct tg_pg_lane *lane);
void tg_pg_change_done(struct tg_pg_lane *lane);
/* The item's batch may have been committed: the operation will run again. */
void tg_pg_change_doubt(const struct tg_pg_item *item);

bool tg_pg_sweep_look(struct tg_pg_lane *lane);
bool tg_pg_sweep_must_write(const struct tg_pg_lane *lane);
bool tg_pg_sweep_write(struct tg_pg_lane *lane);
/* True: the sweep has more to do. */
bool tg_pg_sweep_done(struct tg_pg_lane *lane);

/* ---- count.c: what the store holds ---------------------------------------------------------- */

void tg_pg_counts_add(struct tg_store_stats *sum, const struct tg_store_stats *more);
void tg_pg_counts_subtract(struct tg_store_stats *sum, const struct tg_store_stats *less);
bool tg_pg_counts_is_zero(const struct tg_store_stats *stats);
/* Of the row of TG_PG_OTHERS. */
struct tg_store_stats tg_pg_counts_of(const PGresult *result);
/* Under the group's lock. */
void tg_pg_counts_total(const struct tg_pg_group *group, struct tg_store_stats *out);

/* ---- news.c: what other nodes change -------------------------------------------------------- */

void tg_pg_news(struct tg_pg_port *port, const struct tg_store_key *key);
/* Tells of what the ear has heard. */
void tg_pg_news_hear(struct tg_pg_port *port);
/* When a look at what is followed is due on this lane; UINT64_MAX: not. */
uint64_t tg_pg_look_due(const struct tg_pg_lane *lane);
/* Sends the next look. False: lost. */
bool tg_pg_look_send(struct tg_pg_lane *lane);
/* The look is done. */
void tg_pg_look_done(struct tg_pg_lane *lane);
/* The round is over; the next one begins after wait_ms. */
void tg_pg_look_pause(struct tg_pg_port *port, uint64_t wait_ms);
#define TG_PG_LOOK_EVERY_MS 3000u

/* ---- session.c: a connection that its caller waits for, at the start ------------------------ */

/* TG_E_DENIED: an operator has to mend it, and fault says how. TG_E_IO: it cannot be reached. */
TG_NODISCARD enum tg_err tg_pg_session_open(PGconn **out, const struct tg_pg_group *group,
                                            bool must_check, struct tg_fault *fault);
/* Waits until a write is acknowledged; patience_ms as in struct tg_store_pg_settings. TG_E_IO */
TG_NODISCARD enum tg_err tg_pg_session_barrier(PGconn *conn, uint32_t patience_ms,
                                               struct tg_fault *fault);
/* Whether PQgetResult can be called without blocking. False: lost, or no answer for so long. */
TG_NODISCARD bool tg_pg_await(PGconn *conn, uint64_t wait_ms);
/* One statement, with at most two arguments, numbers. NULL, false: it failed, or had no answer for
   so long. */
PGresult *tg_pg_run(PGconn *conn, uint64_t wait_ms, const char *sql, const struct tg_pg_args *args);
TG_NODISCARD bool tg_pg_do(PGconn *conn, uint64_t wait_ms, const char *sql,
                           const struct tg_pg_args *args);
/* Fills group->others, and no own counts are left. */
TG_NODISCARD enum tg_err tg_pg_session_refresh(PGconn *conn, struct tg_pg_group *group);
/* Counts everything again, as the only transaction so far. */
TG_NODISCARD bool tg_pg_recount(PGconn *conn, uint64_t commits_min);

/* Ends the other sessions of the role on the database that began before us UTC microseconds, and
   waits for their ends. */
TG_NODISCARD bool tg_pg_end_others(PGconn *conn, int64_t before_us);

/* ---- copy.c: a database that is held as a whole ---------------------------------------------- */

extern const struct tg_store_copy_ops tg_pg_copy_ops;
/* The connection that holds it, with nothing under way. NULL: lost. */
PGconn *tg_pg_copy_conn(struct tg_pg *s);
void tg_pg_copy_free(struct tg_pg *s);

/* ---- whole.c: all that the database holds ---------------------------------------------------- */

TG_NODISCARD enum tg_err tg_pg_survey(struct tg_pg *s, enum tg_store_survey what,
                                      tg_store_see_fn *see, void *ctx);
TG_NODISCARD enum tg_err tg_pg_restore(struct tg_pg *s, enum tg_store_restored how,
                                       uint64_t commits_min);

#endif
