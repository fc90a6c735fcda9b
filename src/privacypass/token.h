/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privacypass/token.h - Privacy Pass tokens for an origin: challenge, token, issuers.
 * Layer: L2 (base, crypto, wire/json.h).   Threads: any; issuers are read-only once loaded.
 * Blocks: load reads a file; verify is one RSA verification, about 20 microseconds.
 * Clock: an argument.   Secrets: tokens are bearer proofs; their owner wipes them.
 * spec: RFC 9577 sections 2.1, 2.2; RFC 9578 sections 6.1 and 8.2.2 (token type 0x0002, Blind RSA).
 */
#ifndef TG_PRIVACYPASS_TOKEN_H
#define TG_PRIVACYPASS_TOKEN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"

#define TG_PRIVATE_TOKEN_TYPE 0x0002u
#define TG_PRIVATE_TOKEN_HASH_LEN 32u
#define TG_PRIVATE_TOKEN_NONCE_LEN 32u
#define TG_PRIVATE_TOKEN_SIGNATURE_LEN 256u
/* The signed bytes: type, nonce, challenge digest, key id. */
#define TG_PRIVATE_TOKEN_INPUT_LEN                                                                 \
    (2u + TG_PRIVATE_TOKEN_NONCE_LEN + 2u * TG_PRIVATE_TOKEN_HASH_LEN)
#define TG_PRIVATE_TOKEN_LEN (TG_PRIVATE_TOKEN_INPUT_LEN + TG_PRIVATE_TOKEN_SIGNATURE_LEN)
#define TG_PRIVATE_TOKEN_ISSUERS_MAX 8u
#define TG_PRIVATE_TOKEN_KEYS_MAX 4u /* of one issuer: rotation */
#define TG_PRIVATE_TOKEN_NAME_MAX 255u
#define TG_PRIVATE_TOKEN_CONTEXT_LEN 32u
#define TG_PRIVATE_TOKEN_FILE_MAX 65536u
/* How long spent tokens are remembered after their key has expired: clocks of nodes may differ. */
#define TG_PRIVATE_TOKEN_GRACE_S 86400

/* ---- issuers -------------------------------------------------------------------------------- */

struct tg_private_token_issuers;

/*
 * Reads a JSON file: { "issuers": [ { "name": "issuer.example", "keys": [ { "token-key":
 * "<base64url of an RSASSA-PSS SPKI>", "not-before": seconds, "not-after": seconds } ] } ] }.
 * not-before is optional. not-after is required, because each spent token is remembered until then.
 * A key occurs only once.
 * Challenges name the first valid key; tokens of every valid key verify. *out is not written on
 * failure; fault has the number of the issuer and key and what was expected.
 */
TG_NODISCARD enum tg_err tg_private_token_issuers_load(struct tg_private_token_issuers **out,
                                                       const char *path, struct tg_fault *fault);
/* The same from the file's text. */
TG_NODISCARD enum tg_err tg_private_token_issuers_parse(struct tg_private_token_issuers **out,
                                                        struct tg_bytes text,
                                                        struct tg_fault *fault);
/* Accepts NULL and *issuers == NULL. */
void tg_private_token_issuers_free(struct tg_private_token_issuers **issuers);

/* A key of the file. */
struct tg_private_token_key_info {
    size_t issuer, key; /* its place in the file, from 1 */
    uint8_t id[TG_PRIVATE_TOKEN_HASH_LEN];
    int64_t not_after_s;
};

/* Key number index, from 0, over all issuers; false: there are fewer. */
bool tg_private_token_key_at(struct tg_private_token_key_info *out,
                             const struct tg_private_token_issuers *issuers, size_t index);

/* ---- the challenge -------------------------------------------------------------------------- */

/*
 * Appends a TokenChallenge of type 0x0002.
 *   issuer   1 to 255 bytes
 *   context  TG_PRIVATE_TOKEN_CONTEXT_LEN bytes, or none
 *   origin   the relay's host, or empty for any
 * TG_E_LIMIT: one of them has another length.
 */
TG_NODISCARD enum tg_err tg_private_token_challenge(struct tg_buf *out, struct tg_bytes issuer,
                                                    struct tg_bytes context,
                                                    struct tg_bytes origin);
/*
 * Appends the value of a WWW-Authenticate header, one challenge for each issuer with a valid key
 * and ", " between them: PrivateToken challenge="...", token-key="...". Nothing if no key is valid.
 */
TG_NODISCARD enum tg_err tg_private_token_ask(struct tg_buf *out,
                                              const struct tg_private_token_issuers *issuers,
                                              struct tg_bytes context, struct tg_bytes origin,
                                              int64_t now_s);

/* ---- the token ------------------------------------------------------------------------------ */

/* Whether an Authorization value is of the scheme PrivateToken. */
bool tg_private_token_is_scheme(struct tg_bytes authorization);
/* The token of `PrivateToken token="..."`; other parameters are ignored. TG_E_SYNTAX: another
   scheme, no token or two, not base64url, or another length; token is then zero. */
TG_NODISCARD enum tg_err tg_private_token_parse(uint8_t token[TG_PRIVATE_TOKEN_LEN],
                                                struct tg_bytes authorization);

/* The step that refused. */
enum tg_private_token_step {
    TG_PRIVATE_TOKEN_OK,
    TG_PRIVATE_TOKEN_ENCODING,  /* another token type */
    TG_PRIVATE_TOKEN_KEY,       /* no valid key has this id */
    TG_PRIVATE_TOKEN_CHALLENGE, /* made for another challenge */
    TG_PRIVATE_TOKEN_SIGNATURE,
    TG_PRIVATE_TOKEN_INTERNAL /* failure of the relay */
};

struct tg_private_token_verdict {
    enum tg_private_token_step step;
    /* For a token that verifies: what can be spent only once (SHA-256 of the signed bytes), and the
       id of the issuer's key. */
    uint8_t hash[TG_PRIVATE_TOKEN_HASH_LEN];
    uint8_t key_id[TG_PRIVATE_TOKEN_HASH_LEN];
};

/* Cheap checks come first; the signature is verified last. context and origin as above. */
void tg_private_token_verify(struct tg_private_token_verdict *out,
                             const struct tg_private_token_issuers *issuers,
                             const uint8_t token[TG_PRIVATE_TOKEN_LEN], struct tg_bytes context,
                             struct tg_bytes origin, int64_t now_s);

#endif
