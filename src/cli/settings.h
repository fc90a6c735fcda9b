/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/settings.h - the user's file of settings.
 * Layer: L4.      Threads: one.      Blocks: on the disk.      Secrets: none.
 *
 * $XDG_CONFIG_HOME/tigress/config (default ~/.config/tigress/config) has lines "name = value":
 * relay, cacert, out, and allow-relay any number of times. Empty lines and lines that begin with #
 * are ignored. Only this user may be able to write it.
 */
#ifndef TG_CLI_SETTINGS_H
#define TG_CLI_SETTINGS_H

#include "cli/ui.h"

#include <stddef.h>

#define SETTINGS_ALLOW_MAX 256u

struct settings {
    char *path;                      /* of the file, whether it exists or not; NULL: no folder */
    char *relay, *cacert, *out;      /* NULL: not set */
    char *allow[SETTINGS_ALLOW_MAX]; /* HOST[:PORT] */
    size_t allow_count;
};

/* A file that does not exist sets nothing. CLI_USAGE: a line is wrong; CLI_REFUSED: the file cannot
 * be read, or others can write it; reported. Release *s also after a failure. */
enum cli_exit settings_read(struct ui *ui, struct settings *s);
void settings_release(struct settings *s);
/* Adds or removes the line "allow-relay = host" and keeps all other lines. Two processes at once
 * lose nothing. CLI_REFUSED: it cannot be written; reported */
enum cli_exit settings_add_relay(struct ui *ui, const struct settings *s, const char *host);
enum cli_exit settings_remove_relay(struct ui *ui, const struct settings *s, const char *host);

#endif
