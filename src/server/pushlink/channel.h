/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/pushlink/channel.h - the messages on the pair of sockets: jobs to the push process,
 * outcomes from it.
 * Layer: L4; for link.c.      Threads: the link's.      Blocks: no.
 * Secrets: tokens pass in messages; the window owns and wipes them.
 */
#ifndef TG_SERVER_PUSHLINK_CHANNEL_H
#define TG_SERVER_PUSHLINK_CHANNEL_H

#include "server/pushlink/peer.h"

/* Sends what waits in the window to the current process, as far as the socket has room. */
void tg_push_channel_send(struct tg_push_peers *peers);

/* Reads what peer has sent and acts on it; peer may be freed afterwards. */
void tg_push_channel_receive(struct tg_push_peer *peer);

#endif
