/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/disk_watch.h - log events about the room on the store's disk.
 * Layer: L4 (base, store).      Threads: one at a time.      Blocks: writes the log.
 * Secrets: none.
 */
#ifndef TG_SERVER_OPS_DISK_WATCH_H
#define TG_SERVER_OPS_DISK_WATCH_H

#include "base/log.h"
#include "store/store.h"

/* All zero is ready. */
struct tg_disk_watch {
    enum tg_store_room shown; /* the state of the last event */
    uint64_t next_mono_ms;    /* no event before */
};

/* Call it every minute or more often. While there is no room it writes an event once a minute, and
   one when there is room again. */
void tg_disk_watch(struct tg_disk_watch *watch, const struct tg_store_stats *stats,
                   uint64_t now_mono_ms, const struct tg_log *log);

#endif
