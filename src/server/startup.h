/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/startup.h - what tigressd tells the operator before it serves: --check-config, and why it
 * does not start.
 * Layer: L4.      Threads: the main thread.      Blocks: reads files.
 * Secrets: none is printed. Paths of the settings are.
 */
#ifndef TG_SERVER_STARTUP_H
#define TG_SERVER_STARTUP_H

#include "server/ops/findings.h"
#include "server/settings/config.h"

/* Why something cannot be done: printed on standard error. */
struct tg_startup_failure {
    struct tg_fault fault;
    const char *path;   /* the file or folder that the fault is about; NULL: none */
    const char *advice; /* lines that say what to do; NULL: none */
};

/* "tigressd: WHAT: PATH: FAULT", then the advice. */
void tg_startup_report(const char *what, const struct tg_startup_failure *failure);
/* What the start has to say, on standard error. */
void tg_startup_print(struct tg_buf *text);
/* A line for each finding. */
void tg_startup_report_findings(const struct tg_findings *findings);

/* Standard output: "tigressd: WHAT on URL", with the address of the admin listener; admin_port 0:
   there is none. */
void tg_startup_say(const struct tg_config *config, const char *what, uint16_t admin_port);

/* --check-config: everything that the start needs, and that can be examined without starting.
   Returns the exit status. It may change the user of the process. */
int tg_startup_check(struct tg_config *config, int64_t now_s);

/* --upgrade-store, --restored: works on the store. Returns the exit status. */
int tg_startup_maintain(const struct tg_config *config, const struct tg_log *log,
                        enum tg_config_action action);

/* Reads the settings, and prints what there is to print, faults included. */
enum tg_config_action tg_startup_load(struct tg_config **out, int argc, char *const argv[]);

#endif
