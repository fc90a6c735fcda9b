/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/transport.h"

#include <tigress/mem.h>

#include "base/mem.h"

#include <string.h>

#define CONNECT_TIMEOUT_MS_DEFAULT 15000u
#define CONNECT_TIMEOUT_MS_MIN 100u
#define CONNECT_TIMEOUT_MS_MAX 600000u
#define ANSWER_HEADER_BYTES_MAX 8192u
#define CA_PATH_MAX 4096u
#define PROXY_URL_MAX 1024u

/* The shared library has its own copy of base/mem. */
static void follow_allocator(void)
{
    const struct tigress_mem *mem = tigress_mem_in_use();

    (void)tg_mem_set_hooks(mem == NULL ? &(struct tg_mem_hooks){ NULL, NULL, NULL }
                                       : &(struct tg_mem_hooks){ mem->alloc, mem->free, mem->ctx });
}

enum tigress_error tigress_transport_new(struct tigress_transport **out, struct tigress_session *s)
{
    struct tigress_transport *t = NULL;

    if (out == NULL || s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (tigress_transport_check_libcurl(NULL, 0) != TIGRESS_OK) {
        return TIGRESS_E_UNSUPPORTED;
    }
    follow_allocator();
    t = tg_mem_calloc(1, sizeof(*t));
    if (t == NULL) {
        return TIGRESS_E_NOMEM;
    }
    t->session = s;
    t->refusal = "";
    t->connect_timeout_ms = CONNECT_TIMEOUT_MS_DEFAULT;
    tg_buf_init(&t->ca_file, CA_PATH_MAX);
    tg_buf_init(&t->proxy_url, PROXY_URL_MAX);
    tg_buf_init(&t->header_text, ANSWER_HEADER_BYTES_MAX);
    tg_transport_loop_init(t);
    t->easy = curl_easy_init();
    t->multi = curl_multi_init();
    if (t->easy == NULL || t->multi == NULL ||
        curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, 1L) != CURLM_OK) {
        tigress_transport_free(&t);
        return TIGRESS_E_NOMEM;
    }
    *out = t;
    return TIGRESS_OK;
}

void tigress_transport_free(struct tigress_transport **t)
{
    if (t == NULL || *t == NULL) {
        return;
    }
    tg_transport_loop_deinit(*t);
    tg_exchange_abort(*t, CURLE_ABORTED_BY_CALLBACK);
    curl_easy_cleanup((*t)->easy);
    (void)curl_multi_cleanup((*t)->multi);
    tg_buf_deinit(&(*t)->ca_file);
    tg_buf_deinit(&(*t)->proxy_url);
    tg_buf_deinit(&(*t)->body);
    tg_buf_deinit(&(*t)->header_text);
    tg_mem_free(*t);
    *t = NULL;
}

/* false: text has cap bytes or more; the buffer is then empty. */
static bool set_text(struct tg_buf *b, const char *text, size_t cap)
{
    tg_buf_clear(b);
    if (text != NULL) {
        tg_buf_append(b, tg_bytes(text, strnlen(text, cap)));
        (void)tg_buf_cstr(b);
    }
    if (tg_buf_status(b) != TG_OK || b->len >= cap) {
        tg_buf_clear(b);
        return false;
    }
    return true;
}

enum tigress_error tigress_transport_set_ca_file(struct tigress_transport *t, const char *path)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->refusal = "";
    if (!set_text(&t->ca_file, path, CA_PATH_MAX)) {
        t->refusal = "path: expected at most 4095 bytes";
        return TIGRESS_E_LIMIT;
    }
    return TIGRESS_OK;
}

static bool has_proxy_scheme(const char *url)
{
    static const char *const schemes[] = { "http://", "https://", "socks5://", "socks5h://" };

    for (size_t i = 0; i < TG_COUNT(schemes); i++) {
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0) {
            return true;
        }
    }
    return false;
}

enum tigress_error tigress_transport_set_proxy(struct tigress_transport *t, const char *url)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->refusal = "";
    if (url != NULL && !has_proxy_scheme(url)) {
        t->refusal = "url: expected a proxy that begins with http://, https://, socks5:// or "
                     "socks5h://";
        return TIGRESS_E_ARGUMENT;
    }
    if (url != NULL && strnlen(url, PROXY_URL_MAX) >= PROXY_URL_MAX) {
        t->refusal = "url: expected at most 1023 bytes";
        return TIGRESS_E_LIMIT;
    }
    if (!set_text(&t->proxy_url, url, PROXY_URL_MAX)) {
        return TIGRESS_E_NOMEM;
    }
    t->proxy = url != NULL ? TG_PROXY_URL : TG_PROXY_NONE;
    return TIGRESS_OK;
}

enum tigress_error tigress_transport_use_environment_proxy(struct tigress_transport *t)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->refusal = "";
    t->proxy = TG_PROXY_ENVIRONMENT;
    return TIGRESS_OK;
}

enum tigress_error tigress_transport_set_connect_timeout_ms(struct tigress_transport *t,
                                                            unsigned timeout_ms)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->refusal = "";
    if (timeout_ms < CONNECT_TIMEOUT_MS_MIN || timeout_ms > CONNECT_TIMEOUT_MS_MAX) {
        t->refusal = "timeout_ms: expected 100 to 600000 milliseconds";
        return TIGRESS_E_ARGUMENT;
    }
    t->connect_timeout_ms = timeout_ms;
    return TIGRESS_OK;
}

const char *tigress_transport_error_text(const struct tigress_transport *t)
{
    return t != NULL ? t->refusal : "";
}

enum tigress_error tigress_transport_set_save(struct tigress_transport *t, tigress_save_fn *save,
                                              void *ctx)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->save = save;
    t->save_ctx = ctx;
    return TIGRESS_OK;
}

enum tigress_error tigress_transport_set_progress(struct tigress_transport *t,
                                                  tigress_progress_fn *progress, void *ctx)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->progress = progress;
    t->progress_ctx = ctx;
    return TIGRESS_OK;
}

enum tigress_error tigress_transport_set_observe(struct tigress_transport *t,
                                                 tigress_observe_fn *observe, void *ctx)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->observe = observe;
    t->observe_ctx = ctx;
    return TIGRESS_OK;
}
