/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/postgres/url.h - a connection string, taken apart: the servers to try, one after the other,
 * and the options that every connection has.
 * Layer: L2 (base), for src/store/postgres alone.   Threads: one at a time.   Blocks: only on files
 * and on the lookup of a name. Secrets: the password, while a connection is started.
 */
#ifndef TG_STORE_POSTGRES_URL_H
#define TG_STORE_POSTGRES_URL_H

#include "base/fault.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#define TG_PG_HOSTS_MAX 16u
#define TG_PG_NAME_MAX 255u /* bytes of a host name or of a socket's folder */

struct tg_pg_host {
    char name[TG_PG_NAME_MAX + 1];
    char address[64]; /* "": none, so the name has to be resolved unless it is a folder */
    char port[6];
};

struct tg_pg_url {
    PQconninfoOption *options; /* owned */
    struct tg_pg_host hosts[TG_PG_HOSTS_MAX];
    size_t host_count;
    const char *password_file; /* borrowed; "": none */
};

/* TG_E_SYNTAX: the fault names the part, and repeats nothing of it. */
TG_NODISCARD enum tg_err tg_pg_url_parse(struct tg_pg_url *url, const char *text,
                                         struct tg_fault *fault);
void tg_pg_url_free(struct tg_pg_url *url);

/* Whether the address of host is looked up by its name. */
bool tg_pg_host_needs_lookup(const struct tg_pg_host *host);

/* Starts a connection to one server, which must be a primary; PQconnectPoll goes on. NULL: no
   memory, or the password file cannot be read. A name is looked up here, unless host has its
   address. */
PGconn *tg_pg_url_start(const struct tg_pg_url *url, const struct tg_pg_host *host);

#endif
