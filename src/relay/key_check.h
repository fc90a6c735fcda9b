/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/key_check.h - check values of the relay's keys, which the store keeps as a fact: a relay
 * with another key must not start on it.
 * Layer: L2 (base, crypto).   Threads: any.   Blocks: no.
 * Secrets: uses the relay's keys. A check value reveals nothing of its key.
 *
 * A check value is the first 16 bytes of HMAC-SHA-256(key, label || kind || id). A key has 256
 * random bits, so nobody finds it from its check value; two keys have the same one with a
 * probability of 2^-128.
 */
#ifndef TG_RELAY_KEY_CHECK_H
#define TG_RELAY_KEY_CHECK_H

#include "relay/keyring.h"

#define TG_KEY_CHECK_LEN 16u

struct tg_key_checks {
    uint8_t index[TG_KEY_CHECK_LEN];
    size_t seal_count; /* at most TG_SEAL_KEYS_MAX */
    struct {
        uint32_t id;
        uint8_t check[TG_KEY_CHECK_LEN];
    } seals[TG_SEAL_KEYS_MAX]; /* in the order of the key file */
};

/* TG_E_CRYPTO: *out is then all zero. */
TG_NODISCARD enum tg_err tg_key_checks_of(struct tg_key_checks *out,
                                          const struct tg_keyring *keyring);

/* u8 format, index, u8 count, then id and check of each seal key. */
TG_NODISCARD enum tg_err tg_key_checks_encode(struct tg_buf *out,
                                              const struct tg_key_checks *checks);
/* TG_E_SYNTAX; *out is then all zero. */
TG_NODISCARD enum tg_err tg_key_checks_decode(struct tg_key_checks *out, struct tg_bytes value);

/* How the keys of a key file differ from those that a store knows. */
struct tg_key_difference {
    bool has_other_index;
    uint32_t other_seal_id;                 /* the first id that names another key; 0: none */
    bool has_new_seal;                      /* the file has an id that the store does not know */
    size_t missing_count;                   /* ids that the store knows and the file lacks */
    uint32_t missing_ids[TG_SEAL_KEYS_MAX]; /* in the order of the store */
};

/* Compares in constant time. */
void tg_key_checks_compare(struct tg_key_difference *out, const struct tg_key_checks *stored,
                           const struct tg_key_checks *file);

#endif
