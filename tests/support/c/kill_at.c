/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before a program under test: ends it, as kill -9 does, at step number
 * TIGRESS_TEST_KILL_AT. A step is the moment before or after a call that leaves something behind:
 * on the disk, on a connection, on standard output.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static long steps;

static void step(void)
{
    const char *at = getenv("TIGRESS_TEST_KILL_AT");

    steps++;
    if (at != NULL && strtol(at, NULL, 10) == steps) {
        (void)kill(getpid(), SIGKILL);
    }
}

/* Defines the call with a step before and after it. */
#define STEP_AROUND(type, name, params, args)                                                      \
    EXPORTED type name params;                                                                     \
    EXPORTED type name params                                                                      \
    {                                                                                              \
        union {                                                                                    \
            void *symbol;                                                                          \
            type(*call) params;                                                                    \
        } real = { dlsym(RTLD_NEXT, #name) };                                                      \
        type result;                                                                               \
                                                                                                   \
        step();                                                                                    \
        result = real.call args;                                                                   \
        step();                                                                                    \
        return result;                                                                             \
    }

STEP_AROUND(int, fsync, (int fd), (fd))
STEP_AROUND(int, renameat, (int from_fd, const char *from, int to_fd, const char *to),
            (from_fd, from, to_fd, to))
STEP_AROUND(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags))
STEP_AROUND(ssize_t, send, (int fd, const void *data, size_t len, int flags),
            (fd, data, len, flags))
STEP_AROUND(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
STEP_AROUND(int, fflush, (FILE * file), (file))
