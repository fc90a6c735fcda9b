/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/metrics_text.h"

#define US_PER_S 1000000u

void tg_metric_head(struct tg_buf *out, struct tg_metric metric, const char *type)
{
    tg_buf_append_str(out, "# HELP ");
    tg_buf_append_str(out, metric.name);
    tg_buf_append_u8(out, ' ');
    tg_buf_append_str(out, metric.help);
    tg_buf_append_str(out, "\n# TYPE ");
    tg_buf_append_str(out, metric.name);
    tg_buf_append_u8(out, ' ');
    tg_buf_append_str(out, type);
    tg_buf_append_u8(out, '\n');
}

void tg_metric_sample(struct tg_buf *out, const char *name, const char *labels, uint64_t v)
{
    tg_buf_append_str(out, name);
    tg_buf_append_str(out, labels);
    tg_buf_append_u8(out, ' ');
    tg_buf_append_dec(out, v);
    tg_buf_append_u8(out, '\n');
}

void tg_metric_gauge(struct tg_buf *out, const char *name, const char *help, uint64_t v)
{
    tg_metric_head(out, (struct tg_metric){ name, help }, "gauge");
    tg_metric_sample(out, name, "", v);
}

void tg_metric_counter(struct tg_buf *out, const char *name, const char *help, uint64_t v)
{
    tg_metric_head(out, (struct tg_metric){ name, help }, "counter");
    tg_metric_sample(out, name, "", v);
}

/* Microseconds as decimal seconds. */
static void append_seconds(struct tg_buf *out, uint64_t us)
{
    uint64_t rest = us % US_PER_S;

    tg_buf_append_dec(out, us / US_PER_S);
    if (rest > 0) {
        tg_buf_append_u8(out, '.');
    }
    while (rest > 0) { /* one digit per turn, at most six */
        rest *= 10;
        tg_buf_append_u8(out, (uint8_t)('0' + rest / US_PER_S));
        rest %= US_PER_S;
    }
}

void tg_metric_histogram(struct tg_buf *out, struct tg_metric metric, const uint64_t *bounds_us,
                         const uint64_t *counts, size_t bound_count, uint64_t sum_us)
{
    uint64_t count = 0;

    tg_metric_head(out, metric, "histogram");
    for (size_t i = 0; i <= bound_count; i++) {
        count += counts[i];
        tg_buf_append_str(out, metric.name);
        tg_buf_append_str(out, "_bucket{le=\"");
        if (i < bound_count) {
            append_seconds(out, bounds_us[i]);
        } else {
            tg_buf_append_str(out, "+Inf");
        }
        tg_metric_sample(out, "\"}", "", count);
    }
    tg_buf_append_str(out, metric.name);
    tg_buf_append_str(out, "_sum ");
    append_seconds(out, sum_us);
    tg_buf_append_u8(out, '\n');
    tg_metric_sample(out, metric.name, "_count", count);
}
