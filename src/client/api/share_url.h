/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/api/share_url.h - share URLs for the exported functions.
 * Layer: L2.      Threads: any.      Blocks: no.
 * Secrets: the share secret of a URL; the caller wipes it.
 */
#ifndef TG_CLIENT_API_SHARE_URL_H
#define TG_CLIENT_API_SHARE_URL_H

#include <tigress/share_url.h>

#include "base/fault.h"
#include "wire/link_repair.h"

/* "https://host[:port]" with at most a "/" after it; mailbox and secret are zero. */
TG_NODISCARD enum tg_err tg_relay_url_parse(struct tg_share_url *out, struct tg_bytes text,
                                            struct tg_fault *fault);
/* As tg_link_read; TIGRESS_E_SECRET when the secret alone is wrong. */
enum tigress_error tg_share_url_read(struct tg_link *out, struct tg_bytes text,
                                     struct tg_fault *fault);
enum tigress_error tg_share_url_put(const struct tg_share_url *url, enum tigress_share_form form,
                                    char *out, size_t cap);

#endif
