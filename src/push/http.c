/* SPDX-License-Identifier: Apache-2.0 */
#include "push/http.h"

#include "base/mem.h"
#include "push/http_url.h"

#define ANSWER_READ_MAX (64u * 1024u) /* bytes of a body that are read before it is cut off */
#define RECEIVE_BYTES 4096L           /* an answer is a line of JSON */

struct tg_push_transfer_state {
    struct tg_push_transfer transfer;
    struct tg_push_transfer_state *next; /* in a list: idle, or ended */
    CURL *easy;                          /* made at first use */
    struct tg_push_connection connection;
    struct tg_push_url url;
    struct tg_buf body;
    size_t body_len; /* all bytes received, also those cut off */
    struct curl_slist lines[TG_PUSH_HEADERS_MAX + 2];
    enum tg_push_end end;
    CURLcode code;
    unsigned proxy_status; /* of the proxy's answer to CONNECT in this request; 0: none */
    bool is_old_http;      /* an answer in another version than HTTP/2, where that is required */
    bool has_head;         /* all header fields of the answer have arrived */
    bool is_started;
};

struct tg_push_http {
    struct tg_push_http_config config;
    struct tg_push_http_multi multi;
    struct tg_push_connections connections;
    struct tg_push_transfer_state *states;
    size_t state_count;
    struct tg_push_transfer_state *idle;
    uint32_t in_flight; /* started, and done() not called yet */
};

/* ---- the end of a request ------------------------------------------------------------------- */

static enum tg_push_end end_of(const struct tg_push_transfer_state *state)
{
    long verdict = 0; /* on the peer's certificate */

    if (state->connection.is_held) {
        return TG_PUSH_END_HELD;
    }
    if (state->is_old_http) {
        return TG_PUSH_END_NOT_HTTP2;
    }
    if (state->proxy_status != 0 && state->proxy_status / 100 != 2) {
        return state->proxy_status / 100 == 4 ? TG_PUSH_END_PROXY_REFUSED
                                              : TG_PUSH_END_PROXY_TROUBLE;
    }
    /* The provider accepted the push, even if the stream failed afterwards. */
    if (state->transfer.answer.status / 100 == 2 && state->code != CURLE_OK) {
        return TG_PUSH_END_ANSWER;
    }
    switch ((int)state->code) {
    case CURLE_WRITE_ERROR: /* take_body stopped the transfer */
        return state->body_len > ANSWER_READ_MAX ? TG_PUSH_END_ANSWER : TG_PUSH_END_TROUBLE;
    case CURLE_OK:
        return TG_PUSH_END_ANSWER;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_URL_MALFORMAT:
        return state->connection.is_refused ? TG_PUSH_END_REFUSED : TG_PUSH_END_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
        return TG_PUSH_END_CERTIFICATE;
    case CURLE_SSL_CONNECT_ERROR:
        (void)curl_easy_getinfo(state->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
        return verdict != 0 ? TG_PUSH_END_CERTIFICATE : TG_PUSH_END_TLS;
    case CURLE_OPERATION_TIMEDOUT:
        return TG_PUSH_END_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return TG_PUSH_END_TROUBLE;
    default:
        return TG_PUSH_END_CUT;
    }
}

static void fill_answer(struct tg_push_transfer_state *state)
{
    struct tg_push_answer *answer = &state->transfer.answer;
    long status = 0;
    curl_off_t retry_after_s = 0;
    bool has_answer = state->has_head || state->is_old_http || state->code == CURLE_OK;

    (void)curl_easy_getinfo(state->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(state->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    /* Some versions of libcurl report a status before the rest of its head has arrived. */
    answer->status = status < 0 || !has_answer ? 0 : (unsigned)status;
    answer->retry_after_s = retry_after_s <= 0            ? 0
                            : retry_after_s >= UINT32_MAX ? UINT32_MAX
                                                          : (uint32_t)retry_after_s;
    answer->body = tg_buf_view(&state->body);
}

/* A request on a kept connection has none. */
static unsigned proxy_status_of(const struct tg_push_transfer_state *state)
{
    long status = 0;

    (void)curl_easy_getinfo(state->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status <= 0 || state->code == CURLE_OK ? 0 : (unsigned)status;
}

/* Takes the request back from libcurl. The answer is valid until put. */
static void finish(struct tg_push_http *http, struct tg_push_transfer_state *state, CURLcode code)
{
    (void)curl_multi_remove_handle(http->multi.handle, state->easy);
    state->is_started = false;
    state->code = code;
    tg_push_connection_end(&state->connection);
    fill_answer(state);
    state->proxy_status = proxy_status_of(state);
    state->end = end_of(state);
}

/* done() starts other requests, so every ended one is taken before the first is reported. */
static void collect(void *ctx)
{
    struct tg_push_http *http = ctx;
    struct tg_push_transfer_state *first = NULL;
    struct tg_push_transfer_state **last = &first;
    CURLMsg *msg = NULL;
    int left = 0;

    while ((msg = curl_multi_info_read(http->multi.handle, &left)) != NULL) {
        struct tg_push_transfer_state *state = NULL;
        CURLcode code = msg->data.result;

        (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &state);
        finish(http, state, code);
        state->next = NULL;
        *last = state;
        last = &state->next;
    }
    while (first != NULL) {
        struct tg_push_transfer_state *state = first;

        first = state->next;
        http->in_flight--;
        http->config.done(http->config.ctx, &state->transfer, state->end);
    }
}

/* ---- what libcurl calls --------------------------------------------------------------------- */

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct tg_push_transfer_state *state = ctx;
    size_t len = size * count;
    size_t room = TG_PUSH_ANSWER_MAX - state->body.len;

    tg_buf_append(&state->body, tg_bytes(data, len < room ? len : room));
    state->body_len += len;
    return state->body_len > ANSWER_READ_MAX || tg_buf_status(&state->body) != TG_OK ? 0 : len;
}

/* The first line of a head has its HTTP version, the last one is empty. A head with a status 1xx
   may precede that of the answer. */
static size_t take_header(char *data, size_t size, size_t count, void *ctx)
{
    struct tg_push_transfer_state *state = ctx;
    struct tg_bytes line = tg_bytes(data, size * count);

    if (state->transfer.request.is_http2_only && tg_bytes_has_prefix(line, TG_LIT("HTTP/")) &&
        !tg_bytes_has_prefix(line, TG_LIT("HTTP/2"))) {
        state->is_old_http = true;
        return 0;
    }
    if (tg_bytes_has_prefix(line, TG_LIT("HTTP/"))) {
        state->has_head = false;
    } else if (tg_bytes_is_equal(line, TG_LIT("\r\n")) || tg_bytes_is_equal(line, TG_LIT("\n"))) {
        state->has_head = true;
    }
    return line.len;
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Options that stay the same for every request. */
static bool set_up(struct tg_push_transfer_state *state)
{
    CURL *easy = state->easy;
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, state);
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, state);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, state);
    return bad == CURLE_OK && tg_push_connection_set_up(&state->connection, easy);
}

/* libcurl borrows the lines and copies what it sends, so no copy of them stays behind. */
static struct curl_slist *list_headers(struct tg_push_transfer_state *state)
{
    static char no_accept[] = "accept:"; /* otherwise libcurl adds one */
    struct tg_push_request *request = &state->transfer.request;
    bool has_accept = false;

    for (size_t i = 0; i < request->header_count; i++) {
        state->lines[i].data = (char *)(uintptr_t)tg_buf_cstr(&request->headers[i]);
        state->lines[i].next = &state->lines[i + 1];
        has_accept =
            has_accept || tg_bytes_has_prefix(tg_buf_view(&request->headers[i]), TG_LIT("accept:"));
    }
    state->lines[request->header_count] = (struct curl_slist){ .data = no_accept };
    if (has_accept && request->header_count > 0) {
        state->lines[request->header_count - 1].next = NULL;
    }
    return &state->lines[0];
}

static bool set_request(struct tg_push_transfer_state *state)
{
    struct tg_push_request *request = &state->transfer.request;
    CURL *easy = state->easy;
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list_headers(state));
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body.len);
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, tg_buf_cstr(&request->body));
    return bad == CURLE_OK && tg_push_request_status(request) == TG_OK &&
           tg_push_url_set(&state->url, easy, tg_buf_cstr(&request->url));
}

struct tg_push_transfer *tg_push_http_get(struct tg_push_http *http)
{
    struct tg_push_transfer_state *state = http->idle;

    if (state == NULL || !tg_push_connections_have_room(&http->connections, http->in_flight)) {
        return NULL;
    }
    if (state->easy == NULL) {
        state->easy = curl_easy_init();
        if (state->easy == NULL || !set_up(state)) {
            curl_easy_cleanup(state->easy);
            state->easy = NULL;
            return NULL;
        }
    }
    http->idle = state->next;
    return &state->transfer;
}

bool tg_push_http_is_busy(const struct tg_push_http *http)
{
    return http->in_flight > 0;
}

void tg_push_http_put(struct tg_push_http *http, struct tg_push_transfer *transfer)
{
    struct tg_push_transfer_state *state = transfer->state;

    tg_push_url_forget(state->easy);
    tg_push_request_clear(&transfer->request);
    tg_buf_clear(&state->body);
    transfer->answer = (struct tg_push_answer){ .status = 0 };
    transfer->owner = NULL;
    state->next = http->idle;
    http->idle = state;
}

enum tg_err tg_push_http_start(struct tg_push_http *http, struct tg_push_transfer *transfer,
                               enum tg_push_connection_kind connection)
{
    struct tg_push_transfer_state *state = transfer->state;

    tg_buf_clear(&state->body);
    state->body_len = 0;
    state->is_old_http = false;
    state->has_head = false;
    if (!tg_push_connection_begin(&state->connection, state->easy, connection) ||
        !set_request(state) || !tg_push_http_multi_add(&http->multi, state->easy)) {
        return TG_E_NOMEM;
    }
    state->is_started = true;
    http->in_flight++;
    return TG_OK;
}

void tg_push_http_prove(struct tg_push_transfer *transfer)
{
    tg_push_connection_prove(&transfer->state->connection);
}

/* ---- a provider's requests ------------------------------------------------------------------ */

static void init_states(struct tg_push_http *http)
{
    for (size_t i = http->state_count; i-- > 0;) {
        struct tg_push_transfer_state *state = &http->states[i];

        state->transfer.state = state;
        state->connection.all = &http->connections;
        tg_push_request_init(&state->transfer.request);
        tg_buf_init(&state->body, TG_PUSH_ANSWER_MAX);
        tg_push_url_init(&state->url);
        state->next = http->idle;
        http->idle = state;
    }
}

enum tg_err tg_push_http_new(struct tg_push_http **out, struct tg_push_http_loop *loop,
                             const struct tg_push_http_config *config)
{
    enum tg_err err = TG_E_BUG;
    size_t count = config->settings->concurrency;
    struct tg_push_http *http = NULL;

    TG_REQUIRE(count > 0, TG_E_LIMIT);
    http = tg_mem_calloc(1, sizeof(*http));
    TG_REQUIRE(http != NULL, TG_E_NOMEM);
    http->config = *config;
    http->connections.settings = config->settings;
    http->connections.proxy = config->proxy;
    http->connections.is_guarded = config->is_guarded;
    http->connections.is_one_stream_first = config->is_one_stream_first;
    http->states = tg_mem_calloc(count, sizeof(*http->states));
    TG_REQUIRE(http->states != NULL, TG_E_NOMEM);
    http->state_count = count;
    init_states(http);
    TG_TRY(tg_push_http_multi_init(
        &http->multi, loop, config->is_guarded ? TG_PUSH_WRITES_AT_ONCE : TG_PUSH_WRITES_BUNDLED,
        collect, http));
    TG_REQUIRE(tg_push_connections_set_up(&http->connections, http->multi.handle), TG_E_NOMEM);
    *out = http;
    http = NULL;
    err = TG_OK;
out:
    tg_push_http_free(&http);
    return err;
}

void tg_push_http_free(struct tg_push_http **http)
{
    struct tg_push_http *h = http == NULL ? NULL : *http;

    if (h == NULL) {
        return;
    }
    for (size_t i = 0; i < h->state_count; i++) {
        struct tg_push_transfer_state *state = &h->states[i];

        if (state->is_started) {
            (void)curl_multi_remove_handle(h->multi.handle, state->easy);
        }
        curl_easy_cleanup(state->easy);
        tg_push_request_deinit(&state->transfer.request);
        tg_buf_deinit(&state->body);
        tg_push_url_deinit(&state->url);
    }
    tg_push_http_multi_deinit(&h->multi);
    tg_mem_free(h->states);
    tg_mem_free(h);
    *http = NULL;
}
