/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/child.h"

#include "push/keys.h"
#include "push/process.h"
#include "server/ops/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX 65536u
#define FD_ABOVE 10 /* the relay's copies: out of the way of the child's numbers */
#define ENV_MAX 16u

/* --- the relay's side --------------------------------------------------------------------------
 */

/* The rest stays behind: proxies, which would get between us and a provider, and the service
   manager's sockets among it. */
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

/* The settings in effect, so that a file that was edited meanwhile does not part the two. */
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

/* Ours, and the child's: above the numbers that it gets there. */
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

enum tg_err tg_push_child_spawn(struct tg_push_child *out, const struct tg_config *config,
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

/* --- the child's side --------------------------------------------------------------------------
 */

static bool is_user(uid_t uid, gid_t gid)
{
    uid_t ids[3] = { 0 };
    gid_t groups[3] = { 0 };

    return getresuid(&ids[0], &ids[1], &ids[2]) == 0 &&
           getresgid(&groups[0], &groups[1], &groups[2]) == 0 && ids[0] == uid && ids[1] == uid &&
           ids[2] == uid && groups[0] == gid && groups[1] == gid && groups[2] == gid &&
           setuid(0) != 0;
}

/* For good. Nothing to do where tigressd was not started as root, or is to stay so. */
static enum tg_err become_user(const char *name, struct tg_fault *fault)
{
    const struct passwd *entry = NULL;
    gid_t gid = 0;
    uid_t uid = 0;

    if (geteuid() != 0 || name[0] == '\0') {
        return TG_OK;
    }
    entry = getpwnam(name);
    if (entry == NULL || entry->pw_uid == 0) {
        tg_fault_set(fault, "push-user: no such user (expected: one of this system, not root)");
        return TG_E_NOTFOUND;
    }
    uid = entry->pw_uid;
    gid = entry->pw_gid;
    if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
        !is_user(uid, gid)) {
        tg_fault_set(fault, "push-user: cannot become it: %s", strerror(errno));
        return TG_E_DENIED;
    }
    return TG_OK;
}

static enum tg_err check_ca(const struct tg_config *config, struct tg_fault *fault)
{
    const char *path = config->push.ca_file;

    if (path[0] == '\0' || access(path, R_OK) == 0) {
        return TG_OK;
    }
    if (config->is_dev_cert && errno == ENOENT) {
        return TG_OK; /* made on first start */
    }
    tg_fault_set(fault, "push-ca: cannot be read (expected: a PEM file)");
    return TG_E_IO;
}

/* The provider's name before what it said. */
static void name_fault(struct tg_fault *fault, enum tg_push_id id, const struct tg_fault *said)
{
    tg_fault_set(fault, "push, %s: %s", tg_push_name(id), said->text);
}

enum tg_err tg_push_child_check(const struct tg_config *config, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    enum tg_push_id id = TG_PUSH_APNS;
    struct tg_push_settings settings;
    struct tg_fault said = { { 0 } };

    tg_config_push(&settings, config);
    if (!tg_push_is_any_on(&settings)) {
        return TG_OK;
    }
    TG_TRY(become_user(config->push.user, fault));
    TG_TRY(check_ca(config, fault));
    err = tg_push_keys_check(&id, &settings, &tg_rng_system, &said);
    if (err != TG_OK) {
        name_fault(fault, id, &said);
    }
out:
    return err;
}

/* By hand this is of no use: without the pair there is nobody to serve. */
static bool has_pair(void)
{
    int type = 0;
    socklen_t len = sizeof type;

    return getsockopt(TG_PUSH_CHILD_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           type == SOCK_SEQPACKET;
}

static enum tg_err load_config(struct tg_config **out)
{
    static char name[] = "tigressd";
    static char flag[] = "--config";
    static char path[] = "/proc/self/fd/4";
    char *argv[] = { name, flag, path, NULL };
    const struct tg_config_env env = { .core_count = 1, .is_push_process = true };
    enum tg_config_action action = TG_CONFIG_BAD;
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    action = tg_config_load(out, 3, argv, &env, &text);
    (void)close(TG_PUSH_CHILD_CONFIG_FD);
    (void)fputs(tg_buf_cstr(&text), stderr);
    tg_buf_deinit(&text);
    return action == TG_CONFIG_RUN ? TG_OK : TG_E_SYNTAX;
}

/* The pair alone says when to end: a service manager's SIGTERM is for the relay, which drains. */
static void ignore_signals(void)
{
    static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };

    for (size_t i = 0; i < TG_COUNT(ignored); i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
}

static void keep_to_itself(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int complain(const struct tg_fault *fault)
{
    (void)fprintf(stderr, "tigressd: %s\n", fault->text);
    return EXIT_FAILURE;
}

int tg_push_child_main(void)
{
    struct tg_config *config = NULL;
    struct tg_push_settings settings;
    struct tg_fault fault = { { 0 } };
    struct tg_log_sink sink = { .fd = STDERR_FILENO };
    struct tg_log log = tg_log_sink_table(&sink);
    int status = EXIT_FAILURE;

    if (!has_pair()) {
        (void)fputs("tigressd: " TG_PUSH_CHILD_FLAG " is for tigressd's own use\n", stderr);
        return EXIT_FAILURE;
    }
    ignore_signals();
    if (load_config(&config) != TG_OK) {
        return EXIT_FAILURE;
    }
    keep_to_itself();
    sink.level = config->log_level;
    if (tg_push_child_check(config, &fault) != TG_OK) {
        status = complain(&fault);
    } else {
        /* After it has become somebody else, which makes the kernel forget. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        tg_config_push(&settings, config);
        status = tg_push_process_run(&settings, TG_PUSH_CHILD_FD, &log);
    }
    tg_config_free(&config);
    return status;
}
