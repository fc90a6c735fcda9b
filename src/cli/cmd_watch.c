/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_watch.h"

#include "cli/mem.h"
#include "cli/ui_error.h"
#include "cli/watch.h"
#include "cli/watch_push.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define WAIT_MAX_S (30 * 86400)
#define OUTPUT_MAX 1024u /* bytes at a time */

/* ---- several: a process each, which may end at any moment ------------------------------------ */

struct child {
    pid_t pid; /* 0: it has ended */
    int out, err;
    enum cli_exit exit;
};

enum start { START_FAILED, START_PARENT, START_CHILD };

/* In the child, standard output and error go to the parent from here on. */
static enum start start_child(struct child *c)
{
    int out[2] = { -1, -1 };
    int err[2] = { -1, -1 };

    if (pipe(out) != 0 || pipe(err) != 0) {
        return START_FAILED;
    }
    c->out = out[0];
    c->err = err[0];
    c->pid = fork();
    if (c->pid == 0) {
#ifdef __linux__
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
        return dup2(out[1], STDOUT_FILENO) < 0 || dup2(err[1], STDERR_FILENO) < 0 ? START_FAILED
                                                                                  : START_CHILD;
    }
    (void)close(out[1]);
    (void)close(err[1]);
    return c->pid > 0 ? START_PARENT : START_FAILED;
}

/* Copies the output of a child: a few lines, which fit into a pipe. */
static void pass_on(int from, int to)
{
    char text[OUTPUT_MAX];
    ssize_t len;

    while ((len = read(from, text, sizeof(text))) > 0) {
        if (write(to, text, (size_t)len) != len) {
            return;
        }
    }
}

static bool is_news(enum cli_exit exit)
{
    return exit == CLI_OK || ending_is_exit(exit);
}

/* The first child that reports a change, or else the last one that ends. */
static struct child *await(struct child *children, size_t count)
{
    struct child *last = NULL;
    size_t left = count;

    while (left > 0 && (last == NULL || !is_news(last->exit))) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);

        if (pid < 0 && errno != EINTR) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            if (pid > 0 && children[i].pid == pid) {
                children[i].pid = 0;
                children[i].exit =
                    WIFEXITED(status) ? (enum cli_exit)WEXITSTATUS(status) : CLI_REFUSED;
                last = &children[i];
                left--;
            }
        }
    }
    return last;
}

static void end_children(struct child *children, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (children[i].pid > 0) {
            (void)kill(children[i].pid, SIGTERM);
            (void)waitpid(children[i].pid, NULL, 0);
        }
        (void)close(children[i].out);
        (void)close(children[i].err);
    }
}

static enum cli_exit watch_all(struct ui *ui, const struct cli_args *args,
                               const struct watch_list *list, int64_t until_s)
{
    struct child children[WATCH_MAX] = { { .pid = 0 } };
    enum start start = START_PARENT;
    struct child *first = NULL;
    size_t count = 0;
    enum cli_exit exit = CLI_REFUSED;

    (void)fflush(NULL);
    while (count < list->count && start == START_PARENT) {
        start = start_child(&children[count]);
        count += start == START_PARENT ? 1 : 0;
    }
    if (start == START_CHILD) {
        return watch_one(ui, args, &list->entry[count], until_s);
    }
    first = start == START_FAILED ? NULL : await(children, count);
    if (first == NULL) {
        exit = ui_fail(ui, CLI_REFUSED, "process", "a process could not be started: %s.",
                       strerror(errno));
    } else {
        pass_on(first->err, STDERR_FILENO);
        pass_on(first->out, STDOUT_FILENO);
        exit = first->exit;
    }
    end_children(children, count);
    return exit;
}

/* ---- the command ---------------------------------------------------------------------------- */

static void put(struct watch_list *list, enum transfer_role role, const char *id)
{
    struct watched *who = &list->entry[list->count++];

    snprintf(who->name, sizeof(who->name), "%s:%s", transfer_role_name(role), id);
    snprintf(who->id, sizeof(who->id), "%s", id);
}

/* All active transfers, the newest first. */
static enum cli_exit list_all(struct ui *ui, struct watch_list *list)
{
    struct transfer *all = NULL;
    size_t count = 0;
    enum cli_exit exit = state_list(ui, &all, &count);

    for (size_t i = 0; exit == CLI_OK && i < count; i++) {
        if (all[i].session == NULL || all[i].status != TRANSFER_ACTIVE) {
            continue;
        }
        if (list->count == WATCH_MAX) {
            ui_info(ui, "only the newest %u transfers are watched.", WATCH_MAX);
            break;
        }
        put(list, all[i].role, all[i].id);
    }
    state_list_free(all, count);
    if (exit == CLI_OK && list->count == 0) {
        return ui_fail(ui, CLI_REFUSED, "none", "you have no active transfer.");
    }
    return exit;
}

static enum cli_exit find_one(struct ui *ui, struct watch_list *list, const char *name)
{
    struct transfer t;
    enum cli_exit exit = state_load(ui, &t, TRANSFER_ANY_ROLE, name);

    if (exit == CLI_OK) {
        put(list, t.role, t.id);
    }
    state_release(&t);
    return exit;
}

static enum cli_exit check_options(struct ui *ui, const struct cli_args *args, int64_t *wait_s)
{
    bool is_listening = args->value[OPT_WEBPUSH_LISTEN] != NULL;

    if (args->value[OPT_WAIT] != NULL &&
        !options_parse_duration(wait_s, args->value[OPT_WAIT], WAIT_MAX_S)) {
        return ui_fail(ui, CLI_USAGE, "usage",
                       "--wait: expected a time of at most 30d such as 90, 5m or 2h.");
    }
    if (is_listening != (args->value[OPT_LISTEN_CERT] != NULL) ||
        is_listening != (args->value[OPT_LISTEN_KEY] != NULL)) {
        return ui_fail(
            ui, CLI_USAGE, "usage",
            "--webpush-listen, --listen-cert and --listen-key can be used only together.");
    }
    return CLI_OK;
}

static enum cli_exit watch_listed(struct ui *ui, const struct cli_args *args,
                                  struct watch_list *list, int64_t wait_s)
{
    int64_t until_s = wait_s == 0 ? 0 : (int64_t)time(NULL) + wait_s;
    enum cli_exit exit =
        args->position_count > 0 ? find_one(ui, list, args->position[0]) : list_all(ui, list);

    if (exit != CLI_OK) {
        return exit;
    }
    if (args->value[OPT_WEBPUSH_LISTEN] != NULL) {
        return watch_by_push(ui, args, list, until_s);
    }
    return list->count == 1 ? watch_one(ui, args, &list->entry[0], until_s)
                            : watch_all(ui, args, list, until_s);
}

enum cli_exit cmd_watch(struct ui *ui, const struct cli_args *args)
{
    struct watch_list *list = cli_alloc(sizeof(*list));
    int64_t wait_s = 0;
    enum cli_exit exit = check_options(ui, args, &wait_s);

    if (exit == CLI_OK) {
        exit = list != NULL ? watch_listed(ui, args, list, wait_s)
                            : ui_fail(ui, CLI_REFUSED, "memory", "out of memory.");
    }
    cli_free(list);
    return exit;
}
