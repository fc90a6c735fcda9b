/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/ipc.h - the messages between the relay and its push process, one in each datagram of a
 * Unix SOCK_SEQPACKET pair. The relay sends a token to push to and gets an outcome. Mailboxes,
 * claims and keys are never sent.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: tokens.
 */
#ifndef TG_PUSH_IPC_H
#define TG_PUSH_IPC_H

#include "base/buf.h"
#include "push/settings.h"

#define TG_PUSH_IPC_MAX 16384u /* bytes of a message */
/* Unsettled jobs that the push process may have; it relies on this. */
#define TG_PUSH_WINDOW 1024u

enum tg_push_ipc_kind { TG_PUSH_IPC_JOB = 1, TG_PUSH_IPC_OUTCOME, TG_PUSH_IPC_READY };

/* relay to push */
struct tg_push_ipc_job {
    uint64_t id; /* chosen by the relay; unique among the unsettled jobs */
    int64_t expires_s;
    int64_t now_s; /* the relay's time: the clock of the push process may be wrong or set */
    uint8_t collapse[32];
    struct tg_bytes token_type;
    struct tg_bytes token_topic; /* empty: none */
    struct tg_bytes token_data;
};

/* The result of a job. */
enum tg_push_result {
    TG_PUSH_RESULT_TAKEN,   /* the provider accepted it: the entry is removed */
    TG_PUSH_RESULT_DROPPED, /* the token is invalid or not allowed: the entry is blocked */
    TG_PUSH_RESULT_RETRY,   /* not now: due again at retry_at_s */
    TG_PUSH_RESULT_GIVEN_UP /* this push cannot be sent: the entry is removed, the token stays */
};
#define TG_PUSH_RESULT_COUNT 4u

/* push to relay */
struct tg_push_ipc_outcome {
    uint64_t id;
    enum tg_push_id provider;
    enum tg_push_result result;
    int64_t retry_at_s;   /* TG_PUSH_RESULT_RETRY: UTC seconds, by the relay's time */
    int64_t good_after_s; /* TG_PUSH_RESULT_DROPPED: the token is good again when it is left after
                             this time; 0: not before the settings change */
};

struct tg_push_ipc {
    enum tg_push_ipc_kind kind;
    union {
        struct tg_push_ipc_job job;
        struct tg_push_ipc_outcome outcome;
    } of; /* TG_PUSH_IPC_READY has none: the keys are open, and jobs are accepted */
};

/* Appends one message. TG_E_LIMIT: longer than TG_PUSH_IPC_MAX. */
TG_NODISCARD enum tg_err tg_push_ipc_encode(struct tg_buf *out, const struct tg_push_ipc *msg);
/* Checks the range of every field. The views are into data. TG_E_SYNTAX. */
TG_NODISCARD enum tg_err tg_push_ipc_decode(struct tg_push_ipc *msg, struct tg_bytes data);

#endif
