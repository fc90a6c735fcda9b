/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_member.h - a setting's member of struct tg_config.
 * Layer: L4; for config*.c alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_MEMBER_H
#define TG_SERVER_SETTINGS_CONFIG_MEMBER_H

#include "server/settings/config_schema.h"

/* The member at setting->offset. Both borrow from config. */
void *tg_setting_member(struct tg_config *config, const struct tg_setting *setting);
const void *tg_setting_member_const(const struct tg_config *config,
                                    const struct tg_setting *setting);

/* A number of size bytes, 4 or 8. */
uint64_t tg_setting_load_number(const void *at, size_t size);
void tg_setting_store_number(void *at, size_t size, uint64_t v);

/* Copies text and a NUL. TG_E_LIMIT: longer than cap - 1; dst is then untouched. */
TG_NODISCARD enum tg_err tg_config_copy(char *dst, size_t cap, struct tg_bytes text);
/* Copies a text that people read: 1 to 48 characters, none of them harmful (base/harmful.h).
   TG_E_SYNTAX with fault; dst is then untouched. */
TG_NODISCARD enum tg_err tg_config_copy_title(char dst[TG_CONFIG_TITLE_MAX + 1],
                                              struct tg_bytes text, struct tg_fault *fault);

#endif
