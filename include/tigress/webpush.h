/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/webpush.h - being told by Web Push where the operating system has no push of its own: the
 * keys of a subscription, the token that names it to the relay, and what comes in opened.
 *
 *     tigress_webpush_new(&w, NULL, NULL);
 *     the push service that the wallet uses (UnifiedPush, an own server, ...) gives an endpoint
 *     tigress_webpush_subscription(w, endpoint, token, sizeof(token));
 *     tigress_session_set_notification_token(s, TIGRESS_WEBPUSH_TYPE, token);
 *     ... a body comes from the push service:
 *     tigress_webpush_open(w, body, len, &text, &text_len) == TIGRESS_OK: look, with
 *     tigress_session_check(), what has changed. The text says no more than that something has.
 *
 * A subscription of its own for each transfer: one key in two of them would show the relay that
 * both are one person's.
 *
 * Threads: one handle, one thread at a time; open and subscription from several at once.
 * Blocks: no.      Memory: under 1 KiB, and a message's.
 * Secrets: the handle and its saved state open what is sent to the subscription; the token is the
 * right to send to it.
 * spec: RFC 8030, RFC 8291.
 */
#ifndef TIGRESS_WEBPUSH_H
#define TIGRESS_WEBPUSH_H

#include <stddef.h>

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIGRESS_WEBPUSH_TYPE "org.w3.webpush" /* of the notification token */
#define TIGRESS_WEBPUSH_ENDPOINT_MAX 2048u    /* bytes */
#define TIGRESS_WEBPUSH_TOKEN_MAX 2304u       /* bytes of a token with its NUL */
#define TIGRESS_WEBPUSH_BODY_MAX 4096u        /* bytes of a body as it comes */

struct tigress_webpush; /* opaque: the keys of one subscription */

/*
 * Fresh keys.
 *   random   NULL: the system's; used in this call alone
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM; *out is then untouched. The caller frees
 * *out with tigress_webpush_free().
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_new(struct tigress_webpush **out, tigress_random_fn *random, void *random_ctx);

/* Wipes and frees; sets *w to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_webpush_free(struct tigress_webpush **w);

/*
 * The token for tigress_session_set_notification_token(): the subscription as a browser's
 * PushSubscription.toJSON() writes it.
 *   endpoint   the https URL that the push service gave, at most TIGRESS_WEBPUSH_ENDPOINT_MAX bytes
 *   out        cap bytes, TIGRESS_WEBPUSH_TOKEN_MAX suffices
 * TIGRESS_E_URL (no https URL in plain ASCII), TIGRESS_E_ARGUMENT, TIGRESS_E_LIMIT,
 * TIGRESS_E_NOMEM; out is then "".
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_subscription(const struct tigress_webpush *w, const char *endpoint, char *out,
                             size_t cap);

/*
 * What a body (Content-Encoding: aes128gcm) holds. *text has *text_len bytes and a NUL behind, and
 * is freed with tigress_free(*text, *text_len).
 * TIGRESS_E_DECRYPT   not sent to this subscription, damaged, or no such body
 * TIGRESS_E_LIMIT     longer than TIGRESS_WEBPUSH_BODY_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 * *text is untouched on failure.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_open(const struct tigress_webpush *w, const unsigned char *body, size_t len,
                     char **text, size_t *text_len);

/* The keys, to be kept as a session's saved state is. *out, *len freed with tigress_free(*out,
 *len). TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM, TIGRESS_E_RANDOM; *out is then untouched. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_save(const struct tigress_webpush *w, unsigned char **out, size_t *len);

/* Keys from what tigress_webpush_save() gave. TIGRESS_E_SAVED_STATE, TIGRESS_E_ARGUMENT,
   TIGRESS_E_NOMEM, TIGRESS_E_RANDOM; *out is then untouched. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_resume(struct tigress_webpush **out, const unsigned char *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
