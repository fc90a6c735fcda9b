/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_inspect.h"

#include "cli/invitation.h"
#include "cli/mem.h"
#include "cli/preview.h"
#include "cli/qr.h"
#include "cli/relays.h"
#include "cli/ui_error.h"

#include <string.h>

static const char *vertical_name(const char *value)
{
    static const char *const names[][2] = { { "", "general" },
                                            { TIGRESS_VERTICAL_GENERAL, "general" },
                                            { TIGRESS_VERTICAL_HOME, "home" },
                                            { TIGRESS_VERTICAL_CAR, "car" } };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i][0], value) == 0) {
            return names[i][1];
        }
    }
    return value;
}

static enum cli_exit print_preview(struct ui *ui, const struct flow *f,
                                   const struct invitation_in *in, const struct cli_args *args)
{
    const struct tigress_session *s = f->session;
    const char *vertical = vertical_name(tigress_share_url_vertical(in->parts));
    int is_exposed = tigress_share_url_was_exposed(in->parts);
    char expires[UI_TIME_MAX];
    char *qr = NULL;
    enum cli_exit exit = CLI_OK;

    ui_time(expires, tigress_session_expires_at_s(s));
    ui_print_foreign(ui, "Title:       ", tigress_session_title(s));
    ui_print_foreign(ui, "Description: ", tigress_session_description(s));
    ui_print_foreign(ui, "Image:       ", tigress_session_image_url(s));
    ui_print(ui, "Expires:     %s\nRelay:       %s, port %u\nTransfer:    %s\nVertical:    %s\n",
             expires, tigress_share_url_host(in->parts), tigress_share_url_port(in->parts), in->id,
             vertical);
    ui_print(ui, "Secret:      %s\n",
             is_exposed       ? "in the link; servers have seen it"
             : in->has_secret ? "in the link"
                              : "not in the link");
    ui_print(ui, "%s\n",
             tigress_session_opened(s) == TIGRESS_OPENED_YES
                 ? "Another device has opened this invitation, and only that device can receive "
                   "it. If it is not yours, ask the sender."
                 : "The link is valid and its transfer is open. It was not accepted.");
    if (args->value[OPT_QR] != NULL) {
        exit = qr_draw(ui, in->url, &qr);
    }
    if (exit == CLI_OK) {
        ui_print(ui, "%s", qr == NULL ? "" : qr);
        exit = ui_result_take(
            ui, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:b, s:s*}", "id",
                          in->id, "opened", transfer_opened_name(tigress_session_opened(s)),
                          "title", tigress_session_title(s), "description",
                          tigress_session_description(s), "image", tigress_session_image_url(s),
                          "expires", expires, "relay", tigress_share_url_host(in->parts), "port",
                          (int)tigress_share_url_port(in->parts), "vertical", vertical,
                          "has_secret", in->has_secret, "secret_exposed", is_exposed, "qr", qr));
    }
    cli_free(qr);
    return exit;
}

enum cli_exit cmd_inspect(struct ui *ui, const struct cli_args *args)
{
    struct invitation_in in = { 0 };
    struct flow f = { 0 };
    enum cli_exit exit = flow_cacert(ui, args, &in.cacert);

    if (exit == CLI_OK) {
        exit = invitation_read(ui, &in, args);
    }
    if (exit == CLI_OK) {
        exit = relays_permit(ui, args, &in);
    }
    if (exit == CLI_OK) {
        exit = preview_begin(ui, &f, in.parts, in.cacert);
    }
    if (exit == CLI_OK) {
        exit = flow_run(&f, 0);
    }
    if (exit == CLI_OK) {
        exit = print_preview(ui, &f, &in, args);
    }
    flow_end(&f);
    invitation_wipe(&in);
    return exit;
}
