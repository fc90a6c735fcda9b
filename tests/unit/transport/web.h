/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server on loopback that answers what a test wants, with a thread for each connection, and
 * with TLS if wanted.
 */
#ifndef TESTS_UNIT_TRANSPORT_WEB_H
#define TESTS_UNIT_TRANSPORT_WEB_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define WEB_CONNECTIONS_MAX 512
#define WEB_REQUEST_MAX 4096

struct web;
/* The answer to a request, whole; a literal. NULL: none, until the client closes. */
typedef const char *web_answer_fn(struct web *w, const char *request);

struct web {
    web_answer_fn *answer;
    void *ctx;     /* for answer */
    SSL_CTX *tls;  /* NULL: plain */
    unsigned port; /* from here on: written by web_start */
    int listener;
    pthread_t thread;
    pthread_t threads[WEB_CONNECTIONS_MAX];
    atomic_int fds[WEB_CONNECTIONS_MAX];
    atomic_uint connection_count;
    atomic_uint request_count;
    char last[WEB_REQUEST_MAX]; /* the last request */
};

void web_start(struct web *w);
void web_stop(struct web *w);

/* A context with a certificate for a name such as "DNS:relay.example" or "IP:127.0.0.1". It is also
   written to the file path, as the authority to trust. */
SSL_CTX *web_tls(const char *name, const char *path);

#endif
