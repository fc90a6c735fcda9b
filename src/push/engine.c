/* SPDX-License-Identifier: Apache-2.0 */
#include "push/engine.h"

#include "base/mem.h"
#include "push/curl.h"
#include "push/http_loop.h"
#include "push/proxy.h"
#include "push/sender.h"

struct tg_push_engine {
    struct tg_push_engine_config config;
    struct tg_push_proxy proxy;
    struct tg_push_http_loop *loop;
    struct tg_push_sender *senders[TG_PUSH_SENDERS_MAX]; /* NULL: not configured */
};

void tg_push_engine_take(struct tg_push_engine *engine, const struct tg_push_ipc_job *job)
{
    const struct tg_push_engine_config *config = &engine->config;
    const struct tg_push_ipc_outcome given_up = { .id = job->id,
                                                  .provider = TG_PUSH_APNS,
                                                  .result = TG_PUSH_RESULT_GIVEN_UP };
    size_t sender = 0;

    if (tg_push_find(&sender, config->settings, job->token_type, job->token_topic)) {
        tg_push_sender_take(engine->senders[sender], job);
    } else {
        config->done(config->ctx, &given_up);
    }
}

enum tg_err tg_push_engine_new(struct tg_push_engine **out,
                               const struct tg_push_engine_config *config, size_t *sender,
                               struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_push_engine *engine = tg_mem_calloc(1, sizeof(*engine));

    *sender = TG_PUSH_APNS;
    TG_REQUIRE(engine != NULL, TG_E_NOMEM);
    TG_TRY(tg_curl_load(fault));
    engine->config = *config;
    engine->config.proxy = &engine->proxy;
    TG_TRY(tg_push_proxy_load(&engine->proxy, config->settings, fault));
    TG_TRY(tg_push_http_loop_new(&engine->loop, config->mono_ms));
    for (size_t i = 0; i < TG_PUSH_SENDERS_MAX; i++) {
        *sender = i;
        if (tg_push_has_sender(config->settings, i)) {
            TG_TRY(
                tg_push_sender_new(&engine->senders[i], &engine->config, i, engine->loop, fault));
        }
    }
    *out = engine;
    engine = NULL;
    err = TG_OK;
out:
    tg_push_engine_free(&engine);
    return err;
}

void tg_push_engine_free(struct tg_push_engine **engine)
{
    struct tg_push_engine *e = engine == NULL ? NULL : *engine;

    if (e == NULL) {
        return;
    }
    for (size_t i = 0; i < TG_PUSH_SENDERS_MAX; i++) {
        tg_push_sender_free(&e->senders[i]);
    }
    tg_push_http_loop_free(&e->loop);
    tg_mem_free_secret(e, sizeof(*e));
    *engine = NULL;
}

int tg_push_engine_fd(const struct tg_push_engine *engine)
{
    return tg_push_http_loop_fd(engine->loop);
}

int tg_push_engine_wait_ms(const struct tg_push_engine *engine)
{
    return tg_push_http_loop_wait_ms(engine->loop);
}

void tg_push_engine_run(struct tg_push_engine *engine)
{
    tg_push_http_loop_run(engine->loop);
}
