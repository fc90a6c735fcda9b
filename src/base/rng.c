/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <errno.h>
#include <stdlib.h>

#ifndef __APPLE__
#include <sys/random.h>
#endif

enum tg_err tg_rng_fill(const struct tg_rng *rng, uint8_t *out, size_t len)
{
    return rng->fill(rng->ctx, out, len);
}

#ifdef __APPLE__
static enum tg_err system_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    arc4random_buf(out, len); /* seeded by the kernel; cannot fail */
    return TG_OK;
}
#else
static enum tg_err system_fill(void *ctx, uint8_t *out, size_t len)
{
    size_t done = 0;

    (void)ctx;
    while (done < len) {
        ssize_t got = getrandom(out + done, len - done, 0);

        if (got < 0 && errno != EINTR) {
            return TG_E_CRYPTO;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return TG_OK;
}
#endif

const struct tg_rng tg_rng_system = { .fill = system_fill };
