/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/c/pg_proxy.h - a Unix socket in a folder of its own, in front of a PostgreSQL
 * server, that reads the messages on their way and cuts a connection at one of them.
 */
#ifndef TG_TEST_PG_PROXY_H
#define TG_TEST_PG_PROXY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum pg_proxy_cut {
    PG_PROXY_NEVER,
    PG_PROXY_BEFORE_COMMIT, /* the sync point that follows the statement does not reach the server
                             */
    PG_PROXY_AFTER_COMMIT   /* the server's answer to the sync point does not come back */
};

#define PG_PROXY_PAIRS 16u

struct pg_proxy {
    char folder[32]; /* the host of a connection string */
    char server[256];
    int listen_fd;
    pthread_t thread;
    atomic_bool must_end;
    atomic_bool is_refusing;  /* new connections are closed at once */
    atomic_bool is_read_only; /* the server says that it is a standby */
    atomic_int cut;           /* enum pg_proxy_cut, once; then NEVER */
    const char *statement;    /* whose transaction is cut; set before cut */
    atomic_uint cut_count;
    atomic_uint accepted_count;
};

/* server: the folder of the real server's socket. */
void pg_proxy_start(struct pg_proxy *p, const char *server);
void pg_proxy_stop(struct pg_proxy *p);

#endif
