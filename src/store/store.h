/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/store.h - the seam between the relay and the backends that keep its records.
 * Layer: L2 (base).   Threads: a store is opened once and shared; every worker has its own port.
 * Blocks: only read, which may touch a page that is not in memory.
 * Secrets: none. A store sees keyed hashes, versions, expiration times and sealed bytes.
 */
#ifndef TG_STORE_STORE_H
#define TG_STORE_STORE_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"

#define TG_STORE_KEY_LEN 32u
#define TG_STORE_VALUE_MAX 131072u /* bytes of a sealed record: 128 KiB */
/* How many operations, reads and sweeps excepted, may wait for their answer from dispatch, over all
   ports. One more is answered TG_E_FULL, also by dispatch. */
#define TG_STORE_QUEUE_MAX 16384u
#define TG_STORE_DISPATCH_MAX 32u

struct tg_store_key {
    uint8_t bytes[TG_STORE_KEY_LEN];
};

/* What a record counts as. The store does not know more about its content. */
enum tg_store_class {
    TG_STORE_LIVE,
    TG_STORE_ENDED /* what remains of a live record until its expiration */
};
#define TG_STORE_CLASS_COUNT 2u
#define TG_STORE_VERSION_MAX ((UINT64_C(1) << 56) - 1)
#define TG_STORE_ENDED_MAX 512u /* bytes of a sealed record that has ended */

struct tg_store_record {
    uint64_t version; /* at most TG_STORE_VERSION_MAX */
    enum tg_store_class class;
    int64_t expires_s; /* UTC seconds; sweep may remove the record from then on */
    struct tg_bytes sealed;
};

/*
 * The outbox: notifications that are still to be sent, one entry for each key, however many changes
 * asked for it. An entry waits until it is due and is leased by one sender at a time. It is removed
 * when it expires at the latest. A blocked entry stays until it expires: nothing is sent to its
 * key.
 */
#define TG_OUTBOX_SEALED_MAX 16384u /* bytes */
#define TG_OUTBOX_LEASE_MAX 256u    /* entries of one lease */

enum tg_outbox_ask {
    /* Adds an entry. An entry that waits keeps its place, a leased one is due again after the
       lease, a blocked one stays blocked. */
    TG_OUTBOX_NOTIFY,
    TG_OUTBOX_UNBLOCK /* the key is valid again: only removes a blocked entry */
};

/* What a change asks of the outbox. */
struct tg_outbox_note {
    enum tg_outbox_ask ask;
    struct tg_store_key key;
    int64_t due_s;          /* NOTIFY: UTC seconds; an entry that waits already keeps its time */
    int64_t expires_s;      /* NOTIFY: an entry that lasts longer keeps its time */
    struct tg_bytes sealed; /* NOTIFY: replaces what was there */
};

struct tg_outbox_entry {
    struct tg_store_key key;
    uint64_t generation; /* of this lease, for settle; unique while the store is open; below 2^56,
                            or 2^60 of a store with parts */
    uint32_t attempts;   /* leases in a row that ended in TG_OUTBOX_RETRY */
    int64_t expires_s;
    struct tg_bytes sealed;
};

enum tg_outbox_verdict {
    TG_OUTBOX_DONE,  /* removed, unless a NOTIFY came during the lease: then it is due again */
    TG_OUTBOX_RETRY, /* due again at due_s, or removed if it expires before; a NOTIFY during the
                        lease does not make it due earlier */
    TG_OUTBOX_BLOCK  /* blocked until expires_s, also if a NOTIFY came during the lease */
};

/* What change() writes. */
#define TG_STORE_NOTES_MAX 2u
struct tg_store_next {
    struct tg_store_record record; /* for TG_STORE_PUT */
    size_t note_count; /* written with the record, in the same atomic step; 0 for KEEP */
    struct tg_outbox_note notes[TG_STORE_NOTES_MAX];
    /* UTC seconds above 0: TG_FACT_TIME_MARK becomes at least this time, in the same atomic step; a
       backend that has a clock for all its nodes does not raise it above that one. 0: unchanged, as
       also for KEEP */
    int64_t mark_s;
};

/*
 * Facts: small values that the store keeps about itself. The name of a fact in a backend is
 * tg_store_fact_name (store_port.h), so an item may move in this list.
 */
#define TG_STORE_FACT_MAX 2048u /* bytes; a copy of a fact fits on a stack */

enum tg_fact {
    TG_FACT_STORE_ID,   /* random, made with the store */
    TG_FACT_KEY_CHECKS, /* the relay keys that the records need */
    TG_FACT_EPOCH,      /* how often a backup was restored */
    TG_FACT_TIME_MARK,  /* 8 bytes, big-endian: the latest UTC seconds that a change was decided at
                         */
    TG_FACT_CLOCK,      /* the clocks of the computer, as the relay left them */
    TG_FACT_COPY        /* what copying the whole store has left behind */
};
#define TG_FACT_COUNT 6u

struct tg_store_fact {
    uint64_t version; /* 1 at first; each write adds 1 */
    struct tg_bytes value;
};

/*
 * Decides on one fact. As tg_store_change_fn: pure, may run more than once, before done().
 *   old    NULL when the fact is absent; ends when change() returns
 *   *next  the new value; must stay valid until done(). More than TG_STORE_FACT_MAX bytes are
 *          answered TG_E_FULL
 * True: *next is written. False: nothing is.
 */
typedef bool tg_store_fact_fn(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next);

/*
 * Keys that can be spent only once, in series. A spent key is remembered until its series is
 * closed. A series is closed by the first sweep after its end, for good: it accepts no key from
 * then on, its spent keys are removed, and the series itself is remembered.
 */
#define TG_SPENT_SEALED_MAX 128u /* bytes */
#define TG_SERIES_MAX 4096u      /* in a store, closed ones included */

struct tg_spend {
    struct tg_store_key series;
    struct tg_store_key key;
    struct tg_bytes sealed; /* kept with a new key; at most TG_SPENT_SEALED_MAX bytes */
};

enum tg_spend_outcome {
    TG_SPEND_NEW,   /* the key is spent now */
    TG_SPEND_KNOWN, /* it was spent before */
    TG_SPEND_CLOSED /* the series is closed or was never opened; nothing is spent */
};

/* What change() decided. */
enum tg_store_verdict {
    TG_STORE_KEEP, /* change nothing */
    TG_STORE_PUT,  /* write the new record; its expires_s may differ from the old one's */
    TG_STORE_REMOVE
};

/*
 * Decides on one record. Pure: no I/O, no time, no locks; may run more than once (each run starts
 * over, only the last counts) and on another thread than the caller's, but never on two at once for
 * one call, and always before done().
 *   ctx   the store's from apply() to done(): the caller touches nothing of it that a run reads or
 *         writes
 *   old   NULL when there is no record; ends when change() returns
 *   next  all zero at first, written for TG_STORE_PUT; what it views must stay valid until done();
 *         a record of more than TG_STORE_VALUE_MAX bytes (TG_STORE_ENDED_MAX if it has ended) is
 *         answered TG_E_FULL, and so is one without room (struct tg_store_limits). A note without
 *         room (TG_OUTBOX_SEALED_MAX, outbox_max) is left out: a note never fails a change
 * TG_STORE_REMOVE without a record is TG_STORE_KEEP.
 */
typedef enum tg_store_verdict tg_store_change_fn(void *ctx, const struct tg_store_record *old,
                                                 struct tg_store_next *next);

/*
 * TG_OK        the verdict of the last change() run is durable (for KEEP: what it saw is durable)
 * TG_E_FULL    a queue, the count or a size limit is full, or memory is short; change() may or may
 *              not have run, nothing was written
 * TG_E_STORE   the backend failed; the write may or may not be durable
 */
typedef void tg_store_done_fn(void *ctx, enum tg_err err);

/* record: NULL when there is none; ends when found() returns. TG_E_STORE: the backend failed. */
typedef void tg_store_found_fn(void *ctx, enum tg_err err, const struct tg_store_record *record);

/* What a sweep has done, also one that failed. */
struct tg_store_swept {
    size_t removed_count; /* records that are durably removed */
    size_t spent_count;   /* spent keys of closed series, likewise */
    /* Every record and outbox entry with expires_s <= until_s is gone, but for leased entries.
       INT64_MIN: not known. */
    int64_t until_s;
};

typedef void tg_store_swept_fn(void *ctx, enum tg_err err, const struct tg_store_swept *swept);

/*
 *   sealed      TG_SPEND_KNOWN: what is kept with the key; ends when spent() returns
 * TG_OK         the outcome is durable
 * TG_E_FULL     spent_max keys are spent, the queue is full, the disk or memory is short: nothing
 * is spent TG_E_STORE    the backend failed; the key may or may not be spent
 */
typedef void tg_store_spent_fn(void *ctx, enum tg_err err, enum tg_spend_outcome outcome,
                               struct tg_bytes sealed);

/*
 *   entries      end when leased() returns
 *   next_due_s   no entry is due before that time, unless a later change or settle makes one due.
 *                It may be early (the end of a lease or of a block). INT64_MAX: the outbox is
 *                empty. Now or earlier: more entries are due
 * TG_E_FULL      the queue is full or memory is short; TG_E_STORE: the backend failed. Nothing is
 *                leased.
 */
typedef void tg_store_leased_fn(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                                size_t count, int64_t next_due_s);

/* The record of key may have been changed by another process: a hint, so it may come without a
   change. Called inside dispatch, or inside an operation of the port. Must not use the store. */
typedef void tg_store_news_fn(void *ctx, const struct tg_store_key *key);

enum tg_store_survey {
    TG_STORE_SURVEY_ALL,
    TG_STORE_SURVEY_OUTBOX, /* the entries of the outbox alone */
    /* Also the spent keys of open series, after the series. Only after hold of struct
       tg_store_copy_ops; shows also what is not committed yet */
    TG_STORE_SURVEY_COPY
};

/* What a survey shows. */
enum tg_store_seen_kind {
    TG_STORE_SEEN_FACT,
    TG_STORE_SEEN_SERIES,
    TG_STORE_SEEN_SPENT,
    TG_STORE_SEEN_RECORD,
    TG_STORE_SEEN_ENTRY
};

struct tg_store_seen {
    enum tg_store_seen_kind kind;
    enum tg_fact fact;          /* of a fact */
    struct tg_store_key key;    /* of all but a fact */
    uint64_t version;           /* of a fact or a record */
    int64_t expires_s;          /* of a record or an entry; the end of a series */
    bool is_closed;             /* of a series */
    bool is_blocked;            /* of an entry */
    struct tg_bytes bytes;      /* the fact's value, or what is sealed; ends when see() returns */
    enum tg_store_class class;  /* of a record */
    struct tg_store_key series; /* of a spent key */
    int64_t due_s;              /* of an entry; at most expires_s, and that if it is blocked */
    uint32_t attempts;          /* of an entry */
};

/* False ends the survey. Must not use the store. */
typedef bool tg_store_see_fn(void *ctx, const struct tg_store_seen *seen);

/* What to do with the records of a copy of a store, such as a restored backup. */
enum tg_store_restored {
    TG_STORE_RESTORED_DROP, /* records and outbox go; facts and closed series stay */
    TG_STORE_RESTORED_KEEP
};

/* Called after each durable write, on any thread, before the operations that it holds are answered.
   Must be short. commit_count as in struct tg_store_stats. */
typedef void tg_store_committed_fn(void *ctx, uint64_t commit_count);

/* Called from any thread when dispatch has something to do; must only wake the port's thread. */
typedef void tg_store_notify_fn(void *ctx);

/* What the place where the store is allows. Removing, and a change that makes no record longer, are
   always tried. */
enum tg_store_room {
    TG_STORE_ROOM_ANY,
    TG_STORE_ROOM_DISK_LOW,  /* new records are TG_E_FULL */
    TG_STORE_ROOM_DISK_FULL, /* longer records too, and notes are left out */
    TG_STORE_ROOM_MAP_FULL   /* the same, because the address space of the store is used */
};

struct tg_store_stats {
    /* The counts come first. */
    uint64_t live_count; /* records of the class LIVE */
    uint64_t live_bytes; /* sum of their sealed lengths */
    uint64_t ended_count;
    uint64_t ended_bytes;
    uint64_t outbox_count;   /* blocked entries included */
    uint64_t spent_count;    /* spent keys */
    enum tg_store_room room; /* for a record of the largest size */
    uint64_t disk_used;      /* bytes of the store on its disk; 0: the disk is not watched */
    uint64_t disk_free;      /* bytes that it may still take, the reserve included */
    uint64_t disk_failures;  /* commits that found no room, since the store was opened */
    /* Durable writes since the store was made, by any process; it never goes back. 0: nothing is
       kept when the process ends. */
    uint64_t commit_count;
};

struct tg_store;
struct tg_store_port;
struct tg_store_epoch_ops;
struct tg_store_database;

/*
 * To work on a whole store, as to copy it into one of another kind. All block. After hold, and
 * until the store is closed, nothing but these, survey, restore, stats and close may be called.
 */
struct tg_store_copy_ops {
    /* Nobody else changes the store until it is closed. While no port is attached. TG_E_DENIED:
       others use it; TG_E_STORE */
    enum tg_err (*hold)(struct tg_store *s);
    /* Removes everything. TG_E_FULL, TG_E_STORE */
    enum tg_err (*clear)(struct tg_store *s);
    /* Adds what a survey of another store for a copy has shown, in its order, or replaces a fact.
       TG_E_FULL, TG_E_STORE */
    enum tg_err (*put)(struct tg_store *s, const struct tg_store_seen *row);
    /* What was put is durable on return, and counted again; commit_count is above commits_min.
       Some of it may be durable before. TG_E_FULL, TG_E_STORE */
    enum tg_err (*commit)(struct tg_store *s, uint64_t commits_min);
};

struct tg_store_ops {
    /* A handle for one worker thread. notify is called for what waits for dispatch. */
    enum tg_err (*attach)(struct tg_store *s, tg_store_notify_fn *notify, void *notify_ctx,
                          struct tg_store_port **port);
    /* A descriptor that the port's loop watches from attach to detach: while it is readable,
       dispatch has I/O or a timer to run. -1: the backend has threads of its own. */
    int (*descriptor)(const struct tg_store_port *port);
    /* What the port starts from now on is of this share: of a network of clients, or 0, as at the
       start, of the relay itself. Where operations wait, shares take turns, so that those of one
       delay those of another by about one each. NULL: the backend has no queue that ports share. */
    void (*share)(struct tg_store_port *port, uint16_t share);
    /* After the last done(), and not from inside one. A port with an operation in flight fails an
       assertion. Accepts *port == NULL. */
    void (*detach)(struct tg_store_port **port);

    /* Loads key's record, lets change() decide and writes the result: all or nothing, and atomic
       against every other apply on that key. done() runs on the port's thread, inside dispatch,
       once the outcome is durable; never inside apply itself. Applies of one port and share on one
       key keep their order. */
    void (*apply)(struct tg_store_port *port, const struct tg_store_key *key,
                  tg_store_change_fn *change, void *ctx, tg_store_done_fn *done);
    /* The last durable record. found() runs once: inside read, or later inside dispatch. It may
       read and apply itself. */
    void (*read)(struct tg_store_port *port, const struct tg_store_key *key,
                 tg_store_found_fn *found, void *ctx);
    /*
     * Removes up to max_count records with expires_s <= now_s, the oldest first, and up to
     * max_count such entries of the outbox that are not leased. Closes the series with end_s <=
     * now_s and removes up to max_count spent keys of closed ones. A large sweep runs in steps,
     * with other changes between them. It keeps up with the changes: a step removes at least as
     * many as were added since the last one. No full queue refuses or delays a sweep, so a port
     * starts one at a time. In a large outbox some entries may be left to the next sweep.
     *   now_s   the earlier of the possible times: what is removed has expired by both. It is the
     *           mark of a step that removed a record or closed a series
     */
    void (*sweep)(struct tg_store_port *port, int64_t now_s, size_t max_count,
                  tg_store_swept_fn *swept, void *ctx);
    /*
     * Leases up to max_count (at most TG_OUTBOX_LEASE_MAX) entries that are due, the longest due
     * first. Their notes are durable. No other lease gets them before until_s, or, if leases do not
     * outlive the process (memory, LMDB), before the process ends. Expired entries are removed, not
     * leased. leased() runs once, inside dispatch.
     *   now_s   as for sweep: an entry that has expired by one of two times only is leased
     */
    void (*lease)(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                  tg_store_leased_fn *leased, void *ctx);
    /* Ends the lease with this generation. Nothing happens to an entry that was removed, settled or
       leased again. done() as for apply. */
    void (*settle)(struct tg_store_port *port, const struct tg_store_key *key, uint64_t generation,
                   enum tg_outbox_verdict verdict, int64_t due_s, tg_store_done_fn *done,
                   void *ctx);
    /* Loads the fact, lets change() decide and writes the result: atomic against every other
       operation on that fact. done() as for apply. */
    void (*fact)(struct tg_store_port *port, enum tg_fact fact, tg_store_fact_fn *change, void *ctx,
                 tg_store_done_fn *done);
    /* Opens the series, or sets the end of one that is open. TG_OK: it is open, with this end.
       TG_E_DENIED: it is closed; nothing was changed. TG_E_FULL also for one more than
       TG_SERIES_MAX. done() as for apply. */
    void (*series)(struct tg_store_port *port, const struct tg_store_key *series, int64_t end_s,
                   tg_store_done_fn *done, void *ctx);
    /* Spends the key, if it is not spent and its series is open: atomic against every other
       operation. What `spend` views must stay valid until spent(), which runs inside dispatch. May
       be repeated. */
    void (*spend)(struct tg_store_port *port, const struct tg_spend *spend,
                  tg_store_spent_fn *spent, void *ctx);
    /* From now on news() is called for what is followed; NULL ends it. TG_E_NOMEM */
    enum tg_err (*hear)(struct tg_store_port *port, tg_store_news_fn *news, void *ctx);
    /* From now until unfollow, news() is called for each change of the record by another process
       that a read begun before now has not seen: at once as a rule, within some seconds where a
       hint was lost. As many unfollow as follow. TG_E_NOMEM */
    enum tg_err (*follow)(struct tg_store_port *port, const struct tg_store_key *key);
    void (*unfollow)(struct tg_store_port *port, const struct tg_store_key *key);
    /* Does the I/O of a backend without threads of its own, and runs the callbacks of completed
       operations on the calling thread, of TG_STORE_DISPATCH_MAX at most, so that the caller can do
       other work between; notify is called again for the rest. Not from inside a callback.
       Callbacks may start operations. */
    void (*dispatch)(struct tg_store_port *port);

    /* Shows what is durable, but no spent keys: first the facts, then the series, the records, and
       the entries of the outbox. For the start of a program: it blocks, and reads all that it
       shows. TG_E_STORE */
    enum tg_err (*survey)(struct tg_store *s, enum tg_store_survey what, tg_store_see_fn *see,
                          void *ctx);
    /* From now on committed() is called. Before a port is attached. */
    void (*watch)(struct tg_store *s, tg_store_committed_fn *committed, void *ctx);
    /* For a copy of a store: drops or keeps what is in it, closes all series, because what was
       spent since the copy was made is not known, and raises commit_count over commits_min too.
       While no port is attached; blocks. TG_E_FULL, TG_E_STORE: it may be repeated. */
    enum tg_err (*restore)(struct tg_store *s, enum tg_store_restored how, uint64_t commits_min);
    const struct tg_store_copy_ops *copy;   /* NULL: the backend is not copied */
    const struct tg_store_epoch_ops *epoch; /* NULL: it cannot be a group: see store/epoch.h */
    /* A store of its own that this one consists of, NULL after the last. NULL: it is one alone. */
    struct tg_store *(*part)(struct tg_store *s, size_t index);
    /* Changes the first byte of the key of a probe, so that it is in a part that can be used. NULL:
       as part. Any thread. */
    void (*place)(const struct tg_store *s, struct tg_store_key *key);
    /* Any thread. Approximate while changes are in flight. */
    void (*stats)(const struct tg_store *s, struct tg_store_stats *out);
    /* See store/database.h. Any thread. NULL: it is in no database. */
    void (*database)(const struct tg_store *s, struct tg_store_database *out);
    /* After every port is detached. Finishes what is queued. Accepts *s == NULL. */
    void (*close)(struct tg_store **s);
};

/* Every backend's struct starts with this. */
struct tg_store {
    const struct tg_store_ops *ops;
};

/*
 * Facts at the start of a program, with a port of their own. Both block until the backend answers.
 */
struct tg_store_fact_copy {
    uint64_t version; /* 0: the fact is absent */
    size_t len;
    uint8_t bytes[TG_STORE_FACT_MAX];
};

/* TG_OK also for a fact that is absent. TG_E_FULL, TG_E_STORE, TG_E_NOMEM: *out is all zero. */
TG_NODISCARD enum tg_err tg_store_fact_load(struct tg_store *s, enum tg_fact fact,
                                            struct tg_store_fact_copy *out);
/*
 * Writes value if the fact has the version old_version (0: if it is absent), and is durable on
 * return. TG_E_CONFLICT: it has another version; nothing was written. TG_E_FULL, TG_E_STORE,
 * TG_E_NOMEM
 */
TG_NODISCARD enum tg_err tg_store_fact_save(struct tg_store *s, enum tg_fact fact,
                                            uint64_t old_version, struct tg_bytes value);

/* The operation `series` at the start of a program; blocks likewise. */
TG_NODISCARD enum tg_err tg_store_series_open(struct tg_store *s, const struct tg_store_key *series,
                                              int64_t end_s);

/*
 * What a store may hold; 0: no limit. They refuse new live records. A live record reserves the room
 * of the ended record that may replace it, so a record can always end, also where a limit was
 * lowered. A record that does not grow is always admitted.
 */
struct tg_store_limits {
    uint64_t live_max;  /* live records */
    uint64_t ended_max; /* ended records, with one reserved for each live record */
    /* Sealed bytes of live records. Live records that exist may grow by a sixteenth more, also
       beyond what there was when the store was opened. */
    uint64_t bytes_max;
    uint64_t outbox_max; /* outbox entries */
    uint64_t spent_max;  /* spent keys */
    /* Bytes of the disk that are kept for changes of what is stored: a put of a new record that
       would use them is TG_E_FULL. 0: the disk is not watched. */
    uint64_t disk_reserve;
};

/* Those of so many parts together, each with these limits. */
struct tg_store_limits tg_store_limits_of_parts(const struct tg_store_limits *limits,
                                                uint32_t part_count);
/* Whether a new live record of len sealed bytes finds room. */
bool tg_store_has_room(const struct tg_store_limits *limits, const struct tg_store_stats *now,
                       size_t len);

/* For tests and simulation: nothing outlives the process. limits are copied, here and below. */
TG_NODISCARD enum tg_err tg_store_mem_open(struct tg_store **out,
                                           const struct tg_store_limits *limits);

/* The embedded store has readers for so many workers, and for the push link and tools beside. */
#define TG_STORE_LMDB_WORKERS_MAX 240u

/*
 * The embedded store: an LMDB environment in dir (created with mode 0700 if absent), one writer
 * thread, group commit. An existing dir keeps its mode. A child that is forked without exec shares
 * the lock, so fork before opening. TG_E_IO: dir cannot be made or opened, is on a network
 * file system, or is open in another process; fault names it. A commit that found no room on the
 * disk wrote nothing and is TG_E_FULL. Any other failed commit is in doubt and ends the process
 * (exit code 70) after one log event. Clients learn the outcome when they retry.
 */
TG_NODISCARD enum tg_err tg_store_lmdb_open(struct tg_store **out, const char *dir,
                                            const struct tg_store_limits *limits,
                                            const struct tg_log *log, struct tg_fault *fault);

/*
 * A survey of the embedded store in dir without opening it for writing, also while another process
 * uses it; this one must not. It creates and changes nothing.
 * TG_E_NOTFOUND: there is no store in dir; fault is untouched. TG_E_IO: fault names the reason.
 */
TG_NODISCARD enum tg_err tg_store_lmdb_survey(const char *dir, tg_store_see_fn *see, void *ctx,
                                              struct tg_fault *fault);

/* The store on PostgreSQL, for many nodes. */
struct tg_store_pg_settings {
    const char *url;           /* postgresql://, without a password; borrowed, as the next one */
    const char *password_file; /* its first line is the password; "": none */
    bool must_be_synchronous;  /* nothing is acknowledged without a synchronous standby */
    unsigned lane_count;       /* connections of each port, 1 to 4 */
    uint32_t patience_ms;      /* how long the open waits for a standby; 0: 15 s */
    bool may_be_copied;        /* works also on a database that was copied to another store */
    unsigned group;            /* its number among several databases (store/groups.h); 0: alone */
};

/* Whether url can be used, without using it. TG_E_SYNTAX: fault names the part, and repeats nothing
 * of it. */
TG_NODISCARD enum tg_err tg_store_pg_check(const char *url, struct tg_fault *fault);
/*
 * TG_E_DENIED: the database is not one that the relay may use, and fault says how to mend it.
 * TG_E_IO: it cannot be used now, and fault says why; it may be usable later, without a change.
 */
TG_NODISCARD enum tg_err tg_store_pg_open(struct tg_store **out,
                                          const struct tg_store_pg_settings *settings,
                                          const struct tg_store_limits *limits,
                                          const struct tg_log *log, struct tg_fault *fault);
/* Makes or updates the tables, as their owner, and lets role use them. Blocks. TG_E_DENIED,
 * TG_E_IO: fault says why. */
TG_NODISCARD enum tg_err tg_store_pg_migrate(const struct tg_store_pg_settings *settings,
                                             const char *role, struct tg_fault *fault);

#endif
