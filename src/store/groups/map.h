/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/groups/map.h - which group of databases has which mailboxes: a file with versions.
 * Layer: L2 (base, store).      Threads: any, read-only once parsed.      Blocks: load reads a
 * file. Secrets: none. Connection strings have no password.
 *
 *     group a postgresql://tigress@a1,a2/tigress
 *     group b postgresql://tigress@b1,b2/tigress
 *     map 1 00-ff a
 *     map 2 00-7f a 80-ff b
 *     fixed a
 */
#ifndef TG_STORE_GROUPS_MAP_H
#define TG_STORE_GROUPS_MAP_H

#include "store/epoch.h"

#define TG_GROUPS_MAX 16u
#define TG_GROUP_VERSIONS_MAX 16u
#define TG_GROUP_NAME_MAX 32u  /* a-z 0-9 - */
#define TG_GROUP_URL_MAX 1023u /* bytes */
#define TG_GROUP_FILE_MAX 65536u

struct tg_group {
    char name[TG_GROUP_NAME_MAX + 1];
    char url[TG_GROUP_URL_MAX + 1];
};

struct tg_group_version {
    uint64_t number;             /* at most INT64_MAX */
    uint8_t of[TG_STORE_SHARDS]; /* index of the group that has new records of the shard */
};

/* Versions have growing numbers. Version 0 is that of one database: all shards in `fixed`. */
struct tg_group_map {
    size_t group_count;
    struct tg_group groups[TG_GROUPS_MAX];
    size_t fixed; /* index of the group with spent tokens, series and facts */
    size_t version_count;
    struct tg_group_version versions[TG_GROUP_VERSIONS_MAX];
};

/* TG_E_SYNTAX: the fault begins with the line, and repeats nothing of it. The connection strings
   are not judged. */
TG_NODISCARD enum tg_err tg_group_map_parse(struct tg_group_map *out, struct tg_bytes text,
                                            struct tg_fault *fault);
/* Also TG_E_IO. */
TG_NODISCARD enum tg_err tg_group_map_load(struct tg_group_map *out, const char *path,
                                           struct tg_fault *fault);

/* False: the map does not have the version. */
bool tg_group_map_find(const struct tg_group_map *map, uint64_t number, size_t *index);
/* What the group's store keeps with the version: a fingerprint of where the version puts each
   shard, of `fixed`, and of the group's own name. 0 for version 0. */
uint64_t tg_group_map_print(const struct tg_group_map *map, size_t version, size_t group);

/* The groups that the versions up to `version` give the shard to, as a set of 1 << index. */
uint32_t tg_group_map_groups(const struct tg_group_map *map, size_t version, uint8_t shard);

#endif
