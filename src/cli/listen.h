/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/listen.h - a push endpoint on loopback: takes POSTs over TLS, one connection at a time. It
 * stands in for a push service and the device behind it.
 * Layer: L4, and beside the library's own transports the one file that speaks TLS: a wallet on a
 * phone has its push service for this.
 * Threads: one.      Blocks: yes.      Secrets: none; what comes is encrypted.
 */
#ifndef TG_CLI_LISTEN_H
#define TG_CLI_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "cli/ui.h"

#define LISTEN_ORIGIN_MAX 64u
#define LISTEN_PATH_MAX 128u
#define LISTEN_BODY_MAX 4096u

struct listener; /* opaque */

struct listen_post {
    char path[LISTEN_PATH_MAX];
    unsigned char body[LISTEN_BODY_MAX];
    size_t len;
};

/*
 *   address     127.0.0.1, localhost or [::1], a colon and a port; port 0: any that is free
 *   cert, key   PEM files; a chain may stand in the first
 * CLI_USAGE     no such address, or not of this machine alone; said
 * CLI_REFUSED   the port is taken, or certificate or key are not good; said
 */
enum cli_exit listen_open(struct ui *ui, struct listener **out, const char *address,
                          const char *cert, const char *key);
/* Accepts NULL and *l == NULL. */
void listen_close(struct listener **l);
/* "https://127.0.0.1:4711" */
const char *listen_origin(const struct listener *l);

/* True: a POST has come, and waits for listen_answer(). False: until_s (UTC seconds, 0: never) is
   over. Whatever is no POST of a push is answered and forgotten. */
bool listen_wait(struct listener *l, int64_t until_s, struct listen_post *post);
/* Answers the POST that came and ends its connection. */
void listen_answer(struct listener *l, unsigned status);

#endif
