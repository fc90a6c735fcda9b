/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/storage/storage.h - the store with its keys: opened at the start, checked, upgraded.
 * Layer: L4 (base, crypto, relay, store).   Threads: start only.   Blocks: reads and writes files.
 * Secrets: the relay's keys.
 */
#ifndef TG_SERVER_STORAGE_STORAGE_H
#define TG_SERVER_STORAGE_STORAGE_H

#include "relay/keyring.h"
#include "server/settings/config.h"
#include "server/storage/counter.h"
#include "store/store.h"

struct tg_storage {
    struct tg_store *store;
    struct tg_keyring keyring;
    struct tg_store_counter counter;
    /* After a refusal: the file or folder that it is about; NULL: none. Borrowed from the
       settings. */
    const char *path;
    /* After a refusal: lines that say what to do; NULL: none. */
    const char *advice;
    uint32_t patience_ms; /* set before the open: see struct tg_store_pg_settings */
    bool may_be_copied;   /* the same */
};

/*
 * Opens the store and the key file, which is made if the store is new, and refuses keys that are
 * not the store's. What is open after a failure, tg_storage_close closes.
 */
TG_NODISCARD enum tg_err tg_storage_open(struct tg_storage *st, const struct tg_config *config,
                                         const struct tg_log *log, struct tg_fault *fault);
/* As far as the store and its key file exist already, and without a check of the keys. An older
   copy is refused. */
TG_NODISCARD enum tg_err tg_storage_open_to_upgrade(struct tg_storage *st,
                                                    const struct tg_config *config,
                                                    const struct tg_log *log,
                                                    struct tg_fault *fault);
/* --restored: the store is a copy, and config says what becomes of its mailboxes. Its keys must
   be right. */
TG_NODISCARD enum tg_err tg_storage_restore(struct tg_storage *st, const struct tg_config *config,
                                            const struct tg_log *log, struct tg_fault *fault);
/* Closes the store and wipes the keys. */
void tg_storage_close(struct tg_storage *st);

/*
 * --check-config: the same checks, without opening the store for writing, also while a relay uses
 * it. A store or key file that does not exist yet is no fault.
 */
TG_NODISCARD enum tg_err tg_storage_check(const struct tg_config *config, struct tg_fault *fault,
                                          const char **path, const char **advice);

/*
 * --upgrade-store: writes the check of the keys into a store that has none, after it is proven
 * that the keys are the store's. links_fd: lines with links to live mailboxes, read to the end if
 * the store alone proves too little.
 */
TG_NODISCARD enum tg_err tg_storage_upgrade(struct tg_storage *st, const struct tg_config *config,
                                            const struct tg_log *log, int links_fd,
                                            struct tg_fault *fault);

/* --migrate: makes or updates the tables in PostgreSQL and lets the role use them. */
TG_NODISCARD enum tg_err tg_storage_migrate(const struct tg_config *config, struct tg_fault *fault);

/* --open-map: makes a version of the map in store-groups that of all groups. */
TG_NODISCARD enum tg_err tg_storage_open_map(struct tg_storage *st, const struct tg_config *config,
                                             const struct tg_log *log, struct tg_fault *fault);

/*
 * --copy-store: copies a store that no relay uses into an empty one, compares both, and lets the
 * copy serve instead. Its keys must be right. text: what was copied, after TG_OK. May be repeated
 * after a failure, and then starts over. st is the original.
 */
TG_NODISCARD enum tg_err tg_storage_copy(struct tg_storage *st, const struct tg_config *config,
                                         const struct tg_log *log, struct tg_buf *text,
                                         struct tg_fault *fault);

/* ---- steps, for this folder alone ----------------------------------------------------------- */

/* The store of this kind that config names. */
TG_NODISCARD enum tg_err tg_storage_open_kind(struct tg_storage *st, const struct tg_config *config,
                                              enum tg_store_kind kind, const struct tg_log *log,
                                              struct tg_fault *fault);
/* The key file, which must exist. */
TG_NODISCARD enum tg_err tg_storage_read_keys(struct tg_storage *st, const struct tg_config *config,
                                              struct tg_fault *fault);
/* Whether a relay has used the store. */
TG_NODISCARD enum tg_err tg_storage_is_used(struct tg_store *store, bool *is_used);

#endif
