/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/abuse/attacks.h - the attacks: what a hostile connection sends first, and then again and
 * again.
 */
#ifndef BENCH_ABUSE_ATTACKS_H
#define BENCH_ABUSE_ATTACKS_H

#include "peer.h"

enum version { HTTP_1, HTTP_2 };

enum pace {
    PACE_HOLD, /* a step each second: it holds what it has */
    PACE_FLOOD /* steps as fast as the server takes them */
};

struct attack {
    const char *name;
    enum version version;
    enum pace pace;
    bool is_tls;        /* the handshake is done before begin */
    const char *groups; /* of key exchange, as OpenSSL names them; NULL: OpenSSL's default */
    /* size: bytes of a body or head, where it has one. Queues bytes; may be NULL. */
    void (*begin)(struct peer *p, size_t size);
    /* False: open the connection again. May be NULL. */
    bool (*step)(struct peer *p, size_t size);
};

extern const struct attack attacks[];
extern const size_t attack_count;

#endif
