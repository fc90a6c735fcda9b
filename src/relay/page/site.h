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

/* The operator's. NULL: the default that is named. All strings are borrowed. */
struct tg_page_settings {
    const char *operator_name; /* NULL: the host of the public URL */
    const char *colour;        /* "#rrggbb"; NULL: the relay's own */
    const char *logo;          /* SVG, written as it is: the caller must trust it; NULL: none */
    const char *support;       /* "https://…" or "mailto:…"; NULL: none */
    const char *app_name;      /* the wallet app; NULL: no button */
    const char *app_ios;       /* where it is for an iPhone, "https://…"; NULL: no button there */
    const char *app_android;   /* the same for Android */
    tg_page_offset_fn *offset; /* NULL: dates are in UTC */
};

struct tg_page_site;

/*
 *   settings, public_url   borrowed until tg_page_site_free
 *   public_url             "https://relay.example", no trailing slash
 * TG_E_SYNTAX: the colour is malformed.
 */
TG_NODISCARD enum tg_err tg_page_site_new(struct tg_page_site **out,
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
