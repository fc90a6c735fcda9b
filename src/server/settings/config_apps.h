/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_apps.h - the settings of an app: its name, then NAME=VALUE words. A line
 * each, so such a setting may be repeated.
 * Layer: L4; for config*.c alone.      Threads: any.      Blocks: no.
 * Secrets: none. Keys are named by path.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_APPS_H
#define TG_SERVER_SETTINGS_CONFIG_APPS_H

#include "server/settings/config_schema.h"

/* Appends one app to the setting's list. TG_E_SYNTAX, TG_E_LIMIT: the list is as before. */
TG_NODISCARD enum tg_err tg_setting_parse_app(struct tg_config *config,
                                              const struct tg_setting *setting,
                                              struct tg_bytes text, struct tg_fault *fault);
/* Appends the apps. Each but the first one begins with a new line and the setting's name. */
void tg_setting_print_apps(struct tg_buf *out, const struct tg_config *config,
                           const struct tg_setting *setting);
/* Empties the setting's list. */
void tg_setting_clear_apps(struct tg_config *config, const struct tg_setting *setting);

#endif
