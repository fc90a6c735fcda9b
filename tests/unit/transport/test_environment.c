/* SPDX-License-Identifier: Apache-2.0 */
/* What the transport takes from its environment, and what it believes of a server: nothing. */
#include "unit/transport/wallets.h"
#include "unit/transport/web.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tigress-transport-XXXXXX";
static char ca_file[64];
static char key_log[64];

static const char *preview(struct web *w, const char *request)
{
    (void)w;
    (void)request;
    return PREVIEW_ANSWER;
}

/* A relay with TLS, whose certificate is for name. */
static void start_relay(struct web *w, const char *name)
{
    *w = (struct web){ .answer = preview, .tls = web_tls(name, ca_file) };
    web_start(w);
}

static void open_https(struct wallet *w, const struct web *relay)
{
    char origin[64];

    (void)snprintf(origin, sizeof(origin), "https://127.0.0.1:%u", relay->port);
    open_wallet(w, origin);
    assert_int_equal(tigress_transport_set_ca_file(w->transport, ca_file), TIGRESS_OK);
}

/* ---- the host name -------------------------------------------------------------------------- */

/* spec-test: protocol/1#https-only */
static void run__certificate_for_another_name__nothing_is_sent(void **state)
{
    static const char *const names[] = { "DNS:relay.example", "IP:127.0.0.2", "DNS:127.0.0.1",
                                         "DNS:*" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        struct web relay;
        struct wallet w = { NULL, NULL };

        start_relay(&relay, names[i]);
        open_https(&w, &relay);
        assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_FAILED);
        assert_int_equal(tigress_session_error(w.session), TIGRESS_E_TLS);
        close_wallet(&w);
        web_stop(&relay);
        assert_int_equal(relay.request_count, 0);
    }
}

static void run__certificate_for_this_name__works(void **state)
{
    struct web relay;
    struct wallet w = { NULL, NULL };

    (void)state;
    start_relay(&relay, "IP:127.0.0.1");
    open_https(&w, &relay);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_INPUT);
    close_wallet(&w);
    web_stop(&relay);
    assert_int_equal(relay.request_count, 1);
}

static void run__certificate_of_no_authority__nothing_is_sent(void **state)
{
    struct web relay;
    struct wallet w = { NULL, NULL };

    (void)state;
    start_relay(&relay, "IP:127.0.0.1");
    open_https(&w, &relay);
    assert_int_equal(tigress_transport_set_ca_file(w.transport, NULL), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_FAILED);
    assert_int_equal(tigress_session_error(w.session), TIGRESS_E_TLS);
    close_wallet(&w);
    web_stop(&relay);
    assert_int_equal(relay.request_count, 0);
}

/* ---- keys and passwords --------------------------------------------------------------------- */

/* spec-test: protocol/7#client-privacy */
static void run__key_log_of_the_environment__stays_empty(void **state)
{
    struct web relay;
    struct wallet w = { NULL, NULL };
    struct stat about = { .st_size = 0 };
    CURL *other = curl_easy_init();
    char url[64];

    (void)state;
    start_relay(&relay, "IP:127.0.0.1");
    open_https(&w, &relay);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_INPUT);
    assert_true(stat(key_log, &about) != 0 || about.st_size == 0);
    /* Another user of the same libcurl does log. */
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", relay.port);
    (void)curl_easy_setopt(other, CURLOPT_URL, url);
    (void)curl_easy_setopt(other, CURLOPT_CAINFO, ca_file);
    (void)curl_easy_setopt(other, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(other, CURLOPT_NOBODY, 1L);
    assert_int_equal(curl_easy_perform(other), CURLE_OK);
    assert_int_equal(stat(key_log, &about), 0);
    assert_true(about.st_size > 0);
    curl_easy_cleanup(other);
    close_wallet(&w);
    web_stop(&relay);
}

/* spec-test: protocol/7#client-privacy */
static void run__netrc_for_every_host__no_credentials_are_sent(void **state)
{
    struct web relay = { .answer = preview };
    struct wallet w = { NULL, NULL };
    char path[64];
    char origin[64];
    FILE *file = NULL;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/.netrc", folder);
    file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs("machine 127.0.0.1 login alice password secret\n"
                "default login alice password secret\n",
                file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("HOME", folder, 1), 0);
    web_start(&relay);
    (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", relay.port);
    open_wallet(&w, origin);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_INPUT);
    close_wallet(&w);
    web_stop(&relay);
    assert_int_equal(relay.request_count, 1);
    assert_null(strcasestr(relay.last, "authorization"));
}

/* ---- proxies -------------------------------------------------------------------------------- */

static const char *const proxy_names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
                                           "all_proxy",  "ALL_PROXY",   "no_proxy" };

static const char *refuse(struct web *w, const char *request)
{
    (void)w;
    (void)request;
    return "HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}

static void set_environment(const struct web *proxy)
{
    char url[64];

    (void)snprintf(url, sizeof(url), "http://alice:secret@127.0.0.1:%u", proxy->port);
    for (size_t i = 0; i + 1 < TG_COUNT(proxy_names); i++) {
        assert_int_equal(setenv(proxy_names[i], url, 1), 0);
    }
}

static void clear_environment(void)
{
    for (size_t i = 0; i < TG_COUNT(proxy_names); i++) {
        assert_int_equal(unsetenv(proxy_names[i]), 0);
    }
}

/* spec-test: protocol/7#client-privacy */
static void run__proxies_of_the_environment__used_only_if_told(void **state)
{
    (void)state;
    for (unsigned is_told = 0; is_told < 2; is_told++) {
        struct web relay;
        struct web proxy = { .answer = refuse };
        struct wallet w = { NULL, NULL };

        start_relay(&relay, "IP:127.0.0.1");
        web_start(&proxy);
        set_environment(&proxy);
        open_https(&w, &relay);
        if (is_told) {
            assert_int_equal(tigress_transport_use_environment_proxy(w.transport), TIGRESS_OK);
        }
        assert_int_equal(tigress_transport_run(w.transport, 0),
                         is_told ? TIGRESS_FAILED : TIGRESS_WANT_INPUT);
        close_wallet(&w);
        clear_environment();
        web_stop(&proxy);
        web_stop(&relay);
        assert_int_equal(proxy.connection_count, is_told);
        assert_int_equal(relay.connection_count, !is_told);
    }
}

/* spec-test: protocol/7#client-privacy */
static void run__plain_http_to_loopback__never_by_a_proxy(void **state)
{
    struct web relay = { .answer = preview };
    struct web proxy = { .answer = refuse };
    char origin[64], url[64];

    (void)state;
    web_start(&relay);
    web_start(&proxy);
    set_environment(&proxy);
    (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", relay.port);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", proxy.port);
    for (int is_set = 0; is_set < 2; is_set++) {
        struct wallet w = { NULL, NULL };

        open_wallet(&w, origin);
        assert_int_equal(is_set ? tigress_transport_set_proxy(w.transport, url)
                                : tigress_transport_use_environment_proxy(w.transport),
                         TIGRESS_OK);
        assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_WANT_INPUT);
        close_wallet(&w);
    }
    clear_environment();
    web_stop(&proxy);
    web_stop(&relay);
    assert_int_equal(proxy.connection_count, 0);
}

/* spec-test: protocol/7#client-privacy */
static void run__proxy_was_set__the_environment_does_not_go_around_it(void **state)
{
    struct web relay;
    struct web proxy = { .answer = refuse };
    struct wallet w = { NULL, NULL };
    char url[64];

    (void)state;
    start_relay(&relay, "IP:127.0.0.1");
    web_start(&proxy);
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    open_https(&w, &relay);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", proxy.port);
    assert_int_equal(tigress_transport_set_proxy(w.transport, url), TIGRESS_OK);
    assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_FAILED);
    close_wallet(&w);
    clear_environment();
    web_stop(&proxy);
    web_stop(&relay);
    assert_int_equal(relay.connection_count, 0);
    assert_int_equal(proxy.request_count, 1);
    assert_true(strncmp(proxy.last, "CONNECT 127.0.0.1:", 18) == 0);
    assert_null(strcasestr(proxy.last, "user-agent"));
    assert_null(strcasestr(proxy.last, "accept:")); /* nor any other header for the relay */
    assert_null(strstr(proxy.last, FAKE_MAILBOX));
}

static void set_proxy__wrong_value__named(void **state)
{
    struct wallet w = { NULL, NULL };
    char url[1100] = "http://";

    (void)state;
    open_wallet(&w, "https://relay.example");
    assert_int_equal(tigress_transport_set_proxy(w.transport, "proxy:3128"), TIGRESS_E_ARGUMENT);
    assert_non_null(strstr(tigress_transport_error_text(w.transport), "socks5h://"));
    memset(url + 7, 'a', 1017);
    assert_int_equal(tigress_transport_set_proxy(w.transport, url), TIGRESS_E_LIMIT);
    assert_string_equal(tigress_transport_error_text(w.transport),
                        "url: expected at most 1023 bytes");
    url[1023] = '\0';
    assert_int_equal(tigress_transport_set_proxy(w.transport, url), TIGRESS_OK);
    assert_string_equal(tigress_transport_error_text(w.transport), "");
    assert_int_equal(tigress_transport_set_proxy(w.transport, NULL), TIGRESS_OK);
    assert_int_equal(tigress_transport_set_proxy(NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_transport_use_environment_proxy(NULL), TIGRESS_E_ARGUMENT);
    close_wallet(&w);
}

/* ---- interim answers and redirects ---------------------------------------------------------- */

static const char *with_interim(struct web *w, const char *request)
{
    (void)w;
    (void)request;
    return "HTTP/1.1 100 Continue\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
           "HTTP/1.1 103 Early Hints\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
           "Retry-After: 3600\r\nLink: </x>; rel=preload\r\n\r\n"
           "HTTP/1.1 429 Busy\r\nContent-Length: 0\r\n\r\n";
}

static void run__interim_answers__their_headers_are_not_of_the_answer(void **state)
{
    struct web relay = { .answer = with_interim };
    struct wallet w = { NULL, NULL };
    char origin[64];

    (void)state;
    web_start(&relay);
    (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", relay.port);
    open_wallet(&w, origin);
    assert_int_equal(tigress_session_set_tries(w.session, 2), TIGRESS_OK);
    assert_int_equal(tigress_session_step(w.session, time(NULL)), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_transport_perform(w.transport), TIGRESS_OK);
    assert_int_equal(tigress_transport_date_s(w.transport), 0);
    assert_int_equal(tigress_session_step(w.session, time(NULL)), TIGRESS_WANT_WAIT);
    assert_true(tigress_session_deadline_s(w.session) < time(NULL) + 600);
    close_wallet(&w);
    web_stop(&relay);
}

static const char *elsewhere(struct web *w, const char *request)
{
    (void)request;
    return w->ctx;
}

static void run__redirect__not_followed(void **state)
{
    static const unsigned codes[] = { 301, 302, 303, 307, 308 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(codes); i++) {
        struct web trap = { .answer = preview };
        char answer[160];
        struct web relay = { .answer = elsewhere, .ctx = answer };
        struct wallet w = { NULL, NULL };
        char origin[64];

        web_start(&trap);
        (void)snprintf(answer, sizeof(answer),
                       "HTTP/1.1 %u Go\r\nLocation: http://127.0.0.1:%u/v1/m/" FAKE_MAILBOX
                       "\r\nContent-Length: 0\r\n\r\n",
                       codes[i], trap.port);
        web_start(&relay);
        (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", relay.port);
        open_wallet(&w, origin);
        assert_int_equal(tigress_transport_run(w.transport, 0), TIGRESS_FAILED);
        assert_int_equal(tigress_session_error(w.session), TIGRESS_E_PROTOCOL);
        close_wallet(&w);
        web_stop(&relay);
        web_stop(&trap);
        assert_int_equal(trap.connection_count, 0);
        assert_int_equal(relay.request_count, 1);
    }
}

/* ---- which libcurl -------------------------------------------------------------------------- */

static curl_version_info_data fake_version;
static bool is_version_fake;

curl_version_info_data *__real_curl_version_info(CURLversion age);
curl_version_info_data *__wrap_curl_version_info(CURLversion age);

curl_version_info_data *__wrap_curl_version_info(CURLversion age)
{
    return is_version_fake ? &fake_version : __real_curl_version_info(age);
}

/* spec-test: protocol/7#client-privacy */
static void new__another_tls_library__refused_and_named(void **state)
{
    static const struct {
        const char *tls;
        int features;
        const char *why; /* NULL: accepted */
    } rows[] = {
        { "OpenSSL/3.0.19", CURL_VERSION_ASYNCHDNS, NULL },
        { "(GnuTLS/3.7.9) OpenSSL/3.0.19", CURL_VERSION_ASYNCHDNS, NULL },
        { "GnuTLS/3.7.9", CURL_VERSION_ASYNCHDNS,
          "libcurl: expected one with OpenSSL, got GnuTLS/3.7.9" },
        { "(OpenSSL/3.0.19) GnuTLS/3.7.9", CURL_VERSION_ASYNCHDNS,
          "libcurl: expected one with OpenSSL, got (OpenSSL/3.0.19) GnuTLS/3.7.9" },
        { NULL, CURL_VERSION_ASYNCHDNS, "libcurl: expected one with OpenSSL, got one without TLS" },
        { "OpenSSL/3.0.19", 0, "libcurl: expected one that resolves names without blocking" },
    };
    struct wallet w = { NULL, NULL };

    (void)state;
    open_wallet(&w, "https://relay.example");
    tigress_transport_free(&w.transport);
    is_version_fake = true;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        char why[TIGRESS_TEXT_MAX] = "x";
        enum tigress_error expected = rows[i].why == NULL ? TIGRESS_OK : TIGRESS_E_UNSUPPORTED;

        fake_version = *__real_curl_version_info(CURLVERSION_NOW);
        fake_version.ssl_version = rows[i].tls;
        fake_version.features = rows[i].features;
        assert_int_equal(tigress_transport_check_libcurl(why, sizeof(why)), expected);
        assert_string_equal(why, rows[i].why == NULL ? "" : rows[i].why);
        assert_int_equal(tigress_transport_new(&w.transport, w.session), expected);
        assert_true((w.transport == NULL) == (expected != TIGRESS_OK));
        tigress_transport_free(&w.transport);
    }
    is_version_fake = false;
    close_wallet(&w);
}

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
    (void)snprintf(key_log, sizeof(key_log), "%s/keys", folder);
    clear_environment();
    /* libcurl reads it when it is initialised. */
    return setenv("SSLKEYLOGFILE", key_log, 1) == 0 &&
                   curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
               ? 0
               : -1;
}

static int end(void **state)
{
    char path[64];

    (void)state;
    curl_global_cleanup();
    (void)snprintf(path, sizeof(path), "%s/.netrc", folder);
    (void)unlink(path);
    (void)unlink(ca_file);
    (void)unlink(key_log);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__certificate_for_another_name__nothing_is_sent),
        cmocka_unit_test(run__certificate_for_this_name__works),
        cmocka_unit_test(run__certificate_of_no_authority__nothing_is_sent),
        cmocka_unit_test(run__key_log_of_the_environment__stays_empty),
        cmocka_unit_test(run__netrc_for_every_host__no_credentials_are_sent),
        cmocka_unit_test(run__proxies_of_the_environment__used_only_if_told),
        cmocka_unit_test(run__plain_http_to_loopback__never_by_a_proxy),
        cmocka_unit_test(run__proxy_was_set__the_environment_does_not_go_around_it),
        cmocka_unit_test(set_proxy__wrong_value__named),
        cmocka_unit_test(run__interim_answers__their_headers_are_not_of_the_answer),
        cmocka_unit_test(run__redirect__not_followed),
        cmocka_unit_test(new__another_tls_library__refused_and_named),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
