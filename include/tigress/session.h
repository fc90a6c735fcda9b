/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/session.h - one side of one transfer, as a machine without I/O: it is given the time and
 * the answers of the relay, and says what it wants next.
 *
 *     for (;;) {
 *         switch (tigress_session_step(s, now_s)) {
 *         case TIGRESS_WANT_HTTP:   perform tigress_session_request(s), then hand the answer to
 *                                   tigress_session_reply() or _reply_failed(); break;
 *         case TIGRESS_WANT_WAIT:   step again at tigress_session_deadline_s(s), or when woken;
 * break; case TIGRESS_WANT_INPUT:  tigress_session_input(s) says what the application has to do;
 * break; case TIGRESS_DONE:        over, as wished; free it; case TIGRESS_FAILED:
 * tigress_session_error(s), tigress_session_error_text(s);
 *         }
 *     }
 *
 * Threads: one session, one thread at a time. Blocks: no.
 * Memory: at most 64 KiB beside the messages themselves.
 * Secrets: the session holds the share secret, the device claim and messages, and wipes them when
 * it is freed. No error text holds one; requests, share URLs and saved state do: never log them.
 * spec: protocol.md sections 2 to 4 and 7.
 */
#ifndef TIGRESS_SESSION_H
#define TIGRESS_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/share_url.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tigress_session; /* opaque */

enum tigress_role { TIGRESS_INITIATOR = 1, TIGRESS_RECIPIENT = 2 };

/* Later versions may add values, for sessions that were made in a new way only. */
enum tigress_want {
    TIGRESS_WANT_HTTP = 1,
    TIGRESS_WANT_WAIT = 2,
    TIGRESS_WANT_INPUT = 3,
    TIGRESS_DONE = 4,
    TIGRESS_FAILED = 5
};

/* What TIGRESS_WANT_INPUT asks for, and the calls that answer it. cancel and save go always. */
enum tigress_input {
    TIGRESS_INPUT_NONE = 0,
    TIGRESS_INPUT_INTENT = 1, /* initiator: confirm_intent, once the user agreed */
    TIGRESS_INPUT_CREATED =
        2, /* initiator: hand the share URL over; then wait, check, or just stop */
    TIGRESS_INPUT_SECRET = 3,  /* recipient: the URL came without it: set_secret */
    TIGRESS_INPUT_PREVIEW = 4, /* recipient: preview has come: accept, or just stop */
    TIGRESS_INPUT_MESSAGE = 5, /* a message has come: send, wait, check, finish or relinquish */
    TIGRESS_INPUT_SENT = 6,    /* the relay has our message: wait, check, finish, relinquish */
    TIGRESS_INPUT_UNCHANGED =
        7, /* check found nothing new: as after the last input, or check again */
    TIGRESS_INPUT_ATTESTATION = 8,  /* attest attestation_challenge: set_attestation */
    TIGRESS_INPUT_PRIVATE_TOKEN = 9 /* initiator: get a token for private_token_challenge:
                                       set_private_token */
};

/* The constant's name without "TIGRESS_", such as "WANT_HTTP" and "INPUT_MESSAGE"; "UNKNOWN" for
   another value. Literals, never NULL. Any thread. */
TIGRESS_API const char *tigress_want_name(enum tigress_want want);
TIGRESS_API const char *tigress_input_name(enum tigress_input input);

/* ---- making one ---------------------------------------------------------------------------- */

/*
 * The side that shares. Nothing is sent before tigress_session_confirm_intent().
 *   relay_url   "https://host[:port]" (http:// for loopback alone), or "tigress-direct://host:port"
 *               for a transfer that tigress/direct.h carries without a relay
 *   message     provisioning information, message_len bytes of JSON; copied
 *   why         room for a sentence, why_cap bytes (TIGRESS_TEXT_MAX suffices); may be NULL
 * TIGRESS_E_URL, TIGRESS_E_MESSAGE, TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM; *out is
 * then untouched. The caller frees *out with tigress_session_free().
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_initiator_new(struct tigress_session **out, const char *relay_url, const char *message,
                      size_t message_len, char *why, size_t why_cap);

/*
 * The side that receives.
 *   share_url   https://, tigress://, http:// to loopback, or tigress-direct:// (see direct.h),
 * with or without the secret secret      base64 text of a secret that came another way, which wins
 * over the URL's; or NULL TIGRESS_E_URL, TIGRESS_E_SECRET, TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT,
 * TIGRESS_E_NOMEM; as above.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_recipient_new(struct tigress_session **out,
                                                                       const char *share_url,
                                                                       const char *secret,
                                                                       char *why, size_t why_cap);

/* Wipes and frees; sets *s to NULL. Accepts NULL and a NULL handle. The transfer itself goes on
   existing at the relay. */
TIGRESS_API void tigress_session_free(struct tigress_session **s);

/* ---- settings ------------------------------------------------------------------------------ */
/* Before the first tigress_session_step(), else TIGRESS_E_STATE; all text is copied. A refused
   setting changes nothing. */

/* Initiator. 16 (AES-128-GCM, default) or 32 (AES-256-GCM) bytes. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_secret_len(struct tigress_session *s, size_t secret_len);
/* Initiator. What the preview shows, UTF-8: at most 256, 1024 and 2048 bytes; NULL is "". The relay
   and everybody who has the link can read it. TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT (no UTF-8). */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_display(struct tigress_session *s, const char *title, const char *description,
                            const char *image_url);
/* Initiator. UTC seconds, in the years 1970 to 9999. 0, the default: the relay's (48 hours). */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_expiration(struct tigress_session *s, int64_t expires_at_s);
/* Initiator. Any of the letters R, W, D, each once: "RD" (default) for a stateless transfer, "RWD"
   for one with answers. Sent with an expiration of 48 hours unless one is set. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_rights(struct tigress_session *s, const char *rights);
/* Initiator. The v= of the share URL: 1 to 32 letters, digits, '-', '.', '_', '~'. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_vertical(struct tigress_session *s, const char *vertical);
/* Initiator. The first read must prove the secret (protocol.md section 6), so that a stranger with
   the bare URL cannot claim the transfer. Off by default: a wallet that does not know it is kept
   out. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_require_proof(struct tigress_session *s);
/* Both. Envelope v2 is neither offered nor answered: every message is sealed under the secret
   alone, as by a wallet that does not know v2. For tests, and for a peer that cannot cope. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_disable_envelope_v2(struct tigress_session *s);
/* Recipient. Adds a relay that may be used, "host" or "host:port" (see
   tigress_share_url_is_relay_allowed). With none, every relay may. At most 64. The first step
   fails with TIGRESS_E_NOT_ALLOWED, before any request, when the URL's is not among them.
   TIGRESS_E_ARGUMENT: it could never match (a wildcard, a URL, a dot at the end, a name that is not
   in its ASCII form "xn--", an IPv6 address without brackets); TIGRESS_E_LIMIT. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_allow_relay(struct tigress_session *s, const char *host);
/* Recipient. The session first fetches the preview, without a claim, and asks
   TIGRESS_INPUT_PREVIEW before it reads anything. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_want_preview(struct tigress_session *s);

/* When the application is asked for a device attestation (protocol.md section 6). */
enum tigress_attestation_when {
    TIGRESS_ATTEST_NEVER = 0,  /* the default */
    TIGRESS_ATTEST_ASKED = 1,  /* when the relay refuses the create without */
    TIGRESS_ATTEST_CREATE = 2, /* before the create */
    TIGRESS_ATTEST_ALWAYS = 3  /* before the create and each message sent after it */
};
/* Both. This device can attest: TIGRESS_INPUT_ATTESTATION comes then. Without it a relay that
   insists ends the transfer with TIGRESS_E_STANDING. TIGRESS_E_ARGUMENT: no such value. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_want_attestation(struct tigress_session *s, enum tigress_attestation_when when);
/* Initiator. This device can get Privacy Pass tokens: TIGRESS_INPUT_PRIVATE_TOKEN comes when the
   relay refuses the create without one. Where it would take either, a token goes first. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_want_private_token(struct tigress_session *s);

/* These six at any time, also after a resume; none is saved but the first three. */

/*
 * Both. Where the relay announces changes: fresh for each transfer. type has 1 to 128 bytes
 * (TIGRESS_WEBPUSH_TYPE, "com.apple.apns", ...), token_data 1 to 4096. It goes with the create, or
 * with the recipient's first read; a later one replaces it, with the next message sent or the next
 * wait or check, whichever is first. tigress_session_is_push_supported() then says 0 until the
 * relay has answered for the new one.
 * TIGRESS_E_STATE   a request is under way, or the transfer is over; TIGRESS_E_ARGUMENT (no UTF-8,
 *                   empty), TIGRESS_E_LIMIT, TIGRESS_E_NOMEM. The token is then as before.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_notification_token(struct tigress_session *s, const char *type,
                                       const char *token_data);

/* Seconds a long poll asks the relay to hold, 1 to 600, default 55. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_poll_s(struct tigress_session *s, unsigned poll_s);
/* Failures in a row (network, 429, 5xx, nonsense) before TIGRESS_FAILED, 1 to 1000, default 8:
   about two minutes of back-off. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_tries(struct tigress_session *s, unsigned tries);
/* NULL: the system's source again. ctx must live as long as the session. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_random(struct tigress_session *s, tigress_random_fn *random, void *ctx);

/* What a policy judges; all texts are borrowed for the call. Later versions may add members at the
   end. */
struct tigress_relay {
    const char *scheme;   /* "https", "http" (loopback alone) or "tigress-direct" */
    const char *host;     /* lower case; an IPv6 address in brackets */
    unsigned port;        /* the scheme's own when none was named */
    const char *vertical; /* the v= of the share URL, "" when there is none */
    enum tigress_role role;
};
/* 1: may be used. Anything else: may not. It may not call the session. */
typedef int tigress_relay_policy_fn(void *ctx, const struct tigress_relay *relay);
/*
 * Both. The wallet's own rule, beside tigress_session_allow_relay: both have to agree. Asked once,
 * by the first step that would make a request with this handle; if it refuses, that step fails with
 * TIGRESS_E_NOT_ALLOWED and nothing was sent. A resumed session asks anew. NULL: none. ctx must
 * live as long as the session. TIGRESS_E_STATE: a request is under way.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_relay_policy(struct tigress_session *s, tigress_relay_policy_fn *policy,
                                 void *ctx);
/* Recipient. The secret, as base64 text: for TIGRESS_INPUT_SECRET, or another one after
   TIGRESS_E_DECRYPT, until a message has opened. TIGRESS_E_SECRET, TIGRESS_E_STATE. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_secret(struct tigress_session *s, const char *secret);

/* ---- the machine --------------------------------------------------------------------------- */

/*
 * What the session wants now. Cheap, and right to call at any time: without an answer or an input
 * in between it says the same again (the same request too). now_s   UTC seconds of the
 * application's clock; it may jump
 */
TIGRESS_API enum tigress_want tigress_session_step(struct tigress_session *s, int64_t now_s);

struct tigress_http_header {
    const char *name;
    const char *value;
};

/* A request, complete. All of it ends with the next call on the session that is not const, except
   tigress_session_step() and tigress_session_save(). Later versions may add members at the end. */
struct tigress_http_request {
    const char *method;
    const char *url; /* https://… or, to loopback alone, http://… ; no fragment */
    const struct tigress_http_header *headers;
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_len;
    size_t answer_max;  /* bytes of answer body to take; more: TIGRESS_NET_TOO_LARGE */
    unsigned timeout_s; /* for the whole exchange, a long poll's wait included */
};

/* The request of TIGRESS_WANT_HTTP, NULL in any other state. No redirect may be followed, no header
   added but what HTTP itself needs, no cookie kept, no connection shared with another session. */
TIGRESS_API const struct tigress_http_request *
tigress_session_request(const struct tigress_session *s);

/*
 * The relay's answer, whatever it is: nothing in it is trusted. All borrowed for the call; step
 * afterwards says what follows.
 *   headers   names in any case; NULL when header_count is 0
 *   body      body_len bytes, NULL when 0
 * TIGRESS_E_STATE     no request is under way
 * TIGRESS_E_ARGUMENT  status is not 100 to 599
 * TIGRESS_E_NOMEM     nothing has changed, the request is still under way
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_reply(struct tigress_session *s, unsigned status,
                      const struct tigress_http_header *headers, size_t header_count,
                      const char *body, size_t body_len);

enum tigress_net_failure {
    TIGRESS_NET_UNREACHABLE = 1, /* no connection: name, route, refused */
    TIGRESS_NET_LOST = 2,        /* it broke: the relay may or may not have got the request */
    TIGRESS_NET_TIMEOUT = 3,
    TIGRESS_NET_TLS = 4,        /* the relay's certificate does not verify */
    TIGRESS_NET_TOO_LARGE = 5,  /* the answer is over answer_max, or is no HTTP */
    TIGRESS_NET_INTERRUPTED = 6 /* the application stopped it: no fault, no back-off */
};

/* There is no answer. The request is repeated later with the same Mailbox-Request-ID and the same
   bytes, so nothing happens twice. TIGRESS_E_STATE, TIGRESS_E_ARGUMENT. */
TIGRESS_API enum tigress_error tigress_session_reply_failed(struct tigress_session *s,
                                                            enum tigress_net_failure failure);

/* UTC seconds at which TIGRESS_WANT_WAIT is over; 0 in any other state. */
TIGRESS_API int64_t tigress_session_deadline_s(const struct tigress_session *s);
/* Ends a TIGRESS_WANT_WAIT now: a push came, the network is back. Harmless at any time. */
TIGRESS_API void tigress_session_wake(struct tigress_session *s);

/* ---- the application's part ----------------------------------------------------------------- */
/* Each refuses with TIGRESS_E_STATE, and changes nothing, where enum tigress_input does not list
   it, and while a request is under way (end that first with TIGRESS_NET_INTERRUPTED: the calls
   below then go through in TIGRESS_WANT_HTTP too if that request was a read). */

TIGRESS_API enum tigress_input tigress_session_input(const struct tigress_session *s);

/* Initiator. The user is present and means to share with whom the application showed. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_confirm_intent(struct tigress_session *s);
/* What to attest: SHA-256 over claim, request id and payload of the request that follows. The same
   for every repetition of it. TIGRESS_E_STATE: nothing is asked. */
#define TIGRESS_ATTESTATION_CHALLENGE_LEN 32u
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_attestation_challenge(const struct tigress_session *s,
                                      unsigned char out[TIGRESS_ATTESTATION_CHALLENGE_LEN]);
/* The attestation object (CBOR with fmt, attStmt, authData), len bytes, at most 12288; copied and
   sent with the request and its repetitions. NULL and 0: this device has none; then the session
   goes on without, or fails with TIGRESS_E_STANDING if the relay insisted. TIGRESS_E_LIMIT */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_attestation(struct tigress_session *s, const unsigned char *object, size_t len);
/* The relay's challenges as RFC 9577 writes them, from a stranger: 'PrivateToken challenge="...",
   token-key="..."', several with ", " in between. "" when nothing is asked. */
TIGRESS_API const char *tigress_session_private_token_challenge(const struct tigress_session *s);
/*
 * A token as base64url text, at most 2048 bytes; each is good for one transfer. For
 * TIGRESS_INPUT_PRIVATE_TOKEN, or before confirm_intent, when it was got ahead. NULL: there is none
 * to be had. TIGRESS_E_ARGUMENT: no base64url; TIGRESS_E_LIMIT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_set_private_token(struct tigress_session *s, const char *token);

/* Recipient, after the preview: go on and claim the transfer. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_accept(struct tigress_session *s);
/*
 * The next message. It replaces what is in the mailbox, unless the other side wrote something that
 * we have not read: then nothing is sent, and TIGRESS_INPUT_MESSAGE with that message comes instead
 * of TIGRESS_INPUT_SENT. Sealed once: saved state repeats the same bytes. Once in each turn: until
 * the other side has answered, the next call is TIGRESS_E_STATE. The member "tigressV2" is the
 * library's own: it is neither taken from the application nor handed to it.
 * TIGRESS_E_MESSAGE, TIGRESS_E_LIMIT (size, or TIGRESS_TURNS_MAX), TIGRESS_E_RANDOM,
 * TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_send(struct tigress_session *s, const char *message, size_t message_len);
/* Wait for the other side's next message, for as long as it takes. An initiator whose recipient has
   finished is TIGRESS_DONE. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_wait(struct tigress_session *s);
/* Look once whether there is something new: TIGRESS_INPUT_MESSAGE, TIGRESS_INPUT_UNCHANGED, or how
   it ended. Turns a wait into a single look, too. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_check(struct tigress_session *s);
/* The credential is where it belongs: delete the mailbox. Then TIGRESS_DONE. The other side is told
   "completed" (by the recipient) or "withdrawn" (by the initiator). */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_finish(struct tigress_session *s);
/* Recipient. Give the transfer back, for another device of the same person. Then TIGRESS_DONE. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_relinquish(struct tigress_session *s);
/* Stop: delete the mailbox if there is one, then TIGRESS_DONE. From any state that is not over;
   before anything was sent, nothing is. After a create whose answer was lost, the create is
   repeated first, so that the mailbox is found and deleted. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_cancel(struct tigress_session *s);
/* After TIGRESS_FAILED with an error of TIGRESS_CLASS_RETRY: try again from where it stood. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_session_retry(struct tigress_session *s);

/* Messages and reads of one transfer that a session takes part in; more is TIGRESS_E_LIMIT. */
#define TIGRESS_TURNS_MAX 256u

/* ---- what it knows -------------------------------------------------------------------------- */
/* Texts end with the next call on the session that is not const, and are never NULL. */

TIGRESS_API enum tigress_role tigress_session_role(const struct tigress_session *s);
/* The last message received, as the other side wrote it, without padding; *len bytes and a NUL
   behind. "" and 0 before the first. It stays until the next arrives. len may be NULL. */
TIGRESS_API const char *tigress_session_message(const struct tigress_session *s, size_t *len);
/* Of the message: its "format" member. "" before the first. */
TIGRESS_API const char *tigress_session_message_format(const struct tigress_session *s);
/*
 * The invitation, from TIGRESS_INPUT_CREATED on (recipient: always). Forms as in share_url.h, cap
 * bytes of room. TIGRESS_E_STATE before; TIGRESS_E_LIMIT: too small.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_share_url(const struct tigress_session *s, enum tigress_share_form form, char *out,
                          size_t cap);
/* The mailbox's UUID; "" while there is none. It opens nothing, but identifies the transfer. */
TIGRESS_API const char *tigress_session_mailbox_id(const struct tigress_session *s);
TIGRESS_API const char *tigress_session_relay_host(const struct tigress_session *s);
TIGRESS_API const char *tigress_session_vertical(const struct tigress_session *s);
/* Display information: what was set, or what preview or read brought. From strangers: escape it. */
TIGRESS_API const char *tigress_session_title(const struct tigress_session *s);
TIGRESS_API const char *tigress_session_description(const struct tigress_session *s);
TIGRESS_API const char *tigress_session_image_url(const struct tigress_session *s);
/* UTC seconds, 0: not known yet. */
TIGRESS_API int64_t tigress_session_expires_at_s(const struct tigress_session *s);
/* The relay's counter of messages, 0: not known. */
TIGRESS_API uint64_t tigress_session_version(const struct tigress_session *s);
/* 1 when the relay said that it sends to our notification token, the one that was set last; else 0,
   and long polls do it. */
TIGRESS_API int tigress_session_is_push_supported(const struct tigress_session *s);
/* 2 once both sides have agreed on envelope v2 (recipient: with its first message; initiator: when
   that has come): from then on nothing less is sent or taken. 1 before, and for good with a peer
   that does not know it. */
TIGRESS_API unsigned tigress_session_envelope_version(const struct tigress_session *s);

/* Why TIGRESS_FAILED; TIGRESS_OK in any other state. */
TIGRESS_API enum tigress_error tigress_session_error(const struct tigress_session *s);
/*
 * One English sentence: why the last call on the session was refused, naming the value that was
 * wrong and what was expected; or else why TIGRESS_FAILED; "" when there is neither. A step and the
 * next call that changes the session end the first kind. Made of the library's own words: no value
 * that was text is repeated. A call that returned TIGRESS_E_ARGUMENT for a NULL session left none.
 */
TIGRESS_API const char *tigress_session_error_text(const struct tigress_session *s);
/* What the relay said about it (a problem document's detail), "" when nothing: printable UTF-8 of
   at most 255 bytes, from a stranger. Show it if you like; do not log it. */
TIGRESS_API const char *tigress_session_relay_detail(const struct tigress_session *s);
/* How often in a row the current request has failed; 0 when all is well. For "retrying ...". */
TIGRESS_API unsigned tigress_session_failures(const struct tigress_session *s);

/* ---- surviving the process ------------------------------------------------------------------ */

/*
 * Everything that is needed to go on, in any state: between TIGRESS_WANT_HTTP and the request is
 * the place to do it, because a session resumed from there repeats exactly that request. *out, *len
 * freed with tigress_free(*out, *len). It holds the secret, the claim and messages in the clear:
 * keep it where only the user can read it (0600, a key store). TIGRESS_E_NOMEM, TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_save(const struct tigress_session *s, unsigned char **out, size_t *len);

/*
 * A session from what tigress_session_save() gave, at the same point. Not saved: the random source.
 * Two sessions from one save are one device twice: keep one. The first to send goes on; when the
 * other one sends, it fails with TIGRESS_E_ELSEWHERE, its message unsent. Under envelope v2 it also
 * fails with TIGRESS_E_TAMPERED when it reads what the first one sent.
 * TIGRESS_E_SAVED_STATE (why says: cut, changed, another version), TIGRESS_E_NOMEM; *out untouched.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_session_resume(struct tigress_session **out, const unsigned char *data, size_t len,
                       char *why, size_t why_cap);

#ifdef __cplusplus
}
#endif

#endif
