/* SPDX-License-Identifier: Apache-2.0 */
/* * direct/mailbox.h - the one mailbox of a host. It follows the relay's rules (mailbox/mailbox.h):
 * a request in, an answer out.
 * Layer: L2 (base, crypto, wire, mailbox/mailbox.h, mailbox/record.h, mailbox/route.h).
 * Threads: one at a time.   Blocks: no.   Clock: an argument. * Secrets: claims, kept only as keyed
 * hashes; the payload is already sealed. spec: docs/protocol.md sections 2 to 4 and 7.
 */
#ifndef TG_DIRECT_MAILBOX_H
#define TG_DIRECT_MAILBOX_H

#include "base/rng.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "direct/frame.h"
#include "mailbox/mailbox.h"

#define TG_DIRECT_KEY_LEN 32u
#define TG_DIRECT_ORIGIN_MAX 300u
#define TG_DIRECT_WAIT_MAX_S 60u
#define TG_DIRECT_NUMBER_MAX 24u

struct tg_direct_mailbox {
    struct tg_secret key; /* for the keyed hashes */
    bool exists;
    struct tg_uuid id;
    struct tg_buf record; /* encoded by mailbox/record.h */
    struct tg_buf origin; /* "tigress-direct://192.0.2.7:4711" */
};

/* The caller of a request: the host's own session, or a device that has proved the secret. */
enum tg_direct_caller { TG_DIRECT_LOCAL, TG_DIRECT_REMOTE };

struct tg_direct_answer {
    struct tg_direct_response response; /* views end with the answer */
    struct tg_buf body;
    char version[TG_DIRECT_NUMBER_MAX];
    bool must_wait;   /* a long poll with nothing new: repeat it after a change */
    uint32_t wait_s;  /* at most */
    bool is_changed;  /* the mailbox has changed: save it before the answer is sent */
    bool must_wake;   /* long polls that wait must look again */
    bool is_bound;    /* the mailbox has a recipient */
    bool is_stranger; /* refused: not one of the two devices of this mailbox */
};

TG_NODISCARD enum tg_err tg_direct_mailbox_init(struct tg_direct_mailbox *mailbox,
                                                const struct tg_rng *rng);
void tg_direct_mailbox_deinit(struct tg_direct_mailbox *mailbox);

/*
 * Answers a request. *   look     TG_DIRECT_LOOK_AGAIN when a waiting long poll is repeated: it
 * then binds no device * TG_E_NOMEM, TG_E_CRYPTO   nothing has changed; *answer needs no deinit
 */
enum tg_direct_look { TG_DIRECT_LOOK_FIRST, TG_DIRECT_LOOK_AGAIN };
TG_NODISCARD enum tg_err tg_direct_mailbox_answer(struct tg_direct_mailbox *mailbox,
                                                  enum tg_direct_caller caller,
                                                  const struct tg_direct_request *request,
                                                  enum tg_direct_look look, int64_t now_s,
                                                  struct tg_direct_answer *answer);
void tg_direct_answer_deinit(struct tg_direct_answer *answer);

/* Appends the whole mailbox. */
void tg_direct_mailbox_put(struct tg_buf *out, const struct tg_direct_mailbox *mailbox);
struct tg_reader;
/* Reads it back. TG_E_SYNTAX: not valid; *mailbox is then empty. */
TG_NODISCARD enum tg_err tg_direct_mailbox_get(struct tg_direct_mailbox *mailbox,
                                               struct tg_reader *r);

#endif
