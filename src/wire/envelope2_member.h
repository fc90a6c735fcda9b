/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/envelope2_member.h - the member "tigressV2" of provisioning information, with which the two
 * devices agree on envelope v2.
 * Layer: L1.      Threads: any.      Blocks: no.      Secrets: none.
 * spec: docs/protocol.md section 7, Envelope v2; docs/envelope-v2.md section 1.
 */
#ifndef TG_WIRE_ENVELOPE2_MEMBER_H
#define TG_WIRE_ENVELOPE2_MEMBER_H

#include "base/buf.h"
#include "wire/envelope2.h"

#define TG_ENVELOPE2_MEMBER "tigressV2"

/* The largest member that this version or a later one adds to a message, in bytes: the rest of an
   envelope is for the application's message. It has room for a key share of 1184 bytes (ML-KEM-768)
   beside the present members. */
#define TG_ENVELOPE2_MEMBER_ROOM 2048u

/* The "format" of a message that the library sends for itself, with an empty content. */
#define TG_ENVELOPE2_BARE_FORMAT "tigress.v2"
#define TG_ENVELOPE2_BARE "{\"format\":\"" TG_ENVELOPE2_BARE_FORMAT "\",\"content\":{}}"

/* A value of 32 bytes: base64url text without padding. */
struct tg_envelope2_value {
    bool is_set;
    uint8_t bytes[TG_X25519_LEN];
};

/* The password-authenticated key exchange that messages 1 and 2 name. */
enum tg_envelope2_pake { TG_PAKE_NONE = 0, TG_PAKE_CPACE = 1, TG_PAKE_UNKNOWN = 2 };

struct tg_envelope2_member {
    bool is_present;
    const char *wrong;                    /* a literal that names what is wrong; NULL: nothing */
    enum tg_envelope2_role role;          /* of the sender; 0: not named, as by an older version */
    struct tg_envelope2_value public_key; /* tg_x25519_check has accepted it */
    /* spec: docs/protocol.md section 7, Short authentication string */
    struct tg_envelope2_value commitment; /* message 1 */
    struct tg_envelope2_value nonce;      /* message 2 */
    struct tg_envelope2_value reveal;     /* message 3 */
    /* spec: docs/protocol.md section 7, PIN by PAKE */
    enum tg_envelope2_pake pake;            /* messages 1 and 2 */
    struct tg_envelope2_value pake_share;   /* a try, and its answer */
    struct tg_envelope2_value pake_confirm; /* a tag */
};

/* Appends json, an object without the member, and adds the member to it: what is set. */
void tg_envelope2_member_put(struct tg_buf *out, struct tg_bytes json,
                             const struct tg_envelope2_member *member);
/*
 * Appends json without the member, every other byte unchanged. *member is what it held.
 * TG_E_SYNTAX, TG_E_LIMIT   json is not a JSON object (see wire/json.h)
 * TG_E_NOMEM, TG_E_CRYPTO   no memory, or libcrypto failed
 * out is as long as before and *member untouched on failure.
 */
TG_NODISCARD enum tg_err tg_envelope2_member_take(struct tg_buf *out,
                                                  struct tg_envelope2_member *member,
                                                  struct tg_bytes json);

#endif
