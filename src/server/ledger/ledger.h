/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ledger/ledger.h - what a stranger may use: work, memory, stored bytes for a time. For each
 * network of a client, in all its tiers, and for the whole process.
 * Layer: L4 (base, crypto).   Threads: any, all at once; only holders.h has a lock.   Blocks: no.
 * Clock: an argument, monotonic, the same for all threads.
 * Secrets: the key of the cells. No address is kept: a payer has indexes of cells.
 * spec: docs/protocol.md section 3, Limits; docs/architecture.md, properties 4 and 6.
 */
#ifndef TG_SERVER_LEDGER_LEDGER_H
#define TG_SERVER_LEDGER_LEDGER_H

#include "base/rng.h"
#include "server/ledger/holders.h"

/* The salts of the cells of work and of stored bytes change after these times; what was spent
   before is forgotten then. Cells of what is held at this moment keep their salt: they hold
   nothing of the past. */
#define TG_LEDGER_WORK_SALT_MS (10 * 60 * 1000)
#define TG_LEDGER_STORED_SALT_MS (24 * 60 * 60 * 1000)

#define TG_LEDGER_RATE_MAX 1000000u /* ordinary requests per second */
/* A mailbox counts as so many bytes for its default life at least, and for an hour at least. */
#define TG_LEDGER_MAILBOX_BYTES 16384u
#define TG_LEDGER_MAILBOX_MIN_S 3600

#define TG_LEDGER_MAILBOXES_MAX 1000000000u /* a day */
#define TG_LEDGER_BURST_MAX 1000000u        /* ordinary requests */

/* What a client makes the relay do. docs/protocol.md, section 3.10, has the prices. */
enum tg_work {
    TG_WORK_CONNECTION, /* accept, close */
    TG_WORK_HANDSHAKE,  /* a full handshake of TLS, with its connection */
    TG_WORK_HEAD,       /* a request up to its head; all that a refused request costs */
    TG_WORK_REQUEST,    /* the rest of an ordinary request: a read, a preview, a long poll */
    TG_WORK_CHANGE,     /* the rest of an update, delete or relinquish */
    TG_WORK_CREATE,     /* the rest of a create */
    TG_WORK_PROOF,      /* the verification of a device attestation */
    TG_WORK_KIB,        /* 1 KiB of a body or head received */
    TG_WORK_FRAMES,     /* ten frames of HTTP/2 that achieve nothing */
    TG_WORK_COUNT
};

/* Places, of which there is a fixed number: see holders.h. */
enum tg_place { TG_PLACE_CONNECTION, TG_PLACE_LONG_POLL, TG_PLACE_COUNT };

struct tg_ledger_settings {
    uint32_t rate;  /* ordinary requests per second of a network; 0: no limit */
    uint32_t burst; /* ordinary requests at once; at least 1 */
    /* Mailboxes of TG_LEDGER_MAILBOX_BYTES and mailbox_s that a network may make in a day, and at
       once; 0: no limit */
    uint64_t mailboxes_per_day;
    int64_t mailbox_s;                      /* at least 1, if mailboxes_per_day is not 0 */
    size_t max[TG_PLACE_COUNT];             /* over all workers */
    size_t worker_count;                    /* at least 1 */
    void (*wake)(void *ctx, size_t worker); /* see tg_holders_new; may be NULL */
    void *wake_ctx;
};

struct tg_ledger;

/* TG_E_LIMIT: a setting is out of range. TG_E_NOMEM, TG_E_CRYPTO (no random bytes). */
TG_NODISCARD enum tg_err tg_ledger_new(struct tg_ledger **out,
                                       const struct tg_ledger_settings *settings,
                                       const struct tg_rng *rng);
/* After the last call. Accepts NULL and *ledger == NULL. */
void tg_ledger_free(struct tg_ledger **ledger);

/* The holders of a kind of place; valid as long as ledger. */
struct tg_holders *tg_ledger_holders(const struct tg_ledger *ledger, enum tg_place place);

/* ---- who pays ---- */

/* Finds the cells of a network. It never fails: see TG_PAYER_REFUSED. */
void tg_ledger_find(const struct tg_ledger *ledger, struct tg_payer *out,
                    const struct tg_network *network, uint64_t now_mono_ms);
/* Whether a salt has changed since the payer was found: find it again before a charge. What it
   holds is released with the payer that held it. */
bool tg_ledger_is_stale(const struct tg_payer *payer, uint64_t now_mono_ms);

/* ---- work ---- */

/* Charges a kind of work if every tier has the budget. 0: charged. Otherwise the seconds after
   which it will be admitted, at least 1, and nothing is charged. Threads that charge one network at
   the same moment may each be admitted. */
TG_NODISCARD unsigned tg_ledger_charge(struct tg_ledger *ledger, const struct tg_payer *payer,
                                       enum tg_work kind, uint64_t now_mono_ms);
/* Charges a kind of work that is done only if every tier keeps half of its budget afterwards.
   False: nothing is charged. */
TG_NODISCARD bool tg_ledger_charge_spare(struct tg_ledger *ledger, const struct tg_payer *payer,
                                         enum tg_work kind, uint64_t now_mono_ms);
/* Charges work that is already done, count times. */
void tg_ledger_spend(struct tg_ledger *ledger, const struct tg_payer *payer, enum tg_work kind,
                     uint32_t count, uint64_t now_mono_ms);

/* ---- stored bytes for a time ---- */

enum tg_ledger_step { TG_LEDGER_LOOK, TG_LEDGER_CHARGE };

/*
 * Charges a record that will be stored, or only looks whether it could be charged.
 *   bytes        that the record may have, old_bytes those that were charged for it before: it pays
 *                for the difference, and each counts as TG_LEDGER_MAILBOX_BYTES at least
 *   lifetime_s   from now
 *   price        of tg_fullness_price
 * As tg_ledger_charge. Nothing is ever given back: a record that is deleted early was stored.
 */
TG_NODISCARD unsigned tg_ledger_store(struct tg_ledger *ledger, const struct tg_payer *payer,
                                      enum tg_ledger_step step, uint64_t bytes, uint64_t old_bytes,
                                      int64_t lifetime_s, uint64_t price, uint64_t now_mono_ms);

/* ---- memory ---- */

/* Counts bytes that the client holds. The limits are in memory.h. */
void tg_ledger_hold_memory(struct tg_ledger *ledger, const struct tg_payer *payer, uint64_t bytes);
/* Exactly what was held before, with the same payer. */
void tg_ledger_release_memory(struct tg_ledger *ledger, const struct tg_payer *payer,
                              uint64_t bytes);
/* Bytes that the network of the client holds, measured as if it were of tier 0: the bytes of each
   tier divided by its weight, and of these the largest number. */
uint64_t tg_ledger_memory_of(const struct tg_ledger *ledger, const struct tg_payer *payer);
/* Bytes of the widest network of the client; 0: it is no network. */
uint64_t tg_ledger_memory_of_widest(const struct tg_ledger *ledger, const struct tg_payer *payer);
/* Widest networks that have a connection. NULL: none. */
size_t tg_ledger_network_count(const struct tg_ledger *ledger);
/* Takes the places of connections that hold `need` bytes together: see tg_holders_relieve. */
size_t tg_ledger_relieve(struct tg_ledger *ledger, uint64_t share, size_t need);

#endif
