/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/plain.h - plain HTTP on a port that speaks TLS: how it is recognised and answered.
 * Layer: L4.      Threads: any.      Blocks: no.
 * Secrets: the answers are fixed texts, so that nothing of a request comes back.
 */
#ifndef TG_SERVER_NET_PLAIN_H
#define TG_SERVER_NET_PLAIN_H

#include "base/bytes.h"

enum tg_plain {
    TG_PLAIN_UNDECIDED, /* more bytes are needed */
    TG_PLAIN_TLS,       /* a record of a TLS handshake */
    TG_PLAIN_OTHER,     /* none of these: refuse it */
    TG_PLAIN_HTTP1,     /* a method and a space */
    TG_PLAIN_HTTP2      /* the preface of HTTP/2 */
};

/* What the first bytes of a connection are. TG_PLAIN_TLS only when a whole record is there, or when
   it cannot be one. */
enum tg_plain tg_plain_look(struct tg_bytes in);
/* The answer to HTTP, after which the connection closes. */
struct tg_bytes tg_plain_answer(enum tg_plain plain);

#endif
