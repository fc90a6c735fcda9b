/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/exchange.h - one request and its response; private to this folder.
 * Layer: L2.   Threads: the worker's alone. What the store or another thread works on is not part
 * of an exchange: it is lent (relay/errand.h), and the exchange does not touch it until its
 * callback gives it back.
 * Secrets: the change and the proof of good standing, which are wiped when they end.
 *
 * Who owns what in which state:
 *
 *   state      callback expected   the change        the proof
 *   DECIDING   none                the exchange      the exchange
 *   LOOKING    found()             lent for a read   the exchange
 *   OUTDATED   found()             lent for a read   the exchange (a long poll has none)
 *   PROVING    of the proof        the exchange      lent to the verifier or the store
 *   CHANGING   done()              lent to the store the exchange
 *   WAITING    resume              the exchange; its command alone
 *   ENDED      none                as it was; all is freed when the last holder releases
 *
 * An exchange that is cancelled gives up what it has lent: the callback then frees it. A change
 * that was given up is made all the same, and the other side is told.
 */
#ifndef TG_RELAY_EXCHANGE_H
#define TG_RELAY_EXCHANGE_H

#include "base/mem_owner.h"
#include "mailbox/route.h"
#include "relay/api.h"
#include "relay/change.h"
#include "relay/page/page.h"

struct tg_standing_case;

struct tg_relay {
    const struct tg_relay_config *config;
    const struct tg_keyring *keyring;
    struct tg_store *store;
    struct tg_store_port *port;
    const struct tg_rng *rng;
    const struct tg_relay_hooks *hooks;
    struct tg_relay_face face;
    struct tg_page_site *site; /* of the face; owned */
    size_t lent_count; /* changes and proofs that are lent, for a read too; given up or not */
};

enum tg_exchange_state {
    TG_EX_DECIDING, /* a function of the worker runs, and chooses the next state */
    TG_EX_LOOKING,  /* the store reads the mailbox */
    TG_EX_OUTDATED, /* the same, and what it reads may be too old: it looks again */
    TG_EX_PROVING,  /* good standing: the proof is verified, or its token is spent */
    TG_EX_CHANGING, /* the store changes the mailbox */
    TG_EX_WAITING,  /* a long poll, until it is resumed */
    TG_EX_ENDED     /* answered or cancelled */
};
#define TG_EX_STATE_COUNT 7u

enum tg_poll_phase {
    TG_POLL_NONE, /* ops->wait was not called */
    TG_POLL_OPEN,
    TG_POLL_OVER /* its time is over: the next look answers it */
};

/* A long poll, with the 204 that ends it when there is no news. */
struct tg_poll {
    enum tg_poll_phase phase;
    bool has_left_token;         /* a notification token, which the command dropped */
    bool is_push_supported;      /* as the read that began to wait found it */
    enum tg_recipient recipient; /* what the client knows of the recipient while it waits */
    uint64_t version;
};

struct tg_exchange {
    struct tg_relay *relay;
    const struct tg_exchange_ops *ops;
    void *ctx;
    struct tg_moment now;

    /* The request. */
    struct tg_route route;
    char request_id[TG_REQUEST_ID_MAX];
    size_t request_id_len;
    struct tg_accept accept;
    bool must_close;
    struct tg_page_reader reader;
    enum tg_page_vertical vertical;
    uint32_t wait_s;

    struct tg_change *change;          /* owned; NULL while it is lent */
    struct tg_standing_case *standing; /* the same; NULL: no proof was sent and none is required */
    struct tg_errand *lent;            /* of what is lent */
    struct tg_record_size size;        /* of a create or an update: see cost.h */

    enum tg_exchange_state state;
    struct tg_poll poll;
    unsigned hold_count;               /* functions on the stack that use it */
    struct tg_mem_owner *owner_before; /* while it is held: what the thread had entered before */
};

/* DECIDING, with a change. NULL: no memory. */
struct tg_exchange *tg_exchange_new(struct tg_relay *relay);

/* The exchange is not freed between hold and release, not even by a callback. Meanwhile what the
   thread allocates belongs to the owner of the exchange. */
void tg_exchange_hold(struct tg_exchange *ex);
/* False: the exchange has ended, and may be freed. */
bool tg_exchange_release(struct tg_exchange *ex);

/* The next state. Asserts that the step is legal. */
void tg_exchange_go(struct tg_exchange *ex, enum tg_exchange_state state);

/* Lends the change and goes to state. */
struct tg_change *tg_exchange_lend_change(struct tg_exchange *ex, enum tg_exchange_state state);
/* Lends the proof and goes to PROVING. */
struct tg_standing_case *tg_exchange_lend_case(struct tg_exchange *ex);
/* The exchange, DECIDING and held, with what it had lent. NULL: it was given up. */
struct tg_exchange *tg_exchange_take_change(struct tg_change *change);
struct tg_exchange *tg_exchange_take_case(struct tg_standing_case *standing);

#endif
