/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/hints.h"

#include <string.h>

bool tg_pg_hints_is_empty(const struct tg_pg_hints *h)
{
    return h->count == 0 && !h->is_all;
}

void tg_pg_hints_clear(struct tg_pg_hints *h)
{
    h->count = 0;
    h->is_all = false;
}

void tg_pg_hints_add(struct tg_pg_hints *h, const uint8_t *hint)
{
    if (h->is_all) {
        return;
    }
    if (h->count == TG_PG_HINTS_MAX) {
        tg_pg_hints_add_all(h);
        return;
    }
    memcpy(h->list[h->count++], hint, TG_PG_HINT_LEN);
}

void tg_pg_hints_add_all(struct tg_pg_hints *h)
{
    h->count = 0;
    h->is_all = true;
}
