/* SPDX-License-Identifier: Apache-2.0 */
#include "push/keys.h"

#include "push/provider.h"

static enum tg_err check_one(const struct tg_push_provider_ops *ops,
                             const struct tg_push_settings *settings, const struct tg_rng *rng,
                             struct tg_fault *fault)
{
    struct tg_push_provider *provider = NULL;
    enum tg_err err = TG_E_UNSUPPORTED;

    if (ops->open == NULL) {
        tg_fault_set(fault, "not in this build (expected: no key for it)");
        return err;
    }
    err = ops->open(&provider, settings, rng, fault);
    if (err == TG_OK) {
        ops->close(&provider);
    } else {
        tg_fault_set(fault, "the key cannot be opened (expected: a readable key of its kind)");
    }
    return err;
}

enum tg_err tg_push_keys_check(size_t *sender, const struct tg_push_settings *settings,
                               const struct tg_rng *rng, struct tg_fault *fault)
{
    struct tg_push_settings own;

    for (size_t i = 0; i < TG_PUSH_SENDERS_MAX; i++) {
        enum tg_err err = TG_OK;

        if (tg_push_has_sender(settings, i)) {
            tg_push_sender_settings(&own, settings, i);
            err = check_one(tg_push_providers[tg_push_provider_of(settings, i)].ops, &own, rng,
                            fault);
        }
        if (err != TG_OK) {
            *sender = i;
            return err;
        }
    }
    return TG_OK;
}
