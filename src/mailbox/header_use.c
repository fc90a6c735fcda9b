/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/header_use.h"

enum use {
    NONE, /* ignored, malformed or not: nothing that the sender gets depends on it */
    USED, /* a 400 if it is malformed */
    DENY  /* a 400: its sender may rely on it */
};

#define WHY_NOT(header) header ": has no meaning on this call; "

/* spec: protocol/2#header-without-meaning */
/* clang-format off */
static const struct {
    enum use on[TG_CALL_COUNT];
    const char *why;
} uses[TG_RH_COUNT] = {
    /*                        create preview read  update delete relinquish */
    [TG_RH_REQUEST_ID]    = { { USED, NONE, USED, USED, USED, USED }, "" },
    [TG_RH_ATTESTATION]   = { { USED, NONE, NONE, USED, NONE, NONE }, "" },
    [TG_RH_VERIFIER]      = { { USED, NONE, DENY, DENY, DENY, DENY },
        WHY_NOT(TG_HEADER_SECRET_PROOF) "expected verifier= on a create only" },
    [TG_RH_PROOF]         = { { DENY, NONE, USED, DENY, DENY, DENY },
        WHY_NOT(TG_HEADER_SECRET_PROOF) "expected proof= on a read only, verifier= on a create" },
    [TG_RH_KNOWN_VERSION] = { { DENY, NONE, USED, DENY, DENY, DENY },
        WHY_NOT(TG_HEADER_KNOWN_VERSION) "expected it on a read only; an update has If-Match" },
    [TG_RH_VERSION]       = { { DENY, NONE, DENY, DENY, DENY, DENY },
        WHY_NOT(TG_HEADER_VERSION) "only answers have it; an update has If-Match" },
    [TG_RH_KNOWN_RECIPIENT] = { { DENY, NONE, USED, DENY, DENY, DENY },
        WHY_NOT(TG_HEADER_KNOWN_RECIPIENT) "expected it on a read only" },
    [TG_RH_RECIPIENT]     = { { DENY, NONE, DENY, DENY, DENY, DENY },
        WHY_NOT(TG_HEADER_RECIPIENT) "only answers have it" },
    [TG_RH_END_NOTE]      = { { DENY, NONE, DENY, DENY, USED, DENY },
        WHY_NOT(TG_HEADER_END_NOTE) "expected it on a delete only" },
    [TG_RH_PREFER]        = { { NONE, NONE, USED, NONE, NONE, NONE }, "" },
    [TG_RH_IF_MATCH]      = { { DENY, NONE, DENY, USED, DENY, DENY },
        WHY_NOT("If-Match") "expected it on an update only" },
    [TG_RH_IF_NONE_MATCH] = { { DENY, NONE, DENY, DENY, DENY, DENY },
        WHY_NOT("If-None-Match") "the only condition is If-Match, on an update" },
    [TG_RH_CONTENT_RANGE] = { { DENY, NONE, DENY, DENY, NONE, NONE },
        WHY_NOT("Content-Range") "expected a whole body" },
};
/* clang-format on */

const char *tg_header_use_fault(const struct tg_request_headers *headers, enum tg_mailbox_call call)
{
    for (size_t i = 0; i < TG_RH_COUNT; i++) {
        enum use use = uses[i].on[call];

        if (!headers->has[i] || use == NONE) {
            continue;
        }
        if (headers->faults[i] != NULL) {
            return headers->faults[i];
        }
        if (use == DENY) {
            return uses[i].why;
        }
    }
    return NULL;
}
