/* SPDX-License-Identifier: Apache-2.0 */
#include "push/http_url.h"

#include "push/provider.h"

#include <string.h>

void tg_push_url_init(struct tg_push_url *u)
{
    *u = (struct tg_push_url){ .parsed = NULL };
    tg_buf_init(&u->origin, TG_PUSH_URL_MAX);
}

void tg_push_url_deinit(struct tg_push_url *u)
{
    curl_url_cleanup(u->parsed);
    u->parsed = NULL;
    tg_buf_deinit(&u->origin);
}

/* libcurl handles queries and escapes. */
size_t tg_push_url_path_at(const char *url)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~:./";
    const char *host = strstr(url, "://");
    const char *path = host == NULL ? NULL : strchr(host + 3, '/');

    if (path == NULL || path[strspn(path, plain)] != '\0' ||
        memchr(host + 3, '?', (size_t)(path - host - 3)) != NULL ||
        memchr(host + 3, '#', (size_t)(path - host - 3)) != NULL) {
        return 0;
    }
    return (size_t)(path - url);
}

static bool set_origin(struct tg_push_url *u, CURL *easy, struct tg_bytes origin)
{
    CURLcode bad = CURLE_OK;

    if (u->origin.len > 0 && tg_bytes_is_equal(tg_buf_view(&u->origin), origin)) {
        return true;
    }
    tg_buf_clear(&u->origin);
    tg_buf_append(&u->origin, origin);
    curl_url_cleanup(u->parsed);
    u->parsed = curl_url();
    if (tg_buf_status(&u->origin) == TG_OK && u->parsed != NULL &&
        curl_url_set(u->parsed, CURLUPART_URL, tg_buf_cstr(&u->origin), 0) == CURLUE_OK) {
        bad |= curl_easy_setopt(easy, CURLOPT_URL, tg_buf_cstr(&u->origin));
        bad |= curl_easy_setopt(easy, CURLOPT_CURLU, u->parsed);
    } else {
        bad = CURLE_URL_MALFORMAT;
    }
    if (bad != CURLE_OK) {
        tg_buf_clear(&u->origin);
    }
    return bad == CURLE_OK;
}

bool tg_push_url_set(struct tg_push_url *u, CURL *easy, const char *url)
{
    size_t at = tg_push_url_path_at(url);
    CURLcode bad = CURLE_OK;

    if (at > 0 && set_origin(u, easy, tg_bytes(url, at))) {
        return curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, url + at) == CURLE_OK;
    }
    tg_buf_clear(&u->origin);
    bad |= curl_easy_setopt(easy, CURLOPT_CURLU, NULL);
    bad |= curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, NULL);
    bad |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* otherwise it removes dot segments */
    bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
    return bad == CURLE_OK;
}

void tg_push_url_forget(CURL *easy)
{
    (void)curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, NULL);
}
