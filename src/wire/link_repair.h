/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/link_repair.h - reads a share URL out of what a person was sent: a link as messengers and
 * mail programs leave it, or a text that holds one.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: the secret of the link. Every copy is wiped; no fault text has a part of the input.
 * spec: docs/protocol.md section 8.4
 */
#ifndef TG_WIRE_LINK_REPAIR_H
#define TG_WIRE_LINK_REPAIR_H

#include "wire/link_text.h"
#include "wire/share_url.h"

#define TG_LINK_REPAIRS_MAX 640u /* bytes of tg_link_repairs_text, with its NUL */

struct tg_link {
    struct tg_share_url url;
    unsigned repairs; /* bits of enum tg_link_repair; 0: the text was the link itself */
    bool is_exposed;  /* the secret was where servers see it: in a path, a query, another link */
    bool is_secret_wrong; /* on failure: only the secret is not valid */
};

/*
 * A text that is a share URL is taken as it is. Otherwise every reading of the text is looked for,
 * and the link is taken if there is exactly one. A reading with a secret comes before the same link
 * without one.
 * TG_E_SYNTAX with fault: no reading, or more than one
 * TG_E_LIMIT with fault: longer than TG_LINK_TEXT_MAX, or encoded too often
 * TG_E_NOMEM
 * On failure *out is zero but for is_secret_wrong.
 */
TG_NODISCARD enum tg_err tg_link_read(struct tg_link *out, struct tg_bytes text,
                                      struct tg_fault *fault);

/* What was repaired, for a person: a list of clauses; "" for 0. */
void tg_link_repairs_text(char out[TG_LINK_REPAIRS_MAX], unsigned repairs);

void tg_link_wipe(struct tg_link *link);

#endif
