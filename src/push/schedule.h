/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/schedule.h - when a push is repeated, and when a whole provider waits.
 * Layer: L2, for push/ alone.   Threads: one state, one thread.   Blocks: no.
 * Clock: an argument.   Secrets: none. A token is identified by its keyed hash.
 */
#ifndef TG_PUSH_SCHEDULE_H
#define TG_PUSH_SCHEDULE_H

#include "base/rng.h"
#include "push/ipc.h"
#include "push/provider.h"

#define TG_PUSH_TAG_LEN 32u      /* bytes of a job's collapse */
#define TG_PUSH_FIRST_WAIT_S 10u /* minimum before a first repetition */
#define TG_PUSH_LAST_WAIT_S 900u /* longest backoff */
/* How long a provider waits after a fault of the configuration; the log reports the fault once in
   this time. */
#define TG_PUSH_BLAME_WAIT_S 300u
#define TG_PUSH_TOKENS_MAX 1024u /* tokens whose failures are counted */
#define TG_PUSH_REPORTED_MAX 16u /* reasons that are remembered as reported */
#define TG_PUSH_ORIGIN_TAG_LEN 32u
#define TG_PUSH_ORIGINS_MAX 32u /* origins whose refusals are remembered; push services are few */

/* The route to one provider, or to one host where clients name the hosts. All zero: open. */
struct tg_push_route {
    uint32_t failure_count; /* since the last success */
    int64_t backoff_from_s;
    int64_t backoff_until_s;
    /* The provider set the time, or the operator must act: the success of a request that was in
       flight does not end the backoff. */
    bool is_backoff_firm;
    uint32_t in_flight;
};

struct tg_push_token_wait {
    uint8_t tag[TG_PUSH_TAG_LEN];
    uint32_t failure_count;
};

struct tg_push_reported {
    const char *reason; /* a literal; NULL: free */
    int64_t until_s;
};

/* What one service has shown of our configuration: the tokens that it reported as bad since the
   last push that it accepted. */
struct tg_push_proof {
    uint8_t origin[TG_PUSH_ORIGIN_TAG_LEN];
    uint64_t used;       /* the count of the last use; 0: free */
    bool is_config_good; /* a push was accepted, and at most one token reported since */
    bool has_suspect;
    uint8_t suspect[TG_PUSH_TAG_LEN];
};

/* The state of one provider. All zero at first. */
struct tg_push_schedule {
    struct tg_push_token_wait tokens[TG_PUSH_TOKENS_MAX]; /* by the first bytes of the tag */
    struct tg_push_reported reported[TG_PUSH_REPORTED_MAX];
    /* One for each origin. A provider that is one service has the origin of zeros. */
    struct tg_push_proof proofs[TG_PUSH_ORIGINS_MAX];
    uint64_t uses;
};

struct tg_push_attempt {
    const uint8_t *tag;    /* TG_PUSH_TAG_LEN bytes */
    const uint8_t *origin; /* TG_PUSH_ORIGIN_TAG_LEN bytes; NULL: zeros */
    int64_t expires_s;
    bool is_repetition; /* the push was repeated immediately before */
};

enum tg_push_next {
    TG_PUSH_NEXT_SETTLE, /* result and retry_at_s are the outcome */
    TG_PUSH_NEXT_RENEW,  /* renew the credential and repeat the push immediately */
    TG_PUSH_NEXT_REPEAT, /* repeat the push immediately */
    TG_PUSH_NEXT_CONNECT /* repeat the push immediately on a new connection */
};

struct tg_push_decision {
    enum tg_push_next next;
    enum tg_push_result result;
    int64_t retry_at_s;
    int64_t good_after_s; /* TG_PUSH_RESULT_DROPPED */
    bool must_report;     /* log it: the reason was not reported in the last minutes */
    const char *reason;
};

/* What to do with a push after this verdict. Updates route and schedule. */
void tg_push_schedule_decide(struct tg_push_decision *out, struct tg_push_schedule *s,
                             struct tg_push_route *route, const struct tg_push_verdict *verdict,
                             const struct tg_push_attempt *attempt, int64_t now_s,
                             const struct tg_rng *rng);

/* A verdict about a request for a credential, not about a push. True: log it. */
bool tg_push_schedule_back_off(struct tg_push_schedule *s, struct tg_push_route *route,
                               const struct tg_push_verdict *verdict, int64_t now_s,
                               const struct tg_rng *rng);

/* Whether nothing may be sent now. */
bool tg_push_route_is_in_backoff(const struct tg_push_route *route, int64_t now_s);

/* The outcome of a push that was not sent: retry after the backoff of the route, or after a short
   wait when there was no room. */
void tg_push_schedule_refuse(struct tg_push_decision *out, const struct tg_push_route *route,
                             int64_t expires_s, int64_t now_s, const struct tg_rng *rng);

/* True once in TG_PUSH_BLAME_WAIT_S for each reason, which is a literal. */
bool tg_push_schedule_may_report(struct tg_push_schedule *s, const char *reason, int64_t now_s);

#endif
