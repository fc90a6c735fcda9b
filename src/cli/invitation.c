/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/invitation.h"

#include "cli/io.h"
#include "cli/mem.h"
#include "cli/ui_error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static enum cli_exit take_text(struct ui *ui, struct invitation_in *in, const char *word)
{
    struct io_bytes line = { 0 };
    enum cli_exit exit;

    if (strcmp(word, "-") == 0) {
        exit = io_read_line(ui, &line, word, "the link", TIGRESS_SHARE_URL_MAX + 16);
        in->url = line.data;
        return exit;
    }
    if (strchr(word, '#') != NULL) {
        ui_info(ui, "warning: the secret of this link was on the command line, where other users "
                    "of this machine and the shell's history can see it; use - and give the link "
                    "on standard input instead.");
    }
    in->url = cli_strdup(word);
    return in->url != NULL ? CLI_OK : ui_error(ui, TIGRESS_E_NOMEM, NULL);
}

enum cli_exit invitation_read(struct ui *ui, struct invitation_in *in, const struct cli_args *args)
{
    char why[TIGRESS_TEXT_MAX] = "";
    enum tigress_error error;
    enum cli_exit exit = take_text(ui, in, args->position[0]);

    if (exit != CLI_OK) {
        return exit;
    }
    error = tigress_share_url_parse(&in->parts, in->url, why, sizeof(why));
    if (error != TIGRESS_OK) {
        return ui_error(ui, error, why);
    }
    if (args->allow_count > 0 &&
        !tigress_share_url_is_relay_allowed(in->parts, args->allow, args->allow_count)) {
        return ui_fail(ui, CLI_REFUSED, "not-allowed",
                       "the relay of this link is %s:%u, which --allow-relay does not allow; "
                       "nothing was sent.",
                       tigress_share_url_host(in->parts), tigress_share_url_port(in->parts));
    }
    in->has_secret = tigress_share_url_has_secret(in->parts) != 0;
    snprintf(in->id, sizeof(in->id), "%s", tigress_share_url_mailbox_id(in->parts));
    for (char *c = in->id; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return CLI_OK;
}

void invitation_wipe(struct invitation_in *in)
{
    tigress_share_url_free(&in->parts);
    cli_free(in->url);
    cli_free(in->secret);
    cli_free(in->cacert);
    *in = (struct invitation_in){ 0 };
}
