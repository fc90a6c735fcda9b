/* SPDX-License-Identifier: Apache-2.0 */
#include "push/sender.h"

#include "base/mem.h"
#include "crypto/digest.h"
#include "push/endpoint.h"
#include "push/http.h"
#include "push/queue.h"
#include "push/schedule.h"

#include <string.h>

#define TROUBLE_EVERY_MS 60000 /* an event about memory at most once in this time */
#define ROUTES_MAX 64u         /* to hosts that clients name; two hosts may share one */

struct tg_push_sender {
    const struct tg_push_engine_config *config;
    enum tg_push_id id;
    unsigned app;                           /* tg_push_app_number */
    struct tg_push_settings settings;       /* with the credentials of this sender */
    const struct tg_push_provider_ops *ops; /* NULL: not open yet */
    struct tg_push_provider *provider;
    struct tg_push_http *http;
    struct tg_push_schedule schedule;
    struct tg_push_route routes[ROUTES_MAX]; /* only the first, unless clients name hosts */
    uint32_t route_room;                     /* requests in flight on one route */
    struct tg_push_queue_job jobs[TG_PUSH_SHARE];
    struct tg_push_queue_job *idle;
    struct tg_push_queue queue;
    bool is_fetching; /* a request for a credential is in flight */
    bool has_reported_trouble;
    int64_t trouble_mono_ms; /* when it was reported last */
};

/* ---- outcomes ------------------------------------------------------------------------------- */

static void notify(struct tg_push_sender *sender, uint64_t id,
                   const struct tg_push_decision *decision)
{
    const struct tg_push_engine_config *config = sender->config;
    const struct tg_push_ipc_outcome outcome = { .id = id,
                                                 .provider = sender->id,
                                                 .result = decision->result,
                                                 .retry_at_s = decision->retry_at_s,
                                                 .good_after_s = decision->good_after_s };

    config->done(config->ctx, &outcome);
}

static void settle(struct tg_push_sender *sender, struct tg_push_queue_job *job,
                   const struct tg_push_decision *decision)
{
    uint64_t id = job->id;

    tg_buf_clear(&job->token_data);
    job->next = sender->idle;
    sender->idle = job;
    notify(sender, id, decision);
}

/* The job was not sent; the outcome has the time of the next try. */
static void refuse(struct tg_push_sender *sender, struct tg_push_queue_job *job, int64_t now_s)
{
    struct tg_push_decision decision;

    tg_push_schedule_refuse(&decision, job->route, job->expires_s, now_s, sender->config->rng);
    settle(sender, job, &decision);
}

/* Logs the provider's name and one of our own words, never the text of an answer. */
static void report(struct tg_push_sender *sender, const char *event, const char *reason,
                   unsigned status, const struct tg_push_route *route, int64_t now_s)
{
    int64_t wait_s = tg_push_route_is_in_backoff(route, now_s) ? route->backoff_until_s - now_s : 0;

    TG_LOG(sender->config->log, TG_LOG_WARNING, event, { tg_push_name(sender->id), 1 },
           { "app", (int64_t)sender->app }, { reason, (int64_t)status }, { "wait_s", wait_s });
}

static const char *event_of(enum tg_push_action action)
{
    switch (action) {
    case TG_PUSH_SUSPECT_TOKEN:
    case TG_PUSH_DOUBT_SENDER:
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

/* The verdict on a request without an answer. */
static const struct tg_push_verdict without_answer[] = {
    [TG_PUSH_END_REFUSED] = { TG_PUSH_DROP_TOKEN, 0, "address_refused", 0 },
    [TG_PUSH_END_UNREACHABLE] = { TG_PUSH_WAIT_PROVIDER, 0, "unreachable", 0 },
    [TG_PUSH_END_CERTIFICATE] = { TG_PUSH_BLAME_CONFIG, 0, "certificate", 0 },
    [TG_PUSH_END_TLS] = { TG_PUSH_WAIT_PROVIDER, 0, "tls", 0 },
    [TG_PUSH_END_PROXY_REFUSED] = { TG_PUSH_BLAME_CONFIG, 0, "proxy_refused", 0 },
    [TG_PUSH_END_PROXY_TROUBLE] = { TG_PUSH_WAIT_PROVIDER, 0, "proxy_trouble", 0 },
    [TG_PUSH_END_TIMEOUT] = { TG_PUSH_WAIT_PROVIDER, 0, "timeout", 0 },
    [TG_PUSH_END_NOT_HTTP2] = { TG_PUSH_BLAME_CONFIG, 0, "not_http2", 0 },
    [TG_PUSH_END_CUT] = { TG_PUSH_REPEAT, 0, "connection_lost", 0 },
    [TG_PUSH_END_TROUBLE] = { TG_PUSH_WAIT_PROVIDER, 0, "out_of_memory", 0 },
};

static void send_queued(struct tg_push_sender *sender, int64_t now_s);

/* Any verdict on the push itself shows that the provider accepted the credential. */
static bool is_proof(enum tg_push_action action)
{
    return action == TG_PUSH_TAKEN || action == TG_PUSH_DROP_TOKEN ||
           action == TG_PUSH_SUSPECT_TOKEN || action == TG_PUSH_WAIT_TOKEN ||
           action == TG_PUSH_BLAME_REQUEST;
}

static void repeat(struct tg_push_sender *sender, struct tg_push_queue_job *job,
                   enum tg_push_next next, int64_t now_s)
{
    if (next == TG_PUSH_NEXT_RENEW && sender->ops->renew != NULL) {
        sender->ops->renew(sender->provider, job->credential, now_s);
    }
    job->is_repetition = true;
    job->connection =
        next == TG_PUSH_NEXT_CONNECT ? TG_PUSH_NEW_CONNECTION : TG_PUSH_ANY_CONNECTION;
    tg_push_queue_prepend(&sender->queue, job);
}

static void take_verdict(struct tg_push_sender *sender, struct tg_push_queue_job *job,
                         const struct tg_push_verdict *verdict, unsigned status, int64_t now_s)
{
    const struct tg_push_attempt attempt = { .tag = job->collapse,
                                             .origin = job->origin,
                                             .expires_s = job->expires_s,
                                             .is_repetition = job->is_repetition };
    struct tg_push_decision decision;

    tg_push_schedule_decide(&decision, &sender->schedule, job->route, verdict, &attempt, now_s,
                            sender->config->rng);
    if (decision.must_report) {
        report(sender, event_of(verdict->action), decision.reason, status, job->route, now_s);
    }
    if (decision.next == TG_PUSH_NEXT_SETTLE) {
        settle(sender, job, &decision);
    } else {
        repeat(sender, job, decision.next, now_s);
    }
}

static void take_push_end(struct tg_push_sender *sender, struct tg_push_transfer *transfer,
                          enum tg_push_end end, int64_t now_s)
{
    struct tg_push_queue_job *job = transfer->owner;
    struct tg_push_verdict verdict = { .reason = "" };

    job->route->in_flight--;
    if (end == TG_PUSH_END_HELD) {
        tg_push_queue_prepend(&sender->queue, job);
        return;
    }
    if (end == TG_PUSH_END_ANSWER) {
        sender->ops->judge(sender->provider, &transfer->answer, now_s, &verdict);
        if (is_proof(verdict.action)) {
            tg_push_http_prove(transfer);
        }
    } else {
        verdict = without_answer[end];
    }
    take_verdict(sender, job, &verdict, transfer->answer.status, now_s);
}

static void take_credential_end(struct tg_push_sender *sender,
                                const struct tg_push_transfer *transfer, enum tg_push_end end,
                                int64_t now_s)
{
    struct tg_push_verdict verdict = { .reason = "" };

    sender->is_fetching = false;
    if (end == TG_PUSH_END_ANSWER) {
        sender->ops->credential_answer(sender->provider, now_s, &transfer->answer, &verdict);
    } else {
        verdict = without_answer[end == TG_PUSH_END_HELD ? TG_PUSH_END_TROUBLE : end];
    }
    if (verdict.action != TG_PUSH_TAKEN &&
        tg_push_schedule_back_off(&sender->schedule, &sender->routes[0], &verdict, now_s,
                                  sender->config->rng)) {
        report(sender, event_of(verdict.action), verdict.reason, transfer->answer.status,
               &sender->routes[0], now_s);
    }
}

static void take_end(void *ctx, struct tg_push_transfer *transfer, enum tg_push_end end)
{
    struct tg_push_sender *sender = ctx;
    int64_t now_s = sender->config->now_s(sender->config->ctx);

    if (transfer->owner == NULL) {
        take_credential_end(sender, transfer, end, now_s);
    } else {
        take_push_end(sender, transfer, end, now_s);
    }
    tg_push_http_put(sender->http, transfer);
    send_queued(sender, now_s);
}

/* ---- sending -------------------------------------------------------------------------------- */

static bool has_credential(struct tg_push_sender *sender, int64_t now_s)
{
    return sender->ops->needs_credential == NULL ||
           !sender->ops->needs_credential(sender->provider, now_s);
}

/* While memory is short this happens with every job. */
static void report_trouble(struct tg_push_sender *sender, int64_t now_s)
{
    int64_t mono_ms = sender->config->mono_ms();

    if (sender->has_reported_trouble && mono_ms - sender->trouble_mono_ms < TROUBLE_EVERY_MS) {
        return;
    }
    sender->has_reported_trouble = true;
    sender->trouble_mono_ms = mono_ms;
    report(sender, "push.not_sent", without_answer[TG_PUSH_END_TROUBLE].reason, 0,
           &sender->routes[0], now_s);
}

/* Out of memory. Without a backoff nothing would start the queued jobs again, because no request is
   in flight whose end would. */
static void back_off_for_trouble(struct tg_push_sender *sender, int64_t now_s)
{
    (void)tg_push_schedule_back_off(&sender->schedule, &sender->routes[0],
                                    &without_answer[TG_PUSH_END_TROUBLE], now_s,
                                    sender->config->rng);
    report_trouble(sender, now_s);
}

/* Requests a credential, unless such a request is in flight. */
static void fetch(struct tg_push_sender *sender, int64_t now_s)
{
    struct tg_push_transfer *transfer = sender->is_fetching ? NULL : tg_push_http_get(sender->http);

    if (transfer == NULL) {
        if (!tg_push_http_is_busy(sender->http)) {
            back_off_for_trouble(sender, now_s);
        }
        return;
    }
    sender->is_fetching =
        sender->ops->credential_request(sender->provider, now_s, &transfer->request) == TG_OK &&
        tg_push_http_start(sender->http, transfer, TG_PUSH_ANY_CONNECTION) == TG_OK;
    if (!sender->is_fetching) {
        back_off_for_trouble(sender, now_s);
        tg_push_http_put(sender->http, transfer);
    }
}

static enum tg_err build_and_start(struct tg_push_sender *sender, struct tg_push_queue_job *job,
                                   struct tg_push_transfer *transfer, int64_t now_s)
{
    const struct tg_push_job what = { .token_type = tg_bytes_str(tg_push_token_type(sender->id)),
                                      .token_data = tg_buf_view(&job->token_data),
                                      .collapse = TG_ARRAY_BYTES(job->collapse),
                                      .expires_s = job->expires_s };
    enum tg_err err = sender->ops->build(sender->provider, &what, now_s, &transfer->request);

    if (err == TG_OK) {
        transfer->owner = job;
        job->credential = transfer->request.credential;
        err = tg_push_http_start(sender->http, transfer, job->connection);
        job->connection = TG_PUSH_ANY_CONNECTION;
    }
    return err;
}

static void send_one(struct tg_push_sender *sender, struct tg_push_queue_job *job,
                     struct tg_push_transfer *transfer, int64_t now_s)
{
    enum tg_err err = build_and_start(sender, job, transfer, now_s);

    if (err == TG_OK) {
        job->route->in_flight++;
        return;
    }
    tg_push_http_put(sender->http, transfer);
    if (err == TG_E_SYNTAX) {
        settle(sender, job, &(struct tg_push_decision){ .result = TG_PUSH_RESULT_DROPPED });
    } else if (err == TG_E_EXPIRED) {
        settle(sender, job, &(struct tg_push_decision){ .result = TG_PUSH_RESULT_GIVEN_UP });
    } else {
        refuse(sender, job, now_s);
    }
}

/* False: nothing more can be sent now. */
static bool send_first(struct tg_push_sender *sender, int64_t now_s)
{
    struct tg_push_queue_job *job = sender->queue.first;
    struct tg_push_transfer *transfer = NULL;

    if (tg_push_route_is_in_backoff(job->route, now_s) ||
        job->route->in_flight >= sender->route_room) {
        refuse(sender, tg_push_queue_take(&sender->queue), now_s);
        return true;
    }
    if (!has_credential(sender, now_s)) {
        fetch(sender, now_s);
        return tg_push_route_is_in_backoff(job->route, now_s);
    }
    transfer = tg_push_http_get(sender->http);
    if (transfer != NULL) {
        send_one(sender, tg_push_queue_take(&sender->queue), transfer, now_s);
        return true;
    }
    if (tg_push_http_is_busy(sender->http)) {
        return false; /* the end of a request in flight calls send_queued */
    }
    refuse(sender, tg_push_queue_take(&sender->queue), now_s);
    return true;
}

static void send_queued(struct tg_push_sender *sender, int64_t now_s)
{
    while (sender->queue.first != NULL && send_first(sender, now_s)) {
    }
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static size_t hash_of(struct tg_bytes host)
{
    uint32_t hash = 2166136261u; /* FNV-1a: distributes; needs no secret */

    for (size_t i = 0; i < host.len; i++) {
        hash = (hash ^ (host.ptr[i] | 0x20u)) * 16777619u;
    }
    return hash;
}

static struct tg_push_route *route_of(struct tg_push_sender *sender, struct tg_bytes token_data)
{
    struct tg_push_route *route = &sender->routes[0];
    struct tg_buf host;

    tg_buf_init(&host, TG_PUSH_HOST_MAX);
    if (sender->ops->endpoint_host != NULL && sender->ops->endpoint_host(token_data, &host)) {
        route = &sender->routes[hash_of(tg_buf_view(&host)) % ROUTES_MAX];
    }
    tg_buf_deinit(&host);
    return route;
}

/* All zero: the provider is one service. Two origins get the same tag only without memory, and then
   they share what is known of them. */
static void tag_origin(struct tg_push_sender *sender, struct tg_push_queue_job *job)
{
    struct tg_buf origin;

    memset(job->origin, 0, sizeof(job->origin));
    if (sender->ops->endpoint_origin == NULL) {
        return;
    }
    tg_buf_init(&origin, TG_PUSH_ORIGIN_MAX);
    if (!sender->ops->endpoint_origin(tg_buf_view(&job->token_data), &origin) ||
        tg_sha256(job->origin, tg_buf_view(&origin)) != TG_OK) {
        memset(job->origin, 0xff, sizeof(job->origin));
    }
    tg_buf_deinit(&origin);
}

/* The relay has checked the same with the same settings. This process checks again before it uses
   the network. A different result means that memory was short, not that the token is bad. */
static bool is_allowed(struct tg_push_sender *sender, const struct tg_push_ipc_job *job)
{
    return sender->ops->endpoint_host == NULL ||
           tg_push_can_send(sender->config->settings, job->token_type, job->token_topic,
                            job->token_data);
}

static void take_job(struct tg_push_sender *sender, const struct tg_push_ipc_job *from)
{
    int64_t now_s = sender->config->now_s(sender->config->ctx);
    struct tg_push_route *route = route_of(sender, from->token_data);
    struct tg_push_queue_job *job = sender->idle;
    struct tg_push_decision decision;

    if (job == NULL || tg_push_route_is_in_backoff(route, now_s)) {
        tg_push_schedule_refuse(&decision, route, from->expires_s, now_s, sender->config->rng);
        notify(sender, from->id, &decision);
        return;
    }
    tg_buf_append(&job->token_data, from->token_data);
    sender->idle = job->next;
    job->id = from->id;
    job->expires_s = from->expires_s;
    memcpy(job->collapse, from->collapse, sizeof(job->collapse));
    job->route = route;
    job->credential = 0;
    job->is_repetition = false;
    job->connection = TG_PUSH_ANY_CONNECTION;
    if (tg_buf_status(&job->token_data) != TG_OK) {
        refuse(sender, job, now_s);
        return;
    }
    tag_origin(sender, job);
    tg_push_queue_append(&sender->queue, job);
    send_queued(sender, now_s);
}

static void notify_later(struct tg_push_sender *sender, const struct tg_push_ipc_job *job)
{
    struct tg_push_decision decision;

    tg_push_schedule_refuse(&decision, &sender->routes[0], job->expires_s,
                            sender->config->now_s(sender->config->ctx), sender->config->rng);
    notify(sender, job->id, &decision);
}

void tg_push_sender_take(struct tg_push_sender *sender, const struct tg_push_ipc_job *job)
{
    if (is_allowed(sender, job)) {
        take_job(sender, job);
    } else {
        notify_later(sender, job);
    }
}

/* ---- start and end -------------------------------------------------------------------------- */

static enum tg_err open_provider(struct tg_push_sender *sender, struct tg_push_http_loop *loop,
                                 struct tg_fault *fault)
{
    const struct tg_push_engine_config *config = sender->config;
    const struct tg_push_provider_ops *ops = tg_push_providers[sender->id].ops;
    uint32_t room = sender->settings.concurrency;
    enum tg_err err = TG_E_UNSUPPORTED;
    struct tg_push_http_config http = { .settings = &sender->settings,
                                        .proxy = config->proxy,
                                        .is_guarded = ops->endpoint_host != NULL,
                                        .is_one_stream_first = ops->is_one_stream_first,
                                        .done = take_end,
                                        .ctx = sender };

    if (ops->open == NULL) {
        tg_fault_set(fault, "not in this build (expected: no key for it)");
        return err;
    }
    TG_TRY(ops->open(&sender->provider, &sender->settings, config->rng, fault));
    sender->ops = ops;
    /* A host that a client named and that does not answer must not take all the room. */
    sender->route_room = http.is_guarded ? (room + 3) / 4 : room + 1;
    TG_TRY(tg_push_http_new(&sender->http, loop, &http));
out:
    return err;
}

/* An equal part of the window, so that the senders that hang do not have all of it. */
static size_t share_of(const struct tg_push_settings *settings)
{
    size_t count = tg_push_sender_count(settings);

    return count > TG_PUSH_COUNT ? TG_PUSH_WINDOW / count : TG_PUSH_SHARE;
}

enum tg_err tg_push_sender_new(struct tg_push_sender **out,
                               const struct tg_push_engine_config *config, size_t number,
                               struct tg_push_http_loop *loop, struct tg_fault *fault)
{
    struct tg_push_sender *sender = tg_mem_calloc(1, sizeof(*sender));
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(sender != NULL, TG_E_NOMEM);
    sender->config = config;
    sender->id = tg_push_provider_of(config->settings, number);
    sender->app = tg_push_app_number(config->settings, number);
    tg_push_sender_settings(&sender->settings, config->settings, number);
    for (size_t i = share_of(config->settings); i-- > 0;) {
        tg_buf_init(&sender->jobs[i].token_data, TG_PUSH_IPC_MAX);
        sender->jobs[i].next = sender->idle;
        sender->idle = &sender->jobs[i];
    }
    TG_TRY(open_provider(sender, loop, fault));
    *out = sender;
    sender = NULL;
out:
    tg_push_sender_free(&sender);
    return err;
}

void tg_push_sender_free(struct tg_push_sender **sender)
{
    struct tg_push_sender *s = *sender;

    if (s == NULL) {
        return;
    }
    tg_push_http_free(&s->http);
    if (s->ops != NULL) {
        s->ops->close(&s->provider);
    }
    for (size_t i = 0; i < TG_PUSH_SHARE; i++) {
        tg_buf_deinit(&s->jobs[i].token_data);
    }
    tg_mem_free_secret(s, sizeof(*s));
    *sender = NULL;
}
