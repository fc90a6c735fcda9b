/* SPDX-License-Identifier: Apache-2.0 */
/* * direct/common.h - converts between a session and the frames of a direct transfer, for both
 * ends. * Layer: L2, on the installed headers, as part of libtigress_direct. Threads: one session,
 * one thread at a time.   Secrets: the share secret; the caller wipes it.
 */
#ifndef TG_DIRECT_COMMON_H
#define TG_DIRECT_COMMON_H

#include <tigress/session.h>

#include "base/secret.h"
#include "direct/frame.h"

enum tigress_error tg_direct_error(enum tg_err err);
/* Before a handle is made: from here on this library uses the allocator of <tigress/mem.h>. */
void tg_direct_follow_allocator(void);
/* Where the path of "tigress-direct://address:port/path" begins; false for any other URL. */
bool tg_direct_split_url(struct tg_bytes url, size_t *path_at);
/* The session's secret. TG_E_NOTFOUND: it has none yet. */
TG_NODISCARD enum tg_err tg_direct_secret_of(struct tg_secret *out,
                                             const struct tigress_session *s);
/* The parts of a frame for the session's request; views into the request. TG_E_LIMIT, TG_E_SYNTAX
 */
TG_NODISCARD enum tg_err tg_direct_request_of(struct tg_direct_request *out,
                                              const struct tigress_http_request *http);
/* Gives an answer to the session. */
TG_NODISCARD enum tigress_error tg_direct_reply(struct tigress_session *s,
                                                const struct tg_direct_response *response);

#endif
