/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a series at the start of a program, for every backend. */
#include "store/await.h"
#include "store/store_port.h"

struct call {
    struct tg_store_await await; /* the context of the callbacks */
    const struct tg_store_key *series;
    int64_t end_s;
};

static void call_start(struct tg_store_await *a, struct tg_store_port *port)
{
    const struct call *c = (const struct call *)a;

    port->store->ops->series(port, c->series, c->end_s, tg_store_await_done, a);
}

enum tg_err tg_store_series_open(struct tg_store *s, const struct tg_store_key *series,
                                 int64_t end_s)
{
    struct call c = { .series = series, .end_s = end_s };

    return tg_store_await(s, &c.await, call_start);
}
