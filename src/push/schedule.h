/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/schedule.h - when a push goes out again, and when a whole provider waits: pure, with the
 * time and the random source as arguments. Layer: L2, for push/ alone.   Threads: one state, one
 * thread.   Blocks: no. Secrets: none. A token is known here by a keyed hash of it.
 */
#ifndef TG_PUSH_SCHEDULE_H
#define TG_PUSH_SCHEDULE_H

#include "base/rng.h"
#include "push/ipc.h"
#include "push/provider.h"

#define TG_PUSH_TAG_LEN 32u      /* bytes of a job's collapse */
#define TG_PUSH_FIRST_WAIT_S 10u /* before a first repetition, at least */
#define TG_PUSH_LAST_WAIT_S 900u /* the back-off grows no further */
#define TG_PUSH_BLAME_WAIT_S                                                                       \
    300u                         /* configuration: the provider waits, and the log says it once    \
                                  */
#define TG_PUSH_TOKENS_MAX 1024u /* tokens whose failures are remembered */
#define TG_PUSH_SAID_MAX 16u     /* reasons that are remembered as said */

/* The way to one provider, or to one host where clients name them. All zero: open. */
struct tg_push_lane {
    uint32_t failure_count; /* since the last success */
    int64_t shut_until_s;
    bool is_shut_for_good; /* the provider asked, or the operator must act: a success on a request
                              that was under way does not open it */
    uint32_t in_flight;
};

struct tg_push_token_wait {
    uint8_t tag[TG_PUSH_TAG_LEN];
    uint32_t failure_count;
};

struct tg_push_said {
    const char *reason; /* a literal; NULL: free */
    int64_t until_s;
};

/* What is remembered of one provider. All zero to begin with. */
struct tg_push_schedule {
    struct tg_push_token_wait tokens[TG_PUSH_TOKENS_MAX]; /* by the first bytes of the tag */
    struct tg_push_said said[TG_PUSH_SAID_MAX];
    /* Since the last push that was taken: one token under suspicion, or several. */
    bool is_config_good; /* a push was taken, and at most one token suspected since */
    bool has_suspect;
    uint8_t suspect[TG_PUSH_TAG_LEN];
};

struct tg_push_attempt {
    const uint8_t *tag; /* TG_PUSH_TAG_LEN bytes */
    int64_t expires_s;
    bool is_repetition; /* the second of two in a row */
};

enum tg_push_next {
    TG_PUSH_NEXT_SETTLE, /* result and retry_at_s are the outcome */
    TG_PUSH_NEXT_RENEW,  /* the credential is made anew and the push repeated at once */
    TG_PUSH_NEXT_REPEAT, /* the push is repeated at once */
    TG_PUSH_NEXT_CONNECT /* the push is repeated at once on a new connection */
};

struct tg_push_decision {
    enum tg_push_next next;
    enum tg_push_result result;
    int64_t retry_at_s;
    bool is_said; /* log it: a fault that was not said in the last minutes */
    const char *reason;
};

/* What becomes of a push after this verdict; keeps in lane and schedule what follows from it. */
void tg_push_schedule_decide(struct tg_push_decision *out, struct tg_push_schedule *s,
                             struct tg_push_lane *lane, const struct tg_push_verdict *verdict,
                             const struct tg_push_attempt *attempt, int64_t now_s,
                             const struct tg_rng *rng);

/* A verdict that is about no push: a credential could not be had. True: log it. */
bool tg_push_schedule_shut(struct tg_push_schedule *s, struct tg_push_lane *lane,
                           const struct tg_push_verdict *verdict, int64_t now_s,
                           const struct tg_rng *rng);

/* Whether nothing is to be sent now. */
bool tg_push_lane_is_shut(const struct tg_push_lane *lane, int64_t now_s);

/* The outcome of a push that was not sent at all: at the lane's time, or after a first wait where
   there was no room. */
void tg_push_schedule_refuse(struct tg_push_decision *out, const struct tg_push_lane *lane,
                             int64_t expires_s, int64_t now_s, const struct tg_rng *rng);

/* True once in TG_PUSH_BLAME_WAIT_S for each reason, a literal. */
bool tg_push_schedule_says(struct tg_push_schedule *s, const char *reason, int64_t now_s);

#endif
