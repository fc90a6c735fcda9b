/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/state_dir.h - the folder of the transfers: its place, its owner, and its files.
 * Layer: L4.      Threads: one.      Blocks: on the disk.      Secrets: none.
 */
#ifndef TG_CLI_STATE_DIR_H
#define TG_CLI_STATE_DIR_H

#include "cli/transfer.h"
#include "cli/ui.h"

#define STATE_NAME_MAX 64u
#define STATE_PREFIX_MIN 4u
#define STATE_LIST_MAX 4096u

struct state_names {
    struct {
        enum transfer_role role;
        char id[TRANSFER_ID_LEN + 1];
    } * entry;
    size_t count;
};

void state_file_name(char name[STATE_NAME_MAX], enum transfer_role role, const char *id);
void state_lock_name(char name[STATE_NAME_MAX], enum transfer_role role, const char *id);
/* A random UUID. */
enum cli_exit state_random_id(struct ui *ui, char id[TRANSFER_ID_LEN + 1]);

/* Makes every folder of an absolute path that is missing, with mode 0700; others' modes are not
   touched. path is changed meanwhile. false: see errno. */
bool state_dir_make(char *path);
/*
 * Opens the folder, which is made with mode 0700 where it is missing.
 * CLI_REFUSED   there is no such folder, it is not this user's, or its mode cannot be set; reported
 */
enum cli_exit state_dir_open(struct ui *ui, int *fd);
bool state_dir_has(int dir_fd, enum transfer_role role, const char *id);
/* At most STATE_LIST_MAX; release entry with cli_free. */
enum cli_exit state_dir_names(struct ui *ui, int dir_fd, struct state_names *names);
/* The same of files that a killed process has left; a transfer may occur more than once. */
enum cli_exit state_dir_left(struct ui *ui, int dir_fd, struct state_names *names);
/* Removes what io_replace_at() has written and not put in place: it has the secrets of the state.
 */
void state_dir_remove_new(int dir_fd, enum transfer_role role, const char *id);
/* What the user means by text (see state_load), into *found_role and found_id. */
enum cli_exit state_dir_find(struct ui *ui, int dir_fd, enum transfer_role role, const char *text,
                             enum transfer_role *found_role, char found_id[TRANSFER_ID_LEN + 1]);

#endif
