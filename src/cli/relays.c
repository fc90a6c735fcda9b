/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/relays.h"

#include "cli/settings.h"

#include <stdio.h>
#include <string.h>

#define QUESTION_MAX 512
#define HTTPS_PORT 443u
#define ANY_ID "00000000-0000-4000-8000-000000000000"

static void write_name(char name[RELAYS_NAME_MAX], const struct tigress_share_url *parts)
{
    unsigned port = tigress_share_url_port(parts);

    if (port == HTTPS_PORT) {
        snprintf(name, RELAYS_NAME_MAX, "%s", tigress_share_url_host(parts));
    } else {
        snprintf(name, RELAYS_NAME_MAX, "%s:%u", tigress_share_url_host(parts), port);
    }
}

enum cli_exit relays_name(struct ui *ui, char name[RELAYS_NAME_MAX], const char *text)
{
    char url[TIGRESS_SHARE_URL_MAX], why[TIGRESS_TEXT_MAX] = "";
    struct tigress_share_url *parts = NULL;
    bool has_scheme = strstr(text, "://") != NULL;
    int len = snprintf(url, sizeof(url), "%s%s", has_scheme ? "" : "https://", text);

    if (len >= (int)sizeof(url) || strncmp(url, "http", 4) != 0 ||
        tigress_share_url_new(&parts, url, ANY_ID, NULL, NULL, why, sizeof(why)) != TIGRESS_OK) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "this is not a relay: expected HOST or HOST:PORT, as in a link.");
    }
    write_name(name, parts);
    tigress_share_url_free(&parts);
    return CLI_OK;
}

static bool is_allowed(const struct cli_args *args, const struct tigress_share_url *parts)
{
    static const struct settings none = { 0 };
    const struct settings *s = args->settings == NULL ? &none : args->settings;
    const char *own = options_value_or_env(args, OPT_RELAY, "TIGRESS_RELAY");
    char name[RELAYS_NAME_MAX];
    const char *names[] = { name };
    struct ui quiet = { .is_silent = true };

    if (args->allow_count > 0) {
        return true; /* invitation_read() has compared it */
    }
    if (tigress_share_url_is_relay_allowed(parts, (const char *const *)s->allow, s->allow_count)) {
        return true;
    }
    return own != NULL && relays_name(&quiet, name, own) == CLI_OK &&
           tigress_share_url_is_relay_allowed(parts, names, 1);
}

enum cli_exit relays_permit(struct ui *ui, const struct cli_args *args,
                            const struct invitation_in *in)
{
    char name[RELAYS_NAME_MAX], question[QUESTION_MAX];

    if (strncmp(in->url, "tigress-direct:", 15) == 0 || is_allowed(args, in->parts)) {
        return CLI_OK;
    }
    write_name(name, in->parts);
    snprintf(question, sizeof(question),
             "The link names the relay %s, which is new to you.\nIt sees your network address, and "
             "when you open the link.\nUse this relay, also for later links?",
             name);
    switch (ui_ask(ui, question)) {
    case UI_YES:
        if (args->settings != NULL && settings_add_relay(ui, args->settings, name) != CLI_OK) {
            ui_info(ui, "the relay is used this time, and will be asked for again.");
        }
        return CLI_OK;
    case UI_NO:
        return ui_fail(ui, CLI_REFUSED, "not-allowed",
                       "nothing was sent: you did not allow the relay %s.", name);
    case UI_NO_TERMINAL:
        break;
    }
    return ui_fail(
        ui, CLI_USAGE, "unknown-relay",
        "nothing was sent: the link names the relay %s, which is new to you, and there is "
        "no terminal to ask. 'tigress relays add %s' allows it, --allow-relay %s once.",
        name, name, name);
}
