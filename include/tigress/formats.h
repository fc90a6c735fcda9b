/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/formats.h - provisioning information by name: the formats that the working group knows,
 * making and reading messages without a JSON library, and which part of a wallet an invitation is
 * for. Threads: any. Blocks: no. Secrets: messages, borrowed for the call; what is handed out is
 * the caller's to wipe, with tigress_free(). spec: protocol.md section 7, "Provisioning
 * information", "Share URL".
 *
 * A message is one JSON object, {"format": string, "content": object, ...}. What these calls do not
 * know they keep: every byte of a message stays as its author wrote it, but for the member that is
 * set.
 */
#ifndef TIGRESS_FORMATS_H
#define TIGRESS_FORMATS_H

#include <stddef.h>

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A digital car key after the Car Connectivity Consortium: keys are created, signed and imported in
   several turns. */
#define TIGRESS_FORMAT_CARKEY_CCC "digitalwallet.carkey.ccc"
/* A token that the provisioning entity of the credential exchanges for the credential itself. */
#define TIGRESS_FORMAT_AUTHORIZATION_TOKEN "digitalwallet.generic.authorizationToken"

/*
 * {"format":FORMAT,"content":CONTENT}.
 *   format   any text of UTF-8, not empty
 *   content  content_len bytes of JSON, an object
 *   *json    with a NUL behind, *json_len without it; freed with tigress_free(*json, *json_len).
 *            Written on TIGRESS_OK alone.
 *   why      as in tigress_share_url_parse()
 * TIGRESS_E_MESSAGE, TIGRESS_E_LIMIT (over TIGRESS_MESSAGE_MAX), TIGRESS_E_ARGUMENT,
 * TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_build(const char *format, const char *content, size_t content_len, char **json,
                      size_t *json_len, char *why, size_t why_cap);

/*
 * The same message with one top-level member set: "content", or one of the application's own. It is
 * replaced where it stands, or put at the end.
 *   name     1 to 64 characters of ASCII, no quote, backslash or control character
 *   value    value_len bytes: one JSON value
 *   *out     as *json above
 * TIGRESS_E_MESSAGE (no message before or after, not one value, the library's own "tigressV2"),
 * TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_set(const char *json, size_t json_len, const char *name, const char *value,
                    size_t value_len, char **out, size_t *out_len, char *why, size_t why_cap);

/*
 * A top-level member, such as "content", as it is written in json: a string has its quotes.
 *   *value   where it stands in json, *value_len bytes, no NUL behind; NULL and 0: there is none
 * TIGRESS_E_MESSAGE (json is no message), TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM:
 * both untouched.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_get(const char *json, size_t json_len, const char *name, const char **value,
                    size_t *value_len);

/*
 * The "format", its escapes undone: cap bytes of room, a NUL behind.
 * TIGRESS_E_MESSAGE, TIGRESS_E_LIMIT (too small, or json too long), TIGRESS_E_ARGUMENT,
 * TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_format(const char *json, size_t json_len, char *out, size_t cap);

/* Which part of a wallet, or which application, an invitation is for. Later versions may add some:
   treat one that is unknown as TIGRESS_HANDLER_OTHER. */
enum tigress_handler {
    TIGRESS_HANDLER_GENERAL = 1, /* v=a, or none */
    TIGRESS_HANDLER_HOME = 2,    /* v=h */
    TIGRESS_HANDLER_CAR = 3,     /* v=c */
    TIGRESS_HANDLER_OTHER = 4 /* one that the protocol does not name: by agreement, or the user */
};

/* By the v= of a share URL or a session, upper and lower case being two; NULL is none. */
TIGRESS_API enum tigress_handler tigress_vertical_handler(const char *vertical);

#ifdef __cplusplus
}
#endif

#endif
