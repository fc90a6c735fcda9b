/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/image_url.h - which imageURL is one: what a page shows, and what a wallet gets.
 * Layer: L1.      Threads: any.      spec: docs/protocol.md sections 5.1 and 7.9.
 */
#ifndef TG_WIRE_IMAGE_URL_H
#define TG_WIRE_IMAGE_URL_H

#include "base/bytes.h"

/* An https URL without space, control character and backslash. */
bool tg_image_url_is_https(struct tg_bytes url);

#endif
