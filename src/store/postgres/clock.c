/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/clock.h"

#include <time.h>

#define RETRY_MIN_MS 50u
#define RETRY_MAX_MS 2000u

static int64_t read_us(clockid_t id)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

uint64_t tg_pg_mono_ms(void)
{
    return tg_pg_mono_us() / 1000;
}

uint64_t tg_pg_mono_us(void)
{
    return (uint64_t)read_us(CLOCK_MONOTONIC);
}

int64_t tg_pg_utc_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

uint64_t tg_pg_random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t tg_pg_pause_ms(size_t failure_count, uint64_t *random)
{
    uint64_t most = RETRY_MIN_MS;

    for (size_t i = 0; i < failure_count && most < RETRY_MAX_MS; i++) {
        most *= 2;
    }
    most = most < RETRY_MAX_MS ? most : RETRY_MAX_MS;
    return RETRY_MIN_MS + tg_pg_random_next(random) % most;
}
