/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/conn_send.h - sending on a connection; private to conn.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: what is unsent is wiped when it has been sent.
 */
#ifndef TG_SERVER_NET_CONN_SEND_H
#define TG_SERVER_NET_CONN_SEND_H

#include "server/net/conn_state.h"

/* Sends at most two parts in order, and keeps what the socket does not take. Does nothing where the
   connection is broken or ends. Outside of the turn of c everything is kept, and sent in its turn.
   As tg_proto_io.write. */
void tg_conn_send(struct tg_conn *c, const struct tg_bytes *parts, size_t part_count);
/* Sends what was kept, as far as the socket takes it. */
void tg_conn_flush(struct tg_conn *c);

#endif
