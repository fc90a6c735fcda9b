/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/state.h"

#include "cli/io.h"
#include "cli/lock.h"
#include "cli/mem.h"
#include "cli/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATE_FILE_MAX (1024u * 1024u)

void state_init(struct transfer *t)
{
    *t = (struct transfer){ .dir_fd = -1, .lock_fd = -1 };
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void wipe_secrets(struct transfer *t)
{
    cli_free(t->session);
    cli_free(t->pin);
    cli_free(t->pin_digits);
    t->session = NULL;
    t->session_len = 0;
    t->pin = NULL;
    t->pin_len = 0;
    t->pin_digits = NULL;
}

static void wipe_contents(struct transfer *t)
{
    wipe_secrets(t);
    cli_free(t->relay);
    cli_free(t->cacert);
    cli_free(t->title);
    t->relay = NULL;
    t->cacert = NULL;
    t->title = NULL;
}

void state_release(struct transfer *t)
{
    wipe_contents(t);
    if (t->lock_fd >= 0 && !t->is_kept) {
        lock_remove(t->dir_fd, t->role, t->id);
    }
    close_fd(&t->lock_fd); /* the lock ends with its descriptor */
    close_fd(&t->dir_fd);
}

static enum cli_exit lock(struct ui *ui, struct transfer *t, enum lock_patience patience)
{
    return lock_take(ui, t->dir_fd, t->role, t->id, patience, &t->lock_fd);
}

static enum cli_exit damaged(struct ui *ui, const struct transfer *t)
{
    return ui_fail(
        ui, CLI_REFUSED, "state-damaged",
        "the saved state of the transfer %s is damaged and was not used; restore the file "
        "%s-%s.json in the state folder from a backup, or remove it with 'tigress forget %.8s'.",
        t->id, transfer_role_name(t->role), t->id, t->id);
}

/* Reads the file of t->role and t->id into the rest of *t. */
static enum cli_exit read_file(struct ui *ui, struct transfer *t, bool *found)
{
    char name[STATE_NAME_MAX];
    struct transfer loaded;
    struct io_bytes bytes = { 0 };
    enum io_result result;
    bool is_good;

    state_file_name(name, t->role, t->id);
    result = io_read_at(&bytes, t->dir_fd, name, STATE_FILE_MAX);
    *found = result != IO_NONE;
    if (result == IO_NONE) {
        return CLI_OK;
    }
    state_init(&loaded);
    is_good = result == IO_OK && transfer_decode(&loaded, bytes.data, bytes.len) &&
              loaded.role == t->role;
    io_bytes_wipe(&bytes);
    if (!is_good) {
        t->is_kept = true;
        state_release(&loaded);
        return damaged(ui, t);
    }
    memcpy(loaded.id, t->id, sizeof(loaded.id));
    loaded.dir_fd = t->dir_fd;
    loaded.lock_fd = t->lock_fd;
    loaded.is_kept = true;
    *t = loaded;
    return CLI_OK;
}

enum cli_exit state_create(struct ui *ui, struct transfer *t, enum transfer_role role,
                           const char *id)
{
    enum cli_exit exit;

    state_init(t);
    t->role = role;
    t->status = id == NULL ? TRANSFER_PENDING : TRANSFER_ACTIVE;
    t->created_s = (int64_t)time(NULL);
    if (id == NULL) {
        exit = state_random_id(ui, t->id);
        if (exit != CLI_OK) {
            return exit;
        }
    } else {
        snprintf(t->id, sizeof(t->id), "%s", id);
    }
    exit = state_dir_open(ui, &t->dir_fd);
    return exit == CLI_OK ? lock(ui, t, LOCK_IN_TURN) : exit;
}

enum cli_exit state_load_if_any(struct ui *ui, struct transfer *t, enum transfer_role role,
                                const char *id, enum lock_patience patience, bool *found)
{
    enum cli_exit exit;

    *found = false;
    state_init(t);
    t->role = role;
    snprintf(t->id, sizeof(t->id), "%s", id);
    exit = state_dir_open(ui, &t->dir_fd);
    if (exit == CLI_OK && state_dir_has(t->dir_fd, role, id)) {
        exit = lock(ui, t, patience);
        if (exit == CLI_OK) {
            exit = read_file(ui, t, found);
        }
    }
    return exit;
}

static enum cli_exit read_known(struct ui *ui, struct transfer *t)
{
    bool found = false;
    enum cli_exit exit = read_file(ui, t, &found);

    return exit != CLI_OK || found
               ? exit
               : ui_fail(ui, CLI_REFUSED, "unknown-transfer",
                         "another tigress process has just removed the transfer %.8s.", t->id);
}

static enum cli_exit find_and_lock(struct ui *ui, struct transfer *t, enum transfer_role role,
                                   const char *id)
{
    enum cli_exit exit;

    state_init(t);
    exit = state_dir_open(ui, &t->dir_fd);
    if (exit == CLI_OK) {
        exit = state_dir_find(ui, t->dir_fd, role, id, &t->role, t->id);
    }
    return exit == CLI_OK ? lock(ui, t, LOCK_IN_TURN) : exit;
}

enum cli_exit state_load(struct ui *ui, struct transfer *t, enum transfer_role role, const char *id)
{
    enum cli_exit exit = find_and_lock(ui, t, role, id);

    return exit == CLI_OK ? read_known(ui, t) : exit;
}

enum cli_exit state_load_damaged(struct ui *ui, struct transfer *t, const char *id,
                                 bool *is_damaged)
{
    struct ui quiet = { .is_silent = true };
    enum cli_exit exit = find_and_lock(ui, t, TRANSFER_ANY_ROLE, id);

    *is_damaged = exit == CLI_OK && read_known(&quiet, t) != CLI_OK;
    return exit;
}

void state_step_aside(struct transfer *t)
{
    close_fd(&t->lock_fd);
}

bool state_is_wanted(const struct transfer *t)
{
    return t->lock_fd >= 0 && lock_is_wanted(t->dir_fd, t->role, t->id);
}

enum cli_exit state_come_back(struct ui *ui, struct transfer *t, bool *is_back)
{
    struct ui quiet = { .is_silent = true };

    *is_back = !lock_is_wanted(t->dir_fd, t->role, t->id) && lock(&quiet, t, LOCK_NOW) == CLI_OK;
    if (!*is_back) {
        return CLI_OK;
    }
    wipe_contents(t);
    return read_known(ui, t);
}

enum cli_exit state_save(struct ui *ui, struct transfer *t)
{
    char name[STATE_NAME_MAX];
    size_t len = 0;
    char *text = transfer_encode(t, &len);
    const char *why = NULL;

    state_file_name(name, t->role, t->id);
    if (text == NULL) {
        return ui_fail(ui, CLI_REFUSED, "memory", "out of memory.");
    }
    if (!lock_keep(t->dir_fd, t->role, t->id, &t->lock_fd)) {
        cli_free(text);
        return ui_fail(
            ui, CLI_REFUSED, "in-use",
            "the lock of the transfer %.8s was removed, and another tigress process uses "
            "the transfer now: this one stops, and has sent nothing more.",
            t->id);
    }
    if (io_replace_at(t->dir_fd, name, text, len, &why) != IO_OK) {
        cli_free(text);
        return ui_fail(ui, CLI_REFUSED, "state",
                       "the state of the transfer cannot be saved: %s. No request is sent before "
                       "the state is saved.",
                       why);
    }
    cli_free(text);
    t->is_kept = true;
    return CLI_OK;
}

enum cli_exit state_adopt_id(struct ui *ui, struct transfer *t, const char *id)
{
    struct transfer renamed = { .role = t->role, .dir_fd = t->dir_fd, .lock_fd = -1 };
    char from[STATE_NAME_MAX], to[STATE_NAME_MAX];
    enum cli_exit exit;

    snprintf(renamed.id, sizeof(renamed.id), "%s", id);
    exit = lock(ui, &renamed, LOCK_IN_TURN);
    if (exit != CLI_OK) {
        return exit;
    }
    t->status = TRANSFER_ACTIVE;
    exit = state_save(ui, t);
    state_file_name(from, t->role, t->id);
    state_file_name(to, t->role, id);
    if (exit == CLI_OK &&
        (renameat(t->dir_fd, from, t->dir_fd, to) != 0 || fsync(t->dir_fd) != 0)) {
        exit = ui_fail(ui, CLI_REFUSED, "state", "the state of the transfer cannot be saved: %s.",
                       strerror(errno));
    }
    if (exit != CLI_OK) {
        close_fd(&renamed.lock_fd);
        return exit;
    }
    lock_remove(t->dir_fd, t->role, t->id);
    close_fd(&t->lock_fd);
    t->lock_fd = renamed.lock_fd;
    memcpy(t->id, renamed.id, sizeof(t->id));
    return CLI_OK;
}

enum cli_exit state_end(struct ui *ui, struct transfer *t, enum transfer_status status)
{
    wipe_secrets(t);
    t->status = status;
    t->is_unread = false;
    return state_save(ui, t);
}

enum cli_exit state_remove(struct ui *ui, struct transfer *t)
{
    char name[STATE_NAME_MAX];

    state_file_name(name, t->role, t->id);
    state_dir_remove_new(t->dir_fd, t->role, t->id);
    if (unlinkat(t->dir_fd, name, 0) != 0 && errno != ENOENT) {
        return ui_fail(ui, CLI_REFUSED, "state", "the state folder cannot be written: %s.",
                       strerror(errno));
    }
    t->is_kept = false; /* state_release() removes the lock's file */
    return CLI_OK;
}

/* Newest first; equal times by identifier, so that the order is the same each time. */
static int compare(const void *a, const void *b)
{
    const struct transfer *x = a, *y = b;

    if (x->created_s != y->created_s) {
        return x->created_s < y->created_s ? 1 : -1;
    }
    return strcmp(x->id, y->id);
}

/* What killed processes have left has no transfer that would remove it. */
static void sweep(int dir_fd)
{
    struct ui quiet = { .is_silent = true };
    struct state_names names = { 0 };

    if (state_dir_left(&quiet, dir_fd, &names) == CLI_OK) {
        for (size_t i = 0; i < names.count; i++) {
            lock_sweep(dir_fd, names.entry[i].role, names.entry[i].id);
        }
    }
    cli_free(names.entry);
}

enum cli_exit state_list(struct ui *ui, struct transfer **list, size_t *count)
{
    struct state_names names = { 0 };
    int dir_fd = -1;
    enum cli_exit exit = state_dir_open(ui, &dir_fd);

    *list = NULL;
    *count = 0;
    if (exit == CLI_OK) {
        sweep(dir_fd);
        exit = state_dir_names(ui, dir_fd, &names);
    }
    if (exit == CLI_OK) {
        *list = cli_alloc((names.count + 1) * sizeof(**list));
    }
    for (size_t i = 0; *list != NULL && i < names.count; i++) {
        struct transfer *t = &(*list)[*count];
        struct ui quiet = { 0 }; /* a damaged file is reported but does not fail the list */
        bool found = false;

        state_init(t);
        t->role = names.entry[i].role;
        t->dir_fd = dir_fd;
        memcpy(t->id, names.entry[i].id, sizeof(t->id));
        if (read_file(&quiet, t, &found) == CLI_OK && found) {
            (*count)++;
        }
        t->dir_fd = -1;
    }
    if (*count > 0) {
        qsort(*list, *count, sizeof(**list), compare);
    }
    cli_free(names.entry);
    close_fd(&dir_fd);
    return exit;
}

void state_list_free(struct transfer *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        state_release(&list[i]);
    }
    cli_free(list);
}
