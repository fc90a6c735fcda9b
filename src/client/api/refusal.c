/* SPDX-License-Identifier: Apache-2.0 */
#include "client/api/refusal.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

void tg_refusal_clear(struct tigress_session *s)
{
    s->failure.refusal.text[0] = '\0';
}

enum tigress_error tg_refusal_set(struct tigress_session *s, enum tigress_error error,
                                  const char *fmt, ...)
{
    va_list args;

    if (s->failure.refusal.text[0] == '\0') {
        va_start(args, fmt);
        (void)vsnprintf(s->failure.refusal.text, sizeof(s->failure.refusal.text), fmt, args);
        va_end(args);
    }
    return error;
}

enum tigress_error tg_refusal_end(struct tigress_session *s, enum tigress_error error)
{
    return error == TIGRESS_OK ? error : tg_refusal_set(s, error, "%s", tigress_error_text(error));
}

enum tigress_error tg_refusal_check_text(struct tigress_session *s, const char *name,
                                         struct tg_bytes text, size_t min, size_t max)
{
    if (text.len > max) {
        return tg_refusal_set(s, TIGRESS_E_LIMIT, "%s: expected at most %zu bytes", name, max);
    }
    if (text.len < min) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT, "%s: expected %zu to %zu bytes", name, min,
                              max);
    }
    if (!tg_utf8_is_valid(text)) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT, "%s: expected UTF-8", name);
    }
    return TIGRESS_OK;
}

enum tigress_error tg_refusal_may_set(struct tigress_session *s, unsigned roles, const char *name)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if ((roles & (unsigned)s->role) == 0) {
        return tg_refusal_set(s, TIGRESS_E_STATE, "%s: only %s has this setting", name,
                              roles == TIGRESS_INITIATOR ? "an initiator" : "a recipient");
    }
    return s->settings.is_closed
               ? tg_refusal_set(s, TIGRESS_E_STATE,
                                "%s: expected before the first tigress_session_step()", name)
               : TIGRESS_OK;
}
