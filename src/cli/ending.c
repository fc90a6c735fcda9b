/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ending.h"

static const struct {
    enum tigress_end end; /* of the library */
    enum cli_exit exit;
    const char *text; /* NULL: the library's */
} ends[] = {
    [TRANSFER_PENDING] = { TIGRESS_END_NONE, CLI_REFUSED, NULL },
    [TRANSFER_ACTIVE] = { TIGRESS_END_NONE, CLI_REFUSED, NULL },
    [TRANSFER_COMPLETED] = { TIGRESS_END_COMPLETED, CLI_COMPLETED, NULL },
    [TRANSFER_DECLINED] = { TIGRESS_END_DECLINED, CLI_DECLINED, NULL },
    [TRANSFER_CANCELLED] = { TIGRESS_END_CANCELLED, CLI_CANCELLED, NULL },
    [TRANSFER_WITHDRAWN] = { TIGRESS_END_WITHDRAWN, CLI_WITHDRAWN, NULL },
    [TRANSFER_WITHDRAWN_OPENED] = { TIGRESS_END_WITHDRAWN_OPENED, CLI_OPENED, NULL },
    [TRANSFER_UNCONFIRMED] = { TIGRESS_END_UNCONFIRMED, CLI_UNCONFIRMED, NULL },
    [TRANSFER_EXPIRED] = { TIGRESS_END_EXPIRED, CLI_EXPIRED, "The transfer has expired." },
    [TRANSFER_RELINQUISHED] = { TIGRESS_END_NONE, CLI_REFUSED,
                                "You gave the transfer back; another device can accept it." },
    [TRANSFER_GONE] = { TIGRESS_END_NONE, CLI_GONE, "The relay does not know the transfer." },
};
#define ENDS_LEN (sizeof(ends) / sizeof(ends[0]))

static enum transfer_status status_of(enum tigress_end end)
{
    for (size_t i = 0; i < ENDS_LEN; i++) {
        if (end != TIGRESS_END_NONE && ends[i].end == end) {
            return (enum transfer_status)i;
        }
    }
    return TRANSFER_GONE;
}

enum cli_exit ending_keep(struct ui *ui, struct transfer *t, const struct tigress_session *s)
{
    t->proof = tigress_session_end_proof(s);
    t->opened = tigress_session_opened(s);
    return state_end(ui, t, status_of(tigress_session_end(s)));
}

enum cli_exit ending_report(struct ui *ui, struct transfer *t, const struct tigress_session *s)
{
    enum cli_exit exit = ending_keep(ui, t, s);

    if (exit == CLI_OK) {
        ui_say(ui, "%s: %s", t->id, ending_text(t));
        exit = ui_result_take(ui, transfer_describe(t));
    }
    /* A script that withdraws must not go on as if nobody had seen the credential. */
    return exit == CLI_OK && t->status == TRANSFER_WITHDRAWN_OPENED ? CLI_OPENED : exit;
}

enum cli_exit ending_exit(enum transfer_status status)
{
    return ends[status].exit;
}

bool ending_is_exit(enum cli_exit exit)
{
    return exit >= CLI_GONE && exit <= CLI_EXPIRED;
}

const char *ending_text(const struct transfer *t)
{
    const char *text = ends[t->status].text;
    enum tigress_end end = ends[t->status].end;

    if (text == NULL) {
        text = tigress_end_text(end, t->proof);
    }
    return text[0] == '\0' && end != TIGRESS_END_NONE
               ? "An earlier version of this tool recorded this end; nothing proves it."
               : text;
}
