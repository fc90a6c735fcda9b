/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/window.h"

#include "base/mem.h"
#include "server/pushlink/now.h"

#define SLOT_BITS 10u
#define DISPUTED_WAIT_S 60

_Static_assert(TG_PUSH_WINDOW == 1u << SLOT_BITS, "a slot's number is the low bits of a job's id");

/* Long enough for a full window of requests to one provider that all time out, each sent twice. */
static uint64_t lease_time_s(const struct tg_push_settings *settings)
{
    uint64_t rounds = 2u + TG_PUSH_WINDOW / settings->concurrency;

    return 2u * rounds * settings->request_timeout_s;
}

void tg_push_window_init(struct tg_push_window *w, const struct tg_push_link_setup *setup,
                         const struct tg_push_settings *settings)
{
    w->setup = *setup;
    w->settings = *settings;
    w->lease_s = lease_time_s(settings);
    tg_clock_hand_init(&w->hand, setup->clock);
    tg_push_window_tick(w);
    for (size_t i = 0; i < TG_PUSH_WINDOW; i++) {
        w->slots[i].window = w;
        tg_buf_init(&w->slots[i].message, TG_PUSH_IPC_MAX);
        w->free_slots[i] = (uint16_t)(TG_PUSH_WINDOW - 1u - i);
    }
    w->free_count = TG_PUSH_WINDOW;
    tg_buf_init(&w->scratch, TG_OUTBOX_SEALED_MAX);
}

void tg_push_window_deinit(struct tg_push_window *w)
{
    for (size_t i = 0; i < TG_PUSH_WINDOW; i++) {
        tg_buf_deinit(&w->slots[i].message);
    }
    tg_buf_deinit(&w->scratch);
}

void tg_push_window_tick(struct tg_push_window *w)
{
    w->credit = TG_PUSH_WINDOW;
    w->wants_lease = true;
}

/* ---- back to the store ---- */

/* A finished push makes room for two. A postponed push makes none: else the backlog of a provider
   that is down would be leased and postponed again and again, as fast as the store can write. */
static void earn(struct tg_push_window *w, enum tg_push_result result)
{
    if (result != TG_PUSH_RESULT_RETRY && w->credit + 2 <= TG_PUSH_WINDOW) {
        w->credit += 2;
    }
}

static void on_settled(void *ctx, enum tg_err err)
{
    struct tg_push_slot *slot = ctx;
    struct tg_push_window *w = slot->window;

    if (err != TG_OK) {
        TG_LOG(w->setup.log, TG_LOG_WARNING, "push.settle_failed", { "error", (int64_t)err });
    }
    slot->state = TG_SLOT_FREE;
    w->free_slots[w->free_count++] = (uint16_t)(slot - w->slots);
    w->wants_lease = w->wants_lease || w->is_last;
}

static void settle(struct tg_push_slot *slot, enum tg_outbox_verdict verdict, int64_t due_s)
{
    struct tg_push_window *w = slot->window;

    tg_buf_clear(&slot->message);
    slot->holder = NULL;
    slot->state = TG_SLOT_SETTLING;
    w->setup.store->ops->settle(w->port, &slot->key, slot->generation, verdict, due_s, on_settled,
                                slot);
}

/* The wait is what counts: the time by which entries are due may stand still. */
static int64_t due_of(struct tg_push_window *w, const struct tg_push_ipc_outcome *outcome)
{
    int64_t now_s = tg_push_now_s(&w->hand);
    int64_t wait_s = outcome->retry_at_s - tg_clock_likely_s(&w->hand, tg_push_now_ms());

    return wait_s > 0 ? now_s + wait_s : now_s;
}

bool tg_push_window_settle(struct tg_push_window *w, const void *holder,
                           const struct tg_push_ipc_outcome *outcome)
{
    static const enum tg_outbox_verdict verdicts[TG_PUSH_RESULT_COUNT] = {
        [TG_PUSH_RESULT_TAKEN] = TG_OUTBOX_DONE,
        [TG_PUSH_RESULT_DROPPED] = TG_OUTBOX_BLOCK,
        [TG_PUSH_RESULT_RETRY] = TG_OUTBOX_RETRY,
        [TG_PUSH_RESULT_GIVEN_UP] = TG_OUTBOX_DONE,
    };
    struct tg_push_slot *slot = &w->slots[outcome->id & (TG_PUSH_WINDOW - 1u)];

    if (slot->state != TG_SLOT_SENT || slot->id != outcome->id || slot->holder != holder) {
        return false;
    }
    tg_metrics_push(w->setup.metrics, outcome->provider, outcome->result);
    if (outcome->result == TG_PUSH_RESULT_DROPPED) {
        tg_refusals_add(w->setup.refusals, &slot->key, outcome->good_after_s, slot->expires_s);
    }
    earn(w, outcome->result);
    settle(slot, verdicts[outcome->result], due_of(w, outcome));
    return true;
}

void tg_push_window_release(struct tg_push_window *w, const void *holder, int64_t now_s)
{
    while (holder == NULL && w->waiting_at < w->waiting_count) {
        settle(w->waiting[w->waiting_at++], TG_OUTBOX_RETRY, now_s);
    }
    for (size_t i = 0; i < TG_PUSH_WINDOW && holder != NULL; i++) {
        struct tg_push_slot *slot = &w->slots[i];

        if (slot->state == TG_SLOT_SENT && slot->holder == holder) {
            settle(slot, TG_OUTBOX_RETRY, now_s);
        }
    }
}

/* ---- from the store ---- */

static struct tg_push_slot *take_slot(struct tg_push_window *w, const struct tg_outbox_entry *entry)
{
    struct tg_push_slot *slot = &w->slots[w->free_slots[--w->free_count]];

    slot->id = (++w->id_count << SLOT_BITS) | (uint64_t)(slot - w->slots);
    slot->key = entry->key;
    slot->generation = entry->generation;
    slot->expires_s = entry->expires_s;
    slot->state = TG_SLOT_WAITING;
    return slot;
}

/* The message for one entry. */
static enum tg_err make_message(struct tg_push_slot *slot, const struct tg_outbox_entry *entry)
{
    struct tg_push_window *w = slot->window;
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_JOB };
    struct tg_push_ipc_job *job = &msg.of.job;
    enum tg_err err = TG_E_BUG;

    TG_TRY(w->setup.open(w->setup.open_ctx, job, &w->scratch, entry));
    TG_REQUIRE(tg_push_can_send(&w->settings, job->token_type, job->token_topic, job->token_data),
               TG_E_UNSUPPORTED);
    job->id = slot->id;
    job->now_s = tg_clock_likely_s(&w->hand, tg_push_now_ms());
    TG_TRY(tg_push_ipc_encode(&slot->message, &msg));
out:
    tg_mem_wipe(&msg, sizeof(msg));
    tg_buf_clear(&w->scratch);
    return err;
}

/* Whether the entry has expired by the time of the push process, but not by both times of the
   relay: it is kept until it has, or until the clock is right again. */
static bool is_disputed(struct tg_push_window *w, const struct tg_outbox_entry *entry)
{
    return entry->expires_s <= tg_clock_likely_s(&w->hand, tg_push_now_ms());
}

/* A minute later, but before it is removed as expired. */
static int64_t due_again_s(struct tg_push_window *w, const struct tg_outbox_entry *entry)
{
    int64_t due_s = tg_push_now_s(&w->hand) + DISPUTED_WAIT_S;

    return due_s < entry->expires_s ? due_s : entry->expires_s - 1;
}

/* Without memory or a process the entry is tried again later. After any other error it can never
   become a push. */
static void take_entry(struct tg_push_window *w, const struct tg_outbox_entry *entry)
{
    struct tg_push_slot *slot = take_slot(w, entry);
    enum tg_err err = TG_E_NOMEM;

    if (is_disputed(w, entry)) {
        settle(slot, TG_OUTBOX_RETRY, due_again_s(w, entry));
        return;
    }
    if (w->is_open) {
        err = make_message(slot, entry);
    }

    if (err == TG_OK) {
        w->waiting[w->waiting_count++] = slot;
    } else if (err == TG_E_NOMEM) {
        settle(slot, TG_OUTBOX_RETRY, tg_push_now_s(&w->hand));
    } else {
        tg_metrics_count(w->setup.metrics, TG_COUNTER_PUSH_LOST);
        settle(slot, TG_OUTBOX_DONE, 0);
    }
}

static void on_leased(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                      size_t count, int64_t next_due_s)
{
    struct tg_push_window *w = ctx;

    w->is_leasing = false;
    if (err != TG_OK && !w->has_reported_failure) {
        TG_LOG(w->setup.log, TG_LOG_WARNING, "push.lease_failed", { "error", (int64_t)err });
    }
    w->has_reported_failure = err != TG_OK;
    if (err != TG_OK) {
        return;
    }
    /* Without entries the next due time may be the end of one of our leases: the next tick looks
     * again. */
    w->wants_lease = w->wants_lease || (count > 0 && next_due_s <= tg_push_now_s(&w->hand));
    w->credit -= count < w->credit ? count : w->credit;
    for (size_t i = 0; i < count; i++) {
        take_entry(w, &entries[i]);
    }
}

void tg_push_window_lease(struct tg_push_window *w, int64_t now_s)
{
    size_t max = w->free_count < TG_PUSH_BATCH ? w->free_count : TG_PUSH_BATCH;

    max = w->credit < max ? w->credit : max;
    if (!w->is_open || !w->wants_lease || w->is_leasing || max == 0 ||
        w->waiting_at < w->waiting_count) {
        return;
    }
    w->waiting_at = 0;
    w->waiting_count = 0;
    w->wants_lease = false;
    w->is_leasing = true;
    w->setup.store->ops->lease(w->port, now_s, now_s + (int64_t)w->lease_s, max, on_leased, w);
}

/* ---- to the socket ---- */

struct tg_push_slot *tg_push_window_next(const struct tg_push_window *w)
{
    return w->waiting_at < w->waiting_count ? w->waiting[w->waiting_at] : NULL;
}

void tg_push_window_sent(struct tg_push_window *w, const void *holder, uint64_t mono_ms)
{
    struct tg_push_slot *slot = w->waiting[w->waiting_at++];

    tg_buf_clear(&slot->message);
    slot->state = TG_SLOT_SENT;
    slot->holder = holder;
    slot->sent_mono_ms = mono_ms;
}

/* ---- queries ---- */

size_t tg_push_window_held(const struct tg_push_window *w, const void *holder)
{
    size_t count = 0;

    for (size_t i = 0; i < TG_PUSH_WINDOW; i++) {
        count += w->slots[i].state == TG_SLOT_SENT && w->slots[i].holder == holder ? 1 : 0;
    }
    return count;
}

bool tg_push_window_is_stuck(const struct tg_push_window *w, const void *holder, uint64_t mono_ms)
{
    for (size_t i = 0; i < TG_PUSH_WINDOW; i++) {
        const struct tg_push_slot *slot = &w->slots[i];

        if (slot->state == TG_SLOT_SENT && slot->holder == holder &&
            mono_ms - slot->sent_mono_ms > w->lease_s * 1000u) {
            return true;
        }
    }
    return false;
}

bool tg_push_window_is_idle(const struct tg_push_window *w)
{
    return w->free_count == TG_PUSH_WINDOW && !w->is_leasing;
}
