/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_text.h - what the settings say to a person: help, version, the
 * settings in effect.
 * Layer: L4; for config*.c alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_TEXT_H
#define TG_SERVER_SETTINGS_CONFIG_TEXT_H

#include "server/settings/config_schema.h"

void tg_config_help(struct tg_buf *out);
void tg_config_version(struct tg_buf *out);

#endif
