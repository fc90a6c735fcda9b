/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/file/images.h - which pictures of senders a link preview may name.
 * Layer: L2 (base, wire).   Threads: any.   Blocks: no.   Secrets: none.
 * spec: docs/protocol.md section 5.1.
 */
#ifndef TG_RELAY_FILE_IMAGES_H
#define TG_RELAY_FILE_IMAGES_H

#include "base/bytes.h"

enum tg_image_hosts {
    TG_IMAGES_ANY, /* of every host */
    TG_IMAGES_OWN, /* of none: only the relay's own pictures */
    TG_IMAGES_LISTED
};

struct tg_image_policy {
    enum tg_image_hosts hosts;
    const char *list; /* LISTED: names, or "*.name" for names below it, in lower case, each ended by
                         a NUL; borrowed */
    size_t list_count;
};

/* Whether the URL of a sender may be named: https, a plain host that the policy allows, nothing
   that programs read differently. */
bool tg_image_is_allowed(const struct tg_image_policy *policy, struct tg_bytes url);

#endif
