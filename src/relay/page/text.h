/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/text.h - text in HTML: the relay's own, the operator's and that of strangers.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: none.
 * spec: docs/protocol.md section 5.1.
 */
#ifndef TG_RELAY_PAGE_TEXT_H
#define TG_RELAY_PAGE_TEXT_H

#include "base/buf.h"

/* Escaped for HTML text and for a quoted attribute; nothing is left out. */
void tg_page_put_escaped(struct tg_buf *out, struct tg_bytes text);

/*
 * Text of a stranger, cleaned and escaped: without characters of base/harmful.h, with U+FFFD for
 * what is not UTF-8, and with at most 4 combining marks on a character.
 */
/* On one line: a line break or a tab becomes a space. At most max characters and room bytes of
   HTML, then an ellipsis. */
void tg_page_put_line(struct tg_buf *out, struct tg_bytes text, size_t max, size_t room);
/* Line breaks become <br>, at most two in a row, none at the ends. At most room bytes of HTML, then
   an ellipsis. */
void tg_page_put_lines(struct tg_buf *out, struct tg_bytes text, size_t room);
/* Whether anything of it would be seen. */
bool tg_page_is_blank(struct tg_bytes text);

#endif
