/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/clipboard.h - puts a link into the clipboard.
 * Layer: L4.      Threads: one.      Blocks: yes.
 * Secrets: the link, which every program of the desktop can read in the clipboard.
 */
#ifndef TG_CLI_CLIPBOARD_H
#define TG_CLI_CLIPBOARD_H

#include "cli/options.h"

/* With --copy: through wl-copy, xclip, xsel or pbcopy. With --copy-osc52: through the terminal.
   Says what happened; a link that was not copied is still printed. */
void clipboard_copy(struct ui *ui, const struct cli_args *args, const char *text);

#endif
