/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/folder.h - folders whose names survive a power failure.
 * Layer: L4 (base).      Threads: start only.      Blocks: on the disk.      Secrets: none.
 *
 * A new file or folder is durable when the folder that holds its name has been synced too.
 */
#ifndef TG_SERVER_OPS_FOLDER_H
#define TG_SERVER_OPS_FOLDER_H

#include "base/err.h"

#define TG_FOLDER_PATH_MAX 1280u /* bytes, without the NUL */

/* Syncs the folder that holds the name of path. TG_E_IO: errno has the reason. TG_E_LIMIT */
TG_NODISCARD enum tg_err tg_folder_sync_above(const char *path);

/*
 * Makes path and the missing folders above it, with mode 0700. Each new name is durable on return.
 * The names of folders that exist are synced as far as the process may: an earlier start may have
 * been cut between the two steps. TG_E_IO: errno has the reason. TG_E_LIMIT
 */
TG_NODISCARD enum tg_err tg_folder_make(const char *path);

/*
 * Whether path is a folder in which this process may make files, or tg_folder_make could make it.
 * Changes nothing. TG_E_IO: errno has the reason. TG_E_LIMIT
 */
TG_NODISCARD enum tg_err tg_folder_check(const char *path);

#endif
