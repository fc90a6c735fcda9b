/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <errno.h>
#include <sys/random.h>

enum tg_err tg_rng_fill(const struct tg_rng *rng, uint8_t *out, size_t len)
{
    return rng->fill(rng->ctx, out, len);
}

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

const struct tg_rng tg_rng_system = { .fill = system_fill };
