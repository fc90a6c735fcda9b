/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/error.h - the error codes of every call, and memory the library gave away.
 * Threads: any.      Secrets: no name or text here holds one.
 */
#ifndef TIGRESS_ERROR_H
#define TIGRESS_ERROR_H

#include <stddef.h>

#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values never change; later versions add some, so handle an unknown one as TIGRESS_E_BUG. */
enum tigress_error {
    TIGRESS_OK = 0,

    /* What the application handed in. Nothing has changed. */
    TIGRESS_E_ARGUMENT = 1,    /* NULL, or a value outside what the function allows */
    TIGRESS_E_STATE = 2,       /* the session does not take this call now */
    TIGRESS_E_URL = 3,         /* no share URL or relay URL that may be used */
    TIGRESS_E_NOT_ALLOWED = 4, /* the relay is not on the list, or the wallet's policy refuses */
    TIGRESS_E_SECRET = 5,      /* a secret that is no base64 of 16 or 32 bytes */
    TIGRESS_E_MESSAGE = 6,     /* a message that is no provisioning information */
    TIGRESS_E_LIMIT = 7,       /* longer than a stated maximum */
    TIGRESS_E_SAVED_STATE = 8, /* saved state that is damaged, cut or of another version */

    /* How a transfer ended on the other side. */
    TIGRESS_E_WITHDRAWN = 20, /* the initiator took it back */
    TIGRESS_E_COMPLETED = 21, /* the recipient ended it */
    TIGRESS_E_EXPIRED = 22,   /* its time is over */
    TIGRESS_E_GONE = 23,      /* nothing there (any more), and the relay does not say why */

    /* What the relay refused. */
    TIGRESS_E_DENIED = 30,  /* 401, 403: another device's transfer, a right or a proof is missing */
    TIGRESS_E_REFUSED = 31, /* another 4xx: the relay does not take this request */
    TIGRESS_E_CONFLICT = 32,  /* 412 again and again: both sides keep writing at the same time */
    TIGRESS_E_ELSEWHERE = 33, /* another copy of this session's saved state went on with it */
    TIGRESS_E_STANDING = 34,  /* the relay wants an attestation or a private token, and none that
                                 this device could give was good enough */

    /* Trouble on the way: the session is intact, tigress_session_retry() goes on. */
    TIGRESS_E_NETWORK = 40,     /* no connection, or it broke too often */
    TIGRESS_E_TLS = 41,         /* the relay's certificate does not verify, or no safe connection */
    TIGRESS_E_UNAVAILABLE = 42, /* 429 or 5xx too often */
    TIGRESS_E_PROTOCOL = 43,    /* an answer that is not what the protocol says */
    TIGRESS_E_DECRYPT = 44,     /* a message that does not open: wrong secret, or damaged */
    TIGRESS_E_BAD_MESSAGE = 45, /* a message that opened, and is no provisioning information */
    TIGRESS_E_TAMPERED = 46,    /* under envelope v2, what the relay shows is not the next message
                                   of this transfer: an older one, one of our own, one that was
                                   changed or is out of place, or one sealed the v1 way */

    /* This device. */
    TIGRESS_E_NOMEM = 60,
    TIGRESS_E_RANDOM = 61,      /* the random source failed, or the crypto library did */
    TIGRESS_E_UNSUPPORTED = 62, /* known, but not in this build */

    TIGRESS_E_BUG = 90 /* a broken promise inside the library */
};

/* What an application does about an error. Use these instead of ranges of numbers. */
enum tigress_error_class {
    TIGRESS_CLASS_NONE = 0,    /* TIGRESS_OK */
    TIGRESS_CLASS_CALLER = 1,  /* the application passed a wrong value, or called at a wrong time;
                                  the same call fails again */
    TIGRESS_CLASS_ENDED = 2,   /* the transfer is over: the other side ended it, or time did */
    TIGRESS_CLASS_REFUSED = 3, /* the relay, or the wallet's own rule, refused; the session is over
                                  and a retry does not help */
    TIGRESS_CLASS_RETRY = 4,   /* wait, then try again: the session is intact and
                                  tigress_session_retry() continues it */
    TIGRESS_CLASS_FAULT = 5    /* the library or its build is at fault; report it */
};

/* The class of an error; TIGRESS_CLASS_FAULT for a value that this version does not know. */
TIGRESS_API enum tigress_error_class tigress_error_class(enum tigress_error error);
/* The constant's name without "TIGRESS_", such as "E_GONE"; "E_UNKNOWN" for another value. A
   literal, never NULL. */
TIGRESS_API const char *tigress_error_name(enum tigress_error error);
/* One English sentence for a person. A literal, never NULL. */
TIGRESS_API const char *tigress_error_text(enum tigress_error error);

/*
 * Gives back memory that a function of this library allocated for the caller: wipes len bytes (the
 * length it came with), then frees. Accepts NULL.
 */
TIGRESS_API void tigress_free(void *ptr, size_t len);

/*
 * A random source: fills all len bytes of out and returns 0, or anything else on failure. Without
 * one the library takes the system's (getrandom).
 */
typedef int tigress_random_fn(void *ctx, unsigned char *out, size_t len);

/* A sentence that a function writes about what was wrong; longer ones are cut. */
#define TIGRESS_TEXT_MAX 256u

#ifdef __cplusplus
}
#endif

#endif
