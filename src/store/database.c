/* SPDX-License-Identifier: Apache-2.0 */
#include "store/database.h"

#include "base/bytes.h"
#include "store/store.h"

#include <string.h>

static void add(struct tg_store_database *sum, const struct tg_store_database *more)
{
    sum->up_count += more->up_count;
    sum->wanted_count += more->wanted_count;
    sum->batch_count += more->batch_count;
    sum->change_count += more->change_count;
    sum->conflict_count += more->conflict_count;
    sum->overtaken_count += more->overtaken_count;
    sum->doubt_count += more->doubt_count;
    sum->wait_sum_us += more->wait_sum_us;
    sum->is_synchronous = sum->is_synchronous && more->is_synchronous;
    for (size_t i = 0; i < TG_COUNT(sum->losses); i++) {
        sum->losses[i] += more->losses[i];
    }
    for (size_t i = 0; i < TG_COUNT(sum->waits); i++) {
        sum->waits[i] += more->waits[i];
    }
    if (sum->trouble.text[0] == '\0') {
        sum->trouble = more->trouble;
    }
}

bool tg_store_database(struct tg_store *store, struct tg_store_database *out)
{
    struct tg_store *part = NULL;
    struct tg_store_database one;

    memset(out, 0, sizeof(*out));
    if (store->ops->database != NULL) {
        store->ops->database(store, out);
        return true;
    }
    for (size_t i = 0; store->ops->part != NULL; i++) {
        part = store->ops->part(store, i);
        if (part == NULL || part->ops->database == NULL) {
            return i > 0;
        }
        part->ops->database(part, &one);
        if (i == 0) {
            *out = one;
        } else {
            add(out, &one);
        }
    }
    return false;
}
