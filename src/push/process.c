/* SPDX-License-Identifier: Apache-2.0 */
#include "push/process.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "push/curl.h"
#include "push/engine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EXIT_KEYS 2
#define EXIT_TROUBLE 70
#define NS_PER_S 1000000000
#define LATE_MAX_S 60   /* of a time that the relay sent */
#define JOBS_AT_ONCE 64 /* jobs received before the network is served */

struct process {
    int fd;
    const struct tg_log *log;
    struct tg_push_engine *engine;
    int64_t relay_s; /* the relay's time when the boot clock showed boot_ns */
    int64_t boot_ns;
    uint8_t in[TG_PUSH_IPC_MAX]; /* one message; wiped after it is read */
    struct tg_buf out;
    /* Outcomes that wait for room in the socket: at most as many as unsettled jobs. */
    struct tg_push_ipc_outcome waiting[TG_PUSH_WINDOW];
    size_t waiting_at;
    size_t waiting_count;
    bool is_closed; /* the relay closed the socket, or broke the protocol */
};

/* ---- clocks and memory ---------------------------------------------------------------------- */

static int64_t read_ns(clockid_t id)
{
    struct timespec now = { 0 };

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The relay's time, which runs on with the boot clock. It is never ahead: a job names the second
   that has begun, and all of the next one passes before the time is one more. */
static int64_t now_s(void *ctx)
{
    const struct process *p = ctx;

    return p->relay_s + (read_ns(CLOCK_BOOTTIME) - p->boot_ns) / NS_PER_S;
}

/* A job may have waited in the socket, so its time may be a little late. */
static void take_time(struct process *p, int64_t relay_s)
{
    int64_t late_s = now_s(p) - relay_s;

    if (late_s < 0 || late_s > LATE_MAX_S) {
        p->relay_s = relay_s;
        p->boot_ns = read_ns(CLOCK_BOOTTIME);
    }
}

static int64_t mono_ms(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The answers of a provider may make libcurl allocate: its memory is limited. */
static void *alloc_bounded(size_t size)
{
    return tg_mem_has_room(size) ? tg_mem_alloc(size) : NULL;
}

static void *realloc_bounded(void *ptr, size_t size)
{
    return tg_mem_has_room(size) ? tg_mem_realloc_wiped(ptr, size) : NULL;
}

static void *alloc_zeroed(size_t count, size_t size)
{
    void *ptr = size != 0 && count > SIZE_MAX / size ? NULL : alloc_bounded(count * size);

    return ptr == NULL ? NULL : memset(ptr, 0, count * size);
}

static char *alloc_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = alloc_bounded(size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

/* Writes for the operator, on standard error: which key or library, and what is wrong with it. */
static void explain(const char *what, const struct tg_fault *fault)
{
    struct tg_buf line;
    struct tg_bytes text;

    tg_buf_init(&line, 2 * TG_FAULT_MAX);
    tg_buf_append_str(&line, "tigressd: push, ");
    tg_buf_append_str(&line, what);
    tg_buf_append_str(&line, ": ");
    tg_buf_append_str(&line, fault->text[0] != '\0' ? fault->text : "cannot be opened");
    tg_buf_append_str(&line, "\n");
    text = tg_buf_view(&line);
    if (text.len > 0 && write(STDERR_FILENO, text.ptr, text.len) < 0) {
        /* There is no other place to report it. */
    }
    tg_buf_deinit(&line);
}

/* libcurl has copies of tokens and credentials, so it must wipe what it frees. */
static bool start_curl(void)
{
    struct tg_fault fault = { "" };

    if (tg_curl_load(&fault) != TG_OK) {
        explain("libcurl", &fault);
        return false;
    }
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, alloc_bounded, tg_mem_free_wiped,
                                realloc_bounded, alloc_copy, alloc_zeroed) == CURLE_OK;
}

/* ---- the relay's end ------------------------------------------------------------------------ */

/* False: the socket has no room now. A closed socket accepts everything. */
static bool write_message(struct process *p, const struct tg_push_ipc *msg)
{
    struct tg_bytes data;
    ssize_t done = 0;

    tg_buf_clear(&p->out);
    if (tg_push_ipc_encode(&p->out, msg) != TG_OK) {
        p->is_closed = true;
        return true;
    }
    data = tg_buf_view(&p->out);
    do {
        done = send(p->fd, data.ptr, data.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return false;
    }
    p->is_closed = p->is_closed || done < 0;
    return true;
}

static bool write_outcome(struct process *p, const struct tg_push_ipc_outcome *outcome)
{
    const struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_OUTCOME, .of.outcome = *outcome };

    return write_message(p, &msg);
}

static void take_outcome(void *ctx, const struct tg_push_ipc_outcome *outcome)
{
    struct process *p = ctx;

    if (p->waiting_count == 0 && write_outcome(p, outcome)) {
        return;
    }
    if (p->waiting_count == TG_PUSH_WINDOW) {
        p->is_closed = true; /* more jobs than allowed: the relay broke the protocol */
        return;
    }
    p->waiting[(p->waiting_at + p->waiting_count++) % TG_PUSH_WINDOW] = *outcome;
}

static void write_waiting(struct process *p)
{
    while (p->waiting_count > 0 && write_outcome(p, &p->waiting[p->waiting_at])) {
        p->waiting_at = (p->waiting_at + 1) % TG_PUSH_WINDOW;
        p->waiting_count--;
    }
}

static void take_message(struct process *p, struct tg_bytes data)
{
    struct tg_push_ipc msg;

    if (tg_push_ipc_decode(&msg, data) != TG_OK || msg.kind != TG_PUSH_IPC_JOB) {
        p->is_closed = true;
        return;
    }
    take_time(p, msg.of.job.now_s);
    tg_push_engine_take(p->engine, &msg.of.job);
}

/* False: there is no message now. */
static bool read_message(struct process *p)
{
    ssize_t got = 0;

    do {
        got = recv(p->fd, p->in, sizeof(p->in), MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        p->is_closed = p->is_closed || got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        return false;
    }
    take_message(p, tg_bytes(p->in, (size_t)got));
    tg_mem_wipe(p->in, (size_t)got);
    return !p->is_closed;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void serve(struct process *p)
{
    struct pollfd fds[] = { { .fd = p->fd }, { .fd = tg_push_engine_fd(p->engine) } };

    while (!p->is_closed) {
        fds[0].events = (short)(POLLIN | (p->waiting_count > 0 ? POLLOUT : 0));
        fds[1].events = POLLIN;
        tg_mem_wipe_registers();
        if (poll(fds, TG_COUNT(fds), tg_push_engine_wait_ms(p->engine)) < 0 && errno != EINTR) {
            return;
        }
        write_waiting(p);
        for (int i = 0; i < JOBS_AT_ONCE && read_message(p); i++) {
        }
        tg_push_engine_run(p->engine);
    }
}

static int run(struct process *p, const struct tg_push_settings *settings)
{
    const struct tg_push_ipc ready = { .kind = TG_PUSH_IPC_READY };
    const struct tg_push_engine_config config = { .settings = settings,
                                                  .rng = &tg_rng_system,
                                                  .log = p->log,
                                                  .now_s = now_s,
                                                  .mono_ms = mono_ms,
                                                  .done = take_outcome,
                                                  .ctx = p };
    struct tg_fault fault = { "" };
    size_t sender = 0;

    if (tg_push_engine_new(&p->engine, &config, &sender, &fault) != TG_OK) {
        explain(tg_push_name(tg_push_provider_of(settings, sender)), &fault);
        return EXIT_KEYS;
    }
    (void)write_message(p, &ready);
    TG_LOG(p->log, TG_LOG_INFO, "push.ready", { "apns", tg_push_is_on(settings, TG_PUSH_APNS) },
           { "fcm", tg_push_is_on(settings, TG_PUSH_FCM) },
           { "webpush", tg_push_is_on(settings, TG_PUSH_WEBPUSH) },
           { "webhook", tg_push_is_on(settings, TG_PUSH_WEBHOOK) });
    serve(p);
    return 0;
}

int tg_push_process_run(const struct tg_push_settings *settings, int fd, const struct tg_log *log)
{
    struct process *p = tg_mem_calloc(1, sizeof(*p));
    int status = EXIT_TROUBLE;

    (void)signal(SIGPIPE, SIG_IGN); /* TLS writes to sockets that the peer has closed */
    if (p != NULL && start_curl()) {
        p->fd = fd;
        p->log = log;
        p->relay_s = read_ns(CLOCK_REALTIME) / NS_PER_S; /* until the first job */
        p->boot_ns = read_ns(CLOCK_BOOTTIME);
        tg_buf_init(&p->out, TG_PUSH_IPC_MAX);
        status = run(p, settings);
        tg_push_engine_free(&p->engine);
        tg_buf_deinit(&p->out);
        curl_global_cleanup();
    }
    (void)close(fd);
    tg_mem_free(p);
    return status;
}
