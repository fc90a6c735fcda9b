/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No operation waits for ever. One that was sent may have been done: it is answered with
 * TG_E_STORE, and its transaction goes on, because nothing is cancelled.
 */
#include "store/postgres/pg.h"

#define ANSWER_MS 8000u /* an operation is answered within so long */

void tg_pg_complete(struct tg_pg_lane *lane, struct tg_store_op *op)
{
    struct tg_store_oplist list = { NULL, NULL };

    tg_store_oplist_append(&list, op);
    tg_store_port_complete(&lane->port->base, &list);
}

static void expire_list(struct tg_pg_lane *lane, struct tg_store_oplist *list, uint64_t now_ms)
{
    struct tg_store_oplist kept = { NULL, NULL };
    struct tg_store_op *op = NULL;

    while ((op = tg_store_oplist_pop(list)) != NULL) {
        if (now_ms >= op->since_ms + ANSWER_MS) {
            op->err = TG_E_STORE;
            tg_pg_complete(lane, op);
        } else {
            tg_store_oplist_append(&kept, op);
        }
    }
    *list = kept;
}

/* The order within a share stays; its turns begin again. */
static void expire_shares(struct tg_pg_lane *lane, struct tg_store_shares *shares, uint64_t now_ms)
{
    struct tg_store_oplist kept = { NULL, NULL };
    struct tg_store_op *op = NULL;

    while ((op = tg_store_shares_pop(shares)) != NULL) {
        tg_store_oplist_append(&kept, op);
    }
    expire_list(lane, &kept, now_ms);
    while ((op = tg_store_oplist_pop(&kept)) != NULL) {
        tg_store_shares_put(shares, op);
    }
}

static void older(uint64_t *since_ms, const struct tg_store_op *op)
{
    if (op != NULL && op->since_ms < *since_ms) {
        *since_ms = op->since_ms;
    }
}

uint64_t tg_pg_batch_due(const struct tg_pg_lane *lane)
{
    const struct tg_pg_batch *b = lane->batch;
    uint64_t since_ms = UINT64_MAX;

    for (size_t i = 0; b->kind != TG_PG_IDLE && i < b->item_count; i++) {
        older(&since_ms, b->items[i].op);
    }
    for (const struct tg_store_share *share = lane->waiting.first; share != NULL;
         share = share->next) {
        older(&since_ms, share->ops.head);
    }
    older(&since_ms, lane->again.head);
    older(&since_ms, lane->sweeps.head);
    return since_ms == UINT64_MAX ? UINT64_MAX : since_ms + ANSWER_MS;
}

void tg_pg_batch_expire(struct tg_pg_lane *lane, uint64_t now_ms)
{
    struct tg_pg_batch *b = lane->batch;

    if (now_ms < tg_pg_batch_due(lane)) {
        return;
    }
    for (size_t i = 0; b->kind != TG_PG_IDLE && i < b->item_count; i++) {
        struct tg_store_op *op = b->items[i].op;

        if (op != NULL && now_ms >= op->since_ms + ANSWER_MS) {
            op->err = TG_E_STORE;
            b->items[i].op = NULL;
            tg_pg_complete(lane, op);
        }
    }
    expire_shares(lane, &lane->waiting, now_ms);
    expire_list(lane, &lane->again, now_ms);
    expire_list(lane, &lane->sweeps, now_ms);
}
