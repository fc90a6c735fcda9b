/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sas.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <string.h>

#define TAKEN_BYTES 8u

/* spec: protocol/7#sas-commitment */
enum tg_err tg_sas_commit(uint8_t out[TG_SHA256_LEN], const uint8_t nonce[TG_SAS_NONCE_LEN])
{
    static const uint8_t zero = 0;
    const struct tg_bytes parts[] = { TG_LIT("tigress-sas-commitment-v1"),
                                      { &zero, 1 },
                                      { nonce, TG_SAS_NONCE_LEN } };

    return tg_sha256_parts(out, parts, TG_COUNT(parts));
}

/* spec: protocol/7#sas-digits */
enum tg_err tg_sas_digits(char out[TG_SAS_DIGITS + 1], const uint8_t initiator[TG_SAS_NONCE_LEN],
                          const uint8_t transcript[TG_SHA256_LEN],
                          const uint8_t recipient[TG_SAS_NONCE_LEN])
{
    const struct tg_bytes parts[] = { { transcript, TG_SHA256_LEN },
                                      { recipient, TG_SAS_NONCE_LEN } };
    uint8_t mac[TG_SHA256_LEN] = { 0 };
    uint64_t number = 0;
    enum tg_err err =
        tg_hmac_sha256(mac, tg_bytes(initiator, TG_SAS_NONCE_LEN), parts, TG_COUNT(parts));

    if (err != TG_OK) {
        return err;
    }
    for (size_t i = 0; i < TAKEN_BYTES; i++) {
        number = number << 8 | mac[i];
    }
    for (size_t i = TG_SAS_DIGITS; i > 0; i--) {
        out[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    out[TG_SAS_DIGITS] = '\0';
    tg_mem_wipe(mac, sizeof(mac));
    return TG_OK;
}
