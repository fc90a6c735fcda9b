/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/child.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "push/keys.h"
#include "push/process.h"
#include "push/proxy.h"
#include "server/ops/log_sink.h"
#include "server/settings/config_memory.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX 65536u
#define HEAPS 2u /* threads of libcurl that resolve names allocate little */

static bool is_user(uid_t uid, gid_t gid)
{
    uid_t ids[3] = { 0 };
    gid_t groups[3] = { 0 };

    return getresuid(&ids[0], &ids[1], &ids[2]) == 0 &&
           getresgid(&groups[0], &groups[1], &groups[2]) == 0 && ids[0] == uid && ids[1] == uid &&
           ids[2] == uid && groups[0] == gid && groups[1] == gid && groups[2] == gid &&
           setuid(0) != 0;
}

/* It cannot be undone. Does nothing if tigressd was not started as root or push-user is not set. */
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
        tg_fault_set(fault, "push-user: no such user (expected: a user of this system, not root)");
        return TG_E_NOTFOUND;
    }
    uid = entry->pw_uid;
    gid = entry->pw_gid;
    if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
        !is_user(uid, gid)) {
        tg_fault_set(fault, "push-user: cannot switch to that user: %s", strerror(errno));
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
        return TG_OK; /* made on the first start */
    }
    tg_fault_set(fault, "push-ca: cannot be read: %s (expected: a PEM file) (%s)", strerror(errno),
                 path);
    return TG_E_IO;
}

static enum tg_err check_proxy(const struct tg_push_settings *settings, struct tg_fault *fault)
{
    struct tg_push_proxy proxy;
    enum tg_err err = tg_push_proxy_load(&proxy, settings, fault);

    tg_push_proxy_wipe(&proxy);
    return err;
}

/* Puts the provider's name before the reason, and the number of the app, if it is one. */
static void set_sender_fault(struct tg_fault *fault, const struct tg_push_settings *settings,
                             size_t sender, const struct tg_fault *reason)
{
    const char *name = tg_push_name(tg_push_provider_of(settings, sender));
    unsigned app = tg_push_app_number(settings, sender);

    if (app == 0) {
        tg_fault_set(fault, "push, %s: %s", name, reason->text);
    } else {
        tg_fault_set(fault, "push, push-%s-app %u: %s", name, app, reason->text);
    }
}

enum tg_err tg_push_child_check(const struct tg_config *config, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    size_t sender = 0;
    struct tg_push_settings settings;
    struct tg_fault reason = { { 0 } };

    tg_config_push_settings(&settings, config);
    if (!tg_push_is_any_on(&settings)) {
        return TG_OK;
    }
    TG_TRY(become_user(config->push.user, fault));
    TG_TRY(check_ca(config, fault));
    TG_TRY(check_proxy(&settings, fault));
    err = tg_push_keys_check(&sender, &settings, &tg_rng_system, &reason);
    if (err != TG_OK) {
        set_sender_fault(fault, &settings, sender, &reason);
    }
out:
    return err;
}

/* Without the pair the process was started by hand and has no jobs to do. */
static bool has_pair(void)
{
    int type = 0;
    socklen_t len = sizeof(type);

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

/* Only the end of the pair ends the process. A SIGTERM is for the relay, which drains first. */
static void ignore_signals(void)
{
    static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };

    for (size_t i = 0; i < TG_COUNT(ignored); i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
}

static void harden_process(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* huge pages would be more than is used */
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int print_fault(const struct tg_fault *fault)
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
    harden_process();
    sink.level = config->log_level;
    if (tg_push_child_check(config, &fault) != TG_OK) {
        status = print_fault(&fault);
    } else {
        /* After the change of user, because that resets this setting. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        tg_config_push_settings(&settings, config);
        tg_mem_own_process(HEAPS);
        tg_mem_set_max((size_t)tg_config_push_memory(config));
        status = tg_push_process_run(&settings, TG_PUSH_CHILD_FD, &log);
    }
    tg_config_free(&config);
    return status;
}
