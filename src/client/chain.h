/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/chain.h - which envelope the next message has, and what binds it to earlier messages.
 * Layer: L2 (base, crypto, wire).      Threads: as the session it is part of.      Blocks: no.
 * Secrets: an ephemeral private key until the keys are agreed on, then the keys; wiped by
 * tg_chain_reset.
 * spec: docs/protocol.md section 7, Envelope v2; docs/envelope-v2.md.
 * * Nothing here changes a session. Each step writes the following chain into *next. The caller
 * puts it into the session after everything else has worked, and wipes it otherwise.
 */
#ifndef TG_CLIENT_CHAIN_H
#define TG_CLIENT_CHAIN_H

#include "base/buf.h"
#include "crypto/cpace.h"
#include "wire/envelope2_member.h"
#include "wire/sas.h"

struct tigress_session;

/* Values are written into saved state: never renumber. */
enum tg_chain_stage {
    TG_CHAIN_V1 = 0,        /* final: not wanted, or the other side does not support v2 */
    TG_CHAIN_FRESH = 1,     /* no message yet */
    TG_CHAIN_OFFERED = 2,   /* initiator: the first message holds our key */
    TG_CHAIN_ANSWERING = 3, /* recipient: the first message held a key, ours goes with the answer */
    TG_CHAIN_V2 = 4         /* final: every message has envelope v2 */
};

/* Of the short authentication string. Values are written into saved state: never renumber. */
enum tg_sas_stage {
    TG_SAS_NONE = 0,      /* not possible: no envelope v2, or an older version at the other side */
    TG_SAS_COMMITTED = 1, /* message 1 has the commitment */
    TG_SAS_ANSWERED = 2,  /* message 2 has the recipient's nonce */
    TG_SAS_KNOWN = 3,     /* message 3 reveals the initiator's nonce: both sides have the digits */
    TG_SAS_WRONG = 4      /* what was revealed does not fit the commitment; never saved */
};

struct tg_chain_sas {
    enum tg_sas_stage stage;
    uint8_t value[TG_SAS_NONCE_LEN]; /* initiator: its nonce until it is revealed; recipient: the
                                        commitment */
    uint8_t nonce[TG_SAS_NONCE_LEN]; /* the recipient's */
    char digits[TG_SAS_DIGITS + 1];  /* KNOWN */
    bool is_confirmed;               /* the persons see the same digits */
};

/* Of the PIN by PAKE. Values are written into saved state: never renumber. */
enum tg_pake_stage {
    TG_PAKE_UNUSED = 0,
    TG_PAKE_OFFERED = 1,  /* message 1 names it */
    TG_PAKE_AGREED = 2,   /* message 2 too; initiator: a try is to be sent */
    TG_PAKE_ASKED = 3,    /* the initiator's share is sent, and there is no answer */
    TG_PAKE_ANSWERED = 4, /* recipient: its share and tag are sent */
    TG_PAKE_VERIFIED = 5, /* initiator: the tag was right; ours goes with the next message */
    TG_PAKE_PROVED = 6,   /* final: both tags were right, or ours is sent */
    TG_PAKE_DEAD = 7      /* final: initiator, the last try was wrong */
};

struct tg_chain_pake {
    enum tg_pake_stage stage;
    unsigned tries;                   /* that this side has begun */
    uint8_t agreement[TG_SHA256_LEN]; /* the transcript after message 2 */
    uint8_t share[TG_CPACE_LEN];      /* the initiator's, of the open try */
    uint8_t tag[TG_SHA256_LEN];       /* ANSWERED: expected; VERIFIED: to be sent */
    struct tg_secret scalar;          /* initiator, ASKED */
    struct tg_secret key;             /* ISK, within a step only; never saved */
    struct tg_envelope2_keys other; /* recipient, ANSWERED: those after the proof; initiator, until
                                       a message under the new ones: those before it */
};

struct tg_chain {
    enum tg_chain_stage stage;
    uint64_t seq;                      /* messages in the transcript */
    uint8_t transcript[TG_SHA256_LEN]; /* OFFERED: the digest of the first message instead, as
                                          the mailbox is not known when it is sealed */
    struct tg_secret private_key;      /* OFFERED */
    uint8_t peer_key[TG_X25519_LEN];   /* ANSWERING */
    struct tg_envelope2_keys keys;     /* V2 */
    struct tg_chain_sas sas;
    struct tg_chain_pake pake;
    bool is_bare; /* messages 1 and 2 are the library's own, without content; client/bare.h */
};

void tg_chain_reset(struct tg_chain *chain, enum tg_chain_stage stage);
/* Puts next into the session. A decision about v2 is reported to the application once. */
void tg_chain_commit(struct tigress_session *s, const struct tg_chain *next);
/* spec: protocol/7#envelope-v2-room
   The most bytes of the session's next message: an envelope, or less where the library adds its
   member to the message. */
size_t tg_chain_room(const struct tigress_session *s);

/*
 * Seals the session's next message: appends payload.data to box.
 * TG_E_LIMIT, TG_E_CRYPTO, TG_E_NOMEM: *next is then wiped.
 */
TG_NODISCARD enum tg_err tg_chain_seal(struct tg_chain *next, struct tigress_session *s,
                                       struct tg_buf *box, struct tg_bytes message);

enum tg_chain_key {
    TG_CHAIN_KEY_CURRENT, /* the secret, or the direction's key */
    TG_CHAIN_KEY_PROVED   /* recipient: the direction's key after the proof of the PIN */
};

/*
 * Opens a payload as the other side's next message: appends the padded text. *key is what opened
 * it.
 * TG_E_CONFLICT   v2 is agreed on, and this is not the next message of this transfer
 * TG_E_DENIED     v2 is agreed on, and this has envelope v1
 * TG_E_NOMEM; any other error: it does not open with the secret
 */
TG_NODISCARD enum tg_err tg_chain_open(const struct tigress_session *s, struct tg_buf *plain,
                                       enum tg_chain_key *key, const struct tg_payload *payload,
                                       struct tg_fault *fault);

/*
 * Opens a payload as the message that another copy of this session sent in place of the one that
 * this session has sealed last. TG_OK also where a session of an older version cannot tell.
 * Errors as tg_chain_open().
 */
TG_NODISCARD enum tg_err tg_chain_open_copy(const struct tigress_session *s, struct tg_buf *plain,
                                            const struct tg_payload *payload);

/*
 * Adds an opened message, without its padding, to the chain. Appends the application's part of it
 * to text. key: what opened it.
 * TG_E_CONFLICT          a second message without an answer in between, or a wrong tag
 * TG_E_SYNTAX, _LIMIT    not a JSON object, or an invalid member
 * TG_E_UNSUPPORTED       the session requires v2, and the message does not agree on it
 * TG_E_NOTFOUND          the same with the PIN by PAKE
 * TG_OK with TG_SAS_WRONG in *next: the transfer must end
 * TG_E_CRYPTO, TG_E_NOMEM
 * *next is then wiped.
 */
TG_NODISCARD enum tg_err tg_chain_receive(struct tg_chain *next, const struct tigress_session *s,
                                          struct tg_buf *text, struct tg_bytes plain,
                                          enum tg_chain_key key, const struct tg_payload *payload,
                                          struct tg_fault *fault);

/* The meaning of an envelope from the relay that this session has sent or received before. */
enum tg_repeat {
    TG_REPEAT_EXPECTED,
    TG_REPEAT_OLDER,    /* not the last one */
    TG_REPEAT_REFLECTED /* our own, returned as the other side's */
};

/* index: of the envelope in messages.seen, from 0. version: the relay's; 0: none. */
enum tg_repeat tg_chain_check_repeat(const struct tigress_session *s, size_t index,
                                     uint64_t version);

/* Can a session be in this state of the chain? For a saved state that was read. */
bool tg_chain_is_consistent(const struct tigress_session *s);

#endif
