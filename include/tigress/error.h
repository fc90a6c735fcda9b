/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/error.h - error codes, and memory that the library allocated for the caller
 *
 * Every function that can fail returns an enum tigress_error. What an application does about an
 * error follows from its class: tigress_error_class().
 *
 * Threads: any thread.
 * Secrets: no name and no text here contains one.
 */
#ifndef TIGRESS_ERROR_H
#define TIGRESS_ERROR_H

#include <tigress/export.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values never change. Later versions may add values: handle an unknown one as TIGRESS_E_BUG. */
enum tigress_error {
    TIGRESS_OK = 0,

    /* The application passed a wrong value or called at a wrong time. Nothing has changed. */
    TIGRESS_E_ARGUMENT = 1,    /* NULL, or a value that the function does not allow */
    TIGRESS_E_STATE = 2,       /* the call is not possible in the current state */
    TIGRESS_E_URL = 3,         /* not a share URL or relay URL that may be used */
    TIGRESS_E_NOT_ALLOWED = 4, /* the relay is not on the list, or the wallet's policy refuses it */
    TIGRESS_E_SECRET = 5,      /* the secret is not base64 of 16 or 32 bytes */
    TIGRESS_E_MESSAGE = 6,     /* the message is not provisioning information */
    TIGRESS_E_LIMIT = 7,       /* longer than a stated maximum */
    TIGRESS_E_SAVED_STATE = 8, /* the saved state is damaged, truncated or of another version */
    TIGRESS_E_STALE = 9,       /* the sealed state is of another name or of an earlier generation:
                                  swapped, or put back */

    /* The transfer ended. */
    TIGRESS_E_WITHDRAWN = 20,   /* the initiator cancelled it: its end note says so */
    TIGRESS_E_COMPLETED = 21,   /* the other side completed it, so that it could not be cancelled:
                                   its end note says so */
    TIGRESS_E_EXPIRED = 22,     /* the relay reports that it expired */
    TIGRESS_E_GONE = 23,        /* the relay has no such mailbox, and does not report why */
    TIGRESS_E_DECLINED = 24,    /* the recipient declined it: its end note says so */
    TIGRESS_E_UNCONFIRMED = 25, /* the relay reports that a device ended it, and there is no end
                                   note that proves how */

    /* The relay refused. */
    TIGRESS_E_DENIED = 30,    /* 401, 403: not the device that is bound, or a right is missing */
    TIGRESS_E_REFUSED = 31,   /* another 4xx: the relay does not accept the request */
    TIGRESS_E_CONFLICT = 32,  /* 412 repeatedly: both sides keep sending at the same time */
    TIGRESS_E_ELSEWHERE = 33, /* another copy of this session's saved state continued it */
    TIGRESS_E_STANDING = 34,  /* the relay requires an attestation or a private token, and this
                                 device could not give one that it accepts */
    TIGRESS_E_SAS = 35,       /* recipient: what message 3 reveals does not fit the commitment of
                                 message 1, see tigress_session_sas() */

    /* The session is intact: tigress_session_retry() tries again. */
    TIGRESS_E_NETWORK = 40,     /* the connection failed in another way than 56 to 59, or broke */
    TIGRESS_E_TLS = 41,         /* the relay's certificate is not valid, or TLS failed */
    TIGRESS_E_UNAVAILABLE = 42, /* 429 or 5xx too often */
    TIGRESS_E_PROTOCOL = 43,    /* the answer does not follow the protocol */
    TIGRESS_E_DECRYPT = 44, /* a message does not decrypt: wrong secret, or changed on the way */
    TIGRESS_E_BAD_MESSAGE = 45, /* a decrypted message is not provisioning information */
    TIGRESS_E_TAMPERED = 46,    /* under envelope v2, the relay returned something that is not the
                                   next message of this transfer: an older message, one of this
                                   device, a changed one, or one sealed as in v1 */
    TIGRESS_E_ALGORITHM = 47,   /* payload.type is not an algorithm that this version knows */
    TIGRESS_E_DAMAGED = 48,     /* payload.data is not base64, or too short for a sealed message */
    TIGRESS_E_OVERSIZE = 49,    /* payload.data is longer than the longest message makes it */
    TIGRESS_E_NO_V2 = 50,       /* envelope v2 is required, and the other side's first message does
                                   not agree on it, or this device has disabled it: nothing of the
                                   message is shown. tigress_session_cancel() declines. */
    TIGRESS_E_NO_PAKE = 51,     /* a PIN by PAKE is required, and one of the two devices does not
                                   offer it: nothing is shown or sent. tigress_session_cancel()
                                   declines or withdraws. */
    TIGRESS_E_LOCKED = 55,      /* a key of this device cannot be used while it is locked: again,
                                   once it is unlocked */
    TIGRESS_E_NAME = 56,        /* the host name of the relay was not found */
    TIGRESS_E_ROUTE = 57,       /* there is no route to the host of the relay */
    TIGRESS_E_CONNECT = 58,     /* the host of the relay refuses connections to the port */
    TIGRESS_E_TIMEOUT = 59,     /* the relay did not answer in time */

    /* This device. */
    TIGRESS_E_NOMEM = 60,       /* out of memory */
    TIGRESS_E_RANDOM = 61,      /* the random source or the cryptographic library failed */
    TIGRESS_E_UNSUPPORTED = 62, /* known, but not supported by this build */
    TIGRESS_E_SEALER = 63,      /* the application's own function for sealing failed */

    TIGRESS_E_BUG = 90 /* an internal error of the library */
};

/* What an application does about an error. Use the class, not ranges of error values. */
enum tigress_error_class {
    TIGRESS_CLASS_NONE = 0,    /* TIGRESS_OK: nothing */
    TIGRESS_CLASS_CALLER = 1,  /* correct the application: the same call fails again */
    TIGRESS_CLASS_ENDED = 2,   /* the transfer is over: the other side ended it, or it expired */
    TIGRESS_CLASS_REFUSED = 3, /* the relay, or the wallet's own policy, refused: the session is
                                  over, and a retry does not help */
    TIGRESS_CLASS_RETRY = 4,   /* the session is intact, and tigress_session_retry() continues it:
                                  after a wait (NETWORK, NAME, ROUTE, CONNECT, TIMEOUT,
                                  UNAVAILABLE), or when the cause is corrected (TLS; LOCKED;
                                  DECRYPT, with another secret) */
    TIGRESS_CLASS_FAULT = 5    /* a fault of the library or of its build: report it */
};

/* The class of an error; TIGRESS_CLASS_FAULT for a value that this version does not know. */
TIGRESS_API enum tigress_error_class tigress_error_class(enum tigress_error error);
/* The name of the constant without "TIGRESS_", such as "E_GONE"; "E_UNKNOWN" for an unknown value.
   A literal, never NULL. */
TIGRESS_API const char *tigress_error_name(enum tigress_error error);
/* One English sentence for a person. A literal, never NULL. */
TIGRESS_API const char *tigress_error_text(enum tigress_error error);

/*
 * Frees memory that a function of this library allocated for the caller: first wipes len bytes, the
 * length that the function returned with it. Accepts NULL.
 */
TIGRESS_API void tigress_free(void *ptr, size_t len);

/*
 * A random source: fills all len bytes of out and returns 0, or returns another value on failure.
 * Where none is given, the library uses the system's (getrandom).
 */
typedef int tigress_random_fn(void *ctx, unsigned char *out, size_t len);

/* Bytes, with the NUL, that suffice for a sentence which a function writes about what was wrong. A
   sentence that does not fit is cut. */
#define TIGRESS_TEXT_MAX 256u

#ifdef __cplusplus
}
#endif

#endif
