/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/conn_recv.h - receiving on a connection; private to conn.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: what was read is wiped when the engine has taken it.
 */
#ifndef TG_SERVER_NET_CONN_RECV_H
#define TG_SERVER_NET_CONN_RECV_H

#include "server/net/conn_state.h"

/* How many bytes may be read now. While the engine is busy a little is read ahead: the next
   request, or the end of the connection. */
size_t tg_conn_room(const struct tg_conn *c);
/* Reads what is there, up to TG_READ_ROUNDS_MAX times, and gives it to the engine. */
void tg_conn_read(struct tg_conn *c);
/* Gives the engine what it did not take before. */
void tg_conn_feed_kept(struct tg_conn *c);
/* The peer has finished sending. */
void tg_conn_end_input(struct tg_conn *c);

#endif
