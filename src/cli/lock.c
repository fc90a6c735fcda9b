/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lock.h"

#include "cli/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 50
#define RACES_MAX 10

enum got { GOT_IT, GOT_BUSY, GOT_ERROR };

/* A file that was removed or replaced after it was opened locks nothing. */
static bool is_current(int dir_fd, const char *name, int fd)
{
    struct stat here, there;

    return fstat(fd, &here) == 0 && fstatat(dir_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

static enum got try_file(int dir_fd, const char *name, int *out)
{
    for (int races = 0; races < RACES_MAX; races++) {
        int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0) {
            return GOT_ERROR;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            close(fd);
            return GOT_BUSY;
        }
        if (is_current(dir_fd, name, fd)) {
            *out = fd;
            return GOT_IT;
        }
        close(fd);
    }
    return GOT_BUSY;
}

static void turn_name(char name[STATE_NAME_MAX], enum transfer_role role, const char *id)
{
    snprintf(name, STATE_NAME_MAX, ".%s-%s.turn", transfer_role_name(role), id);
}

static int64_t now_s(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

/* Waits in the queue until the process that has the lock ends or steps aside. */
static enum got wait_for_turn(struct ui *ui, int dir_fd, const char *name, const char *turn,
                              int *fd)
{
    const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
    int64_t until_s = now_s() + LOCK_WAIT_S;
    enum got in_turn = GOT_BUSY, got = GOT_BUSY;
    int turn_fd = -1;

    while (got == GOT_BUSY && in_turn != GOT_ERROR && now_s() < until_s) {
        ui_progress(ui, "another tigress process uses this transfer; waiting for it ...");
        if (in_turn == GOT_BUSY) {
            in_turn = try_file(dir_fd, turn, &turn_fd);
        }
        if (in_turn == GOT_IT) {
            got = try_file(dir_fd, name, fd);
        }
        if (got == GOT_BUSY) {
            (void)nanosleep(&pause, NULL);
        }
    }
    ui_progress_end(ui);
    if (in_turn == GOT_IT) {
        (void)unlinkat(dir_fd, turn, 0);
        (void)close(turn_fd);
    }
    return in_turn == GOT_ERROR ? GOT_ERROR : got;
}

enum cli_exit lock_take(struct ui *ui, int dir_fd, enum transfer_role role, const char *id,
                        enum lock_patience patience, int *fd)
{
    char name[STATE_NAME_MAX], turn[STATE_NAME_MAX];
    enum got got;

    state_lock_name(name, role, id);
    turn_name(turn, role, id);
    got = try_file(dir_fd, name, fd);
    if (got == GOT_BUSY && patience == LOCK_IN_TURN) {
        got = wait_for_turn(ui, dir_fd, name, turn, fd);
    }
    if (got == GOT_ERROR) {
        return ui_fail(ui, CLI_REFUSED, "state", "the state folder cannot be written: %s.",
                       strerror(errno));
    }
    return got == GOT_IT
               ? CLI_OK
               : ui_fail(ui, CLI_REFUSED, "in-use",
                         "another tigress process is using the transfer %.8s and did not make "
                         "room; wait until it ends, or end it.",
                         id);
}

bool lock_keep(int dir_fd, enum transfer_role role, const char *id, int *fd)
{
    char name[STATE_NAME_MAX];
    int again = -1;

    state_lock_name(name, role, id);
    if (is_current(dir_fd, name, *fd)) {
        return true;
    }
    if (try_file(dir_fd, name, &again) != GOT_IT) {
        return false;
    }
    (void)close(*fd);
    *fd = again;
    return true;
}

bool lock_is_wanted(int dir_fd, enum transfer_role role, const char *id)
{
    char turn[STATE_NAME_MAX];
    bool is_wanted;
    int fd;

    turn_name(turn, role, id);
    fd = openat(dir_fd, turn, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return false;
    }
    is_wanted = flock(fd, LOCK_SH | LOCK_NB) != 0;
    (void)close(fd);
    return is_wanted;
}

void lock_sweep(int dir_fd, enum transfer_role role, const char *id)
{
    char name[STATE_NAME_MAX], turn[STATE_NAME_MAX];
    int fd = -1, turn_fd = -1;

    state_lock_name(name, role, id);
    turn_name(turn, role, id);
    if (state_dir_has(dir_fd, role, id) || try_file(dir_fd, name, &fd) != GOT_IT) {
        return;
    }
    if (!state_dir_has(dir_fd, role, id) && try_file(dir_fd, turn, &turn_fd) == GOT_IT) {
        state_dir_remove_new(dir_fd, role, id);
        (void)unlinkat(dir_fd, turn, 0);
        (void)close(turn_fd);
        (void)unlinkat(dir_fd, name, 0);
    }
    (void)close(fd);
}

void lock_remove(int dir_fd, enum transfer_role role, const char *id)
{
    char name[STATE_NAME_MAX];

    state_lock_name(name, role, id);
    (void)unlinkat(dir_fd, name, 0);
}
