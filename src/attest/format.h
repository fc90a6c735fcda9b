/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/format.h - a format is a row: its name and its checks, in order. This header has the row,
 * the data that the checks use, and the checks that several formats share.
 * Layer: L2, for attest/ alone.      Threads: a case belongs to one call; rows are constant.
 * Blocks: only tg_format_chain and tg_format_signature use keys; they are last in each row.
 * Secrets: none.
 *
 * A check returns TG_ATTEST_OK, or the step that refuses and a sentence in the case's fault. A
 * check that reads a member stores it in the case for later checks.
 */
#ifndef TG_ATTEST_FORMAT_H
#define TG_ATTEST_FORMAT_H

#include "attest/authdata.h"
#include "attest/cert.h"
#include "attest/policy.h"
#include "base/buf.h"

struct tg_attest_case { /* one attestation during the checks */
    const struct tg_attest_policy *policy;
    enum tg_attest_format format;
    enum tg_attest_chain_times times; /* of the format's row */
    int64_t now_s;
    struct tg_fault *fault;
    struct tg_cbor_item stmt; /* a map */
    struct tg_authdata auth;
    struct tg_bytes client_data_hash;
    struct tg_buf tbs;                 /* authData and client_data_hash */
    uint8_t nonce[TG_ATTEST_HASH_LEN]; /* SHA-256 of tbs */
    /* From the statement; each is set when its check has run. */
    int64_t alg;
    struct tg_bytes sig;
    struct tg_cert certs[TG_ATTEST_CHAIN_MAX]; /* the leaf first */
    size_t cert_count;
    struct tg_attest_chain chain;
    bool is_by_software; /* the device's software made the statement, so anybody can make it */
    enum tg_attest_strength strength; /* set by tg_format_chain alone */
};

typedef enum tg_attest_step tg_attest_check_fn(struct tg_attest_case *c);

struct tg_attest_row {
    const char *name;
    bool needs_roots;
    bool shows_user; /* one of its checks is tg_format_user_verified */
    enum tg_authdata_tail tail;
    enum tg_attest_chain_times times;
    tg_attest_check_fn *const *checks; /* ends with NULL */
};

extern const struct tg_attest_row tg_attest_row_apple;
extern const struct tg_attest_row tg_attest_row_apple_appattest;
extern const struct tg_attest_row tg_attest_row_android_key;
extern const struct tg_attest_row tg_attest_row_packed;
extern const struct tg_attest_row tg_attest_row_tpm;
extern const struct tg_attest_row tg_attest_row_fido_u2f;
extern const struct tg_attest_row tg_attest_row_none;

/* Sets the fault and returns step. */
enum tg_attest_step tg_format_refuse(struct tg_attest_case *c, enum tg_attest_step step,
                                     const char *why);

/* authData: the user was present. Not for App Attest, which does not set that flag. */
tg_attest_check_fn tg_format_user_present;
/* authData: the user was verified, if the policy needs that. */
tg_attest_check_fn tg_format_user_verified;
/* rpIdHash is the hash of an allowed RP ID. */
tg_attest_check_fn tg_format_rp_id;
/* The AAGUID is on the list, if there is a list. */
tg_attest_check_fn tg_format_aaguid;
/* attStmt.alg and attStmt.sig. */
tg_attest_check_fn tg_format_read_alg;
tg_attest_check_fn tg_format_read_sig;
/* attStmt.x5c: 1 to TG_ATTEST_CHAIN_MAX certificates, none of them revoked. */
tg_attest_check_fn tg_format_read_x5c;
/* The leaf has the credential's key. */
tg_attest_check_fn tg_format_leaf_key;
/* If the leaf has an AAGUID, it is the credential's. */
tg_attest_check_fn tg_format_leaf_aaguid;
/* The form of alg and sig for the leaf's key. */
tg_attest_check_fn tg_format_sig_form;
/* x5c leads to a root of the format, so the attestation proves a device, unless it
   is_by_software. */
tg_attest_check_fn tg_format_chain;
/* sig is the leaf's over tbs. After tg_format_chain. */
tg_attest_check_fn tg_format_signature;
/* The leaf's extension 1.2.840.113635.100.8.2 holds the nonce. */
tg_attest_check_fn tg_format_apple_nonce;

#endif
