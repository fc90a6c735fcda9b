/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/key.h - what a message needs of a key that never leaves its place
 *
 * The key of a credential is in a Secure Enclave, in a StrongBox, in a card. It signs, or agrees on
 * a shared secret, after the user agreed; that takes seconds, and the application may be ended in
 * between. So it is no callback: the session asks for it as for an attestation, keeps the question
 * in its saved state, and takes the answer whenever it comes.
 *
 *     TIGRESS_INPUT_MESSAGE   tigress_session_ask_key(s, &task)
 *     TIGRESS_INPUT_KEY       tigress_session_key_task(s, &task), the platform, then
 *                             tigress_session_set_key_answer() or tigress_session_refuse_key()
 *     TIGRESS_INPUT_MESSAGE   tigress_session_key_outcome(s), tigress_session_key_answer(),
 *                             tigress_session_send()
 *
 * All keys are on P-256, the only curve of a Secure Enclave. docs/phone.md has the calls of iOS and
 * Android.
 *
 * Threads: one session, one thread at a time.
 * Blocks: no.
 * Secrets: the shared secret of an agreement. It is wiped when the message is sent, when another is
 *          received, and when the transfer ends.
 */
#ifndef TIGRESS_KEY_H
#define TIGRESS_KEY_H

#include <tigress/error.h>
#include <tigress/export.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_session; /* opaque: <tigress/session.h> */

/* What the key does. Later versions may add values. */
enum tigress_key_use {
    TIGRESS_KEY_SIGN = 1, /* ECDSA with SHA-256 over the bytes themselves */
    TIGRESS_KEY_AGREE = 2 /* ECDH: the x coordinate, without a key derivation */
};

#define TIGRESS_KEY_NAME_MAX 255u     /* bytes, without the NUL */
#define TIGRESS_KEY_PUBLIC_LEN 65u    /* bytes of a point: 04, x, y */
#define TIGRESS_KEY_DATA_MAX 8192u    /* bytes to sign */
#define TIGRESS_KEY_SHARED_LEN 32u    /* bytes of a shared secret */
#define TIGRESS_KEY_SIGNATURE_MAX 72u /* bytes of a signature in either form */

/* Later versions may append members: start from one that is all zero. */
struct tigress_key_task {
    enum tigress_key_use use;
    const char *key;                 /* the application's own name of the key: the tag of a keychain
                                        item, the alias of a key store; 1 to TIGRESS_KEY_NAME_MAX
                                        bytes of UTF-8 */
    const unsigned char *public_key; /* TIGRESS_KEY_PUBLIC_LEN bytes. SIGN: of this key, which the
                                        answer is verified with. AGREE: of the other side. */
    const unsigned char *data;       /* SIGN: what to sign. AGREE: NULL */
    size_t data_len;                 /* 1 to TIGRESS_KEY_DATA_MAX; AGREE: 0 */
};

/*
 * Both, where tigress_session_send() is possible. TIGRESS_INPUT_KEY follows.
 *   task   copied; replaces an earlier one
 * TIGRESS_E_LIMIT      name or data too long
 * TIGRESS_E_ARGUMENT   a member is missing, or public_key is not a point of the curve
 * TIGRESS_E_STATE, TIGRESS_E_NOMEM, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_ask_key(struct tigress_session *s, const struct tigress_key_task *task);

/*
 * The task, also in a session that was resumed: at TIGRESS_INPUT_KEY, and with its outcome until
 * that is forgotten.
 *   *out   its members are valid until the next call with a session that is not const
 * TIGRESS_E_STATE   there is none
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_key_task(const struct tigress_session *s, struct tigress_key_task *out);

/*
 * The answer of the platform, for TIGRESS_INPUT_KEY; copied. TIGRESS_INPUT_MESSAGE follows.
 *   answer   SIGN: a signature in DER, or r and s of 32 bytes each. AGREE: TIGRESS_KEY_SHARED_LEN
 *            bytes
 * TIGRESS_E_ARGUMENT   a signature that does not verify: of another key, over other bytes, over a
 *                      hash that was hashed again; a shared secret of another length or all zero.
 *                      The session asks on.
 * TIGRESS_E_STATE, TIGRESS_E_NOMEM, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_key_answer(struct tigress_session *s, const unsigned char *answer, size_t len);

/* Why a key gave no answer. */
enum tigress_key_refusal {
    TIGRESS_KEY_BY_USER = 1,  /* the user refused, or did not answer */
    TIGRESS_KEY_UNUSABLE = 2, /* there is no such key any more, or it is not for this use */
    TIGRESS_KEY_LOCKED = 3    /* not now: the device is locked */
};
/*
 * There is no answer, for TIGRESS_INPUT_KEY.
 *   why   BY_USER, UNUSABLE: TIGRESS_INPUT_MESSAGE follows, and tigress_session_key_outcome() says
 *         so: ask again, send something else, or cancel. LOCKED: the session stops with
 *         TIGRESS_E_LOCKED, and tigress_session_retry() asks again, once the device is unlocked; so
 *         does a session that is resumed from its saved state.
 * TIGRESS_E_STATE, TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_refuse_key(struct tigress_session *s, enum tigress_key_refusal why);

/* What became of the task. Later versions may add values. */
enum tigress_key_outcome {
    TIGRESS_KEY_NONE = 0,          /* nothing was asked, or it was forgotten */
    TIGRESS_KEY_ASKED = 1,         /* no answer yet */
    TIGRESS_KEY_ANSWERED = 2,      /* tigress_session_key_answer() has it */
    TIGRESS_KEY_REFUSED = 3,       /* TIGRESS_KEY_BY_USER */
    TIGRESS_KEY_CANNOT_BE_USED = 4 /* TIGRESS_KEY_UNUSABLE */
};
/* TIGRESS_KEY_NONE for NULL. */
TIGRESS_API enum tigress_key_outcome tigress_session_key_outcome(const struct tigress_session *s);

/* How a signature is written. */
enum tigress_signature_form {
    TIGRESS_SIGNATURE_DER = 1, /* 8 to 72 bytes: X.509, most libraries */
    TIGRESS_SIGNATURE_RAW = 2  /* 64 bytes, r and s: JWS, COSE, the car key of the CCC */
};
/*
 * The answer.
 *   form   of a signature, whichever the platform has given; not used for a shared secret
 *   out    cap bytes of room; TIGRESS_KEY_SIGNATURE_MAX suffices. The caller wipes a shared secret.
 *   *len   bytes written; 0 on failure
 * TIGRESS_E_STATE   the outcome is not TIGRESS_KEY_ANSWERED
 * TIGRESS_E_LIMIT   cap is too small
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_key_answer(const struct tigress_session *s, enum tigress_signature_form form,
                           unsigned char *out, size_t cap, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
