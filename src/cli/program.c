/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int add_files(posix_spawn_file_actions_t *files, int input, bool is_loud)
{
    int bad = posix_spawn_file_actions_adddup2(files, input, STDIN_FILENO);

    if (is_loud) {
        return bad | posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
    }
    bad |= posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    return bad | posix_spawn_file_actions_adddup2(files, STDOUT_FILENO, STDERR_FILENO);
}

/* 0: not started. The tool ignores SIGPIPE, and that would be inherited. */
static pid_t start(const char *const argv[], int input, bool is_loud)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t defaults;
    pid_t pid = 0;
    int bad;

    if (posix_spawn_file_actions_init(&files) != 0) {
        return 0;
    }
    if (posix_spawnattr_init(&how) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return 0;
    }
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    bad = add_files(&files, input, is_loud);
    bad |= posix_spawnattr_setsigdefault(&how, &defaults);
    bad |= posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
    if (bad == 0 &&
        posix_spawnp(&pid, argv[0], &files, &how, (char *const *)(uintptr_t)argv, environ) != 0) {
        pid = 0;
    }
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    return pid;
}

static void feed(int fd, const char *text)
{
    size_t left = text == NULL ? 0 : strlen(text);

    while (left > 0) {
        ssize_t put = write(fd, text, left);

        if (put < 0 && errno != EINTR) {
            return;
        }
        text += put > 0 ? put : 0;
        left -= put > 0 ? (size_t)put : 0;
    }
}

int program_run(const char *const argv[], const char *input, bool is_loud)
{
    int ends[2];
    int status = 0;
    pid_t pid, ended;

    if (pipe(ends) != 0) {
        return PROGRAM_NONE;
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid = start(argv, ends[0], is_loud);
    (void)close(ends[0]);
    if (pid > 0) {
        feed(ends[1], input);
    }
    (void)close(ends[1]);
    if (pid <= 0) {
        return PROGRAM_NONE;
    }
    do {
        ended = waitpid(pid, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : PROGRAM_NONE + 1;
}
