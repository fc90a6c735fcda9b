/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/pin.h - a PIN as second factor
 *
 * The sender tells the receiver a few digits over another channel. The provisioning entity checks
 * them before it provisions the credential.
 *
 *     sender
 *         tigress_pin_generate(), tigress_pin_show()     // tell it to the receiver
 *         tigress_pin_new(), tigress_pin_save()          // give it to the provisioning entity
 *     receiver
 *         tigress_pin_normalise()                        // put it into the answer to the request
 *     provisioning entity, for each answer
 *         tigress_pin_begin_try(p, typed);               // counts the try
 *         tigress_pin_save(p, &out, &len);               // write it to disk BEFORE the next line
 *         tigress_pin_end_try(p, &verdict);              // TIGRESS_PIN_DEAD: cancel the transfer
 *
 * A process that ends between these calls has used that try: a crash never gives a try back. A PIN
 * of six digits is weak by itself. The limit of tries is its only protection, therefore:
 *
 * Protect the saved state like that of a session: a reader of it can test a million PINs in a
 * second. Never restore an older state, which would give tries back. Never use a PIN as a key: it
 * is checked in addition to the share secret.
 *
 * A PIN must not appear in a share URL or in a message, except in the answer to a request of
 * the provisioning entity. tigress_pin_check_text() finds it there.
 *
 * Threads: one handle, one thread at a time.
 * Blocks: no.
 * Memory: under 1 KiB.
 * Secrets: the PIN and the handle. The handle is wiped when it is freed; the caller wipes the text
 *          of the PIN.
 * spec: docs/protocol.md section 7.12
 */
#ifndef TIGRESS_PIN_H
#define TIGRESS_PIN_H

#include <tigress/error.h>
#include <tigress/export.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIGRESS_PIN_DIGITS_MIN 6u
#define TIGRESS_PIN_DIGITS_MAX 12u
#define TIGRESS_PIN_DIGITS_DEFAULT 6u
#define TIGRESS_PIN_TRIES_DEFAULT 5u
#define TIGRESS_PIN_TRIES_MAX 10u

#define TIGRESS_PIN_TEXT_MAX 13u   /* bytes of the digits and a NUL */
#define TIGRESS_PIN_SHOWN_MAX 16u  /* bytes of "123 456 789 012" and a NUL */
#define TIGRESS_PIN_TYPED_MAX 128u /* bytes of what a person may type */

/* ---- the digits ----------------------------------------------------------------------------- */

/*
 * Makes a fresh PIN: each of the 10^digits values is equally likely.
 *   out      the digits and a NUL; cap bytes of room, TIGRESS_PIN_TEXT_MAX suffices. The caller
 *            wipes it. "" on failure.
 *   digits   TIGRESS_PIN_DIGITS_MIN to TIGRESS_PIN_DIGITS_MAX; 0: TIGRESS_PIN_DIGITS_DEFAULT
 *   random   NULL: the system's source
 * TIGRESS_E_LIMIT     cap is too small
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_generate(char *out, size_t cap,
                                                                      unsigned digits,
                                                                      tigress_random_fn *random,
                                                                      void *random_ctx);

/*
 * The PIN in groups, as people say it: "123 456", "123 4567", "123 456 789 012".
 *   pin   only digits
 *   out   cap bytes of room; TIGRESS_PIN_SHOWN_MAX suffices. "" on failure.
 * TIGRESS_E_ARGUMENT   pin is not a PIN
 * TIGRESS_E_LIMIT      cap is too small
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_show(const char *pin, char *out,
                                                                  size_t cap);

/*
 * Reduces what a person typed to digits. Spaces (including no-break spaces), tabs, hyphens, dots
 * and line ends are dropped. The decimal digits of Arabic, Persian, Devanagari, Bengali, Thai and
 * full-width keyboards become 0 to 9.
 *   typed   UTF-8, NUL-terminated, at most TIGRESS_PIN_TYPED_MAX bytes
 *   out     as in tigress_pin_generate()
 * TIGRESS_E_ARGUMENT   other characters, or fewer than 6 or more than 12 digits
 * TIGRESS_E_LIMIT      typed is too long, or cap too small
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_normalise(const char *typed, char *out,
                                                                       size_t cap);

/* ---- checking them -------------------------------------------------------------------------- */

struct tigress_pin; /* opaque: checks a PIN and counts its tries */

/*
 * Makes a handle that checks this PIN. It keeps HMAC-SHA-256 of the PIN under a random key, not the
 * PIN.
 *   *out     freed with tigress_pin_free(). Written on TIGRESS_OK only.
 *   pin      digits from tigress_pin_generate() or tigress_pin_normalise()
 *   tries    1 to TIGRESS_PIN_TRIES_MAX; 0: TIGRESS_PIN_TRIES_DEFAULT
 *   random   NULL: the system's source; used only during this call
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_new(struct tigress_pin **out,
                                                                 const char *pin, unsigned tries,
                                                                 tigress_random_fn *random,
                                                                 void *random_ctx);

/* Wipes and frees; sets *p to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_pin_free(struct tigress_pin **p);

/*
 * Starts a try with what was typed, and counts it.
 *   typed   as in tigress_pin_normalise()
 * TIGRESS_E_ARGUMENT   not a PIN of this length (the length is not a secret); not counted
 * TIGRESS_E_LIMIT      longer than TIGRESS_PIN_TYPED_MAX; not counted
 * TIGRESS_E_STATE      no try is left, the PIN was already right, or a try is open
 * TIGRESS_E_RANDOM     the cryptographic library failed; counted, and no try is open
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_begin_try(struct tigress_pin *p,
                                                                       const char *typed);

/*
 * Saves everything except an open try. A handle restored from it has used that try.
 *   *out   *len bytes, freed with tigress_free(*out, *len). Written on TIGRESS_OK only.
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_save(struct tigress_pin *p,
                                                                  unsigned char **out, size_t *len);

enum tigress_pin_verdict {
    TIGRESS_PIN_WRONG = 0, /* wrong; tries are left */
    TIGRESS_PIN_RIGHT = 1, /* right: provision; no further try is possible */
    TIGRESS_PIN_DEAD = 2   /* wrong, and no try is left: end the transfer */
};

/*
 * Gives the verdict on the open try, in a time that does not depend on the digits. After
 * TIGRESS_PIN_RIGHT, save once more, so that the result survives a restart.
 *   *verdict   written on TIGRESS_OK only
 * TIGRESS_E_STATE     no try is open, or tigress_pin_save() was not called since it was opened
 * TIGRESS_E_ARGUMENT
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_pin_end_try(struct tigress_pin *p, enum tigress_pin_verdict *verdict);

/*
 * Restores a handle from what tigress_pin_save() wrote. Treat a state that cannot be restored as
 * dead.
 *   *out   as in tigress_pin_new()
 *   why    as in tigress_share_url_parse()
 * TIGRESS_E_SAVED_STATE   damaged, truncated or of another version
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_resume(struct tigress_pin **out,
                                                                    const unsigned char *data,
                                                                    size_t len, char *why,
                                                                    size_t why_cap);

/* The number of digits of the PIN; 0 for NULL. */
TIGRESS_API unsigned tigress_pin_digits(const struct tigress_pin *p);
/* The number of tries that are left; 0 for NULL. */
TIGRESS_API unsigned tigress_pin_tries_left(const struct tigress_pin *p);
/* 1 when no try is left and no verdict was TIGRESS_PIN_RIGHT, else 0; 1 for NULL. */
TIGRESS_API int tigress_pin_is_dead(const struct tigress_pin *p);
/* 1 after the verdict TIGRESS_PIN_RIGHT, else 0. */
TIGRESS_API int tigress_pin_is_passed(const struct tigress_pin *p);

/*
 * Refuses a text that contains the PIN: a message before it is sent, a share URL, a line of a log.
 * It finds the digits in sequence anywhere, also inside a longer number and with single spaces,
 * hyphens or dots between them. It guards against mistakes: it does not decode encodings.
 *   text   len bytes, at most 1 MiB; may contain NUL
 * TIGRESS_E_MESSAGE   the text contains the PIN: do not send it
 * TIGRESS_E_ARGUMENT, TIGRESS_E_LIMIT, TIGRESS_E_RANDOM   the text was not checked: do not send it
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_pin_check_text(const struct tigress_pin *p, const char *text, size_t len);

#ifdef __cplusplus
}
#endif

#endif
