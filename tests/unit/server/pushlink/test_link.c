/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link on a memory store. The push process is this program: started with --push-process it uses
 * push/ipc.h and does what the token of a job requests.
 */
#include "unit/server/settings/config_fixture.h"
#include "unit/server/clock_fixture.h"
#define FAIL_AT_PER_THREAD
#include "support/c/fail_at.h"

#include "push/provider.h"
#include "server/net/clock.h"
#include "server/pushlink/child.h"
#include "server/pushlink/link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define WAIT_S 60 /* longest time that a test waits for an event */

/* ---- failing calls ---- */

FAIL_WRAP(void *, NULL, tg_mem_calloc, (size_t count, size_t size), (count, size))
FAIL_WRAP(void *, NULL, tg_mem_grow, (void *old, size_t old_size, size_t new_size),
          (old, old_size, new_size))
FAIL_WRAP(int, EAGAIN, pthread_create,
          (pthread_t * thread, const pthread_attr_t *attr, void *(*body)(void *), void *ctx),
          (thread, attr, body, ctx))

/* ---- the fake push process ---- */

static void report(enum tg_push_ipc_kind kind, uint64_t id, enum tg_push_result result,
                   int64_t at_s)
{
    struct tg_push_ipc msg = { .kind = kind };
    struct tg_buf out;

    if (kind == TG_PUSH_IPC_OUTCOME) {
        msg.of.outcome = (struct tg_push_ipc_outcome){
            .id = id, .provider = TG_PUSH_WEBHOOK, .result = result, .retry_at_s = at_s
        };
    }
    tg_buf_init(&out, TG_PUSH_IPC_MAX);
    if (tg_push_ipc_encode(&out, &msg) != TG_OK ||
        send(TG_PUSH_CHILD_FD, out.ptr, out.len, MSG_NOSIGNAL) < 0) {
        _exit(9);
    }
    tg_buf_deinit(&out);
}

/* The words that a token may contain, after the host and a slash. */
static void do_job(const struct tg_push_ipc_job *job)
{
    static uint64_t held;
    struct tg_bytes word = tg_bytes_from(job->token_data, sizeof("host/") - 1);

    if (tg_bytes_has_prefix(word, TG_LIT("take"))) {
        report(TG_PUSH_IPC_OUTCOME, job->id, TG_PUSH_RESULT_TAKEN, 0);
    } else if (tg_bytes_is_equal(word, TG_LIT("drop"))) {
        report(TG_PUSH_IPC_OUTCOME, job->id, TG_PUSH_RESULT_DROPPED, 0);
    } else if (tg_bytes_is_equal(word, TG_LIT("give up"))) {
        report(TG_PUSH_IPC_OUTCOME, job->id, TG_PUSH_RESULT_GIVEN_UP, 0);
    } else if (tg_bytes_is_equal(word, TG_LIT("retry"))) {
        report(TG_PUSH_IPC_OUTCOME, job->id, TG_PUSH_RESULT_RETRY, 4000000000);
    } else if (tg_bytes_is_equal(word, TG_LIT("die"))) {
        _exit(3);
    } else if (tg_bytes_is_equal(word, TG_LIT("lie"))) {
        report(TG_PUSH_IPC_OUTCOME, job->id + TG_PUSH_WINDOW, TG_PUSH_RESULT_TAKEN, 0);
    } else if (tg_bytes_is_equal(word, TG_LIT("hold"))) {
        held = job->id;
    } else if (tg_bytes_is_equal(word, TG_LIT("let go"))) {
        report(TG_PUSH_IPC_OUTCOME, held, TG_PUSH_RESULT_TAKEN, 0);
        report(TG_PUSH_IPC_OUTCOME, job->id, TG_PUSH_RESULT_TAKEN, 0);
    }
}

/* Appends one byte to a file at each start, so that a test can count the starts. */
static unsigned count_start(const char *dir)
{
    char path[TG_CONFIG_PATH_MAX + 32];
    struct stat st = { .st_size = 0 };
    int fd = -1;

    (void)snprintf(path, sizeof(path), "%s/starts", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || fstat(fd, &st) != 0) {
        _exit(9);
    }
    (void)close(fd);
    return (unsigned)st.st_size;
}

static bool has_file(const char *dir, const char *name)
{
    char path[TG_CONFIG_PATH_MAX + 32];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

/* Whether the process has a descriptor besides its five and the one of opendir. */
static bool has_others(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry = NULL;
    bool has = false;

    while (dir != NULL && (entry = readdir(dir)) != NULL) { /* one thread */
        int fd = atoi(entry->d_name);

        has = has || (fd > TG_PUSH_CHILD_CONFIG_FD && fd != dirfd(dir));
    }
    (void)closedir(dir);
    return dir == NULL || has;
}

static int serve(void)
{
    static uint8_t data[TG_PUSH_IPC_MAX + 1];

    /* This end may block, because the process does one thing at a time. */
    if (fcntl(TG_PUSH_CHILD_FD, F_SETFL, 0) != 0) {
        return 9;
    }
    report(TG_PUSH_IPC_READY, 0, TG_PUSH_RESULT_TAKEN, 0);
    for (;;) {
        struct tg_push_ipc msg;
        ssize_t got = recv(TG_PUSH_CHILD_FD, data, sizeof(data), 0);

        if (got == 0) {
            return 0;
        }
        if (got < 0 || tg_push_ipc_decode(&msg, tg_bytes(data, (size_t)got)) != TG_OK ||
            msg.kind != TG_PUSH_IPC_JOB) {
            return 9;
        }
        do_job(&msg.of.job);
    }
}

/* Its folder is the setting data. Files in it select how the process starts. */
static int fake_process(void)
{
    static char name[] = "x";
    static char flag[] = "--config";
    static char path[] = "/proc/self/fd/4";
    char *argv[] = { name, flag, path, NULL };
    const struct tg_config_env env = { .core_count = 1, .is_push_process = true };
    struct tg_config *config = NULL;
    struct tg_buf text;

    tg_buf_init(&text, TEXT_MAX);
    if (tg_config_load(&config, 3, argv, &env, &text) != TG_CONFIG_RUN || has_others()) {
        _exit(9);
    }
    (void)count_start(config->data_dir);
    if (has_file(config->data_dir, "refuse")) {
        _exit(1);
    }
    if (has_file(config->data_dir, "babble")) {
        (void)send(TG_PUSH_CHILD_FD, "x", 1, MSG_NOSIGNAL);
    }
    tg_config_free(&config);
    tg_buf_deinit(&text);
    return serve();
}

/* ---- providers without a network ---- */

static bool takes_all(struct tg_bytes token_data)
{
    return token_data.len > 0;
}

static bool host_before_slash(struct tg_bytes token_data, struct tg_buf *host)
{
    tg_buf_append(host, tg_bytes_first(token_data, tg_bytes_find(token_data, '/')));
    return true;
}

static const struct tg_push_provider_ops fake_ops = { .takes_token = takes_all,
                                                      .endpoint_host = host_before_slash };

const struct tg_push_provider_row tg_push_providers[TG_PUSH_COUNT] = {
    [TG_PUSH_APNS] = { "com.apple.apns", "apns", &fake_ops },
    [TG_PUSH_FCM] = { "com.google.fcm", "fcm", &fake_ops },
    [TG_PUSH_WEBPUSH] = { "org.w3.webpush", "webpush", &fake_ops },
    [TG_PUSH_WEBHOOK] = { "webhook", "webhook", &fake_ops },
};

/* ---- the fixture ---- */

struct world {
    struct fixture conf;
    struct tg_config *config;
    struct tg_store *store;
    struct tg_store_port *port; /* the test's own */
    struct tg_metrics *metrics;
    struct tg_log log;
    pthread_mutex_t lock;
    char events[8192]; /* names, a line each; under lock */
    struct tg_clock clock;
    struct tg_push_link *link;
    bool is_done;
    int64_t now_s;
};

static void keep_event(void *ctx, enum tg_log_level level, const char *name,
                       const struct tg_log_field *fields, size_t field_count)
{
    struct world *w = ctx;
    size_t len = 0;

    (void)level;
    (void)fields;
    (void)field_count;
    (void)pthread_mutex_lock(&w->lock);
    len = strlen(w->events);
    (void)snprintf(w->events + len, sizeof(w->events) - len, "%s\n", name);
    (void)pthread_mutex_unlock(&w->lock);
}

static unsigned event_count(struct world *w, const char *name)
{
    char line[64];
    unsigned count = 0;

    (void)snprintf(line, sizeof(line), "%s\n", name);
    (void)pthread_mutex_lock(&w->lock);
    for (const char *at = w->events; (at = strstr(at, line)) != NULL; at++) {
        count++;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return count;
}

static void ignore_notify(void *ctx)
{
    (void)ctx;
}

static void touch(struct world *w, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", w->conf.dir, name);
    write_file(path, "x", 1, 0600);
}

static int setup(void **state)
{
    struct world *w = tg_mem_calloc(1, sizeof(*w));
    char line[512];
    void *conf = NULL;

    assert_non_null(w);
    assert_int_equal(fixture_setup(&conf), 0);
    memcpy(&w->conf, conf, sizeof(w->conf));
    tg_mem_free(conf);
    assert_int_equal(chmod(w->conf.pem, 0400), 0);
    (void)snprintf(line, sizeof(line),
                   "--store memory: --plain-http --data %s --push-webhook-key %%P "
                   "--push-hosts host --push-timeout 1s --drain-timeout 60s",
                   w->conf.dir);
    assert_runs(&w->conf, line);
    w->config = w->conf.config;
    assert_int_equal(pthread_mutex_init(&w->lock, NULL), 0);
    w->log = (struct tg_log){ .write = keep_event, .ctx = w };
    assert_int_equal(tg_metrics_new(&w->metrics, 1), TG_OK);
    assert_int_equal(tg_store_mem_open(&w->store, &w->config->store_limits), TG_OK);
    assert_int_equal(w->store->ops->attach(w->store, ignore_notify, w, &w->port), TG_OK);
    start_clock(&w->clock);
    w->now_s = tg_clock_keep(&w->clock).mark_s;
    *state = w;
    return 0;
}

static void remove_file(struct world *w, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", w->conf.dir, name);
    (void)unlink(path);
}

static int teardown(void **state)
{
    struct world *w = *state;

    assert_true(tg_push_link_stop(&w->link));
    assert_null(w->link);
    w->store->ops->detach(&w->port);
    w->store->ops->close(&w->store);
    tg_clock_deinit(&w->clock);
    tg_metrics_free(&w->metrics);
    tg_config_free(&w->conf.config);
    tg_buf_deinit(&w->conf.text);
    remove_file(w, "starts");
    remove_file(w, "refuse");
    remove_file(w, "babble");
    remove_file(w, "some.pem");
    (void)rmdir(w->conf.dir);
    tg_mem_free(w);
    return 0;
}

/* The sealed text of an entry is the token; '!' means an entry that cannot be opened. */
static enum tg_err open_plain(void *ctx, struct tg_push_ipc_job *out, struct tg_buf *scratch,
                              const struct tg_outbox_entry *entry)
{
    (void)ctx;
    if (entry->sealed.ptr[0] == '!') {
        return TG_E_CRYPTO;
    }
    tg_buf_append(scratch, entry->sealed);
    *out = (struct tg_push_ipc_job){ .expires_s = entry->expires_s,
                                     .token_type = TG_LIT("webhook"),
                                     .token_data = tg_buf_view(scratch) };
    return tg_buf_status(scratch);
}

static enum tg_err start(struct world *w, struct tg_fault *fault)
{
    const struct tg_push_link_setup setup = { .config = w->config,
                                              .store = w->store,
                                              .clock = &w->clock,
                                              .open = open_plain,
                                              .metrics = tg_metrics_block(w->metrics, 0),
                                              .log = &w->log };

    return tg_push_link_start(&w->link, &setup, fault);
}

static void start_well(struct world *w)
{
    struct tg_fault fault = { { 0 } };

    if (start(w, &fault) != TG_OK) {
        fail_msg("not started: %s", fault.text);
    }
    assert_non_null(w->link);
    assert_true(tg_push_link_is_up(w->link));
}

struct change {
    struct world *w;
    struct tg_store_key key;
    const char *text;
};

static enum tg_store_verdict add_entry(void *ctx, const struct tg_store_record *old,
                                       struct tg_store_next *next)
{
    const struct change *t = ctx;

    next->record = (struct tg_store_record){ .version = old != NULL ? old->version + 1 : 1,
                                             .expires_s = t->w->now_s + 3600 };
    next->note_count = 1;
    next->notes[0] = (struct tg_outbox_note){ .ask = TG_OUTBOX_NOTIFY,
                                              .key = t->key,
                                              .due_s = t->w->now_s,
                                              .expires_s = t->w->now_s + 3600,
                                              .sealed = tg_bytes_str(t->text) };
    return TG_STORE_PUT;
}

static void on_done(void *ctx, enum tg_err err)
{
    struct change *t = ctx;

    assert_int_equal(err, TG_OK);
    t->w->is_done = true;
}

static void nap(void)
{
    const struct timespec ms = { .tv_nsec = 2000000 };

    (void)nanosleep(&ms, NULL);
}

/* Makes a change that adds the outbox entry with this number. */
static void put(struct world *w, unsigned number, const char *text)
{
    struct change t = { .w = w, .text = text };

    (void)snprintf((char *)t.key.bytes, sizeof(t.key.bytes), "key %u", number);
    w->is_done = false;
    w->store->ops->apply(w->port, &t.key, add_entry, &t, on_done);
    w->store->ops->dispatch(w->port);
    while (!w->is_done) {
        nap();
        w->store->ops->dispatch(w->port);
    }
    tg_push_link_wake(w->link);
}

static uint64_t outbox_count(struct world *w)
{
    struct tg_store_stats stats = { 0 };

    w->store->ops->stats(w->store, &stats);
    return stats.outbox_count;
}

static uint64_t pushed(struct world *w, enum tg_push_result result)
{
    return atomic_load(&tg_metrics_block(w->metrics, 0)->pushes[TG_PUSH_WEBHOOK][result]);
}

static unsigned starts(struct world *w)
{
    char path[128];
    struct stat st = { .st_size = 0 };

    (void)snprintf(path, sizeof(path), "%s/starts", w->conf.dir);
    (void)stat(path, &st);
    return (unsigned)st.st_size;
}

/* Waits until condition is true. It must become true, so only a broken program fails here. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        time_t until_s = time(NULL) + WAIT_S;                                                      \
        while (!(condition) && time(NULL) < until_s) {                                             \
            nap();                                                                                 \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

/* ---- the cases ---- */

static void start__no_provider__nothing(void **state)
{
    struct world *w = *state;
    struct tg_fault fault = { { 0 } };

    w->config->push.webhook_key[0] = '\0';
    assert_int_equal(start(w, &fault), TG_OK);
    assert_null(w->link);
    assert_int_equal(starts(w), 0);
    tg_push_link_wake(w->link);
    tg_push_link_reload(w->link);
    tg_push_link_drain(w->link);
    assert_false(tg_push_link_is_up(w->link));
}

static void entry__each_outcome__settled_accordingly(void **state)
{
    struct world *w = *state;

    start_well(w);
    put(w, 1, "host/take");
    put(w, 2, "host/give up");
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 1 && pushed(w, TG_PUSH_RESULT_GIVEN_UP) == 1);
    AWAIT(outbox_count(w) == 0);
    put(w, 3, "host/drop");
    AWAIT(pushed(w, TG_PUSH_RESULT_DROPPED) == 1);
    put(w, 3, "host/take"); /* the token is blocked: no push */
    put(w, 4, "host/take");
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 2);
    AWAIT(outbox_count(w) == 1);
    assert_int_equal(event_count(w, "push.process_ended"), 0);
}

static void entry__retry_after_its_expiration__removed(void **state)
{
    struct world *w = *state;

    start_well(w);
    put(w, 1, "host/retry");
    AWAIT(pushed(w, TG_PUSH_RESULT_RETRY) == 1);
    AWAIT(outbox_count(w) == 0);
}

static void entry__there_before_the_start__pushed(void **state)
{
    struct world *w = *state;

    put(w, 1, "host/take");
    assert_int_equal(outbox_count(w), 1);
    start_well(w);
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 1);
    AWAIT(outbox_count(w) == 0);
}

static void entry__unreadable_or_not_sendable__counted_and_removed(void **state)
{
    struct world *w = *state;
    struct tg_metrics *m = w->metrics;

    start_well(w);
    put(w, 1, "!not ours");
    put(w, 2, "elsewhere/take");
    AWAIT(tg_metrics_counter_sum(m, TG_COUNTER_PUSH_LOST) == 2);
    AWAIT(outbox_count(w) == 0);
    assert_int_equal(pushed(w, TG_PUSH_RESULT_TAKEN), 0);
    assert_int_equal(starts(w), 1);
}

static void entries__more_than_the_window__all_pushed(void **state)
{
    struct world *w = *state;
    const unsigned count = 2 * TG_PUSH_WINDOW;

    for (unsigned i = 0; i < count; i++) {
        put(w, i, "host/take");
    }
    start_well(w);
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == count);
    AWAIT(outbox_count(w) == 0);
    assert_int_equal(starts(w), 1);
}

/* Tokens of 8 KiB: the buffer of the socket has room for some of them only. */
static void entries__larger_than_the_socket__all_pushed(void **state)
{
    struct world *w = *state;
    static char text[8000];

    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "host/take", 9);
    for (unsigned i = 0; i < 200; i++) {
        put(w, i, text);
    }
    start_well(w);
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 200);
    AWAIT(outbox_count(w) == 0);
    assert_int_equal(starts(w), 1);
}

static void process__dies_with_jobs__started_again_and_jobs_due(void **state)
{
    struct world *w = *state;

    start_well(w);
    put(w, 1, "host/hold");
    put(w, 2, "host/die");
    AWAIT(starts(w) >= 2);
    AWAIT(event_count(w, "push.process_ended") >= 1);
    put(w, 2, "host/take"); /* replaces the token of the entry */
    put(w, 1, "host/take");
    AWAIT(outbox_count(w) == 0);
    AWAIT(tg_push_link_is_up(w->link));
    assert_true(event_count(w, "push.process_started") >= 2);
}

static void process__answers_for_a_job_it_does_not_have__ended(void **state)
{
    struct world *w = *state;

    start_well(w);
    put(w, 1, "host/lie");
    AWAIT(event_count(w, "push.process_broken") >= 1);
    put(w, 1, "host/take");
    AWAIT(outbox_count(w) == 0);
    assert_int_equal(pushed(w, TG_PUSH_RESULT_TAKEN), 1);
}

static void process__killed__one_event_and_started_again(void **state)
{
    struct world *w = *state;
    char path[64];
    FILE *f = NULL;
    int pid = 0;

    start_well(w);
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &pid), 1);
    (void)fclose(f);
    assert_int_equal(kill(pid, SIGKILL), 0);
    AWAIT(event_count(w, "push.process_started") == 2);
    assert_int_equal(event_count(w, "push.process_ended"), 1);
    put(w, 1, "host/take");
    AWAIT(outbox_count(w) == 0);
    AWAIT(kill(pid, 0) != 0 && errno == ESRCH); /* the link has called waitpid */
}

static void start__process_ends_or_sends_nonsense__refused_with_the_reason(void **state)
{
    struct world *w = *state;
    struct tg_fault fault = { { 0 } };

    touch(w, "refuse");
    assert_int_equal(start(w, &fault), TG_E_IO);
    assert_string_equal(fault.text, "the push process ended; the message above says why");
    assert_null(w->link);
    remove_file(w, "refuse");
    touch(w, "babble");
    fault.text[0] = '\0';
    assert_int_equal(start(w, &fault), TG_E_IO);
    assert_null(w->link);
    assert_int_equal(starts(w), 2);
}

static unsigned child_count(void)
{
    char path[64];
    char text[256] = "";
    unsigned count = 0;
    FILE *f = NULL;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    f = fopen(path, "r");
    assert_non_null(f);
    if (fgets(text, sizeof(text), f) == NULL) {
        text[0] = '\0'; /* no child */
    }
    (void)fclose(f);
    for (const char *at = text; *at != '\0'; at++) {
        count += *at == ' ' ? 1 : 0;
    }
    return count;
}

static void start__call_n_fails__refused_and_no_process_remains(void **state)
{
    struct world *w = *state;
    struct tg_fault fault = { { 0 } };
    enum tg_err err = TG_E_NOMEM;
    unsigned n = 0;

    while (err != TG_OK && n < 100) {
        fail_at(++n);
        err = start(w, &fault);
        fail_at(0);
        assert_true(err == TG_OK || (w->link == NULL && child_count() == 0));
    }
    assert_true(n > 4); /* the link, its port, settings, the process, the thread */
    assert_int_equal(err, TG_OK);
    put(w, 1, "host/take");
    AWAIT(outbox_count(w) == 0);
}

static void reload__new_process_ready__takes_over_and_the_old_one_finishes(void **state)
{
    struct world *w = *state;

    start_well(w);
    put(w, 1, "host/hold");
    put(w, 2, "host/take");
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 1);
    tg_push_link_reload(w->link);
    AWAIT(event_count(w, "push.reloaded") == 1);
    assert_true(tg_push_link_is_up(w->link));
    put(w, 3, "host/take");
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 2);
    assert_int_equal(starts(w), 2);
    /* The job that the old process never answers is due again, and the new process gets it. */
    put(w, 1, "host/take");
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 3);
    AWAIT(outbox_count(w) == 0);
    assert_int_equal(event_count(w, "push.process_ended"), 0);
}

static void reload__new_process_fails__old_one_stays(void **state)
{
    struct world *w = *state;

    start_well(w);
    touch(w, "refuse");
    tg_push_link_reload(w->link);
    AWAIT(event_count(w, "push.reload_failed") == 1);
    assert_true(tg_push_link_is_up(w->link));
    put(w, 1, "host/take");
    AWAIT(outbox_count(w) == 0);
    assert_int_equal(starts(w), 2);
    assert_int_equal(event_count(w, "push.process_started"), 1);
}

static void stop__jobs_held__wait_for_their_outcome(void **state)
{
    struct world *w = *state;

    start_well(w);
    put(w, 1, "host/hold");
    put(w, 2, "host/let go");
    put(w, 3, "host/take");
    assert_true(tg_push_link_stop(&w->link));
    assert_int_equal(pushed(w, TG_PUSH_RESULT_TAKEN), 3);
    assert_int_equal(outbox_count(w), 0);
}

static void stop__jobs_never_answered__stay_in_the_outbox(void **state)
{
    struct world *w = *state;

    w->config->drain_timeout_s = 1;
    start_well(w);
    put(w, 1, "host/hold");
    put(w, 2, "host/take");
    AWAIT(pushed(w, TG_PUSH_RESULT_TAKEN) == 1);
    tg_push_link_drain(w->link);
    assert_true(tg_push_link_stop(&w->link));
    assert_int_equal(outbox_count(w), 1);
    put(w, 1, "host/take");
    start_well(w);
    AWAIT(outbox_count(w) == 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(start__no_provider__nothing),
        CASE(entry__each_outcome__settled_accordingly),
        CASE(entry__retry_after_its_expiration__removed),
        CASE(entry__there_before_the_start__pushed),
        CASE(entry__unreadable_or_not_sendable__counted_and_removed),
        CASE(entries__more_than_the_window__all_pushed),
        CASE(entries__larger_than_the_socket__all_pushed),
        CASE(process__dies_with_jobs__started_again_and_jobs_due),
        CASE(process__answers_for_a_job_it_does_not_have__ended),
        CASE(process__killed__one_event_and_started_again),
        CASE(start__process_ends_or_sends_nonsense__refused_with_the_reason),
        CASE(start__call_n_fails__refused_and_no_process_remains),
        CASE(reload__new_process_ready__takes_over_and_the_old_one_finishes),
        CASE(reload__new_process_fails__old_one_stays),
        CASE(stop__jobs_held__wait_for_their_outcome),
        CASE(stop__jobs_never_answered__stay_in_the_outbox),
    };

    if (argc == 2 && strcmp(argv[1], TG_PUSH_CHILD_FLAG) == 0) {
        return fake_process();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
