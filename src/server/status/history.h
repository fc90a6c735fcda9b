/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/status/history.h - what the relay did in the last hour and day, for the operator's page.
 * Layer: L4.      Threads: worker 0's.      Blocks: no.
 * Secrets: none. Sums of all mailboxes and clients; nothing finer than a minute is kept, nothing on
 * disk. The memory is fixed.
 */
#ifndef TG_SERVER_STATUS_HISTORY_H
#define TG_SERVER_STATUS_HISTORY_H

#include "server/ops/metrics.h"

#define TG_HISTORY_NO_LATENCY UINT32_MAX

/* Answers by what they mean for the client: done, refused, failed. */
enum tg_history_class { TG_HISTORY_DONE, TG_HISTORY_REFUSED, TG_HISTORY_FAILED };
#define TG_HISTORY_CLASSES 3u

/* One step. Counts are those of the step, the gauges those at its end. */
struct tg_sample {
    uint32_t seconds; /* its real length */
    uint32_t calls[TG_METRICS_CALLS];
    uint32_t classes[TG_HISTORY_CLASSES];
    uint32_t p50_us, p99_us; /* TG_HISTORY_NO_LATENCY: no request was measured */
    uint32_t pushes;         /* that a provider took */
    uint32_t mailboxes, connections, long_polls;
};

enum tg_history_span { TG_HISTORY_HOUR, TG_HISTORY_DAY };
#define TG_HISTORY_SPANS 2u
#define TG_HISTORY_SAMPLES_MAX 144u

struct tg_history; /* about 30 KiB */

/* TG_E_NOMEM. */
TG_NODISCARD enum tg_err tg_history_new(struct tg_history **out, const struct tg_metrics *metrics,
                                        uint64_t now_mono_ms);
/* Accepts NULL and *h == NULL. */
void tg_history_free(struct tg_history **h);

/* Call it at least every second. mailboxes: live ones, of the store. h may be NULL. */
bool tg_history_is_due(const struct tg_history *h, uint64_t now_mono_ms);
void tg_history_add(struct tg_history *h, const struct tg_metrics *metrics, uint64_t mailboxes,
                    uint64_t now_mono_ms);

/* How many samples a whole span has, and how many there are. */
size_t tg_history_slots(enum tg_history_span span);
size_t tg_history_count(const struct tg_history *h, enum tg_history_span span);
/* 0: the newest. index < tg_history_count. */
const struct tg_sample *tg_history_at(const struct tg_history *h, enum tg_history_span span,
                                      size_t index);

#endif
