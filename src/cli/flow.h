/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/flow.h - one session of one transfer at work: saved before every request and after every
 * answer, so that the process may die at any moment.
 * Layer: L4.      Threads: one.      Blocks: yes.
 * Secrets: holds the session, which holds all of them.
 */
#ifndef TG_CLI_FLOW_H
#define TG_CLI_FLOW_H

#include <tigress/direct.h>
#include <tigress/tigress.h>
#include <tigress/transport_curl.h>

#include "cli/options.h"
#include "cli/state.h"

/* Failures in a row before a command that nobody waits for gives up: a few seconds. */
#define FLOW_TRIES 3u
#define FLOW_TRIES_WAITING 1000u

struct flow {
    struct ui *ui;
    struct transfer *t; /* borrowed; NULL: nothing is kept (a preview) */
    struct tigress_session *session;
    struct tigress_transport *transport;
    struct tigress_direct_link *link; /* instead, when the other side is a device */
    enum tigress_want want;           /* what the last run stopped at */
    enum tigress_input input;         /* with TIGRESS_WANT_INPUT */
    int64_t until_s;                  /* of the run under way; 0: none */
    int64_t shown_s;                  /* what the line of progress says is left */
    void *before;                     /* the session before the last flow_do, or NULL */
    size_t before_len;
    bool has_own_ca;       /* a file of authorities was given */
    bool is_ending;        /* the session is to be over after this run */
    enum cli_exit stopped; /* why a callback stopped the run; already said */
};

/* A step of the application: tigress_session_finish and its like. */
typedef enum tigress_error flow_act_fn(struct tigress_session *s);

/* Says that the transfer is over, or was never begun, and how. */
enum cli_exit flow_over(struct ui *ui, const struct transfer *t);

/* A new session, which it takes over even when it fails. cacert NULL: the system's authorities. */
enum cli_exit flow_begin_take(struct flow *f, struct ui *ui, struct transfer *t,
                              struct tigress_session *session, const char *cacert);
/*
 * The saved session of a loaded transfer.
 * CLI_REFUSED, CLI_GONE   it ended, is not created yet, or is damaged; said
 */
enum cli_exit flow_resume(struct flow *f, struct ui *ui, struct transfer *t,
                          const struct cli_args *args);
void flow_end(struct flow *f);

/*
 * Runs until the session wants input, is done, or until_s (0: never).
 * CLI_OK      f->want and f->input say where it stands
 * otherwise   it failed; said, and the state holds what is worth keeping
 */
enum cli_exit flow_run(struct flow *f, int64_t until_s);
/* Finishes what was under way, if act cannot be done before, then does act and runs. */
enum cli_exit flow_do(struct flow *f, flow_act_fn *act);
/* Another try of a session that failed in a way that may pass; nothing for any other. */
enum cli_exit flow_retry(struct flow *f);
/* Puts a read under way aside; any other request stays and is repeated. */
enum tigress_error flow_interrupt(struct flow *f);
/* Does act alone; a read under way gives way to it. TIGRESS_E_STATE: another request does not. */
enum tigress_error flow_act(struct flow *f, flow_act_fn *act);
/* Finishes what was interrupted, such as the sending of a message, and counts that. */
enum cli_exit flow_settle(struct flow *f);
/* Keeps the session for flow_restore, which a refusal by the relay does by itself. */
enum cli_exit flow_remember(struct flow *f);
enum cli_exit flow_save(struct flow *f);

/* Deletes the mailbox, which ends the transfer as completed. */
enum cli_exit flow_finish(struct flow *f);
/*
 * Loads the transfer that the first argument names and resumes its session. Release both with
 * flow_close, whatever it returned.
 */
enum cli_exit flow_open(struct flow *f, struct ui *ui, struct transfer *t, enum transfer_role role,
                        const struct cli_args *args);
void flow_close(struct flow *f, struct transfer *t);

/* The authorities for new transfers: --cacert or TIGRESS_CACERT, as an absolute path for
 * cli_free; NULL for the system's. CLI_REFUSED: there is no such file; said. */
enum cli_exit flow_cacert(struct ui *ui, const struct cli_args *args, char **path);

#endif
