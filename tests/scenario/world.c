/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/mem.h"
#include "relay/outbox_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_TEXT_MAX 8192u
#define BOOT_MS 5000000 /* how long the machine has run when a run begins */
#define LOOK_EVERY_S 10

static enum tg_err count_up(void *ctx, uint8_t *out, size_t len)
{
    struct world *w = ctx;

    for (size_t i = 0; i < len; i++) {
        w->random_state = w->random_state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(w->random_state >> 56);
    }
    return TG_OK;
}

static void wake(void *ctx, const struct tg_store_key *key)
{
    struct world *w = ctx;

    w->notified_count++;
    for (size_t i = 0; i < WORLD_SLOTS && !w->is_deaf; i++) {
        struct world_slot *slot = &w->slots[i];

        if (slot->is_waiting && slot->exchange != NULL &&
            memcmp(&slot->key, key, sizeof(*key)) == 0) {
            tg_exchange_resume(slot->exchange, w->now, TG_RESUME_CHANGED);
        }
    }
}

static void push_queued(void *ctx)
{
    struct world *w = ctx;

    w->queued_count++;
}

static enum tg_can_push can_push(const void *ctx, const struct tg_notification_token *token,
                                 int64_t now_s)
{
    const struct world *w = ctx;

    (void)now_s;
    return w->push_type[0] != '\0' && tg_bytes_is_equal(token->type, tg_bytes_str(w->push_type))
               ? TG_CAN_PUSH_YES
               : TG_CAN_PUSH_NO;
}

static void look(struct world *w)
{
    struct tg_time_report report;

    tg_timekeeper_observe(&w->keeper, &w->clocks, w->now.low_s, &report);
    w->now = tg_time_view_at(&report.view, 0);
}

static void begin_run(struct world *w, const struct tg_time_kept *kept)
{
    w->clocks.boot_ms = BOOT_MS;
    if (tg_timekeeper_start(&w->keeper, &w->clocks, kept, 0) != TG_TIME_START_OK) {
        abort();
    }
    w->now.low_s = 0;
    look(w);
}

void world_set_clock(struct world *w, int64_t now_s)
{
    w->clocks.wall_ms = now_s * 1000;
    begin_run(w, &(struct tg_time_kept){ .has_mark = false });
}

void world_pass(struct world *w, int64_t seconds)
{
    while (seconds > 0) {
        int64_t step_s = seconds < LOOK_EVERY_S ? seconds : LOOK_EVERY_S;

        w->clocks.wall_ms += step_s * 1000;
        w->clocks.boot_ms += step_s * 1000;
        seconds -= step_s;
        look(w);
    }
}

void world_leap(struct world *w, int64_t seconds)
{
    w->clocks.wall_ms += seconds * 1000;
    look(w);
}

void world_restart(struct world *w)
{
    struct tg_time_kept kept = tg_timekeeper_keep(&w->keeper);

    kept.is_complete = true;
    begin_run(w, &kept);
}

/* Everybody may have everything, and is asked as by a server. */
static struct tg_refusal pay(void *ctx, void *ops_ctx, enum tg_cost cost,
                             const struct tg_record_size *size)
{
    (void)ctx;
    (void)ops_ctx;
    (void)cost;
    (void)size;
    return (struct tg_refusal){ .status = 0 };
}

void world_init(struct world *w)
{
    world_init_with(w, FAKE_STORE_RUNS_ONCE);
}

void world_init_with(struct world *w, enum fake_store_runs runs)
{
    memset(w, 0, sizeof(*w));
    world_set_clock(w, 1893456000); /* 2030-01-01 */
    w->rng = (struct tg_rng){ count_up, w };
    w->store = fake_store_open(runs);
    w->config = (struct tg_relay_config){ .limits = TG_WIRE_LIMITS_DEFAULT,
                                          .public_url = "https://relay.example",
                                          .expiration_default_s = 48 * 3600,
                                          .expiration_max_s = 30 * 86400,
                                          .wait_cap_s = TG_WAIT_CAP_S_DEFAULT,
                                          .cors_origin = "*",
                                          .is_https = true,
                                          .can_push = can_push,
                                          .can_push_ctx = w };
    w->hooks = (struct tg_relay_hooks){
        .changed = wake, .push_queued = push_queued, .pay = pay, .ctx = w
    };
    if (tg_keyring_generate(&w->keyring, &w->rng) != TG_OK ||
        tg_relay_new(&w->relay, &w->config, &w->keyring, w->store, fake_store_port(w->store),
                     &w->rng, &w->hooks) != TG_OK) {
        abort();
    }
}

void world_deinit(struct world *w)
{
    fake_store_fail_with(w->store, TG_OK);
    fake_store_hold(w->store, false);
    fake_store_slow_reads(w->store, false);
    for (size_t i = 0; i < WORLD_SLOTS; i++) {
        world_release(&w->slots[i]);
    }
    fake_store_pump(w->store);
    tg_relay_free(&w->relay);
    fake_store_close(&w->store);
    tg_keyring_wipe(&w->keyring);
}

static void copy(struct tg_buf *to, struct tg_bytes from)
{
    tg_buf_clear(to);
    tg_buf_append(to, from);
    if (tg_buf_status(to) != TG_OK) {
        abort();
    }
}

static void on_respond(void *ctx, const struct tg_http_response *response)
{
    struct world_slot *slot = ctx;

    slot->answer_count++;
    slot->exchange = NULL;
    slot->is_waiting = false;
    slot->status = response->status;
    slot->call = response->call;
    slot->is_head = response->is_head;
    slot->must_close = response->must_close;
    slot->header_count = response->header_count;
    for (size_t i = 0; i < response->header_count; i++) {
        copy(&slot->names[i], response->headers[i].name);
        copy(&slot->values[i], response->headers[i].value);
    }
    copy(&slot->body, response->body);
}

static void on_wait(void *ctx, struct tg_exchange *exchange, const struct tg_store_key *key,
                    uint64_t wait_ms)
{
    struct world_slot *slot = ctx;

    slot->exchange = exchange;
    slot->is_waiting = true;
    slot->key = *key;
    slot->wait_ms = wait_ms;
    if (slot->world->in_wait != NULL) {
        void (*in_wait)(void *) = slot->world->in_wait;

        slot->world->in_wait = NULL;
        in_wait(slot->world->in_wait_ctx);
    }
}

static const struct tg_exchange_ops exchange_ops = { .respond = on_respond, .wait = on_wait };

static void init_slot(struct world_slot *slot, struct world *w)
{
    memset(slot, 0, sizeof(*slot));
    slot->world = w;
    slot->is_used = true;
    for (size_t i = 0; i < TG_RESPONSE_HEADERS_MAX; i++) {
        tg_buf_init(&slot->names[i], HEADER_TEXT_MAX);
        tg_buf_init(&slot->values[i], HEADER_TEXT_MAX);
    }
    tg_buf_init(&slot->body, TG_RESPONSE_BODY_MAX);
}

struct push_round {
    struct world *w;
    enum tg_outbox_verdict verdict;
    int64_t due_s;
};

static void ignore_settled(void *ctx, enum tg_err err)
{
    (void)ctx;
    if (err != TG_OK) {
        abort();
    }
}

static void push_one(struct push_round *round, const struct tg_outbox_entry *entry)
{
    struct world *w = round->w;
    struct tg_notification_token token;
    struct tg_buf plain;
    size_t len = strlen(w->pushed);

    tg_buf_init(&plain, TG_OUTBOX_ENTRY_PLAIN_MAX);
    if (tg_outbox_entry_open(&plain, &token, &w->keyring, &entry->key, entry->sealed) != TG_OK) {
        abort();
    }
    (void)snprintf(w->pushed + len, sizeof(w->pushed) - len, "%s%.*s", len == 0 ? "" : ",",
                   (int)token.token_data.len, (const char *)token.token_data.ptr);
    tg_buf_deinit(&plain);
    w->store->ops->settle(fake_store_port(w->store), &entry->key, entry->generation, round->verdict,
                          round->due_s, ignore_settled, NULL);
}

static void push_leased(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                        size_t count, int64_t next_due_s)
{
    (void)next_due_s;
    if (err != TG_OK) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        push_one(ctx, &entries[i]);
    }
}

const char *world_push(struct world *w, enum tg_outbox_verdict verdict, int64_t due_s)
{
    struct push_round round = { w, verdict, due_s };

    w->pushed[0] = '\0';
    w->store->ops->lease(fake_store_port(w->store), w->now.low_s, w->now.low_s + 60,
                         TG_OUTBOX_LEASE_MAX, push_leased, &round);
    fake_store_pump(w->store);
    return w->pushed[0] == '\0' ? "none" : w->pushed;
}

unsigned world_refuse(struct world_slot *slot, unsigned status, const char *detail,
                      unsigned retry_after_s, const char *request_id)
{
    struct tg_asker asker = { .has_language = false };

    tg_asker_take(&asker, TG_LIT("mailbox-request-id"), tg_bytes_str(request_id));
    return world_refuse_as(slot, &(struct tg_refusal){ .status = status,
                                                       .detail = detail,
                                                       .retry_after_s = retry_after_s,
                                                       .asker = &asker });
}

unsigned world_refuse_as(struct world_slot *slot, const struct tg_refusal *refusal)
{
    init_slot(slot, slot->world);
    tg_relay_refuse(slot->world->relay, refusal, &exchange_ops, slot);
    return slot->status;
}

static struct world_slot *take_slot(struct world *w)
{
    for (size_t i = 0; i < WORLD_SLOTS; i++) {
        struct world_slot *slot = &w->slots[i];

        if (!slot->is_used) {
            init_slot(slot, w);
            return slot;
        }
    }
    abort();
}

struct world_slot *world_request(struct world *w, const struct tg_http_request *request)
{
    struct world_slot *slot = take_slot(w);
    struct tg_exchange *exchange = tg_relay_begin(w->relay, request, w->now, &exchange_ops, slot);

    if (slot->answer_count == 0) {
        slot->exchange = exchange;
    } else if (exchange != NULL) {
        abort(); /* answered, and still returned by tg_relay_begin */
    }
    if (!w->is_manual) {
        fake_store_pump(w->store);
    }
    return slot;
}

void world_release(struct world_slot *slot)
{
    if (!slot->is_used) {
        return;
    }
    if (slot->exchange != NULL) {
        tg_exchange_cancel(slot->exchange);
        slot->exchange = NULL;
    }
    for (size_t i = 0; i < TG_RESPONSE_HEADERS_MAX; i++) {
        tg_buf_deinit(&slot->names[i]);
        tg_buf_deinit(&slot->values[i]);
    }
    tg_buf_deinit(&slot->body);
    slot->is_used = false;
    slot->is_waiting = false;
}

const struct tg_buf *world_header(const struct world_slot *slot, const char *name)
{
    for (size_t i = 0; i < slot->header_count; i++) {
        if (tg_bytes_is_equal(tg_buf_view(&slot->names[i]), tg_bytes_str(name))) {
            return &slot->values[i];
        }
    }
    return NULL;
}
