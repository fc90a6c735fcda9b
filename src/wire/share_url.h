/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/share_url.h - the invitation: where the mailbox is and the secret that opens it.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the fragment. It never goes into a fault text.
 * spec: docs/protocol.md section 7, Share URL, Short enough for SMS, Checks before the first request,
 * Direct transfer.
 */
#ifndef TG_WIRE_SHARE_URL_H
#define TG_WIRE_SHARE_URL_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/uuid.h"

#define TG_SHARE_URL_MAX 2048u
#define TG_SHARE_HOST_MAX 255u
#define TG_VERTICAL_MAX 32u

struct tg_share_url {
    bool is_plain_http;               /* only ever for loopback */
    bool is_direct;                   /* tigress-direct://: the other device, not a relay */
    char host[TG_SHARE_HOST_MAX + 1]; /* lower case; IPv6 in brackets; without port */
    uint16_t port;                    /* 0: the scheme's default; never for a direct one */
    struct tg_uuid mailbox;
    char vertical[TG_VERTICAL_MAX + 1]; /* "" when absent */
    struct tg_secret secret;            /* len 0: none in this URL; else 16 or 32 */
};

enum tg_share_scheme {
    TG_SHARE_HTTPS,  /* https://, http:// when is_plain_http, tigress-direct:// when is_direct */
    TG_SHARE_TIGRESS /* tigress:// ; refused with is_plain_http and is_direct */
};

/*
 * Accepts https://, tigress://, and http:// to loopback (127.0.0.0/8, [::1], localhost) with path
 * /v1/m/{uuid}, any query (only v is kept) and an optional fragment; and tigress-direct:// with a
 * port and path /{uuid}, the rest alike. Refuses userinfo, another
 * path, a secret that is no base64 of 16 or 32 bytes, control characters. fault says which part and
 * what was expected, without repeating it. *out is zero on failure.
 */
TG_NODISCARD enum tg_err tg_share_url_parse(struct tg_share_url *out, struct tg_bytes text,
                                            struct tg_fault *fault);
/* A secret that travels apart from its URL: either alphabet, padded or not, 16 or 32 bytes. */
TG_NODISCARD enum tg_err tg_share_secret_parse(struct tg_secret *out, struct tg_bytes text,
                                               struct tg_fault *fault);
/* Appends scheme, host, path, ?v= when there is a vertical, and #secret (standard base64, padded)
   when there is a secret. */
TG_NODISCARD enum tg_err tg_share_url_format(struct tg_buf *out, const struct tg_share_url *url,
                                             enum tg_share_scheme scheme);
/* Appends scheme, host and port alone: the origin requests go to, "https://relay.example". A
   direct one is "tigress-direct://192.0.2.7:4711", which no HTTP client takes for its own. */
TG_NODISCARD enum tg_err tg_share_url_origin(struct tg_buf *out, const struct tg_share_url *url);
bool tg_host_is_loopback(struct tg_bytes host);
void tg_share_url_wipe(struct tg_share_url *url);

#endif
