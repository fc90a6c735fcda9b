/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/standing.h - what a relay asks of senders' devices, and how a request's proof was judged.
 * Layer: L2 (base, attest).   Threads: the settings are read-only once set up.   Blocks: no.
 * Secrets: none here; tokens and attestations stay inside an exchange, and end with it.
 * spec: docs/protocol.md section 6; docs/decisions/0012-good-standing.md
 */
#ifndef TG_RELAY_STANDING_H
#define TG_RELAY_STANDING_H

#include "attest/attest.h"
#include "privacypass/token.h"

/* Of one scheme. When either is required, a create needs a proof by one of those that are not off.
   What is sent has to be good in every mode but off, which does not look. */
enum tg_standing_mode { TG_STANDING_OFF, TG_STANDING_OPTIONAL, TG_STANDING_REQUIRED };

/* tg_attest_verify, or what a test puts in its place. */
typedef void tg_attest_verify_fn(struct tg_attest_verdict *out,
                                 const struct tg_attest_policy *policy, struct tg_bytes object,
                                 const uint8_t challenge[TG_ATTEST_HASH_LEN], int64_t now_s);

/* All borrowed for good. */
struct tg_standing {
    enum tg_standing_mode attestation;
    const char *formats; /* as told in a 401: "apple packed" */
    const struct tg_attest_policy *policy;
    tg_attest_verify_fn *verify;

    enum tg_standing_mode private_tokens;
    const struct tg_private_token_issuers *issuers;
    const char *origin;  /* the relay's public host */
    bool is_token_bound; /* the redemption context is the request's attestation challenge */
};

enum tg_standing_scheme {
    TG_STANDING_NO_SCHEME, /* nothing was sent where something is required */
    TG_STANDING_ATTESTATION,
    TG_STANDING_PRIVATE_TOKEN
};
#define TG_STANDING_SCHEME_COUNT 3u

/* Where a proof ended. The names are told to clients and counted. */
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
    TG_STANDING_SPENT,
    TG_STANDING_INTERNAL /* our own trouble: a 503 */
};
#define TG_STANDING_STEP_COUNT 11u

const char *tg_standing_scheme_name(enum tg_standing_scheme scheme);
const char *tg_standing_step_name(enum tg_standing_step step);

/* For counting; nothing in it tells one device from another. */
struct tg_standing_report {
    enum tg_standing_scheme scheme;
    enum tg_standing_step step;
    bool has_format;
    enum tg_attest_format format;
};

#endif
