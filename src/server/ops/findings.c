/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/findings.h"

#include <assert.h>

struct tg_fault *tg_finding_add(struct tg_findings *f, enum tg_severity severity,
                                enum tg_log_reason reason, const char *setting, const char *path)
{
    struct tg_finding *added = NULL;

    assert(f->count < TG_FINDINGS_MAX);
    added = &f->list[f->count++];
    *added = (struct tg_finding){
        .severity = severity, .reason = reason, .setting = setting, .path = path
    };
    return &added->fault;
}

bool tg_findings_refuse(const struct tg_findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->list[i].severity == TG_FINDING_ERROR) {
            return true;
        }
    }
    return false;
}

/* A path may contain anything: a terminal gets only visible characters. */
static void append_path(struct tg_buf *out, const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        tg_buf_append_u8(out, *at >= 0x20 && *at < 0x7f ? (uint8_t)*at : '?');
    }
    tg_buf_append_str(out, ": ");
}

void tg_findings_format(struct tg_buf *out, const struct tg_findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct tg_finding *finding = &f->list[i];

        tg_buf_append_str(out, "tigressd: ");
        tg_buf_append_str(out, finding->severity == TG_FINDING_WARNING ? "warning: " : "");
        tg_buf_append_str(out, finding->setting);
        tg_buf_append_str(out, ": ");
        if (finding->path != NULL) {
            append_path(out, finding->path);
        }
        tg_buf_append_str(out, finding->fault.text);
        tg_buf_append_u8(out, '\n');
    }
}

void tg_findings_log(const struct tg_findings *f, const struct tg_log *log, const char *error_event,
                     const char *warning_event)
{
    for (size_t i = 0; i < f->count; i++) {
        bool is_error = f->list[i].severity == TG_FINDING_ERROR;

        TG_LOG(log, is_error ? TG_LOG_ERROR : TG_LOG_WARNING,
               is_error ? error_event : warning_event,
               { "reason", TG_LOG_REASON(f->list[i].reason) });
    }
}
