/* SPDX-License-Identifier: Apache-2.0 */
/* A day of a busy relay, made up: the load follows a curve, with a peak in the last hour. */
#ifndef TG_TESTS_STATUS_DAY_H
#define TG_TESTS_STATUS_DAY_H

#include "server/status/page.h"

#define MINUTE_MS 60000u

struct day {
    struct tg_metrics *metrics;
    struct tg_metrics_block *block;
    struct tg_history *history;
    struct tg_metrics_now now;
    uint64_t mono_ms, mailboxes;
};

static inline void day_begin(struct day *d)
{
    *d = (struct day){ .mono_ms = 1000 };
    assert_int_equal(tg_metrics_new(&d->metrics, 2), TG_OK);
    d->block = tg_metrics_block(d->metrics, 1);
    assert_int_equal(tg_history_new(&d->history, d->metrics, d->mono_ms), TG_OK);
}

static inline void day_end(struct day *d)
{
    tg_history_free(&d->history);
    tg_metrics_free(&d->metrics);
}

/* A minute passes in which each call was answered n times, scaled by its share, in us each. */
static inline void day_minute(struct day *d, unsigned n, uint64_t us)
{
    static const unsigned shares[] = {
        [TG_CALL_CREATE] = 10, [TG_CALL_PREVIEW] = 30, [TG_CALL_READ] = 40,
        [TG_CALL_UPDATE] = 12, [TG_CALL_DELETE] = 8,   [TG_CALL_RELINQUISH] = 1
    };

    for (int call = 0; call < (int)TG_COUNT(shares); call++) {
        for (unsigned i = 0; i < n * shares[call] / 100; i++) {
            unsigned status = i % 23 == 22 ? 404 : i % 211 == 210 ? 503 : 200;

            tg_metrics_request(d->block, call, status, i % 50 == 49 ? us * 8 : us + i % 7 * us / 5);
        }
    }
    d->mono_ms += MINUTE_MS;
    if (tg_history_is_due(d->history, d->mono_ms)) {
        tg_history_add(d->history, d->metrics, d->mailboxes, d->mono_ms);
    }
}

static inline void day_pass(struct day *d)
{
    for (unsigned minute = 0; minute < 1440; minute++) {
        unsigned hour = minute / 60;
        unsigned curve = hour < 7    ? 120
                         : hour < 12 ? 120 + (minute - 420) * 4
                                     : 1320 - (hour - 12) * 60;
        unsigned peak = minute > 1410 && minute < 1422 ? 1500 : 0;

        d->mailboxes = 80000 + minute * 40 - (minute > 900 ? (minute - 900) * 55 : 0);
        tg_metrics_gauge_add(d->block, TG_GAUGE_CONNECTIONS,
                             (int64_t)(curve * 3) -
                                 tg_metrics_gauge_sum(d->metrics, TG_GAUGE_CONNECTIONS));
        tg_metrics_gauge_add(d->block, TG_GAUGE_LONG_POLLS,
                             (int64_t)(curve * 2) -
                                 tg_metrics_gauge_sum(d->metrics, TG_GAUGE_LONG_POLLS));
        for (unsigned i = 0; i < curve / 5; i++) {
            tg_metrics_push(d->block, i % 3 == 0 ? TG_PUSH_FCM : TG_PUSH_APNS,
                            i % 40 == 39 ? TG_PUSH_RESULT_RETRY : TG_PUSH_RESULT_TAKEN);
        }
        day_minute(d, curve + peak + minute % 7 * 20, peak > 0 ? 900 : 210 + minute % 5 * 9);
    }
    tg_metrics_count_n(d->block, TG_COUNTER_REFUSED_RATE, 1312);
    tg_metrics_count_n(d->block, TG_COUNTER_REFUSED_SYNTAX, 87);
    tg_metrics_count_n(d->block, TG_COUNTER_REFUSED_HANDSHAKES, 20433);
}

/* What the page says of it. */
static inline struct tg_status day_status(struct day *d)
{
    struct tg_status s = {
        .public_url = "https://relay.example",
        .version = "0.1.0",
        .store = "LMDB",
        .now_s = 1893456000,
        .worker_count = 4,
        .is_alive = true,
        .metrics = d->metrics,
        .now = &d->now,
        .history = d->history,
        .is_push_on = { [TG_PUSH_APNS] = true, [TG_PUSH_FCM] = true },
        .limit_count = 4,
        .limits = { { "mailboxes-max", TG_STATUS_COUNT, 107900, 1000000 },
                    { "store-bytes-max", TG_STATUS_BYTES, 14495514624, 17179869184 },
                    { "spent-tokens-max", TG_STATUS_COUNT, 12, 0 },
                    { "memory-max", TG_STATUS_BYTES, 519569408, 536870912 } },
    };

    d->now = (struct tg_metrics_now){
        .store = { .live_count = 107900,
                   .live_bytes = 14495514624,
                   .ended_count = 390124,
                   .outbox_count = 37,
                   .disk_used = 31138512896,
                   .disk_free = 220117073920 },
        .is_store_ready = true,
        .sweep_behind_s = 4,
        .start_s = 1893456000 - 20 * 86400 - 7300,
        .cert_not_after_s = 1893456000 + 61 * 86400,
        .memory_used = 519569408,
        .has_push = true,
        .is_push_up = true,
    };
    return s;
}

#endif
