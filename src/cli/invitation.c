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
    struct io_bytes text = { 0 };
    enum cli_exit exit;

    if (strcmp(word, "-") == 0) {
        exit = io_read_text(ui, &text, word, "the link", TIGRESS_LINK_TEXT_MAX - 1);
        in->text = text.data;
    } else {
        exit = CLI_OK;
        in->text = cli_strdup(word);
    }
    if (exit == CLI_OK && in->text == NULL) {
        in->text = cli_strdup("");
    }
    return exit != CLI_OK || in->text != NULL ? exit : ui_error(ui, TIGRESS_E_NOMEM, NULL);
}

/* What the user must know about the link before anything is sent. */
static void warn(struct ui *ui, const struct invitation_in *in, bool is_argument)
{
    const char *repairs = tigress_share_url_repairs(in->parts);

    if (is_argument && in->has_secret) {
        ui_info(ui, "warning: the secret of this link was on the command line, where other users "
                    "of this machine and the shell's history can see it; use - and give the link "
                    "on standard input instead.");
    }
    if (repairs[0] != '\0') {
        ui_info(ui, "the link was not as it was sent, and was repaired: %s.", repairs);
    }
    if (tigress_share_url_was_exposed(in->parts)) {
        ui_info(ui, "warning: the secret of this link was exposed: it was where servers see it. "
                    "Their operators can read what is shared, and can take it first. Ask the "
                    "sender for a new link if you do not trust them.");
    }
}

static enum tigress_error take_url(struct invitation_in *in)
{
    in->url = cli_alloc(TIGRESS_SHARE_URL_MAX);
    return in->url == NULL ? TIGRESS_E_NOMEM
                           : tigress_share_url_format(in->parts, TIGRESS_FORM_HTTPS, in->url,
                                                      TIGRESS_SHARE_URL_MAX);
}

enum cli_exit invitation_read(struct ui *ui, struct invitation_in *in, const struct cli_args *args)
{
    char why[TIGRESS_TEXT_MAX] = "";
    enum tigress_error error;
    enum cli_exit exit = take_text(ui, in, args->position[0]);

    if (exit != CLI_OK) {
        return exit;
    }
    error = tigress_share_url_parse(&in->parts, in->text, why, sizeof(why));
    if (error == TIGRESS_OK) {
        error = take_url(in);
    }
    if (error != TIGRESS_OK) {
        return ui_error(ui, error, why);
    }
    in->has_secret = tigress_share_url_has_secret(in->parts) != 0;
    warn(ui, in, strcmp(args->position[0], "-") != 0);
    if (args->allow_count > 0 &&
        !tigress_share_url_is_relay_allowed(in->parts, args->allow, args->allow_count)) {
        return ui_fail(ui, CLI_REFUSED, "not-allowed",
                       "the relay of this link is %s:%u, which --allow-relay does not allow; "
                       "nothing was sent.",
                       tigress_share_url_host(in->parts), tigress_share_url_port(in->parts));
    }
    snprintf(in->id, sizeof(in->id), "%s", tigress_share_url_mailbox_id(in->parts));
    for (char *c = in->id; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return CLI_OK;
}

void invitation_wipe(struct invitation_in *in)
{
    tigress_share_url_free(&in->parts);
    cli_free(in->text);
    cli_free(in->url);
    cli_free(in->secret);
    cli_free(in->cacert);
    *in = (struct invitation_in){ 0 };
}
