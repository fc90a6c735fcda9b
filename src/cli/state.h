/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/state.h - the transfers of this user, a file for each.
 * Layer: L4.      Threads: one.      Blocks: on the disk, and on another process as cli/lock.h
 * says. Secrets: the saved session. The folder is 0700, the files 0600; the file of an ended
 * transfer has none.
 *
 * $XDG_STATE_HOME/tigress (default ~/.local/state/tigress) holds ROLE-UUID.json: a line with a
 * checksum, then one JSON object. A file is replaced by rename, so that it is complete at any
 * moment, and is locked (.ROLE-UUID.lock) from load to release, so that two processes never run the
 * same session.
 */
#ifndef TG_CLI_STATE_H
#define TG_CLI_STATE_H

#include "cli/lock.h"
#include "cli/transfer.h"
#include "cli/ui.h"

#include <stddef.h>

/* Zeroes *t, so that state_release is safe. */
void state_init(struct transfer *t);
/* Releases the lock and wipes *t. A transfer that was never saved leaves no file. */
void state_release(struct transfer *t);

/*
 * A new transfer under a temporary identifier (id NULL) or the mailbox's; locked, not yet saved.
 * CLI_REFUSED   the folder cannot be made or is not this user's, or the transfer is in use;
 * reported
 */
enum cli_exit state_create(struct ui *ui, struct transfer *t, enum transfer_role role,
                           const char *id);
/* Loads and locks the transfer that id means: an identifier, a prefix of at least
 * STATE_PREFIX_MIN characters, or either behind "initiator:" or "recipient:". role narrows it.
 * CLI_REFUSED   none or several, in use, or damaged; reported
 */
enum cli_exit state_load(struct ui *ui, struct transfer *t, enum transfer_role role,
                         const char *id);
/* Loads and locks exactly this one; *found is false, and nothing is reported, if there is none. */
enum cli_exit state_load_if_any(struct ui *ui, struct transfer *t, enum transfer_role role,
                                const char *id, enum lock_patience patience, bool *found);
/* Locks the transfer that id means, to remove it. *is_damaged: its file could not be read. */
enum cli_exit state_load_damaged(struct ui *ui, struct transfer *t, const char *id,
                                 bool *is_damaged);

/* For a process that waits for the other side. Does another process wait for this transfer? */
bool state_is_wanted(const struct transfer *t);
/* Gives up the lock of a saved transfer. Until state_come_back, nothing of it may be used. */
void state_step_aside(struct transfer *t);
/* *is_back: locked and loaded again, unless the result is an error. false: another process uses it,
   or waits for it. */
enum cli_exit state_come_back(struct ui *ui, struct transfer *t, bool *is_back);
/* Durable when it returns CLI_OK. */
enum cli_exit state_save(struct ui *ui, struct transfer *t);
/* Saves, then replaces the temporary identifier with the mailbox's. */
enum cli_exit state_adopt_id(struct ui *ui, struct transfer *t, const char *id);
/* Wipes session and PIN, sets status and saves. */
enum cli_exit state_end(struct ui *ui, struct transfer *t, enum transfer_status status);

/* Removes the transfer's file. */
enum cli_exit state_remove(struct ui *ui, struct transfer *t);

/*
 * Reads every transfer without locking. *list is *count long, newest first; release each, and free
 * the list with state_list_free. A damaged file is reported on standard error and skipped.
 */
enum cli_exit state_list(struct ui *ui, struct transfer **list, size_t *count);
void state_list_free(struct transfer *list, size_t count);

#endif
