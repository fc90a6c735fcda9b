/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/conn_open.h - what a connection does before its engine: a proxy's header, the first
 * bytes and the TLS handshake; private to conn.c. Layer: L4.      Threads: its worker's. Blocks:
 * no. Secrets: what a client sends by mistake in plain HTTP is neither kept nor answered with.
 */
#ifndef TG_SERVER_NET_CONN_OPEN_H
#define TG_SERVER_NET_CONN_OPEN_H

#include "server/net/conn_state.h"

/* Finds whose connection c is, when it is new. */
void tg_conn_set_peer(struct tg_conn *c);

/* Pays for the connection and gets a place for it: when it is accepted, and again when a PROXY
   header names its client. TG_E_DENIED: the network is over its budget; TG_E_FULL: there is no
   place. Both are counted. */
TG_NODISCARD enum tg_err tg_conn_enter(struct tg_conn *c);

enum tg_opening {
    TG_OPENING_GOES_ON,  /* wait for the socket, or for another turn (c is kicked) */
    TG_OPENING_DONE,     /* the engine can begin */
    TG_OPENING_ANSWERED, /* plain HTTP on the TLS port was answered: linger */
    TG_OPENING_FAILED    /* c is broken */
};

/* One turn of the opening of c, which waits for the handshake. */
enum tg_opening tg_conn_open_turn(struct tg_conn *c);

#endif
