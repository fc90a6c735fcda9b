/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/attest.h - the seam between the relay and the verification of device attestation: from an
 * attestation object and the data that it must cover to a verdict. Nothing is kept.
 * Layer: L2 (base, crypto, wire/json.h).   Threads: any; a policy is shared by all.
 * Blocks: load reads files; verify takes milliseconds of CPU.   Clock: an argument.
 * Secrets: none; attestation objects may identify a device, so they are neither logged nor echoed.
 * spec: W3C WebAuthn Level 3 sections 6.5, 8; docs/protocol.md section 6.
 */
#ifndef TG_ATTEST_ATTEST_H
#define TG_ATTEST_ATTEST_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/fault.h"

#define TG_ATTEST_OBJECT_MAX 12288u /* bytes: what a 16 KiB header holds as base64url */
#define TG_ATTEST_CHAIN_MAX 5u      /* certificates in x5c */
#define TG_ATTEST_HASH_LEN 32u

enum tg_attest_format {
    TG_ATTEST_APPLE,
    TG_ATTEST_APPLE_APPATTEST,
    TG_ATTEST_ANDROID_KEY,
    TG_ATTEST_PACKED,
    TG_ATTEST_TPM,
    TG_ATTEST_FIDO_U2F,
    TG_ATTEST_NONE
};
#define TG_ATTEST_FORMAT_COUNT 7u
const char *tg_attest_format_name(enum tg_attest_format format); /* "apple", ... */
/* Whether a statement of the format can show that the user was verified. */
bool tg_attest_format_shows_user(enum tg_attest_format format);

/* How strongly a key is bound to hardware. Only android-key has this. */
enum tg_attest_level { TG_ATTEST_SOFTWARE, TG_ATTEST_TEE, TG_ATTEST_STRONGBOX };

#define TG_ATTEST_LIST_MAX 64u

/*
 * What the operator allows. Texts are borrowed for the call of tg_attest_policy_load. An empty list
 * of RP IDs, App IDs or packages allows none; an empty list of AAGUIDs or origins allows all. The
 * text "*" allows any RP ID, App ID or package.
 */
struct tg_attest_settings {
    unsigned formats;               /* set of 1 << enum tg_attest_format */
    bool allows_packed_self;        /* packed without x5c: proves no more than the format none */
    enum tg_attest_level level_min; /* android-key: attestation and keymaster both */
    bool needs_verified_boot;       /* android-key: rootOfTrust locked and verified */
    bool allows_appattest_development;
    bool needs_user_verified; /* every statement shows that the user was verified */
    const char *roots_dir; /* <format>.pem each; every allowed format that needs roots must have its
                              file */
    const char *revoked; /* file of serial numbers and key hashes, docs/attestation.md; "": none */
    size_t rp_id_count, app_id_count, package_count, aaguid_count, origin_count;
    /* "relay.example", or "sha256:" and 64 digits where only the hash is known: all formats but
       apple-appattest */
    const char *rp_ids[TG_ATTEST_LIST_MAX];
    /* "TEAMID.bundle.id", or "sha256:..." as above: apple-appattest, and the rpIdHash of apps' own
       "apple" attestations */
    const char *app_ids[TG_ATTEST_LIST_MAX];
    /* "com.example.wallet", or "com.example.wallet#" and 64 digits, the SHA-256 of the certificate
       the app is signed with: android-key, every package that the key belongs to. Any app can use a
       name alone on a device without the real app. */
    const char *packages[TG_ATTEST_LIST_MAX];
    const char *aaguids[TG_ATTEST_LIST_MAX]; /* UUID text: packed, tpm, fido-u2f */
    const char *origins[TG_ATTEST_LIST_MAX]; /* "https://wallet.example": clientDataJSON */
};

struct tg_attest_policy;

/* Reads roots and lists. *out is not written on failure; fault names the file and the error. */
TG_NODISCARD enum tg_err tg_attest_policy_load(struct tg_attest_policy **out,
                                               const struct tg_attest_settings *settings,
                                               struct tg_fault *fault);
/* The same from texts: PEM for each format (empty: no file), and the revocation list. It opens no
   file and ignores roots_dir and revoked of the settings. */
TG_NODISCARD enum tg_err tg_attest_policy_new(struct tg_attest_policy **out,
                                              const struct tg_attest_settings *settings,
                                              const struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT],
                                              struct tg_bytes revoked, struct tg_fault *fault);
/* Accepts *policy == NULL. */
void tg_attest_policy_free(struct tg_attest_policy **policy);

/* The step that refused. The client learns only this. */
enum tg_attest_step {
    TG_ATTEST_OK,
    TG_ATTEST_STEP_ENCODING,  /* not one strict CBOR item of the right shape */
    TG_ATTEST_STEP_FORMAT,    /* unknown format, or a rule of the format */
    TG_ATTEST_STEP_CHALLENGE, /* does not cover this request */
    TG_ATTEST_STEP_CHAIN,     /* no path to a configured root at this time, or revoked */
    TG_ATTEST_STEP_SIGNATURE,
    TG_ATTEST_STEP_POLICY,  /* sound, but not allowed here */
    TG_ATTEST_STEP_INTERNAL /* failure of the relay (memory, library): 503, never "bad" */
};
#define TG_ATTEST_STEP_COUNT 8u
const char *tg_attest_step_name(enum tg_attest_step step); /* "challenge", ... */

/* What a valid attestation proves. Only certificates up to a configured root prove something: the
   format none, self-signed packed and statements of a device's software prove nothing. */
enum tg_attest_strength { TG_ATTEST_PROVES_NOTHING, TG_ATTEST_PROVES_DEVICE };

struct tg_attest_verdict {
    enum tg_attest_step step;
    enum tg_attest_strength strength; /* with TG_ATTEST_OK; otherwise TG_ATTEST_PROVES_NOTHING */
    bool has_format;
    enum tg_attest_format format; /* for metrics, when has_format */
    struct tg_fault fault;        /* details for tests and attest-verify; never for the client */
};

/*
 * Verifies one attestation object (CBOR map fmt, attStmt, authData and optionally clientDataJSON).
 *   challenge   SHA-256 of the data that it must cover: docs/protocol.md section 6
 *   now_s       UTC seconds for certificates
 * Cheap checks come first; public-key operations run only after all other checks have passed.
 */
void tg_attest_verify(struct tg_attest_verdict *out, const struct tg_attest_policy *policy,
                      struct tg_bytes object, const uint8_t challenge[TG_ATTEST_HASH_LEN],
                      int64_t now_s);

/* The same with a given clientDataHash (attest-verify, captured data). It may have any length,
   because some apps pass a raw challenge. */
void tg_attest_verify_hash(struct tg_attest_verdict *out, const struct tg_attest_policy *policy,
                           struct tg_bytes object, struct tg_bytes client_data_hash, int64_t now_s);

/* Whether object has the form of an attestation of one of the formats, good or bad: one strict CBOR
   map whose member fmt names a format. TG_E_NOMEM. */
TG_NODISCARD enum tg_err tg_attest_is_known(bool *out, struct tg_bytes object);

/* challenge is the SHA-256 of "tigress-attestation-v1", claim, request id, payload type and payload
   data, each as a 4-byte big-endian length and its bytes as sent. wire/attestation.h computes it
   for relay and library. spec: protocol/6#attestation-challenge */

#endif
