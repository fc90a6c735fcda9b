/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of databases, at the start: their file, whether it belongs to them, and changes of the
 * map. */
#include "base/mem.h"
#include "store/groups.h"
#include "store/groups/groups.h"

/* ---- the file ------------------------------------------------------------------------------- */

/* NULL: fault says why. */
static struct tg_group_map *load(const char *file, struct tg_fault *fault, enum tg_err *err)
{
    struct tg_group_map *map = tg_mem_calloc(1, sizeof(*map));

    *err = map == NULL ? TG_E_NOMEM : tg_group_map_load(map, file, fault);
    for (size_t i = 0; *err == TG_OK && i < map->group_count; i++) {
        struct tg_fault of_url = { { 0 } };

        *err = tg_store_pg_check(map->groups[i].url, &of_url);
        if (*err != TG_OK) {
            tg_fault_set(fault, "the connection string of group %u: %s", (unsigned)i + 1,
                         of_url.text);
        }
    }
    if (*err != TG_OK) {
        tg_mem_free(map);
        map = NULL;
    }
    return map;
}

enum tg_err tg_store_groups_check(const char *file, size_t *count, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_group_map *map = load(file, fault, &err);
    uint32_t set = 0;

    for (unsigned shard = 0; err == TG_OK && shard < TG_STORE_SHARDS; shard++) {
        set |= UINT32_C(1) << map->versions[map->version_count - 1].of[shard];
    }
    for (*count = 0; set != 0; set &= set - 1) {
        ++*count;
    }
    tg_mem_free(map);
    return err;
}

/* ---- whether it belongs to the groups ------------------------------------------------------- */

/* A version that the group was ever told of must say there what it says in the file. */
static enum tg_err judge_prints(const struct tg_group_map *map, size_t group,
                                const struct tg_store_epoch_list *list, struct tg_fault *fault)
{
    size_t version = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (tg_group_map_find(map, list->all[i].version, &version) &&
            tg_group_map_print(map, version, group) != list->all[i].print) {
            tg_fault_set(fault,
                         "group %u of the file knows version %llu of the map otherwise (expected: "
                         "the file of the other relays, with the same names and databases)",
                         (unsigned)group + 1, (unsigned long long)list->all[i].version);
            return TG_E_DENIED;
        }
    }
    return TG_OK;
}

/* Records that would not be found, because their group is not asked for their shard. */
static enum tg_err judge_records(const struct tg_groups *s, size_t group, struct tg_fault *fault)
{
    struct tg_store *store = s->groups[group];
    unsigned first = 0;
    bool has_any = false;
    enum tg_err err = TG_OK;

    while (err == TG_OK && !has_any && first < TG_STORE_SHARDS) {
        unsigned last = first;

        if ((s->asked[first] >> group & 1) != 0) {
            first++;
            continue;
        }
        while (last + 1 < TG_STORE_SHARDS && (s->asked[last + 1] >> group & 1) == 0) {
            last++;
        }
        err = store->ops->epoch->has_records(store, (uint8_t)first, (uint8_t)last, &has_any);
        if (err == TG_OK && has_any) {
            tg_fault_set(fault,
                         "group %u of the file has mailboxes of shards %02x-%02x, but is not asked "
                         "for them (expected: the older version of the map, until they expired)",
                         (unsigned)group + 1, first, last);
            err = TG_E_DENIED;
        }
        first = last + 1;
    }
    return err;
}

static enum tg_err judge_epoch(const struct tg_groups *s, uint64_t version, struct tg_fault *fault)
{
    size_t index = 0;

    if (tg_group_map_find(&s->map, version, &index)) {
        return TG_OK;
    }
    tg_fault_set(
        fault,
        "the groups are at version %llu of the map, which the file does not have (expected: "
        "the file of the other relays, or tigressd --open-map for a new map)",
        (unsigned long long)version);
    return TG_E_DENIED;
}

static enum tg_err judge(const struct tg_groups *s, enum tg_store_groups_need need,
                         struct tg_fault *fault)
{
    uint64_t version = 0;
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < s->map.group_count; i++) {
        struct tg_store_epoch_list list;

        err = s->groups[i]->ops->epoch->list(s->groups[i], &list);
        if (err == TG_OK) {
            version = list.open.version > version ? list.open.version : version;
            err = judge_prints(&s->map, i, &list, fault);
        }
        if (err == TG_OK) {
            err = judge_records(s, i, fault);
        }
    }
    if (err == TG_OK && need == TG_STORE_GROUPS_SERVE) {
        err = judge_epoch(s, version, fault);
    }
    if (err == TG_E_STORE) {
        tg_fault_set(fault, "the map of a database group cannot be read");
        err = TG_E_IO;
    }
    return err;
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum tg_err open_group(struct tg_store **out, const struct tg_group_map *map, size_t group,
                              const struct tg_store_groups_settings *settings,
                              const struct tg_store_limits *limits, const struct tg_log *log,
                              struct tg_fault *fault)
{
    struct tg_store_pg_settings database = settings->database;
    struct tg_fault own = { { 0 } };
    enum tg_err err = TG_E_BUG;

    database.url = map->groups[group].url;
    database.group = (unsigned)group + 1;
    err = tg_store_pg_open(out, &database, limits, log, &own);
    if (err != TG_OK) {
        tg_fault_set(fault, "group %u: %s", (unsigned)group + 1, own.text);
    }
    return err;
}

static enum tg_err open_all(struct tg_store **out, const struct tg_group_map *map,
                            const struct tg_store_groups_settings *settings,
                            const struct tg_store_limits *limits, const struct tg_log *log,
                            struct tg_fault *fault)
{
    struct tg_store *groups[TG_GROUPS_MAX] = { NULL };
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < map->group_count; i++) {
        err = open_group(&groups[i], map, i, settings, limits, log, fault);
    }
    if (err == TG_OK) {
        err = tg_groups_over(out, map, groups, log);
    }
    for (size_t i = 0; err != TG_OK && i < map->group_count; i++) {
        if (groups[i] != NULL) {
            groups[i]->ops->close(&groups[i]);
        }
    }
    return err;
}

enum tg_err tg_store_groups_open(struct tg_store **out,
                                 const struct tg_store_groups_settings *settings,
                                 enum tg_store_groups_need need,
                                 const struct tg_store_limits *limits, const struct tg_log *log,
                                 struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_group_map *map = load(settings->file, fault, &err);
    struct tg_store *store = NULL;

    if (err == TG_OK) {
        err = open_all(&store, map, settings, limits, log, fault);
    }
    if (err == TG_OK) {
        err = judge((struct tg_groups *)store, need, fault);
    }
    if (err == TG_OK) {
        *out = store;
    } else if (store != NULL) {
        store->ops->close(&store);
    }
    tg_mem_free(map);
    return err;
}

enum tg_err tg_store_groups_migrate(const struct tg_store_groups_settings *settings,
                                    const char *role, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_group_map *map = load(settings->file, fault, &err);

    for (size_t i = 0; err == TG_OK && i < map->group_count; i++) {
        struct tg_store_pg_settings database = settings->database;
        struct tg_fault own = { { 0 } };

        database.url = map->groups[i].url;
        err = tg_store_pg_migrate(&database, role, &own);
        if (err != TG_OK) {
            tg_fault_set(fault, "group %u: %s", (unsigned)i + 1, own.text);
        }
    }
    tg_mem_free(map);
    return err;
}

/* ---- changing the map ----------------------------------------------------------------------- */

typedef enum tg_err epoch_fn(struct tg_store *s, const struct tg_store_epoch *next);

static enum tg_err do_group(const struct tg_groups *s, size_t version, size_t group, bool is_open,
                            struct tg_fault *fault)
{
    const struct tg_store_epoch next = { .version = s->map.versions[version].number,
                                         .print = tg_group_map_print(&s->map, version, group) };
    struct tg_store *store = s->groups[group];
    epoch_fn *step = is_open ? store->ops->epoch->open : store->ops->epoch->announce;
    enum tg_err err = step(store, &next);

    if (err == TG_E_CONFLICT) {
        tg_fault_set(fault,
                     "group %u of the file has a later version of the map, or knows this one "
                     "otherwise",
                     (unsigned)group + 1);
        return TG_E_DENIED;
    }
    if (err != TG_OK) {
        tg_fault_set(fault,
                     "the map of group %u cannot be changed now; until this command succeeds, some "
                     "creates are answered 503 (expected: the command again)",
                     (unsigned)group + 1);
    }
    return err;
}

/* The groups that have records by older versions. */
static uint32_t old_groups(const struct tg_groups *s, size_t version)
{
    uint32_t set = 0;

    for (unsigned shard = 0; version > 0 && shard < TG_STORE_SHARDS; shard++) {
        set |= tg_group_map_groups(&s->map, version - 1, (uint8_t)shard);
    }
    return set;
}

static enum tg_err open_some(const struct tg_groups *s, size_t version, uint32_t set,
                             struct tg_fault *fault)
{
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && i < s->map.group_count; i++) {
        if ((set >> i & 1) != 0) {
            err = do_group(s, version, i, true, fault);
        }
    }
    return err;
}

enum tg_err tg_store_groups_open_map(struct tg_store *store, uint64_t version,
                                     struct tg_fault *fault)
{
    const struct tg_groups *s = (const struct tg_groups *)store;
    uint32_t old = 0;
    size_t index = 0;
    enum tg_err err = TG_OK;

    if (version == 0 || !tg_group_map_find(&s->map, version, &index)) {
        tg_fault_set(fault, "the file has no such version of the map (expected: one of its map "
                            "lines, above 0)");
        return TG_E_DENIED;
    }
    for (size_t i = 0; err == TG_OK && i < s->map.group_count; i++) {
        err = do_group(s, index, i, false, fault);
    }
    old = old_groups(s, index);
    if (err == TG_OK) {
        err = open_some(s, index, old, fault);
    }
    return err == TG_OK ? open_some(s, index, ~old, fault) : err;
}

struct tg_store *tg_store_part(struct tg_store *s, size_t index)
{
    if (s->ops->part != NULL) {
        return s->ops->part(s, index);
    }
    return index == 0 ? s : NULL;
}
