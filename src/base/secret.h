/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/secret.h - a short secret: share key, device claim, derived key.
 * Layer: L0.      Threads: one at a time.      Secrets: yes; its owner wipes it.
 */
#ifndef TG_BASE_SECRET_H
#define TG_BASE_SECRET_H

#include "base/bytes.h"
#include "base/err.h"

#define TG_SECRET_MAX 64u

struct tg_secret {
    uint8_t bytes[TG_SECRET_MAX];
    size_t len; /* bytes; 0: no secret */
};

/* Copies data. TG_E_LIMIT when it is longer than TG_SECRET_MAX: the secret is then untouched. */
TG_NODISCARD enum tg_err tg_secret_set(struct tg_secret *s, struct tg_bytes data);
void tg_secret_wipe(struct tg_secret *s);
/* Ends with the secret. */
struct tg_bytes tg_secret_view(const struct tg_secret *s);

#endif
