/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/private_token.h - Privacy Pass tokens as an origin takes them: challenge, token, issuers.
 * Layer: L2 (base, crypto).   Threads: any; issuers are read-only once loaded.
 * Blocks: load reads files; verify is one RSA verification.
 * Secrets: tokens are bearer proofs; wiped by whoever holds them.
 * spec: RFC 9577 sections 2.1, 2.2; RFC 9578 sections 6.1 and 8.2.2 (token type 0x0002, Blind RSA).
 */
#ifndef TG_ATTEST_PRIVATE_TOKEN_H
#define TG_ATTEST_PRIVATE_TOKEN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"

#define TG_PRIVATE_TOKEN_TYPE 0x0002u
#define TG_PRIVATE_TOKEN_NONCE_LEN 32u
#define TG_PRIVATE_TOKEN_MAX 2048u
#define TG_PRIVATE_TOKEN_ISSUERS_MAX 8u
#define TG_PRIVATE_TOKEN_KEYS_MAX 4u /* of one issuer: rotation */
#define TG_PRIVATE_TOKEN_CONTEXT_LEN 32u

struct tg_private_token_issuers;

/* File: JSON { "issuers": [ { "name": "issuer.example", "keys": [ { "token-key": base64url SPKI,
   "not-before": seconds?, "not-after": seconds? } ] } ] }; the first key in force is the one
   challenges name, all in force verify. *out untouched on failure. */
TG_NODISCARD enum tg_err tg_private_token_issuers_load(struct tg_private_token_issuers **out,
                                                       const char *path, struct tg_fault *fault);
void tg_private_token_issuers_free(struct tg_private_token_issuers **issuers);

/*
 * Appends the challenges of a WWW-Authenticate value, one per issuer:
 * PrivateToken challenge="...", token-key="..."
 *   origin    the relay's host; "": any origin
 *   context   TG_PRIVATE_TOKEN_CONTEXT_LEN bytes, or empty
 */
TG_NODISCARD enum tg_err tg_private_token_challenge(struct tg_buf *out,
                                                    const struct tg_private_token_issuers *issuers,
                                                    struct tg_bytes origin, struct tg_bytes context,
                                                    int64_t now_s);

/*
 * Verifies `PrivateToken token="..."`, the value of an Authorization header.
 *   spent_key   what a store must hold once: SHA-256 over the token's input, for insert-if-absent
 *   expires_s   until when it must be remembered: the key's end, or now + 30 days
 * TG_E_SYNTAX    no such token; fault says what was expected
 * TG_E_DENIED   another challenge, an unknown key, or the signature does not verify
 * TG_E_CRYPTO, TG_E_NOMEM   our own trouble
 */
TG_NODISCARD enum tg_err tg_private_token_verify(uint8_t spent_key[32], int64_t *expires_s,
                                                 const struct tg_private_token_issuers *issuers,
                                                 struct tg_bytes authorization,
                                                 struct tg_bytes origin, struct tg_bytes context,
                                                 int64_t now_s, struct tg_fault *fault);

#endif
