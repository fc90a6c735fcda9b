/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_relays.h"

#include "cli/relays.h"
#include "cli/settings.h"

#include <string.h>

static void list_one(struct ui *ui, json_t *array, const char *name, bool is_own)
{
    ui_print(ui, "%s%s\n", name, is_own ? "   (your own)" : "");
    (void)json_array_append_new(array, json_pack("{s:s, s:b}", "relay", name, "own", is_own));
}

static enum cli_exit list(struct ui *ui, const struct cli_args *args, const struct settings *s)
{
    const char *own = options_value_or_env(args, OPT_RELAY, "TIGRESS_RELAY");
    char name[RELAYS_NAME_MAX] = "";
    json_t *array = json_array();
    enum cli_exit exit = own == NULL ? CLI_OK : relays_name(ui, name, own);

    if (exit != CLI_OK) {
        json_decref(array);
        return exit;
    }
    if (name[0] != '\0') {
        list_one(ui, array, name, true);
    }
    for (size_t i = 0; i < s->allow_count; i++) {
        if (strcmp(s->allow[i], name) != 0) {
            list_one(ui, array, s->allow[i], false);
        }
    }
    if (json_array_size(array) == 0) {
        ui_say(ui, "No relay is allowed yet. The first link that names one asks.");
    }
    return ui_result_take(ui, json_pack("{s:o}", "relays", array));
}

static bool is_listed(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->allow_count; i++) {
        if (strcmp(s->allow[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static enum cli_exit change(struct ui *ui, const struct settings *s, const char *verb,
                            const char *text)
{
    bool is_add = strcmp(verb, "add") == 0;
    char name[RELAYS_NAME_MAX];
    enum cli_exit exit = relays_name(ui, name, text);

    if (exit == CLI_OK && !is_add && !is_listed(s, name)) {
        return ui_fail(ui, CLI_REFUSED, "unknown-relay",
                       "%s is not in the list; 'tigress relays' prints it.", name);
    }
    if (exit == CLI_OK) {
        exit = is_add ? settings_add_relay(ui, s, name) : settings_remove_relay(ui, s, name);
    }
    if (exit == CLI_OK) {
        ui_print(ui, is_add ? "Links may name %s.\n" : "Links may no longer name %s.\n", name);
        exit = ui_result_take(ui, json_pack("{s:s, s:b}", "relay", name, "allowed", is_add));
    }
    return exit;
}

enum cli_exit cmd_relays(struct ui *ui, const struct cli_args *args)
{
    const char *verb = args->position_count == 0 ? "list" : args->position[0];
    size_t words = strcmp(verb, "list") == 0 ? 1 : 2;
    struct cli_args with = *args;
    struct settings s;
    enum cli_exit exit;

    if ((words == 2 && strcmp(verb, "add") != 0 && strcmp(verb, "remove") != 0) ||
        (args->position_count != 0 && args->position_count != words)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "expected list, add HOST[:PORT] or remove HOST[:PORT].");
    }
    exit = settings_read(ui, &s);
    with.settings = &s;
    if (exit == CLI_OK) {
        exit = words == 1 ? list(ui, &with, &s) : change(ui, &s, verb, args->position[1]);
    }
    settings_release(&s);
    return exit;
}
