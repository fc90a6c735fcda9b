/* SPDX-License-Identifier: Apache-2.0 */
#include "server/storage/token_keys.h"

#include <string.h>

static const char retired_advice[] =
    "Ask the issuer for a new key and put it into the file. The entry of the retired key may stay, "
    "with its\nearlier not-after, or be removed.\n";
static const char full_advice[] = "Use keys that this store knows, or an empty store folder with "
                                  "keys that were not used before.\n";

/* Whether the key is valid now or later, by both times. */
static bool is_usable(const struct tg_private_token_key_info *key, const struct tg_moment *now)
{
    return tg_moment_when(now, key->not_after_s) == TG_WHEN_AHEAD;
}

static void refuse(const struct tg_private_token_key_info *key, enum tg_err err,
                   struct tg_fault *fault, const char **advice)
{
    if (err == TG_E_DENIED) {
        tg_fault_set(fault,
                     "private-token-issuers: issuer %zu, key %zu: this key is retired and is "
                     "refused for good, because its spent tokens are forgotten (expected: a key "
                     "that was not used with this store before)",
                     key->issuer, key->key);
        *advice = retired_advice;
    } else if (err == TG_E_FULL) {
        tg_fault_set(fault,
                     "private-token-issuers: issuer %zu, key %zu: the store remembers %u token "
                     "keys, its maximum, or has no room (expected: no new key)",
                     key->issuer, key->key, TG_SERIES_MAX);
        *advice = full_advice;
    } else {
        tg_fault_set(fault, "the keys of the token issuers cannot be read from or written to the "
                            "store");
    }
}

static void series_of(struct tg_store_key *series, const struct tg_private_token_key_info *key)
{
    memcpy(series->bytes, key->id, sizeof(series->bytes));
}

/* spec: protocol/6#retired-key-for-good */
enum tg_err tg_token_keys_open(struct tg_store *store,
                               const struct tg_private_token_issuers *issuers,
                               const struct tg_moment *now, struct tg_fault *fault,
                               const char **advice)
{
    struct tg_private_token_key_info key;

    for (size_t i = 0; issuers != NULL && tg_private_token_key_at(&key, issuers, i); i++) {
        enum tg_when end = tg_moment_when(now, key.not_after_s);
        struct tg_store_key series;
        enum tg_err err = TG_OK;

        series_of(&series, &key);
        if (end != TG_WHEN_REACHED) {
            err = tg_store_series_open(store, &series, key.not_after_s + TG_PRIVATE_TOKEN_GRACE_S);
        }
        /* The key may have ended: that it is retired is then no fault of the file. That it may be
           valid needs its series, for the time when the clock is right again. */
        if (end == TG_WHEN_DISPUTED && err == TG_E_DENIED) {
            err = TG_OK;
        }
        if (err != TG_OK) {
            refuse(&key, err, fault, advice);
            return err;
        }
    }
    return TG_OK;
}

/* ---- without opening the store -------------------------------------------------------------- */

struct check {
    const struct tg_private_token_issuers *issuers;
    const struct tg_moment *now;
    size_t series_count;
    size_t known_count; /* usable keys whose series is open */
    bool is_refused;
    struct tg_private_token_key_info refused;
};

/* The usable key with this id. */
static bool find_usable(struct tg_private_token_key_info *key, const struct check *check,
                        const struct tg_store_key *series)
{
    for (size_t i = 0; tg_private_token_key_at(key, check->issuers, i); i++) {
        if (is_usable(key, check->now) &&
            tg_bytes_is_equal(TG_ARRAY_BYTES(key->id), TG_ARRAY_BYTES(series->bytes))) {
            return true;
        }
    }
    return false;
}

/* The series are shown before the records. */
static bool see(void *ctx, const struct tg_store_seen *seen)
{
    struct check *check = ctx;
    struct tg_private_token_key_info key;

    if (seen->kind != TG_STORE_SEEN_SERIES) {
        return seen->kind == TG_STORE_SEEN_FACT;
    }
    check->series_count++;
    if (find_usable(&key, check, &seen->key)) {
        check->known_count++;
        if (seen->is_closed) {
            check->is_refused = true;
            check->refused = key;
        }
    }
    return !check->is_refused;
}

/* A key for which there is no series left. */
static bool finds_no_series(struct check *check)
{
    size_t usable_count = 0;

    for (size_t i = 0; tg_private_token_key_at(&check->refused, check->issuers, i); i++) {
        usable_count += is_usable(&check->refused, check->now) ? 1 : 0;
        if (check->series_count + usable_count > TG_SERIES_MAX + check->known_count) {
            return true;
        }
    }
    return false;
}

enum tg_err tg_token_keys_check(const char *dir, const struct tg_private_token_issuers *issuers,
                                const struct tg_moment *now, struct tg_fault *fault,
                                const char **advice)
{
    struct check check = { .issuers = issuers, .now = now };
    enum tg_err err = TG_OK;

    if (issuers == NULL || dir[0] == '\0') {
        return TG_OK;
    }
    err = tg_store_lmdb_survey(dir, see, &check, fault);
    if (err != TG_OK) {
        return err == TG_E_NOTFOUND ? TG_OK : err;
    }
    if (check.is_refused) {
        err = TG_E_DENIED;
    } else if (finds_no_series(&check)) {
        err = TG_E_FULL;
    }
    if (err != TG_OK) {
        refuse(&check.refused, err, fault, advice);
    }
    return err;
}
