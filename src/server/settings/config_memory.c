/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_memory.h"

#include "server/ledger/memory.h"

#define KIB ((uint64_t)1024)
#define MIB (KIB * KIB)

/* The relay. */
#define BASE (32 * MIB)       /* the program, its libraries and fixed tables */
#define EACH_WORKER (8 * MIB) /* stack, buffers that connections share, one body in the parser */
#define LONG_POLL (24 * KIB)  /* that waits over HTTP/1.1: 20, and a reserve */
#define LARGEST_REQUEST (8 * MIB) /* free, so that an account may take the largest request */
#define RECORD (1 * KIB)          /* of the memory store, besides its sealed bytes */

/* The push process. */
#define PUSH_BASE (40 * MIB)     /* the program, libcurl and what its libraries allocate */
#define PUSH_WINDOW (32 * MIB)   /* 1024 jobs of 16 KiB, in the queue and in a request */
#define PUSH_REQUEST (256 * KIB) /* in flight: a handle of libcurl, its buffers, a connection */

static uint64_t sender_count(const struct tg_config *config)
{
    struct tg_push_settings push;

    tg_config_push_settings(&push, config);
    return tg_push_sender_count(&push);
}

uint64_t tg_config_push_memory(const struct tg_config *config)
{
    return PUSH_WINDOW + sender_count(config) * config->push.concurrency * PUSH_REQUEST;
}

uint64_t tg_config_memory_least(const struct tg_config *config)
{
    uint64_t polls = config->long_poll_max < config->connection_max ? config->long_poll_max
                                                                    : config->connection_max;

    return polls * LONG_POLL + LARGEST_REQUEST;
}

void tg_config_memory_ceiling(struct tg_memory_ceiling *out, const struct tg_config *config)
{
    const struct tg_store_limits *store = &config->store_limits;

    out->push = sender_count(config) == 0 ? 0 : PUSH_BASE + tg_config_push_memory(config);
    out->relay = BASE + config->worker_count * EACH_WORKER + TG_MEMORY_OVERHEAD +
                 TG_MEMORY_RESERVE + config->memory_max;
    if (config->store_kind == TG_STORE_MEMORY) {
        out->relay = store->bytes_max == 0 || store->live_max == 0
                         ? UINT64_MAX
                         : out->relay + 2 * store->bytes_max + store->live_max * RECORD;
    }
}
