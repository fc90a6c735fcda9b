/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/watch_push.h - watch --webpush-listen: a subscription for each transfer, all at one endpoint
 * on loopback.
 * Layer: L4.      Threads: one.      Blocks: yes.      Secrets: the keys of the subscriptions.
 */
#ifndef TG_CLI_WATCH_PUSH_H
#define TG_CLI_WATCH_PUSH_H

#include "cli/watch.h"

/* Waits until a push announces a change, or until_s (0: no limit). */
enum cli_exit watch_by_push(struct ui *ui, const struct cli_args *args,
                            const struct watch_list *list, int64_t until_s);

#endif
