/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/storage/copied.h - what the copy of a whole store leaves behind in both stores: neither
 * serves while it is not the one that has everything.
 * Layer: L4 (base, store).      Threads: start only.      Blocks: reads the store.
 * Secrets: none.
 */
#ifndef TG_SERVER_STORAGE_COPIED_H
#define TG_SERVER_STORAGE_COPIED_H

#include "base/fault.h"
#include "store/store.h"

#define TG_COPY_ID_LEN 16u /* bytes, random: one copy */

enum tg_copied_state {
    TG_COPIED_NOT,
    TG_COPIED_UNFINISHED, /* the store became a copy, and does not have everything yet */
    TG_COPIED_AWAY        /* another store has everything, and may have changed since */
};

/* TG_FACT_COPY. The encoded length is 1 + TG_COPY_ID_LEN; TG_COPIED_NOT has none. */
struct tg_copied {
    enum tg_copied_state state;
    uint8_t id[TG_COPY_ID_LEN];
};
#define TG_COPIED_LEN (1u + TG_COPY_ID_LEN)

/* Into a store that is held (struct tg_store_copy_ops); durable with its next commit. */
TG_NODISCARD enum tg_err tg_copied_put(struct tg_store *store, const struct tg_copied *copied);
/* TG_E_STORE: it cannot be read now. TG_E_DENIED: it is damaged. */
TG_NODISCARD enum tg_err tg_copied_load(struct tg_copied *out, struct tg_store *store,
                                        struct tg_fault *fault);
/* TG_E_DENIED: the relay must not serve from it; fault and *advice say what to do. */
TG_NODISCARD enum tg_err tg_copied_judge(const struct tg_copied *copied, struct tg_fault *fault,
                                         const char **advice);
/* The same as part of another survey, which shows the facts first. All zero, with `out`, is ready.
 */
struct tg_copied_look {
    struct tg_copied *out; /* TG_COPIED_NOT before */
    bool is_damaged;
};
/* The facts that are not the mark of a copy are left alone. */
void tg_copied_see(struct tg_copied_look *look, const struct tg_store_seen *seen);
/* TG_E_DENIED: it is damaged. */
TG_NODISCARD enum tg_err tg_copied_seen(const struct tg_copied_look *look, struct tg_fault *fault);
/* A store that was copied away may be used again as a restored copy. */
TG_NODISCARD enum tg_err tg_copied_forget(struct tg_store *store, struct tg_fault *fault);

#endif
