/* SPDX-License-Identifier: Apache-2.0 */
/* Names for logs. */
#include <tigress/session.h>

#include "client/session.h"

static const char *const want_names[] = {
    [TIGRESS_WANT_HTTP] = "WANT_HTTP",   [TIGRESS_WANT_WAIT] = "WANT_WAIT",
    [TIGRESS_WANT_INPUT] = "WANT_INPUT", [TIGRESS_DONE] = "DONE",
    [TIGRESS_FAILED] = "FAILED",
};

static const char *const input_names[] = {
    [TIGRESS_INPUT_NONE] = "INPUT_NONE",
    [TIGRESS_INPUT_INTENT] = "INPUT_INTENT",
    [TIGRESS_INPUT_CREATED] = "INPUT_CREATED",
    [TIGRESS_INPUT_SECRET] = "INPUT_SECRET",
    [TIGRESS_INPUT_PREVIEW] = "INPUT_PREVIEW",
    [TIGRESS_INPUT_MESSAGE] = "INPUT_MESSAGE",
    [TIGRESS_INPUT_SENT] = "INPUT_SENT",
    [TIGRESS_INPUT_UNCHANGED] = "INPUT_UNCHANGED",
    [TIGRESS_INPUT_ATTESTATION] = "INPUT_ATTESTATION",
    [TIGRESS_INPUT_PRIVATE_TOKEN] = "INPUT_PRIVATE_TOKEN",
};

static const char *const state_names[TG_S_COUNT] = {
    [TG_S_INTENT] = "INTENT",
    [TG_S_CREATE] = "CREATE",
    [TG_S_CREATED] = "CREATED",
    [TG_S_CHECK] = "CHECK",
    [TG_S_SECRET] = "SECRET",
    [TG_S_PREVIEW] = "PREVIEW",
    [TG_S_PREVIEWED] = "PREVIEWED",
    [TG_S_CLAIM] = "CLAIM",
    [TG_S_READ] = "READ",
    [TG_S_MESSAGE] = "MESSAGE",
    [TG_S_UNCHANGED] = "UNCHANGED",
    [TG_S_SEND] = "SEND",
    [TG_S_SENT] = "SENT",
    [TG_S_DELETE] = "DELETE",
    [TG_S_RELINQUISH] = "RELINQUISH",
    [TG_S_DONE] = "DONE",
    [TG_S_FAILED] = "FAILED",
    [TG_S_ATTEST] = "ATTESTATION",
    [TG_S_TOKEN] = "PRIVATE_TOKEN",
};

static const char *name_at(const char *const *names, size_t count, unsigned value)
{
    return value < count && names[value] != NULL ? names[value] : "UNKNOWN";
}

const char *tigress_want_name(enum tigress_want want)
{
    return name_at(want_names, TG_COUNT(want_names), (unsigned)want);
}

const char *tigress_input_name(enum tigress_input input)
{
    return name_at(input_names, TG_COUNT(input_names), (unsigned)input);
}

const char *tigress_session_state_name(const struct tigress_session *s)
{
    return name_at(state_names, TG_COUNT(state_names), s == NULL ? 0 : (unsigned)s->state);
}
