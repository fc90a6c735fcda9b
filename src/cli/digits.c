/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/digits.h"

#include <stdio.h>

bool digits_of(char shown[DIGITS_SHOWN_MAX], const struct tigress_session *s)
{
    char digits[TIGRESS_SAS_TEXT_MAX] = "";

    shown[0] = '\0';
    if (tigress_session_sas(s, digits, sizeof(digits)) != TIGRESS_OK) {
        return false;
    }
    snprintf(shown, DIGITS_SHOWN_MAX, "%.3s %.3s", digits, digits + 3);
    return true;
}

void digits_add(json_t *result, const struct tigress_session *s)
{
    char digits[TIGRESS_SAS_TEXT_MAX] = "";

    if (result != NULL && tigress_session_sas(s, digits, sizeof(digits)) == TIGRESS_OK) {
        bool is_confirmed = tigress_session_sas_state(s) == TIGRESS_SAS_CONFIRMED;

        (void)json_object_set_new(result, "digits", json_string(digits));
        (void)json_object_set_new(result, "digitsState",
                                  json_string(is_confirmed ? "same" : "not-compared"));
    }
}

void digits_say(struct ui *ui, const struct tigress_session *s, const char *id)
{
    char shown[DIGITS_SHOWN_MAX];

    if (tigress_session_sas_state(s) != TIGRESS_SAS_READY || !digits_of(shown, s)) {
        return;
    }
    ui_info(ui,
            "digits %s: read them to the other person, by voice. They must see the same; otherwise "
            "somebody is in between and may have what was shared: do not use it.",
            shown);
    if (id != NULL) {
        ui_info(ui,
                "'tigress compare %.8s same' notes that they match; 'tigress compare %.8s "
                "different' ends the transfer.",
                id, id);
    }
}
