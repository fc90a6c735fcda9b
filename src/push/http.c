/* SPDX-License-Identifier: Apache-2.0 */
#include "push/http.h"

#include "base/mem.h"
#include "push/curl.h"
#include "push/http_url.h"
#include "push/guard.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define HTTPS_MAX 4u                  /* providers on one loop */
#define CONNECT_TIMEOUT_MS 10000L     /* of a connection, TLS included */
#define ANSWER_READ_MAX (64u * 1024u) /* bytes of a body that are let in before it is cut off */
#define DNS_KEPT_S 60L
#define IDLE_MAX_S 3600L       /* a kept connection is not used after an idle hour */
#define GUARDED_IDLE_MAX_S 60L /* nor so long where names are the clients' */
#define KEEPALIVE_S 300L
#define HOST_CONNECTIONS_MAX 4L
#define KEPT_MAX 8L /* connections of a provider */
#define GUARDED_KEPT_MAX 32L
#define RECEIVE_BYTES 4096L /* an answer is a line of JSON */
#define PROVEN_MAX 4u

/* A socket of the library's. It changes its mind about what it waits for several times a request;
   epoll is told once a turn. */
struct watched {
    struct watched *next;
    curl_socket_t fd;
    uint32_t wanted;
    uint32_t known; /* to epoll */
};

struct tg_push_transfer_state {
    struct tg_push_transfer transfer;
    struct tg_push_http *http;
    struct tg_push_transfer_state *next; /* in a list: idle, or ended */
    CURL *easy;                          /* made at first use */
    struct tg_push_url url;
    struct tg_buf body;
    size_t body_len; /* of all that came */
    struct curl_slist lines[TG_PUSH_HEADERS_MAX + 2];
    long local_port; /* of its connection; 0: none yet */
    enum tg_push_end end;
    CURLcode code;
    bool is_held;
    bool is_refused;  /* by the guard */
    bool is_old_http; /* an answer in another version than HTTP/2, where that is asked for */
    bool is_started;
};

struct tg_push_http {
    struct tg_push_http_loop *loop;
    struct tg_push_http_config config;
    CURLM *multi;
    int64_t due_ms; /* the library wants to act then; -1: never */
    struct watched *sockets;
    uint32_t fresh; /* requests started since the last turn */
    struct tg_push_transfer_state *states;
    size_t state_count;
    struct tg_push_transfer_state *idle;
    /* Connections that are proven, by their local port; and who is proving one. */
    long proven[PROVEN_MAX];
    size_t proven_at;
    bool is_proven;
    struct tg_push_transfer_state *probe;
    uint32_t in_flight;
};

struct tg_push_http_loop {
    int fd;
    int64_t (*mono_ms)(void);
    struct tg_push_http *https[HTTPS_MAX];
    size_t http_count;
};

/* ---- the loop ------------------------------------------------------------------------------- */

enum tg_err tg_push_http_loop_new(struct tg_push_http_loop **out, int64_t (*mono_ms)(void))
{
    struct tg_push_http_loop *loop = tg_mem_calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return TG_E_NOMEM;
    }
    loop->mono_ms = mono_ms;
    loop->fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->fd < 0) {
        tg_mem_free(loop);
        return TG_E_IO;
    }
    *out = loop;
    return TG_OK;
}

void tg_push_http_loop_free(struct tg_push_http_loop **loop)
{
    if (loop != NULL && *loop != NULL) {
        (void)close((*loop)->fd);
        tg_mem_free(*loop);
        *loop = NULL;
    }
}

int tg_push_http_loop_fd(const struct tg_push_http_loop *loop)
{
    return loop->fd;
}

int tg_push_http_loop_wait_ms(const struct tg_push_http_loop *loop)
{
    int64_t due_ms = -1;
    int64_t now_ms = loop->mono_ms();

    for (size_t i = 0; i < loop->http_count; i++) {
        int64_t one_ms = loop->https[i]->due_ms;

        if (one_ms >= 0 && (due_ms < 0 || one_ms < due_ms)) {
            due_ms = one_ms;
        }
    }
    if (due_ms < 0) {
        return -1;
    }
    return due_ms <= now_ms ? 0 : (int)(due_ms - now_ms);
}

static enum tg_push_end end_of(const struct tg_push_transfer_state *state)
{
    long verdict = 0; /* on the peer's certificate */

    if (state->is_held) {
        return TG_PUSH_END_HELD;
    }
    if (state->is_old_http) {
        return TG_PUSH_END_NOT_HTTP2;
    }
    /* It has been taken, whatever became of the stream then. */
    if (state->transfer.answer.status / 100 == 2 && state->code != CURLE_OK) {
        return TG_PUSH_END_ANSWER;
    }
    switch ((int)state->code) {
    case CURLE_WRITE_ERROR: /* take_body has seen enough */
        return state->body_len > ANSWER_READ_MAX ? TG_PUSH_END_ANSWER : TG_PUSH_END_TROUBLE;
    case CURLE_OK:
        return TG_PUSH_END_ANSWER;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_URL_MALFORMAT:
        return state->is_refused ? TG_PUSH_END_REFUSED : TG_PUSH_END_UNREACHABLE;
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

    (void)curl_easy_getinfo(state->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(state->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    answer->status = status < 0 ? 0 : (unsigned)status;
    answer->retry_after_s = retry_after_s <= 0            ? 0
                            : retry_after_s >= UINT32_MAX ? UINT32_MAX
                                                          : (uint32_t)retry_after_s;
    answer->body = tg_buf_view(&state->body);
}

/* Out of the library's hands; the answer stays until put. */
static void finish(struct tg_push_http *http, struct tg_push_transfer_state *state, CURLcode code)
{
    (void)curl_multi_remove_handle(http->multi, state->easy);
    state->is_started = false;
    http->in_flight--;
    state->code = code;
    if (http->probe == state) {
        http->probe = NULL;
    }
    fill_answer(state);
    state->end = end_of(state);
}

/* done() starts other requests: first all that ended are taken, then they are told. */
static void collect(struct tg_push_http *http)
{
    struct tg_push_transfer_state *first = NULL;
    struct tg_push_transfer_state **last = &first;
    CURLMsg *msg = NULL;
    int left = 0;

    while ((msg = curl_multi_info_read(http->multi, &left)) != NULL) {
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
        http->config.done(http->config.ctx, &state->transfer, state->end);
    }
}

static uint64_t index_of(const struct tg_push_http *http)
{
    uint64_t i = 0;

    while (i < http->loop->http_count && http->loop->https[i] != http) {
        i++;
    }
    return i;
}

static struct epoll_event event_of(const struct tg_push_http *http, const struct watched *w)
{
    return (struct epoll_event){ .events = w->wanted,
                                 .data.u64 = index_of(http) << 32 | (uint32_t)w->fd };
}

static void run_timer(struct tg_push_http *http, int64_t now_ms)
{
    int running = 0;

    if (http->due_ms >= 0 && http->due_ms <= now_ms) {
        http->due_ms = -1;
        (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static void cork(curl_socket_t fd, int is_corked)
{
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &is_corked, sizeof(is_corked));
}

/* The library writes each frame by itself: those of many requests are held back until all are
   there, and leave in few packets. Not where each request may have a connection of its own. */
static bool hold_back(struct tg_push_http *http)
{
    bool is_many = http->fresh > 1 && !http->config.is_guarded;

    http->fresh = 0;
    for (struct watched *w = is_many ? http->sockets : NULL; w != NULL; w = w->next) {
        cork(w->fd, 1);
    }
    return is_many;
}

static void let_go(struct tg_push_http *http, bool is_held_back)
{
    for (struct watched *w = http->sockets; w != NULL; w = w->next) {
        struct epoll_event event = event_of(http, w);

        if (is_held_back) {
            cork(w->fd, 0);
        }
        if (w->wanted != w->known && epoll_ctl(http->loop->fd, EPOLL_CTL_MOD, w->fd, &event) == 0) {
            w->known = w->wanted;
        }
    }
}

static void run_socket(struct tg_push_http_loop *loop, const struct epoll_event *event)
{
    struct tg_push_http *http = loop->https[event->data.u64 >> 32];
    int mask = ((event->events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
               ((event->events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
               ((event->events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
    int running = 0;

    (void)curl_multi_socket_action(http->multi, (curl_socket_t)(uint32_t)event->data.u64, mask,
                                   &running);
}

void tg_push_http_loop_run(struct tg_push_http_loop *loop)
{
    struct epoll_event events[EVENTS_MAX];
    bool is_held_back[HTTPS_MAX] = { false };
    int count = epoll_wait(loop->fd, events, EVENTS_MAX, 0);
    int64_t now_ms = loop->mono_ms();

    for (size_t i = 0; i < loop->http_count; i++) {
        is_held_back[i] = hold_back(loop->https[i]);
    }
    for (int i = 0; i < count; i++) {
        run_socket(loop, &events[i]);
    }
    for (size_t i = 0; i < loop->http_count; i++) {
        run_timer(loop->https[i], now_ms);
        collect(loop->https[i]);
        let_go(loop->https[i], is_held_back[i]);
    }
}

/* ---- what libcurl calls --------------------------------------------------------------------- */

static struct watched *watch_new(struct tg_push_http *http, curl_socket_t fd, uint32_t wanted)
{
    struct watched *w = tg_mem_calloc(1, sizeof(*w));
    struct epoll_event event;

    if (w == NULL) {
        return NULL;
    }
    w->fd = fd;
    w->wanted = wanted;
    w->known = wanted;
    event = event_of(http, w);
    if (epoll_ctl(http->loop->fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        tg_mem_free(w);
        return NULL;
    }
    w->next = http->sockets;
    http->sockets = w;
    return w;
}

/* The socket may be closed already, and then neither call finds it. */
static void watch_free(struct tg_push_http *http, struct watched *w)
{
    struct watched **at = &http->sockets;

    while (*at != NULL && *at != w) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = w->next;
        (void)epoll_ctl(http->loop->fd, EPOLL_CTL_DEL, w->fd, NULL);
        cork(w->fd, 0);
        tg_mem_free(w);
    }
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct tg_push_http *http = ctx;
    struct watched *w = known;
    uint32_t wanted = ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
                      ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        watch_free(http, w);
        return 0;
    }
    if (w != NULL) {
        w->wanted = wanted;
        return 0;
    }
    w = watch_new(http, fd, wanted);
    return w != NULL && curl_multi_assign(http->multi, fd, w) == CURLM_OK ? 0 : -1;
}

/* The clock is read for what lies ahead alone. */
static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct tg_push_http *http = ctx;

    (void)multi;
    if (timeout_ms <= 0) {
        http->due_ms = timeout_ms;
        return 0;
    }
    http->due_ms = http->loop->mono_ms() + timeout_ms;
    return 0;
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct tg_push_transfer_state *state = ctx;
    size_t len = size * count;
    size_t room = TG_PUSH_ANSWER_MAX - state->body.len;

    tg_buf_append(&state->body, tg_bytes(data, len < room ? len : room));
    state->body_len += len;
    return state->body_len > ANSWER_READ_MAX || tg_buf_status(&state->body) != TG_OK ? 0 : len;
}

/* The first line of an answer names its version. */
static size_t take_header(char *data, size_t size, size_t count, void *ctx)
{
    struct tg_push_transfer_state *state = ctx;
    struct tg_bytes line = tg_bytes(data, size * count);

    if (state->transfer.request.is_http2_only && tg_bytes_has_prefix(line, TG_LIT("HTTP/")) &&
        !tg_bytes_has_prefix(line, TG_LIT("HTTP/2"))) {
        state->is_old_http = true;
        return 0;
    }
    return line.len;
}

static curl_socket_t open_guarded(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
    struct tg_push_transfer_state *state = ctx;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !tg_push_guard_allows(&addr->addr,
                              state->http->config.settings->allows_private_addresses)) {
        state->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    state->is_refused = false; /* one address of several is enough */
    return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

static bool is_proven_port(const struct tg_push_http *http, long port)
{
    for (size_t i = 0; i < PROVEN_MAX; i++) {
        if (http->proven[i] == port) {
            return true;
        }
    }
    return false;
}

/* Called when a request has its connection, before it is sent. */
static int before_request(void *ctx, char *remote_ip, char *local_ip, int remote_port,
                          int local_port)
{
    struct tg_push_transfer_state *state = ctx;
    struct tg_push_http *http = state->http;

    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    state->local_port = local_port;
    if (!http->config.is_one_stream_first || is_proven_port(http, local_port)) {
        return CURL_PREREQFUNC_OK;
    }
    if (http->probe == NULL || http->probe == state) {
        http->probe = state;
        http->is_proven = false;
        return CURL_PREREQFUNC_OK;
    }
    state->is_held = true;
    return CURL_PREREQFUNC_ABORT;
}

/* ---- transfers ------------------------------------------------------------------------------ */

/* What does not change from request to request. */
static bool set_up(struct tg_push_transfer_state *state)
{
    const struct tg_push_http_config *config = &state->http->config;
    const struct tg_push_settings *settings = config->settings;
    long timeout_ms = (long)settings->request_timeout_s * 1000L;
    CURL *easy = state->easy;
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, state);
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    bad |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    bad |= curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_KEPT_S);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                            config->is_guarded ? GUARDED_IDLE_MAX_S : IDLE_MAX_S);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                            timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS);
    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, state);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, state);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, state);
    if (config->is_guarded) {
        bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_guarded);
        bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, state);
    }
    if (settings->ca_file != NULL && settings->ca_file[0] != '\0') {
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
        bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return bad == CURLE_OK;
}

/* The lines are lent to the library, which copies what it sends: nothing of them is left behind. */
static struct curl_slist *list_headers(struct tg_push_transfer_state *state)
{
    static char no_accept[] = "accept:"; /* else it adds one of its own */
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

static bool set_request(struct tg_push_transfer_state *state, enum tg_push_connection connection)
{
    struct tg_push_request *request = &state->transfer.request;
    CURL *easy = state->easy;
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list_headers(state));
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body.len);
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, tg_buf_cstr(&request->body));
    bad |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT,
                            connection == TG_PUSH_NEW_CONNECTION ? 1L : 0L);
    return bad == CURLE_OK && tg_push_request_status(request) == TG_OK &&
           tg_push_url_set(&state->url, easy, tg_buf_cstr(&request->url));
}

struct tg_push_transfer *tg_push_http_get(struct tg_push_http *http)
{
    struct tg_push_transfer_state *state = http->idle;
    bool is_one_only = http->config.is_one_stream_first && !http->is_proven;

    if (state == NULL || http->probe != NULL || (is_one_only && http->in_flight > 0)) {
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
                               enum tg_push_connection connection)
{
    struct tg_push_transfer_state *state = transfer->state;

    tg_buf_clear(&state->body);
    state->body_len = 0;
    state->local_port = 0;
    state->is_held = false;
    state->is_refused = false;
    state->is_old_http = false;
    if (connection == TG_PUSH_NEW_CONNECTION) {
        http->is_proven = false;
    }
    if (!set_request(state, connection) ||
        curl_multi_add_handle(http->multi, state->easy) != CURLM_OK) {
        return TG_E_NOMEM;
    }
    state->is_started = true;
    http->in_flight++;
    http->fresh++;
    return TG_OK;
}

void tg_push_http_prove(struct tg_push_http *http, const struct tg_push_transfer *transfer)
{
    long port = transfer->state->local_port;

    http->is_proven = true;
    if (port != 0 && !is_proven_port(http, port)) {
        http->proven[http->proven_at] = port;
        http->proven_at = (http->proven_at + 1) % PROVEN_MAX;
    }
}

/* ---- a provider's requests ------------------------------------------------------------------ */

static bool set_up_multi(struct tg_push_http *http)
{
    bool is_guarded = http->config.is_guarded;
    CURLM *multi = http->multi;
    CURLMcode bad = CURLM_OK;

    bad |= curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    bad |= curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)http->state_count);
    bad |= curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, HOST_CONNECTIONS_MAX);
    bad |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, is_guarded ? GUARDED_KEPT_MAX : KEPT_MAX);
    bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
    bad |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    bad |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
    return bad == CURLM_OK;
}

enum tg_err tg_push_http_new(struct tg_push_http **out, struct tg_push_http_loop *loop,
                             const struct tg_push_http_config *config)
{
    enum tg_err err = TG_E_BUG;
    size_t count = config->settings->concurrency;
    struct tg_push_http *http = NULL;

    TG_REQUIRE(loop->http_count < HTTPS_MAX && count > 0, TG_E_LIMIT);
    http = tg_mem_calloc(1, sizeof(*http));
    TG_REQUIRE(http != NULL, TG_E_NOMEM);
    http->loop = loop;
    http->config = *config;
    http->due_ms = -1;
    http->states = tg_mem_calloc(count, sizeof(*http->states));
    TG_REQUIRE(http->states != NULL, TG_E_NOMEM);
    http->state_count = count;
    for (size_t i = count; i-- > 0;) {
        struct tg_push_transfer_state *state = &http->states[i];

        state->http = http;
        state->transfer.state = state;
        tg_push_request_init(&state->transfer.request);
        tg_buf_init(&state->body, TG_PUSH_ANSWER_MAX);
        tg_push_url_init(&state->url);
        state->next = http->idle;
        http->idle = state;
    }
    http->multi = curl_multi_init();
    TG_REQUIRE(http->multi != NULL && set_up_multi(http), TG_E_NOMEM);
    loop->https[loop->http_count++] = http;
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
            (void)curl_multi_remove_handle(h->multi, state->easy);
        }
        curl_easy_cleanup(state->easy);
        tg_push_request_deinit(&state->transfer.request);
        tg_buf_deinit(&state->body);
        tg_push_url_deinit(&state->url);
    }
    (void)curl_multi_cleanup(h->multi);
    while (h->sockets != NULL) {
        watch_free(h, h->sockets);
    }
    tg_mem_free(h->states);
    tg_mem_free(h);
    *http = NULL;
}
