/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/asker.h - what every answer needs of its request, also of one that is never complete: the
 * request id, and whether a person reads the answer.
 * Layer: L2 (wire).   Threads: any.   Blocks: no.
 * Secrets: none kept. The user agent and the languages leave one value of a short list each.
 */
#ifndef TG_RELAY_ASKER_H
#define TG_RELAY_ASKER_H

#include "relay/page/language.h"
#include "wire/accept.h"
#include "wire/headers.h"

/* Zero: no header yet. */
struct tg_asker {
    struct tg_request_id id;
    struct tg_accept accept;
    struct tg_page_reader reader;
    bool has_language, has_device;
};

/* Looks at one header. */
void tg_asker_take(struct tg_asker *asker, struct tg_bytes name, struct tg_bytes value);

#endif
