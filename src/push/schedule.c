/* SPDX-License-Identifier: Apache-2.0 */
#include "push/schedule.h"

#include "push/verdict.h"

#include <string.h>

#define DOUBLINGS_MAX 7u  /* 10 s * 2^7 is past the longest wait */
#define NO_ROOM_WAIT_S 2u /* a full queue empties soon, or its lane shuts */

/* ---- waits ---------------------------------------------------------------------------------- */

/* 0 to bound. Without random bytes the longest: late is better than all at once. */
static uint32_t jitter(const struct tg_rng *rng, uint32_t bound)
{
    uint32_t v = 0;

    return tg_rng_fill(rng, (uint8_t *)&v, sizeof(v)) == TG_OK ? v % (bound + 1) : bound;
}

/* Full jitter on top of the first wait, doubled for each failure before. */
static uint32_t backoff(uint32_t failure_count, const struct tg_rng *rng)
{
    uint32_t shift = failure_count < DOUBLINGS_MAX ? failure_count : DOUBLINGS_MAX;
    uint32_t bound = TG_PUSH_FIRST_WAIT_S << shift;

    bound = bound < TG_PUSH_LAST_WAIT_S ? bound : TG_PUSH_LAST_WAIT_S;
    return TG_PUSH_FIRST_WAIT_S + jitter(rng, bound - TG_PUSH_FIRST_WAIT_S);
}

static uint32_t wait_of(const struct tg_push_verdict *verdict, uint32_t failure_count,
                        const struct tg_rng *rng)
{
    if (verdict->wait_s == 0) {
        return backoff(failure_count, rng);
    }
    return verdict->wait_s < TG_PUSH_ASKED_WAIT_MAX ? verdict->wait_s : TG_PUSH_ASKED_WAIT_MAX;
}

static void settle(struct tg_push_decision *out, enum tg_push_result result)
{
    out->next = TG_PUSH_NEXT_SETTLE;
    out->result = result;
    out->retry_at_s = 0;
}

/* Given up when nobody will want it any more by then. */
static void settle_retry(struct tg_push_decision *out, int64_t at_s, int64_t expires_s)
{
    settle(out, at_s < expires_s ? TG_PUSH_RESULT_RETRY : TG_PUSH_RESULT_GIVEN_UP);
    out->retry_at_s = at_s < expires_s ? at_s : 0;
}

/* ---- what is remembered --------------------------------------------------------------------- */

static struct tg_push_token_wait *token_of(struct tg_push_schedule *s, const uint8_t *tag)
{
    size_t at = ((size_t)tag[0] << 8 | tag[1]) % TG_PUSH_TOKENS_MAX;
    struct tg_push_token_wait *token = &s->tokens[at];

    if (!tg_ct_equal(tg_bytes(tag, TG_PUSH_TAG_LEN), TG_ARRAY_BYTES(token->tag))) {
        memcpy(token->tag, tag, TG_PUSH_TAG_LEN); /* the other one begins anew */
        token->failure_count = 0;
    }
    return token;
}

bool tg_push_schedule_says(struct tg_push_schedule *s, const char *reason, int64_t now_s)
{
    struct tg_push_said *place = &s->said[0];

    for (size_t i = 0; i < TG_PUSH_SAID_MAX; i++) {
        struct tg_push_said *said = &s->said[i];

        if (said->reason != NULL && strcmp(said->reason, reason) == 0) {
            place = said;
            break;
        }
        if (said->until_s < place->until_s) {
            place = said; /* the oldest gives way */
        }
    }
    if (place->reason != NULL && strcmp(place->reason, reason) == 0 && now_s < place->until_s) {
        return false;
    }
    place->reason = reason;
    place->until_s = now_s + TG_PUSH_BLAME_WAIT_S;
    return true;
}

bool tg_push_lane_is_shut(const struct tg_push_lane *lane, int64_t now_s)
{
    return now_s < lane->shut_until_s;
}

/* Of several waits the longest counts: answers to what was under way come in any order. */
static void shut(struct tg_push_lane *lane, int64_t until_s, bool is_for_good)
{
    if (until_s > lane->shut_until_s) {
        lane->shut_until_s = until_s;
    }
    lane->is_shut_for_good = lane->is_shut_for_good || is_for_good;
}

static void begin_anew(struct tg_push_lane *lane, int64_t now_s)
{
    if (!tg_push_lane_is_shut(lane, now_s)) {
        lane->is_shut_for_good = false;
    }
}

/* The provider answers: its failures before were of the moment. */
static void succeed(struct tg_push_lane *lane)
{
    lane->failure_count = 0;
    if (!lane->is_shut_for_good) {
        lane->shut_until_s = 0;
    }
}

/* ---- verdicts ------------------------------------------------------------------------------- */

bool tg_push_schedule_shut(struct tg_push_schedule *s, struct tg_push_lane *lane,
                           const struct tg_push_verdict *verdict, int64_t now_s,
                           const struct tg_rng *rng)
{
    bool was_shut = tg_push_lane_is_shut(lane, now_s);
    uint32_t wait_s = TG_PUSH_BLAME_WAIT_S;

    begin_anew(lane, now_s);
    if (verdict->action != TG_PUSH_BLAME_CONFIG) {
        wait_s = wait_of(verdict, lane->failure_count, rng);
        /* Many answers of one bad moment count once. */
        lane->failure_count += was_shut ? 0 : 1;
    }
    shut(lane, now_s + wait_s, verdict->action == TG_PUSH_BLAME_CONFIG || verdict->wait_s > 0);
    return tg_push_schedule_says(s, verdict->reason, now_s);
}

static void wait_provider(struct tg_push_decision *out, struct tg_push_schedule *s,
                          struct tg_push_lane *lane, const struct tg_push_verdict *verdict,
                          const struct tg_push_attempt *attempt, int64_t now_s,
                          const struct tg_rng *rng)
{
    out->is_said = tg_push_schedule_shut(s, lane, verdict, now_s, rng);
    settle_retry(out, lane->shut_until_s, attempt->expires_s);
}

static void wait_token(struct tg_push_decision *out, struct tg_push_schedule *s,
                       const struct tg_push_verdict *verdict, const struct tg_push_attempt *attempt,
                       int64_t now_s, const struct tg_rng *rng)
{
    struct tg_push_token_wait *token = token_of(s, attempt->tag);
    uint32_t wait_s = wait_of(verdict, token->failure_count, rng);

    token->failure_count++;
    settle_retry(out, now_s + wait_s, attempt->expires_s);
}

/*
 * A provider calls a token bad when it is, and also when ours is the wrong topic or environment:
 * then it calls every token bad. So a token is dropped only where a push to another was taken and
 * no third one was suspected since. Two in doubt are the configuration's fault, and no token's. The
 * provider goes on meanwhile: else anybody could stop it by leaving two tokens that are none.
 */
static void suspect(struct tg_push_decision *out, struct tg_push_schedule *s,
                    const struct tg_push_verdict *verdict, const struct tg_push_attempt *attempt,
                    int64_t now_s, const struct tg_rng *rng)
{
    bool is_other = s->has_suspect && !tg_ct_equal(TG_ARRAY_BYTES(s->suspect),
                                                   tg_bytes(attempt->tag, TG_PUSH_TAG_LEN));

    if (is_other) {
        s->is_config_good = false;
        out->is_said = tg_push_schedule_says(s, verdict->reason, now_s);
    }
    s->has_suspect = true;
    memcpy(s->suspect, attempt->tag, TG_PUSH_TAG_LEN);
    if (s->is_config_good) {
        settle(out, TG_PUSH_RESULT_DROPPED);
        return;
    }
    wait_token(out, s, verdict, attempt, now_s, rng);
}

static void take(struct tg_push_decision *out, struct tg_push_schedule *s,
                 const struct tg_push_attempt *attempt)
{
    token_of(s, attempt->tag)->failure_count = 0;
    s->is_config_good = true;
    s->has_suspect = false;
    settle(out, TG_PUSH_RESULT_TAKEN);
}

static enum tg_push_next next_of(enum tg_push_action action)
{
    if (action == TG_PUSH_RENEW) {
        return TG_PUSH_NEXT_RENEW;
    }
    return action == TG_PUSH_RECONNECT ? TG_PUSH_NEXT_CONNECT : TG_PUSH_NEXT_REPEAT;
}

/* Once at once; the second time in a row it is somebody's fault. */
static void repeat(struct tg_push_decision *out, struct tg_push_schedule *s,
                   struct tg_push_lane *lane, const struct tg_push_verdict *verdict,
                   const struct tg_push_attempt *attempt, int64_t now_s, const struct tg_rng *rng)
{
    struct tg_push_verdict second = *verdict;

    if (!attempt->is_repetition) {
        out->next = next_of(verdict->action);
        return;
    }
    second.action = verdict->action == TG_PUSH_RENEW ? TG_PUSH_BLAME_CONFIG : TG_PUSH_WAIT_PROVIDER;
    wait_provider(out, s, lane, &second, attempt, now_s, rng);
}

void tg_push_schedule_decide(struct tg_push_decision *out, struct tg_push_schedule *s,
                             struct tg_push_lane *lane, const struct tg_push_verdict *verdict,
                             const struct tg_push_attempt *attempt, int64_t now_s,
                             const struct tg_rng *rng)
{
    *out = (struct tg_push_decision){ .reason = verdict->reason };
    settle(out, TG_PUSH_RESULT_GIVEN_UP);
    begin_anew(lane, now_s);
    switch (verdict->action) {
    case TG_PUSH_TAKEN:
        succeed(lane);
        take(out, s, attempt);
        return;
    case TG_PUSH_DROP_TOKEN:
        succeed(lane);
        settle(out, TG_PUSH_RESULT_DROPPED);
        return;
    case TG_PUSH_SUSPECT_TOKEN:
        succeed(lane);
        suspect(out, s, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_RENEW:
    case TG_PUSH_REPEAT:
    case TG_PUSH_RECONNECT:
        repeat(out, s, lane, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_WAIT_TOKEN:
        succeed(lane);
        wait_token(out, s, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_WAIT_PROVIDER:
    case TG_PUSH_BLAME_CONFIG:
        wait_provider(out, s, lane, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_BLAME_REQUEST:
        out->is_said = tg_push_schedule_says(s, verdict->reason, now_s);
        return;
    }
}

void tg_push_schedule_refuse(struct tg_push_decision *out, const struct tg_push_lane *lane,
                             int64_t expires_s, int64_t now_s, const struct tg_rng *rng)
{
    *out = (struct tg_push_decision){ .reason = "no_room" };
    settle_retry(out,
                 tg_push_lane_is_shut(lane, now_s)
                     ? lane->shut_until_s + jitter(rng, TG_PUSH_FIRST_WAIT_S)
                     : now_s + 1 + jitter(rng, NO_ROOM_WAIT_S),
                 expires_s);
}
