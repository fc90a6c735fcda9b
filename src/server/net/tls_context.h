/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/tls_context.h - what the files tls*.c share; private to them.
 * Layer: L4.      Threads: read-only once made, except the count.      Blocks: no.
 * Secrets: the private key stays inside OpenSSL.
 */
#ifndef TG_SERVER_NET_TLS_CONTEXT_H
#define TG_SERVER_NET_TLS_CONTEXT_H

#include "server/net/tls.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

struct tg_tls_context {
    atomic_size_t holder_count;
    SSL_CTX *ssl;
    BIO_METHOD *method; /* of the BIO that a session reads from */
    int64_t not_after_s;
};

struct tg_tls {
    SSL *ssl;                       /* its app data is this struct */
    struct tg_tls_context *context; /* a reference */
    struct tg_bytes record;         /* what OpenSSL may read in this call */
    bool has_leave;                 /* for costly work */
};

/* Ends a handshake without leave at a ClientHello that asks for costly work. */
void tg_tls_look_at_hellos(SSL_CTX *ssl);

/* A BIO whose data is a struct tg_bytes: it reads from there, and moves it on. Where that is empty,
   the reader is to try again with the next record. NULL: no memory. */
BIO_METHOD *tg_tls_method_new(void);

#endif
