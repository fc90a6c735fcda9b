/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/api/pin.h - what the two files of the PIN share.
 * Layer: L2 (base, crypto, include/tigress).      Threads: any.
 *
 *   pin_text.c   makes, shows and reads the digits      pin.c   tries, state, verdict
 */
#ifndef TG_CLIENT_API_PIN_H
#define TG_CLIENT_API_PIN_H

#include <tigress/pin.h>

#include "base/bytes.h"

/* Only ASCII digits, as many as a PIN may have. */
bool tg_pin_is_digits(struct tg_bytes text);

#endif
