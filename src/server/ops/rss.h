/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/rss.h - the anonymous memory that this process really has.
 * Layer: L4.      Threads: any.      Blocks: reads a file of the kernel.      Secrets: none.
 */
#ifndef TG_SERVER_OPS_RSS_H
#define TG_SERVER_OPS_RSS_H

#include <stddef.h>

/* RssAnon in bytes. 0: not known, as in a build with sanitizers, whose own memory is part of it. */
size_t tg_rss_anon(void);

#endif
