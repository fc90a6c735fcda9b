/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carkey/carkey.h - shared by the car, the owner's and the friend's phone: labels, and the key that
 * the owner's phone signs.
 *
 * A friend's key is {"attested": TEXT, "signature": BASE64}: the owner's signature over the exact
 * text, which is JSON: keyId, vehicle, publicKey (the friend's), entitlements, notBefore, notAfter.
 */
#ifndef EXAMPLES_CARKEY_H
#define EXAMPLES_CARKEY_H

#include <jansson.h>
#include <stdbool.h>

#include "common/files.h"
#include "common/keys.h"

#define CARKEY_FORMAT "digitalwallet.carkey.ccc"
#define LABEL_PAIRING "carkey-pairing"   /* the owner's phone, to the car */
#define LABEL_SIGNING "carkey-signing"   /* the friend's phone has the key to be signed */
#define LABEL_ATTESTED "carkey-attested" /* the owner signs a friend's key */
#define LABEL_ACTION "carkey-action"     /* a phone requests an action from the car */
#define LABEL_REVOKE "carkey-revoke"     /* the owner revokes a friend's key at the car */

#define KEY_FILE_NAME "carkey.json" /* the friend's key, on the friend's phone */

/* What a phone signs: the car's challenge, and the action or the identifier of a revoked key. */
#define ACTION_TEXT_MAX 160u
bool carkey_action_text(char out[ACTION_TEXT_MAX], const char *nonce, const char *action);
/* Requests an action from the car; key NULL: as the owner. Prints the result; false: refused. */
bool carkey_use(const char *folder, const char *socket, const char *action, const json_t *key);
/* As the owner: the car refuses this key from now on. Prints the result; false: refused. */
bool carkey_revoke(const char *folder, const char *socket, const char *key_id);

#endif
