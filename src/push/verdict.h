/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/verdict.h - tables from a provider's error word to a verdict, and verdicts by status.
 * Layer: L2, for push/ alone.   Threads: any.   Blocks: no.   Secrets: none.
 */
#ifndef TG_PUSH_VERDICT_H
#define TG_PUSH_VERDICT_H

#include "push/provider.h"

#define TG_PUSH_ASKED_WAIT_MAX (6u * 3600u) /* seconds; a longer wait is cut to this */

struct tg_push_word {
    const char *word; /* the provider's */
    unsigned status;  /* 0: with any */
    enum tg_push_action action;
    const char *reason; /* ours */
};

/* The row of this word and status, or NULL. */
const struct tg_push_word *tg_push_word_find(const struct tg_push_word *words, size_t word_count,
                                             struct tg_bytes word, unsigned status);

/* The action for a range of statuses. */
struct tg_push_range {
    unsigned from, to; /* both included */
    enum tg_push_action action;
    const char *reason; /* ours */
};

/* The first row that contains the status, or NULL. */
const struct tg_push_range *tg_push_range_find(const struct tg_push_range *ranges,
                                               size_t range_count, unsigned status);

/* The verdict of the row of the answer's status. Without a row, only this token waits. For
   providers with many hosts, where no host may delay the others. */
void tg_push_verdict_by_range(struct tg_push_verdict *out, const struct tg_push_range *ranges,
                              size_t range_count, const struct tg_push_answer *answer);

/* The verdict of a status alone. */
void tg_push_verdict_by_status(struct tg_push_verdict *out, unsigned status);

/* Sets action and reason, and wait_s from the answer up to TG_PUSH_ASKED_WAIT_MAX. */
void tg_push_verdict_set(struct tg_push_verdict *out, enum tg_push_action action,
                         const char *reason, const struct tg_push_answer *answer);

#endif
