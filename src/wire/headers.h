/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/headers.h - the Mailbox-* headers and the standard headers that the protocol uses: names,
 * aliases, values.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: device claims and proofs pass through.
 * spec: docs/protocol.md sections 2 and 6.
 */
#ifndef TG_WIRE_HEADERS_H
#define TG_WIRE_HEADERS_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/uuid.h"
#include "wire/accept.h"
#include "wire/types.h"

#define TG_HEADER_REQUEST_ID "Mailbox-Request-ID"
#define TG_HEADER_DEVICE_CLAIM "Mailbox-Device-Claim"
#define TG_HEADER_DEVICE_ATTESTATION "Mailbox-Device-Attestation"
#define TG_HEADER_AUTHORIZATION "Authorization"
#define TG_HEADER_SECRET_PROOF "Mailbox-Secret-Proof"
#define TG_HEADER_VERSION "Mailbox-Version"
#define TG_HEADER_KNOWN_VERSION "Mailbox-Known-Version"
#define TG_HEADER_PUSH_SUPPORTED "Mailbox-Push-Supported"
#define TG_HEADER_RECIPIENT "Mailbox-Recipient"
#define TG_HEADER_KNOWN_RECIPIENT "Mailbox-Known-Recipient"
#define TG_HEADER_END_NOTE "Mailbox-End-Note"

#define TG_REQUEST_ID_MAX 128u
#define TG_PROOF_LEN 32u
#define TG_END_NOTE_MAX 256u /* bytes, decoded; opaque to the relay */

struct tg_http_header {
    struct tg_bytes name; /* any case */
    struct tg_bytes value;
};

/* Whether a header was present and well formed. The mailbox decides when that matters. */
enum tg_presence { TG_ABSENT, TG_PRESENT, TG_MALFORMED };

struct tg_secret_proof {
    enum tg_presence presence;
    bool is_verifier; /* "verifier=" (create) or else "proof=" (read) */
    uint8_t value[TG_PROOF_LEN];
};

/* The headers that a request can be refused for, in the order in which they are reported. Which
   call uses, ignores or refuses each: mailbox/header_use.h. */
enum tg_request_header {
    TG_RH_REQUEST_ID,
    TG_RH_ATTESTATION,
    TG_RH_VERIFIER, /* Mailbox-Secret-Proof: verifier= */
    TG_RH_PROOF,    /* Mailbox-Secret-Proof: proof=, and what is neither of the two */
    TG_RH_KNOWN_VERSION,
    TG_RH_VERSION, /* Mailbox-Version, which only answers have */
    TG_RH_KNOWN_RECIPIENT,
    TG_RH_RECIPIENT, /* Mailbox-Recipient, which only answers have */
    TG_RH_END_NOTE,
    TG_RH_PREFER,
    TG_RH_IF_MATCH,
    TG_RH_IF_NONE_MATCH,
    TG_RH_CONTENT_RANGE
};
#define TG_RH_COUNT 13u

/* The headers of a request that the protocol uses. Views end with the request. */
struct tg_request_headers {
    bool has[TG_RH_COUNT]; /* it occurs, well formed or not */
    const char
        *faults[TG_RH_COUNT]; /* a literal: what is malformed and what was expected; or NULL */

    enum tg_presence request_id_presence;
    struct tg_bytes request_id; /* echoed on every answer when present and well formed */

    enum tg_presence claim_presence;
    struct tg_uuid claim;       /* a credential: wiped by tg_request_headers_wipe */
    struct tg_bytes claim_text; /* as sent, when present */
    bool is_claim_ambiguous;    /* malformed because two values differ: a 400, not a 401 */

    enum tg_presence attestation_presence; /* malformed: alias and header differ */
    struct tg_bytes attestation;

    enum tg_presence private_token_presence; /* malformed: two Authorization headers that differ */
    struct tg_bytes authorization;           /* a credential; set if the scheme is PrivateToken */

    struct tg_secret_proof proof;

    bool has_wait; /* Prefer: wait=N with a Mailbox-Known-Version */
    uint32_t wait_s;
    uint64_t known_version;
    enum tg_recipient known_recipient; /* with has_wait; unknown: not sent */

    struct tg_bytes end_note; /* base64url of 1 to TG_END_NOTE_MAX bytes; empty: none */

    enum tg_presence if_match_presence;
    uint64_t if_match;

    /* Why a body is not accepted, or NULL. It must be application/json, with any parameters, and
       charset utf-8 if it is given, without a content coding. */
    const char *media_fault;
    struct tg_accept accept;
    struct tg_bytes accept_language; /* these two may be empty */
    struct tg_bytes user_agent;

    struct tg_fault claim_fault; /* why there is no claim, or "" */
};

/* The request id of a request whose headers arrive one after the other. Zero: none yet. */
struct tg_request_id {
    enum tg_presence presence;
    uint8_t len;
    char text[TG_REQUEST_ID_MAX];
};

/* Looks at one header. A malformed value, or two values that differ, make it malformed for good. */
void tg_request_id_take(struct tg_request_id *id, struct tg_bytes name, struct tg_bytes value);
/* What an answer repeats: empty unless the request has one id that is well formed. */
struct tg_bytes tg_request_id_view(const struct tg_request_id *id);

/*
 * Never fails: presences and faults have the errors.
 * A header that occurs twice with different values is malformed, and so is a header that differs
 * from its alias. Aliases: deviceClaim, Device-Claim, deviceAttestation, Device-Attestation.
 */
void tg_request_headers_parse(struct tg_request_headers *out, const struct tg_http_header *headers,
                              size_t header_count);
void tg_request_headers_wipe(struct tg_request_headers *h);

/* "none" or "bound", as in headers and documents; NULL for TG_RECIPIENT_UNKNOWN. */
const char *tg_recipient_text(enum tg_recipient recipient);
/* TG_RECIPIENT_UNKNOWN for any other text. */
enum tg_recipient tg_recipient_parse(struct tg_bytes text);

/* For the client side: appends "verifier=<b64url>" or "proof=<b64url>". */
void tg_secret_proof_format(struct tg_buf *out, const struct tg_secret_proof *proof);

#endif
