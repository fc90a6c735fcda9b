/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/link.h - how a device talks to a lock, a car or a provisioning server in these examples:
 * one JSON object a line over a Unix socket, requests and answers in turn. It replaces NFC,
 * Bluetooth or HTTPS. Only the credentials decide who may do what.
 */
#ifndef EXAMPLES_LINK_H
#define EXAMPLES_LINK_H

#include <jansson.h>
#include <stdbool.h>

#include "common/keys.h"

#define LINE_MAX_LEN 65536u
#define REQUESTS_MAX 8u /* a connection */
#define LINK_WAIT_S 3

/* ---- the device's end */

/* -1: nobody listens; reported. close() it. */
int link_open(const char *socket_path);
/* The answer, or NULL: reported. Releases request. */
json_t *link_call(int fd, json_t *request);
/* Requests a challenge: a nonce that the next request on this connection must answer. */
bool link_challenge(int fd, char nonce[HEX_MAX]);

/* ---- the other end */

struct link_peer {
    char nonce[HEX_MAX]; /* "" unless the previous request was for a challenge; valid once */
};

/* The answer to one request; never NULL. */
typedef json_t *link_answer_fn(void *ctx, const struct link_peer *peer, const json_t *request);

/* Prints "ready", then serves one connection after the other until the process ends. */
int link_serve(const char *socket_path, link_answer_fn *answer, void *ctx);

json_t *link_refuse(const char *why);
/* Prints the answer's "why" unless it says "ok": true. */
bool link_is_ok(const json_t *answer);

#endif
