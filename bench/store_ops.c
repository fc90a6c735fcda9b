/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ops - runs the eight operations of a stateful transfer on the embedded store alone: without
 * HTTP, JSON and sealing.
 *
 *   store_ops DIR [--ports N] [--live N] [--sweep N] [--seconds N]
 *
 * create, preview (a read), bind, update, read, update, read, delete (a tombstone): five durable
 * changes and three reads, on records of the size of a sealed mailbox with a payload of 1 KiB.
 * 64 transfers are in flight, over all ports; a port is a thread that sleeps until the store wakes
 * it, as a worker of the relay does. --live adds N other records to the store first, and --sweep
 * removes the oldest N of them while the transfers run. Prints one JSON line.
 */
#include "base/num.h"
#include "store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT 64u
#define PORTS_MAX 64u
#define RECORD_LEN 1400u /* as created */
#define BOUND_LEN 1450u  /* with the recipient's side */
#define TOMBSTONE_LEN 160u
#define EXPIRES_S INT64_C(4000000000)
#define FILL_PER_S 10u /* records that expire in the same second */
#define LATENCIES_MAX 4000000u

enum step_kind { STEP_CHANGE, STEP_READ };

static const struct {
    enum step_kind kind;
    size_t len;             /* of the record after a change */
    uint64_t version_after; /* version of the record that a read must find */
} steps[] = {
    { STEP_CHANGE, RECORD_LEN, 1 }, /* create */
    { STEP_READ, 0, 1 },            /* preview */
    { STEP_CHANGE, BOUND_LEN, 2 },  /* the first read binds */
    { STEP_CHANGE, BOUND_LEN, 3 },  /* key signing request */
    { STEP_READ, 0, 3 },
    { STEP_CHANGE, BOUND_LEN, 4 }, /* key import request */
    { STEP_READ, 0, 4 },
    { STEP_CHANGE, TOMBSTONE_LEN, 5 }, /* delete */
};

struct worker;

struct transfer {
    struct worker *worker;
    struct tg_store_key key;
    size_t step;
    int64_t expires_s;
    bool is_good; /* the last change() found what it expected */
    double started_s;
    uint8_t record[BOUND_LEN];
};

struct worker {
    pthread_t thread;
    struct tg_store *store;
    struct tg_store_port *port;
    int wake_fd;
    size_t transfer_count;
    struct transfer *transfers;
    size_t running_count;
    double until_s;
    uint64_t done_count; /* whole transfers */
    float *latencies_ms; /* of changes */
    size_t latency_count;
    size_t sweep_count;           /* --sweep */
    double swept_s;               /* duration of the sweep */
    uint64_t fill_next, fill_end; /* --live: the records to add first */
};

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(bool is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "store_ops: %s failed\n", what);
        exit(1);
    }
}

static void random_bytes(void *out, size_t len)
{
    must(getrandom(out, len, 0) == (ssize_t)len, "getrandom");
}

/* As the change of the relay but without cryptography: reads the old record and writes a new one.
 */
static enum tg_store_verdict transfer_change(void *ctx, const struct tg_store_record *old,
                                             struct tg_store_next *next)
{
    struct transfer *t = ctx;
    size_t len = steps[t->step].len;
    size_t kept = 0;

    t->is_good = old == NULL ? t->step == 0 : old->version + 1 == steps[t->step].version_after;
    if (!t->is_good) {
        return TG_STORE_KEEP;
    }
    if (old != NULL) {
        kept = old->sealed.len < len ? old->sealed.len : len;
        memcpy(t->record, old->sealed.ptr, kept);
    }
    memset(t->record + kept, (int)t->step, len - kept);
    t->record[0]++;
    next->record = (struct tg_store_record){ .version = steps[t->step].version_after,
                                             .expires_s = t->expires_s,
                                             .sealed = tg_bytes(t->record, len) };
    return TG_STORE_PUT;
}

static void transfer_go(struct transfer *t);

static void transfer_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct transfer *t = ctx;

    must(err == TG_OK && record != NULL && record->version == steps[t->step].version_after, "read");
    t->step++;
}

static void transfer_done(void *ctx, enum tg_err err)
{
    struct transfer *t = ctx;
    struct worker *w = t->worker;
    double now = now_s();

    must(err == TG_OK && t->is_good, "change");
    if (w->latency_count < LATENCIES_MAX) {
        w->latencies_ms[w->latency_count++] = (float)((now - t->started_s) * 1000);
    }
    t->step++;
    if (t->step == TG_COUNT(steps)) {
        t->step = 0;
        if (now < w->until_s) {
            w->done_count++;
        }
    }
    if (now >= w->until_s) {
        w->running_count--;
        return;
    }
    transfer_go(t);
}

/* Does the reads, which return immediately, and starts the next change. */
static void transfer_go(struct transfer *t)
{
    const struct tg_store_ops *ops = t->worker->store->ops;

    while (steps[t->step].kind == STEP_READ) {
        ops->read(t->worker->port, &t->key, transfer_found, t);
    }
    if (t->step == 0) {
        random_bytes(t->key.bytes, sizeof(t->key.bytes));
        t->expires_s = EXPIRES_S + (int64_t)now_s(); /* the default lifetime */
    }
    t->started_s = now_s();
    ops->apply(t->worker->port, &t->key, transfer_change, t, transfer_done);
}

static enum tg_store_verdict fill_change(void *ctx, const struct tg_store_record *old,
                                         struct tg_store_next *next)
{
    struct transfer *t = ctx;

    (void)old;
    next->record = (struct tg_store_record){ .version = 1,
                                             .expires_s = t->expires_s,
                                             .sealed = tg_bytes(t->record, RECORD_LEN) };
    return TG_STORE_PUT;
}

static void fill_done(void *ctx, enum tg_err err)
{
    struct transfer *t = ctx;
    struct worker *w = t->worker;

    must(err == TG_OK, "fill");
    if (w->fill_next == w->fill_end) {
        w->running_count--;
        return;
    }
    /* As if FILL_PER_S records had been created each second in the past. */
    t->expires_s = EXPIRES_S - (int64_t)((w->fill_end - w->fill_next++) / FILL_PER_S);
    random_bytes(t->key.bytes, sizeof(t->key.bytes));
    w->store->ops->apply(w->port, &t->key, fill_change, t, fill_done);
}

static void notify(void *ctx)
{
    uint64_t one = 1;

    must(write(((struct worker *)ctx)->wake_fd, &one, sizeof(one)) == (ssize_t)sizeof(one),
         "eventfd");
}

static void worker_drain(struct worker *w)
{
    uint64_t count = 0;

    while (w->running_count > 0) {
        must(read(w->wake_fd, &count, sizeof(count)) == (ssize_t)sizeof(count), "eventfd");
        w->store->ops->dispatch(w->port);
    }
}

static void *fill_main(void *arg)
{
    struct worker *w = arg;

    w->running_count = w->transfer_count;
    for (size_t i = 0; i < w->transfer_count; i++) {
        fill_done(&w->transfers[i], TG_OK);
    }
    worker_drain(w);
    return NULL;
}

static void swept(void *ctx, enum tg_err err, const struct tg_store_swept *done)
{
    struct worker *w = ctx;

    must(err == TG_OK && done->removed_count == w->sweep_count, "sweep");
    w->swept_s += now_s();
    w->running_count--;
}

static void *transfer_main(void *arg)
{
    struct worker *w = arg;

    w->running_count = w->transfer_count;
    if (w->sweep_count > 0) {
        w->running_count++;
        w->swept_s = -now_s();
        w->store->ops->sweep(w->port, EXPIRES_S, w->sweep_count, swept, w);
    }
    for (size_t i = 0; i < w->transfer_count; i++) {
        w->transfers[i].step = 0;
        transfer_go(&w->transfers[i]);
    }
    worker_drain(w);
    return NULL;
}

static void worker_open(struct worker *w, struct tg_store *store, size_t transfer_count,
                        uint64_t fill_count)
{
    *w =
        (struct worker){ .store = store, .transfer_count = transfer_count, .fill_end = fill_count };
    w->wake_fd = eventfd(0, EFD_CLOEXEC);
    w->transfers = calloc(transfer_count, sizeof(*w->transfers));
    w->latencies_ms = calloc(LATENCIES_MAX, sizeof(*w->latencies_ms));
    must(w->wake_fd >= 0 && w->transfers != NULL && w->latencies_ms != NULL, "set-up");
    for (size_t i = 0; i < transfer_count; i++) {
        w->transfers[i].worker = w;
        random_bytes(w->transfers[i].record, sizeof(w->transfers[i].record));
    }
    must(store->ops->attach(store, notify, w, &w->port) == TG_OK, "attach");
}

static void run_all(struct worker *workers, size_t count, void *(*run)(void *))
{
    for (size_t i = 0; i < count; i++) {
        must(pthread_create(&workers[i].thread, NULL, run, &workers[i]) == 0, "thread");
    }
    for (size_t i = 0; i < count; i++) {
        must(pthread_join(workers[i].thread, NULL) == 0, "thread");
    }
}

static int latency_compare(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return x < y ? -1 : x > y;
}

static void report(struct worker *workers, size_t port_count, uint64_t live_count, double seconds)
{
    uint64_t done = 0;
    float *first = workers[0].latencies_ms;
    size_t count = workers[0].latency_count;

    for (size_t i = 0; i < port_count; i++) {
        done += workers[i].done_count;
    }
    must(count > 0, "measuring");
    qsort(first, count, sizeof(*first), latency_compare);
    printf("{\"transfers_per_s\": %.1f, \"operations_per_s\": %.1f, \"change_p50_ms\": %.3f, "
           "\"change_p99_ms\": %.3f, "
           "\"in_flight\": %u, \"ports\": %zu, \"live\": %llu, \"sweep_s\": %.2f}\n",
           (double)done / seconds, (double)(done * TG_COUNT(steps)) / seconds,
           (double)first[count / 2], (double)first[count * 99 / 100], IN_FLIGHT, port_count,
           (unsigned long long)live_count, workers[0].swept_s);
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t fallback, uint64_t max)
{
    uint64_t v = fallback;

    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            must(tg_num_parse_u64(&v, tg_bytes_str(argv[i + 1]), max) == TG_OK && v <= max, name);
        }
    }
    return v;
}

int main(int argc, char **argv)
{
    static struct worker workers[PORTS_MAX];
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_fault fault = { "" };
    struct tg_store *store = NULL;

    if (argc < 2 || argc % 2 != 0) {
        fprintf(stderr, "usage: store_ops DIR [--ports N] [--live N] [--sweep N] [--seconds N]\n");
        return 2;
    }
    size_t port_count = (size_t)option(argc, argv, "--ports", 1, PORTS_MAX);
    uint64_t live_count = option(argc, argv, "--live", 0, 100000000);
    double seconds = (double)option(argc, argv, "--seconds", 3, 3600);

    must(port_count > 0, "--ports");
    must(seconds > 0, "--seconds");
    if (tg_store_lmdb_open(&store, argv[1], &limits, NULL, &fault) != TG_OK) {
        fprintf(stderr, "store_ops: %s\n", fault.text);
        return 1;
    }
    for (size_t i = 0; i < port_count; i++) {
        worker_open(&workers[i], store, (IN_FLIGHT + port_count - 1) / port_count,
                    live_count / port_count);
    }
    run_all(workers, port_count, fill_main);
    for (size_t i = 0; i < port_count; i++) {
        workers[i].until_s = now_s() + seconds;
    }
    workers[0].sweep_count = (size_t)option(argc, argv, "--sweep", 0, live_count / port_count);
    run_all(workers, port_count, transfer_main);
    report(workers, port_count, live_count, seconds);
    for (size_t i = 0; i < port_count; i++) {
        store->ops->detach(&workers[i].port);
        free(workers[i].transfers);
        free(workers[i].latencies_ms);
        (void)close(workers[i].wake_fd);
    }
    store->ops->close(&store);
    return 0;
}
