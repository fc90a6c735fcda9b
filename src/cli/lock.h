/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/lock.h - one process at a time runs the session of a transfer; the others wait for their
 * turn. Layer: L4.      Threads: one.      Blocks: lock_take does, for LOCK_WAIT_S at most.
 * Secrets: none.
 *
 * The lock is flock() on .ROLE-UUID.lock, so that it ends with its process. A process that finds it
 * taken locks .ROLE-UUID.turn while it waits. A process that only waits for the other side looks
 * for that, and steps aside.
 */
#ifndef TG_CLI_LOCK_H
#define TG_CLI_LOCK_H

#include "cli/transfer.h"
#include "cli/ui.h"

/* A process that waits steps aside within two seconds; no other request takes so long. */
#define LOCK_WAIT_S 20

enum lock_patience { LOCK_NOW, LOCK_IN_TURN };

/*
 * Locks the transfer. *fd ends the lock when it is closed.
 * CLI_REFUSED   the folder cannot be written, or another process keeps the lock; reported
 */
enum cli_exit lock_take(struct ui *ui, int dir_fd, enum transfer_role role, const char *id,
                        enum lock_patience patience, int *fd);
/* Takes the lock again if its file was removed or replaced. false: another process has it now, and
   nothing may be saved or sent. */
bool lock_keep(int dir_fd, enum transfer_role role, const char *id, int *fd);
/* Does another process wait for the lock? */
bool lock_is_wanted(int dir_fd, enum transfer_role role, const char *id);
/* Removes what a killed process has left of a transfer that has no file and that no process uses.
 */
void lock_sweep(int dir_fd, enum transfer_role role, const char *id);
/* Removes the file of a lock that this process holds. */
void lock_remove(int dir_fd, enum transfer_role role, const char *id);

#endif
