/* SPDX-License-Identifier: Apache-2.0 */
/* Facts, for every backend: their names, and calls that wait for the answer. */
#include "base/bytes.h"
#include "store/await.h"
#include "store/store_port.h"

#include <assert.h>
#include <string.h>

const char *tg_store_fact_name(enum tg_fact fact)
{
    static const char *const names[] = {
        [TG_FACT_STORE_ID] = "store id", [TG_FACT_KEY_CHECKS] = "key checks",
        [TG_FACT_EPOCH] = "epoch",       [TG_FACT_TIME_MARK] = "time mark",
        [TG_FACT_CLOCK] = "clock",       [TG_FACT_COPY] = "copy",
    };

    static_assert(TG_COUNT(names) == TG_FACT_COUNT, "a name for each fact");
    return names[fact];
}

bool tg_store_mark_raise(uint8_t next[TG_STORE_MARK_LEN], const struct tg_store_fact *old,
                         int64_t mark_s)
{
    uint64_t is = 0;

    for (size_t i = 0; old != NULL && i < old->value.len && i < TG_STORE_MARK_LEN; i++) {
        is = is << 8 | old->value.ptr[i];
    }
    if (mark_s <= 0 || (uint64_t)mark_s <= is) {
        return false;
    }
    for (unsigned i = 0; i < TG_STORE_MARK_LEN; i++) {
        next[i] = (uint8_t)((uint64_t)mark_s >> (56 - 8 * i));
    }
    return true;
}

/* One operation on a fact. */
struct call {
    struct tg_store_await await; /* the context of the callbacks */
    enum tg_fact fact;
    tg_store_fact_fn *change;
    struct tg_store_fact_copy *out; /* load */
    uint64_t old_version;           /* save */
    struct tg_bytes value;
    bool has_conflict;
};

static void call_start(struct tg_store_await *a, struct tg_store_port *port)
{
    const struct call *c = (const struct call *)a;

    port->store->ops->fact(port, c->fact, c->change, a, tg_store_await_done);
}

static bool load_change(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct call *c = ctx;

    (void)next;
    *c->out = (struct tg_store_fact_copy){ .version = 0 };
    if (old != NULL) {
        assert(old->value.len <= sizeof(c->out->bytes));
        c->out->version = old->version;
        c->out->len = old->value.len;
        if (old->value.len > 0) {
            memcpy(c->out->bytes, old->value.ptr, old->value.len);
        }
    }
    return false;
}

enum tg_err tg_store_fact_load(struct tg_store *s, enum tg_fact fact,
                               struct tg_store_fact_copy *out)
{
    struct call c = { .fact = fact, .change = load_change, .out = out };
    enum tg_err err = tg_store_await(s, &c.await, call_start);

    if (err != TG_OK) {
        *out = (struct tg_store_fact_copy){ .version = 0 };
    }
    return err;
}

static bool save_change(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct call *c = ctx;

    c->has_conflict = (old == NULL ? 0 : old->version) != c->old_version;
    *next = c->value;
    return !c->has_conflict;
}

enum tg_err tg_store_fact_save(struct tg_store *s, enum tg_fact fact, uint64_t old_version,
                               struct tg_bytes value)
{
    struct call c = {
        .fact = fact, .change = save_change, .old_version = old_version, .value = value
    };
    enum tg_err err = tg_store_await(s, &c.await, call_start);

    return err == TG_OK && c.has_conflict ? TG_E_CONFLICT : err;
}
