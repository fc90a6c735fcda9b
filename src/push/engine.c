/* SPDX-License-Identifier: Apache-2.0 */
#include "push/engine.h"

#include "base/mem.h"
#include "push/curl.h"
#include "push/http.h"
#include "push/schedule.h"

#include <string.h>

#define LANES_MAX 64u /* ways to hosts that clients name; two hosts may share one */
#define TOKEN_MAX TG_PUSH_IPC_MAX

struct job {
    struct job *next; /* in the queue, or among the idle */
    uint64_t id;
    int64_t expires_s;
    uint8_t collapse[TG_PUSH_TAG_LEN];
    struct tg_buf token_data;
    struct tg_push_lane *lane;
    uint32_t credential;
    bool is_repetition;
    enum tg_push_connection_kind connection;
};

struct queue {
    struct job *first;
    struct job *last;
};

/* All there is of one provider. */
struct way {
    struct tg_push_engine *engine;
    enum tg_push_id id;
    const struct tg_push_provider_ops *ops; /* NULL: not configured */
    struct tg_push_provider *provider;
    struct tg_push_http *http;
    struct tg_push_schedule schedule;
    struct tg_push_lane lanes[LANES_MAX]; /* one is used where clients name no host */
    uint32_t lane_room;                   /* requests on one lane at once */
    struct job jobs[TG_PUSH_SHARE];
    struct job *idle;
    struct queue queue;
    bool is_fetching; /* a credential; one at a time */
};

struct tg_push_engine {
    struct tg_push_engine_config config;
    struct tg_push_http_loop *loop;
    struct way ways[TG_PUSH_COUNT];
};

/* ---- the queue ------------------------------------------------------------------------------ */

static void push_back(struct queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->first == NULL) {
        queue->first = job;
    } else {
        queue->last->next = job;
    }
    queue->last = job;
}

static void push_front(struct queue *queue, struct job *job)
{
    job->next = queue->first;
    queue->first = job;
    if (job->next == NULL) {
        queue->last = job;
    }
}

static struct job *pop(struct queue *queue)
{
    struct job *job = queue->first;

    if (job != NULL) {
        queue->first = job->next;
        job->next = NULL;
    }
    return job;
}

/* ---- outcomes ------------------------------------------------------------------------------- */

static void tell(struct way *way, uint64_t id, enum tg_push_result result, int64_t retry_at_s)
{
    const struct tg_push_engine_config *config = &way->engine->config;
    const struct tg_push_ipc_outcome outcome = {
        .id = id, .provider = way->id, .result = result, .retry_at_s = retry_at_s
    };

    config->done(config->ctx, &outcome);
}

static void settle(struct way *way, struct job *job, enum tg_push_result result, int64_t retry_at_s)
{
    uint64_t id = job->id;

    tg_buf_clear(&job->token_data);
    job->next = way->idle;
    way->idle = job;
    tell(way, id, result, retry_at_s);
}

/* Not sent, for now. */
static void refuse(struct way *way, struct job *job, int64_t now_s)
{
    struct tg_push_decision decision;

    tg_push_schedule_refuse(&decision, job->lane, job->expires_s, now_s, way->engine->config.rng);
    settle(way, job, decision.result, decision.retry_at_s);
}

/* The provider's name and our word for what it said; never what it said. */
static void say(struct way *way, const char *event, const char *reason, unsigned status,
                const struct tg_push_lane *lane, int64_t now_s)
{
    int64_t wait_s = tg_push_lane_is_shut(lane, now_s) ? lane->shut_until_s - now_s : 0;

    TG_LOG(way->engine->config.log, TG_LOG_WARNING, event, { tg_push_name(way->id), 1 },
           { reason, (int64_t)status }, { "wait_s", wait_s });
}

static const char *event_of(enum tg_push_action action)
{
    switch (action) {
    case TG_PUSH_SUSPECT_TOKEN:
    case TG_PUSH_BLAME_CONFIG:
    case TG_PUSH_RENEW:
        return "push.check_configuration";
    case TG_PUSH_BLAME_REQUEST:
        return "push.request_refused";
    case TG_PUSH_TAKEN:
    case TG_PUSH_DROP_TOKEN:
    case TG_PUSH_REPEAT:
    case TG_PUSH_RECONNECT:
    case TG_PUSH_WAIT_TOKEN:
    case TG_PUSH_WAIT_PROVIDER:
        break;
    }
    return "push.provider_trouble";
}

/* ---- answers -------------------------------------------------------------------------------- */

/* What a request without an answer asks for. */
static const struct tg_push_verdict without_answer[] = {
    [TG_PUSH_END_REFUSED] = { TG_PUSH_DROP_TOKEN, 0, "address_refused" },
    [TG_PUSH_END_UNREACHABLE] = { TG_PUSH_WAIT_PROVIDER, 0, "unreachable" },
    [TG_PUSH_END_CERTIFICATE] = { TG_PUSH_BLAME_CONFIG, 0, "certificate" },
    [TG_PUSH_END_TLS] = { TG_PUSH_WAIT_PROVIDER, 0, "tls" },
    [TG_PUSH_END_TIMEOUT] = { TG_PUSH_WAIT_PROVIDER, 0, "timeout" },
    [TG_PUSH_END_NOT_HTTP2] = { TG_PUSH_BLAME_CONFIG, 0, "not_http2" },
    [TG_PUSH_END_CUT] = { TG_PUSH_REPEAT, 0, "connection_lost" },
    [TG_PUSH_END_TROUBLE] = { TG_PUSH_WAIT_PROVIDER, 0, "out_of_memory" },
};

static void send_queued(struct way *way, int64_t now_s);

/* Any answer to the push itself shows that the credential was accepted. */
static bool is_proof(enum tg_push_action action)
{
    return action == TG_PUSH_TAKEN || action == TG_PUSH_DROP_TOKEN ||
           action == TG_PUSH_SUSPECT_TOKEN || action == TG_PUSH_WAIT_TOKEN ||
           action == TG_PUSH_BLAME_REQUEST;
}

static void repeat(struct way *way, struct job *job, enum tg_push_next next, int64_t now_s)
{
    if (next == TG_PUSH_NEXT_RENEW && way->ops->renew != NULL) {
        way->ops->renew(way->provider, job->credential, now_s);
    }
    job->is_repetition = true;
    job->connection =
        next == TG_PUSH_NEXT_CONNECT ? TG_PUSH_NEW_CONNECTION : TG_PUSH_ANY_CONNECTION;
    push_front(&way->queue, job);
}

static void take_verdict(struct way *way, struct job *job, const struct tg_push_verdict *verdict,
                         unsigned status, int64_t now_s)
{
    const struct tg_push_attempt attempt = { .tag = job->collapse,
                                             .expires_s = job->expires_s,
                                             .is_repetition = job->is_repetition };
    struct tg_push_decision decision;

    tg_push_schedule_decide(&decision, &way->schedule, job->lane, verdict, &attempt, now_s,
                            way->engine->config.rng);
    if (decision.is_said) {
        say(way, event_of(verdict->action), decision.reason, status, job->lane, now_s);
    }
    if (decision.next == TG_PUSH_NEXT_SETTLE) {
        settle(way, job, decision.result, decision.retry_at_s);
    } else {
        repeat(way, job, decision.next, now_s);
    }
}

static void take_push_end(struct way *way, struct tg_push_transfer *transfer, enum tg_push_end end,
                          int64_t now_s)
{
    struct job *job = transfer->owner;
    struct tg_push_verdict verdict = { .reason = "" };

    job->lane->in_flight--;
    if (end == TG_PUSH_END_HELD) {
        push_front(&way->queue, job);
        return;
    }
    if (end == TG_PUSH_END_ANSWER) {
        way->ops->judge(way->provider, &transfer->answer, now_s, &verdict);
        if (is_proof(verdict.action)) {
            tg_push_http_prove(transfer);
        }
    } else {
        verdict = without_answer[end];
    }
    take_verdict(way, job, &verdict, transfer->answer.status, now_s);
}

static void take_credential_end(struct way *way, const struct tg_push_transfer *transfer,
                                enum tg_push_end end, int64_t now_s)
{
    struct tg_push_verdict verdict = { .reason = "" };

    way->is_fetching = false;
    if (end == TG_PUSH_END_ANSWER) {
        way->ops->credential_answer(way->provider, now_s, &transfer->answer, &verdict);
    } else {
        verdict = without_answer[end == TG_PUSH_END_HELD ? TG_PUSH_END_TROUBLE : end];
    }
    if (verdict.action != TG_PUSH_TAKEN &&
        tg_push_schedule_shut(&way->schedule, &way->lanes[0], &verdict, now_s,
                              way->engine->config.rng)) {
        say(way, event_of(verdict.action), verdict.reason, transfer->answer.status, &way->lanes[0],
            now_s);
    }
}

static void take_end(void *ctx, struct tg_push_transfer *transfer, enum tg_push_end end)
{
    struct way *way = ctx;
    int64_t now_s = way->engine->config.now_s();

    if (transfer->owner == NULL) {
        take_credential_end(way, transfer, end, now_s);
    } else {
        take_push_end(way, transfer, end, now_s);
    }
    tg_push_http_put(way->http, transfer);
    send_queued(way, now_s);
}

/* ---- sending -------------------------------------------------------------------------------- */

static bool has_credential(struct way *way, int64_t now_s)
{
    return way->ops->needs_credential == NULL || !way->ops->needs_credential(way->provider, now_s);
}

/* Without memory; else the end of a request would bring us back here, and there is none. */
static void shut_for_trouble(struct way *way, int64_t now_s)
{
    (void)tg_push_schedule_shut(&way->schedule, &way->lanes[0],
                                &without_answer[TG_PUSH_END_TROUBLE], now_s,
                                way->engine->config.rng);
}

/* Asks for a credential, if nobody does yet. */
static void fetch(struct way *way, int64_t now_s)
{
    struct tg_push_transfer *transfer = way->is_fetching ? NULL : tg_push_http_get(way->http);

    if (transfer == NULL) {
        if (!tg_push_http_is_busy(way->http)) {
            shut_for_trouble(way, now_s);
        }
        return;
    }
    way->is_fetching =
        way->ops->credential_request(way->provider, now_s, &transfer->request) == TG_OK &&
        tg_push_http_start(way->http, transfer, TG_PUSH_ANY_CONNECTION) == TG_OK;
    if (!way->is_fetching) {
        shut_for_trouble(way, now_s);
        tg_push_http_put(way->http, transfer);
    }
}

static enum tg_err build_and_start(struct way *way, struct job *job,
                                   struct tg_push_transfer *transfer, int64_t now_s)
{
    const struct tg_push_job what = { .token_type = tg_bytes_str(tg_push_token_type(way->id)),
                                      .token_data = tg_buf_view(&job->token_data),
                                      .collapse = TG_ARRAY_BYTES(job->collapse),
                                      .expires_s = job->expires_s };
    enum tg_err err = way->ops->build(way->provider, &what, now_s, &transfer->request);

    if (err == TG_OK) {
        transfer->owner = job;
        job->credential = transfer->request.credential;
        err = tg_push_http_start(way->http, transfer, job->connection);
        job->connection = TG_PUSH_ANY_CONNECTION;
    }
    return err;
}

static void send_one(struct way *way, struct job *job, struct tg_push_transfer *transfer,
                     int64_t now_s)
{
    enum tg_err err = build_and_start(way, job, transfer, now_s);

    if (err == TG_OK) {
        job->lane->in_flight++;
        return;
    }
    tg_push_http_put(way->http, transfer);
    if (err == TG_E_SYNTAX) {
        settle(way, job, TG_PUSH_RESULT_DROPPED, 0);
    } else if (err == TG_E_EXPIRED) {
        settle(way, job, TG_PUSH_RESULT_GIVEN_UP, 0);
    } else {
        refuse(way, job, now_s);
    }
}

/* False: no more for now. */
static bool send_first(struct way *way, int64_t now_s)
{
    struct job *job = way->queue.first;
    struct tg_push_transfer *transfer = NULL;

    if (tg_push_lane_is_shut(job->lane, now_s) || job->lane->in_flight >= way->lane_room) {
        refuse(way, pop(&way->queue), now_s);
        return true;
    }
    if (!has_credential(way, now_s)) {
        fetch(way, now_s);
        return tg_push_lane_is_shut(job->lane, now_s);
    }
    transfer = tg_push_http_get(way->http);
    if (transfer != NULL) {
        send_one(way, pop(&way->queue), transfer, now_s);
        return true;
    }
    if (tg_push_http_is_busy(way->http)) {
        return false; /* its end brings us back here; without one nothing would */
    }
    refuse(way, pop(&way->queue), now_s);
    return true;
}

static void send_queued(struct way *way, int64_t now_s)
{
    while (way->queue.first != NULL && send_first(way, now_s)) {
    }
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static size_t hash_of(struct tg_bytes host)
{
    uint32_t hash = 2166136261u; /* FNV-1a: spreads, and is no secret */

    for (size_t i = 0; i < host.len; i++) {
        hash = (hash ^ (host.ptr[i] | 0x20u)) * 16777619u;
    }
    return hash;
}

static struct tg_push_lane *lane_of(struct way *way, struct tg_bytes token_data)
{
    struct tg_push_lane *lane = &way->lanes[0];
    struct tg_buf host;

    tg_buf_init(&host, TG_PUSH_HOST_MAX);
    if (way->ops->endpoint_host != NULL && way->ops->endpoint_host(token_data, &host)) {
        lane = &way->lanes[hash_of(tg_buf_view(&host)) % LANES_MAX];
    }
    tg_buf_deinit(&host);
    return lane;
}

/* The relay has asked already, of the same settings; between it and the network this stands too.
   What differs is for want of memory, and no fault of the token's. */
static bool is_allowed(struct way *way, const struct tg_push_ipc_job *job)
{
    return way->ops->endpoint_host == NULL ||
           tg_push_can_send(way->engine->config.settings, job->token_type, job->token_data);
}

static void take_job(struct way *way, const struct tg_push_ipc_job *from)
{
    int64_t now_s = way->engine->config.now_s();
    struct tg_push_lane *lane = lane_of(way, from->token_data);
    struct job *job = way->idle;
    struct tg_push_decision decision;

    if (job == NULL || tg_push_lane_is_shut(lane, now_s)) {
        tg_push_schedule_refuse(&decision, lane, from->expires_s, now_s, way->engine->config.rng);
        tell(way, from->id, decision.result, decision.retry_at_s);
        return;
    }
    tg_buf_append(&job->token_data, from->token_data);
    way->idle = job->next;
    job->id = from->id;
    job->expires_s = from->expires_s;
    memcpy(job->collapse, from->collapse, sizeof(job->collapse));
    job->lane = lane;
    job->credential = 0;
    job->is_repetition = false;
    job->connection = TG_PUSH_ANY_CONNECTION;
    if (tg_buf_status(&job->token_data) != TG_OK) {
        refuse(way, job, now_s);
        return;
    }
    push_back(&way->queue, job);
    send_queued(way, now_s);
}

static void tell_later(struct way *way, const struct tg_push_ipc_job *job)
{
    struct tg_push_decision decision;

    tg_push_schedule_refuse(&decision, &way->lanes[0], job->expires_s, way->engine->config.now_s(),
                            way->engine->config.rng);
    tell(way, job->id, decision.result, decision.retry_at_s);
}

void tg_push_engine_take(struct tg_push_engine *engine, const struct tg_push_ipc_job *job)
{
    enum tg_push_id id = TG_PUSH_APNS;

    if (!tg_push_find(&id, engine->config.settings, job->token_type)) {
        tell(&engine->ways[id], job->id, TG_PUSH_RESULT_GIVEN_UP, 0);
    } else if (!is_allowed(&engine->ways[id], job)) {
        tell_later(&engine->ways[id], job);
    } else {
        take_job(&engine->ways[id], job);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum tg_err open_way(struct way *way, struct tg_fault *fault)
{
    const struct tg_push_engine_config *config = &way->engine->config;
    const struct tg_push_provider_ops *ops = tg_push_providers[way->id].ops;
    uint32_t room = config->settings->concurrency;
    enum tg_err err = TG_E_UNSUPPORTED;
    struct tg_push_http_config http = { .settings = config->settings,
                                        .is_guarded = ops->endpoint_host != NULL,
                                        .is_one_stream_first = ops->is_one_stream_first,
                                        .done = take_end,
                                        .ctx = way };

    if (ops->open == NULL) {
        tg_fault_set(fault, "not in this build (expected: no key for it)");
        return err;
    }
    TG_TRY(ops->open(&way->provider, config->settings, config->rng, fault));
    way->ops = ops;
    /* Of the hosts that clients name none may take all the room by not answering. */
    way->lane_room = http.is_guarded ? (room + 3) / 4 : room + 1;
    TG_TRY(tg_push_http_new(&way->http, way->engine->loop, &http));
out:
    return err;
}

static void set_up_way(struct tg_push_engine *engine, enum tg_push_id id)
{
    struct way *way = &engine->ways[id];

    way->engine = engine;
    way->id = id;
    for (size_t i = TG_PUSH_SHARE; i-- > 0;) {
        tg_buf_init(&way->jobs[i].token_data, TOKEN_MAX);
        way->jobs[i].next = way->idle;
        way->idle = &way->jobs[i];
    }
}

enum tg_err tg_push_engine_new(struct tg_push_engine **out,
                               const struct tg_push_engine_config *config, enum tg_push_id *id,
                               struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_push_engine *engine = tg_mem_calloc(1, sizeof(*engine));

    *id = TG_PUSH_APNS;
    TG_REQUIRE(engine != NULL, TG_E_NOMEM);
    TG_TRY(tg_curl_load(fault));
    engine->config = *config;
    TG_TRY(tg_push_http_loop_new(&engine->loop, config->mono_ms));
    for (enum tg_push_id i = 0; i < TG_PUSH_COUNT; i++) {
        set_up_way(engine, i);
        *id = i;
        if (tg_push_is_on(config->settings, i)) {
            TG_TRY(open_way(&engine->ways[i], fault));
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
    for (size_t i = 0; i < TG_PUSH_COUNT; i++) {
        struct way *way = &e->ways[i];

        tg_push_http_free(&way->http);
        if (way->ops != NULL) {
            way->ops->close(&way->provider);
        }
        for (size_t j = 0; j < TG_PUSH_SHARE; j++) {
            tg_buf_deinit(&way->jobs[j].token_data);
        }
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
