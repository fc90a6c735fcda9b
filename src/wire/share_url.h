/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/share_url.h - the share URL: the address of a mailbox and the secret of the transfer.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the fragment, which never appears in a fault text.
 * spec: docs/protocol.md section 7, Share URL, Short enough for SMS, Checks before the first
 * request, Direct transfer.
 */
#ifndef TG_WIRE_SHARE_URL_H
#define TG_WIRE_SHARE_URL_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "wire/share_host.h"

#define TG_SHARE_URL_MAX 2048u
#define TG_VERTICAL_MAX 32u

struct tg_share_url {
    bool is_plain_http;               /* for loopback only */
    bool is_direct;                   /* tigress-direct://, the other device instead of a relay */
    char host[TG_SHARE_HOST_MAX + 1]; /* lower case; IPv6 in brackets; without port */
    uint16_t port;                    /* 0: the default of the scheme; not 0 if is_direct */
    struct tg_uuid mailbox;
    char vertical[TG_VERTICAL_MAX + 1]; /* "" when absent */
    struct tg_secret secret;            /* len 0: this URL has none; else 16 or 32 */
};

enum tg_share_scheme {
    TG_SHARE_HTTPS,  /* https://, http:// when is_plain_http, tigress-direct:// when is_direct */
    TG_SHARE_TIGRESS /* tigress:// ; refused with is_plain_http and is_direct */
};

/*
 * Accepts https://, tigress://, and http:// to loopback (127.0.0.0/8, [::1], localhost), with the
 * path /v1/m/{uuid}, any query (only v is kept) and an optional fragment. Accepts tigress-direct://
 * with a port and the path /{uuid}, the rest the same. Refuses userinfo, another path, a secret
 * that is not base64 of 16 or 32 bytes, and control characters. fault names the part and what was
 * expected, without repeating the part. *out is zero on failure.
 */
TG_NODISCARD enum tg_err tg_share_url_parse(struct tg_share_url *out, struct tg_bytes text,
                                            struct tg_fault *fault);
/* The same; a fault begins with what, a literal. */
TG_NODISCARD enum tg_err tg_share_url_parse_as(struct tg_share_url *out, struct tg_bytes text,
                                               const char *what, struct tg_fault *fault);
/* A secret that is sent separately from its URL: base64 or base64url, padded or not, 16 or 32
   bytes. */
TG_NODISCARD enum tg_err tg_share_secret_parse(struct tg_secret *out, struct tg_bytes text,
                                               struct tg_fault *fault);
/* Appends scheme, host, path, ?v= when there is a vertical, and #secret (standard base64, padded)
   when there is a secret. */
TG_NODISCARD enum tg_err tg_share_url_format(struct tg_buf *out, const struct tg_share_url *url,
                                             enum tg_share_scheme scheme);
/* Appends scheme, host and port: the origin of requests, "https://relay.example". For a direct one
   "tigress-direct://192.0.2.7:4711", which HTTP clients refuse. */
TG_NODISCARD enum tg_err tg_share_url_origin(struct tg_buf *out, const struct tg_share_url *url);
void tg_share_url_wipe(struct tg_share_url *url);

#endif
