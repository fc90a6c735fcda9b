/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

uint64_t tg_pg_mono_ms(void)
{
    return (uint64_t)read_ms(CLOCK_MONOTONIC);
}

int64_t tg_pg_utc_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}
