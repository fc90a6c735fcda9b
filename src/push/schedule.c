/* SPDX-License-Identifier: Apache-2.0 */
#include "push/schedule.h"

#include "push/verdict.h"

#include <string.h>

#define DOUBLINGS_MAX 7u  /* 10 s * 2^7 is past the longest wait */
#define NO_ROOM_WAIT_S 2u /* a full queue empties soon, or its route backs off */

/* ---- waits ---------------------------------------------------------------------------------- */

/* 0 to bound; bound without random bytes, because late is better than all at the same time. */
static uint32_t jitter(const struct tg_rng *rng, uint32_t bound)
{
    uint32_t v = 0;

    return tg_rng_fill(rng, (uint8_t *)&v, sizeof(v)) == TG_OK ? v % (bound + 1) : bound;
}

/* The first wait and full jitter; the bound doubles with each earlier failure. */
static uint32_t backoff_s(uint32_t failure_count, const struct tg_rng *rng)
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
        return backoff_s(failure_count, rng);
    }
    return verdict->wait_s < TG_PUSH_ASKED_WAIT_MAX ? verdict->wait_s : TG_PUSH_ASKED_WAIT_MAX;
}

static void settle(struct tg_push_decision *out, enum tg_push_result result)
{
    out->next = TG_PUSH_NEXT_SETTLE;
    out->result = result;
    out->retry_at_s = 0;
}

/* Given up if the mailbox has expired by then. */
static void settle_retry(struct tg_push_decision *out, int64_t at_s, int64_t expires_s)
{
    settle(out, at_s < expires_s ? TG_PUSH_RESULT_RETRY : TG_PUSH_RESULT_GIVEN_UP);
    out->retry_at_s = at_s < expires_s ? at_s : 0;
}

/* ---- state ---------------------------------------------------------------------------------- */

static struct tg_push_token_wait *token_of(struct tg_push_schedule *s, const uint8_t *tag)
{
    size_t at = ((size_t)tag[0] << 8 | tag[1]) % TG_PUSH_TOKENS_MAX;
    struct tg_push_token_wait *token = &s->tokens[at];

    if (!tg_ct_equal(tg_bytes(tag, TG_PUSH_TAG_LEN), TG_ARRAY_BYTES(token->tag))) {
        memcpy(token->tag, tag,
               TG_PUSH_TAG_LEN); /* the token that had the place starts again at zero */
        token->failure_count = 0;
    }
    return token;
}

bool tg_push_schedule_may_report(struct tg_push_schedule *s, const char *reason, int64_t now_s)
{
    struct tg_push_reported *place = &s->reported[0];

    for (size_t i = 0; i < TG_PUSH_REPORTED_MAX; i++) {
        struct tg_push_reported *reported = &s->reported[i];

        if (reported->reason != NULL && strcmp(reported->reason, reason) == 0) {
            place = reported;
            break;
        }
        if (reported->until_s < place->until_s) {
            place = reported; /* the oldest is replaced */
        }
    }
    if (place->reason != NULL && strcmp(place->reason, reason) == 0 && now_s < place->until_s) {
        return false;
    }
    place->reason = reason;
    place->until_s = now_s + TG_PUSH_BLAME_WAIT_S;
    return true;
}

bool tg_push_route_is_in_backoff(const struct tg_push_route *route, int64_t now_s)
{
    /* A time before the beginning: the relay's time went back, and the end would be too late. */
    return now_s >= route->backoff_from_s && now_s < route->backoff_until_s;
}

/* The longest of several waits counts: the answers to requests in flight come in any order. */
static void back_off(struct tg_push_route *route, int64_t now_s, int64_t wait_s, bool is_firm)
{
    if (now_s < route->backoff_from_s || now_s + wait_s > route->backoff_until_s) {
        route->backoff_from_s = now_s;
        route->backoff_until_s = now_s + wait_s;
    }
    route->is_backoff_firm = route->is_backoff_firm || is_firm;
}

static void forget_ended_backoff(struct tg_push_route *route, int64_t now_s)
{
    if (!tg_push_route_is_in_backoff(route, now_s)) {
        route->is_backoff_firm = false;
    }
}

/* The provider answers again, so its failures were temporary. */
static void succeed(struct tg_push_route *route)
{
    route->failure_count = 0;
    if (!route->is_backoff_firm) {
        route->backoff_until_s = 0;
    }
}

/* ---- verdicts ------------------------------------------------------------------------------- */

bool tg_push_schedule_back_off(struct tg_push_schedule *s, struct tg_push_route *route,
                               const struct tg_push_verdict *verdict, int64_t now_s,
                               const struct tg_rng *rng)
{
    bool was_in_backoff = tg_push_route_is_in_backoff(route, now_s);
    uint32_t wait_s = TG_PUSH_BLAME_WAIT_S;

    forget_ended_backoff(route, now_s);
    if (verdict->action != TG_PUSH_BLAME_CONFIG) {
        wait_s = wait_of(verdict, route->failure_count, rng);
        /* Failures during a backoff belong to the failure that started it. */
        route->failure_count += was_in_backoff ? 0 : 1;
    }
    back_off(route, now_s, wait_s, verdict->action == TG_PUSH_BLAME_CONFIG || verdict->wait_s > 0);
    return tg_push_schedule_may_report(s, verdict->reason, now_s);
}

static void wait_provider(struct tg_push_decision *out, struct tg_push_schedule *s,
                          struct tg_push_route *route, const struct tg_push_verdict *verdict,
                          const struct tg_push_attempt *attempt, int64_t now_s,
                          const struct tg_rng *rng)
{
    out->must_report = tg_push_schedule_back_off(s, route, verdict, now_s, rng);
    settle_retry(out, route->backoff_until_s, attempt->expires_s);
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

static const uint8_t no_origin[TG_PUSH_ORIGIN_TAG_LEN];

/* What is known of the origin. A new one takes the place of the longest unused. */
static struct tg_push_proof *proof_of(struct tg_push_schedule *s, const uint8_t *origin)
{
    const uint8_t *wanted = origin != NULL ? origin : no_origin;
    struct tg_push_proof *found = &s->proofs[0];

    for (size_t i = 0; i < TG_PUSH_ORIGINS_MAX; i++) {
        struct tg_push_proof *p = &s->proofs[i];

        if (p->used > 0 &&
            tg_bytes_is_equal(TG_ARRAY_BYTES(p->origin), tg_bytes(wanted, sizeof(p->origin)))) {
            p->used = ++s->uses;
            return p;
        }
        if (p->used < found->used) {
            found = p;
        }
    }
    *found = (struct tg_push_proof){ .used = ++s->uses };
    memcpy(found->origin, wanted, sizeof(found->origin));
    return found;
}

/*
 * A service reports a bad token when the token is bad, but also when our topic, environment or
 * identification is wrong; then it reports every token. Two reported tokens since the last accepted
 * push count as a fault of the configuration. True: a push was accepted, and no other token was
 * reported since.
 */
static bool suspect(struct tg_push_decision *out, struct tg_push_schedule *s,
                    const struct tg_push_verdict *verdict, const struct tg_push_attempt *attempt,
                    int64_t now_s)
{
    struct tg_push_proof *proof = proof_of(s, attempt->origin);
    bool is_other = proof->has_suspect && !tg_ct_equal(TG_ARRAY_BYTES(proof->suspect),
                                                       tg_bytes(attempt->tag, TG_PUSH_TAG_LEN));

    if (is_other) {
        proof->is_config_good = false;
        out->must_report = tg_push_schedule_may_report(s, verdict->reason, now_s);
    }
    proof->has_suspect = true;
    memcpy(proof->suspect, attempt->tag, TG_PUSH_TAG_LEN);
    return proof->is_config_good;
}

/* Pushes continue while the configuration is in doubt: otherwise anybody could stop them by
   registering two invalid tokens. */
static void suspect_token(struct tg_push_decision *out, struct tg_push_schedule *s,
                          const struct tg_push_verdict *verdict,
                          const struct tg_push_attempt *attempt, int64_t now_s,
                          const struct tg_rng *rng)
{
    if (suspect(out, s, verdict, attempt, now_s)) {
        settle(out, TG_PUSH_RESULT_DROPPED);
    } else {
        wait_token(out, s, verdict, attempt, now_s, rng);
    }
}

/* spec: protocol/4#push-judged-where-it-failed
   The token may be good, whatever the service accepted before: keys and contacts are judged by each
   service in its own way, and at its own times. */
static void doubt_sender(struct tg_push_decision *out, struct tg_push_schedule *s,
                         const struct tg_push_verdict *verdict,
                         const struct tg_push_attempt *attempt, int64_t now_s,
                         const struct tg_rng *rng)
{
    (void)suspect(out, s, verdict, attempt, now_s);
    wait_token(out, s, verdict, attempt, now_s, rng);
}

static void take(struct tg_push_decision *out, struct tg_push_schedule *s,
                 const struct tg_push_attempt *attempt)
{
    struct tg_push_proof *proof = proof_of(s, attempt->origin);

    token_of(s, attempt->tag)->failure_count = 0;
    proof->is_config_good = true;
    proof->has_suspect = false;
    settle(out, TG_PUSH_RESULT_TAKEN);
}

static enum tg_push_next next_of(enum tg_push_action action)
{
    if (action == TG_PUSH_RENEW) {
        return TG_PUSH_NEXT_RENEW;
    }
    return action == TG_PUSH_RECONNECT ? TG_PUSH_NEXT_CONNECT : TG_PUSH_NEXT_REPEAT;
}

/* Repeats once immediately. A second failure in a row counts against the credential or the
   provider. */
static void repeat(struct tg_push_decision *out, struct tg_push_schedule *s,
                   struct tg_push_route *route, const struct tg_push_verdict *verdict,
                   const struct tg_push_attempt *attempt, int64_t now_s, const struct tg_rng *rng)
{
    struct tg_push_verdict second = *verdict;

    if (!attempt->is_repetition) {
        out->next = next_of(verdict->action);
        return;
    }
    second.action = verdict->action == TG_PUSH_RENEW ? TG_PUSH_BLAME_CONFIG : TG_PUSH_WAIT_PROVIDER;
    wait_provider(out, s, route, &second, attempt, now_s, rng);
}

void tg_push_schedule_decide(struct tg_push_decision *out, struct tg_push_schedule *s,
                             struct tg_push_route *route, const struct tg_push_verdict *verdict,
                             const struct tg_push_attempt *attempt, int64_t now_s,
                             const struct tg_rng *rng)
{
    *out = (struct tg_push_decision){ .reason = verdict->reason };
    settle(out, TG_PUSH_RESULT_GIVEN_UP);
    forget_ended_backoff(route, now_s);
    switch (verdict->action) {
    case TG_PUSH_TAKEN:
        succeed(route);
        take(out, s, attempt);
        return;
    case TG_PUSH_DROP_TOKEN:
        succeed(route);
        settle(out, TG_PUSH_RESULT_DROPPED);
        out->good_after_s = verdict->good_after_s;
        return;
    case TG_PUSH_SUSPECT_TOKEN:
        succeed(route);
        suspect_token(out, s, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_DOUBT_SENDER:
        succeed(route);
        doubt_sender(out, s, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_RENEW:
    case TG_PUSH_REPEAT:
    case TG_PUSH_RECONNECT:
        repeat(out, s, route, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_WAIT_TOKEN:
        succeed(route);
        wait_token(out, s, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_WAIT_PROVIDER:
    case TG_PUSH_BLAME_CONFIG:
        wait_provider(out, s, route, verdict, attempt, now_s, rng);
        return;
    case TG_PUSH_BLAME_REQUEST:
        out->must_report = tg_push_schedule_may_report(s, verdict->reason, now_s);
        return;
    }
}

void tg_push_schedule_refuse(struct tg_push_decision *out, const struct tg_push_route *route,
                             int64_t expires_s, int64_t now_s, const struct tg_rng *rng)
{
    *out = (struct tg_push_decision){ .reason = "no_room" };
    settle_retry(out,
                 tg_push_route_is_in_backoff(route, now_s)
                     ? route->backoff_until_s + jitter(rng, TG_PUSH_FIRST_WAIT_S)
                     : now_s + 1 + jitter(rng, NO_ROOM_WAIT_S),
                 expires_s);
}
