/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox/mailbox.h - every rule of the mailbox, as one pure function.
 * Layer: L2 (base, crypto, wire).   Threads: any.   Blocks: no.   Clock: an argument.
 * Secrets: sees hashes of claims and request ids, never a claim.
 * spec: docs/protocol.md section 3 and the order of checks of section 4.
 */
#ifndef TG_MAILBOX_MAILBOX_H
#define TG_MAILBOX_MAILBOX_H

#include "base/fault.h"
#include "base/moment.h"
#include "wire/headers.h"
#include "wire/msg_create.h"
#include "wire/msg_update.h"
#include "wire/types.h"

#define TG_CLAIM_HASH_LEN 32u
#define TG_REQUEST_HASH_LEN 16u
#define TG_REQUESTS_KEPT 8u /* per device and mailbox */

/* The detail of a 503 while the clocks of the relay disagree about a time. */
#define TG_MAILBOX_DISPUTED                                                                        \
    "The clock of the relay was changed, and it is not certain yet which time is right. Try "      \
    "again later."

enum tg_mailbox_call {
    TG_CALL_CREATE,
    TG_CALL_PREVIEW,
    TG_CALL_READ,
    TG_CALL_UPDATE,
    TG_CALL_DELETE,
    TG_CALL_RELINQUISH
};
#define TG_CALL_COUNT 6u

struct tg_claim_hash {
    uint8_t bytes[TG_CLAIM_HASH_LEN];
};

struct tg_request_hash {
    uint8_t bytes[TG_REQUEST_HASH_LEN];
};

enum tg_mailbox_state {
    TG_MAILBOX_LIVE = 1,
    TG_MAILBOX_ENDED_BY_INITIATOR, /* tombstone: the initiator deleted it */
    TG_MAILBOX_ENDED_BY_RECIPIENT  /* tombstone: the recipient deleted it */
};

/* A request that was done, and its answer. */
struct tg_request_done {
    enum tg_mailbox_call call;
    struct tg_request_hash id;
    uint64_t version;
    bool is_push_supported;
};

/* One of the two devices. */
struct tg_mailbox_side {
    bool is_bound;
    struct tg_claim_hash claim;
    struct tg_notification_token token; /* views into the record's own text */
    size_t done_count;                  /* at most TG_REQUESTS_KEPT, newest last */
    struct tg_request_done done[TG_REQUESTS_KEPT];
};

/* A recipient that relinquished. Its repeated relinquish is recognised, and its claim does not bind
   again. */
struct tg_relinquished {
    struct tg_claim_hash claim;
    struct tg_request_hash id;
    uint64_t version;
};

/* The record in the clear. All views end with the buffer the record was decoded from, or with the
   command it was made from. A tombstone has empty display, payload, tokens and done lists. */
struct tg_mailbox {
    enum tg_mailbox_state state;
    uint64_t version;
    int64_t created_s;
    int64_t expires_s;
    unsigned rights;
    struct tg_display_info display;
    struct tg_payload payload;
    struct tg_mailbox_side initiator;
    struct tg_mailbox_side recipient;
    bool has_verifier; /* proof of secret */
    uint8_t verifier[TG_PROOF_LEN];
    size_t relinquished_count;
    struct tg_relinquished relinquished[TG_REQUESTS_KEPT]; /* newest last */
    bool was_returned;        /* tombstone without a recipient: one was bound and relinquished */
    struct tg_bytes end_note; /* tombstone: of the device that ended it, opaque; may be empty */
};

enum tg_can_push {
    TG_CAN_PUSH_NO,
    TG_CAN_PUSH_YES,
    TG_CAN_PUSH_AGAIN /* its provider refused it, but it is good again if it is left now */
};

/* Whether this relay can send a push to this token, which is left at now_s. Changes nothing. NULL:
   it sends no pushes. spec: protocol/4#push-supported */
typedef enum tg_can_push tg_can_push_fn(const void *ctx, const struct tg_notification_token *token,
                                        int64_t now_s);

/* A decoded request. It carries the faults found while decoding, because the mailbox decides which
   of several faults is reported. */
struct tg_mailbox_command {
    enum tg_mailbox_call call;

    enum tg_presence claim_presence;
    struct tg_claim_hash claim;
    bool is_claim_ambiguous;            /* two values that differ */
    const struct tg_fault *claim_fault; /* when the presence is not TG_PRESENT */

    bool has_request_id;
    struct tg_request_hash request_id;

    unsigned fault_status; /* 0, or the status (400, 413, 415, 431) of what is wrong in headers or
                              body */
    const struct tg_fault *fault;

    const struct tg_msg_create *create; /* TG_CALL_CREATE without fault */
    const struct tg_msg_update *update; /* TG_CALL_UPDATE without fault */
    struct tg_notification_token token; /* TG_CALL_READ */

    bool has_if_match;
    uint64_t if_match;
    bool has_known_version;
    uint64_t known_version;
    bool may_bind;                     /* TG_CALL_READ: false when a long poll reads again */
    enum tg_recipient known_recipient; /* TG_CALL_READ with has_known_version; unknown: not sent */
    struct tg_secret_proof proof;
    struct tg_bytes end_note; /* TG_CALL_DELETE: at most TG_END_NOTE_MAX bytes; empty: none */

    /* The relay's settings that the rules need. */
    int64_t expiration_default_s; /* seconds from now */
    int64_t expiration_max_s;     /* seconds from now */
    tg_can_push_fn *can_push;
    const void *can_push_ctx;
};

enum tg_mailbox_outcome {
    TG_OUTCOME_DONE,      /* 200 */
    TG_OUTCOME_DUPLICATE, /* 201 */
    TG_OUTCOME_WAIT,      /* read with a known version: nothing newer yet */
    TG_OUTCOME_NO_NEWER,  /* 204: the same, but the recipient is another than the caller knows */
    TG_OUTCOME_REFUSED    /* status and fault have the reason */
};

enum tg_mailbox_effect {
    TG_EFFECT_NONE = 0,
    TG_EFFECT_STORE = 1, /* the record changed and must be kept */
    TG_EFFECT_NOTIFY = 2 /* notify the other side: wake long polls, push to result.notify_token */
};

struct tg_mailbox_result {
    enum tg_mailbox_outcome outcome;
    unsigned status;             /* HTTP status of the answer */
    unsigned retry_after_s;      /* of a 503, else 0 */
    const char *problem;         /* slug of the problem type, NULL for about:blank */
    struct tg_fault fault;       /* detail of a refusal */
    unsigned effects;            /* set of enum tg_mailbox_effect */
    bool is_claim_challenge;     /* a 401 that names DeviceClaim in WWW-Authenticate */
    bool was_once_valid;         /* a 404 of an identifier that has a tombstone or has expired */
    enum tg_mailbox_state ended; /* then: how it ended; TG_MAILBOX_LIVE: it expired */
    uint64_t version;            /* Mailbox-Version of a success */
    /* What the caller may know: of a preview, of a read by the initiator, of a delete and, for the
       two devices, of an end. */
    enum tg_recipient recipient;
    struct tg_bytes end_note; /* of an end: the other device's, else empty; views what box views */
    bool is_push_supported;
    /* With TG_EFFECT_NOTIFY: the other side's token before the change. With TG_EFFECT_STORE: a
       token that the caller has just left, for the first time or again. Absent: no token that a
       push can go to. Both view what the old record or cmd viewed. */
    struct tg_notification_token notify_token;
    struct tg_notification_token new_token;
};

/*
 * Applies cmd to *box at now. What is alive by one of its two times and expired by the other is
 * answered 503: nothing is read, bound, changed or reported as ended.
 *   box      the record as loaded. On TG_EFFECT_STORE *box is the new record (views into the old
 *            record's buffer and into cmd), else it is unchanged.
 *   exists   false: there is no record, and *box is ignored
 * Deterministic: the same arguments give the same result, so a store may run it again.
 */
void tg_mailbox_apply(struct tg_mailbox *box, bool exists, const struct tg_mailbox_command *cmd,
                      struct tg_moment now, struct tg_mailbox_result *result);

#endif
