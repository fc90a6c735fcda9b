/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/standing_attest.h"

#include "base/mem.h"
#include "relay/exchange.h"

/* spec: protocol/6#report */
bool tg_standing_is_report(const struct tg_exchange *ex)
{
    return ex->relay->config->standing->attestation == TG_STANDING_REPORT;
}

void tg_standing_report_as(struct tg_exchange *ex, enum tg_standing_scheme scheme,
                           enum tg_standing_step step, bool is_only_reported)
{
    const struct tg_relay_hooks *hooks = ex->relay->hooks;
    const struct tg_attest_verdict *verdict = &ex->standing->attest;
    struct tg_standing_report judged = { .scheme = scheme,
                                         .step = step,
                                         .is_only_reported = is_only_reported };

    if (scheme == TG_STANDING_ATTESTATION) {
        judged.has_format = verdict->has_format;
        judged.format = verdict->format;
    }
    if (hooks != NULL && hooks->judged != NULL) {
        hooks->judged(hooks->ctx, &judged);
    }
}

void tg_standing_report_step(struct tg_exchange *ex, enum tg_standing_scheme scheme,
                             enum tg_standing_step step)
{
    tg_standing_report_as(ex, scheme, step, false);
}

/* Other texts cannot be sent to the verifier. */
static bool is_visible(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

enum tg_err tg_standing_take_attestation(struct tg_standing_case *c,
                                         const struct tg_standing *standing,
                                         const struct tg_request_headers *headers)
{
    enum tg_err err = TG_OK;

    c->has_attestation = headers->attestation_presence == TG_PRESENT;
    if (!c->has_attestation) {
        return TG_OK;
    }
    err = tg_attestation_decode(&c->object, headers->attestation);
    c->attestation_step = err == TG_OK ? TG_STANDING_OK : TG_STANDING_ENCODING;
    if (err == TG_OK) {
        err = standing->is_known(&c->is_known, tg_buf_view(&c->object));
    }
    if (err == TG_E_NOMEM) {
        return err;
    }
    if (!c->is_known && standing->has_verifier && is_visible(headers->attestation)) {
        tg_buf_append(&c->text, headers->attestation);
        return tg_buf_status(&c->text) == TG_E_NOMEM ? TG_E_NOMEM : TG_OK;
    }
    return TG_OK;
}

/* The rest is judged as if no attestation had been sent. */
static void leave_out(struct tg_exchange *ex)
{
    ex->standing->has_attestation = false;
    ex->standing->attestation_step = TG_STANDING_OK;
}

/* Nobody here knows the form. Required, it is refused at the step that finds it; reported, it would
   be. spec: protocol/6#unknown-form */
void tg_standing_leave_out_unknown(struct tg_exchange *ex)
{
    tg_standing_report_step(ex, TG_STANDING_ATTESTATION, TG_STANDING_UNKNOWN);
    if (tg_standing_is_report(ex)) {
        tg_standing_report_as(ex, TG_STANDING_ATTESTATION, TG_STANDING_UNKNOWN, true);
    }
    leave_out(ex);
}

void tg_standing_look_at_form(struct tg_exchange *ex, bool must_prove)
{
    const struct tg_standing *standing = ex->relay->config->standing;
    const struct tg_standing_case *c = ex->standing;

    if (c->has_attestation && !c->is_known && c->text.len == 0 &&
        standing->attestation != TG_STANDING_REQUIRED) {
        tg_standing_leave_out_unknown(ex);
    } else if (!c->has_attestation && !c->has_token && tg_standing_is_report(ex) &&
               ex->route.call == TG_CALL_CREATE && !must_prove) {
        tg_standing_report_as(ex, TG_STANDING_NO_SCHEME, TG_STANDING_MISSING, true);
    }
}

static enum tg_standing_step step_of_attestation(enum tg_attest_step step)
{
    static const enum tg_standing_step found[TG_ATTEST_STEP_COUNT] = {
        [TG_ATTEST_OK] = TG_STANDING_OK,
        [TG_ATTEST_STEP_ENCODING] = TG_STANDING_ENCODING,
        [TG_ATTEST_STEP_FORMAT] = TG_STANDING_FORMAT,
        [TG_ATTEST_STEP_CHALLENGE] = TG_STANDING_CHALLENGE,
        [TG_ATTEST_STEP_CHAIN] = TG_STANDING_CHAIN,
        [TG_ATTEST_STEP_SIGNATURE] = TG_STANDING_SIGNATURE,
        [TG_ATTEST_STEP_POLICY] = TG_STANDING_POLICY,
        [TG_ATTEST_STEP_INTERNAL] = TG_STANDING_INTERNAL,
    };

    return (unsigned)step < TG_ATTEST_STEP_COUNT ? found[step] : TG_STANDING_INTERNAL;
}

void tg_standing_verify(struct tg_standing_case *c)
{
    const struct tg_standing *standing = c->settings;
    struct tg_attest_verdict other;

    standing->verify(&c->attest, standing->policy, tg_buf_view(&c->object), c->challenge,
                     c->now.low_s);
    if (!tg_moment_is_sure(&c->now)) {
        standing->verify(&other, standing->policy, tg_buf_view(&c->object), c->challenge,
                         c->now.high_s);
        c->attest.step = other.step == c->attest.step ? other.step : TG_ATTEST_STEP_INTERNAL;
        tg_mem_wipe(&other, sizeof(other));
    }
    c->attestation_step = step_of_attestation(c->attest.step);
}

/* Counts what was found and what would have been refused; then it counts for nothing. */
void tg_standing_take_report(struct tg_exchange *ex)
{
    struct tg_standing_case *c = ex->standing;
    bool is_weak =
        c->attestation_step == TG_STANDING_OK && c->attest.strength != TG_ATTEST_PROVES_DEVICE;
    enum tg_standing_step step = is_weak ? TG_STANDING_STRENGTH : c->attestation_step;
    bool is_enough = is_weak && (c->has_token || ex->route.call != TG_CALL_CREATE);

    tg_standing_report_step(ex, TG_STANDING_ATTESTATION, step);
    if (step != TG_STANDING_OK && !is_enough) {
        tg_standing_report_as(ex, TG_STANDING_ATTESTATION, step, true);
    }
    leave_out(ex);
}

/* spec: protocol/6#operators-verifier */
enum tg_standing_step tg_standing_step_of_answer(const struct tg_standing *standing,
                                                 const struct tg_ask_answer *answer)
{
    switch (answer->verdict) {
    case TG_ASK_FAILED:
        return TG_STANDING_INTERNAL;
    case TG_ASK_VALID:
        return answer->is_user_verified || !standing->needs_user ? TG_STANDING_OK
                                                                 : TG_STANDING_POLICY;
    case TG_ASK_INVALID:
        return TG_STANDING_VERIFIER;
    case TG_ASK_UNKNOWN:
        return TG_STANDING_FORMAT;
    }
    return TG_STANDING_INTERNAL;
}

bool tg_standing_gives_up(struct tg_exchange *ex)
{
    ex->standing->attestation_step = TG_STANDING_INTERNAL;
    return tg_standing_is_report(ex);
}
