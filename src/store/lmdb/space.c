/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/space.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

#define STEPS 16u       /* in which the reserve is allocated */
#define STEP_MIN 65536u /* bytes */
#define COMMIT_OVERHEAD                                                                            \
    262144u /* bytes of pages that a commit writes besides its values, rounded up */

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* Allocates [from, to) of the file without changing its size. False: there is no room. */
static bool allocate(struct tg_lmdb_space *space, uint64_t from, uint64_t to)
{
    int rc = 0;

    do {
        rc = fallocate(space->fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from));
    } while (rc != 0 && errno == EINTR);
    if (rc != 0 && errno != ENOSPC && errno != EDQUOT) {
        space->cannot_allocate = true; /* or the service manager does not allow the call */
    }
    return rc == 0;
}

/* True: the whole reserve is allocated. */
static bool allocate_reserve(struct tg_lmdb_space *space)
{
    uint64_t want = space->end + space->reserve;
    uint64_t step = space->reserve / STEPS > STEP_MIN ? space->reserve / STEPS : STEP_MIN;

    if (space->allocated_end == 0 && allocate(space, 0, space->end)) {
        space->allocated_end = space->end; /* holes inside the file are filled */
    }
    if (space->allocated_end < space->end) {
        space->allocated_end = space->cannot_allocate ? 0 : space->end;
    }
    while (!space->cannot_allocate && space->allocated_end < want &&
           allocate(space, space->allocated_end, space->allocated_end + step)) {
        space->allocated_end += step;
    }
    return space->allocated_end >= want;
}

static int used_bytes(const struct tg_lmdb_write *w, uint64_t *used)
{
    const MDB_dbi tables[] = { 0,
                               1, /* LMDB's own: free pages, names */
                               w->tables->places,
                               w->tables->records,
                               w->tables->state,
                               w->tables->outbox,
                               w->tables->due,
                               w->tables->series,
                               w->tables->spent };
    uint64_t sum = 0;

    for (size_t i = 0; i < TG_COUNT(tables); i++) {
        MDB_stat stat = { .ms_psize = 0 };
        int rc = mdb_stat(w->txn, tables[i], &stat);

        if (rc != 0) {
            return rc;
        }
        sum += (uint64_t)stat.ms_psize *
               (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages);
    }
    *used = sum;
    return 0;
}

int tg_lmdb_space_look(struct tg_lmdb_space *space, MDB_env *env, const struct tg_lmdb_write *w)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct statvfs fs;
    uint64_t used = 0;
    bool is_reserved = false;
    bool has_disk_room = false;
    int rc = 0;

    if (space->reserve == 0) {
        return 0;
    }
    rc = mdb_env_info(env, &info);
    if (rc == 0) {
        rc = mdb_env_stat(env, &stat);
    }
    if (rc == 0) {
        rc = used_bytes(w, &used);
    }
    if (rc != 0) {
        return rc;
    }
    space->end = (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize;
    space->page_bytes = less(space->end, used + 2 * (uint64_t)stat.ms_psize);
    is_reserved = allocate_reserve(space);
    space->free_bytes = less(space->allocated_end, space->end);
    /* A quota, which the file system does not report, shows in a refused allocation. */
    if (is_reserved || space->cannot_allocate) {
        if (fstatvfs(space->fd, &fs) != 0) {
            return errno;
        }
        space->free_bytes += (uint64_t)fs.f_bavail * fs.f_frsize;
        has_disk_room = fs.f_bavail > 0;
    }
    space->has_failed = space->has_failed && (space->free_bytes < space->reserve || !has_disk_room);
    return 0;
}

/* Only half of the free pages count: a large value needs pages in a row. And they are not enough
   alone, because a file without free pages in a row grows. */
enum tg_store_room tg_lmdb_space_room(const struct tg_lmdb_space *space, uint64_t written_bytes)
{
    uint64_t left = less(space->free_bytes, 2 * written_bytes);
    uint64_t with_pages = left + less(space->page_bytes / 2, 2 * written_bytes);

    if (space->reserve == 0) {
        return TG_STORE_ROOM_ANY;
    }
    if (!space->has_failed && with_pages >= space->reserve && left >= space->reserve / 2) {
        return TG_STORE_ROOM_ANY;
    }
    if (!space->has_failed && with_pages >= space->reserve / 4) {
        return TG_STORE_ROOM_DISK_LOW;
    }
    return TG_STORE_ROOM_DISK_FULL;
}

bool tg_lmdb_space_fits(const struct tg_lmdb_space *space, const struct tg_lmdb_write *w)
{
    uint64_t need = 2 * (uint64_t)w->written_bytes + COMMIT_OVERHEAD;

    return space->reserve == 0 || space->free_bytes + space->page_bytes / 2 >= need;
}
