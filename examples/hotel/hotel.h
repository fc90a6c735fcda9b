/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hotel/hotel.h - shared by server, lock and wallet: labels, and the checks of a credential.
 *
 * A credential is {"attested": TEXT, "signature": BASE64}: the hotel's signature over the exact
 * text, which is JSON: id, room, rights, publicKey (of the device), notBefore, notAfter.
 */
#ifndef EXAMPLES_HOTEL_H
#define EXAMPLES_HOTEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/files.h"
#include "common/keys.h"

#define HOTEL_FORMAT "digitalwallet.generic.authorizationToken"
#define LABEL_CREDENTIAL "hotel-credential"
#define LABEL_DEVICE "hotel-device" /* a device answers a challenge */
#define HOTEL_PUBLIC_FILE "hotel.pub"

/* The attested part when the signature is the hotel's and the time is right, else NULL and *why.
   For json_decref(). */
json_t *hotel_check_credential(const json_t *credential, const char *hotel_public, int64_t now_s,
                               const char **why);
/* Whether the device with this key has answered the challenge. */
bool hotel_check_device(const char *public_key, const char *nonce, const char *proof);

#endif
