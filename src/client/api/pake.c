/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/pake.h>

#include "client/api/pin.h"
#include "client/api/refusal.h"
#include "client/pake.h"
#include "client/text.h"
#include "wire/pake.h"

int tigress_pake_is_built(void)
{
    return tg_cpace_is_built() ? 1 : 0;
}

/* spec: protocol/7#pake-component */
static enum tigress_error may_use(struct tigress_session *s, unsigned roles, const char *name)
{
    enum tigress_error error = tg_refusal_may_set(s, roles, name);

    if (error != TIGRESS_OK) {
        return error;
    }
    if (!tg_cpace_is_built()) {
        return tg_refusal_set(s, TIGRESS_E_UNSUPPORTED,
                              "%s: this build of the library does not have the component for it "
                              "(libsodium)",
                              name);
    }
    return s->v2.is_disabled
               ? tg_refusal_set(s, TIGRESS_E_STATE, "%s: envelope v2 is disabled", name)
               : TIGRESS_OK;
}

enum tigress_error tigress_session_set_pake_pin(struct tigress_session *s, const char *pin)
{
    enum tigress_error error = may_use(s, TIGRESS_INITIATOR, "PIN");
    struct tg_bytes digits = tg_text_view(pin, TIGRESS_PIN_DIGITS_MAX);

    if (error != TIGRESS_OK) {
        return error;
    }
    if (pin == NULL || !tg_pin_is_digits(digits) || tg_secret_set(&s->pake.pin, digits) != TG_OK) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT, "PIN: expected %u to %u digits",
                              TIGRESS_PIN_DIGITS_MIN, TIGRESS_PIN_DIGITS_MAX);
    }
    s->v2.is_required = true;
    return TIGRESS_OK;
}

enum tigress_error tigress_session_set_pake_use(struct tigress_session *s,
                                                enum tigress_pake_use use)
{
    enum tigress_error error = may_use(s, TIGRESS_RECIPIENT, "use of a PIN");

    if (error != TIGRESS_OK) {
        return error;
    }
    if (use != TIGRESS_PAKE_REFUSED && use != TIGRESS_PAKE_ALLOWED &&
        use != TIGRESS_PAKE_REQUIRED) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "use of a PIN: expected a value of enum tigress_pake_use, 0 to 2, "
                              "got %u",
                              (unsigned)use);
    }
    s->pake.use = use;
    s->v2.is_required = s->v2.is_required || use == TIGRESS_PAKE_REQUIRED;
    return TIGRESS_OK;
}

enum tigress_pake tigress_session_pake(const struct tigress_session *s)
{
    if (s == NULL) {
        return TIGRESS_PAKE_NONE;
    }
    switch (s->chain.pake.stage) {
    case TG_PAKE_UNUSED:
        return s->role == TIGRESS_INITIATOR && s->pake.pin.len > 0 ? TIGRESS_PAKE_OPEN
                                                                   : TIGRESS_PAKE_NONE;
    case TG_PAKE_OFFERED:
    case TG_PAKE_AGREED:
    case TG_PAKE_ASKED:
    case TG_PAKE_ANSWERED:
        return TIGRESS_PAKE_OPEN;
    case TG_PAKE_VERIFIED:
    case TG_PAKE_PROVED:
        return TIGRESS_PAKE_PROVED;
    case TG_PAKE_DEAD:
        return TIGRESS_PAKE_FAILED;
    }
    return TIGRESS_PAKE_NONE;
}

unsigned tigress_session_pake_tries_left(const struct tigress_session *s)
{
    return tigress_session_pake(s) == TIGRESS_PAKE_NONE ? 0
                                                        : TG_PAKE_TRIES_MAX - s->chain.pake.tries;
}
