/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_text.h - what the settings say to a person: help, version, faults.
 * Layer: L4; for config*.c alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_TEXT_H
#define TG_SERVER_SETTINGS_CONFIG_TEXT_H

#include "server/settings/config_schema.h"

void tg_config_help(struct tg_buf *out);
void tg_config_version(struct tg_buf *out);

/* One line of fault without a setting; counted. */
void tg_config_fault_text(struct tg_config_load_state *state, const char *what);
/* A line for a name that is no setting; of the name only a short, printable part is repeated. */
void tg_config_unknown(struct tg_config_load_state *state, struct tg_setting_origin origin,
                       struct tg_bytes name);
/* Parses value into setting id and notes where it came from, or tells a fault. */
void tg_config_set(struct tg_config_load_state *state, enum tg_setting_id id,
                   struct tg_setting_origin origin, struct tg_bytes value);

#endif
