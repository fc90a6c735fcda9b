/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/watch.h - what watching by long poll and by push have in common.
 * Layer: L4.      Threads: one.      Blocks: yes.
 * Secrets: transfers; only what status shows of them is printed.
 */
#ifndef TG_CLI_WATCH_H
#define TG_CLI_WATCH_H

#include "cli/flow.h"

#define WATCH_MAX 32u /* transfers at a time */

/* A transfer to watch; name is for flow_open(): "initiator:UUID". */
struct watched {
    char name[TRANSFER_ID_LEN + 16];
    char id[TRANSFER_ID_LEN + 1];
};

struct watch_list {
    struct watched entry[WATCH_MAX];
    size_t count;
};

/* How a look or a wait ended when nothing went wrong. */
enum watch_news { WATCH_NOTHING, WATCH_MESSAGE, WATCH_OPENED, WATCH_SENT, WATCH_COMPLETED };

/* Opens the transfer for watching; release with flow_close(), also after a failure. */
enum cli_exit watch_open(struct flow *f, struct ui *ui, struct transfer *t,
                         const struct watched *who, const struct cli_args *args);
/* Calls act (tigress_session_wait or _check) and runs until until_s (0: no limit). A message that
   arrives stays unread, for 'tigress receive'. */
enum cli_exit watch_look(struct flow *f, flow_act_fn *act, int64_t until_s, enum watch_news *news);
/* The first look of a watch. That a device had opened the invitation before is told, and is no
   news. */
enum cli_exit watch_begin(struct flow *f, enum watch_news *news);
/* Prints what changed. */
enum cli_exit watch_report(struct ui *ui, const struct cli_args *args, const struct flow *f,
                           enum watch_news news);
/* Reports that nothing changed in time. */
enum cli_exit watch_report_nothing(struct ui *ui);

/* Waits for the first change of one transfer and reports it. until_s: UTC seconds, 0: never. */
enum cli_exit watch_one(struct ui *ui, const struct cli_args *args, const struct watched *who,
                        int64_t until_s);
/* Reports every change until the transfer has ended, or a message has come. */
enum cli_exit watch_to_the_end(struct ui *ui, const struct cli_args *args,
                               const struct watched *who);

#endif
