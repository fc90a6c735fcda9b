/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_text.h - the texts for people: help, version, and the settings in
 * effect (tg_config_print in config.h).
 * Layer: L4; for config*.c alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_TEXT_H
#define TG_SERVER_SETTINGS_CONFIG_TEXT_H

#include "server/settings/config_schema.h"

void tg_config_help(struct tg_buf *out);
void tg_config_version(struct tg_buf *out);

#endif
