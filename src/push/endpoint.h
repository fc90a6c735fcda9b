/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/endpoint.h - the URL to which a client wants its pushes sent.
 * Layer: L2, for push/ alone.   Threads: any.   Blocks: no.
 * Secrets: none kept; an endpoint is a credential, and no fault or log repeats it.
 */
#ifndef TG_PUSH_ENDPOINT_H
#define TG_PUSH_ENDPOINT_H

#include "base/buf.h"

#define TG_PUSH_ENDPOINT_MAX 2048u /* bytes */
#define TG_PUSH_ORIGIN_MAX 272u    /* "https://", a host name, a colon and a port */

struct tg_push_endpoint {
    struct tg_bytes url;  /* all of it */
    struct tg_bytes host; /* as written; an IPv6 address in brackets */
    uint16_t port;        /* 443 if the URL has none */
};

/*
 * Reads an https URL (RFC 3986) in printable ASCII, with a host that a share URL could have, and
 * without user name and fragment. The views are into text. TG_E_SYNTAX, TG_E_LIMIT: *out is not
 * written.
 */
TG_NODISCARD enum tg_err tg_push_endpoint_parse(struct tg_push_endpoint *out, struct tg_bytes text);

/* Appends "https://host", the host in lower case, with ":port" unless that is 443. */
void tg_push_endpoint_origin(struct tg_buf *out, const struct tg_push_endpoint *endpoint);

#endif
