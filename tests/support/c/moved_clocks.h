/* SPDX-License-Identifier: Apache-2.0 */
/* The system's clocks, which the test moves: link with WRAP clock_gettime. */
#ifndef TG_TESTS_MOVED_CLOCKS_H
#define TG_TESTS_MOVED_CLOCKS_H

#include <stdint.h>
#include <time.h>

#define FAKE_START_S INT64_C(1800000000)

static struct {
    int64_t wall_ms, boot_ms, mono_ms;
    unsigned slow_count; /* so many readings take 50 ms each */
    unsigned read_count;
} fake = { FAKE_START_S * 1000, 5000000, 4000000, 0, 0 };

static inline void fake_pass(int64_t ms)
{
    fake.wall_ms += ms;
    fake.boot_ms += ms;
    fake.mono_ms += ms;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    int64_t ms = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? fake.wall_ms
                 : id == CLOCK_BOOTTIME                              ? fake.boot_ms
                                                                     : fake.mono_ms;

    fake.read_count++;
    if (fake.slow_count > 0) {
        fake.slow_count--;
        fake_pass(50);
    }
    *ts =
        (struct timespec){ .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
    return 0;
}

#endif
