/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/standing.h"

const char *tg_standing_scheme_name(enum tg_standing_scheme scheme)
{
    static const char *const names[TG_STANDING_SCHEME_COUNT] = {
        [TG_STANDING_NO_SCHEME] = "none",
        [TG_STANDING_ATTESTATION] = "attestation",
        [TG_STANDING_PRIVATE_TOKEN] = "private_token",
    };

    return names[scheme];
}

const char *tg_standing_step_name(enum tg_standing_step step)
{
    static const char *const names[TG_STANDING_STEP_COUNT] = {
        [TG_STANDING_OK] = "ok",
        [TG_STANDING_MISSING] = "missing",
        [TG_STANDING_ENCODING] = "encoding",
        [TG_STANDING_FORMAT] = "format",
        [TG_STANDING_CHALLENGE] = "challenge",
        [TG_STANDING_CHAIN] = "chain",
        [TG_STANDING_KEY] = "key",
        [TG_STANDING_SIGNATURE] = "signature",
        [TG_STANDING_POLICY] = "policy",
        [TG_STANDING_STRENGTH] = "strength",
        [TG_STANDING_SPENT] = "spent",
        [TG_STANDING_VERIFIER] = "verifier",
        [TG_STANDING_UNKNOWN] = "unknown",
        [TG_STANDING_INTERNAL] = "internal",
    };

    return names[step];
}
