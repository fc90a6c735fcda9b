/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/transport.h"

#include <string.h>
#include <time.h>

#define PAUSE_MS 200

int64_t tg_transport_now_s(void)
{
    return (int64_t)time(NULL);
}

/* ---- other threads -------------------------------------------------------------------------- */

static bool take_flag(struct tigress_transport *t, enum tg_transport_flag flag)
{
    return (atomic_fetch_and(&t->flags, ~(unsigned)flag) & flag) != 0;
}

/* ---- from one exchange to the next ---------------------------------------------------------- */

void tg_transport_begin_run(struct tigress_transport *t, int64_t until_s)
{
    t->until_s = until_s;
    t->is_stopped = false;
}

static bool is_due(const struct tigress_transport *t)
{
    return t->until_s > 0 && tg_transport_now_s() >= t->until_s;
}

bool tg_transport_should_stop(struct tigress_transport *t, enum tigress_want doing)
{
    if (!t->is_stopped) {
        t->is_stopped = take_flag(t, TG_TRANSPORT_CANCEL) || is_due(t) ||
                        (!t->loop.is_started && t->progress != NULL &&
                         t->progress(t->progress_ctx, t->session, doing) != 0);
    }
    if (t->is_stopped) {
        tg_exchange_abort(t, CURLE_ABORTED_BY_CALLBACK);
    }
    return t->is_stopped;
}

static bool was_saved(struct tigress_transport *t)
{
    if (t->save != NULL && t->save(t->save_ctx, t->session) != 0) {
        t->is_stopped = true;
    }
    return !t->is_stopped;
}

static void begin_saved(struct tigress_transport *t)
{
    const struct tigress_http_request *request = tigress_session_request(t->session);
    bool is_change = request != NULL && strcmp(request->method, "POST") != 0 &&
                     strcmp(request->method, "GET") != 0;

    /* Version 0: a create, which is a POST, or the first read, which binds this device. */
    is_change = is_change || tigress_session_version(t->session) == 0;
    if ((is_change && !was_saved(t)) || tg_transport_should_stop(t, TIGRESS_WANT_HTTP)) {
        (void)tigress_session_reply_failed(t->session, TIGRESS_NET_INTERRUPTED);
    } else if (tg_exchange_begin(t) != TIGRESS_OK) {
        (void)tigress_session_reply_failed(t->session, TIGRESS_NET_LOST);
        (void)was_saved(t);
    } else {
        t->is_exchange_unsaved = true;
    }
}

static void save_exchange(struct tigress_transport *t)
{
    if (t->is_exchange_unsaved) {
        t->is_exchange_unsaved = false;
        if (t->exchange_error != TIGRESS_OK) {
            (void)tigress_session_reply_failed(t->session, TIGRESS_NET_LOST);
        }
        (void)was_saved(t);
    }
}

bool tg_transport_advance(struct tigress_transport *t)
{
    while (!t->is_busy) {
        save_exchange(t);
        if (take_flag(t, TG_TRANSPORT_WAKE)) {
            tigress_session_wake(t->session);
        }
        t->want = tigress_session_step(t->session, tg_transport_now_s());
        if (t->is_stopped && t->want == TIGRESS_WANT_HTTP) {
            (void)tigress_session_reply_failed(t->session, TIGRESS_NET_INTERRUPTED);
        }
        if (t->is_stopped || (t->want != TIGRESS_WANT_HTTP && t->want != TIGRESS_WANT_WAIT)) {
            return true;
        }
        if (t->want == TIGRESS_WANT_HTTP) {
            begin_saved(t);
        } else if (tg_transport_now_s() < tigress_session_deadline_s(t->session) &&
                   !tg_transport_should_stop(t, TIGRESS_WANT_WAIT)) {
            return false;
        }
    }
    return false;
}

/* ---- the form that blocks ------------------------------------------------------------------- */

static void pause_for(struct tigress_transport *t)
{
    (void)curl_multi_poll(t->multi, NULL, 0, PAUSE_MS, NULL);
}

static void drive(struct tigress_transport *t)
{
    int running = 0;

    if (curl_multi_perform(t->multi, &running) != CURLM_OK) {
        tg_exchange_abort(t, CURLE_OUT_OF_MEMORY);
    }
    tg_exchange_collect(t);
    if (t->is_busy && !tg_transport_should_stop(t, TIGRESS_WANT_HTTP)) {
        pause_for(t);
    }
}

enum tigress_error tigress_transport_perform(struct tigress_transport *t)
{
    enum tigress_error error = TIGRESS_E_STATE;

    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (t->loop.is_started) {
        return TIGRESS_E_STATE;
    }
    tg_transport_begin_run(t, 0);
    error = tg_exchange_begin(t);
    if (error == TIGRESS_OK) {
        while (t->is_busy) {
            drive(t);
        }
        error = t->exchange_error;
    }
    return error;
}

enum tigress_want tigress_transport_run(struct tigress_transport *t, int64_t until_s)
{
    if (t == NULL || t->loop.is_started) {
        return TIGRESS_FAILED;
    }
    tg_transport_begin_run(t, until_s);
    while (!tg_transport_advance(t)) {
        if (t->is_busy) {
            drive(t);
        } else {
            pause_for(t);
        }
    }
    return t->want;
}
