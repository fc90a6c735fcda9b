/* SPDX-License-Identifier: Apache-2.0 */
#include "server/storage/copied.h"

#include <string.h>

static const char unfinished_advice[] =
    "Run the same tigressd --copy-store again: it starts over. Or begin with an empty store.\n";
static const char away_advice[] =
    "Start the relay on the other store. If nothing was served from that one, or if it is lost,\n"
    "this one is an older copy: decide with tigressd --restored (see tigressd(8)).\n";

enum tg_err tg_copied_put(struct tg_store *store, const struct tg_copied *copied)
{
    uint8_t bytes[TG_COPIED_LEN];
    struct tg_store_seen row = { .kind = TG_STORE_SEEN_FACT, .fact = TG_FACT_COPY, .version = 1 };

    bytes[0] = (uint8_t)copied->state;
    memcpy(bytes + 1, copied->id, TG_COPY_ID_LEN);
    row.bytes = tg_bytes(bytes, copied->state == TG_COPIED_NOT ? 0 : TG_COPIED_LEN);
    return store->ops->copy->put(store, &row);
}

void tg_copied_see(struct tg_copied_look *look, const struct tg_store_seen *seen)
{
    const uint8_t *bytes = seen->bytes.ptr;

    if (seen->kind != TG_STORE_SEEN_FACT || seen->fact != TG_FACT_COPY || seen->bytes.len == 0) {
        return;
    }
    look->is_damaged = seen->bytes.len != TG_COPIED_LEN || bytes[0] < TG_COPIED_UNFINISHED ||
                       bytes[0] > TG_COPIED_AWAY;
    if (!look->is_damaged) {
        look->out->state = (enum tg_copied_state)bytes[0];
        memcpy(look->out->id, bytes + 1, TG_COPY_ID_LEN);
    }
}

enum tg_err tg_copied_seen(const struct tg_copied_look *look, struct tg_fault *fault)
{
    if (look->is_damaged) {
        tg_fault_set(fault, "the mark of a copy in the store is damaged, or of a newer version");
        return TG_E_DENIED;
    }
    return TG_OK;
}

/* Facts come first, and the rest is not needed. */
static bool see(void *ctx, const struct tg_store_seen *seen)
{
    tg_copied_see(ctx, seen);
    return seen->kind == TG_STORE_SEEN_FACT;
}

/* By a survey: a port of a database that was copied away is refused. */
enum tg_err tg_copied_load(struct tg_copied *out, struct tg_store *store, struct tg_fault *fault)
{
    struct tg_copied_look look = { .out = out };
    enum tg_err err = TG_E_BUG;

    *out = (struct tg_copied){ .state = TG_COPIED_NOT };
    err = store->ops->survey(store, TG_STORE_SURVEY_ALL, see, &look);
    if (err != TG_OK) {
        tg_fault_set(fault, "what a copy has left in the store cannot be read");
        return err;
    }
    return tg_copied_seen(&look, fault);
}

enum tg_err tg_copied_judge(const struct tg_copied *copied, struct tg_fault *fault,
                            const char **advice)
{
    switch (copied->state) {
    case TG_COPIED_NOT:
        return TG_OK;
    case TG_COPIED_UNFINISHED:
        tg_fault_set(fault, "the store is a copy of another one that was not finished");
        *advice = unfinished_advice;
        break;
    case TG_COPIED_AWAY:
        tg_fault_set(fault, "the store was copied to another one, which may have changed since");
        *advice = away_advice;
        break;
    }
    return TG_E_DENIED;
}

enum tg_err tg_copied_forget(struct tg_store *store, struct tg_fault *fault)
{
    struct tg_store_fact_copy fact;
    enum tg_err err = tg_store_fact_load(store, TG_FACT_COPY, &fact);

    if (err == TG_OK && fact.len > 0) {
        err = tg_store_fact_save(store, TG_FACT_COPY, fact.version, tg_bytes(NULL, 0));
    }
    if (err != TG_OK) {
        tg_fault_set(fault, "the store cannot be written");
    }
    return err;
}
