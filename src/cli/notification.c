/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notification.h"

#include "cli/mem.h"
#include "cli/ui_error.h"

#include <string.h>

enum cli_exit notification_set(struct ui *ui, struct tigress_session *s,
                               const struct cli_args *args)
{
    const char *value = args->value[OPT_NOTIFY];
    const char *colon = value == NULL ? NULL : strchr(value, ':');
    enum tigress_error error;
    char *type;

    if (value == NULL) {
        return args->value[OPT_NOTIFY_TOPIC] == NULL
                   ? CLI_OK
                   : ui_fail(ui, CLI_USAGE, "usage",
                             "--notify-topic: expected with --notify TYPE:DATA.");
    }
    type = colon == NULL ? NULL : cli_copy(value, (size_t)(colon - value));
    error = type == NULL ? TIGRESS_E_ARGUMENT
                         : tigress_session_set_notification_token_for(
                               s, type, args->value[OPT_NOTIFY_TOPIC], colon + 1);
    cli_free(type);
    if (error == TIGRESS_E_ARGUMENT || error == TIGRESS_E_LIMIT) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--notify: expected TYPE:DATA, with at most 128 bytes of type and 4096 "
                       "bytes of data, and "
                       "at most 255 bytes of --notify-topic.");
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(ui, error, NULL);
}
