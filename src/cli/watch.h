/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/watch.h - what the two ways of watching have in common.
 * Layer: L4.      Threads: one.      Blocks: yes.
 * Secrets: transfers, as everywhere; nothing of them is printed but what status tells.
 */
#ifndef TG_CLI_WATCH_H
#define TG_CLI_WATCH_H

#include "cli/flow.h"

#define WATCH_MAX 32u /* transfers at a time */

/* Whom to watch, as flow_open() takes it: "initiator:UUID". */
struct watched {
    char name[TRANSFER_ID_LEN + 16];
    char id[TRANSFER_ID_LEN + 1];
};

struct watch_list {
    struct watched entry[WATCH_MAX];
    size_t count;
};

/* How a look or a wait ended when nothing went wrong. */
enum watch_news { WATCH_NOTHING, WATCH_MESSAGE, WATCH_COMPLETED };

/* Opens the transfer for watching; release with flow_close(), whatever it returned. */
enum cli_exit watch_open(struct flow *f, struct ui *ui, struct transfer *t,
                         const struct watched *who, const struct cli_args *args);
/* Does act, tigress_session_wait or _check, until until_s (0: never). The message that came stays
   for 'tigress receive'. */
enum cli_exit watch_look(struct flow *f, flow_act_fn *act, int64_t until_s, enum watch_news *news);
/* Says what is new. */
enum cli_exit watch_report(struct ui *ui, const struct transfer *t, enum watch_news news);
enum cli_exit watch_nothing(struct ui *ui);

#endif
