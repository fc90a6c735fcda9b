/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_values.h - the text form of each type of setting: parsed and printed.
 * Layer: L4; for config*.c alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_VALUES_H
#define TG_SERVER_SETTINGS_CONFIG_VALUES_H

#include "server/settings/config_schema.h"

/* Parses text into setting's member of config. TG_E_SYNTAX or TG_E_LIMIT: fault says what was wrong
   and what is expected, and the member is not valid. */
TG_NODISCARD enum tg_err tg_setting_parse(struct tg_config *config,
                                          const struct tg_setting *setting, struct tg_bytes text,
                                          struct tg_fault *fault);
/* Appends the value in the form that tg_setting_parse reads; nothing for an empty value. */
void tg_setting_print(struct tg_buf *out, const struct tg_config *config,
                      const struct tg_setting *setting);

#endif
