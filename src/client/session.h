/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/session.h - a session's data, and the transitions that change its state.
 * Layer: L2 (base, crypto, wire, include/tigress).      Threads: one session, one thread at a time.
 * Blocks: no.      Secrets: share secret, claim, messages; all wiped by tigress_session_free.
 *
 * Each file of this folder calls only files below it:
 *
 *   api/                        the exported functions
 *   saved.c                     save and resume
 *   engine.c                    table of states, step, reply
 *   initiator.c, recipient.c    what an answer means to one role
 *   turns.c                     what an answer means to both roles
 *   ending.c                    how a transfer ends: makes, repeats and judges end notes
 *   good_standing.c             attestation and token before a create or an update
 *   messages.c                  seals and receives messages
 *   bare.c                      the messages that the library sends for itself
 *   compare.c                   the short authentication string, used by chain.c
 *   pake.c                      the PIN by PAKE, used by chain.c
 *   chain.c                     selects the envelope of the next message: v1 or v2
 *   request.c, policy.c         the HTTP request of a state; which relays may be used
 *   session.c                   new, free, transitions
 */
#ifndef TG_CLIENT_SESSION_H
#define TG_CLIENT_SESSION_H

#include <tigress/tigress.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "client/chain.h"
#include "crypto/digest.h"
#include "wire/end_note.h"
#include "wire/share_url.h"

#define TG_SESSION_HEADERS_MAX 10u
#define TG_SESSION_VALUE_MAX 96u /* bytes of a header value, with its NUL */
#define TG_ALLOWED_RELAYS_MAX 64u
#define TG_POLL_S_MAX 600u
#define TG_TRIES_MAX 1000u
#define TG_RETRY_AFTER_MAX_S 3600u
#define TG_DETAIL_MAX 255u
#define TG_ATTESTATION_TEXT_MAX 16385u /* of the header, with a NUL */
#define TG_AUTHORIZATION_MAX 2112u     /* of the header */
#define TG_TOKEN_CHALLENGE_MAX 16384u

/* Values are written into saved state: never renumber. */
enum tg_state {
    TG_S_INTENT = 1,
    TG_S_CREATE = 2, /* request */
    TG_S_CREATED = 3,
    TG_S_CHECK = 4, /* recipient, first: the checks that need no request */
    TG_S_SECRET = 5,
    TG_S_PREVIEW = 6, /* request */
    TG_S_PREVIEWED = 7,
    TG_S_CLAIM = 8, /* request: the first read, which binds */
    TG_S_READ = 9,  /* request */
    TG_S_MESSAGE = 10,
    TG_S_UNCHANGED = 11,
    TG_S_SEND = 12, /* request */
    TG_S_SENT = 13,
    TG_S_DELETE = 14,     /* request */
    TG_S_RELINQUISH = 15, /* request */
    TG_S_DONE = 16,
    TG_S_FAILED = 17,
    TG_S_ATTEST = 18, /* the request under gate needs an attestation first */
    TG_S_TOKEN = 19,  /* the same with a private token */
    TG_S_OPENED = 20, /* initiator: a device was bound while the application waited for it */
    TG_S_KEY = 21,    /* a key of the platform signs or agrees for the next message */
    TG_S_PIN = 22,    /* recipient: the user must enter the PIN */
    TG_S_COUNT = 23
};

enum tg_read_mode {
    TG_READ_WAIT = 0,     /* long polls until something is new */
    TG_READ_ONCE = 1,     /* one read */
    TG_READ_CONFLICT = 2, /* after a 412: the other side has sent an update that we have not read */
    TG_READ_VERIFY = 3 /* after a 201 to the first attempt: did the relay have our update before? */
};

enum tg_idle {
    TG_IDLE_NONE,
    TG_IDLE_ENDED,   /* a long poll ended without news */
    TG_IDLE_REPEATED /* the relay returned again what we knew */
};

/* What the application chooses. Once closed, only poll_s, tries, policy and random may change.
 */
struct tg_session_settings {
    bool is_closed;        /* since the intent was confirmed, or the first step */
    bool must_prove;       /* initiator: create with a verifier, so that readers prove the secret */
    bool allows_old_proof; /* the proof and the verifier have the form that names no relay */
    bool wants_preview;    /* recipient */
    size_t secret_len;     /* initiator: 16 or 32 */
    unsigned rights;       /* initiator; 0: the relay's default */
    unsigned poll_s;
    unsigned tries;
    uint32_t wait_max_s;   /* of one wait, 1 to TG_RETRY_AFTER_MAX_S */
    struct tg_buf allowed; /* recipient: relays, each with a NUL after it */
    tigress_relay_policy_fn *policy;
    void *policy_ctx;
    tigress_random_fn *random;
    void *random_ctx;
};

/* Of this device and its application about envelope v2. */
struct tg_session_v2 {
    bool is_required;
    bool is_disabled;
    bool is_event_due; /* decided, and the application has not asked yet */
};

/* Of this device and its application about the PIN by PAKE. */
struct tg_session_pake {
    enum tigress_pake_use use; /* recipient */
    struct tg_secret pin;      /* initiator: until it is proved; recipient: while its try is made */
};

/* Chosen by the initiator; a recipient has them from the preview or the content. */
struct tg_session_display {
    struct tg_buf title, description, image_url;
};

struct tg_session_mailbox {
    bool is_known; /* url names it */
    char id_text[TG_UUID_TEXT_LEN + 1];
    uint64_t version;           /* 0: none yet, or the relay counts no versions */
    int64_t expires_at_s;       /* 0: not known */
    enum tigress_opened opened; /* what the relay said last */
    bool was_opened;            /* once bound, or a message of the other side was opened */
    bool wants_opened;          /* a wait also ends when a device is bound; not saved */
};

/* Where the relay announces changes to this device. */
struct tg_session_token {
    bool is_due;     /* the relay does not have the token yet */
    bool is_carried; /* every attempt of the request under way has carried it */
    bool is_push_supported;
    struct tg_buf type, topic, data; /* topic is empty where the wallet names no app */
};

struct tg_session_messages {
    bool is_our_turn;     /* a message was received and not answered yet */
    bool has_opened;      /* the secret has opened a message */
    struct tg_buf draft;  /* initiator: the application's first message until it is sealed */
    struct tg_buf seen;   /* SHA-256 of each envelope sent or delivered */
    struct tg_buf last;   /* the other side's last message */
    struct tg_buf format; /* of last */
};

/* What both sides have sent, as far as this device knows: what an
   end note is checked against. spec: protocol/7#end-note-history */
struct tg_session_history {
    bool is_unknown;               /* of a version that kept none, or without turns */
    uint64_t count;                /* messages; those of the initiator have odd numbers */
    uint8_t last[TG_SHA256_LEN];   /* T(count); not used while count is 0 */
    uint8_t before[TG_SHA256_LEN]; /* T(count - 1) */
};

/* How the transfer ends. The note is made once, and saved before it is sent. */
struct tg_session_ending {
    enum tg_end_note_end decided; /* by this side; 0: it has not ended the transfer */
    struct tg_buf note;           /* base64url; empty: none could be made */
    enum tigress_end end;
    enum tigress_proof proof;
};

/* The request under way that changes the mailbox. */
struct tg_session_change {
    struct tg_uuid request_id;
    bool is_attempted;      /* it may have reached the relay */
    bool is_fresh;          /* this handle sealed the update and never returned it; not saved */
    bool is_first;          /* the update in flight was fresh; not saved */
    bool is_cancelling;     /* a create whose mailbox will be deleted immediately */
    unsigned conflicts;     /* 412 in a row */
    struct tg_buf envelope; /* payload.data of a create or update */
};

/* The HTTP request as built for the application. */
struct tg_session_request {
    bool is_built;
    bool is_in_flight; /* returned to the application, not answered */
    struct tigress_http_request http;
    struct tigress_http_header headers[TG_SESSION_HEADERS_MAX];
    char values[TG_SESSION_HEADERS_MAX][TG_SESSION_VALUE_MAX];
    struct tg_buf url, body;
};

/* delay_s becomes wait_until_s at the next step. */
struct tg_session_backoff {
    bool is_waiting; /* until wait_until_s */
    unsigned failures;
    enum tg_idle idle_why;
    unsigned idle_count; /* answers in a row that returned nothing new and came immediately */
    uint32_t delay_s;
    uint32_t delay_max_s; /* of the current wait: a clock set back does not lengthen it */
    int64_t wait_until_s;
    int64_t sent_at_s;
    enum tigress_error cause; /* of the last failure, TIGRESS_OK after a success */
    const char *cause_text;   /* as failure.text */
};

struct tg_session_failure {
    bool is_paused; /* failed for now: tigress_session_retry continues */
    enum tigress_error error;
    const char *text;               /* a literal, or why; NULL: the sentence of the error */
    struct tg_fault why;            /* what was wrong in the relay's last answer */
    struct tg_fault refusal;        /* why the last call was refused; api/refusal.h */
    char detail[TG_DETAIL_MAX + 1]; /* the relay's own words, without control characters */
};

/* Good standing. Texts as in the headers, with a NUL after them. */
struct tg_good_standing {
    bool is_used; /* only then is it saved */
    bool wants_token;
    bool is_attest_tried; /* the application was asked, for this request */
    bool is_token_tried;
    bool is_demanded; /* the relay refused without; false: the wallet's own wish */
    enum tigress_attestation_when attest_when;
    enum tg_state gate; /* the request that TG_S_ATTEST and TG_S_TOKEN lead to */
    struct tg_buf attestation, authorization;
    struct tg_buf token_challenge;
};

/* What the application asked of a key of the platform. It ends with the turn. */
struct tg_session_key {
    enum tigress_key_use use;
    enum tigress_key_outcome outcome;
    uint8_t public_key[TIGRESS_KEY_PUBLIC_LEN];
    struct tg_buf name;   /* with a NUL after it */
    struct tg_buf data;   /* to sign */
    struct tg_buf answer; /* r and s, or the shared secret; empty unless ANSWERED */
};

struct tigress_session {
    enum tigress_role role;
    enum tg_state state;
    enum tg_read_mode read_mode;
    bool is_permitted;       /* list and policy allow this handle to use the relay; not saved */
    struct tg_share_url url; /* relay, mailbox, vertical, secret */
    bool is_secret_exposed;  /* the invitation had the secret where servers see it */
    struct tg_uuid claim;
    struct tg_rng rng;
    int64_t now_s; /* of the last step */

    struct tg_session_settings settings;
    struct tg_session_display display;
    struct tg_session_mailbox mailbox;
    struct tg_session_token token;
    struct tg_session_messages messages;
    struct tg_session_history history;
    struct tg_session_ending ending;
    struct tg_session_change change;
    struct tg_session_request request;
    struct tg_session_backoff backoff;
    struct tg_session_failure failure;
    struct tg_good_standing standing;
    struct tg_session_key key;
    struct tg_session_v2 v2;
    struct tg_session_pake pake;
    struct tg_chain chain; /* envelope v2: stage, keys and transcript */
};

/* ---- new and free --------------------------------------------------------------------------- */

/* tigress_session_free ends it. */
TG_NODISCARD enum tg_err tg_session_new(struct tigress_session **out, enum tigress_role role);

/* Sets the buffers, and leaves the numbers. */
void tg_session_key_init(struct tg_session_key *key);
/* Wipes the task and its answer. */
void tg_session_key_forget(struct tg_session_key *key);

/* ---- transitions ---------------------------------------------------------------------------- */

/* Enters a state: drops the built request, and resets back-off and error. A state that ends this
   device's turn forgets the task of a key. */
void tg_session_enter(struct tigress_session *s, enum tg_state state);
/*
 * The id of a request that changes something, on entering state. It is derived from the claim and
 * the messages so far. Two copies of one saved session that continue with different changes
 * therefore use the same id: the relay refuses the second, which detects that it is a copy.
 */
TG_NODISCARD enum tg_err tg_session_new_id(const struct tigress_session *s, enum tg_state state,
                                           struct tg_uuid *id);
/* Enters a state that changes something, with a new request id. */
TG_NODISCARD enum tg_err tg_session_enter_change(struct tigress_session *s, enum tg_state state);
/* Writes a sentence about the relay's answer, for the text of the next three functions. It has our
   own words and numbers, and of the answer only what tg_session_quote() lets through. */
const char *tg_session_say(struct tigress_session *s, const char *fmt, ...) TG_PRINTF(2, 3);
/* Enters TG_S_FAILED, which no call leaves. text: a literal, what tg_session_say() returned, or
   NULL for the error's sentence. */
void tg_session_fail(struct tigress_session *s, enum tigress_error error, const char *text);
/* TIGRESS_FAILED until tigress_session_retry continues in the same state. text: as above. */
void tg_session_pause(struct tigress_session *s, enum tigress_error error, const char *text);
/* Counts a failure. The request is repeated after a back-off; the last try pauses the session. */
void tg_session_retry_later(struct tigress_session *s, enum tigress_error error, const char *text,
                            uint32_t retry_after_s);
/* Resets the count of failures and the relay's detail. */
void tg_session_succeeded(struct tigress_session *s);
/* A read returned nothing new. The next step delays the next read if this one ended early. */
void tg_session_idle(struct tigress_session *s, enum tg_idle why);
/* The relay answered the request under way, and reports whether it supports push. */
void tg_session_token_answered(struct tigress_session *s, bool is_push_supported);
/* Wipes the built request; the next step builds it again. */
void tg_session_drop_request(struct tigress_session *s);

#endif
