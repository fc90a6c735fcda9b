/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/session.h - one side of one transfer, without I/O
 *
 * A session is a state machine. The application steps it with the time, performs the HTTP requests
 * that it returns, and passes the relay's answers to it.
 *
 *     for (;;) {
 *         switch (tigress_session_step(s, now_s)) {
 *         case TIGRESS_WANT_HTTP:   // perform tigress_session_request(s), then call
 *                                   // tigress_session_reply() or tigress_session_reply_failed()
 *             break;
 *         case TIGRESS_WANT_WAIT:   // step again at tigress_session_deadline_s(s), or when woken
 *             break;
 *         case TIGRESS_WANT_INPUT:  // tigress_session_input(s) says what the application must do
 *             break;
 *         case TIGRESS_DONE:        // the transfer is over: tigress_session_end(s) says how
 *             return 0;
 *         case TIGRESS_FAILED:      // tigress_session_error(s), tigress_session_error_text(s)
 *             return 1;
 *         }
 *     }
 *
 * <tigress/transport_curl.h> and <tigress/direct.h> have ready loops.
 *
 * A function that takes a session returns TIGRESS_E_ARGUMENT when that is NULL. After another
 * failure, tigress_session_error_text() says which value was wrong and what was expected.
 *
 * Threads: one session, one thread at a time.
 * Blocks: no.
 * Memory: at most 64 KiB in addition to the messages.
 * Secrets: the share secret, the device claim and messages. They are wiped when the session is
 *          freed. Error texts contain no secret. Requests, share URLs and saved state do: never log
 *          them.
 * spec: docs/protocol.md sections 2 to 4, 6 and 7
 */
#ifndef TIGRESS_SESSION_H
#define TIGRESS_SESSION_H

#include <tigress/end.h>
#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/key.h>
#include <tigress/pake.h>
#include <tigress/share_url.h>
#include <tigress/v2.h>
#include <tigress/wait.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_session; /* opaque */

enum tigress_role { TIGRESS_INITIATOR = 1, TIGRESS_RECIPIENT = 2 };

/* What a session wants from the application. Later versions may add values, but only for sessions
   that were made in a new way. */
enum tigress_want {
    TIGRESS_WANT_HTTP = 1,
    TIGRESS_WANT_WAIT = 2,
    TIGRESS_WANT_INPUT = 3,
    TIGRESS_DONE = 4,
    TIGRESS_FAILED = 5
};

/* What TIGRESS_WANT_INPUT asks for, and the calls that are possible then. tigress_session_cancel()
   and tigress_session_save() are always possible. */
enum tigress_input {
    TIGRESS_INPUT_NONE = 0,
    TIGRESS_INPUT_INTENT = 1,        /* initiator: confirm_intent_by, after the user agreed */
    TIGRESS_INPUT_CREATED = 2,       /* initiator: send the share URL to the recipient; then wait or
                                        check, or do nothing more */
    TIGRESS_INPUT_SECRET = 3,        /* recipient: the URL has no secret: set_secret */
    TIGRESS_INPUT_PREVIEW = 4,       /* recipient: the preview was received: accept, or do nothing
                                        more */
    TIGRESS_INPUT_MESSAGE = 5,       /* a message was received: send, wait, check, finish, or
                                        (recipient) relinquish */
    TIGRESS_INPUT_SENT = 6,          /* the relay has the message: wait, check, finish, or
                                        (recipient) relinquish */
    TIGRESS_INPUT_UNCHANGED = 7,     /* check found nothing new: the calls of the previous input, or
                                        check again */
    TIGRESS_INPUT_ATTESTATION = 8,   /* attest attestation_challenge: set_attestation */
    TIGRESS_INPUT_PRIVATE_TOKEN = 9, /* initiator: get a token for private_token_challenge:
                                        set_private_token */
    TIGRESS_INPUT_OPENED = 10,       /* initiator, only after tigress_session_want_opened: a device
                                        has opened the invitation: wait, check or finish */
    TIGRESS_INPUT_KEY = 11,          /* only after tigress_session_ask_key: let key_task be done:
                                        set_key_answer, refuse_key, finish, or (recipient)
                                        relinquish */
    TIGRESS_INPUT_PIN = 12           /* recipient, only after tigress_session_set_pake_use: the user
                                        must enter the PIN: enter_pin */
};

/* The name of the constant without "TIGRESS_", such as "WANT_HTTP" or "INPUT_MESSAGE"; "UNKNOWN"
   for an unknown value. Literals, never NULL. Any thread. */
TIGRESS_API const char *tigress_want_name(enum tigress_want want);
TIGRESS_API const char *tigress_input_name(enum tigress_input input);
/* The state of a session for logs: "INTENT", "CREATE", "READ", "MESSAGE", "DONE" and others. Later
   versions may have other states, so decide by wants and inputs, not by this. "UNKNOWN" for NULL.
   A literal. */
TIGRESS_API const char *tigress_session_state_name(const struct tigress_session *s);

/* ---- making a session ----------------------------------------------------------------------- */

/*
 * Makes the session of the device that shares. Nothing is sent before
 * tigress_session_confirm_intent_by().
 *   *out        freed with tigress_session_free(). Written on TIGRESS_OK only.
 *   relay_url   "https://host[:port]" (http:// for loopback only), or "tigress-direct://host:port"
 *               for a transfer without a relay, see <tigress/direct.h>
 *   message     provisioning information, message_len bytes of JSON; copied
 *   why         as in tigress_share_url_parse()
 * TIGRESS_E_URL       relay_url is not valid
 * TIGRESS_E_MESSAGE   message is not provisioning information
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX or TIGRESS_SHARE_URL_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_initiator_new(struct tigress_session **out, const char *relay_url, const char *message,
                      size_t message_len, char *why, size_t why_cap);

/*
 * Makes the session of the device that receives.
 *   *out        freed with tigress_session_free(). Written on TIGRESS_OK only.
 *   share_url   https://, tigress://, http:// to loopback, or tigress-direct://, with or without
 *               the secret; or a text that tigress_share_url_parse() takes
 *   secret      base64 text of a secret that was sent separately; it replaces that of the URL.
 *               NULL: none.
 *   why         as in tigress_share_url_parse()
 * TIGRESS_E_URL       share_url is not valid
 * TIGRESS_E_SECRET    the secret is not valid
 * TIGRESS_E_LIMIT     longer than TIGRESS_LINK_TEXT_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_recipient_new(struct tigress_session **out,
                                                                       const char *share_url,
                                                                       const char *secret,
                                                                       char *why, size_t why_cap);

/* Wipes and frees; sets *s to NULL. Accepts NULL and a NULL handle. The transfer continues to exist
   at the relay. */
TIGRESS_API void tigress_session_free(struct tigress_session **s);

/* ---- settings before the first step --------------------------------------------------------- */

/* After the first tigress_session_step() these return TIGRESS_E_STATE; so do those of the other
   role. Texts are copied. A refused setting changes nothing. */

/* Initiator. 16 (AES-128-GCM, the default) or 32 (AES-256-GCM) bytes. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_secret_len(struct tigress_session *s, size_t secret_len);
/*
 * Initiator. What the preview shows. The relay and everybody who has the link can read it. UTF-8;
 * NULL is "".
 *   title         at most 256 bytes
 *   description   at most 1024 bytes
 *   image_url     at most 2048 bytes
 * TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_display(struct tigress_session *s, const char *title, const char *description,
                            const char *image_url);
/* Initiator. When the mailbox expires, in UTC seconds of the years 1970 to 9999 of the relay's
   clock. 0, the default: the relay decides (48 hours). TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_expiration(struct tigress_session *s, int64_t expires_at_s);
/* Initiator. The access rights: one or more of the letters R (read), W (write) and D (delete by the
   recipient), each at most once. "RD", the relay's default, suits one message, "RWD" an exchange.
   TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_rights(struct tigress_session *s, const char *rights);
/* Initiator. The v= of the share URL: at most 32 ASCII letters, digits, '-', '.', '_' and '~'. NULL
   and "": none. TIGRESS_E_ARGUMENT, TIGRESS_E_LIMIT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_vertical(struct tigress_session *s, const char *vertical);
/* Initiator. The first read must prove the secret, so that somebody who has the URL without the
   secret cannot claim the transfer (docs/protocol.md section 6.4). Off by default, because a wallet
   that does not know it cannot receive. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_require_proof(struct tigress_session *s);
/* Both. Proof and verifier have the form of earlier versions, for a peer that knows no other. Any
   relay that gets it can use it at another relay, so the wallet decides, not an answer of a relay.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_allow_old_proof(struct tigress_session *s);
/*
 * Recipient. Adds a relay that may be used. Without any, every relay may be used. If the relay of
 * the URL is not in the list, the first step fails with TIGRESS_E_NOT_ALLOWED before any request.
 *   host   "host" or "host:port", as in tigress_share_url_is_relay_allowed()
 * TIGRESS_E_ARGUMENT   it can never match: a wildcard, a URL, a dot at the end, a name that is not
 *                      in its "xn--" form, an IPv6 address without brackets
 * TIGRESS_E_LIMIT      longer than 261 bytes, or more than 64 relays
 * TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_allow_relay(struct tigress_session *s, const char *host);
/* Recipient. The session first reads the preview, without a claim, and asks for
   TIGRESS_INPUT_PREVIEW before it reads the message. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_want_preview(struct tigress_session *s);

/* When a session asks for a device attestation (docs/protocol.md section 6.2). */
enum tigress_attestation_when {
    TIGRESS_ATTEST_NEVER = 0,  /* the default */
    TIGRESS_ATTEST_ASKED = 1,  /* when the relay refuses the create without one */
    TIGRESS_ATTEST_CREATE = 2, /* before the create */
    TIGRESS_ATTEST_ALWAYS = 3  /* before the create and before each later message */
};
/* Both. This device can attest: the session asks with TIGRESS_INPUT_ATTESTATION at these times.
   Otherwise a relay that requires an attestation ends the transfer with TIGRESS_E_STANDING.
   TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_want_attestation(struct tigress_session *s, enum tigress_attestation_when when);
/* Initiator. This device can get Privacy Pass tokens: the session asks with
   TIGRESS_INPUT_PRIVATE_TOKEN when the relay refuses the create without one. If the relay accepts
   either, a token is used before an attestation. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_want_private_token(struct tigress_session *s);

/* ---- settings at any time ------------------------------------------------------------------- */

/* Also after tigress_session_resume(). Saved state contains the notification token, poll_s and
   tries. The random source and the policy are not saved. */

/*
 * Both. Where the relay announces changes. Use a fresh token for each transfer. The relay receives
 * it with the create, or with the recipient's first read. A later token replaces it with the next
 * message, wait or check; until the relay has answered that, tigress_session_is_push_supported()
 * returns 0.
 *   type         1 to 128 bytes of UTF-8, such as TIGRESS_WEBPUSH_TYPE or "com.apple.apns"
 *   token_data   1 to 4096 bytes of UTF-8
 * TIGRESS_E_STATE     a request is under way, or the transfer is over
 * TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 * On failure the previous token stays.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_notification_token(struct tigress_session *s, const char *type,
                                       const char *token_data);

/* The same with the app of the token, for a relay that pushes to the apps of several makers.
 *   topic   1 to 255 bytes of UTF-8: the APNs topic, or the FCM project; NULL: not named */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_notification_token_for(struct tigress_session *s, const char *type,
                                           const char *topic, const char *token_data);

/* How long the relay may hold a long poll: 1 to 600 seconds, default 55. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_poll_s(struct tigress_session *s, unsigned poll_s);
/* How many failures in a row (network, 429, 5xx, invalid answers) lead to TIGRESS_FAILED: 1 to
   1000, default 8, which is about two minutes of back-off. TIGRESS_E_ARGUMENT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_tries(struct tigress_session *s, unsigned tries);
/* The random source; NULL: the system's. ctx must live as long as the session. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_random(struct tigress_session *s, tigress_random_fn *random, void *ctx);

/* What a policy judges. Texts are borrowed for the call. Later versions may append members. */
struct tigress_relay {
    const char *scheme;   /* "https", "http" (loopback only) or "tigress-direct" */
    const char *host;     /* lower case; an IPv6 address in brackets */
    unsigned port;        /* the default port of the scheme when the URL names none */
    const char *vertical; /* the v= of the share URL; "" when there is none */
    enum tigress_role role;
};
/* Returns 1 when the relay may be used; any other value refuses. It must not call the session. */
typedef int tigress_relay_policy_fn(void *ctx, const struct tigress_relay *relay);
/*
 * Both. A rule of the wallet, in addition to tigress_session_allow_relay(): both must allow the
 * relay. It is called once, by the first step that would make a request with this handle. If it
 * refuses, that step fails with TIGRESS_E_NOT_ALLOWED, and nothing was sent. A resumed session
 * calls it again.
 *   policy   NULL: none
 *   ctx      must live as long as the session
 * TIGRESS_E_STATE   a request is under way
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_relay_policy(struct tigress_session *s, tigress_relay_policy_fn *policy,
                                 void *ctx);
/*
 * Recipient. The secret, for TIGRESS_INPUT_SECRET; or another secret after TIGRESS_E_DECRYPT, until
 * a message was decrypted.
 *   secret   base64 text of 16 or 32 bytes
 * TIGRESS_E_SECRET    the secret is not valid
 * TIGRESS_E_STATE, TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_secret(struct tigress_session *s, const char *secret);

/* ---- the state machine ---------------------------------------------------------------------- */

/*
 * What the session wants now. Cheap, and possible at any time: without an answer or input since the
 * last step, the result and the request are the same again. TIGRESS_FAILED for NULL.
 *   now_s   UTC seconds of the application's clock, which may jump
 */
TIGRESS_API enum tigress_want tigress_session_step(struct tigress_session *s, int64_t now_s);

struct tigress_http_header {
    const char *name;
    const char *value;
};

/* A complete request. It is valid until the next call with a session that is not const, except
   tigress_session_step(). Later versions may append members. */
struct tigress_http_request {
    const char *method;
    const char *url; /* https://..., or http://... to loopback; without fragment */
    const struct tigress_http_header *headers;
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_len;
    size_t answer_max;  /* bytes of an answer's body; for a longer one: TIGRESS_NET_TOO_LARGE */
    unsigned timeout_s; /* for the whole exchange, including the wait of a long poll */
};

/* The request of TIGRESS_WANT_HTTP; NULL in any other state. Do not follow redirects, do not add
   headers except those that HTTP requires, do not keep cookies, and do not share the connection
   with another session. */
TIGRESS_API const struct tigress_http_request *
tigress_session_request(const struct tigress_session *s);

/*
 * Passes the relay's answer to the session, which trusts nothing in it. Everything is borrowed for
 * the call. Then call tigress_session_step().
 *   status    100 to 599
 *   headers   names in any case; NULL when header_count is 0
 *   body      body_len bytes; NULL when 0
 * TIGRESS_E_STATE     no request is under way
 * TIGRESS_E_ARGUMENT  a value is not allowed
 * TIGRESS_E_NOMEM     nothing has changed: the request is still under way
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_reply(struct tigress_session *s, unsigned status,
                      const struct tigress_http_header *headers, size_t header_count,
                      const char *body, size_t body_len);

/*
 * There is no answer. The session repeats the request later, with the same Mailbox-Request-ID and
 * the same bytes, so that nothing happens twice.
 * TIGRESS_E_STATE     no request is under way
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API enum tigress_error tigress_session_reply_failed(struct tigress_session *s,
                                                            enum tigress_net_failure failure);
/* When TIGRESS_WANT_WAIT ends, in UTC seconds; 0 in any other state. */
TIGRESS_API int64_t tigress_session_deadline_s(const struct tigress_session *s);
/* Ends a TIGRESS_WANT_WAIT now, because a push was received or the network is available. Possible
   at any time. */
TIGRESS_API void tigress_session_wake(struct tigress_session *s);

/* ---- input of the application --------------------------------------------------------------- */

/* Each call returns TIGRESS_E_STATE and changes nothing where enum tigress_input does not list it,
   and while a request is under way. If that request is a read, end it with TIGRESS_NET_INTERRUPTED:
   then the calls are possible at TIGRESS_WANT_HTTP too. */

/* What the session asks for; TIGRESS_INPUT_NONE unless it wants TIGRESS_WANT_INPUT. */
TIGRESS_API enum tigress_input tigress_session_input(const struct tigress_session *s);

/* How the device knows that its user agrees to a share. */
enum tigress_user_check {
    TIGRESS_USER_PRESENT = 1, /* a person at the device agreed: a button, an answer at a terminal */
    TIGRESS_USER_VERIFIED = 2 /* and the device verified that it is its user, for this share: a
                                 fingerprint, a face, a PIN, pattern or passcode of the device */
};
#define TIGRESS_INTENT_AGE_MAX_S 300 /* seconds from the user's consent to the session's step */
/*
 * Initiator. The user has seen what is shared and with whom, and agrees; with the evidence for it.
 * Nothing is sent before.
 *   check            what the device has checked. The answer of the platform must be of this share:
 *                    that the screen was unlocked earlier is TIGRESS_USER_PRESENT, and so is a
 *                    check that the application does itself. The application states it; a relay
 *                    that must not rely on that asks for an attestation of a verified user
 *                    (docs/attestation.md, "User verification").
 *   confirmed_at_s   when the user agreed: UTC seconds of the clock of tigress_session_step(), at
 *                    most TIGRESS_INTENT_AGE_MAX_S before the last step. An older consent was for
 *                    something else.
 * TIGRESS_E_ARGUMENT   another value of check, or the consent is too old: ask the user again
 * TIGRESS_E_STATE, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_confirm_intent_by(struct tigress_session *s, enum tigress_user_check check,
                                  int64_t confirmed_at_s);
/* tigress_session_confirm_intent_by() with TIGRESS_USER_PRESENT, at the time of the last step.
   TIGRESS_E_STATE, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_confirm_intent(struct tigress_session *s);
#define TIGRESS_ATTESTATION_CHALLENGE_LEN 32u /* bytes */
/* What to attest: SHA-256 over claim, request identifier and payload of the request that follows.
   It is the same for each repetition of that request. TIGRESS_E_STATE, TIGRESS_E_NOMEM */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_attestation_challenge(const struct tigress_session *s,
                                      unsigned char out[TIGRESS_ATTESTATION_CHALLENGE_LEN]);
/*
 * The attestation for TIGRESS_INPUT_ATTESTATION. It is sent with the request and its repetitions.
 *   object   CBOR with fmt, attStmt and authData, len bytes, at most 12288; copied. NULL and 0:
 *            this device has none; the session continues without one, or fails with
 *            TIGRESS_E_STANDING if the relay requires one.
 * TIGRESS_E_STATE, TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_attestation(struct tigress_session *s, const unsigned char *object, size_t len);
/* The relay's challenges in the form of RFC 9577, written by the relay: 'PrivateToken
   challenge="...", token-key="..."', several separated by ", ". "" unless the session asks for a
   token. */
TIGRESS_API const char *tigress_session_private_token_challenge(const struct tigress_session *s);
/*
 * A Privacy Pass token, for TIGRESS_INPUT_PRIVATE_TOKEN; or before confirm_intent, when it was
 * obtained in advance. Each token is valid for one transfer.
 *   token   base64url text, at most 2048 bytes. NULL: this device cannot get one; only possible at
 *           TIGRESS_INPUT_PRIVATE_TOKEN.
 * TIGRESS_E_STATE, TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_private_token(struct tigress_session *s, const char *token);

/* Recipient, after the preview: continue, and claim the transfer. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_accept(struct tigress_session *s);
/*
 * Sends the next message. It replaces the content of the mailbox. If the other side has written a
 * message that was not read yet, nothing is sent, and TIGRESS_INPUT_MESSAGE follows with that
 * message, instead of TIGRESS_INPUT_SENT. The message is sealed once: a resumed session sends the
 * same bytes. One message at a time: until the other side has answered, the next call is
 * TIGRESS_E_STATE.
 *   message   provisioning information, message_len bytes of JSON, without the member "tigressV2",
 *             which the library adds itself
 * TIGRESS_E_MESSAGE   it is not provisioning information
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX, or more than TIGRESS_TURNS_MAX messages
 * TIGRESS_E_STATE, TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_send(struct tigress_session *s, const char *message, size_t message_len);
/* Waits for the next message of the other side, without a time limit. The session is TIGRESS_DONE
   when an end note proves that the other side has finished. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_wait(struct tigress_session *s);
/* Looks once for a new message. TIGRESS_INPUT_MESSAGE, TIGRESS_INPUT_UNCHANGED or the end of the
   transfer follows. It also turns a wait into a single look. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_check(struct tigress_session *s);
/* <tigress/end.h> has tigress_session_finish() and tigress_session_cancel(). */
/* Recipient. Releases the transfer, so that another device of the same person can accept it.
   TIGRESS_DONE follows. TIGRESS_E_RANDOM */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_relinquish(struct tigress_session *s);
/* Tries again after TIGRESS_FAILED with an error of the class TIGRESS_CLASS_RETRY, where the
   session stopped. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_retry(struct tigress_session *s);

/* The maximum of messages sent and received in one transfer; for more: TIGRESS_E_LIMIT. */
#define TIGRESS_TURNS_MAX 256u

/* ---- what a session knows ------------------------------------------------------------------- */

/* Texts are valid until the next call with a session that is not const, and are never NULL. For a
   NULL session they are "", and numbers are 0. */

TIGRESS_API enum tigress_role tigress_session_role(const struct tigress_session *s);
/* The last message received, as the other side wrote it, without padding: *len bytes, followed by a
   NUL. "" and 0 before the first. It stays until the next one is received. len may be NULL. */
TIGRESS_API const char *tigress_session_message(const struct tigress_session *s, size_t *len);
/* The "format" of the last message received; "" before the first. */
TIGRESS_API const char *tigress_session_message_format(const struct tigress_session *s);
/*
 * The invitation: initiator from TIGRESS_INPUT_CREATED on, recipient always.
 *   out   cap bytes of room; TIGRESS_SHARE_URL_MAX suffices
 * TIGRESS_E_STATE     there is no mailbox yet
 * TIGRESS_E_LIMIT     cap is too small; out is then ""
 * TIGRESS_E_URL       the URL has no such form
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_share_url(const struct tigress_session *s, enum tigress_share_form form, char *out,
                          size_t cap);
/* The UUID of the mailbox; "" while there is none. It gives no access, but names the transfer. */
TIGRESS_API const char *tigress_session_mailbox_id(const struct tigress_session *s);
/* The host of the relay without port, and the v= of the share URL ("" when there is none). */
TIGRESS_API const char *tigress_session_relay_host(const struct tigress_session *s);
TIGRESS_API const char *tigress_session_vertical(const struct tigress_session *s);
/* As tigress_share_url_was_exposed(), for a recipient's invitation; kept in the saved state. */
TIGRESS_API int tigress_session_was_secret_exposed(const struct tigress_session *s);
/* Display information: what was set, or what the preview or a read returned. The other side wrote
   it: escape it. */
TIGRESS_API const char *tigress_session_title(const struct tigress_session *s);
TIGRESS_API const char *tigress_session_description(const struct tigress_session *s);
TIGRESS_API const char *tigress_session_image_url(const struct tigress_session *s);
/* When the mailbox expires, in UTC seconds; 0: not known yet. */
TIGRESS_API int64_t tigress_session_expires_at_s(const struct tigress_session *s);
/* The relay's counter of messages; 0: not known. */
TIGRESS_API uint64_t tigress_session_version(const struct tigress_session *s);
/* 1 when the relay has answered that it sends to the current notification token. Else 0: use long
   polls. */
TIGRESS_API int tigress_session_is_push_supported(const struct tigress_session *s);
/* Why the session is TIGRESS_FAILED; TIGRESS_OK in any other state. TIGRESS_E_ARGUMENT for NULL. */
TIGRESS_API enum tigress_error tigress_session_error(const struct tigress_session *s);
/*
 * One English sentence. When the last call was refused: the value that was wrong, and what was
 * expected. Otherwise, when the session is TIGRESS_FAILED: why. Otherwise "". The sentence about a
 * refused call is removed by tigress_session_step() and by the next call that changes the session.
 * It never repeats a text that was passed in. Of a relay's answer it repeats numbers, and the name
 * of an algorithm that is not known.
 */
TIGRESS_API const char *tigress_session_error_text(const struct tigress_session *s);
/* The relay's explanation of the failure (the detail of a problem document); "" when there is none.
   Printable UTF-8 of at most 255 bytes, written by the relay: it may be shown, but not logged. */
TIGRESS_API const char *tigress_session_relay_detail(const struct tigress_session *s);
/* How often in a row the current request has failed, for example to show "retrying". */
TIGRESS_API unsigned tigress_session_failures(const struct tigress_session *s);

/* ---- saving and resuming -------------------------------------------------------------------- */

/*
 * Saves everything that is needed to continue, in any state. Save between TIGRESS_WANT_HTTP and the
 * request: a session resumed from there repeats exactly that request. The saved state contains the
 * secret, the claim and messages unencrypted. Store it where only the user can read it: a file of
 * mode 0600, or a key store.
 *   *out   *len bytes, freed with tigress_free(*out, *len). Written on TIGRESS_OK only.
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_save(const struct tigress_session *s, unsigned char **out, size_t *len);

/*
 * Restores a session from what tigress_session_save() wrote, in the same state, also from what
 * a version without end notes wrote: if its transfer had begun, it leaves and believes none. Use
 * only one session of one saved state: two of them are the same device twice. The first one that
 * sends continues. When the other one sends, it fails with TIGRESS_E_ELSEWHERE, and its message is
 * not sent. Under envelope v2 it also fails with TIGRESS_E_TAMPERED when it reads what the first
 * one sent. *out   freed with tigress_session_free(). Written on TIGRESS_OK only. why    as in
 * tigress_share_url_parse() TIGRESS_E_SAVED_STATE   damaged, truncated or of another version
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_resume(struct tigress_session **out, const unsigned char *data, size_t len,
                       char *why, size_t why_cap);

#ifdef __cplusplus
}
#endif

#endif
