/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/groups.h - a store above several: each has the records of some shards, by a map with
 * versions (decision 0038).
 * Layer: L2 (base).   Threads: as store.h.   Blocks: what opens, migrates and changes the map.
 * Secrets: none.
 */
#ifndef TG_STORE_GROUPS_H
#define TG_STORE_GROUPS_H

#include "store/store.h"

/* Of struct tg_store_pg_settings all but the url, which the file has for each group. */
struct tg_store_groups_settings {
    const char *file; /* the map; borrowed */
    struct tg_store_pg_settings database;
};

/* Whether the file can be used, without using the databases. *count: the groups that have new
   mailboxes by its newest version. TG_E_SYNTAX, TG_E_IO */
TG_NODISCARD enum tg_err tg_store_groups_check(const char *file, size_t *count,
                                               struct tg_fault *fault);

/* What the open demands of the version that the groups are at. */
enum tg_store_groups_need {
    TG_STORE_GROUPS_SERVE, /* the file has it */
    TG_STORE_GROUPS_CHANGE /* another one is about to be opened */
};

/*
 * Opens all groups. TG_E_DENIED: the file does not belong to them, or one of them is refused as by
 * tg_store_pg_open. TG_E_IO: one of them cannot be used now.
 */
TG_NODISCARD enum tg_err tg_store_groups_open(struct tg_store **out,
                                              const struct tg_store_groups_settings *settings,
                                              enum tg_store_groups_need need,
                                              const struct tg_store_limits *limits,
                                              const struct tg_log *log, struct tg_fault *fault);
/* As tg_store_pg_migrate, in each group. */
TG_NODISCARD enum tg_err tg_store_groups_migrate(const struct tg_store_groups_settings *settings,
                                                 const char *role, struct tg_fault *fault);
/*
 * Makes a version of the file that of all groups, those of older versions first. May be repeated.
 * TG_E_DENIED: the file does not have it, or the groups know another or a later one. TG_E_STORE
 */
TG_NODISCARD enum tg_err tg_store_groups_open_map(struct tg_store *s, uint64_t version,
                                                  struct tg_fault *fault);

/* The store itself, or a group of it: each has keys to be checked, and may be restored. NULL: no
   more. */
struct tg_store *tg_store_part(struct tg_store *s, size_t index);

#endif
