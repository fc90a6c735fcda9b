/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/exchange.h"

#include "base/mem.h"
#include "relay/standing_case.h"

#include <assert.h>

#define TO(state) (1u << TG_EX_##state)

/* ENDED from a state with something lent: the exchange was cancelled, and gives it up. */
static const unsigned legal[TG_EX_STATE_COUNT] = {
    [TG_EX_DECIDING] = TO(LOOKING) | TO(PROVING) | TO(CHANGING) | TO(WAITING) | TO(ENDED),
    [TG_EX_LOOKING] = TO(DECIDING) | TO(OUTDATED) | TO(ENDED),
    [TG_EX_OUTDATED] = TO(DECIDING) | TO(ENDED),
    [TG_EX_PROVING] = TO(DECIDING) | TO(ENDED),
    [TG_EX_CHANGING] = TO(DECIDING) | TO(ENDED),
    [TG_EX_WAITING] = TO(DECIDING) | TO(ENDED),
    [TG_EX_ENDED] = 0,
};

void tg_exchange_go(struct tg_exchange *ex, enum tg_exchange_state state)
{
    assert((legal[ex->state] & 1u << state) != 0);
    ex->state = state;
    if (state == TG_EX_ENDED && ex->lent != NULL) {
        ex->lent->exchange = NULL;
        ex->lent = NULL;
    }
}

struct tg_exchange *tg_exchange_new(struct tg_relay *relay)
{
    struct tg_exchange *ex = tg_mem_calloc(1, sizeof(*ex));

    if (ex == NULL) {
        return NULL;
    }
    ex->change = tg_change_new(relay->keyring, relay->rng);
    if (ex->change == NULL) {
        tg_mem_free(ex);
        return NULL;
    }
    ex->relay = relay;
    return ex;
}

void tg_exchange_hold(struct tg_exchange *ex)
{
    if (ex->hold_count++ == 0) {
        ex->owner_before = tg_mem_enter_of(ex);
    }
}

bool tg_exchange_release(struct tg_exchange *ex)
{
    bool is_alive = ex->state != TG_EX_ENDED;

    if (--ex->hold_count > 0) {
        return is_alive;
    }
    (void)tg_mem_enter(ex->owner_before);
    if (!is_alive) {
        tg_change_free(&ex->change);
        tg_standing_case_free(&ex->standing);
        tg_mem_free_secret(ex, sizeof(*ex));
    }
    return is_alive;
}

/* ---- lending -------------------------------------------------------------------------------- */

static void lend(struct tg_exchange *ex, struct tg_errand *errand, enum tg_exchange_state state)
{
    assert(ex->lent == NULL);
    *errand = (struct tg_errand){ .relay = ex->relay, .exchange = ex };
    ex->lent = errand;
    ex->relay->lent_count++;
    tg_exchange_go(ex, state);
}

static struct tg_exchange *take(struct tg_errand *errand)
{
    struct tg_exchange *ex = errand->exchange;

    errand->relay->lent_count--;
    if (ex != NULL) {
        assert(ex->lent == errand);
        ex->lent = NULL;
        errand->exchange = NULL;
        tg_exchange_hold(ex);
        tg_exchange_go(ex, TG_EX_DECIDING);
    }
    return ex;
}

struct tg_change *tg_exchange_lend_change(struct tg_exchange *ex, enum tg_exchange_state state)
{
    struct tg_change *change = ex->change;

    lend(ex, &change->errand, state);
    ex->change = NULL;
    return change;
}

struct tg_standing_case *tg_exchange_lend_case(struct tg_exchange *ex)
{
    struct tg_standing_case *standing = ex->standing;

    lend(ex, &standing->errand, TG_EX_PROVING);
    ex->standing = NULL;
    return standing;
}

struct tg_exchange *tg_exchange_take_change(struct tg_change *change)
{
    struct tg_exchange *ex = take(&change->errand);

    if (ex != NULL) {
        ex->change = change;
    }
    return ex;
}

struct tg_exchange *tg_exchange_take_case(struct tg_standing_case *standing)
{
    struct tg_exchange *ex = take(&standing->errand);

    if (ex != NULL) {
        ex->standing = standing;
    }
    return ex;
}
