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
 *   good_standing.c             attestation and token before a create or an update
 *   messages.c                  seals and receives messages
 *   chain.c                     selects the envelope of the next message: v1 or v2
 *   request.c, policy.c         the HTTP request of a state; which relays may be used
 *   session.c                   new, free, transitions
 */
#ifndef TG_CLIENT_SESSION_H
#define TG_CLIENT_SESSION_H

#include <tigress/tigress.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "client/chain.h"
#include "crypto/digest.h"
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
    TG_S_CHECK = 4, /* recipient, before anything: the checks that need no request */
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
    TG_S_COUNT = 20
};

enum tg_read_mode {
    TG_READ_WAIT = 0,     /* long polls until something is new */
    TG_READ_ONCE = 1,     /* one look */
    TG_READ_CONFLICT = 2, /* our update met one that we had not read */
    TG_READ_VERIFY = 3    /* the relay had a change like our update before it was ever sent */
};

enum tg_idle {
    TG_IDLE_NONE,
    TG_IDLE_ENDED,   /* a long poll ended without news */
    TG_IDLE_REPEATED /* the relay told again what we knew */
};

/* Good standing. Texts as they stand in the headers, with a NUL behind. */
struct tg_good_standing {
    bool wants_token;
    bool is_attest_tried; /* the application was asked, for this request */
    bool is_token_tried;
    bool is_insisted; /* the relay refused without; else it was our own idea */
    enum tigress_attestation_when attest_when;
    enum tg_state gate; /* where TG_S_ATTEST and TG_S_TOKEN lead */
    struct tg_buf attestation, authorization;
    struct tg_buf token_challenge;
};

struct tigress_session {
    enum tigress_role role;
    enum tg_state state;
    enum tg_read_mode read_mode;
    bool is_started;    /* settings are closed */
    bool is_in_flight;  /* the request was handed out and is not answered */
    bool is_attempted;  /* the current change may have reached the relay */
    bool is_fresh;      /* the update was sealed by this handle, and never handed out; not saved */
    bool is_first;      /* the request under way was that; not saved */
    bool is_cancelling; /* a create whose mailbox is to be deleted at once */
    bool is_permitted;  /* list and policy let this handle use the relay; not saved */
    bool is_our_turn;   /* a message has come that we have not answered */
    bool has_mailbox;   /* url names it */
    bool has_opened;    /* the secret has opened a message */
    bool must_prove;    /* create with a verifier */
    bool wants_preview;
    bool is_push_supported;
    bool is_token_due;     /* the relay has not got the notification token yet */
    bool is_token_carried; /* the request under way has had it in every attempt */
    bool is_waiting;       /* until wait_until_s */
    bool is_paused;        /* failed for now: retry goes on */
    bool has_request;      /* request is built */

    struct tg_share_url url; /* relay, mailbox, vertical, secret */
    struct tg_uuid claim;
    struct tg_uuid request_id; /* of the change under way */
    unsigned conflicts;
    unsigned rights; /* 0: the relay's default */
    size_t secret_len;
    int64_t expires_at_s;
    uint64_t version;
    struct tg_buf title, description, image_url;
    struct tg_buf token_type, token_data;
    struct tg_buf allowed; /* hosts, each with a NUL behind */
    struct tg_buf draft;   /* initiator: the first message until it is sealed */
    struct tg_buf pending; /* payload.data of the create or update under way */
    struct tg_buf seen;    /* SHA-256 of each envelope sent or delivered */
    struct tg_buf message, format;
    bool has_standing; /* any of this is used; only then is it saved */
    struct tg_good_standing standing;
    struct tg_chain chain; /* envelope v2: where it stands, keys and transcript */

    unsigned poll_s;
    unsigned tries;
    struct tg_rng rng;
    tigress_relay_policy_fn *policy;
    void *policy_ctx;
    tigress_random_fn *random;
    void *random_ctx;

    /* Back-off. delay_s becomes wait_until_s at the next step. */
    unsigned failures;
    enum tg_idle idle_why;
    unsigned idle; /* answers in a row that told nothing and came at once */
    uint32_t delay_s;
    uint32_t delay_max_s; /* of the wait that runs: a clock set back does not lengthen it */
    int64_t wait_until_s;
    int64_t sent_at_s;
    int64_t now_s;

    enum tigress_error error;
    const char *error_text;
    char detail[TG_DETAIL_MAX + 1];
    char mailbox_text[TG_UUID_TEXT_LEN + 1];

    /* The request that was built. */
    struct tigress_http_request request;
    struct tigress_http_header headers[TG_SESSION_HEADERS_MAX];
    char values[TG_SESSION_HEADERS_MAX][TG_SESSION_VALUE_MAX];
    struct tg_buf request_url, request_body;
};

/* ---- new and free --------------------------------------------------------------------------- */

/* tigress_session_free ends it. */
TG_NODISCARD enum tg_err tg_session_new(struct tigress_session **out, enum tigress_role role);

/* ---- transitions ---------------------------------------------------------------------------- */

/* Enters a state: drops the built request, and resets back-off and error. */
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
/* Enters TG_S_FAILED, which no call leaves. text is a literal. */
void tg_session_fail(struct tigress_session *s, enum tigress_error error, const char *text);
/* TIGRESS_FAILED until tigress_session_retry continues in the same state. text is a literal. */
void tg_session_pause(struct tigress_session *s, enum tigress_error error, const char *text);
/* Counts a failure. The request is repeated after a back-off; the last try pauses the session. */
void tg_session_again(struct tigress_session *s, enum tigress_error error, const char *text,
                      uint32_t retry_after_s);
/* Resets the count of failures and the relay's detail. */
void tg_session_went_well(struct tigress_session *s);
/* A read returned nothing new. The next step delays the next read if this one ended early. */
void tg_session_idle(struct tigress_session *s, enum tg_idle why);
/* The relay answered the request under way, and says whether it supports push. */
void tg_session_token_answered(struct tigress_session *s, bool is_push_supported);
/* Wipes the built request; the next step builds it again. */
void tg_session_drop_request(struct tigress_session *s);

#endif
