/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hkdf.h"

#include "base/mem.h"
#include "crypto/digest.h"

#include <string.h>

#define BLOCKS_MAX ((TG_SECRET_MAX + TG_SHA256_LEN - 1) / TG_SHA256_LEN)

/* RFC 5869 section 2.3: T(n) = HMAC(PRK, T(n - 1) | info | n), T(0) empty. */
static enum tg_err expand(uint8_t okm[BLOCKS_MAX * TG_SHA256_LEN], size_t block_count,
                          struct tg_bytes prk, struct tg_bytes info)
{
    for (size_t n = 0; n < block_count; n++) {
        uint8_t *block = okm + n * TG_SHA256_LEN;
        uint8_t number = (uint8_t)(n + 1);
        struct tg_bytes parts[] = {
            n == 0 ? tg_bytes(NULL, 0) : tg_bytes(block - TG_SHA256_LEN, TG_SHA256_LEN),
            info,
            tg_bytes(&number, 1),
        };
        enum tg_err err = tg_hmac_sha256(block, prk, parts, TG_COUNT(parts));

        if (err != TG_OK) {
            return err;
        }
    }
    return TG_OK;
}

enum tg_err tg_hkdf_sha256(struct tg_secret *out, size_t out_len, struct tg_bytes ikm,
                           struct tg_bytes salt, struct tg_bytes info)
{
    enum tg_err err = TG_E_BUG;
    uint8_t prk[TG_SHA256_LEN] = { 0 };
    uint8_t okm[BLOCKS_MAX * TG_SHA256_LEN] = { 0 };

    TG_REQUIRE(out_len >= 1 && out_len <= TG_SECRET_MAX, TG_E_LIMIT);
    TG_TRY(tg_hmac_sha256(prk, salt, &ikm, 1));
    TG_TRY(expand(okm, (out_len + TG_SHA256_LEN - 1) / TG_SHA256_LEN, TG_ARRAY_BYTES(prk), info));
    TG_TRY(tg_secret_set(out, tg_bytes(okm, out_len)));
out:
    tg_mem_wipe(prk, sizeof(prk));
    tg_mem_wipe(okm, sizeof(okm));
    return err;
}
