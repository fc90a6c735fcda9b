/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exchange: request -> command -> response.
 *
 *   preview                    perform: read, answer
 *   read                       perform: read, change where a claim binds or a token is new, answer
 *   read, long poll            perform: ... wait, read again, answer
 *   delete, relinquish         perform: change, answer
 *   create, update             standing_run: read, judge the proof, spend the token; then perform:
 *                              change, answer
 */
#include "relay/api.h"

#include "base/mem.h"
#include "relay/answer.h"
#include "relay/command.h"
#include "relay/exchange.h"
#include "relay/perform.h"
#include "relay/reply.h"
#include "relay/standing_run.h"

#include <assert.h>

/* While the store is not open. */
#define CLOSED_DETAIL "The store of the relay is not ready. Try again later."
#define CLOSED_RETRY_S 5u

/* ---- the relay ------------------------------------------------------------------------------ */

enum tg_err tg_relay_new(struct tg_relay **out, const struct tg_relay_config *config,
                         const struct tg_keyring *keyring, struct tg_store *store,
                         struct tg_store_port *port, const struct tg_rng *rng,
                         const struct tg_relay_hooks *hooks)
{
    struct tg_relay *relay = tg_mem_calloc(1, sizeof(*relay));

    enum tg_err err = TG_E_BUG;

    if (relay == NULL) {
        return TG_E_NOMEM;
    }
    *relay = (struct tg_relay){ .config = config,
                                .keyring = keyring,
                                .store = store,
                                .port = port,
                                .rng = rng,
                                .hooks = hooks };
    TG_TRY(tg_relay_show(relay, &config->face));
    *out = relay;
    relay = NULL;
    err = TG_OK;
out:
    tg_relay_free(&relay);
    return err;
}

enum tg_err tg_relay_show(struct tg_relay *relay, const struct tg_relay_face *face)
{
    struct tg_page_site *site = NULL;
    enum tg_err err = tg_page_site_new(&site, &face->page, relay->config->public_url);

    if (err == TG_OK) {
        tg_page_site_free(&relay->site);
        relay->site = site;
        relay->face = *face;
    }
    return err;
}

void tg_relay_free(struct tg_relay **relay)
{
    if (relay != NULL && *relay != NULL) {
        assert((*relay)->lent_count == 0);
        tg_page_site_free(&(*relay)->site);
        tg_mem_free(*relay);
        *relay = NULL;
    }
}

size_t tg_relay_in_flight(const struct tg_relay *relay)
{
    return relay->lent_count;
}

void tg_relay_refuse(struct tg_relay *relay, const struct tg_refusal *refusal,
                     const struct tg_exchange_ops *ops, void *ctx)
{
    static const struct tg_asker unknown = { .has_language = false };
    const struct tg_asker *asker = refusal->asker != NULL ? refusal->asker : &unknown;
    struct tg_reply reply;

    tg_reply_init(&reply, relay->config, tg_request_id_view(&asker->id));
    if (tg_accept_is_html(&asker->accept)) {
        reply.person = (struct tg_reply_person){ .site = relay->site,
                                                 .reader = asker->reader,
                                                 .is_draining = refusal->is_draining };
    }
    tg_reply_problem(&reply, refusal->status, NULL, refusal->detail);
    tg_reply_retry_after(&reply, refusal->retry_after_s);
    tg_reply_finish(&reply);
    ops->respond(ctx, &reply.response);
    tg_reply_deinit(&reply);
}

void tg_relay_open(struct tg_relay *relay, struct tg_store *store, struct tg_store_port *port)
{
    relay->store = store;
    relay->port = port;
}

/* There is no memory for an exchange, or no store. */
static void refuse_begin(struct tg_relay *relay, const struct tg_http_request *request,
                         const struct tg_exchange_ops *ops, void *ctx)
{
    bool is_closed = relay->port == NULL;
    struct tg_asker asker = { .has_language = false };

    for (size_t i = 0; i < request->header_count; i++) {
        tg_asker_take(&asker, request->headers[i].name, request->headers[i].value);
    }
    tg_relay_refuse(relay,
                    &(struct tg_refusal){ .status = 503,
                                          .detail = is_closed ? CLOSED_DETAIL : "",
                                          .retry_after_s = is_closed ? CLOSED_RETRY_S : 2,
                                          .asker = &asker },
                    ops, ctx);
}

int tg_relay_call_of(struct tg_bytes method, struct tg_bytes target)
{
    struct tg_route route;
    int call = -1;

    tg_route_find(&route, method, target);
    if (route.kind == TG_ROUTE_CALL) {
        call = (int)route.call;
    }
    tg_mem_wipe(&route, sizeof(route)); /* it has the identifier of the mailbox */
    return call;
}

/* ---- in and out ----------------------------------------------------------------------------- */

/* A create that the mailbox refuses needs no store, and it may lack the claim that its identifier
   is derived from. */
static void start_create(struct tg_exchange *ex)
{
    enum tg_err err = TG_E_BUG;

    ex->change->now = ex->now;
    err = tg_change_apply(ex->change, NULL);
    if (err != TG_OK) {
        tg_answer_error(ex, err);
    } else if (ex->change->contents->result.outcome == TG_OUTCOME_REFUSED) {
        tg_answer_result(ex);
    } else {
        tg_standing_run(ex);
    }
}

static void start(struct tg_exchange *ex, const struct tg_http_request *request)
{
    enum tg_err err = tg_command_decode(ex, request);

    if (err != TG_OK) {
        tg_answer_error(ex, err);
        return;
    }
    if (ex->route.kind == TG_ROUTE_NO_PATH && tg_answer_file(ex, request)) {
        return;
    }
    if (ex->route.kind != TG_ROUTE_CALL) {
        tg_answer_route(ex);
        return;
    }
    switch (ex->route.call) {
    case TG_CALL_CREATE:
        start_create(ex);
        return;
    case TG_CALL_PREVIEW:
    case TG_CALL_READ:
        tg_perform_look(ex);
        return;
    case TG_CALL_UPDATE:
        tg_standing_run(ex);
        return;
    case TG_CALL_DELETE:
    case TG_CALL_RELINQUISH:
        tg_perform_change(ex);
        return;
    }
    tg_answer_error(ex, TG_E_BUG);
}

struct tg_exchange *tg_relay_begin(struct tg_relay *relay, const struct tg_http_request *request,
                                   struct tg_moment now, const struct tg_exchange_ops *ops,
                                   void *ctx)
{
    struct tg_exchange *ex = relay->port == NULL ? NULL : tg_exchange_new(relay);

    if (ex == NULL) {
        refuse_begin(relay, request, ops, ctx);
        return NULL;
    }
    ex->ops = ops;
    ex->ctx = ctx;
    ex->now = now;
    tg_exchange_hold(ex);
    start(ex, request);
    return tg_exchange_release(ex) ? ex : NULL;
}

void tg_exchange_resume(struct tg_exchange *ex, struct tg_moment now, enum tg_resume why)
{
    if (ex->poll.phase == TG_POLL_NONE || ex->state == TG_EX_ENDED) {
        return;
    }
    tg_exchange_hold(ex);
    ex->now = now;
    if (why != TG_RESUME_CHANGED) {
        ex->poll.phase = TG_POLL_OVER;
    }
    if (ex->state == TG_EX_LOOKING) {
        tg_exchange_go(ex, TG_EX_OUTDATED);
    } else if (ex->state == TG_EX_WAITING) {
        tg_exchange_go(ex, TG_EX_DECIDING);
        if (why == TG_RESUME_DRAIN) { /* spec: protocol/2#long-poll-drain */
            tg_answer_no_news(ex);
        } else {
            tg_perform_look(ex);
        }
    }
    (void)tg_exchange_release(ex);
}

void tg_exchange_cancel(struct tg_exchange *ex)
{
    tg_exchange_hold(ex);
    if (ex->state != TG_EX_ENDED) {
        tg_exchange_go(ex, TG_EX_ENDED);
    }
    (void)tg_exchange_release(ex);
}
