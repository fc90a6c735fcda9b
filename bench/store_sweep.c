/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sweep - creates at full speed that expire soon, on the embedded store alone, and what the
 * sweep and other changes make of it.
 *
 *   store_sweep DIR [--flight N] [--lifetime S] [--seconds S] [--interval S]
 *
 * One port keeps N creates in flight (256: as many as share a commit) of records of the size of a
 * sealed mailbox, which expire after S seconds. A second port sweeps as the relay does: every
 * interval, and again as long as the maximum was removed. A third port, the others, changes 8
 * records again and again. Prints one JSON line: creates and removals each second, how many seconds
 * the sweep was behind the clock at most and at the end, and the latency of the others while
 * records expire (--lifetime larger than --seconds: while none does).
 */
#include "base/num.h"
#include "store/store.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define FLIGHT_MAX 16384u
#define OTHERS 8u
#define RECORD_LEN 1400u
#define SWEEP_BATCH 1000u
#define SECONDS_MAX 3600u
#define LATENCIES_MAX 4000000u
#define FAR_S INT64_C(4000000000)

struct port {
    struct tg_store *store;
    struct tg_store_port *port;
    int wake_fd;
    size_t running_count;
};

struct record {
    struct port *owner;
    struct tg_store_key key;
    int64_t expires_s;
    double started_s;
    uint64_t version;
    uint8_t bytes[RECORD_LEN];
};

static struct {
    int64_t lifetime_s;
    int64_t interval_s;
    double start_s, end_s;
    int64_t first_s;                               /* UTC seconds of the start */
    atomic_uint_fast64_t created[SECONDS_MAX + 2]; /* in each second since the start */
    uint64_t created_count, removed_count;
    int64_t behind_max_s, behind_s;
    float *latencies_ms;
    size_t latency_count;
} run;

static double mono_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Whole seconds since the start, on top of a UTC time. */
static int64_t utc_s(void)
{
    return run.first_s + (int64_t)(mono_s() - run.start_s);
}

static void must(bool is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "store_sweep: %s failed\n", what);
        exit(1);
    }
}

static void notify(void *ctx)
{
    uint64_t one = 1;

    must(write(((struct port *)ctx)->wake_fd, &one, sizeof(one)) == (ssize_t)sizeof(one), "wake");
}

static void port_open(struct port *p, struct tg_store *store)
{
    *p = (struct port){ .store = store, .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    must(p->wake_fd >= 0 && store->ops->attach(store, notify, p, &p->port) == TG_OK, "attach");
}

static void port_wait(struct port *p, int timeout_ms)
{
    struct pollfd at = { .fd = p->wake_fd, .events = POLLIN };
    uint64_t count = 0;

    if (poll(&at, 1, timeout_ms) == 1) {
        must(read(p->wake_fd, &count, sizeof(count)) == (ssize_t)sizeof(count), "wake");
        p->store->ops->dispatch(p->port);
    }
}

/* ---- creates and the others ------------------------------------------------------------------ */

static enum tg_store_verdict put(void *ctx, const struct tg_store_record *old,
                                 struct tg_store_next *next)
{
    struct record *r = ctx;

    next->record = (struct tg_store_record){ .version = old == NULL ? 1 : old->version + 1,
                                             .expires_s = r->expires_s,
                                             .sealed = tg_bytes(r->bytes, sizeof(r->bytes)) };
    return TG_STORE_PUT;
}

static void created(void *ctx, enum tg_err err);

static void create(struct record *r)
{
    must(getrandom(&r->key, sizeof(r->key), 0) == (ssize_t)sizeof(r->key), "getrandom");
    r->expires_s = utc_s() + run.lifetime_s;
    r->owner->store->ops->apply(r->owner->port, &r->key, put, r, created);
}

static void created(void *ctx, enum tg_err err)
{
    struct record *r = ctx;

    must(err == TG_OK, "create");
    run.created_count++;
    run.created[r->expires_s - run.lifetime_s - run.first_s]++;
    if (mono_s() >= run.end_s) {
        r->owner->running_count--;
        return;
    }
    create(r);
}

static void changed(void *ctx, enum tg_err err)
{
    struct record *r = ctx;
    double now = mono_s();
    bool is_measured = run.lifetime_s + 1 > (int64_t)(run.end_s - run.start_s) ||
                       now > run.start_s + (double)run.lifetime_s + 1;

    must(err == TG_OK, "change");
    if (is_measured && run.latency_count < LATENCIES_MAX) {
        run.latencies_ms[run.latency_count++] = (float)((now - r->started_s) * 1000);
    }
    if (now >= run.end_s) {
        r->owner->running_count--;
        return;
    }
    r->started_s = mono_s();
    r->owner->store->ops->apply(r->owner->port, &r->key, put, r, changed);
}

static void *port_main(void *arg)
{
    struct port *p = arg;

    while (p->running_count > 0) {
        port_wait(p, -1);
    }
    return NULL;
}

/* ---- the sweep ------------------------------------------------------------------------------- */

/* The oldest are removed first: the removed-th create shows how far the sweep has come. */
static int64_t behind_s(int64_t now_s)
{
    uint64_t left = run.removed_count;
    int64_t t = 0;

    while (run.first_s + t + run.lifetime_s <= now_s && t <= SECONDS_MAX &&
           left >= run.created[t]) {
        left -= run.created[t];
        t++;
    }
    int64_t due_s = run.first_s + t + run.lifetime_s;

    return due_s >= now_s ? 0 : now_s - due_s;
}

struct sweeper {
    bool is_running;
    size_t removed_count;
};

static void swept(void *ctx, enum tg_err err, const struct tg_store_swept *done)
{
    struct sweeper *s = ctx;

    must(err == TG_OK, "sweep");
    s->is_running = false;
    s->removed_count = done->removed_count;
    run.removed_count += done->removed_count;
}

static void *sweep_main(void *arg)
{
    struct port *p = arg;
    struct sweeper s = { .is_running = false };
    double next_s = run.start_s;

    while (mono_s() < run.end_s) {
        if (mono_s() < next_s) {
            port_wait(p, 10);
            continue;
        }
        s.is_running = true;
        p->store->ops->sweep(p->port, utc_s(), SWEEP_BATCH, swept, &s);
        while (s.is_running) {
            port_wait(p, -1);
        }
        run.behind_s = behind_s(utc_s());
        run.behind_max_s = run.behind_s > run.behind_max_s ? run.behind_s : run.behind_max_s;
        if (s.removed_count < SWEEP_BATCH) {
            next_s = mono_s() + (double)run.interval_s;
        }
    }
    return NULL;
}

/* ---- start and report ------------------------------------------------------------------------ */

static int latency_compare(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return x < y ? -1 : x > y;
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

static void report(void)
{
    double seconds = run.end_s - run.start_s;
    size_t count = run.latency_count;

    must(count > 0, "measuring");
    qsort(run.latencies_ms, count, sizeof(*run.latencies_ms), latency_compare);
    printf("{\"creates_per_s\": %.0f, \"removals_per_s\": %.0f, \"behind_max_s\": %lld, "
           "\"behind_end_s\": %lld, \"others\": %zu, \"others_p50_ms\": %.3f, "
           "\"others_p99_ms\": %.3f}\n",
           (double)run.created_count / seconds, (double)run.removed_count / seconds,
           (long long)run.behind_max_s, (long long)run.behind_s, count,
           (double)run.latencies_ms[count / 2], (double)run.latencies_ms[count * 99 / 100]);
}

static void start_all(struct port ports[3], struct tg_store *store, size_t flight)
{
    struct record *records = calloc(flight + OTHERS, sizeof(*records));

    must(records != NULL, "set-up");
    for (size_t i = 0; i < 3; i++) {
        port_open(&ports[i], store);
    }
    run.start_s = mono_s();
    run.end_s += run.start_s;
    ports[0].running_count = flight;
    ports[2].running_count = OTHERS;
    for (size_t i = 0; i < flight + OTHERS; i++) {
        struct record *r = &records[i];

        must(getrandom(r->bytes, 256, 0) == 256, "getrandom");
        r->owner = &ports[i < flight ? 0 : 2];
        if (i < flight) {
            create(r);
            continue;
        }
        r->expires_s = FAR_S;
        r->key.bytes[0] = (uint8_t)i;
        r->started_s = mono_s();
        store->ops->apply(r->owner->port, &r->key, put, r, changed);
    }
}

int main(int argc, char **argv)
{
    static struct port ports[3];
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_fault fault = { "" };
    struct tg_store *store = NULL;
    pthread_t threads[3];
    void *(*const mains[3])(void *) = { port_main, sweep_main, port_main };

    if (argc < 2 || argc % 2 != 0) {
        fprintf(stderr, "usage: store_sweep DIR [--flight N] [--lifetime S] [--seconds S] "
                        "[--interval S]\n");
        return 2;
    }
    run.lifetime_s = (int64_t)option(argc, argv, "--lifetime", 10, 1000000);
    run.interval_s = (int64_t)option(argc, argv, "--interval", 1, 60);
    run.end_s = (double)option(argc, argv, "--seconds", 30, SECONDS_MAX);
    run.first_s = 1000000000;
    run.latencies_ms = calloc(LATENCIES_MAX, sizeof(*run.latencies_ms));
    must(run.latencies_ms != NULL, "set-up");
    if (tg_store_lmdb_open(&store, argv[1], &limits, NULL, &fault) != TG_OK) {
        fprintf(stderr, "store_sweep: %s\n", fault.text);
        return 1;
    }
    start_all(ports, store, (size_t)option(argc, argv, "--flight", 256, FLIGHT_MAX));
    for (size_t i = 0; i < 3; i++) {
        must(pthread_create(&threads[i], NULL, mains[i], &ports[i]) == 0, "thread");
    }
    for (size_t i = 0; i < 3; i++) {
        must(pthread_join(threads[i], NULL) == 0, "thread");
    }
    report();
    for (size_t i = 0; i < 3; i++) {
        store->ops->detach(&ports[i].port);
    }
    store->ops->close(&store);
    return 0;
}
