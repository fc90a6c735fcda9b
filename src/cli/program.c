/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: never returns to the caller's code. */
static void become(const char *const argv[], int input, bool is_loud)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int output = is_loud ? STDERR_FILENO : nothing;

    (void)signal(SIGPIPE, SIG_DFL); /* the tool ignores it, and that would be inherited */
    if (nothing >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        (is_loud || dup2(nothing, STDERR_FILENO) >= 0)) {
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    }
    _exit(PROGRAM_NONE);
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
    pid = fork();
    if (pid == 0) {
        become(argv, ends[0], is_loud);
    }
    (void)close(ends[0]);
    if (pid > 0) {
        feed(ends[1], input);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        return PROGRAM_NONE;
    }
    do {
        ended = waitpid(pid, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : PROGRAM_NONE + 1;
}
