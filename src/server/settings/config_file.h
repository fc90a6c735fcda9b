/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_file.h - settings from an INI file, by inih.
 * Layer: L4; for config.c alone.      Threads: start only.      Blocks: reads a file.
 * Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_FILE_H
#define TG_SERVER_SETTINGS_CONFIG_FILE_H

#include "server/settings/config_state.h"

/* Applies every setting of state->file. Faults go to state, each with its line. Section names have
   no meaning for the relay. A line that starts with '#' or ';' is a comment. */
void tg_config_read_file(struct tg_config_load_state *state);
/* Appends what is left to read. TG_E_LIMIT: more than out may hold; TG_E_IO: see errno. */
TG_NODISCARD enum tg_err tg_config_read_all(struct tg_buf *out, int fd);

#endif
