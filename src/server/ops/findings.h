/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/findings.h - what the checks of settings, files and limits found: a sentence for the
 * operator each, and a reason of a fixed list for the log.
 * Layer: L4 (base).      Threads: one at a time.      Blocks: no.
 * Secrets: none. A path is the operator's, from the settings; it is printed and never logged.
 */
#ifndef TG_SERVER_OPS_FINDINGS_H
#define TG_SERVER_OPS_FINDINGS_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"

#include <stdbool.h>

#define TG_FINDINGS_MAX 16u /* more than all checks together can find */

/* An error refuses the start or the reload. */
enum tg_severity { TG_FINDING_WARNING, TG_FINDING_ERROR };

struct tg_finding {
    enum tg_severity severity;
    enum tg_log_reason reason;
    const char *setting;   /* its name; a literal */
    const char *path;      /* of the file or folder; borrowed from the settings; NULL: none */
    struct tg_fault fault; /* what was wrong, and what was expected */
};

struct tg_findings { /* zero: nothing found */
    size_t count;
    struct tg_finding list[TG_FINDINGS_MAX];
};

/* Adds a finding; the caller writes its sentence into the fault that is returned. */
struct tg_fault *tg_finding_add(struct tg_findings *f, enum tg_severity severity,
                                enum tg_log_reason reason, const char *setting, const char *path);
/* Whether an error was found. */
bool tg_findings_refuse(const struct tg_findings *f);
/* Appends a line for each: "tigressd: tls-key: /path: what (expected: ...)". */
void tg_findings_format(struct tg_buf *out, const struct tg_findings *f);
/* Logs each, with its reason: errors as the event `error_event`, warnings as `warning_event`. */
void tg_findings_log(const struct tg_findings *f, const struct tg_log *log, const char *error_event,
                     const char *warning_event);

#endif
