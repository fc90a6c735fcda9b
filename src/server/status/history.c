/* SPDX-License-Identifier: Apache-2.0 */
#include "server/status/history.h"

#include "base/mem.h"

#include <string.h>

#define MINUTE_MS 60000u

static const struct {
    size_t slots;
    uint64_t step_ms;
} spans[TG_HISTORY_SPANS] = {
    [TG_HISTORY_HOUR] = { 60, MINUTE_MS },
    [TG_HISTORY_DAY] = { 144, (uint64_t)10 * MINUTE_MS },
};

/* A ring of samples, and the totals when its current step began. */
struct ring {
    struct tg_sample samples[TG_HISTORY_SAMPLES_MAX];
    size_t next, count;
    uint64_t from_mono_ms;
    struct tg_metrics_totals before;
};

struct tg_history {
    struct ring rings[TG_HISTORY_SPANS];
};

enum tg_err tg_history_new(struct tg_history **out, const struct tg_metrics *metrics,
                           uint64_t now_mono_ms)
{
    struct tg_history *h = tg_mem_calloc(1, sizeof(*h));

    if (h == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < TG_HISTORY_SPANS; i++) {
        h->rings[i].from_mono_ms = now_mono_ms;
        tg_metrics_total(&h->rings[i].before, metrics);
    }
    *out = h;
    return TG_OK;
}

void tg_history_free(struct tg_history **h)
{
    if (h != NULL && *h != NULL) {
        tg_mem_free(*h);
        *h = NULL;
    }
}

static uint32_t narrow(uint64_t v)
{
    return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX - 1;
}

static uint32_t gauge(const struct tg_metrics *m, enum tg_gauge g)
{
    int64_t v = tg_metrics_gauge_sum(m, g);

    return v > 0 ? narrow((uint64_t)v) : 0; /* read while workers count: it can be below zero */
}

static void take_requests(struct tg_sample *s, const struct tg_metrics_totals *now,
                          const struct tg_metrics_totals *before)
{
    uint64_t classes[TG_HISTORY_CLASSES] = { 0 };

    for (size_t call = 0; call < TG_METRICS_CALLS; call++) {
        uint64_t sum = 0;

        for (size_t class = 0; class < TG_METRICS_CLASSES; class ++) {
            uint64_t n = now->requests[call][class] - before->requests[call][class];

            sum += n;
            classes[class == 4   ? TG_HISTORY_FAILED
                    : class == 3 ? TG_HISTORY_REFUSED
                                 : TG_HISTORY_DONE] += n;
        }
        s->calls[call] = narrow(sum);
    }
    for (size_t i = 0; i < TG_HISTORY_CLASSES; i++) {
        s->classes[i] = narrow(classes[i]);
    }
}

/* The latency that `percent` of the requests did not exceed, evenly spread inside its bucket. */
static uint32_t percentile(const uint64_t counts[TG_METRICS_BUCKETS + 1], uint64_t total,
                           unsigned percent)
{
    uint64_t want = (total * percent + 99) / 100;
    uint64_t below = 0;
    uint64_t low_us = 0;

    for (size_t i = 0; total > 0 && i < TG_METRICS_BUCKETS; i++) {
        uint64_t high_us = tg_metrics_bucket_us(i);

        if (below + counts[i] >= want) {
            return (uint32_t)(low_us + (high_us - low_us) * (want - below) / counts[i]);
        }
        below += counts[i];
        low_us = high_us;
    }
    return total > 0 ? (uint32_t)low_us : TG_HISTORY_NO_LATENCY;
}

static void take_latency(struct tg_sample *s, const struct tg_metrics_totals *now,
                         const struct tg_metrics_totals *before)
{
    uint64_t counts[TG_METRICS_BUCKETS + 1];
    uint64_t total = 0;

    for (size_t i = 0; i < TG_COUNT(counts); i++) {
        counts[i] = now->buckets[i] - before->buckets[i];
        total += counts[i];
    }
    s->p50_us = percentile(counts, total, 50);
    s->p99_us = percentile(counts, total, 99);
}

static void add_to(struct ring *r, size_t slots, const struct tg_metrics *m,
                   const struct tg_metrics_totals *now, uint64_t mailboxes, uint64_t now_mono_ms)
{
    struct tg_sample *s = &r->samples[r->next];

    memset(s, 0, sizeof(*s));
    s->seconds = narrow((now_mono_ms - r->from_mono_ms) / 1000);
    take_requests(s, now, &r->before);
    take_latency(s, now, &r->before);
    s->pushes = narrow(now->pushes_taken - r->before.pushes_taken);
    s->mailboxes = narrow(mailboxes);
    s->connections = gauge(m, TG_GAUGE_CONNECTIONS);
    s->long_polls = gauge(m, TG_GAUGE_LONG_POLLS);
    r->next = (r->next + 1) % slots;
    r->count += r->count < slots ? 1 : 0;
    r->from_mono_ms = now_mono_ms;
    r->before = *now;
}

bool tg_history_is_due(const struct tg_history *h, uint64_t now_mono_ms)
{
    return h != NULL &&
           now_mono_ms >= h->rings[TG_HISTORY_HOUR].from_mono_ms + spans[TG_HISTORY_HOUR].step_ms;
}

void tg_history_add(struct tg_history *h, const struct tg_metrics *metrics, uint64_t mailboxes,
                    uint64_t now_mono_ms)
{
    struct tg_metrics_totals now;

    tg_metrics_total(&now, metrics);
    for (size_t i = 0; i < TG_HISTORY_SPANS; i++) {
        if (now_mono_ms >= h->rings[i].from_mono_ms + spans[i].step_ms) {
            add_to(&h->rings[i], spans[i].slots, metrics, &now, mailboxes, now_mono_ms);
        }
    }
}

size_t tg_history_slots(enum tg_history_span span)
{
    return spans[span].slots;
}

size_t tg_history_count(const struct tg_history *h, enum tg_history_span span)
{
    return h->rings[span].count;
}

const struct tg_sample *tg_history_at(const struct tg_history *h, enum tg_history_span span,
                                      size_t index)
{
    const struct ring *r = &h->rings[span];
    size_t slots = spans[span].slots;

    return &r->samples[(r->next + slots - 1 - index) % slots];
}
