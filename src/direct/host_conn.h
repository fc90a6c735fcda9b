/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct/host_conn.h - the connections of a host.
 * Layer: L2.   Threads: one at a time.   Blocks: no.   Clock: an argument.
 * Secrets: received bytes, wiped with the connection.
 */
#ifndef TG_DIRECT_HOST_CONN_H
#define TG_DIRECT_HOST_CONN_H

#include "direct/host.h"

/* TIGRESS_DIRECT_CONNECTIONS_MAX: host has no such connection, or is NULL. */
size_t tg_direct_conn_index(const struct tigress_direct_host *host, unsigned id);
/* NULL: host has no such connection, or is NULL. */
struct tg_direct_conn *tg_direct_conn_find(struct tigress_direct_host *host, unsigned id);
/* A place for a new connection, empty. NULL: all places are in use. */
struct tg_direct_conn *tg_direct_conn_place(struct tigress_direct_host *host, int64_t now_ms);
void tg_direct_conn_free(struct tg_direct_conn *c);

/* Ends a connection and counts the reason. Its output is still written. */
void tg_direct_conn_end(struct tigress_direct_host *host, struct tg_direct_conn *c,
                        enum tigress_direct_event why);
/* The same without a count. */
void tg_direct_conn_end_quietly(struct tg_direct_conn *c);

/* When the time of a connection is used up; INT64_MAX: never. */
int64_t tg_direct_conn_stall_ms(const struct tg_direct_conn *c);
/* Limits the times of a connection after the clock was set back, so that a stall still ends. */
void tg_direct_conn_follow_clock(struct tg_direct_conn *c, int64_t now_ms);

#endif
