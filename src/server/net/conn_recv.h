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
/* Reads what is there, as much as a turn allows, and gives it to the engine; discards it after the
   last answer. The rest of the turn sets when c is read again. */
void tg_conn_read(struct tg_conn *c);
/* Whether the engine can take more of what it did not take before. */
bool tg_conn_has_kept(const struct tg_conn *c);
/* Gives it to the engine. */
void tg_conn_feed_kept(struct tg_conn *c);
/* The peer has finished sending. */
void tg_conn_end_input(struct tg_conn *c);

/* Reads from the socket once. *len: in, the size of buf; on TG_TLS_OK the bytes read. */
enum tg_tls_io tg_conn_receive(struct tg_conn *c, uint8_t *buf, size_t *len);

/* What has arrived for TLS, during a turn: in the worker's buffer, so that between turns a
   connection holds no more than an unfinished record. */
struct tg_conn_input {
    struct tg_conn *conn;
    uint8_t *buf; /* borrowed */
    size_t cap;
    size_t at; /* from here on not yet taken */
    size_t len;
    bool is_drained; /* the socket has nothing more */
};

void tg_conn_input_open(struct tg_conn_input *in, struct tg_conn *c);
/* Keeps what was not taken for the next turn. */
void tg_conn_input_close(struct tg_conn_input *in);
struct tg_bytes tg_conn_input_view(const struct tg_conn_input *in);
/* Reads more. TG_TLS_OK: there is more. */
enum tg_tls_io tg_conn_input_more(struct tg_conn_input *in);
/* The record at in->at, read if it is not there yet. The caller moves at behind it. */
enum tg_tls_io tg_conn_input_record(struct tg_conn_input *in, struct tg_bytes *record);

#endif
