/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other nodes change. Hints tell of it at once. A hint can be lost, so every record that is
 * followed is looked at again every few seconds, many in one statement, and its tag compared.
 */
#include "store/postgres/clock.h"
#include "store/postgres/pg.h"

#include <string.h>

#define BYTEA_OID 17u

/* ---- telling -------------------------------------------------------------------------------- */

void tg_pg_news(struct tg_pg_port *port, const struct tg_store_key *key)
{
    if (port->news != NULL) {
        port->news(port->news_ctx, key);
    }
}

static void tell_hint(struct tg_pg_port *port, const uint8_t *hint)
{
    struct tg_pg_followed *at = NULL;
    const struct tg_store_key *key = NULL;

    while ((key = tg_pg_follow_hint(&port->follow, hint, &at)) != NULL) {
        tg_pg_news(port, key);
    }
}

void tg_pg_news_hear(struct tg_pg_port *port)
{
    struct tg_pg_group *group = &tg_pg_of(&port->base)->group;

    if (port->news == NULL) {
        return;
    }
    tg_pg_wake_take(group->wake, &port->ear, &port->hints);
    for (size_t i = 0; i < port->hints.count; i++) {
        tell_hint(port, port->hints.list[i]);
    }
    if (port->hints.is_all) {
        port->look_ms = 0;
    }
}

/* ---- looking -------------------------------------------------------------------------------- */

uint64_t tg_pg_look_due(const struct tg_pg_lane *lane)
{
    const struct tg_pg_port *port = lane->port;

    if (lane->index != port->lane_count - 1 || port->follow.count == 0) {
        return UINT64_MAX;
    }
    return port->is_looking ? 0 : port->look_ms;
}

static void put_u32(uint8_t *at, size_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* The keys as an array of bytea in PostgreSQL's binary format. */
static size_t put_array(uint8_t *out, const struct tg_store_key *keys, size_t count)
{
    const size_t head[] = { 1, 0, BYTEA_OID, count, 1 }; /* dimensions, no NULL, type, size, base */
    uint8_t *at = out;

    for (size_t i = 0; i < TG_COUNT(head); i++, at += 4) {
        put_u32(at, head[i]);
    }
    for (size_t i = 0; i < count; i++, at += TG_PG_ARRAY_ENTRY) {
        put_u32(at, TG_STORE_KEY_LEN);
        memcpy(at + 4, keys[i].bytes, TG_STORE_KEY_LEN);
    }
    return (size_t)(at - out);
}

/* Rows come in any order. A key without one has no record. */
static bool take_tags(struct tg_pg_lane *lane, struct tg_pg_item *item, PGresult *result)
{
    struct tg_pg_port *port = lane->port;
    struct tg_store_key key;

    (void)item;
    for (int row = 0; row < PQntuples(result); row++) {
        struct tg_bytes found = tg_pg_bytes(result, row, 0);

        if (found.len == sizeof(key.bytes)) {
            memcpy(key.bytes, found.ptr, sizeof(key.bytes));
            if (tg_pg_follow_look(&port->follow, &key, tg_pg_number(result, row, 1))) {
                tg_pg_news(port, &key);
            }
        }
    }
    for (size_t i = 0; i < port->looked_count; i++) {
        if (tg_pg_follow_missed(&port->follow, &port->looked[i])) {
            tg_pg_news(port, &port->looked[i]);
        }
    }
    return false;
}

bool tg_pg_look_send(struct tg_pg_lane *lane)
{
    struct tg_pg_port *port = lane->port;
    struct tg_pg_args args = { .count = 0 };

    if (!port->is_looking) {
        port->is_looking = true;
        tg_pg_follow_begin(&port->follow);
    }
    port->looked_count = tg_pg_follow_next(&port->follow, port->looked, TG_PG_LOOK_MAX);
    tg_pg_arg_bytes(&args, tg_bytes(port->look_array,
                                    put_array(port->look_array, port->looked, port->looked_count)));
    return tg_pg_expect(lane, TG_PG_TAGS, &args, take_tags, NULL);
}

void tg_pg_look_pause(struct tg_pg_port *port, uint64_t wait_ms)
{
    port->is_looking = false;
    port->look_ms = tg_pg_mono_ms() + wait_ms;
}

void tg_pg_look_done(struct tg_pg_lane *lane)
{
    if (lane->port->looked_count < TG_PG_LOOK_MAX) {
        tg_pg_look_pause(lane->port, TG_PG_LOOK_EVERY_MS);
    }
}
