/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/clock.h"

#include "server/http/env.h"

#include <time.h>

void tg_clock_read(int64_t *now_s, uint64_t *now_mono_ms)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &ts);
    *now_s = (int64_t)ts.tv_sec;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    *now_mono_ms = (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

uint64_t tg_clock_us(void)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void tg_clock_tick(struct tg_env *env)
{
    int64_t now_s = 0;

    tg_clock_read(&now_s, &env->now_mono_ms);
    env->now = tg_moment_sure(now_s);
}
