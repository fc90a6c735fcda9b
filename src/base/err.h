/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/err.h - the one error type, and the one shape of a function that can fail.
 * Layer: L0.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_BASE_ERR_H
#define TG_BASE_ERR_H

enum tg_err {
    TG_OK = 0,

    TG_E_SYNTAX = 100, /* the peer's input is malformed */
    TG_E_LIMIT,        /* the peer's input is over a stated maximum */
    TG_E_UNSUPPORTED,  /* well formed, but of a kind that is not handled */

    TG_E_DENIED = 200, /* an answer, not a fault: the caller may not */
    TG_E_NOTFOUND,     /* an answer: nothing there */
    TG_E_CONFLICT,     /* an answer: it has changed */
    TG_E_EXPIRED,      /* an answer: it has expired */

    TG_E_NOMEM = 300, /* from here on: the environment of this program */
    TG_E_IO,
    TG_E_STORE,  /* the store failed; a write may or may not have happened */
    TG_E_FULL,   /* the store or a queue is at its stated maximum; nothing was written */
    TG_E_CRYPTO, /* does not verify, or the crypto library failed */

    TG_E_BUG = 900 /* this program broke its own contract */
};

#define TG_NODISCARD __attribute__((warn_unused_result))
#define TG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Inside a function with `enum tg_err err` and the label `out`. */
#define TG_TRY(call)                                                                               \
    do {                                                                                           \
        err = (call);                                                                              \
        if (err != TG_OK) {                                                                        \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

#define TG_REQUIRE(cond, code)                                                                     \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            err = (code);                                                                          \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

/* The constant's name without "TG_", for logs and tests. Never NULL. */
const char *tg_err_name(enum tg_err err);

#endif
