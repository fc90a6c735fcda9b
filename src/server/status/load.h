/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/status/load.h - the part of the operator's page that shows the load: numbers and charts.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_STATUS_LOAD_H
#define TG_SERVER_STATUS_LOAD_H

#include "server/status/page.h"

/* Append to the page; a failure sticks in out. */
void tg_status_put_tiles(struct tg_buf *out, const struct tg_status *status);
void tg_status_put_charts(struct tg_buf *out, const struct tg_status *status);

#endif
