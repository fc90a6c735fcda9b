/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/session.h - the session as its own parts see it: one struct, one table of states.
 * Layer: L2 (base, crypto, wire, include/tigress).      Threads: one session, one thread at a time.
 * Blocks: no.      Secrets: share secret, claim, messages; all wiped by tigress_session_free.
 *
 *   session.c    the engine: table, step, answers and failures
 *   life.c       new and free
 *   request.c    the HTTP request of each state
 *   turns.c      what both roles do: read, send, delete, give back
 *   chain.c      which envelope the next message has: v1, the agreement on v2, v2
 *   initiator.c  intent, create        recipient.c  checks, preview, claim
 *   standing.c   good standing: what the relay asks, what the wallet gives
 *   policy.c     which relays may be used
 *   saved.c      save and resume    api/         the exported functions
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
#include "wire/envelope.h"
#include "wire/headers.h"
#include "wire/msg_create.h"
#include "wire/share_url.h"

#define TG_SESSION_HEADERS_MAX 10u
#define TG_SESSION_VALUE_MAX 96u /* bytes of a header value, with its NUL */
#define TG_ALLOWED_RELAYS_MAX 64u
#define TG_RIGHTS_LIFETIME_S (48 * 3600) /* with rights and no expiration */
#define TG_POLL_S_DEFAULT 55u
#define TG_POLL_S_MAX 600u
#define TG_TRIES_DEFAULT 8u
#define TG_TRIES_MAX 1000u
#define TG_DETAIL_MAX 255u
#define TG_ATTESTATION_TEXT_MAX 16385u /* of the header, with a NUL */
#define TG_AUTHORIZATION_MAX 2112u     /* of the header */
#define TG_TOKEN_TEXT_MAX 2048u
#define TG_TOKEN_CHALLENGE_MAX 16384u
#define TG_TEXT_SMALL_MAX 4096u /* a setting's text */
#define TG_IMAGE_URL_MAX 2048u
#define TG_CONFLICTS_MAX 3u

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

/* The calls an application may make; a set of them is allowed in each state. */
enum tg_call {
    TG_CALL_CONFIRM = 1,
    TG_CALL_ACCEPT = 2,
    TG_CALL_SEND = 4,
    TG_CALL_WAIT = 8,
    TG_CALL_CHECK = 16,
    TG_CALL_FINISH = 32,
    TG_CALL_RELINQUISH = 64,
    TG_CALL_CANCEL = 128,
    TG_CALL_SECRET = 256,
    TG_CALL_ATTEST = 512,
    TG_CALL_TOKEN = 1024
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
struct tg_client_standing {
    bool wants_token;
    bool is_attest_tried; /* the application was asked, for this request */
    bool is_token_tried;
    bool is_insisted; /* the relay refused without; else it was our own idea */
    enum tigress_attestation_when attest_when;
    enum tg_state gate; /* where TG_S_ATTEST and TG_S_TOKEN lead */
    struct tg_buf attestation, authorization;
    struct tg_buf token_challenge;
};

struct tg_answer {
    const struct tigress_http_header *headers;
    size_t header_count;
    unsigned status;
    struct tg_bytes body;
    uint64_t version; /* 0: the relay sent none, or nonsense */
    uint32_t retry_after_s;
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
    struct tg_client_standing standing;
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

/* ---- session.c */
bool tg_session_takes(const struct tigress_session *s, enum tg_call call);
/* Enters a state: whatever was built or awaited is forgotten. */
void tg_session_enter(struct tigress_session *s, enum tg_state state);
/*
 * The id of a request that changes something, entering state. It follows from the claim and the
 * messages so far, so that two copies of one saved session, going on from there with different
 * changes, use the same one: the relay then refuses the second, which finds out that it is one.
 */
TG_NODISCARD enum tg_err tg_session_new_id(const struct tigress_session *s, enum tg_state state,
                                           struct tg_uuid *id);
/* The same with a fresh request id, for a state that changes something. */
TG_NODISCARD enum tg_err tg_session_enter_change(struct tigress_session *s, enum tg_state state);
/* Over for good, in TIGRESS_FAILED. text is a literal. */
void tg_session_fail(struct tigress_session *s, enum tigress_error error, const char *text);
/* TIGRESS_FAILED from which retry goes on. */
void tg_session_pause(struct tigress_session *s, enum tigress_error error, const char *text);
/* One more failure: repeat after a back-off, or pause when it was one too many. */
void tg_session_again(struct tigress_session *s, enum tigress_error error, const char *text,
                      uint32_t retry_after_s);
/* All is well: the counters of trouble start again. */
void tg_session_went_well(struct tigress_session *s);
/* A read told nothing new: the next one waits, unless this one was held as asked. */
void tg_session_idle(struct tigress_session *s, enum tg_idle why);
/* The request under way is done, and this is what the relay says of the token it holds. */
void tg_session_token_answered(struct tigress_session *s, bool is_push_supported);
/* The statuses that mean the same in every state. */
void tg_session_refused(struct tigress_session *s, const struct tg_answer *answer);
enum tigress_want tg_session_want(const struct tigress_session *s);
bool tg_state_is_valid(enum tigress_role role, unsigned state);

/* ---- standing.c */
/* Enters a change, or the question for the attestation that goes with it. */
void tg_standing_enter(struct tigress_session *s, enum tg_state gate);
/* Goes on to the request that was kept back. */
void tg_standing_go_on(struct tigress_session *s);
/* The challenges of a 401 ask for good standing. */
bool tg_standing_is_asked(const struct tg_answer *answer);
/* A create was refused for want of it: ask the application, or fail. TG_E_NOMEM: nothing changed.
 */
TG_NODISCARD enum tg_err tg_standing_refused(struct tigress_session *s,
                                             const struct tg_answer *answer);
/* The application has none to give. */
void tg_standing_declined(struct tigress_session *s);
/* What was given was for a request that is over. */
void tg_standing_forget(struct tigress_session *s);

/* ---- policy.c */
/* Is the relay in order, by list and by policy? Asked before a handle's first request; if not, the
   session has failed. */
bool tg_policy_allows(struct tigress_session *s);
bool tg_relay_is_allowed(const struct tg_share_url *url, struct tg_bytes entry);
/* TG_E_SYNTAX: no "host" or "host:port", so that it could never match. */
TG_NODISCARD enum tg_err tg_relay_entry_check(struct tg_bytes entry);

/* ---- life.c */
TG_NODISCARD enum tg_err tg_session_new(struct tigress_session **out, enum tigress_role role);

/* ---- request.c */
TG_NODISCARD enum tg_err tg_request_build(struct tigress_session *s);
void tg_request_drop(struct tigress_session *s);

/* ---- turns.c, initiator.c, recipient.c: what an answer means in a state. TG_OK, or TG_E_NOMEM
   with nothing changed. */
typedef enum tg_err tg_answer_fn(struct tigress_session *s, const struct tg_answer *answer);
tg_answer_fn tg_answer_create, tg_answer_preview, tg_answer_claim, tg_answer_read, tg_answer_send,
    tg_answer_delete, tg_answer_relinquish;

/* 404: who ended it. */
void tg_turn_ended(struct tigress_session *s, const struct tg_answer *answer);
/* The content of a 200 to a read, for claim and read. *is_new: it was delivered. Any fault of the
   content has been dealt with when TG_OK comes with *is_handled. */
TG_NODISCARD enum tg_err tg_turn_take_content(struct tigress_session *s,
                                              const struct tg_answer *answer, bool *is_new,
                                              bool *is_handled);
/* Seals message into pending and remembers it. Nothing changes on failure. */
TG_NODISCARD enum tg_err tg_turn_seal(struct tigress_session *s, struct tg_bytes message);
/* Is it provisioning information? *format is optional. */
TG_NODISCARD enum tg_err tg_message_check(struct tg_bytes json, struct tg_buf *format,
                                          struct tg_fault *fault);

TG_NODISCARD enum tg_err tg_initiator_confirm(struct tigress_session *s);
/* The first step of a recipient: where it goes from TG_S_CHECK. */
void tg_recipient_check(struct tigress_session *s);
/* Where a recipient goes once nothing is missing. */
void tg_recipient_go_on(struct tigress_session *s);
/* "https://host[:port]" with at most a "/" behind; mailbox and secret are zero. */
TG_NODISCARD enum tg_err tg_relay_url_parse(struct tg_share_url *out, struct tg_bytes text,
                                            struct tg_fault *fault);

/* ---- api/share_url.c */
/* As tg_share_url_parse; TIGRESS_E_SECRET when the secret alone is wrong. */
enum tigress_error tg_share_url_read(struct tg_share_url *out, struct tg_bytes text,
                                     struct tg_fault *fault);
enum tigress_error tg_share_url_put(const struct tg_share_url *url, int form, char *out,
                                    size_t cap);

/* ---- api/error.c */
enum tigress_error tg_public_error(enum tg_err err);

#endif
