/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/route.h - finds the call that a method and a path name.
 * Layer: L2 (base).   Threads: any.   Blocks: no.
 * Secrets: the path has the mailbox identifier, which is neither kept nor logged.
 * spec: docs/protocol.md sections 1 and 4.
 */
#ifndef TG_MAILBOX_ROUTE_H
#define TG_MAILBOX_ROUTE_H

#include "base/uuid.h"
#include "mailbox/mailbox.h"

enum tg_route_kind {
    TG_ROUTE_CALL,
    TG_ROUTE_OPTIONS,    /* a known path */
    TG_ROUTE_NO_METHOD,  /* a known path, but not this method: 405 with allow */
    TG_ROUTE_NO_MAILBOX, /* an identifier that is not a UUID: answered as an unknown one */
    TG_ROUTE_NO_PATH     /* 404 */
};

struct tg_route {
    enum tg_route_kind kind;
    enum tg_mailbox_call call; /* of TG_ROUTE_CALL and TG_ROUTE_NO_MAILBOX */
    bool is_head;              /* the answer has no body */
    bool is_damaged;           /* the secret of a link is in the target, where it must never be */
    struct tg_uuid mailbox;    /* of every call but create */
    const char *allow;         /* the methods of a known path */
};

/* target: path and query. The query is ignored, but a preview whose target has what can be a secret
   is TG_ROUTE_NO_MAILBOX. */
void tg_route_find(struct tg_route *out, struct tg_bytes method, struct tg_bytes target);

#endif
