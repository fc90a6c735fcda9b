/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/webpush.h - notifications of changes by Web Push
 *
 * For wallets on an operating system that has no push. These functions make the keys of a
 * subscription, build the token that describes it to the relay, and decrypt the notifications.
 *
 *     tigress_webpush_new(&w, NULL, NULL);
 *     // get an endpoint from the push service of the wallet: UnifiedPush, its own server, ...
 *     tigress_webpush_subscription(w, endpoint, token, sizeof(token));
 *     tigress_session_set_notification_token(s, TIGRESS_WEBPUSH_TYPE, token);
 *     // for each body that the push service delivers:
 *     if (tigress_webpush_open(w, body, len, &text, &text_len) == TIGRESS_OK) {
 *         tigress_free(text, text_len);
 *         tigress_session_check(s);
 *     }
 *
 * The text of a notification means only that something has changed. A body that does not decrypt
 * comes from somebody who does not have the token: ignore it.
 *
 * Use one subscription for each transfer. The same key in two subscriptions shows the relay that
 * both belong to one person.
 *
 * Threads: one handle, one thread at a time; several threads may call tigress_webpush_open() and
 *          tigress_webpush_subscription() on one handle at once.
 * Blocks: no.
 * Memory: under 1 KiB, and that of a message.
 * Secrets: the handle and its saved state decrypt what is sent to the subscription. The token gives
 *          the right to send to it.
 * spec: RFC 8030, RFC 8291, docs/push.md
 */
#ifndef TIGRESS_WEBPUSH_H
#define TIGRESS_WEBPUSH_H

#include <tigress/error.h>
#include <tigress/export.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIGRESS_WEBPUSH_TYPE "org.w3.webpush" /* the type of the notification token */
#define TIGRESS_WEBPUSH_ENDPOINT_MAX 2048u    /* bytes */
#define TIGRESS_WEBPUSH_TOKEN_MAX 2304u       /* bytes of a token with its NUL */
#define TIGRESS_WEBPUSH_BODY_MAX 4096u        /* bytes of an encrypted body */

struct tigress_webpush; /* opaque: the keys of one subscription */

/*
 * Makes fresh keys.
 *   *out     freed with tigress_webpush_free(). Written on TIGRESS_OK only.
 *   random   NULL: the system's source; used only during this call
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_new(struct tigress_webpush **out, tigress_random_fn *random, void *random_ctx);

/* Wipes and frees; sets *w to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_webpush_free(struct tigress_webpush **w);

/*
 * The token for tigress_session_set_notification_token(): the subscription in the form of a
 * browser's PushSubscription.toJSON().
 *   endpoint   the https URL from the push service, at most TIGRESS_WEBPUSH_ENDPOINT_MAX bytes
 *   out        cap bytes of room; TIGRESS_WEBPUSH_TOKEN_MAX suffices. "" on failure.
 * TIGRESS_E_URL       not an https URL in ASCII without fragment
 * TIGRESS_E_LIMIT     endpoint is too long, or cap too small
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_subscription(const struct tigress_webpush *w, const char *endpoint, char *out,
                             size_t cap);

/*
 * Decrypts a body (Content-Encoding: aes128gcm).
 *   *text   *text_len bytes, followed by a NUL; freed with tigress_free(*text, *text_len). Written
 *           on TIGRESS_OK only.
 * TIGRESS_E_DECRYPT   not sent to this subscription, damaged, or not such a body
 * TIGRESS_E_LIMIT     longer than TIGRESS_WEBPUSH_BODY_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_open(const struct tigress_webpush *w, const unsigned char *body, size_t len,
                     char **text, size_t *text_len);

/*
 * Saves the keys. Protect them like the saved state of a session.
 *   *out   *len bytes, freed with tigress_free(*out, *len). Written on TIGRESS_OK only.
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_save(const struct tigress_webpush *w, unsigned char **out, size_t *len);

/*
 * Restores keys from what tigress_webpush_save() wrote.
 *   *out   as in tigress_webpush_new()
 * TIGRESS_E_SAVED_STATE   damaged, truncated or of another version
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_webpush_resume(struct tigress_webpush **out, const unsigned char *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
