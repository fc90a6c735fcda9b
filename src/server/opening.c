/* SPDX-License-Identifier: Apache-2.0 */
#include "server/opening.h"

#include "server/standing_start.h"
#include "server/time/start.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define TEXT_MAX (64u * 1024u)
#define FIRST_MS 5000u /* the start waits so long for a step before the relay listens */
#define PAUSE_MIN_MS 100u
#define PAUSE_MAX_MS 2000u
#define PATIENCE_MIN_MS 15000u
#define PATIENCE_MAX_MS 600000u

/* ---- the steps ------------------------------------------------------------------------------ */

/* The store knows at which time the relay has decided last. */
static enum tg_err start_clock(struct tg_opening *o, struct tg_startup_failure *failure)
{
    enum tg_time_accept accept =
        o->config->must_accept_clock ? TG_TIME_ACCEPT_CLOCK : TG_TIME_AS_KEPT;
    enum tg_err err = TG_E_BUG;
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    TG_TRY(tg_time_begin(&o->clock, o->storage.store, accept, &text, &failure->fault,
                         &failure->advice));
    tg_startup_print(&text);
out:
    tg_buf_deinit(&text);
    return err;
}

static enum tg_err open_store(struct tg_opening *o, struct tg_startup_failure *failure)
{
    enum tg_err err = TG_E_BUG;

    o->storage = (struct tg_storage){ .patience_ms = o->patience_ms };
    err = tg_storage_open(&o->storage, o->config, o->log, &failure->fault);
    failure->path = err != TG_OK ? o->storage.path : NULL;
    failure->advice = o->storage.advice;
    return err != TG_OK ? err : start_clock(o, failure);
}

static enum tg_err open_rest(struct tg_opening *o, struct tg_startup_failure *failure)
{
    enum tg_err err = tg_standing_start(o->standing, o->storage.store, &o->clock, &failure->fault,
                                        &failure->advice);

    return err != TG_OK || o->refusals == NULL ? err
                                               : tg_refusals_load(o->refusals, o->storage.store);
}

/* Whether a later attempt may succeed although nobody mends anything. */
static bool is_passing(const struct tg_opening *o, enum tg_err err)
{
    bool is_unreachable = err == TG_E_IO && o->storage.store == NULL;

    return o->config->store_kind == TG_STORE_POSTGRES &&
           (is_unreachable || err == TG_E_STORE || err == TG_E_CONFLICT);
}

static enum tg_err attempt(struct tg_opening *o, enum tg_opening_step step,
                           struct tg_startup_failure *failure, bool *is_refused)
{
    enum tg_err err = TG_E_BUG;

    *failure = (struct tg_startup_failure){ .path = NULL };
    err = step == TG_OPENING_STORE ? open_store(o, failure) : open_rest(o, failure);
    *is_refused = err != TG_OK && !is_passing(o, err);
    if (err != TG_OK && !*is_refused) {
        tg_fault_set(&failure->fault, "the database does not answer");
    }
    if (err != TG_OK && step == TG_OPENING_STORE && o->config->store_kind == TG_STORE_POSTGRES) {
        tg_storage_close(&o->storage);
    }
    return err;
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* An operator reads it once for each change. */
static void report(const struct tg_opening *o, const struct tg_startup_failure *failure,
                   bool is_refused)
{
    tg_startup_report("not ready", failure);
    TG_LOG(o->log, is_refused ? TG_LOG_ERROR : TG_LOG_WARNING, "store.not_open",
           { "refused", is_refused ? 1 : 0 });
}

static bool is_news(const struct tg_opening *o, const struct tg_startup_failure *failure)
{
    return o->failure_count == 0 || !tg_bytes_is_equal(tg_bytes_str(failure->fault.text),
                                                       tg_bytes_str(o->failure.fault.text));
}

/* What main waits for, main reports. */
static void take_failure(struct tg_opening *o, const struct tg_startup_failure *failure,
                         bool is_refused)
{
    if (!o->is_awaited && is_news(o, failure)) {
        report(o, failure, is_refused);
    }
    o->failure = *failure;
    o->is_refused = is_refused;
    o->failure_count++;
}

/* A connection that waits for a standby is not left soon: the server keeps its session. */
static void take_time(struct tg_opening *o, uint64_t spent_ms)
{
    if (spent_ms >= o->patience_ms && o->patience_ms < PATIENCE_MAX_MS) {
        o->patience_ms *= 2;
    }
}

static uint64_t pause_ms(unsigned failure_count)
{
    uint64_t ms = PAUSE_MIN_MS;

    for (unsigned i = 1; i < failure_count && ms < PAUSE_MAX_MS; i++) {
        ms *= 2;
    }
    return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

/* Until the state has changed, or for so long. Under the lock. */
static void wait_change(struct tg_opening *o, uint64_t wait_ms)
{
    struct timespec at = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += (time_t)(wait_ms / 1000);
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&o->changed, &o->lock, &at);
}

static void *run(void *ctx)
{
    struct tg_opening *o = ctx;

    (void)pthread_mutex_lock(&o->lock);
    while (o->done_count < TG_OPENING_STEPS) {
        struct tg_startup_failure failure;
        uint64_t from_ms = tg_clock_mono_ms();
        bool is_refused = false;
        enum tg_err err = TG_E_BUG;

        if (o->done_count == o->wanted_count) {
            (void)pthread_cond_wait(&o->changed, &o->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&o->lock);
        err = attempt(o, (enum tg_opening_step)o->done_count, &failure, &is_refused);
        (void)pthread_mutex_lock(&o->lock);
        if (err == TG_OK) {
            o->done_count++;
            o->failure_count = 0;
        } else {
            take_failure(o, &failure, is_refused);
            take_time(o, tg_clock_mono_ms() - from_ms);
        }
        (void)pthread_cond_broadcast(&o->changed);
        if (err != TG_OK) {
            wait_change(o, pause_ms(o->failure_count));
        }
    }
    (void)pthread_mutex_unlock(&o->lock);
    return NULL;
}

/* Signals are main's. */
static bool start_thread(struct tg_opening *o)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;

    if (!o->has_thread) {
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        o->has_thread = pthread_create(&thread, NULL, run, o) == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (o->has_thread) {
            (void)pthread_detach(thread); /* it may wait for a database when the relay ends */
        }
    }
    return o->has_thread;
}

/* ---- main's --------------------------------------------------------------------------------- */

enum tg_err tg_opening_init(struct tg_opening *o, const struct tg_config *config,
                            const struct tg_log *log)
{
    enum tg_err err = TG_E_BUG;

    *o = (struct tg_opening){ .config = config, .log = log, .patience_ms = PATIENCE_MIN_MS };
    TG_TRY(tg_clock_init(&o->clock, log));
    TG_REQUIRE(pthread_mutex_init(&o->lock, NULL) == 0, TG_E_NOMEM);
    TG_REQUIRE(pthread_cond_init(&o->changed, NULL) == 0, TG_E_NOMEM);
    err = TG_OK;
out:
    return err;
}

/* Waits for the first outcome of the step. Under the lock. */
static enum tg_err wait_step(struct tg_opening *o, enum tg_opening_step step,
                             struct tg_startup_failure *failure)
{
    uint64_t end_ms = tg_clock_mono_ms() + FIRST_MS;
    uint64_t now_ms = tg_clock_mono_ms();

    o->is_awaited = true;
    while (o->done_count <= (unsigned)step && o->failure_count == 0 && now_ms < end_ms) {
        wait_change(o, end_ms - now_ms);
        now_ms = tg_clock_mono_ms();
    }
    o->is_awaited = false;
    if (o->done_count > (unsigned)step) {
        return TG_OK;
    }
    if (o->failure_count == 0) {
        tg_fault_set(&o->failure.fault, "the database does not answer");
    }
    if (o->failure_count > 0 && o->is_refused) {
        *failure = o->failure;
        return TG_E_DENIED;
    }
    report(o, &o->failure, false);
    return TG_OK;
}

enum tg_err tg_opening_run(struct tg_opening *o, enum tg_opening_step step,
                           struct tg_startup_failure *failure)
{
    enum tg_err err = TG_OK;
    bool is_refused = false;

    if (o->config->store_kind != TG_STORE_POSTGRES) {
        err = attempt(o, step, failure, &is_refused);
        o->done_count += err == TG_OK ? 1 : 0;
        return err;
    }
    (void)pthread_mutex_lock(&o->lock);
    o->wanted_count = step + 1u;
    (void)pthread_cond_broadcast(&o->changed);
    if (!start_thread(o)) {
        err = TG_E_NOMEM;
    } else if (o->done_count >= (unsigned)step) { /* otherwise an earlier step is tried on */
        err = wait_step(o, step, failure);
    }
    (void)pthread_mutex_unlock(&o->lock);
    return err;
}

bool tg_opening_is_done(struct tg_opening *o)
{
    bool is_done = false;

    (void)pthread_mutex_lock(&o->lock);
    is_done = o->done_count == TG_OPENING_STEPS;
    (void)pthread_mutex_unlock(&o->lock);
    return is_done;
}

void tg_opening_explain(struct tg_opening *o, struct tg_fault *out)
{
    (void)pthread_mutex_lock(&o->lock);
    *out = o->failure.fault;
    (void)pthread_mutex_unlock(&o->lock);
}
