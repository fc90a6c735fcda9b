/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/transfer.h - a transfer as this tool saves it, and its text form.
 * Layer: L4.      Threads: one.      Blocks: no.
 * Secrets: the saved session and the PIN.
 */
#ifndef TG_CLI_TRANSFER_H
#define TG_CLI_TRANSFER_H

#include <tigress/session.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRANSFER_ID_LEN 36u

enum transfer_role { TRANSFER_INITIATOR, TRANSFER_RECIPIENT, TRANSFER_ANY_ROLE };

enum transfer_status {
    TRANSFER_PENDING, /* a share whose creation was not answered yet: the identifier is temporary
                       */
    TRANSFER_ACTIVE,
    TRANSFER_COMPLETED,        /* by this side or the other */
    TRANSFER_DECLINED,         /* by the receiver */
    TRANSFER_CANCELLED,        /* by the sender; at the receiver */
    TRANSFER_WITHDRAWN,        /* by the sender, before a device had opened it; at the sender */
    TRANSFER_WITHDRAWN_OPENED, /* the same, but a device had opened it, or may have */
    TRANSFER_UNCONFIRMED,      /* nothing proves how */
    TRANSFER_RELINQUISHED,
    TRANSFER_EXPIRED,
    TRANSFER_GONE /* ended because the relay does not know the mailbox */
};

struct transfer {
    char id[TRANSFER_ID_LEN + 1]; /* the mailbox identifier, lower case */
    enum transfer_role role;
    enum transfer_status status;
    enum tigress_proof proof;   /* of the end */
    enum tigress_opened opened; /* initiator: what the relay reports */
    char *relay;                /* host */
    char *cacert;               /* absolute path, or NULL */
    char *title;                /* or NULL */
    int64_t created_s;
    int64_t expires_s; /* UTC seconds; 0: not known */
    int64_t sent_count, received_count;
    bool is_unread;   /* the session has a message that the user has not read */
    uint64_t sending; /* checksum of the message that is being sent; 0: none */
    void *session;    /* from tigress_session_save; NULL when the transfer has ended */
    size_t session_len;
    void *pin; /* from tigress_pin_save; NULL: shared without a PIN, or the transfer has ended */
    size_t pin_len;
    char *pin_digits; /* until they were printed; else NULL */

    bool is_kept;        /* there is a file */
    int dir_fd, lock_fd; /* -1: none */
};

const char *transfer_role_name(enum transfer_role role);
const char *transfer_status_name(enum transfer_status status);
const char *transfer_opened_name(enum tigress_opened opened);

/* One transfer as text, and back. */
char *transfer_encode(const struct transfer *t, size_t *len);
/* false: damaged; *t may be incomplete, and must be released. */
bool transfer_decode(struct transfer *t, const char *text, size_t len);
bool transfer_is_uuid(const char *text);
/* Detects accidental damage and distinguishes messages; never 0. Not cryptographic. */
uint64_t transfer_checksum(const void *bytes, size_t len);
/* id, role, status, proof, opened, relay, title, expires, sent, received, unread: what --json
   prints of one. */
json_t *transfer_describe(const struct transfer *t);

#endif
