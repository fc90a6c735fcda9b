/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/cose.h - credential public keys: from a COSE_Key to the SubjectPublicKeyInfo that a
 * certificate for the same key holds.
 * Layer: L2.      Threads: any.      Blocks: no.      Secrets: none.
 * spec: RFC 9053 sections 2 and 7, RFC 8230 section 4, WebAuthn Level 3 section 5.8.5.
 *
 * Comparing two keys is then comparing bytes, and the one door from bytes to a key is OpenSSL's for
 * SubjectPublicKeyInfo.
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
#define TG_COSE_RS1 (-65535) /* SHA-1: for the statement of a TPM alone, never for a credential */

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
 * TG_E_SYNTAX        no COSE_Key, or members of a wrong type or length
 * TG_E_UNSUPPORTED   another key type, curve or algorithm, or an algorithm that does not go with
 *                    the curve; RSA outside 2048 to 4096 bits
 * *out is then undefined.
 */
TG_NODISCARD enum tg_err tg_cose_key_read(struct tg_cose_key *out, struct tg_cbor_item map);

/* Both views end with the key. */
static inline struct tg_bytes tg_cose_key_spki(const struct tg_cose_key *key)
{
    return tg_bytes(key->spki, key->spki_len);
}

static inline struct tg_bytes tg_cose_key_point(const struct tg_cose_key *key)
{
    return tg_bytes(key->spki + key->point_at, key->point_len);
}

/*
 * Which kind of key a SubjectPublicKeyInfo holds, read without OpenSSL, so that nothing it would
 * work long on ever reaches it: named curves with uncompressed points, RSA of 2048 to 4096 bits
 * with an exponent of at most 32 bits, Ed25519, Ed448. False: another.
 */
bool tg_spki_kind(enum tg_key_kind *kind, struct tg_bytes spki);

#endif
