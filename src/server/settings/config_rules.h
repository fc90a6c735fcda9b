/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_rules.h - defaults that depend on other settings, and the combinations of
 * settings that are refused.
 * Layer: L4; for config*.c alone.      Threads: start only.      Blocks: examines files.
 * Secrets: none; a key file is never opened.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_RULES_H
#define TG_SERVER_SETTINGS_CONFIG_RULES_H

#include "server/settings/config_state.h"

/* Fills in defaults that depend on other settings, then checks the combination, those below
   included. Faults are counted in state. */
void tg_config_apply_rules(struct tg_config_load_state *state, const struct tg_config_env *env);

/* Checks the combination of push settings: in config_push.c. */
void tg_config_apply_push_rules(struct tg_config_load_state *state);

/* Checks the combination of settings about good standing: in config_standing.c. */
void tg_config_apply_standing_rules(struct tg_config_load_state *state);

/* Checks the apps that open links, and the hosts of pictures: in config_links.c. */
void tg_config_apply_link_rules(struct tg_config_load_state *state);
/* Checks what the pages show of the operator, and reads the logo: in config_page.c. */
void tg_config_apply_page_rules(struct tg_config_load_state *state);

#endif
