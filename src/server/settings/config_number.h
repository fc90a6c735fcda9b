/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_number.h - settings that are whole numbers, sizes or durations.
 * Layer: L4; for config_values.c alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_NUMBER_H
#define TG_SERVER_SETTINGS_CONFIG_NUMBER_H

#include "server/settings/config_schema.h"

/* As tg_setting_parse and tg_setting_print, for the three number types. */
TG_NODISCARD enum tg_err tg_setting_parse_number(struct tg_config *config,
                                                 const struct tg_setting *setting,
                                                 struct tg_bytes text, struct tg_fault *fault);
void tg_setting_print_number(struct tg_buf *out, const struct tg_config *config,
                             const struct tg_setting *setting);

#endif
