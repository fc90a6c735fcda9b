/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/site.h - what all pages of one relay share: the operator's settings, style and policy.
 * Layer: L2 (base, crypto).   Threads: any once it is made; it is read-only.   Blocks: no.
 * spec: docs/protocol.md section 5.
 */
#ifndef TG_RELAY_PAGE_SITE_H
#define TG_RELAY_PAGE_SITE_H

#include "base/bytes.h"
#include "base/err.h"

/* Seconds that local time is ahead of UTC at a time. Any thread. */
typedef int32_t tg_page_offset_fn(int64_t unix_s);

/* A wallet app, with a button for each of its addresses ("https://…"). NULL: no such button. */
struct tg_page_app {
    const char *name;
    const char *open;    /* a link that the app opens, on both systems */
    const char *ios;     /* where to get it for an iPhone */
    const char *android; /* the same for Android */
    unsigned verticals;  /* 1 << enum tg_page_vertical of the links that it opens */
};
#define TG_PAGE_APPS_MAX 3u /* of one vertical */

/* The operator's. NULL: the default that is named. All strings are borrowed. */
struct tg_page_settings {
    const char *operator_name;      /* NULL: the host of the public URL */
    const char *colour;             /* "#rrggbb"; NULL: the relay's own */
    const char *logo;               /* HTML of tg_page_logo_make; NULL: none */
    const char *support;            /* "https://…" or "mailto:…"; NULL: none */
    const struct tg_page_app *apps; /* app_count of them */
    size_t app_count;
    tg_page_offset_fn *offset; /* NULL: dates are in UTC */
};

struct tg_page_site;

/*
 *   settings               copied; its strings and apps are borrowed until tg_page_site_free
 *   public_url             "https://relay.example", no trailing slash; borrowed as they are
 * TG_E_SYNTAX: the colour is malformed.
 */
TG_NODISCARD enum tg_err tg_page_site_new(struct tg_page_site **out,
                                          const struct tg_page_settings *settings,
                                          const char *public_url);
/* Without a policy, so without libcrypto: for tg_page_longest() before a program has set that up.
 */
TG_NODISCARD enum tg_err tg_page_site_draft(struct tg_page_site **out,
                                            const struct tg_page_settings *settings,
                                            const char *public_url);
void tg_page_site_free(struct tg_page_site **site);

/* The value of Content-Security-Policy of every page. Ends with the site. */
const char *tg_page_site_csp(const struct tg_page_site *site);
/* The text of a page's one style element. Ends with the site. */
struct tg_bytes tg_page_site_style(const struct tg_page_site *site);
/* Who runs the relay, as HTML. Ends with the site. */
struct tg_bytes tg_page_site_name(const struct tg_page_site *site);
const struct tg_page_settings *tg_page_site_settings(const struct tg_page_site *site);
const char *tg_page_site_url(const struct tg_page_site *site);

#endif
