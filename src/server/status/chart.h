/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/status/chart.h - a chart of the history as inline SVG.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_STATUS_CHART_H
#define TG_SERVER_STATUS_CHART_H

#include "base/buf.h"
#include "server/status/history.h"

#define TG_CHART_SERIES_MAX 7u
#define TG_CHART_NO_VALUE UINT64_MAX

enum tg_chart_form {
    TG_CHART_STACK,  /* areas on each other */
    TG_CHART_LINES,  /* from 0 on */
    TG_CHART_DECADES /* lines; the distance from 1 to 10 is that from 10 to 100 */
};

struct tg_chart_series {
    const char *name;
    size_t id;       /* the argument of value */
    unsigned colour; /* 1 to 7: the class "c1" to "c7" of the style */
};

struct tg_chart {
    enum tg_chart_form form;
    const char *label;  /* what the chart shows, for a screen reader */
    uint64_t least_top; /* the scale ends at this value or above */
    size_t series_count;
    const struct tg_chart_series *series;
    /* TG_CHART_NO_VALUE: the sample has none. */
    uint64_t (*value)(const struct tg_sample *sample, size_t id);
    /* Appends a value with its unit. */
    void (*put_value)(struct tg_buf *out, uint64_t value);
};

/* Appends the chart of one span. */
void tg_chart_write(struct tg_buf *out, const struct tg_chart *chart, const struct tg_history *h,
                    enum tg_history_span span);

#endif
