/* SPDX-License-Identifier: Apache-2.0 */
#include "push/http_connection.h"

#include "push/guard.h"

#include <sys/socket.h>

#define CONNECT_TIMEOUT_MS 10000L /* of a connection, TLS included */
#define DNS_KEPT_S 60L
#define IDLE_MAX_S 3600L       /* a kept connection is not used after an idle hour */
#define GUARDED_IDLE_MAX_S 60L /* shorter where clients name the hosts */
#define KEEPALIVE_S 300L
#define HOST_CONNECTIONS_MAX 4L
#define KEPT_MAX 8L /* connections of a provider */
#define GUARDED_KEPT_MAX 32L

/* ---- what libcurl calls --------------------------------------------------------------------- */

static curl_socket_t open_guarded(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
    struct tg_push_connection *c = ctx;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !tg_push_guard_allows(&addr->addr, c->all->settings->allows_private_addresses)) {
        c->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    c->is_refused = false; /* one address of several is enough */
    return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

static bool is_proven_port(const struct tg_push_connections *all, long port)
{
    for (size_t i = 0; i < TG_PUSH_PROVEN_MAX; i++) {
        if (all->proven[i] == port) {
            return true;
        }
    }
    return false;
}

/* Called when a request has its connection, before it is sent. */
static int before_request(void *ctx, char *remote_ip, char *local_ip, int remote_port,
                          int local_port)
{
    struct tg_push_connection *c = ctx;
    struct tg_push_connections *all = c->all;

    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    c->local_port = local_port;
    if (!all->is_one_stream_first || is_proven_port(all, local_port)) {
        return CURL_PREREQFUNC_OK;
    }
    if (all->probe == NULL || all->probe == c) {
        all->probe = c;
        all->is_proven = false;
        return CURL_PREREQFUNC_OK;
    }
    c->is_held = true;
    return CURL_PREREQFUNC_ABORT;
}

/* ---- options -------------------------------------------------------------------------------- */

bool tg_push_connections_set_up(const struct tg_push_connections *all, CURLM *multi)
{
    long kept = all->is_guarded ? GUARDED_KEPT_MAX : KEPT_MAX;
    long streams = (long)all->settings->concurrency;
    CURLMcode bad = CURLM_OK;

    bad |= curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    bad |= curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, streams);
    bad |= curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, HOST_CONNECTIONS_MAX);
    bad |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept);
    return bad == CURLM_OK;
}

static CURLcode set_up_tls(const struct tg_push_settings *settings, CURL *easy)
{
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (settings->ca_file != NULL && settings->ca_file[0] != '\0') {
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
        bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return bad;
}

static bool has_proxy(const struct tg_push_settings *settings)
{
    return settings->proxy != NULL && settings->proxy[0] != '\0';
}

/* TLS goes through the tunnel to the provider, whose certificate is verified as without a proxy.
   The environment is never asked for a proxy. */
static CURLcode set_up_proxy(const struct tg_push_connections *all, CURL *easy)
{
    CURLcode bad = CURLE_OK;

    if (!has_proxy(all->settings)) {
        return curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    bad |= curl_easy_setopt(easy, CURLOPT_PROXY, all->settings->proxy);
    bad |= curl_easy_setopt(easy, CURLOPT_PROXYTYPE, (long)CURLPROXY_HTTP);
    bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    bad |= curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (all->proxy->user[0] != '\0') {
        bad |= curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
        bad |= curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, all->proxy->user);
        bad |= curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, all->proxy->password);
    }
    return bad;
}

bool tg_push_connection_set_up(struct tg_push_connection *c, CURL *easy)
{
    const struct tg_push_settings *settings = c->all->settings;
    long timeout_ms = (long)settings->request_timeout_s * 1000L;
    CURLcode bad = set_up_tls(settings, easy);

    bad |= set_up_proxy(c->all, easy);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    bad |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    bad |= curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_KEPT_S);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                            c->all->is_guarded ? GUARDED_IDLE_MAX_S : IDLE_MAX_S);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                            timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS);
    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, c);
    if (c->all->is_guarded && !has_proxy(settings)) {
        bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_guarded);
        bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
    }
    return bad == CURLE_OK;
}

/* ---- requests ------------------------------------------------------------------------------- */

bool tg_push_connections_have_room(const struct tg_push_connections *all, uint32_t in_flight)
{
    bool is_one_only = all->is_one_stream_first && !all->is_proven;

    return all->probe == NULL && (!is_one_only || in_flight == 0);
}

bool tg_push_connection_begin(struct tg_push_connection *c, CURL *easy,
                              enum tg_push_connection_kind kind)
{
    bool is_new = kind == TG_PUSH_NEW_CONNECTION;

    c->local_port = 0;
    c->is_held = false;
    c->is_refused = false;
    if (is_new) {
        c->all->is_proven = false;
    }
    return curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_new ? 1L : 0L) == CURLE_OK;
}

void tg_push_connection_end(struct tg_push_connection *c)
{
    if (c->all->probe == c) {
        c->all->probe = NULL;
    }
}

void tg_push_connection_prove(struct tg_push_connection *c)
{
    struct tg_push_connections *all = c->all;

    all->is_proven = true;
    if (c->local_port != 0 && !is_proven_port(all, c->local_port)) {
        all->proven[all->proven_at] = c->local_port;
        all->proven_at = (all->proven_at + 1) % TG_PUSH_PROVEN_MAX;
    }
}
