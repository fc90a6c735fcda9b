/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ADDRESS_TEXT_MAX 64u
#define WAIT_MAX_MS 1000
#ifdef CLOCK_BOOTTIME
#define BOOT_CLOCK CLOCK_BOOTTIME
#else
#define BOOT_CLOCK CLOCK_MONOTONIC /* where it runs on while the device sleeps */
#endif

static int64_t read_ms(clockid_t id)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t tg_tcp_now_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t tg_tcp_clock_ms(struct tg_tcp_clock *clock)
{
    const struct tg_clocks clocks = { .wall_ms = tg_tcp_now_ms(), .boot_ms = read_ms(BOOT_CLOCK) };
    const struct tg_time_kept none = { .has_mark = false };
    struct tg_time_report report;

    if (!clock->is_running) {
        (void)tg_timekeeper_start(&clock->keeper, &clocks, &none, 0);
        clock->is_running = true;
    }
    tg_timekeeper_observe(&clock->keeper, &clocks, 0, &report);
    return report.view.likely_ms;
}

enum tg_err tg_tcp_address(struct sockaddr_storage *out, socklen_t *out_len, struct tg_bytes text,
                           uint16_t port)
{
    char numeric[ADDRESS_TEXT_MAX];
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;

    if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']') {
        text = tg_bytes(text.ptr + 1, text.len - 2);
    }
    if (text.len == 0 || text.len >= sizeof(numeric)) {
        return TG_E_SYNTAX;
    }
    memcpy(numeric, text.ptr, text.len);
    numeric[text.len] = '\0';
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, numeric, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *out_len = sizeof(*v4);
        return TG_OK;
    }
    if (inet_pton(AF_INET6, numeric, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *out_len = sizeof(*v6);
        return TG_OK;
    }
    return TG_E_SYNTAX;
}

enum tg_err tg_tcp_prepare(int fd)
{
    int on = 1;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        (void)close(fd);
        return TG_E_IO;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return TG_OK;
}

static enum tg_tcp_io io_of_errno(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? TG_TCP_AGAIN : TG_TCP_GONE;
}

enum tg_tcp_io tg_tcp_read(int fd, uint8_t *out, size_t *len)
{
    ssize_t got = recv(fd, out, *len, 0);

    *len = got > 0 ? (size_t)got : 0;
    return got > 0 ? TG_TCP_DONE : got == 0 ? TG_TCP_GONE : io_of_errno();
}

enum tg_tcp_io tg_tcp_write(int fd, struct tg_bytes data, size_t *len)
{
    ssize_t put = send(fd, data.ptr, data.len, MSG_NOSIGNAL);

    *len = put > 0 ? (size_t)put : 0;
    return put >= 0 ? TG_TCP_DONE : io_of_errno();
}

void tg_tcp_wait(struct pollfd *fds, size_t count, int64_t deadline_ms, int64_t now_ms)
{
    int64_t left_ms = deadline_ms == 0 ? WAIT_MAX_MS : deadline_ms - now_ms;

    left_ms = left_ms < 0 ? 0 : left_ms > WAIT_MAX_MS ? WAIT_MAX_MS : left_ms;
    if (poll(fds, count, (int)left_ms) < 0) {
        for (size_t i = 0; i < count; i++) {
            fds[i].revents = 0; /* interrupted: no event is known */
        }
    }
}
