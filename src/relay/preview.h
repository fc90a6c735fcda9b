/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/preview.h - the page at a share URL, for link previews and for a person in a browser.
 * Layer: L2 (base, wire).   Threads: any.   Blocks: no.   Secrets: display information passes
 * through; the share secret is in the URL's fragment, which a browser does not send.
 * spec: docs/protocol.md section 5.
 */
#ifndef TG_RELAY_PREVIEW_H
#define TG_RELAY_PREVIEW_H

#include "base/buf.h"
#include "mailbox/mailbox.h"

#define TG_PREVIEW_CONTENT_TYPE "text/html; charset=utf-8"
/* The page's Content-Security-Policy. The hash is that of tg_preview_style(). */
#define TG_PREVIEW_CSP                                                                             \
    "default-src 'none'; style-src 'sha256-0K5uEDezpw8cA7Et6YCqWBCF+g4Z3VsgP6Rx+1L2HGE='; "        \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* A language the page is written in. */
enum tg_preview_language { TG_PREVIEW_EN };
#define TG_PREVIEW_LANGUAGE_COUNT 1u

/* The best available language for an Accept-Language value, which may be empty or malformed. */
enum tg_preview_language tg_preview_language_pick(struct tg_bytes accept_language);
/* Its BCP 47 tag. */
const char *tg_preview_language_tag(enum tg_preview_language language);

/*
 * Appends the page of a live mailbox.
 *   box      its display information is text of the sender; it is escaped for HTML
 *   url      the mailbox's public URL, without fragment
 */
TG_NODISCARD enum tg_err tg_preview_page(struct tg_buf *out, enum tg_preview_language language,
                                         const struct tg_mailbox *box, struct tg_bytes url);
/*
 * Appends the page of a mailbox that does not exist or has ended.
 *   was_once_valid   it existed; `ended` has how it ended (TG_MAILBOX_LIVE: it expired)
 */
TG_NODISCARD enum tg_err tg_preview_gone_page(struct tg_buf *out, enum tg_preview_language language,
                                              bool was_once_valid, enum tg_mailbox_state ended);

/* Appends the page of a link whose secret has reached the relay. */
TG_NODISCARD enum tg_err tg_preview_damaged_page(struct tg_buf *out,
                                                 enum tg_preview_language language);

/* The text of the page's one style element. */
struct tg_bytes tg_preview_style(void);

#endif
