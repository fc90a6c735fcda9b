/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/http_url.h - tells a handle of libcurl's where its next request goes. The library takes a
 * URL apart and puts it together again for each request; here the host is taken apart once for as
 * long as it stays the same, and the path goes by as it is.
 * Layer: L3, for push/http alone.   Threads: one.   Blocks: no.
 * Secrets: paths, which may hold tokens; not kept here, and forgotten by tg_push_url_forget.
 */
#ifndef TG_PUSH_HTTP_URL_H
#define TG_PUSH_HTTP_URL_H

#include "base/buf.h"

#include "push/curl.h"

/* One for each handle; lives as long as the handle does. */
struct tg_push_url {
    struct tg_buf origin; /* empty: the last URL was not split */
    CURLU *parsed;        /* the same */
};
void tg_push_url_init(struct tg_push_url *u);
/* After curl_easy_cleanup. */
void tg_push_url_deinit(struct tg_push_url *u);

/* False: no memory. A malformed host fails when the request starts. */
TG_NODISCARD bool tg_push_url_set(struct tg_push_url *u, CURL *easy, const char *url);
/* Wipes a path that was split off. */
void tg_push_url_forget(CURL *easy);

/* Where the path of url begins, if the library would send it as it stands; else 0. */
size_t tg_push_url_path_at(const char *url);

#endif
