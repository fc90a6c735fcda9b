/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/trace.h - --verbose: prints each exchange with the relay, and what the session wants.
 * Layer: L4.      Threads: one.      Blocks: no.
 * Secrets: sees requests with their claim; prints method, path and the sealed payload's beginning.
 */
#ifndef TG_CLI_TRACE_H
#define TG_CLI_TRACE_H

#include <tigress/transport_curl.h>

/* With --verbose: what the session wants now. */
struct ui;
void trace_session(struct ui *ui, enum tigress_want want, enum tigress_input input);
/* With --verbose: why the session waits, once for each failure. */
void trace_wait(struct ui *ui, const struct tigress_session *s, unsigned *shown_failures);
/* A tigress_observe_fn; ctx is a struct ui. */
void trace_exchange(void *ctx, const struct tigress_http_request *request, unsigned status,
                    const char *body, size_t body_len);

#endif
