/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/http_url.h - sets the URL of the next request of a libcurl handle. libcurl parses the whole
 * URL for each request. Here the origin is parsed once while it stays the same, and the path is
 * passed on unchanged.
 * Layer: L3, for push/http alone.   Threads: one.   Blocks: no.
 * Secrets: paths, which may hold tokens; not copied here, and removed from the handle by
 * tg_push_url_forget.
 */
#ifndef TG_PUSH_HTTP_URL_H
#define TG_PUSH_HTTP_URL_H

#include "base/buf.h"
#include "push/curl.h"

/* One for each handle, and as long as the handle. */
struct tg_push_url {
    struct tg_buf origin; /* empty: the last URL was not split */
    CURLU *parsed;        /* the same */
};
void tg_push_url_init(struct tg_push_url *u);
/* After curl_easy_cleanup. */
void tg_push_url_deinit(struct tg_push_url *u);

/* False: no memory. A malformed host fails when the request starts. */
TG_NODISCARD bool tg_push_url_set(struct tg_push_url *u, CURL *easy, const char *url);
/* Removes the path from the handle. */
void tg_push_url_forget(CURL *easy);

/* The index of the path of url, if libcurl would send the path unchanged; otherwise 0. */
size_t tg_push_url_path_at(const char *url);

#endif
