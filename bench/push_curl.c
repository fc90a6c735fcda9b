/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_curl URL CA BODY SECONDS [HEADER...]: repeats one POST with libcurl alone, 100 at a time on
 * one connection, and prints how many were answered with 200 each second. It has the same libcurl
 * settings as the push process but no jobs and no tokens, so it measures the cost of the library.
 */
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AT_ONCE 100

struct load {
    CURLM *multi;
    CURL *easy[AT_ONCE];
    CURL *idle[AT_ONCE];
    int idle_count;
    long answered;
    int fd;
};

static double now_s(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(int is_good, const char *what)
{
    if (!is_good) {
        (void)fprintf(stderr, "push_curl: %s\n", what);
        exit(1);
    }
}

static size_t drop(char *data, size_t size, size_t count, void *ctx)
{
    (void)data;
    (void)ctx;
    return size * count;
}

static int keep_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    struct load *load = ctx;

    (void)purpose;
    load->fd = fd;
    return CURL_SOCKOPT_OK;
}

static void cork(const struct load *load, int is_corked)
{
    (void)setsockopt(load->fd, IPPROTO_TCP, TCP_CORK, &is_corked, sizeof(is_corked));
}

static CURL *new_easy(struct load *load, const char *origin, CURLU *parsed, char **argv,
                      struct curl_slist *headers)
{
    CURL *easy = curl_easy_init();
    CURLcode bad = CURLE_OK;

    must(easy != NULL, "no memory");
    bad |= curl_easy_setopt(easy, CURLOPT_URL, origin);
    bad |= curl_easy_setopt(easy, CURLOPT_CURLU, parsed);
    bad |= curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, argv[1] + strlen(origin));
    bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, argv[2]);
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(argv[3]));
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, argv[3]);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 4096L);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    bad |= curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, keep_socket);
    bad |= curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, load);
    must(bad == CURLE_OK, "an option is refused");
    return easy;
}

static void collect(struct load *load)
{
    CURLMsg *msg = NULL;
    int left = 0;

    while ((msg = curl_multi_info_read(load->multi, &left)) != NULL) {
        CURL *easy = msg->easy_handle;
        long status = 0;

        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        must(msg->data.result == CURLE_OK && status == 200, "a request failed");
        load->idle[load->idle_count++] = easy;
        (void)curl_multi_remove_handle(load->multi, easy);
        load->answered++;
    }
}

static void turn(struct load *load)
{
    int running = 0;

    while (load->idle_count > 0) {
        must(curl_multi_add_handle(load->multi, load->idle[--load->idle_count]) == CURLM_OK,
             "no memory");
    }
    cork(load, 1);
    (void)curl_multi_perform(load->multi, &running);
    cork(load, 0);
    collect(load);
    if (load->idle_count == 0) {
        (void)curl_multi_poll(load->multi, NULL, 0, 1000, NULL);
    }
}

static void open_load(struct load *load, int argc, char **argv)
{
    struct curl_slist *headers = NULL;
    const char *path = strchr(argv[1] + strlen("https://"), '/');
    char *origin = strndup(argv[1], path == NULL ? 0 : (size_t)(path - argv[1]));
    CURLU *parsed = curl_url();

    must(origin != NULL && curl_url_set(parsed, CURLUPART_URL, origin, 0) == CURLUE_OK, "no URL");
    for (int i = 5; i < argc; i++) {
        headers = curl_slist_append(headers, argv[i]);
    }
    load->multi = curl_multi_init();
    must(load->multi != NULL, "no memory");
    for (int i = 0; i < AT_ONCE; i++) {
        load->easy[i] = new_easy(load, origin, parsed, argv, headers);
    }
}

int main(int argc, char **argv)
{
    struct load load = { .fd = -1 };
    double start = 0;

    must(argc >= 5 && strncmp(argv[1], "https://", 8) == 0,
         "usage: push_curl URL CA BODY SECONDS [HEADER...]");
    open_load(&load, argc, argv);
    /* One request first, so that the connection exists when the measurement starts. */
    load.idle[load.idle_count++] = load.easy[0];
    while (load.answered == 0) {
        turn(&load);
    }
    memcpy(load.idle, load.easy, sizeof(load.idle));
    load.idle_count = AT_ONCE;
    load.answered = 0;
    start = now_s();
    while (now_s() - start < atof(argv[4])) {
        turn(&load);
    }
    (void)printf("{\"pushes_per_s\": %.1f}\n", (double)load.answered / (now_s() - start));
    return 0;
}
