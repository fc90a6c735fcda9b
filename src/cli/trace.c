/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trace.h"

#include "cli/ui.h"

#include <stdio.h>
#include <string.h>

#define PART_MAX 256
#define DATA_SHOWN 40

/* " AEAD_AES_128_GCM, 704 characters: q83v..." of a body that has a payload, else "". */
static void payload_of(char out[PART_MAX], const char *body, size_t len)
{
    json_t *object = body == NULL ? NULL : json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
    const char *type = NULL, *data = NULL;

    out[0] = '\0';
    if (json_unpack(object, "{s:{s:s, s:s}}", "payload", "type", &type, "data", &data) == 0) {
        snprintf(out, PART_MAX, " %.64s, %zu characters: %.*s...", type, strlen(data), DATA_SHOWN,
                 data);
    }
    json_decref(object);
}

/* The path of https://host/path; the library uses no query. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host == NULL ? NULL : strchr(host + 3, '/');

    return path == NULL ? "/" : path;
}

void trace_session(struct ui *ui, enum tigress_want want, enum tigress_input input)
{
    if (ui->is_verbose) {
        ui_info(ui, "session: %s%s%s", tigress_want_name(want),
                want == TIGRESS_WANT_INPUT ? ", " : "",
                want == TIGRESS_WANT_INPUT ? tigress_input_name(input) : "");
    }
}

void trace_wait(struct ui *ui, const struct tigress_session *s, unsigned *shown_failures)
{
    unsigned failures = tigress_session_failures(s);

    if (ui->is_verbose && failures > 0 && failures != *shown_failures) {
        ui_info(ui, "%s Trying again.", tigress_session_wait_text(s));
    }
    *shown_failures = failures;
}

void trace_exchange(void *ctx, const struct tigress_http_request *request, unsigned status,
                    const char *body, size_t body_len)
{
    struct ui *ui = ctx;
    char sent[PART_MAX], got[PART_MAX], outcome[32];

    if (status == 0) { /* nobody knows whether it was sent */
        ui_info(ui, "%s %.80s -> no answer", request->method, path_of(request->url));
        return;
    }
    payload_of(sent, request->body, request->body_len);
    payload_of(got, body, body_len);
    snprintf(outcome, sizeof(outcome), "%u", status);
    ui_info(ui, "%s %.80s -> %s%s%s%s%s", request->method, path_of(request->url), outcome,
            sent[0] == '\0' ? "" : ", sent", sent, got[0] == '\0' ? "" : ", received", got);
}
