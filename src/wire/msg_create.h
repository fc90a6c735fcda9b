/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/msg_create.h - CreateMailbox, both directions.
 * Layer: L1.      Threads: any.      spec: docs/protocol.md section 4, CreateMailbox.
 */
#ifndef TG_WIRE_MSG_CREATE_H
#define TG_WIRE_MSG_CREATE_H

#include "wire/json.h"
#include "wire/limits.h"
#include "wire/types.h"

struct tg_msg_create {
    struct tg_payload payload;
    struct tg_display_info display;
    struct tg_notification_token token;
    bool has_rights;
    unsigned rights; /* set of enum tg_right */
    bool has_expiration;
    int64_t expiration_s; /* UTC seconds; the mailbox checks whether it is in the past */
};

/* Views in *out end with *doc, which the caller frees. On failure *doc is NULL and fault is set. */
TG_NODISCARD enum tg_err tg_msg_create_decode(struct tg_msg_create *out, struct tg_json **doc,
                                              struct tg_bytes body,
                                              const struct tg_wire_limits *limits,
                                              struct tg_fault *fault);
/* Appends the request body. mailboxConfiguration is written when has_expiration. */
TG_NODISCARD enum tg_err tg_msg_create_encode(struct tg_buf *out, const struct tg_msg_create *msg);

struct tg_msg_created {
    struct tg_bytes url_link;
    bool is_push_supported;
};

TG_NODISCARD enum tg_err tg_msg_created_decode(struct tg_msg_created *out, struct tg_json **doc,
                                               struct tg_bytes body, struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_msg_created_encode(struct tg_buf *out,
                                               const struct tg_msg_created *msg);

/* "R", "RW", "RWD" ...: at least one letter, each at most once. Else TG_E_SYNTAX with fault. */
TG_NODISCARD enum tg_err tg_rights_parse(unsigned *rights, struct tg_bytes text,
                                         struct tg_fault *fault);
/* Appends the letters in the order R, W, D. */
void tg_rights_format(struct tg_buf *out, unsigned rights);

#endif
