/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/logo.h - the operator's logo: a file becomes HTML that can do nothing but be seen.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: none.
 * Source: SVG 2 (elements and attributes of shapes), PNG (RFC 2083, sections 3 and 4.1).
 * spec: docs/protocol.md section 5.1.
 */
#ifndef TG_RELAY_PAGE_LOGO_H
#define TG_RELAY_PAGE_LOGO_H

#include "base/buf.h"
#include "base/fault.h"

#define TG_PAGE_LOGO_FILE_MAX 4096u /* bytes of an SVG file, comments included */
#define TG_PAGE_LOGO_PNG_MAX 1536u  /* bytes of a PNG file */
#define TG_PAGE_LOGO_MAX 2304u      /* bytes of the HTML */

/*
 * Appends the logo as HTML: the SVG written again from its allowed parts, or an <img> with the PNG
 * in a data URL. TG_E_SYNTAX, TG_E_LIMIT with fault: what was wrong and what was expected. Nothing
 * is appended.
 */
TG_NODISCARD enum tg_err tg_page_logo_make(struct tg_buf *out, struct tg_bytes file,
                                           struct tg_fault *fault);

/* For logo.c alone: the SVG. out is written also on failure. */
TG_NODISCARD enum tg_err tg_page_logo_svg(struct tg_buf *out, struct tg_bytes file,
                                          struct tg_fault *fault);

#endif
