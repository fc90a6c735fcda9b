/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/abuse/peer.h - one connection of an attacker or of an honest client.
 * Threads: one.      Blocks: peer_open and the calls with a limit in seconds.
 *
 * A connection comes from an address of a given network, so that one machine can play one network
 * or many.
 */
#ifndef BENCH_ABUSE_PEER_H
#define BENCH_ABUSE_PEER_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the server is, and the network from which connections come. */
struct target {
    struct sockaddr_storage server;
    socklen_t server_len;
    struct sockaddr_storage from; /* its first from_bits bits are fixed, the others are random */
    unsigned from_bits;
    SSL_CTX *tls;
};

struct peer {
    const struct target *target;
    int fd; /* -1: closed */
    SSL *ssl;
    uint32_t stream_id;    /* of the next HTTP/2 stream */
    unsigned stream_count; /* streams opened on this connection */
    uint64_t step_count;   /* of an attack, since the connection was opened */
    char path[43];         /* of the mailbox that the attack uses; "": none */
    char claim[37];        /* of a device of it */
    size_t out_at, out_len;
    uint8_t *out; /* not yet sent */
};

/* "127.0.0.1:8443" or "[::1]:8443"; "127.1.0.0/16" or "fd00:1::/48". False: not in that form. */
bool target_set(struct target *t, const char *server, const char *from);

/* Connects; with is_tls also the TLS handshake, offering alpn ("h2" or "http/1.1"). False: refused,
   or not done within limit_s. Opens again what was closed. */
bool peer_open(struct peer *p, const struct target *t, bool is_tls, const char *alpn, int limit_s);
void peer_close(struct peer *p);

/* Queues bytes. They leave with peer_flush. */
void peer_put(struct peer *p, const void *bytes, size_t len);
/* Sends what is queued, without waiting. False: the connection is broken. */
bool peer_flush(struct peer *p);
/* Reads and discards what has arrived, without waiting, or returns up to cap bytes in out.
   -1: closed by the server. */
long peer_read(struct peer *p, void *out, size_t cap);
/* Reads until a whole HTTP/1.1 answer arrived. Returns its status; 0: none within limit_s. */
unsigned peer_answer(struct peer *p, int limit_s);

/* Reads into out, which is made a text, until it has what. NULL: not within limit_s. */
const char *peer_find(struct peer *p, const char *what, char *out, size_t cap, int limit_s);

double now_s(void);

#endif
