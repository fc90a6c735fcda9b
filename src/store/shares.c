/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shares.h"

#include "base/mem.h"

enum tg_err tg_store_shares_init(struct tg_store_shares *s)
{
    *s = (struct tg_store_shares){ .count = 0 };
    s->all = tg_mem_calloc(TG_STORE_SHARES, sizeof(*s->all));
    return s->all == NULL ? TG_E_NOMEM : TG_OK;
}

void tg_store_shares_deinit(struct tg_store_shares *s)
{
    tg_mem_free(s->all);
    s->all = NULL;
}

/* To the end of the order of turns. */
static void line_up(struct tg_store_shares *s, struct tg_store_share *share)
{
    share->next = NULL;
    if (s->first == NULL) {
        s->first = share;
    } else {
        s->last->next = share;
    }
    s->last = share;
}

void tg_store_shares_put(struct tg_store_shares *s, struct tg_store_op *op)
{
    struct tg_store_share *share = &s->all[op->share % TG_STORE_SHARES];

    if (share->ops.head == NULL) {
        line_up(s, share);
    }
    tg_store_oplist_append(&share->ops, op);
    s->count++;
}

const struct tg_store_op *tg_store_shares_first(const struct tg_store_shares *s)
{
    return s->first == NULL ? NULL : s->first->ops.head;
}

struct tg_store_op *tg_store_shares_pop(struct tg_store_shares *s)
{
    struct tg_store_share *share = s->first;
    struct tg_store_op *op = NULL;

    if (share != NULL) {
        op = tg_store_oplist_pop(&share->ops);
        s->count--;
        s->first = share->next;
        if (share->ops.head != NULL) {
            line_up(s, share);
        }
    }
    return op;
}
