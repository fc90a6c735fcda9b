/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/drawing.h - the drawing of a page: what is shared, and a phone that shows the state.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: none.
 */
#ifndef TG_RELAY_PAGE_DRAWING_H
#define TG_RELAY_PAGE_DRAWING_H

#include "relay/page/page.h"

/* Appends an inline SVG without text. Its colours are those of the style's classes. */
void tg_page_put_drawing(struct tg_buf *out, enum tg_page_vertical vertical,
                         enum tg_page_state state);

#endif
