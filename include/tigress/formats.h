/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/formats.h - messages by their format, invitations by their vertical
 *
 * A message is one JSON object, {"format": string, "content": object, ...}. These functions build
 * and read messages without a JSON library. They keep members that they do not know: every byte of
 * a message stays as its author wrote it, except for the member that is set.
 *
 * Threads: any thread.
 * Blocks: no.
 * Secrets: messages are borrowed for the call. The caller wipes what it receives, with
 *          tigress_free().
 * spec: docs/protocol.md sections 7.1, 7.3 and 7.12
 */
#ifndef TIGRESS_FORMATS_H
#define TIGRESS_FORMATS_H

#include <tigress/error.h>
#include <tigress/export.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A digital car key of the Car Connectivity Consortium: keys are created, signed and imported in
   several messages. */
#define TIGRESS_FORMAT_CARKEY_CCC "digitalwallet.carkey.ccc"
/* A token that the provisioning entity of the credential exchanges for the credential. */
#define TIGRESS_FORMAT_AUTHORIZATION_TOKEN "digitalwallet.generic.authorizationToken"

/*
 * Builds {"format":FORMAT,"content":CONTENT}.
 *   format   UTF-8 text, not empty
 *   content  content_len bytes of JSON, an object
 *   *json    *json_len bytes, followed by a NUL; freed with tigress_free(*json, *json_len). Written
 *            on TIGRESS_OK only.
 *   why      as in tigress_share_url_parse()
 * TIGRESS_E_MESSAGE   format or content is not valid
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_build(const char *format, const char *content, size_t content_len, char **json,
                      size_t *json_len, char *why, size_t why_cap);

/*
 * A copy of the message with one top-level member set: "content", or one of the application's own.
 * An existing member is replaced in its place, a new one is appended.
 *   name     1 to 64 ASCII characters, without quote, backslash and control characters
 *   value    value_len bytes: one JSON value
 *   *out     *out_len bytes, as *json of tigress_message_build()
 * TIGRESS_E_MESSAGE   the text before or after is not a message, value is not one JSON value, or
 *                     name is "tigressV2", which the library adds itself
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_set(const char *json, size_t json_len, const char *name, const char *value,
                    size_t value_len, char **out, size_t *out_len, char *why, size_t why_cap);

/*
 * A top-level member, such as "content", as json has it: a string with its quotes.
 *   *value   points into json, *value_len bytes, no NUL; NULL and 0 when there is no such member.
 *            Untouched on failure.
 * TIGRESS_E_MESSAGE   json is not a message
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_get(const char *json, size_t json_len, const char *name, const char **value,
                    size_t *value_len);

/*
 * The value of "format", unescaped.
 *   out   cap bytes of room, with a NUL
 * TIGRESS_E_MESSAGE   json is not a message
 * TIGRESS_E_LIMIT     cap is too small, or json is longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_format(const char *json, size_t json_len, char *out, size_t cap);

/* ---- a key that is made on one device and signed by the other ------------------------------- */

/* What the messages of such a transfer ask for: {"format":F,"content":{"keySigningRequest":V}}. */
enum tigress_request {
    TIGRESS_REQUEST_NONE = 0,
    TIGRESS_REQUEST_KEY_CREATION =
        1, /* "keyCreationRequest", initiator: make a key with these rights
            */
    TIGRESS_REQUEST_KEY_SIGNING = 2, /* "keySigningRequest", recipient: sign this public key */
    TIGRESS_REQUEST_KEY_IMPORT = 3   /* "keyImportRequest", initiator: this is the signed key */
};

/* The name of the member, such as "keySigningRequest"; "" for TIGRESS_REQUEST_NONE and unknown
   values. A literal. */
TIGRESS_API const char *tigress_request_name(enum tigress_request kind);

/*
 * Builds a message with one request.
 *   format   as in tigress_message_build(), such as TIGRESS_FORMAT_CARKEY_CCC
 *   value    value_len bytes: one JSON value, which the format defines, such as "base64 text"
 *   pin      only with TIGRESS_REQUEST_KEY_SIGNING: the digits that the receiver typed, from
 *            tigress_pin_normalise(), for the provisioning entity. NULL: none. The other device
 *            learns them, and so does somebody in between who has the invitation: the PIN proves
 *            less than tigress_session_sas() (docs/protocol.md section 7.12).
 *   *json    as in tigress_message_build()
 *   why      as in tigress_share_url_parse()
 * TIGRESS_E_MESSAGE   format, value or pin is not valid, or value is null
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_request_build(const char *format, enum tigress_request kind, const char *value,
                      size_t value_len, const char *pin, char **json, size_t *json_len, char *why,
                      size_t why_cap);

/*
 * The request of a message.
 *   *kind    TIGRESS_REQUEST_NONE: it has none of the three
 *   *value   points into json, *value_len bytes, no NUL; NULL and 0 without a request
 *   why      as in tigress_share_url_parse()
 * TIGRESS_E_MESSAGE   json is not a message, has two requests, or a PIN that may not be there
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 * The outputs are untouched on failure.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_request_get(const char *json, size_t json_len, enum tigress_request *kind,
                    const char **value, size_t *value_len, char *why, size_t why_cap);

/*
 * The PIN of a key signing request, for tigress_pin_begin_try(); "" when it has none.
 *   out   cap bytes of room, with a NUL; TIGRESS_PIN_TEXT_MAX of <tigress/pin.h> suffices. The
 *         caller wipes it. "" on failure.
 * TIGRESS_E_MESSAGE, TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM as above
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_request_pin(const char *json, size_t json_len, char *out, size_t cap);

/* The part of a wallet, or the application, that an invitation is for. Later versions may add
   values: handle an unknown one as TIGRESS_HANDLER_OTHER. */
enum tigress_handler {
    TIGRESS_HANDLER_GENERAL = 1, /* v=a, or no v= */
    TIGRESS_HANDLER_HOME = 2,    /* v=h */
    TIGRESS_HANDLER_CAR = 3,     /* v=c */
    TIGRESS_HANDLER_OTHER = 4    /* a value that the protocol does not name: decide by agreement
                                    with the sender, or ask the user */
};

/* The handler for the v= of a share URL or session; case-sensitive. NULL is no v=. */
TIGRESS_API enum tigress_handler tigress_vertical_handler(const char *vertical);

#ifdef __cplusplus
}
#endif

#endif
