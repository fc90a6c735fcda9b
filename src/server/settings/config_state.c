/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_state.h"

#include "server/settings/config_apps.h"
#include "server/settings/config_values.h"

#include <errno.h>
#include <string.h>

#define NAME_SHOWN_MAX 40u

bool tg_config_is_given(const struct tg_config_load_state *state, enum tg_setting_id id)
{
    return state->origins[id].from != TG_FROM_NOWHERE;
}

static void append_place(struct tg_config_load_state *state, struct tg_setting_origin origin)
{
    tg_buf_append_str(state->text, "tigressd: ");
    if (origin.from == TG_FROM_FILE) {
        tg_buf_append_str(state->text, state->file);
        tg_buf_append_u8(state->text, ':');
        tg_buf_append_dec(state->text, origin.line);
        tg_buf_append_str(state->text, ": ");
    } else if (origin.from == TG_FROM_FLAG) {
        tg_buf_append_str(state->text, "--");
    }
}

void tg_config_fault_text(struct tg_config_load_state *state, const char *what)
{
    state->fault_count++;
    tg_buf_append_str(state->text, "tigressd: ");
    tg_buf_append_str(state->text, what);
    tg_buf_append_u8(state->text, '\n');
}

/* A path is the operator's, but a terminal gets only visible characters. */
static void append_path(struct tg_buf *out, const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        tg_buf_append_u8(out, *at >= 0x20 && *at < 0x7f ? (uint8_t)*at : '?');
    }
}

void tg_config_fault_file(struct tg_config_load_state *state, enum tg_setting_id id,
                          const char *path, const char *what, const char *expected)
{
    const char *reason = strerror(errno);

    state->fault_count++;
    if (id == TG_SET_COUNT) {
        tg_buf_append_str(state->text, "tigressd: --config");
    } else {
        append_place(state, state->origins[id]);
        tg_buf_append_str(state->text, tg_settings[id].name);
    }
    tg_buf_append_str(state->text, ": ");
    append_path(state->text, path);
    tg_buf_append_str(state->text, ": ");
    tg_buf_append_str(state->text, what);
    tg_buf_append_str(state->text, ": ");
    tg_buf_append_str(state->text, reason);
    tg_buf_append_str(state->text, " (expected: ");
    tg_buf_append_str(state->text, expected);
    tg_buf_append_str(state->text, ")\n");
}

void tg_config_fault(struct tg_config_load_state *state, enum tg_setting_id id, const char *what)
{
    state->fault_count++;
    append_place(state, state->origins[id]);
    tg_buf_append_str(state->text, tg_settings[id].name);
    tg_buf_append_str(state->text, ": ");
    tg_buf_append_str(state->text, what);
    tg_buf_append_u8(state->text, '\n');
}

void tg_config_app_fault(struct tg_config_load_state *state, enum tg_setting_id id, size_t index,
                         const char *what)
{
    struct tg_fault fault = { "" };

    tg_fault_set(&fault, "app %zu of this setting: %s", index + 1, what);
    tg_config_fault(state, id, fault.text);
}

void tg_config_unknown(struct tg_config_load_state *state, struct tg_setting_origin origin,
                       struct tg_bytes name)
{
    state->fault_count++;
    append_place(state, origin);
    name = tg_bytes_first(name, NAME_SHOWN_MAX);
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];

        tg_buf_append_u8(state->text, c > 0x20 && c < 0x7f ? c : '?');
    }
    tg_buf_append_str(state->text, ": no such setting (see --help)\n");
}

void tg_config_set(struct tg_config_load_state *state, enum tg_setting_id id,
                   struct tg_setting_origin origin, struct tg_bytes value)
{
    struct tg_fault fault = { { 0 } };

    /* The command line replaces what the file says. */
    if (tg_settings[id].type == TG_SETTING_APPS && state->origins[id].from != origin.from) {
        tg_setting_clear_apps(state->config, &tg_settings[id]);
    }
    state->origins[id] = origin;
    if (tg_setting_parse(state->config, &tg_settings[id], value, &fault) != TG_OK) {
        tg_config_fault(state, id, fault.text);
    }
}
