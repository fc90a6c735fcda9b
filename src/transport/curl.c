/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/transport_curl.h>

#include "base/buf.h"
#include "base/http_date.h"
#include "base/mem.h"
#include "transport/failure.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CONNECT_TIMEOUT_MS_DEFAULT 15000u
#define CONNECT_TIMEOUT_MS_MIN 100u
#define CONNECT_TIMEOUT_MS_MAX 600000u
#define ANSWER_HEADERS_MAX 32u
#define ANSWER_HEADER_BYTES_MAX 8192u
#define CA_PATH_MAX 4096u
#define PAUSE_MS 200

struct tigress_transport {
    struct tigress_session *session; /* borrowed */
    CURL *easy;
    const char *refusal; /* why the last setter failed, a literal */
    struct tg_buf ca_file;
    unsigned connect_timeout_ms;
    tigress_save_fn *save;
    void *save_ctx;
    tigress_progress_fn *progress;
    void *progress_ctx;
    tigress_observe_fn *observe;
    void *observe_ctx;
    int64_t until_s;
    bool is_stopped;

    /* The answer under way. */
    struct tg_buf body;
    struct tg_buf header_text; /* name NUL value NUL ... */
    size_t header_count;
    bool is_too_large;
    int64_t date_s; /* of the last answer; 0: none */
};

enum tigress_error tigress_transport_new(struct tigress_transport **out, struct tigress_session *s)
{
    struct tigress_transport *t = NULL;

    if (out == NULL || s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t = tg_mem_calloc(1, sizeof(*t));
    if (t == NULL) {
        return TIGRESS_E_NOMEM;
    }
    t->session = s;
    t->refusal = "";
    t->connect_timeout_ms = CONNECT_TIMEOUT_MS_DEFAULT;
    tg_buf_init(&t->ca_file, CA_PATH_MAX);
    tg_buf_init(&t->header_text, ANSWER_HEADER_BYTES_MAX);
    /* One handle for each transport: no two sessions share a connection. */
    t->easy = curl_easy_init();
    if (t->easy == NULL) {
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
    curl_easy_cleanup((*t)->easy);
    tg_buf_deinit(&(*t)->ca_file);
    tg_buf_deinit(&(*t)->body);
    tg_buf_deinit(&(*t)->header_text);
    tg_mem_free(*t);
    *t = NULL;
}

enum tigress_error tigress_transport_set_ca_file(struct tigress_transport *t, const char *path)
{
    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    t->refusal = "";
    tg_buf_clear(&t->ca_file);
    if (path != NULL) {
        tg_buf_append(&t->ca_file, tg_bytes(path, strnlen(path, CA_PATH_MAX)));
        (void)tg_buf_cstr(&t->ca_file);
    }
    if (tg_buf_status(&t->ca_file) != TG_OK || t->ca_file.len >= CA_PATH_MAX) {
        tg_buf_clear(&t->ca_file);
        t->refusal = "path: expected at most 4095 bytes";
        return TIGRESS_E_LIMIT;
    }
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

/* ---- what libcurl calls --------------------------------------------------------------------- */

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct tigress_transport *t = ctx;

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

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

static bool should_stop(struct tigress_transport *t, enum tigress_want doing)
{
    if (t->until_s > 0 && now_s() >= t->until_s) {
        t->is_stopped = true;
    }
    if (!t->is_stopped && t->progress != NULL &&
        t->progress(t->progress_ctx, t->session, doing) != 0) {
        t->is_stopped = true;
    }
    return t->is_stopped;
}

static int take_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return should_stop(ctx, TIGRESS_WANT_HTTP) ? 1 : 0;
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

    tg_buf_init(&line, ANSWER_HEADER_BYTES_MAX);
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
    if (is_plain) {
        bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
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
    bad |= curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, take_progress);
    bad |= curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
    bad |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
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

enum tigress_error tigress_transport_perform(struct tigress_transport *t)
{
    const struct tigress_http_request *request = NULL;
    struct curl_slist *list = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    enum tigress_error error = TIGRESS_E_NOMEM;
    char why[TG_FAILURE_WHY_MAX];

    if (t == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    request = tigress_session_request(t->session);
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
    list = header_list(request);
    if (list != NULL && set_connection(t, request->url) && set_exchange(t, request, list)) {
        code = curl_easy_perform(t->easy);
        take_date(t);
        notify_observer(t, request, code);
        error = code == CURLE_OK
                    ? hand_over(t)
                    : tigress_session_reply_failed_because(t->session, failure_of(t, code),
                                                           tg_failure_why(t->easy, code, why));
    }
    free_headers(list);
    return error;
}

/* ---- run ------------------------------------------------------------------------------------ */

static bool was_saved(struct tigress_transport *t)
{
    if (t->save != NULL && t->save(t->save_ctx, t->session) != 0) {
        t->is_stopped = true;
    }
    return !t->is_stopped;
}

static void pause_until(struct tigress_transport *t)
{
    int64_t deadline_s = tigress_session_deadline_s(t->session);

    while (now_s() < deadline_s && !should_stop(t, TIGRESS_WANT_WAIT)) {
        const struct timespec nap = { .tv_nsec = PAUSE_MS * 1000000L };

        (void)nanosleep(&nap, NULL);
    }
}

static void perform_and_save(struct tigress_transport *t)
{
    const struct tigress_http_request *request = tigress_session_request(t->session);
    bool is_change = request != NULL && strcmp(request->method, "POST") != 0 &&
                     strcmp(request->method, "GET") != 0;

    /* Version 0: a create, which is a POST, or the first read, which binds this device. */
    is_change = is_change || tigress_session_version(t->session) == 0;
    if ((is_change && !was_saved(t)) || should_stop(t, TIGRESS_WANT_HTTP)) {
        (void)tigress_session_reply_failed(t->session, TIGRESS_NET_INTERRUPTED);
        return;
    }
    if (tigress_transport_perform(t) != TIGRESS_OK) {
        (void)tigress_session_reply_failed(t->session, TIGRESS_NET_LOST);
    }
    (void)was_saved(t);
}

enum tigress_want tigress_transport_run(struct tigress_transport *t, int64_t until_s)
{
    enum tigress_want want = TIGRESS_FAILED;

    if (t == NULL) {
        return TIGRESS_FAILED;
    }
    t->until_s = until_s;
    t->is_stopped = false;
    for (;;) {
        want = tigress_session_step(t->session, now_s());
        if (t->is_stopped && want == TIGRESS_WANT_HTTP) {
            (void)tigress_session_reply_failed(t->session, TIGRESS_NET_INTERRUPTED);
        }
        if (t->is_stopped || (want != TIGRESS_WANT_HTTP && want != TIGRESS_WANT_WAIT)) {
            return want;
        }
        if (want == TIGRESS_WANT_HTTP) {
            perform_and_save(t);
        } else {
            pause_until(t);
        }
    }
}
