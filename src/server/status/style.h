/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/status/style.h - how the operator's page looks, and what a browser may do with it.
 * Layer: L4.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_STATUS_STYLE_H
#define TG_SERVER_STATUS_STYLE_H

#include "base/buf.h"

#define TG_STATUS_CSP_LEN 192u

/* The text of the one style element. */
struct tg_bytes tg_status_style(void);
/* Writes the value of the Content-Security-Policy: this style, and nothing else. TG_E_CRYPTO. */
TG_NODISCARD enum tg_err tg_status_csp(char out[TG_STATUS_CSP_LEN]);

#endif
