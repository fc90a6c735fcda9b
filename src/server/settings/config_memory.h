/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_memory.h - how much memory follows from the settings.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_MEMORY_H
#define TG_SERVER_SETTINGS_CONFIG_MEMORY_H

#include "server/settings/config.h"

/* The most anonymous memory (RssAnon) of both processes, in bytes. docs/operations.md, "Memory",
   has the sum. */
struct tg_memory_ceiling {
    uint64_t relay; /* UINT64_MAX: records are kept in memory without a limit */
    uint64_t push;  /* 0: there is no push process */
};
void tg_config_memory_ceiling(struct tg_memory_ceiling *out, const struct tg_config *config);

/* The least memory-max with which the long polls that the other settings allow can wait while one
   request of the largest size is served. */
uint64_t tg_config_memory_least(const struct tg_config *config);

/* What libcurl and the jobs may take in the push process. */
uint64_t tg_config_push_memory(const struct tg_config *config);

#endif
