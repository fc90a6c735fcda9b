/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/exchange.h - one request and its response; private to this folder.
 * Layer: L2.   Threads: the worker's. tg_apply_change() runs on the store's thread and a
 * verification of good standing on the thread of hooks->offload; meanwhile the worker touches only
 * `is_ended`, `is_over` and `must_look_again`.
 * Secrets: hashes of claims, decoded bodies, the record in the clear; wiped when the exchange ends.
 */
#ifndef TG_RELAY_EXCHANGE_H
#define TG_RELAY_EXCHANGE_H

#include "base/mem_owner.h"
#include "mailbox/mailbox.h"
#include "mailbox/record.h"
#include "mailbox/route.h"
#include "relay/api.h"
#include "relay/preview.h"
#include "wire/json.h"

struct tg_standing_case;

struct tg_relay {
    const struct tg_relay_config *config;
    const struct tg_keyring *keyring;
    struct tg_store *store;
    struct tg_store_port *port;
    const struct tg_rng *rng;
    const struct tg_relay_hooks *hooks;
    size_t change_count; /* changes and proofs that another thread is working on */
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
    bool accepts_json;
    bool must_close;
    enum tg_preview_language language;
    bool has_wait;
    uint32_t wait_s;
    bool has_left_token; /* a read with a notification token, which it drops while it waits */

    /* The command and what it points to. */
    struct tg_mailbox_command cmd;
    struct tg_fault fault, claim_fault;
    struct tg_buf end_note; /* of a delete, decoded */
    struct tg_json *doc;    /* owned: what the messages view */
    struct tg_msg_create create;
    struct tg_msg_update update;
    struct tg_uuid mailbox;
    struct tg_store_key key;
    struct tg_seal_record_key record_key;
    struct tg_standing_case *standing; /* owned; NULL: no proof was sent and none is required */

    /* The result. */
    struct tg_buf plain; /* the record that box views, decoded */
    struct tg_buf fresh; /* the new record, encoded */
    struct tg_buf sealed;
    struct tg_buf push_entry; /* the outbox entry of a push, sealed */
    bool has_left_good_token; /* the last run of the change added a TG_OUTBOX_UNBLOCK of left_key */
    struct tg_store_key left_key;
    bool has_queued_push; /* the last run of the change added a TG_OUTBOX_NOTIFY */
    struct tg_mailbox box;
    struct tg_record_size size; /* of a create or an update: see cost.h */
    struct tg_mailbox_result result;
    enum tg_err change_err;

    /* Progress. */
    unsigned hold_count;               /* functions on the stack that use it */
    struct tg_mem_owner *owner_before; /* while it is held: what the thread had entered before */
    unsigned pending_count;       /* callbacks still expected from the store or from an offload */
    bool is_ended;                /* answered or cancelled */
    bool is_waiting;              /* a long poll: ops->wait was called */
    bool is_over;                 /* its time is over: the next look answers it */
    enum tg_recipient waits_with; /* what it knows of the recipient while it waits */
    bool must_look_again;         /* woken during a look */
};

/* The exchange is not freed between hold and release, not even by a callback. Meanwhile what the
   thread allocates belongs to the owner of the exchange. */
void tg_exchange_hold(struct tg_exchange *ex);
/* False: the exchange has ended, and may be freed. */
bool tg_exchange_release(struct tg_exchange *ex);
/* Frees and wipes what a long poll does not need while it waits. */
void tg_exchange_drop_contents(struct tg_exchange *ex);

#endif
