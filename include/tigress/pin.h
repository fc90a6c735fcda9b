/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/pin.h - a second factor: a few digits that one person tells another over another channel,
 * and that whoever provisions the credential checks before it does so.
 *
 *     sender                                    recipient
 *     tigress_pin_generate(), _show()  --say--> types it: tigress_pin_normalise()
 *     tigress_pin_new(), _save()                puts it into the answer that asked for it
 *
 *     whoever provisions, for each answer:
 *     tigress_pin_begin_try(p, typed);          one try less, from now on
 *     tigress_pin_save(p, ...);                 keep it on disk BEFORE the next line
 *     tigress_pin_end_try(p, &verdict);         right, wrong, or dead: then cancel the transfer
 *
 * A process that dies between the calls has lost that try: no crash gives one back. A PIN of six
 * digits has no strength of its own; the limit of tries is its whole protection, so:
 *   - the saved state is as secret as a session's (who reads it tries a million PINs in a second),
 *   - an older state must never come back: that would give tries back,
 *   - a PIN is no key: it is checked beside the share secret, never used to encrypt.
 * It belongs neither into a share URL nor into a message, but for the answer in which the
 * provisioning side asked for it: tigress_pin_check_text().
 *
 * Threads: one handle, one thread at a time.      Blocks: no.      Memory: under 1 KiB.
 * Secrets: PIN and handle; the handle is wiped when it is freed, the PIN's text is the caller's to
 * wipe. spec: protocol.md section 7, "PIN".
 */
#ifndef TIGRESS_PIN_H
#define TIGRESS_PIN_H

#include <stddef.h>

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIGRESS_PIN_DIGITS_MIN 6u
#define TIGRESS_PIN_DIGITS_MAX 12u
#define TIGRESS_PIN_DIGITS_DEFAULT 6u
#define TIGRESS_PIN_TRIES_DEFAULT 5u
#define TIGRESS_PIN_TRIES_MAX 10u

#define TIGRESS_PIN_TEXT_MAX 13u   /* the digits and a NUL */
#define TIGRESS_PIN_SHOWN_MAX 16u  /* "123 456 789 012" and a NUL */
#define TIGRESS_PIN_TYPED_MAX 128u /* bytes that a person may have typed */

/* ---- the digits ----------------------------------------------------------------------------- */

/*
 * A fresh PIN: each of the 10^digits values is as likely as any other.
 *   out      the digits and a NUL; cap bytes, TIGRESS_PIN_TEXT_MAX suffices. The caller wipes it.
 *   digits   TIGRESS_PIN_DIGITS_MIN to _MAX; 0: _DEFAULT
 *   random   NULL: the system's
 * TIGRESS_E_ARGUMENT, TIGRESS_E_LIMIT (cap), TIGRESS_E_RANDOM; out is then "".
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_generate(char *out, size_t cap,
                                                                      unsigned digits,
                                                                      tigress_random_fn *random,
                                                                      void *random_ctx);

/*
 * The PIN in groups, as one says it: "123 456", "123 4567", "123 456 789 012".
 *   pin   digits alone; out: cap bytes, TIGRESS_PIN_SHOWN_MAX suffices
 * TIGRESS_E_ARGUMENT (no PIN), TIGRESS_E_LIMIT (cap); out is then "".
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_show(const char *pin, char *out,
                                                                  size_t cap);

/*
 * What a person typed, as digits alone: spaces (also the no-break ones), tabs, hyphens, dots and
 * line ends are dropped, and the decimal digits of the Arabic, Persian, Devanagari, Bengali, Thai
 * and full-width keyboards become 0 to 9.
 *   typed   UTF-8, NUL-terminated, at most TIGRESS_PIN_TYPED_MAX bytes
 *   out     as tigress_pin_generate()
 * TIGRESS_E_ARGUMENT   something else was typed, or fewer than 6 or more than 12 digits
 * TIGRESS_E_LIMIT      typed or cap
 * out is then "".
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_normalise(const char *typed, char *out,
                                                                       size_t cap);

/* ---- checking them -------------------------------------------------------------------------- */

struct tigress_pin; /* opaque: what checks a PIN, and how many tries are left */

/*
 *   pin      digits as tigress_pin_generate() or _normalise() give them; not kept: the handle holds
 *            HMAC-SHA-256 of it under a random key of its own
 *   tries    1 to TIGRESS_PIN_TRIES_MAX; 0: TIGRESS_PIN_TRIES_DEFAULT
 *   random   NULL: the system's; used in this call alone
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM; *out is then untouched. The caller frees
 * *out with tigress_pin_free().
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_new(struct tigress_pin **out,
                                                                 const char *pin, unsigned tries,
                                                                 tigress_random_fn *random,
                                                                 void *random_ctx);

/* Wipes and frees; sets *p to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_pin_free(struct tigress_pin **p);

/*
 * Takes what was typed for the next verdict, and counts the try at once.
 *   typed   as tigress_pin_normalise()
 * TIGRESS_E_ARGUMENT   no PIN of this length (tigress_pin_digits() is no secret): not counted
 * TIGRESS_E_LIMIT      over TIGRESS_PIN_TYPED_MAX bytes: not counted
 * TIGRESS_E_STATE      no try is left, the right PIN has come already, or a try is open
 * TIGRESS_E_RANDOM     the crypto library failed: counted, and no try is open
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_begin_try(struct tigress_pin *p,
                                                                       const char *typed);

/*
 * Everything but an open try: resumed, that try is lost. *out, *len freed with
 * tigress_free(*out, *len). TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM; *out is then
 * untouched.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_save(struct tigress_pin *p,
                                                                  unsigned char **out, size_t *len);

enum tigress_pin_verdict {
    TIGRESS_PIN_WRONG = 0, /* tries are left */
    TIGRESS_PIN_RIGHT = 1, /* provision; no further try is taken */
    TIGRESS_PIN_DEAD = 2   /* wrong, and that was the last try: end the transfer */
};

/*
 * The verdict on the open try, in a time that does not depend on the digits. Save once more after
 * TIGRESS_PIN_RIGHT, so that a restart knows.
 *   *verdict   written on TIGRESS_OK alone
 * TIGRESS_E_STATE   no try is open, or tigress_pin_save() was not called since it was opened
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_pin_end_try(struct tigress_pin *p, enum tigress_pin_verdict *verdict);

/*
 * The handle that tigress_pin_save() wrote.
 *   why   room for a sentence, why_cap bytes (TIGRESS_TEXT_MAX suffices); may be NULL
 * TIGRESS_E_SAVED_STATE (cut, changed, another version), TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM,
 * TIGRESS_E_NOMEM; *out is then untouched. A state that cannot be read counts as dead.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_pin_resume(struct tigress_pin **out,
                                                                    const unsigned char *data,
                                                                    size_t len, char *why,
                                                                    size_t why_cap);

/* How many digits the PIN has. 0 for NULL, as the next one. */
TIGRESS_API unsigned tigress_pin_digits(const struct tigress_pin *p);
TIGRESS_API unsigned tigress_pin_tries_left(const struct tigress_pin *p);
/* 1 when no try is left and the right PIN never came, else 0. NULL is dead. */
TIGRESS_API int tigress_pin_is_dead(const struct tigress_pin *p);
/* 1 once a verdict was TIGRESS_PIN_RIGHT, else 0. */
TIGRESS_API int tigress_pin_is_passed(const struct tigress_pin *p);

/*
 * Refuses text that gives the PIN away: a message before it is sent, a share URL, a line for a log.
 * Found wherever its digits stand in a row, alone or inside a longer number, also with single
 * spaces, hyphens or dots between them. A guard against mistakes: it does not undo encodings.
 *   text   len bytes, at most 1 MiB; may hold NUL
 * TIGRESS_E_MESSAGE   the PIN is in it: do not send
 * TIGRESS_E_ARGUMENT, TIGRESS_E_LIMIT, TIGRESS_E_RANDOM (crypto library): not checked, do not send
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_pin_check_text(const struct tigress_pin *p, const char *text, size_t len);

#ifdef __cplusplus
}
#endif

#endif
