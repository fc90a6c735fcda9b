/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/spawn.h"

#include "server/pushlink/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX TG_CONFIG_FILE_MAX
#define FD_ABOVE 10 /* the relay's copies: above the numbers that the child uses */
#define ENV_MAX 16u

/* All other variables are dropped: proxies, which would intercept the connections to providers, and
   the sockets of the service manager. */
static bool is_env_kept(const char *entry)
{
    static const char *const names[] = { "PATH=",          "TZ=",           "SSL_CERT_FILE=",
                                         "SSL_CERT_DIR=",  "OPENSSL_CONF=", "ASAN_OPTIONS=",
                                         "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS=" };

    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (strncmp(entry, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void keep_env(char *kept[ENV_MAX + 1])
{
    size_t count = 0;

    for (char **entry = environ; entry != NULL && *entry != NULL && count < ENV_MAX; entry++) {
        if (is_env_kept(*entry)) {
            kept[count++] = *entry;
        }
    }
    kept[count] = NULL;
}

static enum tg_err write_all(int fd, struct tg_bytes data)
{
    while (data.len > 0) {
        ssize_t done = write(fd, data.ptr, data.len);

        if (done < 0 && errno != EINTR) {
            return TG_E_IO;
        }
        data = tg_bytes_from(data, done > 0 ? (size_t)done : 0);
    }
    return TG_OK;
}

/* The settings in effect: the child must not read a file that was edited meanwhile. */
static enum tg_err make_config_fd(int *out, const struct tg_config *config)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf text;
    int fd = memfd_create("tigressd settings", MFD_CLOEXEC);

    tg_buf_init(&text, TEXT_MAX);
    TG_REQUIRE(fd >= 0, TG_E_IO);
    tg_config_print(&text, config);
    TG_TRY(tg_buf_status(&text));
    TG_TRY(write_all(fd, tg_buf_view(&text)));
    *out = fcntl(fd, F_DUPFD_CLOEXEC, FD_ABOVE);
    TG_REQUIRE(*out >= 0, TG_E_IO);
    err = TG_OK;
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    tg_buf_deinit(&text);
    return err;
}

/* Our end, and the child's end, whose number is above those that the child uses. */
static enum tg_err make_pair(int *ours, int *theirs)
{
    enum tg_err err = TG_E_IO;
    int pair[2] = { -1, -1 };

    TG_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0,
               TG_E_IO);
    *theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, FD_ABOVE);
    (void)close(pair[1]);
    if (*theirs < 0) {
        (void)close(pair[0]);
        goto out;
    }
    *ours = pair[0];
    err = TG_OK;
out:
    return err;
}

static int start(pid_t *pid, int pair_fd, int config_fd)
{
    static char name[] = "tigressd";
    static char flag[] = TG_PUSH_CHILD_FLAG;
    char *argv[] = { name, flag, NULL };
    char *env[ENV_MAX + 1];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t all;
    sigset_t none;
    int rc = 0;

    keep_env(env);
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attr);
    rc |= posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    rc |= posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    rc |= posix_spawn_file_actions_adddup2(&actions, pair_fd, TG_PUSH_CHILD_FD);
    rc |= posix_spawn_file_actions_adddup2(&actions, config_fd, TG_PUSH_CHILD_CONFIG_FD);
    rc |= posix_spawn_file_actions_addclosefrom_np(&actions, TG_PUSH_CHILD_CONFIG_FD + 1);
    rc |= posix_spawnattr_setsigdefault(&attr, &all);
    rc |= posix_spawnattr_setsigmask(&attr, &none);
    rc |= posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (rc == 0) {
        rc = posix_spawn(pid, "/proc/self/exe", &actions, &attr, argv, env);
    }
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

enum tg_err tg_push_spawn(struct tg_push_child *out, const struct tg_config *config,
                          struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    int config_fd = -1;
    int ours = -1;
    int theirs = -1;
    pid_t pid = 0;

    TG_TRY(make_config_fd(&config_fd, config));
    TG_TRY(make_pair(&ours, &theirs));
    TG_REQUIRE(start(&pid, theirs, config_fd) == 0, TG_E_IO);
    *out = (struct tg_push_child){ .pid = pid, .fd = ours };
    ours = -1;
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_fault_set(fault, "the push process cannot be started");
    }
    if (config_fd >= 0) {
        (void)close(config_fd);
    }
    if (ours >= 0) {
        (void)close(ours);
    }
    if (theirs >= 0) {
        (void)close(theirs);
    }
    return err;
}
