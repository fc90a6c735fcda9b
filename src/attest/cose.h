/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/cose.h - credential public keys: from a COSE_Key to the SubjectPublicKeyInfo that a
 * certificate for the same key holds.
 * Layer: L2.      Threads: any.      Blocks: no.      Secrets: none.
 * spec: RFC 9053 sections 2 and 7, RFC 8230 section 4, WebAuthn Level 3 section 5.8.5.
 *
 * So two keys are compared as bytes, and there is one way from bytes to a key for OpenSSL
 * (attest/key.h).
 */
#ifndef TG_ATTEST_COSE_H
#define TG_ATTEST_COSE_H

#include "attest/cbor.h"

/* COSE algorithm identifiers. */
#define TG_COSE_ES256 (-7)
#define TG_COSE_EDDSA (-8) /* here always Ed25519 */
#define TG_COSE_ES384 (-35)
#define TG_COSE_ES512 (-36)
#define TG_COSE_ED448 (-53)
#define TG_COSE_RS256 (-257)
#define TG_COSE_RS1 (-65535) /* SHA-1: only for the statement of a TPM, never for a credential */

#define TG_COSE_SPKI_MAX 600u /* bytes: RSA of 4096 bits takes 550 */

enum tg_key_kind {
    TG_KEY_P256,
    TG_KEY_P384,
    TG_KEY_P521,
    TG_KEY_ED25519,
    TG_KEY_ED448,
    TG_KEY_RSA
};

struct tg_cose_key {
    int64_t alg;
    enum tg_key_kind kind;
    uint8_t spki[TG_COSE_SPKI_MAX];
    size_t spki_len;
    /* Into spki: EC 04 x y, Ed25519 and Ed448 the key, RSA its SEQUENCE. */
    size_t point_at, point_len;
};

/*
 * TG_E_SYNTAX        not a COSE_Key, or a member has a wrong type or length
 * TG_E_UNSUPPORTED   another key type, curve or algorithm, an algorithm that does not belong to the
 *                    curve, or RSA outside 2048 to 4096 bits or with the exponent 1
 * *out is then undefined.
 */
TG_NODISCARD enum tg_err tg_cose_key_read(struct tg_cose_key *out, struct tg_cbor_item map);

/* Both views are valid as long as the key. */
static inline struct tg_bytes tg_cose_key_spki(const struct tg_cose_key *key)
{
    return tg_bytes(key->spki, key->spki_len);
}

static inline struct tg_bytes tg_cose_key_point(const struct tg_cose_key *key)
{
    return tg_bytes(key->spki + key->point_at, key->point_len);
}

/*
 * The kind of key in a SubjectPublicKeyInfo: named curves with uncompressed points, RSA of 2048 to
 * 4096 bits with an exponent of at most 32 bits, Ed25519, Ed448. False: another kind. It is read
 * without OpenSSL, so that OpenSSL never gets a key that takes it long.
 */
bool tg_spki_kind(enum tg_key_kind *kind, struct tg_bytes spki);

#endif
