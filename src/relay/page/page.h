/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/page.h - every page that a person sees: a share and its ends, faults, the front page.
 * Layer: L2 (base, crypto, wire).   Threads: any; a site is read-only.   Blocks: no.
 * Secrets: display information passes through; the share secret is in the URL's fragment, which a
 * browser does not send.
 * spec: docs/protocol.md section 5.
 */
#ifndef TG_RELAY_PAGE_PAGE_H
#define TG_RELAY_PAGE_PAGE_H

#include "base/buf.h"
#include "relay/page/language.h"
#include "relay/page/site.h"
#include "wire/types.h"

#define TG_PAGE_CONTENT_TYPE "text/html; charset=utf-8"
/* What the page is about. The comment has the status of the answer. */
enum tg_page_state {
    TG_PAGE_OPEN,               /* 200: no device has opened the share yet */
    TG_PAGE_OPENED,             /* 200: a device has */
    TG_PAGE_ENDED_BY_SENDER,    /* 404: withdrawn by the sender's device */
    TG_PAGE_ENDED_BY_RECIPIENT, /* 404: ended, perhaps used, by the device that opened it */
    TG_PAGE_EXPIRED,            /* 404: expired, and not swept yet */
    TG_PAGE_UNKNOWN,            /* 404: expired some time ago, or never existed */
    TG_PAGE_DAMAGED,            /* 404: the secret of the link reached the relay */
    TG_PAGE_TOO_MANY,           /* 429 */
    TG_PAGE_DOWN,               /* 503: the relay cannot answer now, it is not the share's fault */
    TG_PAGE_DRAINING,           /* 503: the relay is about to be restarted */
    TG_PAGE_FRONT,              /* 200: the address of the relay itself */
    TG_PAGE_NOT_FOUND,          /* 404: no such path */
    TG_PAGE_BAD_REQUEST         /* 400, 405, 408, 414, 431...: the request cannot be understood */
};
#define TG_PAGE_STATE_COUNT 13u

enum tg_page_vertical { TG_PAGE_GENERAL, TG_PAGE_CAR, TG_PAGE_HOME, TG_PAGE_HOTEL };
#define TG_PAGE_VERTICAL_COUNT 4u

/* The picture of a link preview. */
struct tg_page_image {
    struct tg_bytes url;        /* empty: no picture */
    const char *type;           /* of the relay's own drawing; NULL: a picture of the sender */
    const char *width, *height; /* of a drawing, in pixels */
};

/* A page. Zero is allowed for every member that a state does not need. */
struct tg_page {
    enum tg_page_state state;
    enum tg_page_vertical vertical;
    struct tg_page_reader reader;
    unsigned retry_after_s; /* TOO_MANY, DOWN, DRAINING: when to try again; 0: not stated */
    /* Of OPEN and OPENED alone: */
    const struct tg_display_info *display; /* text of the sender; it is cleaned and escaped */
    struct tg_bytes url;                   /* the mailbox's public URL, without query, fragment */
    struct tg_page_image image;            /* the sender's; url empty: none */
    struct tg_page_image drawing;          /* the relay's own */
    int64_t now_s, expires_s;              /* UTC seconds */
};

/* Bytes of a page: with the fields of its head it is below 14 KiB, which a server may send before
   it waits for the client (10 segments, RFC 6928). */
#define TG_PAGE_MAX 13312u

/*
 * Appends the page, of at most TG_PAGE_MAX bytes if tg_page_longest(site) is at most
 * TG_PAGE_OPERATOR_MAX: longer texts of the sender are cut, and a picture of the sender gives way
 * to the drawing. TG_E_LIMIT, TG_E_NOMEM: as those of a buffer.
 */
TG_NODISCARD enum tg_err tg_page_write(struct tg_buf *out, const struct tg_page_site *site,
                                       const struct tg_page *page);

/* The bytes of the longest page for a share without a word of the sender. Above
   TG_PAGE_OPERATOR_MAX a sender's words have no room beside the operator's name, logo and apps. */
TG_NODISCARD enum tg_err tg_page_longest(size_t *len, const struct tg_page_site *site);
#define TG_PAGE_OPERATOR_MAX (TG_PAGE_MAX - 768u)

/* The vertical that the query of a target names (v=c, v=h, v=hotel); TG_PAGE_GENERAL for every
   other one and for none. */
enum tg_page_vertical tg_page_vertical_of(struct tg_bytes target);

#endif
