/* SPDX-License-Identifier: Apache-2.0 */
#include "store/memory/fact.h"

#include <string.h>

static struct tg_store_fact fact_view(const struct tg_store_fact_copy *fact)
{
    return (struct tg_store_fact){ .version = fact->version,
                                   .value = tg_bytes(fact->bytes, fact->len) };
}

static void fact_put(struct tg_store_fact_copy *fact, struct tg_bytes value)
{
    fact->version++;
    fact->len = value.len;
    if (value.len > 0) {
        memcpy(fact->bytes, value.ptr, value.len);
    }
}

enum tg_err tg_memory_fact_change(struct tg_store_fact_copy *facts, const struct tg_store_op *op)
{
    struct tg_store_fact_copy *fact = &facts[op->of.fact.fact];
    struct tg_store_fact old = fact_view(fact);
    struct tg_bytes next = { NULL, 0 };

    if (!op->of.fact.change(op->ctx, old.version != 0 ? &old : NULL, &next)) {
        return TG_OK;
    }
    if (next.len > TG_STORE_FACT_MAX) {
        return TG_E_FULL;
    }
    fact_put(fact, next);
    return TG_OK;
}

void tg_memory_mark_raise(struct tg_store_fact_copy *facts, int64_t mark_s)
{
    struct tg_store_fact_copy *fact = &facts[TG_FACT_TIME_MARK];
    struct tg_store_fact old = fact_view(fact);
    uint8_t next[TG_STORE_MARK_LEN];

    if (tg_store_mark_raise(next, old.version != 0 ? &old : NULL, mark_s)) {
        fact_put(fact, TG_ARRAY_BYTES(next));
    }
}

bool tg_memory_facts_show(const struct tg_store_fact_copy *facts, tg_store_see_fn *see, void *ctx)
{
    bool goes_on = true;

    for (unsigned i = 0; goes_on && i < TG_FACT_COUNT; i++) {
        struct tg_store_fact fact = fact_view(&facts[i]);

        goes_on = fact.version == 0 || see(ctx, &(struct tg_store_seen){ .kind = TG_STORE_SEEN_FACT,
                                                                         .fact = (enum tg_fact)i,
                                                                         .version = fact.version,
                                                                         .bytes = fact.value });
    }
    return goes_on;
}
