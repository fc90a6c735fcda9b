/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/verdict.h - tables from a provider's word to what it asks for, and the reading by status for
 * words that no table has.
 * Layer: L2, for push/ alone.   Threads: any.   Blocks: no.   Secrets: none.
 */
#ifndef TG_PUSH_VERDICT_H
#define TG_PUSH_VERDICT_H

#include "push/provider.h"

#define TG_PUSH_ASKED_WAIT_MAX (6u * 3600u) /* seconds; a provider may ask for no more */

struct tg_push_word {
    const char *word; /* the provider's */
    unsigned status;  /* 0: with any */
    enum tg_push_action action;
    const char *reason; /* ours */
};

/* The row of this word and status, or NULL. */
const struct tg_push_word *tg_push_word_find(const struct tg_push_word *words, size_t word_count,
                                             struct tg_bytes word, unsigned status);

/* What a status asks for. */
struct tg_push_range {
    unsigned from, to; /* both included */
    enum tg_push_action action;
    const char *reason; /* ours */
};

/* The first row that holds the status, or NULL. */
const struct tg_push_range *tg_push_range_find(const struct tg_push_range *ranges,
                                               size_t range_count, unsigned status);

/* What the row of the answer's status says; one without a row makes this token alone wait. For
   providers behind which many hosts stand: none makes the others wait. */
void tg_push_verdict_by_range(struct tg_push_verdict *out, const struct tg_push_range *ranges,
                              size_t range_count, const struct tg_push_answer *answer);

/* What the answer's status says by itself. */
void tg_push_verdict_by_status(struct tg_push_verdict *out, unsigned status);

/* Puts action and reason; wait_s is what the answer asked for, bounded. */
void tg_push_verdict_set(struct tg_push_verdict *out, enum tg_push_action action,
                         const char *reason, const struct tg_push_answer *answer);

#endif
