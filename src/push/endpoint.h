/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/endpoint.h - the URL at which a client wants to be told.
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
    uint16_t port;        /* 443 when none was named */
};

/*
 * An https URL as RFC 3986 has it, in printable ASCII, with a host as a share URL may have one, and
 * neither user name nor fragment. Views into text. TG_E_SYNTAX, TG_E_LIMIT; *out then untouched.
 */
TG_NODISCARD enum tg_err tg_push_endpoint_parse(struct tg_push_endpoint *out, struct tg_bytes text);

/* Appends "https://host", the host in lower case, with ":port" unless that is 443. */
void tg_push_endpoint_origin(struct tg_buf *out, const struct tg_push_endpoint *endpoint);

#endif
