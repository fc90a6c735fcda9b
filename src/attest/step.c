/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/step.h"

static const char *const step_names[] = {
    [TG_ATTEST_OK] = "ok",
    [TG_ATTEST_STEP_ENCODING] = "encoding",
    [TG_ATTEST_STEP_FORMAT] = "format",
    [TG_ATTEST_STEP_CHALLENGE] = "challenge",
    [TG_ATTEST_STEP_CHAIN] = "chain",
    [TG_ATTEST_STEP_SIGNATURE] = "signature",
    [TG_ATTEST_STEP_POLICY] = "policy",
    [TG_ATTEST_STEP_INTERNAL] = "internal",
};
_Static_assert(TG_COUNT(step_names) == TG_ATTEST_STEP_COUNT, "a name for each step");

const char *tg_attest_step_name(enum tg_attest_step step)
{
    return (size_t)step < TG_COUNT(step_names) ? step_names[step] : "unknown";
}

enum tg_attest_step tg_attest_step_of(enum tg_err err)
{
    switch (err) {
    case TG_OK:
        return TG_ATTEST_OK;
    case TG_E_SYNTAX:
    case TG_E_LIMIT:
        return TG_ATTEST_STEP_ENCODING;
    case TG_E_UNSUPPORTED:
        return TG_ATTEST_STEP_FORMAT;
    case TG_E_DENIED:
    case TG_E_NOTFOUND:
    case TG_E_CONFLICT:
    case TG_E_EXPIRED:
    case TG_E_NOMEM:
    case TG_E_IO:
    case TG_E_STORE:
    case TG_E_FULL:
    case TG_E_CRYPTO:
    case TG_E_BUG:
        return TG_ATTEST_STEP_INTERNAL;
    }
    return TG_ATTEST_STEP_INTERNAL;
}
