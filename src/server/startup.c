/* SPDX-License-Identifier: Apache-2.0 */
#include "server/startup.h"

#include "server/preflight.h"
#include "server/pushlink/child.h"
#include "server/standing_start.h"
#include "server/storage/storage.h"
#include "server/time/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define TEXT_MAX (64u * 1024u)

void tg_startup_report(const char *what, const struct tg_startup_failure *failure)
{
    bool has_path = failure->path != NULL && failure->path[0] != '\0';

    (void)fprintf(stderr, "tigressd: %s%s%s%s%s\n%s", what, has_path ? ": " : "",
                  has_path ? failure->path : "", failure->fault.text[0] != '\0' ? ": " : "",
                  failure->fault.text, failure->advice != NULL ? failure->advice : "");
}

void tg_startup_print(struct tg_buf *text)
{
    (void)fputs(tg_buf_cstr(text), stderr);
}

void tg_startup_report_findings(const struct tg_findings *findings)
{
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    tg_findings_format(&text, findings);
    tg_startup_print(&text);
    tg_buf_deinit(&text);
}

static const char *bracket(const struct tg_endpoint *at, bool is_open)
{
    return at->addr.ss_family != AF_INET6 ? "" : is_open ? "[" : "]";
}

void tg_startup_say(const struct tg_config *config, const char *what, uint16_t admin_port)
{
    const struct tg_endpoint *at = &config->listen;
    const struct tg_endpoint *admin = &config->admin;

    (void)printf("tigressd: %s on %s://%s%s%s:%u", what, config->is_plain_http ? "http" : "https",
                 bracket(at, true), at->host, bracket(at, false), (unsigned)at->port);
    if (admin_port != 0) {
        (void)printf(" admin %s%s%s:%u", bracket(admin, true), admin->host, bracket(admin, false),
                     (unsigned)admin_port);
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

/* A development certificate is made at the start. */
static void check_tls(const struct tg_config *config, int64_t now_s, struct tg_findings *findings)
{
    struct tg_tls_tickets *tickets = NULL;
    struct tg_tls_context *tls = NULL;
    enum tg_err err = TG_OK;

    if (config->is_plain_http || config->is_dev_cert) {
        return;
    }
    err = tg_tls_tickets_new(&tickets, &tg_rng_system);
    if (err == TG_OK) {
        err = tg_preflight_tls(&tls, config, tickets, now_s, findings);
    }
    if (err != TG_OK && !tg_findings_refuse(findings)) {
        tg_fault_set(
            tg_finding_add(findings, TG_FINDING_ERROR, TG_REASON_OUT_OF_MEMORY, "tls-cert", NULL),
            "TLS cannot be set up: %s", tg_err_name(err));
    }
    tg_tls_context_free(&tls);
    tg_tls_tickets_free(&tickets);
}

/* The check of the push keys is the last one, because it changes the user. */
static enum tg_err check_files(const struct tg_config *config, int64_t now_s,
                               struct tg_startup_failure *failure)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_time_check(&failure->fault));
    TG_TRY(tg_storage_check(config, &failure->fault, &failure->path, &failure->advice));
    TG_TRY(tg_standing_check(config, tg_moment_sure(now_s), &failure->fault, &failure->advice));
    TG_TRY(tg_push_child_check(config, &failure->fault));
out:
    return err;
}

int tg_startup_check(struct tg_config *config, int64_t now_s)
{
    struct tg_findings findings = { .count = 0 };
    struct tg_startup_failure failure = { .path = NULL };
    bool is_valid = false;

    check_tls(config, now_s, &findings);
    tg_preflight_descriptors(config, &findings);
    tg_preflight_folders(config, &findings);
    tg_preflight_verifier(config, &findings);
    tg_startup_report_findings(&findings);
    is_valid = check_files(config, now_s, &failure) == TG_OK;
    if (!is_valid) {
        tg_startup_report("cannot start", &failure);
    }
    if (!is_valid || tg_findings_refuse(&findings)) {
        return EXIT_USAGE;
    }
    (void)puts("tigressd: the configuration is valid");
    return EXIT_SUCCESS;
}

enum tg_config_action tg_startup_load(struct tg_config **out, int argc, char *const argv[])
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const struct tg_config_env env = { .home = getenv("HOME"),
                                       .xdg_state_home = getenv("XDG_STATE_HOME"),
                                       .core_count = cores > 0 ? (uint32_t)cores : 1 };
    enum tg_config_action action = TG_CONFIG_BAD;
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    action = tg_config_load(out, argc, argv, &env, &text);
    (void)fputs(tg_buf_cstr(&text), action == TG_CONFIG_BAD ? stderr : stdout);
    tg_buf_deinit(&text);
    return action;
}

int tg_startup_maintain(const struct tg_config *config, const struct tg_log *log,
                        enum tg_config_action action)
{
    struct tg_startup_failure failure = { .path = NULL };
    struct tg_storage storage = { .store = NULL };
    enum tg_err err = TG_E_BUG;
    const char *done = "";
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    if (action == TG_CONFIG_UPGRADE) {
        err = tg_storage_upgrade(&storage, config, log, STDIN_FILENO, &failure.fault);
        done = "tigressd: the store has the check of its keys: start the relay";
    } else if (action == TG_CONFIG_COPY) {
        err = tg_storage_copy(&storage, config, log, &text, &failure.fault);
        done = "tigressd: the copy is the store from now on: start the relay on it";
    } else if (action == TG_CONFIG_OPEN_MAP) {
        err = tg_storage_open_map(&storage, config, log, &failure.fault);
        done = "tigressd: new mailboxes are made by this version of the map from now on";
    } else if (action == TG_CONFIG_MIGRATE) {
        err = tg_storage_migrate(config, &failure.fault);
        done = "tigressd: the tables are ready: start the relay";
    } else {
        err = tg_storage_restore(&storage, config, log, &failure.fault);
        done = "tigressd: the store is ready as restored: start the relay";
    }
    if (err == TG_OK) {
        (void)fputs(tg_buf_cstr(&text), stdout);
        (void)puts(done);
    } else {
        failure.path = storage.path;
        failure.advice = storage.advice;
        tg_startup_report("cannot change the store", &failure);
    }
    tg_storage_close(&storage);
    tg_buf_deinit(&text);
    return err == TG_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
