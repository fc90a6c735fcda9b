/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/share_url.h - the invitation: which mailbox on which relay, and the secret that opens it.
 * Threads: one handle, one thread at a time.      Blocks: no.
 * Secrets: the part behind '#'. It is wiped with the handle; no error text repeats any part.
 * spec: protocol.md section 7, "Share URL", "Any relay's link, one handler", "Checks before the
 * first request".
 */
#ifndef TIGRESS_SHARE_URL_H
#define TIGRESS_SHARE_URL_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* With the terminating NUL. */
#define TIGRESS_SHARE_URL_MAX 2049u
#define TIGRESS_SECRET_TEXT_MAX 45u

/* Values of v= that the protocol names. Others are kept as they are. */
#define TIGRESS_VERTICAL_GENERAL "a"
#define TIGRESS_VERTICAL_HOME "h"
#define TIGRESS_VERTICAL_CAR "c"

struct tigress_share_url; /* opaque */

/*
 * Reads https://host[:port]/v1/m/{uuid}?v=x#secret, the same with tigress:, and with http: for
 * loopback hosts alone; and tigress-direct://host:port/{uuid}?v=x#secret. The secret may be
 * missing, in either base64 alphabet, padded or not. text   NUL-terminated; borrowed for the call
 *   why    room for a sentence that says which part is wrong, why_cap bytes (TIGRESS_TEXT_MAX
 *          always suffices); may be NULL. "" on success.
 * TIGRESS_E_URL, TIGRESS_E_SECRET, TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM; *out is
 * then untouched. On TIGRESS_OK the caller frees *out.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_parse(struct tigress_share_url **out, const char *text, char *why,
                        size_t why_cap);

/*
 * Builds one from its parts.
 *   relay_url    "https://host[:port]" or "tigress-direct://host:port", no path (a "/" may follow)
 *   mailbox_id   the UUID
 *   vertical     NULL or "": none
 *   secret       base64 text, NULL: none
 * Errors as tigress_share_url_parse().
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_new(struct tigress_share_url **out, const char *relay_url, const char *mailbox_id,
                      const char *vertical, const char *secret, char *why, size_t why_cap);

/* Wipes and frees; sets *url to NULL. Accepts NULL and a NULL handle. */
TIGRESS_API void tigress_share_url_free(struct tigress_share_url **url);

/* Views that end with the handle (set_secret ends none of them). Never NULL. */
TIGRESS_API const char *tigress_share_url_host(const struct tigress_share_url *url); /* no port */
TIGRESS_API const char *tigress_share_url_mailbox_id(const struct tigress_share_url *url);
TIGRESS_API const char *tigress_share_url_vertical(const struct tigress_share_url *url); /* or "" */
/* The port that a connection goes to: the scheme's when the URL names none. */
TIGRESS_API unsigned tigress_share_url_port(const struct tigress_share_url *url);
/* 1 or 0. */
TIGRESS_API int tigress_share_url_has_secret(const struct tigress_share_url *url);

/* Gives or replaces the secret of a URL that travelled without it: base64 text of 16 or 32 bytes.
   TIGRESS_E_SECRET, TIGRESS_E_ARGUMENT; the URL is then unchanged. */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_set_secret(struct tigress_share_url *url, const char *secret, char *why,
                             size_t why_cap);

enum tigress_share_form {
    TIGRESS_FORM_HTTPS = 0,      /* https://…#secret (http:// where the relay is loopback so,
                                    tigress-direct:// where it is the other device) */
    TIGRESS_FORM_HTTPS_BARE = 1, /* the same without the secret */
    TIGRESS_FORM_TIGRESS = 2,    /* tigress://…#secret; TIGRESS_E_URL for the other schemes */
    TIGRESS_FORM_TIGRESS_BARE = 3,
    TIGRESS_FORM_SECRET = 4 /* the secret alone, standard base64, padded; "" when there is none */
};

/*
 * Writes the URL and a NUL to out, cap bytes; TIGRESS_SHARE_URL_MAX always suffices.
 * TIGRESS_E_LIMIT   cap is too small; out is then ""
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_share_url_format(const struct tigress_share_url *url, enum tigress_share_form form,
                         char *out, size_t cap);

/*
 * 1 when the URL's relay is one of count hosts, else 0. A host is "relay.example" (the default port
 * alone) or "relay.example:8443", compared exactly but for ASCII case: no wildcards, no suffixes.
 * An IPv6 address stands in brackets, and is the same in every spelling; a name with other letters
 * than ASCII's stands in its "xn--" form.
 */
TIGRESS_API int tigress_share_url_is_relay_allowed(const struct tigress_share_url *url,
                                                   const char *const *hosts, size_t count);

#ifdef __cplusplus
}
#endif

#endif
