/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/store.h - the seam between the relay and whatever keeps its records.
 * Layer: L2 (base).   Threads: a store is opened once and shared; every worker has its own port.
 * Blocks: read alone, which may touch a page that is not in memory.
 * Secrets: none. A store sees keyed hashes, versions, expiration times and sealed bytes.
 */
#ifndef TG_STORE_STORE_H
#define TG_STORE_STORE_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"

#define TG_STORE_KEY_LEN 32u
#define TG_STORE_VALUE_MAX 131072u /* bytes of a sealed record: 128 KiB */
/* Operations but reads that are accepted and not yet answered by dispatch, over all ports. One more
   is answered TG_E_FULL, through dispatch like any other answer. */
#define TG_STORE_QUEUE_MAX 16384u

struct tg_store_key {
    uint8_t bytes[TG_STORE_KEY_LEN];
};

struct tg_store_record {
    uint64_t version;
    int64_t expires_s; /* UTC seconds; sweep may remove the record from then on */
    struct tg_bytes sealed;
};

/*
 * The outbox: what is still to be told to somebody, one entry a key, whatever the number of changes
 * that asked for it. An entry waits until it is due, is leased by one sender at a time, and goes
 * with its expiration at the latest. A blocked one stays as a mark: nothing is to be told there.
 */
#define TG_OUTBOX_SEALED_MAX 16384u /* bytes */
#define TG_OUTBOX_LEASE_MAX 256u    /* entries of one lease */

enum tg_outbox_ask {
    TG_OUTBOX_TELL,   /* one that waits stays in its place, one that is leased is told once more
                         after that, a mark stays a mark */
    TG_OUTBOX_UNBLOCK /* the key is good again: removes a mark, and nothing else */
};

struct tg_outbox_note {
    enum tg_outbox_ask ask;
    struct tg_store_key key;
    int64_t due_s;          /* TELL: UTC seconds; an entry that waits already keeps its time */
    int64_t expires_s;      /* TELL: an entry that lasts longer keeps its time */
    struct tg_bytes sealed; /* TELL: replaces what was there */
};

struct tg_outbox_entry {
    struct tg_store_key key;
    uint64_t generation; /* of this lease, for settle; an open store gives none twice */
    uint32_t attempts;   /* leases in a row that ended in TG_OUTBOX_RETRY */
    int64_t expires_s;
    struct tg_bytes sealed;
};

enum tg_outbox_verdict {
    TG_OUTBOX_DONE,  /* removed, unless another TELL came during the lease: then it is due again */
    TG_OUTBOX_RETRY, /* due again at due_s, or removed where that is its expiration or later; a TELL
                        during the lease does not bring it forward */
    TG_OUTBOX_BLOCK  /* a mark stays until expires_s, whatever came during the lease */
};

/* What change() leaves. */
#define TG_STORE_NOTES_MAX 2u
struct tg_store_next {
    struct tg_store_record record; /* for TG_STORE_PUT */
    size_t note_count; /* kept with the record, in the same atomic step; none for KEEP */
    struct tg_outbox_note notes[TG_STORE_NOTES_MAX];
};

/* What change() decided. */
enum tg_store_verdict {
    TG_STORE_KEEP, /* leave what is there */
    TG_STORE_PUT,  /* keep the new record; its expires_s may differ from the old one's */
    TG_STORE_REMOVE
};

/*
 * Decides on one record. Pure: no I/O, no time, no locks; may run more than once (each run starts
 * over, only the last counts) and on another thread than the caller's, but never on two at once for
 * one call, and always before done().
 *   old   NULL when there is no record; ends when change() returns
 *   next  all zero at first, written for TG_STORE_PUT; what it views must stay valid until done();
 *         a record of more than TG_STORE_VALUE_MAX bytes is answered TG_E_FULL. A note that finds
 *         no room (TG_OUTBOX_SEALED_MAX, outbox_max) is left out: telling never fails a change
 * TG_STORE_REMOVE of nothing is TG_STORE_KEEP.
 */
typedef enum tg_store_verdict tg_store_change_fn(void *ctx, const struct tg_store_record *old,
                                                 struct tg_store_next *next);

/*
 * TG_OK        the verdict of the last change() run is durable (for KEEP: what it saw is durable)
 * TG_E_FULL    a queue, the count or a size limit is reached, or memory is; change() may or may not
 *              have run, nothing was written
 * TG_E_STORE   the backend failed; the write may or may not have landed
 */
typedef void tg_store_done_fn(void *ctx, enum tg_err err);

/* record: NULL when there is none; ends when found() returns. TG_E_STORE: the backend failed. */
typedef void tg_store_found_fn(void *ctx, enum tg_err err, const struct tg_store_record *record);

typedef void tg_store_swept_fn(void *ctx, enum tg_err err, size_t removed_count);

/*
 *   entries      end when leased() returns
 *   next_due_s   no entry comes due before that but for a change or settle from now on; it may be
 *                early (the end of a lease or mark). INT64_MAX: none is there; now or past: more is
 * TG_E_FULL      the queue or memory; TG_E_STORE: the backend failed. Nothing is leased.
 */
typedef void tg_store_leased_fn(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                                size_t count, int64_t next_due_s);

/* Called from any thread when a port has completions; must only wake the port's thread. */
typedef void tg_store_notify_fn(void *ctx);

struct tg_store_stats {
    uint64_t record_count; /* tombstones included */
    uint64_t value_bytes;  /* sum of sealed lengths */
    uint64_t outbox_count; /* entries and marks */
};

struct tg_store;
struct tg_store_port;

struct tg_store_ops {
    /* A handle for one worker thread. notify is called for completions that wait for dispatch. */
    enum tg_err (*attach)(struct tg_store *s, tg_store_notify_fn *notify, void *notify_ctx,
                          struct tg_store_port **port);
    /* After the last done(), and not from inside one; a port with anything in flight fails an
       assert. Accepts *port == NULL. */
    void (*detach)(struct tg_store_port **port);

    /* Load key's record, let change() decide, keep it; all or nothing, atomic against every other
       apply on that key. done() runs on the port's thread, inside dispatch, once the outcome is
       durable; never inside apply itself. Applies of one port on one key keep their order. */
    void (*apply)(struct tg_store_port *port, const struct tg_store_key *key,
                  tg_store_change_fn *change, void *ctx, tg_store_done_fn *done);
    /* The last durable record. found() runs once: inside read, or later inside dispatch. It may
       read and apply itself. */
    void (*read)(struct tg_store_port *port, const struct tg_store_key *key,
                 tg_store_found_fn *found, void *ctx);
    /* Removes up to max_count records with expires_s <= now_s, the oldest first, and as many such
       entries and marks of the outbox that are not leased. A large sweep goes in steps, other
       changes in between. removed_count holds the records, those that are durably gone, on failure
       too. */
    void (*sweep)(struct tg_store_port *port, int64_t now_s, size_t max_count,
                  tg_store_swept_fn *swept, void *ctx);
    /*
     * Takes up to max_count (at most TG_OUTBOX_LEASE_MAX) entries that are due, the longest due
     * first. What they told is durable. Nobody else gets them before until_s, or, where a lease
     * does not outlive the process (memory, LMDB), before that has ended. Expired ones are removed,
     * not handed out. leased() runs once, inside dispatch.
     */
    void (*lease)(struct tg_store_port *port, int64_t now_s, int64_t until_s, size_t max_count,
                  tg_store_leased_fn *leased, void *ctx);
    /* Ends the lease that gave generation. Nothing happens to an entry that is gone, was settled or
       has been leased anew. done() as for apply. */
    void (*settle)(struct tg_store_port *port, const struct tg_store_key *key, uint64_t generation,
                   enum tg_outbox_verdict verdict, int64_t due_s, tg_store_done_fn *done,
                   void *ctx);
    /* Runs the callbacks of what has completed, on the calling thread; not from inside one. They
       may start others. */
    void (*dispatch)(struct tg_store_port *port);

    /* Any thread. Approximate while changes are in flight. */
    void (*stats)(const struct tg_store *s, struct tg_store_stats *out);
    /* After every port is detached. Finishes what is queued. Accepts *s == NULL. */
    void (*close)(struct tg_store **s);
};

/* Every backend's struct starts with this. */
struct tg_store {
    const struct tg_store_ops *ops;
};

struct tg_store_limits {
    uint64_t record_max; /* live records; 0: no limit. A put that would add one more is TG_E_FULL */
    uint64_t bytes_max;  /* sealed bytes; 0: no limit */
    uint64_t outbox_max; /* entries and marks; 0: no limit */
};

/* Tests and simulation: nothing outlives the process. limits are copied, here and below. */
TG_NODISCARD enum tg_err tg_store_mem_open(struct tg_store **out,
                                           const struct tg_store_limits *limits);

/*
 * The embedded store: an LMDB environment in dir (created with mode 0700 if absent), one writer
 * thread, group commit. An existing dir keeps its mode; a child that is forked without exec shares
 * the lock, so it must be forked before. TG_E_IO: dir cannot be made or opened, is on a network
 * file system, or is open in another process; fault says which. A failed commit is in doubt and
 * ends the process (exit code 70) after one log event: clients find out by retrying.
 */
TG_NODISCARD enum tg_err tg_store_lmdb_open(struct tg_store **out, const char *dir,
                                            const struct tg_store_limits *limits,
                                            const struct tg_log *log, struct tg_fault *fault);

#endif
