/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/epoch.h - what a store that may be one of several groups adds to its operations: the
 * version of the map by which new records are spread over the groups. Layer: L2 (base).   Threads:
 * as store.h.   Blocks: list, announce and open; the others not. Secrets: none.
 *
 * The epoch of a group is a version of the map. A record is only made, and only taken for absent,
 * by who names the epoch of its group. A change of the epoch waits for what is being made.
 */
#ifndef TG_STORE_EPOCH_H
#define TG_STORE_EPOCH_H

#include "store/store.h"

#define TG_STORE_EPOCHS_MAX 64u /* of one store: the latest ones, past ones included */
#define TG_STORE_SHARDS 256u    /* by the first byte of the key */

/* Version 0 with print 0 is the epoch of a store that is no group. */
struct tg_store_epoch {
    uint64_t version; /* at most INT64_MAX */
    uint64_t print;   /* fingerprint of what the map says, at most INT64_MAX */
};

/*
 *   epoch   of the store when, or before, the record was looked for
 * Otherwise as tg_store_found_fn.
 */
typedef void tg_store_probed_fn(void *ctx, enum tg_err err, const struct tg_store_record *record,
                                const struct tg_store_epoch *epoch);

struct tg_store_epoch_list {
    struct tg_store_epoch open;
    size_t count;
    struct tg_store_epoch all[TG_STORE_EPOCHS_MAX]; /* the latest first, announced ones included */
};

/* Of struct tg_store_ops; NULL: the store cannot be a group. */
struct tg_store_epoch_ops {
    void (*read)(struct tg_store_port *port, const struct tg_store_key *key,
                 tg_store_probed_fn *probed, void *ctx);
    /* A record that is absent is shown to change() only if the epoch of the store is *at; NULL:
       never. Otherwise TG_E_CONFLICT, and nothing is written. */
    void (*apply)(struct tg_store_port *port, const struct tg_store_key *key,
                  const struct tg_store_epoch *at, tg_store_change_fn *change, void *ctx,
                  tg_store_done_fn *done);
    /* Whether the store is not known to be away. Any thread. */
    bool (*is_usable)(const struct tg_store *s);

    /* TG_E_STORE */
    enum tg_err (*list)(struct tg_store *s, struct tg_store_epoch_list *out);
    /* Whether a record is there whose key begins with a byte from first to last. TG_E_STORE */
    enum tg_err (*has_records)(struct tg_store *s, uint8_t first, uint8_t last, bool *has_any);
    /* From now on no record is made by an earlier version. May be repeated. TG_E_CONFLICT: the
       store knows the version by another print, or a later one. TG_E_STORE */
    enum tg_err (*announce)(struct tg_store *s, const struct tg_store_epoch *next);
    /* Makes an announced epoch that of the store. When this returns, no record of an earlier one is
       being made. May be repeated. TG_E_CONFLICT as above; TG_E_STORE */
    enum tg_err (*open)(struct tg_store *s, const struct tg_store_epoch *next);
};

#endif
