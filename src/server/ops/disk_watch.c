/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/disk_watch.h"

#define EVERY_MS 60000u

static const struct {
    enum tg_log_level level;
    const char *name;
} events[] = {
    [TG_STORE_ROOM_ANY] = { TG_LOG_INFO, "store.disk_has_room" },
    [TG_STORE_ROOM_DISK_LOW] = { TG_LOG_ERROR, "store.disk_low_no_new_mailboxes" },
    [TG_STORE_ROOM_DISK_FULL] = { TG_LOG_ERROR, "store.disk_full" },
    [TG_STORE_ROOM_MAP_FULL] = { TG_LOG_ERROR, "store.map_full" },
};

void tg_disk_watch(struct tg_disk_watch *watch, const struct tg_store_stats *stats,
                   uint64_t now_mono_ms, const struct tg_log *log)
{
    bool has_news = stats->room != TG_STORE_ROOM_ANY || watch->shown != TG_STORE_ROOM_ANY;

    if (!has_news || now_mono_ms < watch->next_mono_ms) {
        return;
    }
    TG_LOG(log, events[stats->room].level, events[stats->room].name,
           { "free_kib", (int64_t)(stats->disk_free / 1024) },
           { "failed_commits", (int64_t)stats->disk_failures });
    watch->shown = stats->room;
    watch->next_mono_ms = now_mono_ms + EVERY_MS;
}
