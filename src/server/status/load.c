/* SPDX-License-Identifier: Apache-2.0 */
#include "server/status/load.h"

#include "server/status/chart.h"
#include "server/status/units.h"

static void put(struct tg_buf *out, const char *text)
{
    tg_buf_append_str(out, text);
}

static const struct tg_sample *newest(const struct tg_status *s)
{
    return tg_history_count(s->history, TG_HISTORY_HOUR) > 0
               ? tg_history_at(s->history, TG_HISTORY_HOUR, 0)
               : NULL;
}

/* ---- tiles ---------------------------------------------------------------------------------- */

static void begin_tile(struct tg_buf *out, const char *name)
{
    put(out, "<div class=\"card tile\"><h2 class=\"dim\">");
    put(out, name);
    put(out, "</h2><b>");
}

static void put_note(struct tg_buf *out, const char *note)
{
    put(out, "</b><p class=\"dim\">");
    put(out, note);
}

static void end_tile(struct tg_buf *out)
{
    put(out, "</p></div>\n");
}

static uint64_t per_second(uint64_t n, const struct tg_sample *s)
{
    return n * 1000 / (s->seconds > 0 ? s->seconds : 1);
}

static uint64_t all_calls(const struct tg_sample *s)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < TG_METRICS_CALLS; i++) {
        sum += s->calls[i];
    }
    return sum;
}

static void put_gauge_tile(struct tg_buf *out, const struct tg_status *s, const char *name,
                           enum tg_gauge gauge, const char *note)
{
    int64_t v = tg_metrics_gauge_sum(s->metrics, gauge);

    begin_tile(out, name);
    tg_put_count(out, v > 0 ? (uint64_t)v : 0);
    put_note(out, note);
    end_tile(out);
}

void tg_status_put_tiles(struct tg_buf *out, const struct tg_status *s)
{
    const struct tg_sample *last = newest(s);

    put(out, "<div class=\"grid tiles\">\n");
    begin_tile(out, "Live mailboxes");
    tg_put_count(out, s->now->store.live_count);
    put_note(out, "and ");
    tg_put_count(out, s->now->store.ended_count);
    put(out, " tombstones");
    end_tile(out);
    begin_tile(out, "Requests");
    if (last != NULL) {
        tg_put_rate(out, per_second(all_calls(last), last));
    } else {
        put(out, "\xe2\x80\x93");
    }
    put_note(out, "a second, last minute");
    end_tile(out);
    begin_tile(out, "Latency");
    if (last != NULL && last->p99_us != TG_HISTORY_NO_LATENCY) {
        tg_put_us(out, last->p99_us);
    } else {
        put(out, "\xe2\x80\x93");
    }
    put_note(out, "99th percentile, last minute");
    end_tile(out);
    put_gauge_tile(out, s, "Connections", TG_GAUGE_CONNECTIONS, "open now");
    put_gauge_tile(out, s, "Long polls", TG_GAUGE_LONG_POLLS, "waiting now");
    begin_tile(out, "Memory");
    tg_put_bytes(out, s->now->memory_used);
    put_note(out, "for connections and requests");
    end_tile(out);
    put(out, "</div>\n");
}

/* ---- charts --------------------------------------------------------------------------------- */

static uint64_t value_call(const struct tg_sample *s, size_t id)
{
    return per_second(s->calls[id], s);
}

static uint64_t value_class(const struct tg_sample *s, size_t id)
{
    return per_second(s->classes[id], s);
}

static uint64_t value_latency(const struct tg_sample *s, size_t id)
{
    uint32_t us = id == 50 ? s->p50_us : s->p99_us;

    return us != TG_HISTORY_NO_LATENCY ? us : TG_CHART_NO_VALUE;
}

static uint64_t value_mailboxes(const struct tg_sample *s, size_t id)
{
    (void)id;
    return s->mailboxes;
}

static uint64_t value_held(const struct tg_sample *s, size_t id)
{
    return id == 0 ? s->connections : s->long_polls;
}

static uint64_t value_pushes(const struct tg_sample *s, size_t id)
{
    (void)id;
    return per_second(s->pushes, s);
}

static const struct tg_chart_series call_series[] = {
    { "read", TG_CALL_READ, 1 },     { "preview", TG_CALL_PREVIEW, 2 },
    { "create", TG_CALL_CREATE, 3 }, { "update", TG_CALL_UPDATE, 4 },
    { "delete", TG_CALL_DELETE, 5 }, { "relinquish", TG_CALL_RELINQUISH, 6 },
    { "other", TG_CALL_COUNT, 7 },
};
static const struct tg_chart_series class_series[] = {
    { "done", TG_HISTORY_DONE, 2 },
    { "refused (4xx)", TG_HISTORY_REFUSED, 4 },
    { "failed (5xx)", TG_HISTORY_FAILED, 5 },
};
static const struct tg_chart_series latency_series[] = { { "median", 50, 2 },
                                                         { "99th percentile", 99, 3 } };
static const struct tg_chart_series mailbox_series[] = { { "live", 0, 1 } };
static const struct tg_chart_series held_series[] = { { "connections", 0, 1 },
                                                      { "long polls", 1, 4 } };
static const struct tg_chart_series push_series[] = { { "taken by providers", 0, 3 } };

#define SERIES(list) .series_count = TG_COUNT(list), .series = (list)

static const struct tg_chart charts[] = {
    { TG_CHART_STACK, "Requests a second, by call", 100, SERIES(call_series), value_call,
      tg_put_rate },
    { TG_CHART_STACK, "Answers a second", 100, SERIES(class_series), value_class, tg_put_rate },
    { TG_CHART_DECADES, "Latency", 1000, SERIES(latency_series), value_latency, tg_put_us },
    { TG_CHART_LINES, "Live mailboxes", 10, SERIES(mailbox_series), value_mailboxes, tg_put_short },
    { TG_CHART_LINES, "Connections and long polls", 10, SERIES(held_series), value_held,
      tg_put_short },
    { TG_CHART_STACK, "Pushes a second", 100, SERIES(push_series), value_pushes, tg_put_rate },
};
#define PUSH_CHART (TG_COUNT(charts) - 1)

/* The names with their colours, and their values in the last minute. */
static void put_legend(struct tg_buf *out, const struct tg_chart *chart,
                       const struct tg_sample *last)
{
    put(out, "<ul>");
    for (size_t i = 0; i < chart->series_count; i++) {
        uint64_t v = last != NULL ? chart->value(last, chart->series[i].id) : TG_CHART_NO_VALUE;

        put(out, "<li><svg class=\"dot c");
        tg_buf_append_dec(out, chart->series[i].colour);
        put(out, "\" viewBox=\"0 0 9 9\" aria-hidden=\"true\"><rect class=\"area\" width=\"9\" "
                 "height=\"9\" rx=\"2\"/></svg>");
        put(out, chart->series[i].name);
        if (v != TG_CHART_NO_VALUE) {
            put(out, " <b>");
            chart->put_value(out, v);
            put(out, "</b>");
        }
        put(out, "</li>");
    }
    put(out, "</ul>");
}

static void put_chart(struct tg_buf *out, const struct tg_status *s, const struct tg_chart *chart)
{
    put(out, "<section class=\"card\"><div class=\"head\"><h2>");
    put(out, chart->label);
    put(out, "</h2>");
    put_legend(out, chart, newest(s));
    put(out, "</div><div class=\"charts\"><div>");
    tg_chart_write(out, chart, s->history, TG_HISTORY_HOUR);
    put(out, "</div><div>");
    tg_chart_write(out, chart, s->history, TG_HISTORY_DAY);
    put(out, "</div></div></section>\n");
}

void tg_status_put_charts(struct tg_buf *out, const struct tg_status *s)
{
    put(out, "<div class=\"grid\">\n");
    for (size_t i = 0; i < TG_COUNT(charts); i++) {
        if (i != PUSH_CHART || s->now->has_push) {
            put_chart(out, s, &charts[i]);
        }
    }
    put(out, "</div>\n");
}
