/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/metrics_text.h - the Prometheus text format.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_OPS_METRICS_TEXT_H
#define TG_SERVER_OPS_METRICS_TEXT_H

#include "base/buf.h"

struct tg_metric {
    const char *name;
    const char *help;
};

/* HELP and TYPE. */
void tg_metric_head(struct tg_buf *out, struct tg_metric metric, const char *type);
/* One sample: name{labels} value. */
void tg_metric_sample(struct tg_buf *out, const char *name, const char *labels, uint64_t v);
/* A gauge or counter without labels, with its head. */
void tg_metric_gauge(struct tg_buf *out, const char *name, const char *help, uint64_t v);
void tg_metric_counter(struct tg_buf *out, const char *name, const char *help, uint64_t v);
/*
 * A histogram of times.
 *   bounds_us   bound_count upper bounds, rising
 *   counts      of each bucket, not cumulative; one more for what is above all bounds
 */
void tg_metric_histogram(struct tg_buf *out, struct tg_metric metric, const uint64_t *bounds_us,
                         const uint64_t *counts, size_t bound_count, uint64_t sum_us);

#endif
