/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/transport.h"

#include "base/http_date.h"
#include "base/mem.h"
#include "transport/failure.h"

#include <string.h>
#include <strings.h>

#define ANSWER_HEADERS_MAX 32u
#define HEADER_LINE_MAX 8192u

/* ---- what libcurl calls --------------------------------------------------------------------- */

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct tigress_transport *t = ctx;
    curl_off_t announced = 0;

    if (t->body.len == 0 &&
        curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced) == CURLE_OK &&
        announced > 0 && (size_t)announced <= t->body.max) {
        tg_buf_reserve(&t->body, (size_t)announced);
    }
    tg_buf_append(&t->body, tg_bytes(data, size * count));
    t->is_too_large = tg_buf_status(&t->body) == TG_E_LIMIT;
    return tg_buf_status(&t->body) == TG_OK ? size * count : 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *ctx)
{
    struct tigress_transport *t = ctx;
    struct tg_bytes line = tg_bytes(data, size * count);
    size_t colon = tg_bytes_find(line, ':');
    struct tg_bytes value = tg_bytes_from(line, colon + 1);

    /* A status line starts a new block: the headers before belong to an interim answer. */
    if (tg_bytes_has_prefix(line, TG_LIT("HTTP/"))) {
        tg_buf_clear(&t->header_text);
        t->header_count = 0;
        return line.len;
    }
    while (value.len > 0 &&
           (value.ptr[value.len - 1] == '\n' || value.ptr[value.len - 1] == '\r')) {
        value.len--;
    }
    if (colon == line.len || t->header_count >= ANSWER_HEADERS_MAX ||
        tg_bytes_find(line, 0) < line.len ||
        line.len + 2 > t->header_text.max - t->header_text.len) {
        return line.len; /* not needed: a relay sends few and short headers */
    }
    tg_buf_append(&t->header_text, tg_bytes_first(line, colon));
    tg_buf_append_u8(&t->header_text, 0);
    tg_buf_append(&t->header_text, tg_bytes_trim(value));
    tg_buf_append_u8(&t->header_text, 0);
    t->header_count++;
    return tg_buf_status(&t->header_text) == TG_OK ? line.len : 0;
}

/* ---- the clock of the relay ----------------------------------------------------------------- */

static void take_date(struct tigress_transport *t)
{
    const char *at = (const char *)t->header_text.ptr;

    for (size_t i = 0; i < t->header_count; i++) {
        const char *value = at + strlen(at) + 1;

        if (strcasecmp(at, "date") == 0) {
            t->date_s = 0;
            (void)(tg_http_date_parse(&t->date_s, tg_bytes_str(value)) == TG_OK);
        }
        at = value + strlen(value) + 1;
    }
}

int64_t tigress_transport_date_s(const struct tigress_transport *t)
{
    return t != NULL ? t->date_s : 0;
}

/* ---- one request ---------------------------------------------------------------------------- */

static enum tigress_net_failure failure_of(const struct tigress_transport *t, CURLcode code)
{
    return t->is_too_large ? TIGRESS_NET_TOO_LARGE : tg_failure_of(t->easy, code);
}

/* The values in the list are credentials. */
static void free_headers(struct curl_slist *list)
{
    for (struct curl_slist *item = list; item != NULL; item = item->next) {
        tg_mem_wipe(item->data, strlen(item->data));
    }
    curl_slist_free_all(list);
}

/* The caller owns the list. NULL: out of memory. */
static struct curl_slist *header_list(const struct tigress_http_request *request)
{
    struct curl_slist *list = NULL;
    struct curl_slist *longer = NULL;
    struct tg_buf line;

    tg_buf_init(&line, HEADER_LINE_MAX);
    /* Without these, libcurl adds a 100-continue round trip and the content type of a form. */
    list = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; i <= request->header_count && list != NULL; i++) {
        tg_buf_clear(&line);
        if (i == request->header_count) {
            tg_buf_append_str(&line, request->body == NULL ? "Content-Type:" : "User-Agent:");
        } else {
            tg_buf_append_str(&line, request->headers[i].name);
            tg_buf_append_str(&line, ": ");
            tg_buf_append_str(&line, request->headers[i].value);
        }
        longer = tg_buf_status(&line) == TG_OK ? curl_slist_append(list, tg_buf_cstr(&line)) : NULL;
        if (longer == NULL) {
            free_headers(list);
        }
        list = longer;
    }
    tg_buf_deinit(&line);
    return list;
}

/* spec: protocol/7#client-privacy
   Without these, libcurl takes both from the environment. */
static CURLcode set_proxy(struct tigress_transport *t, bool is_plain)
{
    CURLcode bad = CURLE_OK;

    if (t->proxy == TG_PROXY_ENVIRONMENT && !is_plain) {
        return CURLE_OK;
    }
    bad |= curl_easy_setopt(t->easy, CURLOPT_PROXY,
                            t->proxy == TG_PROXY_URL && !is_plain ? (char *)t->proxy_url.ptr : "");
    bad |= curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
    return bad;
}

/* spec: protocol/7#client-privacy
   spec: protocol/1#https-only */
static bool set_connection(struct tigress_transport *t, const char *url)
{
    CURL *easy = t->easy;
    bool is_plain = strncmp(url, "http://", 7) == 0; /* the session allows it only to loopback */
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for the resolver */
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, tg_transport_tls_begin);
    bad |= set_proxy(t, is_plain);
    if (t->ca_file.len > 0) {
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, (const char *)t->ca_file.ptr);
        bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return bad == CURLE_OK;
}

static bool set_exchange(struct tigress_transport *t, const struct tigress_http_request *request,
                         struct curl_slist *list)
{
    CURL *easy = t->easy;
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    /* A proxy gets only the headers of the tunnel. */
    bad |= curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                            (long)request->timeout_s * 1000L + (long)t->connect_timeout_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    /* An announced length that is too large ends the exchange before the first byte of it. */
    bad |= curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->answer_max);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    if (strcmp(request->method, "GET") == 0) {
        bad |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else {
        if (request->body != NULL || strcmp(request->method, "POST") == 0) {
            bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
            bad |=
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
            bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                    request->body != NULL ? request->body : "");
        }
        bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
    return bad == CURLE_OK;
}

/* Before the session gets the answer, which ends the request. */
static void notify_observer(struct tigress_transport *t, const struct tigress_http_request *request,
                            CURLcode code)
{
    bool is_answer = code == CURLE_OK && t->body.len > 0;
    long status = 0;

    if (t->observe == NULL) {
        return;
    }
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    t->observe(t->observe_ctx, request, code == CURLE_OK ? (unsigned)status : 0,
               is_answer ? (const char *)t->body.ptr : NULL, is_answer ? t->body.len : 0);
}

static enum tigress_error hand_over(struct tigress_transport *t)
{
    struct tigress_http_header headers[ANSWER_HEADERS_MAX];
    const char *text = (const char *)t->header_text.ptr;
    long status = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    for (size_t i = 0; i < t->header_count; i++) {
        headers[i].name = text;
        text += strlen(text) + 1;
        headers[i].value = text;
        text += strlen(text) + 1;
    }
    if (status < 100 || status > 599) {
        return tigress_session_reply_failed(t->session, TIGRESS_NET_NOT_HTTP);
    }
    return tigress_session_reply(t->session, (unsigned)status, headers, t->header_count,
                                 (const char *)t->body.ptr, t->body.len);
}

enum tigress_error tg_exchange_begin(struct tigress_transport *t)
{
    const struct tigress_http_request *request = tigress_session_request(t->session);

    if (request == NULL) {
        return TIGRESS_E_STATE;
    }
    tg_buf_deinit(&t->body);
    tg_buf_init(&t->body, request->answer_max);
    tg_buf_clear(&t->header_text);
    t->header_count = 0;
    t->is_too_large = false;
    t->date_s = 0;
    curl_easy_reset(t->easy); /* keeps the connection */
    t->headers = header_list(request);
    if (t->headers == NULL || !set_connection(t, request->url) ||
        !set_exchange(t, request, t->headers) ||
        curl_multi_add_handle(t->multi, t->easy) != CURLM_OK) {
        free_headers(t->headers);
        t->headers = NULL;
        return TIGRESS_E_NOMEM;
    }
    t->request = request;
    t->is_busy = true;
    return TIGRESS_OK;
}

static void end(struct tigress_transport *t, CURLcode code)
{
    char why[TG_FAILURE_WHY_MAX];

    (void)curl_multi_remove_handle(t->multi, t->easy);
    t->is_busy = false;
    take_date(t);
    notify_observer(t, t->request, code);
    t->request = NULL;
    t->exchange_error =
        code == CURLE_OK ? hand_over(t)
                         : tigress_session_reply_failed_because(t->session, failure_of(t, code),
                                                                tg_failure_why(t->easy, code, why));
    free_headers(t->headers);
    t->headers = NULL;
}

void tg_exchange_collect(struct tigress_transport *t)
{
    const CURLMsg *message = NULL;
    int left = 0;

    while (t->is_busy && (message = curl_multi_info_read(t->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            end(t, message->data.result);
        }
    }
}

void tg_exchange_abort(struct tigress_transport *t, CURLcode code)
{
    if (t->is_busy) {
        end(t, code);
    }
}
