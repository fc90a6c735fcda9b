/* SPDX-License-Identifier: Apache-2.0 */
#include "common/link.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/files.h"

static bool set_address(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address->sun_path)) {
        (void)fprintf(stderr, "the socket's path is too long\n");
        return false;
    }
    memcpy(address->sun_path, path, strlen(path));
    return true;
}

/* Limits how long one end can block the other. */
static void set_patience(int fd)
{
    const struct timeval wait = { .tv_sec = LINK_WAIT_S };

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

static bool send_line(int fd, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    size_t len = text != NULL ? strlen(text) : 0, done = 0;

    if (len == 0 || len >= LINE_MAX_LEN) {
        free(text);
        return false;
    }
    text[len] = '\n'; /* in place of the NUL */
    while (done <= len) {
        ssize_t sent = send(fd, text + done, len + 1 - done, MSG_NOSIGNAL);

        if (sent <= 0) {
            break;
        }
        done += (size_t)sent;
    }
    free(text);
    return done == len + 1;
}

/* Byte by byte is slow but simple: nothing after the line is read. */
static json_t *receive_line(int fd)
{
    char *line = calloc(1, LINE_MAX_LEN);
    json_t *json = NULL;
    size_t len = 0;

    while (line != NULL && len + 1 < LINE_MAX_LEN && recv(fd, line + len, 1, 0) == 1) {
        if (line[len] == '\n') {
            line[len] = '\0';
            json = parse_text(line);
            break;
        }
        len++;
    }
    free(line);
    return json;
}

int link_open(const char *socket_path)
{
    struct sockaddr_un address;
    int fd = -1;

    if (!set_address(&address, socket_path)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)fprintf(stderr, "cannot connect to the socket\n");
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    set_patience(fd);
    return fd;
}

json_t *link_call(int fd, json_t *request)
{
    json_t *answer = request != NULL && send_line(fd, request) ? receive_line(fd) : NULL;

    json_decref(request);
    if (answer == NULL) {
        (void)fprintf(stderr, "there was no valid answer in time\n");
    }
    return answer;
}

bool link_challenge(int fd, char nonce[HEX_MAX])
{
    json_t *answer = link_call(fd, json_pack("{s:s}", "op", "challenge"));
    const char *text = text_of(answer, "nonce");
    bool is_ok = strlen(text) == HEX_MAX - 1;

    if (is_ok) {
        memcpy(nonce, text, HEX_MAX);
    }
    json_decref(answer);
    return is_ok;
}

json_t *link_refuse(const char *why)
{
    return json_pack("{s:b, s:s}", "ok", 0, "why", why);
}

bool link_is_ok(const json_t *answer)
{
    if (json_is_true(json_object_get(answer, "ok"))) {
        return true;
    }
    (void)fprintf(stderr, "refused: %s\n", text_of(answer, "why"));
    return false;
}

static json_t *answer_one(link_answer_fn *answer, void *ctx, struct link_peer *peer,
                          const json_t *request)
{
    json_t *reply = NULL;

    if (strcmp(text_of(request, "op"), "challenge") != 0) {
        reply = answer(ctx, peer, request);
        peer->nonce[0] = '\0';
        return reply;
    }
    return random_hex(peer->nonce) ? json_pack("{s:b, s:s}", "ok", 1, "nonce", peer->nonce)
                                   : link_refuse("no random bytes are available");
}

static void serve_one(int fd, link_answer_fn *answer, void *ctx)
{
    struct link_peer peer = { "" };

    set_patience(fd);
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        json_t *request = receive_line(fd);
        json_t *reply = request != NULL ? answer_one(answer, ctx, &peer, request) : NULL;
        bool is_sent = reply != NULL && send_line(fd, reply);

        json_decref(request);
        json_decref(reply);
        if (!is_sent) {
            break;
        }
    }
    (void)close(fd);
}

int link_serve(const char *socket_path, link_answer_fn *answer, void *ctx)
{
    struct sockaddr_un address;
    int listener = -1;

    (void)unlink(socket_path);
    if (!set_address(&address, socket_path)) {
        return 2;
    }
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 8) != 0) {
        perror("cannot listen");
        return 2;
    }
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0) {
            serve_one(fd, answer, ctx);
        }
    }
}
