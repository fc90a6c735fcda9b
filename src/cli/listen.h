/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/listen.h - a push endpoint on loopback: accepts POSTs over TLS, one connection at a time. It
 * replaces a push service and the device behind it.
 * Layer: L4. Apart from the library's transports, only this file of the tool uses TLS. On a phone
 * the push service replaces it.
 * Threads: one.      Blocks: yes.      Secrets: none; what comes is encrypted.
 */
#ifndef TG_CLI_LISTEN_H
#define TG_CLI_LISTEN_H

#include "cli/ui.h"

#include <stddef.h>
#include <stdint.h>

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
 *   address     127.0.0.1, localhost or [::1], a colon and a port; port 0: a free port
 *   cert, key   PEM files; the first may have a chain
 * CLI_USAGE     not an address of this form, or not loopback; reported
 * CLI_REFUSED   the port is in use, or certificate or key cannot be used; reported
 */
enum cli_exit listen_open(struct ui *ui, struct listener **out, const char *address,
                          const char *cert, const char *key);
/* Accepts NULL and *l == NULL. */
void listen_close(struct listener **l);
/* "https://127.0.0.1:4711" */
const char *listen_origin(const struct listener *l);

/* True: a POST has arrived and waits for listen_answer(). False: until_s (UTC seconds, 0: never)
   has passed. Any other request is answered here. */
bool listen_wait(struct listener *l, int64_t until_s, struct listen_post *post);
/* Answers that POST and closes its connection. */
void listen_answer(struct listener *l, unsigned status);

#endif
