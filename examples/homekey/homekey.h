/* SPDX-License-Identifier: Apache-2.0 */
/*
 * homekey/homekey.h - shared by hub, lock and wallets: a symmetric credential.
 *
 * A credential is {"terms": TEXT, "key": HEX}: the terms are JSON (id, notBefore, notAfter, from,
 * to), and the key is HMAC-SHA-256(master, terms). The lock has the master and derives the key from
 * the terms that a phone presents, so a key does not match changed terms.
 * Copies are identical: that is scenario 1 of the requirements.
 */
#ifndef EXAMPLES_HOMEKEY_H
#define EXAMPLES_HOMEKEY_H

#include <jansson.h>
#include <stdbool.h>

#include "common/files.h"
#include "common/keys.h"

#define HOME_FORMAT "org.example.homekey.symmetric"
#define LABEL_TERMS "homekey-terms"
#define LABEL_OPEN "homekey-open"     /* a phone answers the lock's challenge */
#define LABEL_MINT "homekey-mint"     /* the owner's phone, to the hub: nonce and terms */
#define LABEL_REVOKE "homekey-revoke" /* the owner's phone, to the lock: nonce and id */

#define OWNER_ID "owner"
#define MASTER_FILE "master"
#define HOME_TEXT_MAX 512u

/* "nonce text" into out. false: no nonce, or too long. */
bool home_bind(char out[HOME_TEXT_MAX], const char *nonce, const char *text);
/* The master key of the house, made when there is none and is_hub. */
bool home_master(const char *folder, bool is_hub, char out[HEX_MAX]);
/* Whether the caller has the key of the terms: mac is over nonce and text. */
bool home_is_held(const char *master, const char *terms, const char *label, const char *nonce,
                  const char *text, const char *mac);

#endif
