/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/problem.h - problem documents of RFC 9457.
 * Layer: L1.      Threads: any.      Secrets: none may be passed in.
 * spec: docs/protocol.md section 1, Errors; section 3, tombstone reasons.
 */
#ifndef TG_WIRE_PROBLEM_H
#define TG_WIRE_PROBLEM_H

#include "wire/json.h"
#include "wire/types.h"

#define TG_PROBLEM_CONTENT_TYPE "application/problem+json"
/* Problem types are this prefix and a slug: "ended-by-recipient", "expired", ... */
#define TG_PROBLEM_TYPE_PREFIX "urn:tigress:problem/"
#define TG_PROBLEM_TYPE_BLANK "about:blank"

/* What a relay writes. type, title, detail: literals or fault texts. */
struct tg_problem_text {
    const char *type, *title;
    unsigned status;
    const char *detail;          /* "" is left out */
    enum tg_recipient recipient; /* of a mailbox that has ended; unknown is left out */
    struct tg_bytes end_note;    /* in base64url; empty is left out */
};

TG_NODISCARD enum tg_err tg_problem_encode(struct tg_buf *out, const struct tg_problem_text *text);

struct tg_problem {
    struct tg_bytes type;  /* "about:blank" when absent */
    struct tg_bytes title; /* each may be empty */
    struct tg_bytes detail;
    enum tg_recipient recipient; /* unknown when absent or another text */
    struct tg_bytes end_note;    /* the text; empty when absent */
};

/* Lenient: members of another type count as absent. TG_E_SYNTAX: body is not a JSON object. */
TG_NODISCARD enum tg_err tg_problem_decode(struct tg_problem *out, struct tg_json **doc,
                                           struct tg_bytes body);

#endif
