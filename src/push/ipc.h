/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/ipc.h - what the relay and its push process say to each other, one message a datagram of a
 * Unix SOCK_SEQPACKET pair. The relay hands over a token to tell; it gets an outcome. Neither
 * mailbox, claim nor key ever crosses.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: tokens.
 */
#ifndef TG_PUSH_IPC_H
#define TG_PUSH_IPC_H

#include "base/buf.h"
#include "push/settings.h"

#define TG_PUSH_IPC_MAX 16384u /* bytes of a message */
#define TG_PUSH_WINDOW                                                                             \
    1024u /* jobs handed over and not yet settled; the push process counts on it */

enum tg_push_ipc_kind { TG_PUSH_IPC_JOB = 1, TG_PUSH_IPC_OUTCOME, TG_PUSH_IPC_READY };

/* relay to push */
struct tg_push_ipc_job {
    uint64_t id; /* the relay's, not reused while it is with the push process */
    int64_t expires_s;
    uint8_t collapse[32];
    struct tg_bytes token_type;
    struct tg_bytes token_data;
};

/* What became of a job. */
enum tg_push_result {
    TG_PUSH_RESULT_TAKEN,   /* the provider took it: the entry is removed */
    TG_PUSH_RESULT_DROPPED, /* the token is dead or may not be sent to: blocked */
    TG_PUSH_RESULT_RETRY,   /* not now: due again at retry_at_s */
    TG_PUSH_RESULT_GIVEN_UP /* this push cannot be made: the entry is removed, the token stays */
};
#define TG_PUSH_RESULT_COUNT 4u

/* push to relay */
struct tg_push_ipc_outcome {
    uint64_t id;
    enum tg_push_id provider;
    enum tg_push_result result;
    int64_t retry_at_s; /* TG_PUSH_RESULT_RETRY: UTC seconds */
};

struct tg_push_ipc {
    enum tg_push_ipc_kind kind;
    union {
        struct tg_push_ipc_job job;
        struct tg_push_ipc_outcome outcome;
    } of; /* TG_PUSH_IPC_READY: the keys are open, jobs may come */
};

/* Appends one message. TG_E_LIMIT: longer than TG_PUSH_IPC_MAX. */
TG_NODISCARD enum tg_err tg_push_ipc_encode(struct tg_buf *out, const struct tg_push_ipc *msg);
/* Every field is range-checked; views end with data. TG_E_SYNTAX. */
TG_NODISCARD enum tg_err tg_push_ipc_decode(struct tg_push_ipc *msg, struct tg_bytes data);

#endif
