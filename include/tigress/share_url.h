/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/share_url.h - the invitation: mailbox, relay and secret
 *
 * A share URL names a mailbox on a relay. The part after '#' is the secret that decrypts the
 * messages; it is never sent to the relay.
 *
 * Threads: one handle, one thread at a time.
 * Blocks: no.
 * Secrets: the part after '#'. It is wiped with the handle. No error text repeats a part of a URL.
 * spec: docs/protocol.md sections 7.3, 7.5 and 7.7
 */
#ifndef TIGRESS_SHARE_URL_H
#define TIGRESS_SHARE_URL_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a share URL and of a secret's text, each with its NUL. */
#define TIGRESS_SHARE_URL_MAX 2049u
#define TIGRESS_SECRET_TEXT_MAX 45u
/* Bytes of a text that may hold a share URL, with its NUL. */
#define TIGRESS_LINK_TEXT_MAX 65537u

/* Values of v= that the protocol names. Other values are kept unchanged. */
#define TIGRESS_VERTICAL_GENERAL "a"
#define TIGRESS_VERTICAL_HOME "h"
#define TIGRESS_VERTICAL_CAR "c"

struct tigress_share_url; /* opaque */

/*
 * Reads an invitation: https://host[:port]/v1/m/{uuid}?v=x#secret; the same with the scheme
 * tigress:; the same with http: when the host is loopback; and
 * tigress-direct://host:port/{uuid}?v=x#secret. The secret may be missing, may use either base64
 * alphabet, and may be padded or not.
 * A text that is no such URL is searched for one, as messengers and mail programs leave it:
 * encoded, wrapped, without a scheme, inside the link of another service or inside other text
 * (protocol 8.4). It is taken where there is exactly one reading.
 *   text   NUL-terminated; borrowed for the call
 *   why    room for a sentence that names the part that is wrong, why_cap bytes (TIGRESS_TEXT_MAX
 *          suffices); may be NULL. "" on success.
 *   *out   freed with tigress_share_url_free(). Written on TIGRESS_OK only.
 * TIGRESS_E_URL       the text has no valid URL, or more than one
 * TIGRESS_E_SECRET    only the secret is not valid, or it can be read in two ways
 * TIGRESS_E_LIMIT     longer than TIGRESS_LINK_TEXT_MAX, or encoded too often
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_parse(struct tigress_share_url **out, const char *text, char *why,
                        size_t why_cap);

/*
 * Builds a share URL from its parts.
 *   relay_url    "https://host[:port]" or "tigress-direct://host:port", without a path (a final "/"
 *                is allowed)
 *   mailbox_id   the UUID
 *   vertical     NULL or "": none
 *   secret       base64 text; NULL: none
 * Errors are those of tigress_share_url_parse().
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_new(struct tigress_share_url **out, const char *relay_url, const char *mailbox_id,
                      const char *vertical, const char *secret, char *why, size_t why_cap);

/* Wipes and frees; sets *url to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_share_url_free(struct tigress_share_url **url);

/* Views that are valid as long as the handle. Never NULL. The host has no port; the vertical is ""
   when there is none. */
TIGRESS_API const char *tigress_share_url_host(const struct tigress_share_url *url);
TIGRESS_API const char *tigress_share_url_mailbox_id(const struct tigress_share_url *url);
TIGRESS_API const char *tigress_share_url_vertical(const struct tigress_share_url *url);
/* The port to connect to: the default port of the scheme when the URL names none. */
TIGRESS_API unsigned tigress_share_url_port(const struct tigress_share_url *url);
/* 1 when the URL has a secret, else 0. */
TIGRESS_API int tigress_share_url_has_secret(const struct tigress_share_url *url);
/* 1 when the text had the secret where servers see it: behind an encoded #, in the path or the
   query, or in the link of another service. The operator of such a server can read the messages,
   and can take the key first; ask the sender for a new link. Else 0, and 0 after
   tigress_share_url_set_secret(). */
TIGRESS_API int tigress_share_url_was_exposed(const struct tigress_share_url *url);
/* What had happened to the link, for a person: "# was changed to %23; one = at its end was lost".
   "" when the text was a valid URL. A view that is valid as long as the handle. */
TIGRESS_API const char *tigress_share_url_repairs(const struct tigress_share_url *url);

/*
 * Sets or replaces the secret, for a URL that was sent without it.
 *   secret   base64 text of 16 or 32 bytes
 *   why      as in tigress_share_url_parse()
 * TIGRESS_E_SECRET    the secret is not valid
 * TIGRESS_E_ARGUMENT
 * On failure the URL is unchanged.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_set_secret(struct tigress_share_url *url, const char *secret, char *why,
                             size_t why_cap);

enum tigress_share_form {
    TIGRESS_FORM_HTTPS = 0,        /* https://...#secret; http:// for a loopback relay that uses it,
                                      tigress-direct:// for a direct transfer */
    TIGRESS_FORM_HTTPS_BARE = 1,   /* the same without the secret */
    TIGRESS_FORM_TIGRESS = 2,      /* tigress://...#secret; TIGRESS_E_URL unless the URL is https */
    TIGRESS_FORM_TIGRESS_BARE = 3, /* the same without the secret */
    TIGRESS_FORM_SECRET = 4        /* only the secret, in standard base64 with padding; "" when
                                      there is none */
};

/*
 * Writes the URL in this form, and a NUL.
 *   out   cap bytes of room; TIGRESS_SHARE_URL_MAX suffices
 * TIGRESS_E_LIMIT     cap is too small; out is then ""
 * TIGRESS_E_URL       the URL has no such form
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_format(const struct tigress_share_url *url, enum tigress_share_form form,
                         char *out, size_t cap);

/*
 * 1 when the URL's relay is one of count hosts, else 0. A host is "relay.example" (the default port
 * only) or "relay.example:8443". It is compared exactly, except for ASCII case: no wildcards and no
 * suffixes. An IPv6 address is written in brackets and is equal in every spelling. A name with
 * characters outside ASCII is written in its "xn--" form.
 */
TIGRESS_API int tigress_share_url_is_relay_allowed(const struct tigress_share_url *url,
                                                   const char *const *hosts, size_t count);

#ifdef __cplusplus
}
#endif

#endif
