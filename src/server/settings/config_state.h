/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_state.h - the state of loading the settings: the values so far, where
 * each came from, and the faults found.
 * Layer: L4; for config*.c alone.      Threads: start only.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_STATE_H
#define TG_SERVER_SETTINGS_CONFIG_STATE_H

#include "server/settings/config_schema.h"

/* Where a setting came from; faults name it. */
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

/* Whether the file or a flag set it; false for a default. */
bool tg_config_is_given(const struct tg_config_load_state *state, enum tg_setting_id id);

/* Counts a fault and appends its line: the place, the setting, what. */
void tg_config_fault(struct tg_config_load_state *state, enum tg_setting_id id, const char *what);

/* The same for one app of a setting that may be repeated. index: from 0. */
void tg_config_app_fault(struct tg_config_load_state *state, enum tg_setting_id id, size_t index,
                         const char *what);

/* The same about a file or folder, with the reason in errno: "PATH: WHAT: REASON (expected: ...)".
   TG_SET_COUNT: --config. */
void tg_config_fault_file(struct tg_config_load_state *state, enum tg_setting_id id,
                          const char *path, const char *what, const char *expected);

/* The same without a setting. */
void tg_config_fault_text(struct tg_config_load_state *state, const char *what);
/* The same for a name that is not a setting. Only a short, printable part of it is repeated. */
void tg_config_unknown(struct tg_config_load_state *state, struct tg_setting_origin origin,
                       struct tg_bytes name);
/* Parses value into setting id and keeps its origin, or adds a fault. */
void tg_config_set(struct tg_config_load_state *state, enum tg_setting_id id,
                   struct tg_setting_origin origin, struct tg_bytes value);

#endif
