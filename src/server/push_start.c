/* SPDX-License-Identifier: Apache-2.0 */
#include "server/push_start.h"

enum tg_err tg_push_start_prepare(struct tg_push_start *p, struct tg_shared *shared)
{
    enum tg_err err = TG_E_BUG;

    tg_config_push_settings(&p->ask.settings, shared->config);
    if (!tg_push_is_any_on(&p->ask.settings)) {
        return TG_OK;
    }
    shared->relay_config.can_push = tg_push_ask_can_push;
    shared->relay_config.can_push_ctx = &p->ask;
    shared->refusals = tg_refusals_new();
    TG_REQUIRE(shared->refusals != NULL, TG_E_NOMEM);
    p->ask.keyring = shared->keyring;
    p->ask.refusals = shared->refusals;
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_push_start_link(struct tg_push_start *p, struct tg_shared *shared,
                               struct tg_fault *fault)
{
    const struct tg_push_link_setup setup = {
        .config = shared->config,
        .store = shared->store,
        .clock = shared->clock,
        .refusals = shared->refusals,
        .open = tg_push_open,
        .open_ctx = &p->opener,
        .metrics = tg_metrics_block(shared->metrics, shared->worker_count),
        .log = shared->log,
    };
    enum tg_err err = TG_E_BUG;

    if (!tg_push_is_any_on(&p->ask.settings)) {
        return TG_OK;
    }
    TG_TRY(tg_push_opener_init(&p->opener, shared->keyring, shared->rng));
    TG_TRY(tg_push_link_start(&shared->push, &setup, fault));
out:
    return err;
}
