/* SPDX-License-Identifier: Apache-2.0 */
/* Names for logs, and sentences about ends. */
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
    [TIGRESS_INPUT_OPENED] = "INPUT_OPENED",
    [TIGRESS_INPUT_KEY] = "INPUT_KEY",
    [TIGRESS_INPUT_PIN] = "INPUT_PIN",
};

static const char *const end_names[] = {
    [TIGRESS_END_NONE] = "END_NONE",
    [TIGRESS_END_COMPLETED] = "END_COMPLETED",
    [TIGRESS_END_DECLINED] = "END_DECLINED",
    [TIGRESS_END_CANCELLED] = "END_CANCELLED",
    [TIGRESS_END_WITHDRAWN] = "END_WITHDRAWN",
    [TIGRESS_END_WITHDRAWN_OPENED] = "END_WITHDRAWN_OPENED",
    [TIGRESS_END_UNCONFIRMED] = "END_UNCONFIRMED",
    [TIGRESS_END_EXPIRED] = "END_EXPIRED",
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
    [TG_S_OPENED] = "OPENED",
    [TG_S_SEND] = "SEND",
    [TG_S_SENT] = "SENT",
    [TG_S_DELETE] = "DELETE",
    [TG_S_RELINQUISH] = "RELINQUISH",
    [TG_S_DONE] = "DONE",
    [TG_S_FAILED] = "FAILED",
    [TG_S_ATTEST] = "ATTESTATION",
    [TG_S_TOKEN] = "PRIVATE_TOKEN",
    [TG_S_KEY] = "KEY",
    [TG_S_PIN] = "PIN",
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

const char *tigress_end_name(enum tigress_end end)
{
    return name_at(end_names, TG_COUNT(end_names), (unsigned)end);
}

/* clang-format off */
static const struct {
    enum tigress_end end;
    enum tigress_proof proof;
    const char *text;
} end_texts[] = {
    { TIGRESS_END_COMPLETED, TIGRESS_PROOF_OWN, "This side completed the transfer." },
    { TIGRESS_END_COMPLETED, TIGRESS_PROOF_LINK,
      "A holder of the link says that the transfer is completed. Everybody who has the link can say "
      "so: it does not prove that the intended device has the credential." },
    { TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE,
      "The other side completed the transfer, and its end note proves it." },
    { TIGRESS_END_DECLINED, TIGRESS_PROOF_OWN, "This side declined the transfer." },
    { TIGRESS_END_DECLINED, TIGRESS_PROOF_LINK,
      "A holder of the link declined the transfer. Everybody who has the link can say so." },
    { TIGRESS_END_DECLINED, TIGRESS_PROOF_DEVICE,
      "The receiver declined the transfer, and its end note proves it." },
    { TIGRESS_END_CANCELLED, TIGRESS_PROOF_LINK,
      "The sender cancelled the transfer, by the word of somebody who has the link." },
    { TIGRESS_END_CANCELLED, TIGRESS_PROOF_DEVICE,
      "The sender cancelled the transfer, and its end note proves it." },
    { TIGRESS_END_WITHDRAWN, TIGRESS_PROOF_OWN,
      "The transfer is withdrawn. The relay reports that no device had opened it." },
    { TIGRESS_END_WITHDRAWN_OPENED, TIGRESS_PROOF_OWN,
      "The transfer is withdrawn, but a device had opened it, or may have: it may have used what it "
      "read." },
    { TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE,
      "Ended, not confirmed: the relay reports that the transfer has ended, and nothing proves how." },
    { TIGRESS_END_EXPIRED, TIGRESS_PROOF_NONE,
      "The relay reports that the transfer has expired." },
};
/* clang-format on */

const char *tigress_end_text(enum tigress_end end, enum tigress_proof proof)
{
    for (size_t i = 0; i < TG_COUNT(end_texts); i++) {
        if (end_texts[i].end == end && end_texts[i].proof == proof) {
            return end_texts[i].text;
        }
    }
    return "";
}

const char *tigress_session_state_name(const struct tigress_session *s)
{
    return name_at(state_names, TG_COUNT(state_names), s == NULL ? 0 : (unsigned)s->state);
}
