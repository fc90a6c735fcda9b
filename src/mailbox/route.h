/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/route.h - which call a method and a path ask for.
 * Layer: L2 (base).   Threads: any.   Blocks: no.
 * Secrets: the path holds the mailbox identifier; it is neither kept nor told.
 * spec: protocol.md sections 1 and 4.
 */
#ifndef TG_MAILBOX_ROUTE_H
#define TG_MAILBOX_ROUTE_H

#include "base/uuid.h"
#include "mailbox/mailbox.h"

enum tg_route_kind {
    TG_ROUTE_CALL,
    TG_ROUTE_OPTIONS,    /* a known path */
    TG_ROUTE_NO_METHOD,  /* a known path: 405 with allow */
    TG_ROUTE_NO_MAILBOX, /* an identifier that is no UUID: as one that is unknown */
    TG_ROUTE_NO_PATH     /* 404 */
};

struct tg_route {
    enum tg_route_kind kind;
    enum tg_mailbox_call call; /* of TG_ROUTE_CALL and TG_ROUTE_NO_MAILBOX */
    bool is_head;              /* the answer has no body */
    struct tg_uuid mailbox;    /* of every call but create */
    const char *allow;         /* the methods of a known path */
};

/* target: path and query; the query is ignored. */
void tg_route_find(struct tg_route *out, struct tg_bytes method, struct tg_bytes target);

#endif
