/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/alert.h"

#include "cli/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 160

static void run_command(struct ui *ui, const char *command, const struct transfer *t,
                        const char *found)
{
    const char *const argv[] = { "sh", "-c", command, NULL };
    int code = -1;

    if (setenv("TIGRESS_ID", t->id, 1) == 0 &&
        setenv("TIGRESS_ROLE", transfer_role_name(t->role), 1) == 0 &&
        setenv("TIGRESS_STATUS", transfer_status_name(t->status), 1) == 0 &&
        setenv("TIGRESS_FOUND", found, 1) == 0) {
        (void)fflush(NULL);
        code = program_run(argv, NULL, true);
    }
    if (code != 0) {
        ui_info(ui, "the command of --exec ended with %d.", code);
    }
}

static void notify(struct ui *ui, const struct transfer *t, const char *found)
{
    static const char *const sentences[][2] = {
        { "opened", "A device has opened the transfer" },
        { "changed", "A message has arrived in the transfer" },
        { "sent", "What you share was sent in the transfer" },
        { "completed", "This transfer is completed:" },
    };
    const char *sentence = "This transfer has ended:";
    char text[TEXT_MAX];
    const char *const argv[] = { "notify-send", "Tigress", text, NULL };

    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (strcmp(sentences[i][0], found) == 0) {
            sentence = sentences[i][1];
        }
    }
    snprintf(text, sizeof(text), "%s %.8s", sentence, t->id);
    if (program_run(argv, NULL, false) != 0) {
        ui_info(ui, "no notification was shown: notify-send is missing or failed.");
    }
}

void alert_send(struct ui *ui, const struct cli_args *args, const struct transfer *t,
                const char *found)
{
    if (args->value[OPT_EXEC] != NULL) {
        run_command(ui, args->value[OPT_EXEC], t, found);
    }
    if (args->value[OPT_DESKTOP] != NULL) {
        notify(ui, t, found);
    }
}
