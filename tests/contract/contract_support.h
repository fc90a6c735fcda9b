/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/contract_support.h - a store under test, and calls that wait for their completion.
 */
#ifndef TG_TEST_CONTRACT_SUPPORT_H
#define TG_TEST_CONTRACT_SUPPORT_H

#include "support/c/unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "store/store.h"

#define SEEN_MAX 64u /* bytes of a record that a call copies */

/* How to open one kind of store. dir is an unused path in a new temporary folder. */
struct backend {
    const char *name;
    enum tg_err (*open)(struct tg_store **out, const char *dir,
                        const struct tg_store_limits *limits);
    bool is_immediate; /* operations run where they are started, and dispatch only answers */
    bool is_on_loop;   /* what is started waits for dispatch; no other thread runs it */
    bool has_clock;    /* no time mark is later than its own clock */
    bool has_parts;    /* limits and queues are those of a part */
};

/* Memory, LMDB. backends.c has them as they are, backends_again.c with all that the contract allows
   them. */
extern const struct backend backends[];
extern const size_t backend_count;
extern const bool is_wrapped; /* the struct of a store is another one than the backend's */

/* One port and what its notify wakes. */
struct client {
    const struct tg_store_ops *ops;
    struct tg_store_port *port;
    int wake_fd;
    atomic_uint notify_count;
};

struct fixture {
    const struct backend *backend;
    struct tg_store_limits limits;
    struct tg_store *store;
    struct client client;
    char folder[64]; /* made and removed by the fixture */
    char dir[80];    /* of the store, in folder */
};

/* What a change does, what it saw and its answer. */
struct call {
    enum tg_store_verdict verdict; /* what to do */
    struct tg_store_record next;
    size_t note_count;
    struct tg_outbox_note notes[TG_STORE_NOTES_MAX];
    int64_t mark_s;

    atomic_uint run_count; /* of change() */
    bool has_seen;         /* change() got a record */
    struct tg_store_record seen;
    uint8_t seen_bytes[SEEN_MAX];

    bool is_applying; /* inside apply: done() must not run */
    unsigned done_count;
    enum tg_err err;
    struct tg_store_swept swept;
};

/* A change that holds the writer, so that the operations after it are in one batch. */
struct stopper {
    sem_t entered;
    sem_t release;
    bool is_done;
};

/* The result of a lease; the entries and their bytes are copies. */
struct leased {
    bool is_leasing; /* inside lease: leased() must not run */
    unsigned done_count;
    enum tg_err err;
    size_t count;
    int64_t next_due_s;
    struct tg_outbox_entry entries[TG_OUTBOX_LEASE_MAX];
    uint8_t bytes[TG_OUTBOX_SEALED_MAX + TG_OUTBOX_LEASE_MAX * SEEN_MAX];
    size_t byte_count;
};

/* The answer of a spend; what is sealed is a copy. */
struct spent {
    bool is_spending; /* inside spend: spent() must not run */
    unsigned done_count;
    enum tg_err err;
    enum tg_spend_outcome outcome;
    size_t len;
    uint8_t bytes[TG_SPENT_SEALED_MAX];
};

void folder_make(char *folder, size_t size);
void folder_remove(const char *folder);

void fixture_open(struct fixture *f, const struct backend *backend,
                  const struct tg_store_limits *limits);
void fixture_close(struct fixture *f);

void client_open(struct client *c, struct tg_store *store);
void client_close(struct client *c);
/* Sleeps until notified, at most 20 seconds, then dispatches. */
void client_wait(struct client *c);

struct tg_store_key key_of(unsigned n);
struct call call_put(uint64_t version, int64_t expires_s, struct tg_bytes sealed);

/* Returns when the writer is held. */
void stopper_start(struct stopper *s, struct client *c);
/* Lets the writer go on, and waits for the answer of the stopper alone. */
void stopper_release(struct stopper *s, struct client *c);

/* These start an operation and do not wait; dispatch answers. */
void call_start(struct client *c, unsigned key, struct call *call);
void sweep_start(struct client *c, int64_t now_s, size_t max_count, struct call *call);
void call_finish(struct client *c, struct call *call);

/* These start an operation and wait. */
enum tg_err put(struct client *c, unsigned key, uint64_t version, int64_t expires_s,
                struct tg_bytes sealed);
enum tg_err keep(struct client *c, unsigned key, struct call *call);
enum tg_err drop(struct client *c, unsigned key);
size_t sweep(struct client *c, int64_t now_s, size_t max_count);
/* Reads into call->seen. False: no record. */
void look_start(struct client *c, unsigned key, struct call *call);
bool look(struct client *c, unsigned key, struct call *call);

/* A series has the id key_of(series). */
enum tg_err series_open(struct client *c, unsigned series, int64_t end_s);
void series_start(struct client *c, unsigned series, int64_t end_s, struct call *call);
void spend_start(struct client *c, unsigned series, unsigned key, struct tg_bytes sealed,
                 struct spent *spent);
void spend_finish(struct client *c, struct spent *spent);
/* Asserts that it did not fail. */
enum tg_spend_outcome spend(struct client *c, unsigned series, unsigned key, const char *sealed);

/* Adds a note to a change. */
void call_notify(struct call *call, unsigned key, int64_t due_s, int64_t expires_s,
                 struct tg_bytes sealed);
void lease_start(struct client *c, int64_t now_s, int64_t until_s, size_t max_count,
                 struct leased *l);
void lease_finish(struct client *c, struct leased *l);
void settle_start(struct client *c, const struct leased *l, size_t i,
                  enum tg_outbox_verdict verdict, int64_t due_s, struct call *call);
/* These start an operation and wait. All notes go with changes of one record of one byte. */
enum tg_err tell(struct client *c, unsigned key, int64_t due_s, int64_t expires_s,
                 struct tg_bytes sealed);
enum tg_err unblock(struct client *c, unsigned key);
void lease(struct client *c, int64_t now_s, int64_t until_s, size_t max_count, struct leased *l);
enum tg_err settle(struct client *c, const struct leased *l, size_t i,
                   enum tg_outbox_verdict verdict, int64_t due_s);
/* The number that key_of made the key of. */
unsigned number_of(const struct tg_store_key *key);

void assert_outbox(const struct tg_store *store, uint64_t outbox_count);
void assert_stats(const struct tg_store *store, uint64_t record_count, uint64_t value_bytes);

#endif
