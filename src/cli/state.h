/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/state.h - the transfers this user has under way, one file each.
 * Layer: L4.      Threads: one.      Blocks: yes, on the disk; never on another process.
 * Secrets: the saved session. The folder is 0700, the files 0600, a finished transfer keeps none.
 *
 * $XDG_STATE_HOME/tigress (default ~/.local/state/tigress) holds ROLE-UUID.json: a line with a
 * checksum, then one JSON object. A file is replaced by rename, so that it is whole at any moment,
 * and is locked (.ROLE-UUID.lock) from load to release, so that two processes never run one
 * session.
 */
#ifndef TG_CLI_STATE_H
#define TG_CLI_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/ui.h"

#define STATE_ID_LEN 36u
#define STATE_PREFIX_MIN 4u
#define STATE_FILE_MAX (1024u * 1024u)
#define STATE_LIST_MAX 4096u

enum state_role { STATE_INITIATOR, STATE_RECIPIENT, STATE_ANY_ROLE };

enum state_status {
    STATE_PENDING, /* a share whose creation was not answered yet: the identifier is a stand-in */
    STATE_ACTIVE,
    STATE_COMPLETED, /* by this side or, as the relay tells, by the other */
    STATE_CANCELLED, /* withdrawn by either side */
    STATE_RELINQUISHED,
    STATE_EXPIRED,
    STATE_GONE /* given up, as the relay knows nothing of it */
};

struct transfer {
    char id[STATE_ID_LEN + 1]; /* the mailbox identifier, lower case */
    enum state_role role;
    enum state_status status;
    char *relay;  /* host */
    char *cacert; /* absolute path, or NULL */
    char *title;  /* or NULL */
    int64_t created_s;
    int64_t expires_s; /* UTC seconds; 0: not known */
    int64_t sent_count, received_count;
    bool is_unread;   /* the session holds a message that was not handed to the user yet */
    uint64_t sending; /* checksum of the message that is being sent; 0: none */
    void *session;    /* what tigress_session_save gave; NULL when the transfer ended */
    size_t session_len;
    void *pin; /* what tigress_pin_save gave; NULL: shared without one, or the transfer ended */
    size_t pin_len;
    char *pin_digits; /* until they were shown once; else NULL */

    bool is_kept;        /* there is a file */
    int dir_fd, lock_fd; /* -1: none */
};

const char *state_role_name(enum state_role role);
const char *state_status_name(enum state_status status);

/* Zeroes *t, so that state_release is safe. */
void state_init(struct transfer *t);
/* Drops the lock and wipes all. What was never saved leaves nothing in the folder. */
void state_release(struct transfer *t);

/*
 * A new transfer under a stand-in identifier (id NULL) or a mailbox's, locked; nothing is written.
 * CLI_REFUSED   the folder cannot be made or is not this user's, or the transfer is in use; said
 */
enum cli_exit state_create(struct ui *ui, struct transfer *t, enum state_role role, const char *id);
/* Loads and locks the transfer that id means: an identifier, a prefix of at least
 * STATE_PREFIX_MIN characters, or either behind "initiator:" or "recipient:". role narrows it.
 * CLI_REFUSED   none or several, in use, or damaged; said
 */
enum cli_exit state_load(struct ui *ui, struct transfer *t, enum state_role role, const char *id);
/* Loads and locks exactly this one; *found is false, and nothing said, if there is none. */
enum cli_exit state_load_if_any(struct ui *ui, struct transfer *t, enum state_role role,
                                const char *id, bool *found);
/* Durable when it returns CLI_OK. */
enum cli_exit state_save(struct ui *ui, struct transfer *t);
/* Saves, then moves the transfer from its stand-in to the mailbox's identifier. */
enum cli_exit state_adopt_id(struct ui *ui, struct transfer *t, const char *id);
/* Wipes session and PIN, sets status and saves. */
enum cli_exit state_end(struct ui *ui, struct transfer *t, enum state_status status);

/* Removes the file: nothing of it is worth keeping. */
enum cli_exit state_remove(struct ui *ui, struct transfer *t);

/*
 * Reads every transfer without locking. *list is *count long, newest first; release each, and free
 * the list with state_list_free. A damaged file is told on standard error and left out.
 */
enum cli_exit state_list(struct ui *ui, struct transfer **list, size_t *count);
void state_list_free(struct transfer *list, size_t count);

/* For the files next door: one transfer as text, and back. */
char *state_encode(const struct transfer *t, size_t *len);
/* false: damaged; *t then holds nothing new but may be released. */
bool state_decode(struct transfer *t, const char *text, size_t len);
bool state_is_uuid(const char *text);
/* Finds accidental damage and tells two messages apart; never 0. Not for secrecy. */
uint64_t state_checksum(const void *bytes, size_t len);

#endif
