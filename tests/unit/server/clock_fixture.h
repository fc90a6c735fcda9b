/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that has started, for tests of what needs one. */
#ifndef TG_TESTS_SERVER_CLOCK_FIXTURE_H
#define TG_TESTS_SERVER_CLOCK_FIXTURE_H

#include "server/net/clock.h"

static inline void start_clock(struct tg_clock *clock)
{
    const struct tg_time_kept none = { .has_mark = false };

    assert_int_equal(tg_clock_init(clock, NULL), TG_OK);
    assert_int_equal(tg_clock_start(clock, &none, 0), TG_TIME_START_OK);
}

#endif
