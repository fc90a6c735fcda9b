/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/api/random.h - the random source that an application passes to one call.
 * Layer: L2 (base, include/tigress).      Threads: one at a time.
 */
#ifndef TG_CLIENT_API_RANDOM_H
#define TG_CLIENT_API_RANDOM_H

#include <tigress/error.h>

#include "base/rng.h"

struct tg_api_random {
    tigress_random_fn *fill;
    void *ctx; /* of fill, borrowed */
    struct tg_rng rng;
};

/* The source to draw from; fill NULL: the system's. Valid as long as random. */
const struct tg_rng *tg_api_random_init(struct tg_api_random *random, tigress_random_fn *fill,
                                        void *ctx);

#endif
