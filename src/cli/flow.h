/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/flow.h - runs the session of a transfer. The session is saved before every request and after
 * every answer, so that the process may end at any moment.
 * Layer: L4.      Threads: one.      Blocks: yes.
 * Secrets: holds the session, which holds all of them.
 */
#ifndef TG_CLI_FLOW_H
#define TG_CLI_FLOW_H

#include <tigress/direct.h>
#include <tigress/tigress.h>
#include <tigress/transport_curl.h>

#include "cli/ending.h"
#include "cli/options.h"
#include "cli/state.h"

/* Consecutive failures before a command gives up: a few seconds, or longer where it waits. */
#define FLOW_TRIES 3u
#define FLOW_TRIES_WAITING 1000u

struct flow {
    struct ui *ui;
    struct transfer *t; /* borrowed; NULL: nothing is saved (a preview) */
    struct tigress_session *session;
    struct tigress_transport *transport;
    struct tigress_direct_link *link; /* instead, when the other side is a device */
    enum tigress_want want;           /* what the last run stopped at */
    enum tigress_input input;         /* with TIGRESS_WANT_INPUT */
    int64_t until_s;                  /* of the current run; 0: none */
    int64_t shown_s;                  /* seconds left, as the line of progress shows them */
    unsigned shown_failures;          /* of the session, that --verbose has printed */
    void *before;                     /* the session at the last flow_remember, or NULL */
    size_t before_len;
    struct cli_args args;  /* of flow_resume, for a wait */
    unsigned poll_s;       /* of flow_set_waiting */
    bool can_step_aside;   /* it only waits: another command on this transfer goes first */
    bool is_wanted;        /* the run stopped for that */
    bool has_own_ca;       /* a file of authorities was given */
    bool is_ending;        /* this run is expected to end the session */
    bool is_final;         /* an end note was made: the session is never put back before it */
    enum cli_exit stopped; /* why a callback stopped the run; already reported */
};

/* A call that changes the session: tigress_session_finish, _wait, _check, ... */
typedef enum tigress_error flow_act_fn(struct tigress_session *s);

/* Reports that the transfer has ended and how, or that its creation was interrupted. */
enum cli_exit flow_report_end(struct ui *ui, const struct transfer *t);

/* Starts a new session and owns it, also when it fails. cacert NULL: the system's authorities. */
enum cli_exit flow_begin_take(struct flow *f, struct ui *ui, struct transfer *t,
                              struct tigress_session *session, const char *cacert);
/*
 * The saved session of a loaded transfer.
 * CLI_REFUSED, the exit code of an end   it ended, is not created yet, or is damaged; reported
 */
enum cli_exit flow_resume(struct flow *f, struct ui *ui, struct transfer *t,
                          const struct cli_args *args);
void flow_end(struct flow *f);

/*
 * Runs until the session wants input, is done, or until_s (0: never).
 * CLI_OK      f->want and f->input have the state of the session
 * otherwise   it failed; reported, and the transfer is saved so that it can be resumed
 */
enum cli_exit flow_run(struct flow *f, int64_t until_s);
/* Calls act and runs. If an interrupted request does not allow act, finishes that one first. */
enum cli_exit flow_do(struct flow *f, flow_act_fn *act);
/* Retries a session that failed for a temporary reason; does nothing for any other. */
enum cli_exit flow_retry(struct flow *f);
/* Drops a pending read; any other pending request stays and is repeated. */
enum tigress_error flow_interrupt(struct flow *f);
/* Calls act without running. A pending read is dropped. TIGRESS_E_STATE: another request is
   pending. */
enum tigress_error flow_act(struct flow *f, flow_act_fn *act);
/* Finishes an interrupted request, such as sending a message, and counts that message. */
enum cli_exit flow_settle(struct flow *f);
/* Copies the session, so that a refusal by the relay can restore it. */
enum cli_exit flow_remember(struct flow *f);
enum cli_exit flow_save(struct flow *f);
/* The transfer ended, or it was refused: the session has failed for good. */
bool flow_is_refused(const struct flow *f);

/* Deletes the mailbox, which ends the transfer as completed, and keeps the end. */
enum cli_exit flow_finish(struct flow *f);
/*
 * Loads the transfer that the first argument names and resumes its session. Release both with
 * flow_close, also after a failure.
 */
enum cli_exit flow_open(struct flow *f, struct ui *ui, struct transfer *t, enum transfer_role role,
                        const struct cli_args *args);
void flow_close(struct flow *f, struct transfer *t);

/* The authorities for new transfers: --cacert or TIGRESS_CACERT, as an absolute path for
 * cli_free; NULL for the system's. CLI_USAGE: it cannot be read; reported. */
enum cli_exit flow_cacert(struct ui *ui, const struct cli_args *args, char **path);

#endif
