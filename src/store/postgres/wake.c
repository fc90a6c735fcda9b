/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/wake.h"

#include "base/b64.h"
#include "base/mem.h"
#include "base/rng.h"
#include "store/postgres/clock.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TELL_EVERY_MS 10u
#define CONNECT_MS 3000u
#define ANSWER_MS 5000u
#define LOOKUP_MS 20u
#define TEXT_MAX 7999u     /* bytes of a payload, in PostgreSQL */
#define MESSAGE_HINTS 740u /* with the node before them, in base64 */
#define NODE_LEN 8u

/* The channel of every payload: node, then hints; none: anything may have changed. */
#define LISTEN_SQL "LISTEN tigress"
#define TELL_SQL "SELECT pg_notify('tigress', $1)"
/* A hint need not be on a disk. */
#define TELL_SETUP_SQL "SET synchronous_commit = off"

enum wire_state { WIRE_DOWN, WIRE_CONNECTING, WIRE_STARTING, WIRE_IDLE, WIRE_BUSY };

/* A connection of its own. */
struct wire {
    const char *setup_sql;
    PGconn *conn;
    enum wire_state state;
    short events;   /* of poll */
    uint64_t at_ms; /* when it is tried again, or given up; not while it is idle */
    size_t host;
    unsigned failure_count;
};

struct tg_pg_wake {
    const struct tg_pg_url *url;
    struct tg_pg_resolver *resolver;
    uint8_t node[NODE_LEN];
    int wake_fd;

    pthread_mutex_t lock; /* of all to the empty line */
    struct tg_pg_ear *ears;
    struct tg_pg_hints out;
    bool must_end;
    bool has_thread;
    pthread_t thread;

    /* The thread's. */
    struct wire listener;
    struct wire teller;
    uint64_t told_ms;
    uint64_t random;
    struct tg_buf text;
    struct tg_buf raw;
};

/* ---- payloads
 * ------------------------------------------------------------------------------------ */

/* Under the lock. hints NULL: anything. */
static void deliver(struct tg_pg_wake *w, const uint8_t *hints, size_t count)
{
    for (struct tg_pg_ear *ear = w->ears; ear != NULL; ear = ear->next) {
        bool was_empty = tg_pg_hints_is_empty(ear->hints);

        if (atomic_load(&ear->follow_count) == 0) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            tg_pg_hints_add(ear->hints, hints + i * TG_PG_HINT_LEN);
        }
        if (hints == NULL) {
            tg_pg_hints_add_all(ear->hints);
        }
        if (was_empty) {
            ear->heard(ear->ctx);
        }
    }
}

static void deliver_all(struct tg_pg_wake *w)
{
    (void)pthread_mutex_lock(&w->lock);
    deliver(w, NULL, 0);
    (void)pthread_mutex_unlock(&w->lock);
}

/* What is no payload of a node says nothing. */
static void take_payload(struct tg_pg_wake *w, const char *payload)
{
    struct tg_bytes raw;

    tg_buf_clear(&w->raw);
    if (tg_b64_decode(&w->raw, tg_bytes_str(payload), TG_B64_URL) != TG_OK) {
        return;
    }
    raw = tg_buf_view(&w->raw);
    if (raw.len < NODE_LEN || raw.len % TG_PG_HINT_LEN != 0 ||
        memcmp(raw.ptr, w->node, NODE_LEN) == 0) {
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    deliver(w, raw.len == NODE_LEN ? NULL : raw.ptr + NODE_LEN,
            (raw.len - NODE_LEN) / TG_PG_HINT_LEN);
    (void)pthread_mutex_unlock(&w->lock);
}

/* The next payload, in w->text. False: there is nothing to tell. */
static bool make_payload(struct tg_pg_wake *w)
{
    struct tg_pg_hints *out = &w->out;
    size_t count = 0;
    bool is_any = false;

    tg_buf_clear(&w->raw);
    tg_buf_clear(&w->text);
    (void)pthread_mutex_lock(&w->lock);
    is_any = !tg_pg_hints_is_empty(out);
    count = out->count < MESSAGE_HINTS ? out->count : MESSAGE_HINTS;
    tg_buf_append(&w->raw, TG_ARRAY_BYTES(w->node));
    tg_buf_append(&w->raw, tg_bytes(out->list, count * TG_PG_HINT_LEN));
    memmove(out->list, out->list[count], (out->count - count) * TG_PG_HINT_LEN);
    out->count -= count;
    out->is_all = false;
    (void)pthread_mutex_unlock(&w->lock);
    tg_b64_encode(&w->text, tg_buf_view(&w->raw), TG_B64_URL);
    return is_any;
}

/* ---- wires ---------------------------------------------------------------------------------- */

static void on_notice(void *ctx, const PGresult *result)
{
    (void)ctx;
    (void)result;
}

static void lose(struct tg_pg_wake *w, struct wire *wire)
{
    if (wire == &w->teller && wire->state == WIRE_BUSY) {
        (void)pthread_mutex_lock(&w->lock);
        tg_pg_hints_add_all(&w->out); /* what was on its way may be lost */
        (void)pthread_mutex_unlock(&w->lock);
    }
    PQfinish(wire->conn);
    wire->conn = NULL;
    wire->state = WIRE_DOWN;
    wire->host++;
    wire->at_ms = tg_pg_mono_ms() + tg_pg_pause_ms(wire->failure_count++, &w->random);
}

static void connect_on(struct tg_pg_wake *w, struct wire *wire, uint64_t now_ms)
{
    struct tg_pg_host host;
    bool has_host = false;
    size_t count = 0;

    if (tg_pg_resolver_get(w->resolver, wire->host, now_ms, &host, &has_host, &count) ==
        TG_PG_LOOKUP_RUNS) {
        wire->at_ms = now_ms + LOOKUP_MS;
        return;
    }
    wire->conn = has_host ? tg_pg_url_start(w->url, &host) : NULL;
    if (wire->conn == NULL || PQstatus(wire->conn) == CONNECTION_BAD) {
        lose(w, wire);
        return;
    }
    (void)PQsetNoticeReceiver(wire->conn, on_notice, NULL);
    wire->state = WIRE_CONNECTING;
    wire->events = POLLOUT;
    wire->at_ms = now_ms + CONNECT_MS;
}

/* Sends what can be sent. */
static void flush(struct tg_pg_wake *w, struct wire *wire)
{
    int left = PQflush(wire->conn);

    wire->events = left > 0 ? POLLIN | POLLOUT : POLLIN;
    if (left < 0) {
        lose(w, wire);
    }
}

static void sent(struct tg_pg_wake *w, struct wire *wire, bool is_sent, enum wire_state state)
{
    wire->at_ms = tg_pg_mono_ms() + ANSWER_MS;
    wire->state = state;
    if (is_sent) {
        flush(w, wire);
    } else {
        lose(w, wire);
    }
}

static void connect_further(struct tg_pg_wake *w, struct wire *wire)
{
    switch (PQconnectPoll(wire->conn)) {
    case PGRES_POLLING_READING:
        wire->events = POLLIN;
        return;
    case PGRES_POLLING_WRITING:
        wire->events = POLLOUT;
        return;
    case PGRES_POLLING_OK:
        sent(w, wire,
             PQsetnonblocking(wire->conn, 1) == 0 && PQsendQuery(wire->conn, wire->setup_sql) == 1,
             WIRE_STARTING);
        return;
    default:
        lose(w, wire);
        return;
    }
}

/* The statement that was sent is done. */
static void answered(struct tg_pg_wake *w, struct wire *wire)
{
    if (wire->state == WIRE_STARTING) {
        wire->failure_count = 0;
        if (wire == &w->listener) {
            deliver_all(w); /* what was told before was not heard */
        }
    }
    wire->state = WIRE_IDLE;
}

static void serve(struct tg_pg_wake *w, struct wire *wire)
{
    PGnotify *heard = NULL;

    if (PQconsumeInput(wire->conn) == 0) {
        lose(w, wire);
        return;
    }
    while (wire->state != WIRE_IDLE && PQisBusy(wire->conn) == 0) {
        PGresult *result = PQgetResult(wire->conn);
        ExecStatusType status = PQresultStatus(result);

        PQclear(result);
        if (result == NULL) {
            answered(w, wire);
        } else if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            lose(w, wire);
            return;
        }
    }
    while ((heard = PQnotifies(wire->conn)) != NULL) {
        take_payload(w, heard->extra);
        PQfreemem(heard);
    }
    flush(w, wire);
}

static void tick(struct tg_pg_wake *w, struct wire *wire, uint64_t now_ms)
{
    if (wire->state == WIRE_IDLE || now_ms < wire->at_ms) {
        return;
    }
    if (wire->state == WIRE_DOWN) {
        connect_on(w, wire, now_ms);
    } else {
        lose(w, wire);
    }
}

/* ---- telling -------------------------------------------------------------------------------- */

static void tell(struct tg_pg_wake *w, uint64_t now_ms)
{
    struct wire *wire = &w->teller;
    const char *values[1];

    if (wire->state != WIRE_IDLE || now_ms < w->told_ms + TELL_EVERY_MS || !make_payload(w)) {
        return;
    }
    w->told_ms = now_ms;
    values[0] = tg_buf_cstr(&w->text);
    sent(w, wire, PQsendQueryParams(wire->conn, TELL_SQL, 1, NULL, values, NULL, NULL, 0) == 1,
         WIRE_BUSY);
}

static bool has_news(struct tg_pg_wake *w)
{
    bool has = false;

    (void)pthread_mutex_lock(&w->lock);
    has = !tg_pg_hints_is_empty(&w->out);
    (void)pthread_mutex_unlock(&w->lock);
    return has;
}

/* ---- the thread ----------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How long nothing is due; -1: for ever. */
static int idle_ms(struct tg_pg_wake *w, uint64_t now_ms)
{
    const struct wire *listener = &w->listener;
    const struct wire *teller = &w->teller;
    uint64_t due_ms = earlier(listener->state == WIRE_IDLE ? UINT64_MAX : listener->at_ms,
                              teller->state == WIRE_IDLE ? UINT64_MAX : teller->at_ms);

    if (teller->state == WIRE_IDLE && has_news(w)) {
        due_ms = earlier(due_ms, w->told_ms + TELL_EVERY_MS);
    }
    return due_ms == UINT64_MAX ? -1 : due_ms > now_ms ? (int)(due_ms - now_ms) : 0;
}

static void do_io(struct tg_pg_wake *w, struct wire *wire, short events)
{
    if (wire->conn == NULL || events == 0) {
        return;
    }
    if (wire->state == WIRE_CONNECTING) {
        connect_further(w, wire);
    } else {
        serve(w, wire);
    }
}

static struct pollfd fd_of(const struct wire *wire)
{
    return (struct pollfd){ .fd = wire->conn == NULL ? -1 : PQsocket(wire->conn),
                            .events = wire->events };
}

static bool must_end(struct tg_pg_wake *w)
{
    bool must = false;

    (void)pthread_mutex_lock(&w->lock);
    must = w->must_end;
    (void)pthread_mutex_unlock(&w->lock);
    return must;
}

static void *run(void *ctx)
{
    struct tg_pg_wake *w = ctx;

    while (!must_end(w)) {
        uint64_t now_ms = tg_pg_mono_ms();
        struct pollfd fds[3] = { { .fd = w->wake_fd, .events = POLLIN } };
        uint64_t count = 0;

        tick(w, &w->listener, now_ms);
        tick(w, &w->teller, now_ms);
        tell(w, now_ms);
        fds[1] = fd_of(&w->listener);
        fds[2] = fd_of(&w->teller);
        (void)poll(fds, 3, idle_ms(w, tg_pg_mono_ms()));
        (void)!read(w->wake_fd, &count, sizeof(count));
        do_io(w, &w->listener, fds[1].revents);
        do_io(w, &w->teller, fds[2].revents);
    }
    PQfinish(w->listener.conn);
    PQfinish(w->teller.conn);
    return NULL;
}

static void wake(struct tg_pg_wake *w)
{
    static const uint64_t one = 1;

    (void)!write(w->wake_fd, &one, sizeof(one));
}

/* Under the lock. */
static enum tg_err start(struct tg_pg_wake *w)
{
    sigset_t all;
    sigset_t before;

    if (!w->has_thread) {
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        w->has_thread = pthread_create(&w->thread, NULL, run, w) == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return w->has_thread ? TG_OK : TG_E_NOMEM;
}

/* ---- for the ports -------------------------------------------------------------------------- */

enum tg_err tg_pg_wake_new(struct tg_pg_wake **out, const struct tg_pg_url *url,
                           struct tg_pg_resolver *resolver, int64_t node)
{
    struct tg_pg_wake *w = tg_mem_calloc(1, sizeof(*w));
    enum tg_err err = TG_E_BUG;

    if (w == NULL) {
        return TG_E_NOMEM;
    }
    w->url = url;
    w->resolver = resolver;
    w->listener.setup_sql = LISTEN_SQL;
    w->teller.setup_sql = TELL_SETUP_SQL;
    memcpy(w->node, &node, sizeof(w->node));
    tg_buf_init(&w->raw, TEXT_MAX);
    tg_buf_init(&w->text, TEXT_MAX);
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TG_REQUIRE(w->wake_fd >= 0, TG_E_IO);
    TG_TRY(tg_rng_fill(&tg_rng_system, (uint8_t *)&w->random, sizeof(w->random)));
    TG_REQUIRE(pthread_mutex_init(&w->lock, NULL) == 0, TG_E_NOMEM);
    *out = w;
    w = NULL;
    err = TG_OK;
out:
    if (w != NULL && w->wake_fd >= 0) {
        (void)close(w->wake_fd);
    }
    tg_mem_free(w);
    return err;
}

void tg_pg_wake_free(struct tg_pg_wake **wp)
{
    struct tg_pg_wake *w = *wp;

    if (w == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    w->must_end = true;
    (void)pthread_mutex_unlock(&w->lock);
    wake(w);
    if (w->has_thread) {
        (void)pthread_join(w->thread, NULL);
    }
    (void)pthread_mutex_destroy(&w->lock);
    (void)close(w->wake_fd);
    tg_buf_deinit(&w->raw);
    tg_buf_deinit(&w->text);
    tg_mem_free(w);
    *wp = NULL;
}

enum tg_err tg_pg_wake_hear(struct tg_pg_wake *w, struct tg_pg_ear *ear)
{
    enum tg_err err = TG_OK;

    ear->hints = tg_mem_calloc(1, sizeof(*ear->hints));
    if (ear->hints == NULL) {
        return TG_E_NOMEM;
    }
    (void)pthread_mutex_lock(&w->lock);
    ear->next = w->ears;
    w->ears = ear;
    err = start(w);
    (void)pthread_mutex_unlock(&w->lock);
    if (err != TG_OK) {
        tg_pg_wake_ignore(w, ear);
    }
    return err;
}

void tg_pg_wake_ignore(struct tg_pg_wake *w, struct tg_pg_ear *ear)
{
    (void)pthread_mutex_lock(&w->lock);
    for (struct tg_pg_ear **at = &w->ears; *at != NULL; at = &(*at)->next) {
        if (*at == ear) {
            *at = ear->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    tg_mem_free(ear->hints);
    ear->hints = NULL;
}

void tg_pg_wake_take(struct tg_pg_wake *w, struct tg_pg_ear *ear, struct tg_pg_hints *out)
{
    (void)pthread_mutex_lock(&w->lock);
    out->is_all = ear->hints->is_all;
    out->count = ear->hints->count;
    memcpy(out->list, ear->hints->list, out->count * TG_PG_HINT_LEN);
    tg_pg_hints_clear(ear->hints);
    (void)pthread_mutex_unlock(&w->lock);
}

void tg_pg_wake_tell(struct tg_pg_wake *w, const struct tg_store_key *key)
{
    bool was_empty = false;

    (void)pthread_mutex_lock(&w->lock);
    if (w->ears != NULL) {
        was_empty = tg_pg_hints_is_empty(&w->out);
        tg_pg_hints_add(&w->out, key->bytes);
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (was_empty) {
        wake(w);
    }
}

void tg_pg_wake_tell_own(struct tg_pg_wake *w, const struct tg_store_key *key)
{
    (void)pthread_mutex_lock(&w->lock);
    deliver(w, key->bytes, 1);
    (void)pthread_mutex_unlock(&w->lock);
}
