/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/answer.h - the answer of a relay as the engine passes it on.
 * Layer: L2.      Threads: any.      Blocks: no.      Secrets: none of its own.
 */
#ifndef TG_CLIENT_ANSWER_H
#define TG_CLIENT_ANSWER_H

#include <tigress/session.h>

#include "base/bytes.h"
#include "base/err.h"

struct tg_client_answer {
    const struct tigress_http_header *headers;
    size_t header_count;
    unsigned status;
    struct tg_bytes body;
    uint64_t version; /* 0: no valid one */
    uint32_t retry_after_s;
    enum tigress_opened opened; /* Mailbox-Recipient */
};

/* Applies an answer to the session. TG_OK; TG_E_NOMEM: nothing changed. Any other error pauses the
   session. */
typedef enum tg_err tg_client_answer_fn(struct tigress_session *s,
                                        const struct tg_client_answer *answer);

#endif
