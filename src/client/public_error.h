/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/public_error.h - maps internal errors to those of the interface.
 * Layer: L2 (base, include/tigress).      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_CLIENT_PUBLIC_ERROR_H
#define TG_CLIENT_PUBLIC_ERROR_H

#include <tigress/error.h>

#include "base/err.h"

/* An error without a public counterpart is TIGRESS_E_BUG. */
enum tigress_error tg_public_error(enum tg_err err);
/* The same for an error of opening an envelope: each cause has its own. spec: protocol/7#own-error
 */
enum tigress_error tg_public_open_error(enum tg_err err);

#endif
