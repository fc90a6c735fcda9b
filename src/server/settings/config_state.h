/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_state.h - what is known while the settings are loaded: the values so far,
 * where each came from, and the faults found.
 * Layer: L4; for config*.c alone.      Threads: start only.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_STATE_H
#define TG_SERVER_SETTINGS_CONFIG_STATE_H

#include "server/settings/config_schema.h"

/* Where a setting came from, kept for the messages of the rules. */
struct tg_setting_origin {
    enum { TG_FROM_NOWHERE, TG_FROM_FILE, TG_FROM_FLAG } from;
    unsigned line;
};

struct tg_config_load_state {
    struct tg_config *config;
    const char *file; /* NULL: none */
    struct tg_setting_origin origins[TG_SET_COUNT];
    unsigned fault_count;
    struct tg_buf *text; /* faults, a line each */
};

/* Whether somebody set it; a default is not given. */
bool tg_config_is_given(const struct tg_config_load_state *state, enum tg_setting_id id);

/* One line: where, the setting, what. Counted, as the next two. */
void tg_config_fault(struct tg_config_load_state *state, enum tg_setting_id id, const char *what);

/* One line about no setting in particular. */
void tg_config_fault_text(struct tg_config_load_state *state, const char *what);
/* A line for a name that is no setting; of the name only a short, printable part is repeated. */
void tg_config_unknown(struct tg_config_load_state *state, struct tg_setting_origin origin,
                       struct tg_bytes name);
/* Parses value into setting id and notes where it came from, or tells a fault. */
void tg_config_set(struct tg_config_load_state *state, enum tg_setting_id id,
                   struct tg_setting_origin origin, struct tg_bytes value);

#endif
