/* SPDX-License-Identifier: Apache-2.0 */
#include "server/standing_start.h"

#include "server/storage/token_keys.h"

enum tg_err tg_standing_start(const struct tg_standing_policy *policy, struct tg_store *store,
                              struct tg_clock *clock, struct tg_fault *fault, const char **advice)
{
    struct tg_clock_hand hand;
    struct tg_moment now;
    uint64_t mono_ms = 0;

    tg_clock_hand_init(&hand, clock);
    now = tg_clock_read(&hand, &mono_ms);
    return tg_token_keys_open(store, tg_standing_policy_issuers(policy), &now, fault, advice);
}

enum tg_err tg_standing_check(const struct tg_config *config, struct tg_moment now,
                              struct tg_fault *fault, const char **advice)
{
    struct tg_standing_policy *s = NULL;
    enum tg_err err = tg_standing_policy_open(&s, config, fault);

    if (err == TG_OK && config->store_kind == TG_STORE_LMDB) {
        err = tg_token_keys_check(config->store_dir, tg_standing_policy_issuers(s), &now, fault,
                                  advice);
    }
    tg_standing_policy_close(&s);
    return err;
}
