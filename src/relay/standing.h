/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/standing.h - good standing: the proofs that a relay requires of senders' devices.
 * Layer: L2 (base, attest).   Threads: the settings are read-only once set up.   Blocks: no.
 * Secrets: none here; an exchange holds tokens and attestations and wipes them when it ends.
 * spec: docs/protocol.md section 6; docs/decisions/0012-good-standing.md
 */
#ifndef TG_RELAY_STANDING_H
#define TG_RELAY_STANDING_H

#include "attest/attest.h"
#include "privacypass/token.h"

/*
 * The mode of one scheme. If either scheme is required, a create needs a proof of strength by a
 * scheme that is optional or required: a private token, or an attestation that proves a device. A
 * proof that is sent is ignored if its scheme is off, and must be valid if it is optional or
 * required. An attestation of a form that nobody here knows is absent if it is optional.
 * TG_STANDING_REPORT, for attestation alone: it is verified and counted, and every answer is the
 * same as with TG_STANDING_OFF.
 */
enum tg_standing_mode {
    TG_STANDING_OFF,
    TG_STANDING_OPTIONAL,
    TG_STANDING_REQUIRED,
    TG_STANDING_REPORT
};

/* tg_attest_verify, or the fake of a test. */
typedef void tg_attest_verify_fn(struct tg_attest_verdict *out,
                                 const struct tg_attest_policy *policy, struct tg_bytes object,
                                 const uint8_t challenge[TG_ATTEST_HASH_LEN], int64_t now_s);

/* tg_attest_is_known, or the fake of a test. */
typedef enum tg_err tg_attest_known_fn(bool *out, struct tg_bytes object);

/* In the list of formats: the forms that the operator's own verifier knows. */
#define TG_STANDING_OPERATOR "operator"

/* All borrowed until the relay ends. */
struct tg_standing {
    enum tg_standing_mode attestation;
    const char *formats; /* as in the challenge of a 401: "apple packed operator" */
    const struct tg_attest_policy *policy;
    tg_attest_verify_fn *verify;
    tg_attest_known_fn *is_known;
    bool has_verifier; /* tg_relay_hooks.ask judges attestations of other forms */
    bool needs_user;   /* its verdict must say that the user was verified */

    enum tg_standing_mode private_tokens;
    const struct tg_private_token_issuers *issuers;
    const char *origin;  /* the relay's public host */
    bool is_token_bound; /* the redemption context is the request's attestation challenge */
};

enum tg_standing_scheme {
    TG_STANDING_NO_SCHEME, /* a proof is required and none was sent */
    TG_STANDING_ATTESTATION,
    TG_STANDING_PRIVATE_TOKEN
};
#define TG_STANDING_SCHEME_COUNT 3u

/* The step at which a proof failed. Refusals and metrics have its name. */
enum tg_standing_step {
    TG_STANDING_OK,
    TG_STANDING_MISSING,
    TG_STANDING_ENCODING,
    TG_STANDING_FORMAT,
    TG_STANDING_CHALLENGE,
    TG_STANDING_CHAIN,
    TG_STANDING_KEY,
    TG_STANDING_SIGNATURE,
    TG_STANDING_POLICY,
    TG_STANDING_STRENGTH, /* valid, but it proves nothing: refused only where a proof is required */
    TG_STANDING_SPENT,
    TG_STANDING_VERIFIER, /* the operator's own verifier refused it */
    TG_STANDING_UNKNOWN,  /* of a form that nobody here knows: absent */
    TG_STANDING_INTERNAL  /* an error on the relay's side: 503 */
};
#define TG_STANDING_STEP_COUNT 14u

const char *tg_standing_scheme_name(enum tg_standing_scheme scheme);
const char *tg_standing_step_name(enum tg_standing_step step);

/* For metrics; it does not distinguish devices. */
struct tg_standing_report {
    enum tg_standing_scheme scheme;
    enum tg_standing_step step;
    bool has_format;
    enum tg_attest_format format;
    bool is_only_reported; /* TG_STANDING_REPORT: would have been refused if it were required */
};

#endif
