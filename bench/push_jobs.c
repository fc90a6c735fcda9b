/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_jobs FD TYPE TOKEN SECONDS: sends jobs to the push process at the other end of FD as fast as
 * it finishes them, and prints how many were delivered each second. It is only the relay's side of
 * push/ipc.h.
 */
#include "base/num.h"
#include "push/ipc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define WINDOW 200u /* jobs in flight: fewer than a provider's limit, so that no job is refused */

static double now_s(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void stop(const char *why)
{
    (void)fprintf(stderr, "push_jobs: %s\n", why);
    exit(1);
}

static void receive(int fd, struct tg_push_ipc *msg)
{
    static uint8_t room[TG_PUSH_IPC_MAX];
    ssize_t got = recv(fd, room, sizeof(room), 0);

    if (got <= 0 || tg_push_ipc_decode(msg, tg_bytes(room, (size_t)got)) != TG_OK) {
        stop("the push process ended");
    }
}

static void hand_over(int fd, const char *type, const char *token, uint64_t id)
{
    static struct tg_buf out;
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_JOB,
                               .of.job = { .id = id,
                                           .expires_s = (int64_t)time(NULL) + 3600,
                                           .now_s = (int64_t)time(NULL),
                                           .collapse = { 1 },
                                           .token_type = tg_bytes_str(type),
                                           .token_data = tg_bytes_str(token) } };

    tg_buf_init(&out, TG_PUSH_IPC_MAX);
    if (tg_push_ipc_encode(&out, &msg) != TG_OK ||
        send(fd, out.ptr, out.len, MSG_NOSIGNAL) != (ssize_t)out.len) {
        stop("a job cannot be sent");
    }
    tg_buf_deinit(&out);
}

int main(int argc, char **argv)
{
    struct tg_push_ipc msg;
    uint64_t fd = 0;
    uint64_t seconds = 0;
    uint64_t id = 0;
    uint64_t taken = 0;
    double start = 0;
    double end = 0;

    if (argc != 5 || tg_num_parse_u64(&fd, tg_bytes_str(argv[1]), 1000) != TG_OK ||
        tg_num_parse_u64(&seconds, tg_bytes_str(argv[4]), 1000) != TG_OK) {
        stop("usage: push_jobs FD TYPE TOKEN SECONDS");
    }
    /* One job first, so that connection and credential exist when the measurement starts. */
    hand_over((int)fd, argv[2], argv[3], id++);
    receive((int)fd, &msg);
    start = now_s();
    end = start + (double)seconds;
    while (id <= WINDOW) {
        hand_over((int)fd, argv[2], argv[3], id++);
    }
    while (now_s() < end) {
        receive((int)fd, &msg);
        if (msg.kind != TG_PUSH_IPC_OUTCOME || msg.of.outcome.result != TG_PUSH_RESULT_TAKEN) {
            stop("a push was not taken");
        }
        taken++;
        hand_over((int)fd, argv[2], argv[3], id++);
    }
    (void)printf("{\"pushes_per_s\": %.1f}\n", (double)taken / (now_s() - start));
    return 0;
}
