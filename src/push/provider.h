/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/provider.h - the seam between the push process and each kind of provider: from a token to a
 * request, and from an answer to a verdict. Providers open no connection and read no clock.
 * Layer: L2 (base, crypto, wire).   Threads: the push process has one.   Blocks: open reads files.
 * Secrets: provider keys, and tokens as long as their request; both wiped.
 */
#ifndef TG_PUSH_PROVIDER_H
#define TG_PUSH_PROVIDER_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/rng.h"
#include "push/settings.h"

#define TG_PUSH_HEADERS_MAX 12u
#define TG_PUSH_BODY_MAX 4096u   /* bytes of a request's body: the smallest limit of a provider */
#define TG_PUSH_ANSWER_MAX 8192u /* bytes of an answer's body that are read; the rest is cut */
#define TG_PUSH_URL_MAX 4096u

struct tg_push_job {
    struct tg_bytes token_type;
    struct tg_bytes token_data;
    struct tg_bytes collapse; /* 32 bytes, the same for every push to one token */
    int64_t expires_s;        /* UTC seconds: the mailbox's expiration */
};

/* One POST. Owned by the caller of tg_push_request_init; wiped by deinit. */
struct tg_push_request {
    struct tg_buf url;
    struct tg_buf body;
    size_t header_count;
    struct tg_buf headers[TG_PUSH_HEADERS_MAX]; /* "name: value" each */
    uint32_t credential;                        /* the number of its credential, for renew */
    bool is_http2_only;
    bool is_guarded; /* the client named the host: it is on the allow-list, its address is public */
};
void tg_push_request_init(struct tg_push_request *request);
void tg_push_request_deinit(struct tg_push_request *request);
/* Empties and wipes it, keeps the allocations. */
void tg_push_request_clear(struct tg_push_request *request);
/* Begins a header, "name: ", and returns the buffer to which its value is appended.
   tg_push_request_status() reports failures, also one header too many. */
struct tg_buf *tg_push_request_header(struct tg_push_request *request, const char *name);
/* A whole header with a value that is not secret. */
void tg_push_request_text(struct tg_push_request *request, const char *name, const char *value);
/* TG_OK, or the first failure of any part. */
TG_NODISCARD enum tg_err tg_push_request_status(const struct tg_push_request *request);

struct tg_push_answer {
    unsigned status;
    uint32_t retry_after_s; /* 0: none */
    struct tg_bytes body;   /* cut at TG_PUSH_ANSWER_MAX */
};

/* What to do after an answer. */
enum tg_push_action {
    TG_PUSH_TAKEN,         /* the provider accepted the push */
    TG_PUSH_DROP_TOKEN,    /* the token is no longer valid */
    TG_PUSH_SUSPECT_TOKEN, /* the token or our configuration is bad: the token is dropped only after
                              a push to another token has shown that the configuration is good */
    TG_PUSH_DOUBT_SENDER,  /* our identification or the token is bad: this token waits and is never
                              dropped; several in a row at one origin are our configuration */
    TG_PUSH_RENEW,         /* renew the credential, once, and repeat */
    TG_PUSH_REPEAT,        /* repeat: the connection broke */
    TG_PUSH_RECONNECT,     /* repeat on a new connection */
    TG_PUSH_WAIT_TOKEN,    /* this token waits */
    TG_PUSH_WAIT_PROVIDER, /* all of this provider waits */
    TG_PUSH_BLAME_CONFIG,  /* the operator must act; all of this provider waits */
    TG_PUSH_BLAME_REQUEST  /* our own error: this push is given up, the token stays */
};

struct tg_push_verdict {
    enum tg_push_action action;
    uint32_t wait_s;      /* the wait that the provider asked for; 0: our own backoff */
    const char *reason;   /* a fixed word for log and metrics, never text of the answer */
    int64_t good_after_s; /* TG_PUSH_DROP_TOKEN: as in struct tg_push_ipc_outcome */
};

struct tg_push_provider; /* each provider defines its own */

struct tg_push_provider_ops {
    /* A new connection carries one request until the provider has accepted the credential on it. */
    bool is_one_stream_first;

    /* Reads keys. *out is not written on failure; fault names the setting or file, the error and
       what was expected, never the content. --check-config runs this too. */
    enum tg_err (*open)(struct tg_push_provider **out, const struct tg_push_settings *settings,
                        const struct tg_rng *rng, struct tg_fault *fault);
    /* Accepts *p == NULL. */
    void (*close)(struct tg_push_provider **p);

    /* See tg_push_can_send. The allow-list is checked elsewhere. */
    bool (*takes_token)(struct tg_bytes token_data);
    /* Appends the host of a guarded token's request, for the allow-list. False: takes_token refuses
       the token. NULL: the provider is not guarded. */
    bool (*endpoint_host)(struct tg_bytes token_data, struct tg_buf *host);
    /* Appends the origin of a token's request, which TG_PUSH_DOUBT_SENDER is judged by. NULL: the
       provider is one service. */
    bool (*endpoint_origin)(struct tg_bytes token_data, struct tg_buf *origin);

    /* Whether an access token must be fetched first (FCM). NULL: never. */
    bool (*needs_credential)(const struct tg_push_provider *p, int64_t now_s);
    enum tg_err (*credential_request)(struct tg_push_provider *p, int64_t now_s,
                                      struct tg_push_request *out);
    /* TG_PUSH_TAKEN: the credential is valid. */
    void (*credential_answer)(struct tg_push_provider *p, int64_t now_s,
                              const struct tg_push_answer *answer, struct tg_push_verdict *out);

    /* The request for one push. out is initialised and empty. TG_E_SYNTAX: a malformed token. */
    enum tg_err (*build)(struct tg_push_provider *p, const struct tg_push_job *job, int64_t now_s,
                         struct tg_push_request *out);
    void (*judge)(struct tg_push_provider *p, const struct tg_push_answer *answer, int64_t now_s,
                  struct tg_push_verdict *out);
    /* After TG_PUSH_RENEW for a request with this credential: it is not used again. Does nothing if
       it was replaced already. NULL: nothing to do. */
    void (*renew)(struct tg_push_provider *p, uint32_t credential, int64_t now_s);
};

/* Each provider has one file and one row. */
struct tg_push_provider_row {
    const char *token_type; /* "com.apple.apns" */
    const char *name;       /* "apns" */
    const struct tg_push_provider_ops *ops;
};
extern const struct tg_push_provider_row tg_push_providers[TG_PUSH_COUNT];

extern const struct tg_push_provider_ops tg_push_apns_ops, tg_push_fcm_ops, tg_push_webpush_ops,
    tg_push_webhook_ops;

#endif
