/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/reply.h - builds a response: the headers of every answer, bodies, problem documents.
 * Layer: L2 (base, wire).   Threads: one at a time.   Blocks: no.
 * Secrets: a body may hold a mailbox's content; tg_reply_deinit wipes it.
 * spec: docs/protocol.md section 1.
 */
#ifndef TG_RELAY_REPLY_H
#define TG_RELAY_REPLY_H

#include "relay/api.h"
#include "relay/file/files.h"
#include "relay/page/page.h"

#define TG_REPLY_NUMBER_MAX 24u

/* Who reads a reply. Zero: a program. */
struct tg_reply_person {
    const struct tg_page_site *site; /* NULL: a program, which gets problem documents */
    struct tg_page_reader reader;
    enum tg_page_vertical vertical;
    bool is_draining; /* the relay is about to end */
};

struct tg_reply {
    struct tg_http_response response;
    struct tg_reply_person person; /* set it after tg_reply_init */
    struct tg_buf body;
    bool has_vary;
    struct tg_bytes borrowed; /* the body instead, if it is not empty */
    char version[TG_REPLY_NUMBER_MAX];
    char retry_after[TG_REPLY_NUMBER_MAX];
};

/* With the headers that every response carries.
 *   request_id   echoed when not empty; borrowed until tg_reply_deinit, as is config */
void tg_reply_init(struct tg_reply *reply, const struct tg_relay_config *config,
                   struct tg_bytes request_id);
void tg_reply_deinit(struct tg_reply *reply);

/* name: a lower-case literal; value: borrowed until tg_reply_deinit. */
void tg_reply_header(struct tg_reply *reply, const char *name, const char *value);
void tg_reply_version(struct tg_reply *reply, uint64_t version);
void tg_reply_recipient(struct tg_reply *reply, enum tg_recipient recipient); /* unknown: none */
void tg_reply_retry_after(struct tg_reply *reply, unsigned seconds);          /* 0: no header */

/* Makes the body a problem document, or the page of this status if a person reads it.
 *   slug     of the problem type, or NULL for about:blank
 *   detail   a sentence of the relay, may be ""; never text of the request */
void tg_reply_problem(struct tg_reply *reply, unsigned status, const char *slug,
                      const char *detail);
/* The same for a mailbox that has ended: what a device of it is told besides, see tg_problem_text.
 */
void tg_reply_ended(struct tg_reply *reply, unsigned status, const char *slug, const char *detail,
                    enum tg_recipient recipient, struct tg_bytes end_note);
/* The problem that answers an error on the relay's side, with Retry-After where that helps. */
void tg_reply_error(struct tg_reply *reply, enum tg_err err);
/* The answer to OPTIONS, with the CORS headers of a preflight. */
void tg_reply_options(struct tg_reply *reply, const struct tg_relay_config *config,
                      const char *allow);

/* Makes the body a page. The status is the caller's. */
TG_NODISCARD enum tg_err tg_reply_page(struct tg_reply *reply, const struct tg_page_site *site,
                                       const struct tg_page *page);
/* For an answer that is a page or a document, whichever the reader prefers. A page has it already.
 */
void tg_reply_vary(struct tg_reply *reply);

/* A file, for GET and HEAD: 200, or 304 where the client names it in If-None-Match. */
void tg_reply_file(struct tg_reply *reply, const struct tg_file *file,
                   const struct tg_http_request *request);

/* Puts the body into the response; call it last. */
void tg_reply_finish(struct tg_reply *reply);

#endif
