/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui_error.h"

#include <ctype.h>
#include <string.h>

/* Errors whose exit code is not the one of their class. */
static const struct {
    enum tigress_error error;
    enum cli_exit exit;
    const char *code; /* NULL: the error's name */
} exceptions[] = {
    { TIGRESS_E_STATE, CLI_REFUSED, NULL },
    { TIGRESS_E_SAVED_STATE, CLI_REFUSED, NULL },
    { TIGRESS_E_DECRYPT, CLI_REFUSED, NULL },
    { TIGRESS_E_BAD_MESSAGE, CLI_REFUSED, NULL },
    { TIGRESS_E_TAMPERED, CLI_REFUSED, NULL },
    { TIGRESS_E_OVERSIZE, CLI_REFUSED, NULL },
    { TIGRESS_E_NO_V2, CLI_REFUSED, NULL },
    { TIGRESS_E_NO_PAKE, CLI_REFUSED, NULL },
    { TIGRESS_E_DAMAGED, CLI_REFUSED, NULL },
    { TIGRESS_E_ALGORITHM, CLI_REFUSED, NULL },
    { TIGRESS_E_NOMEM, CLI_REFUSED, NULL },
    { TIGRESS_E_RANDOM, CLI_REFUSED, NULL },
    { TIGRESS_E_COMPLETED, CLI_COMPLETED, NULL },
    { TIGRESS_E_DECLINED, CLI_DECLINED, NULL },
    { TIGRESS_E_WITHDRAWN, CLI_CANCELLED, "cancelled" }, /* what the end note says */
    { TIGRESS_E_UNCONFIRMED, CLI_UNCONFIRMED, NULL },
    { TIGRESS_E_EXPIRED, CLI_EXPIRED, NULL },
};

static enum cli_exit exit_of(enum tigress_error error)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        if (error == exceptions[i].error) {
            return exceptions[i].exit;
        }
    }
    switch (tigress_error_class(error)) {
    case TIGRESS_CLASS_CALLER:
        return CLI_USAGE;
    case TIGRESS_CLASS_ENDED:
        return CLI_GONE;
    case TIGRESS_CLASS_RETRY:
        return CLI_NETWORK;
    case TIGRESS_CLASS_NONE:
    case TIGRESS_CLASS_REFUSED:
    case TIGRESS_CLASS_FAULT:
        break;
    }
    return CLI_REFUSED;
}

/* "E_NOT_ALLOWED" as "not-allowed". */
static void code_of(char *out, size_t cap, enum tigress_error error)
{
    const char *name = tigress_error_name(error);
    size_t used = 0;

    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        if (error == exceptions[i].error && exceptions[i].code != NULL) {
            name = exceptions[i].code;
        }
    }
    for (name += strncmp(name, "E_", 2) == 0 ? 2 : 0; *name != '\0' && used + 1 < cap; name++) {
        out[used++] = (char)(*name == '_' ? '-' : tolower((unsigned char)*name));
    }
    out[used] = '\0';
}

/* The library's sentences may lack a full stop. */
static const char *stop_of(const char *sentence)
{
    size_t len = strlen(sentence);

    return len > 0 && strchr(".!?", sentence[len - 1]) != NULL ? "" : ".";
}

enum cli_exit ui_error_more(struct ui *ui, enum tigress_error error, const char *why,
                            const char *detail, const char *hint)
{
    char code[32];

    if (why == NULL || why[0] == '\0') {
        why = tigress_error_text(error);
    }
    code_of(code, sizeof(code), error);
    return ui_fail(ui, exit_of(error), code, "%s%s%s%s%s%s%s", why, stop_of(why),
                   detail[0] == '\0' ? "" : " The relay reports: ", detail,
                   detail[0] == '\0' ? "" : stop_of(detail), hint[0] == '\0' ? "" : " ", hint);
}

enum cli_exit ui_error(struct ui *ui, enum tigress_error error, const char *why)
{
    return ui_error_more(ui, error, why, "", "");
}
