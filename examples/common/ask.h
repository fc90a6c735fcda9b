/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/ask.h - a device asks a lock, a car or a server for something, and proves that it may.
 */
#ifndef EXAMPLES_ASK_H
#define EXAMPLES_ASK_H

#include <jansson.h>
#include <stdbool.h>

/* Adds to the request what proves that this device may make it. nonce: the challenge to answer. */
typedef bool ask_prove_fn(void *ctx, const char *nonce, json_t *request);

/*
 * Sends one request on a separate connection, after a challenge unless prove is NULL. Releases
 * request. Returns the answer when the request was granted, for json_decref(); NULL otherwise,
 * with the reason on standard error.
 */
json_t *ask_granted(const char *socket_path, json_t *request, ask_prove_fn *prove, void *ctx);

/* Adds "proof": the signature of this device's key over text. */
bool ask_add_proof(json_t *request, const char *folder, const char *label, const char *text);
/* Adds "publicKey" as well, for a peer that does not know this device's key. */
bool ask_add_key_and_proof(json_t *request, const char *folder, const char *label,
                           const char *text);

#endif
