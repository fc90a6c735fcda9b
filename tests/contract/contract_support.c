/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/contract_support.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS 20000
#define NOTED_KEY 999999999u /* the record whose changes have the notes */
#define NEVER_S INT64_C(4000000000)

void folder_make(char *folder, size_t size)
{
    /* What is tested of wrapped backends does not depend on a disk. */
    const char *place = is_wrapped && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    assert_true(snprintf(folder, size, "%s/tg-store-XXXXXX", place) < (int)size);
    assert_non_null(mkdtemp(folder));
}

/* Two levels: the folder, and in it the directory of the store. */
void folder_remove(const char *folder)
{
    char path[512];
    DIR *d = opendir(folder);
    const struct dirent *e = NULL;

    while (d != NULL && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (unlink(path) != 0) {
            folder_remove(path);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    (void)rmdir(folder);
}

void fixture_open(struct fixture *f, const struct backend *backend,
                  const struct tg_store_limits *limits)
{
    memset(f, 0, sizeof(*f));
    f->backend = backend;
    f->limits = limits == NULL ? (struct tg_store_limits){ .live_max = 0 } : *limits;
    folder_make(f->folder, sizeof(f->folder));
    (void)snprintf(f->dir, sizeof(f->dir), "%s/db", f->folder);
    assert_int_equal(backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}

void fixture_close(struct fixture *f)
{
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_null(f->store);
    folder_remove(f->folder);
}

static void notify(void *ctx)
{
    static const uint64_t one = 1;
    struct client *c = ctx;

    atomic_fetch_add(&c->notify_count, 1);
    (void)!write(c->wake_fd, &one, sizeof(one));
}

void client_open(struct client *c, struct tg_store *store)
{
    memset(c, 0, sizeof(*c));
    c->ops = store->ops;
    c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(c->wake_fd >= 0);
    assert_int_equal(c->ops->attach(store, notify, c, &c->port), TG_OK);
}

void client_close(struct client *c)
{
    c->ops->detach(&c->port);
    assert_null(c->port);
    (void)close(c->wake_fd);
}

void client_wait(struct client *c)
{
    struct pollfd fds[] = { { .fd = c->wake_fd, .events = POLLIN },
                            { .fd = c->ops->descriptor(c->port), .events = POLLIN } };
    uint64_t count = 0;

    assert_true(poll(fds, TG_COUNT(fds), WAIT_MS) > 0);
    (void)!read(c->wake_fd, &count, sizeof(count));
    c->ops->dispatch(c->port);
}

struct tg_store_key key_of(unsigned n)
{
    struct tg_store_key key;

    memset(&key, 0x5a, sizeof(key));
    for (size_t i = 0; i < sizeof(n); i++) {
        key.bytes[i] = (uint8_t)(n >> (8 * i));
    }
    return key;
}

struct call call_put(uint64_t version, int64_t expires_s, struct tg_bytes sealed)
{
    return (
        struct call){ .verdict = TG_STORE_PUT,
                      .next = { .version = version, .expires_s = expires_s, .sealed = sealed } };
}

static void call_see(struct call *call, const struct tg_store_record *record)
{
    call->has_seen = record != NULL;
    memset(&call->seen, 0, sizeof(call->seen));
    if (record != NULL) {
        call->seen = *record;
        call->seen.sealed.ptr = call->seen_bytes;
        if (record->sealed.len > 0) {
            memcpy(call->seen_bytes, record->sealed.ptr,
                   record->sealed.len < SEEN_MAX ? record->sealed.len : SEEN_MAX);
        }
    }
}

static enum tg_store_verdict call_change(void *ctx, const struct tg_store_record *old,
                                         struct tg_store_next *next)
{
    struct call *call = ctx;

    atomic_fetch_add(&call->run_count, 1);
    call_see(call, old);
    next->record = call->next;
    next->mark_s = call->mark_s;
    next->note_count = call->note_count;
    memcpy(next->notes, call->notes, sizeof(next->notes));
    return call->verdict;
}

static void call_done(void *ctx, enum tg_err err)
{
    struct call *call = ctx;

    assert_false(call->is_applying);
    call->done_count++;
    call->err = err;
}

static void call_swept(void *ctx, enum tg_err err, const struct tg_store_swept *swept)
{
    struct call *call = ctx;

    call->swept = *swept;
    call_done(ctx, err);
}

void call_start(struct client *c, unsigned key, struct call *call)
{
    struct tg_store_key k = key_of(key);

    call->is_applying = true;
    c->ops->apply(c->port, &k, call_change, call, call_done);
    call->is_applying = false;
}

void sweep_start(struct client *c, int64_t now_s, size_t max_count, struct call *call)
{
    call->is_applying = true;
    c->ops->sweep(c->port, now_s, max_count, call_swept, call);
    call->is_applying = false;
}

void call_finish(struct client *c, struct call *call)
{
    while (call->done_count == 0) {
        client_wait(c);
    }
    assert_int_equal(call->done_count, 1);
}

enum tg_err put(struct client *c, unsigned key, uint64_t version, int64_t expires_s,
                struct tg_bytes sealed)
{
    struct call call = call_put(version, expires_s, sealed);

    call_start(c, key, &call);
    call_finish(c, &call);
    return call.err;
}

enum tg_err keep(struct client *c, unsigned key, struct call *call)
{
    memset(call, 0, sizeof(*call));
    call->verdict = TG_STORE_KEEP;
    call_start(c, key, call);
    call_finish(c, call);
    return call->err;
}

enum tg_err drop(struct client *c, unsigned key)
{
    struct call call = { .verdict = TG_STORE_REMOVE };

    call_start(c, key, &call);
    call_finish(c, &call);
    return call.err;
}

size_t sweep(struct client *c, int64_t now_s, size_t max_count)
{
    struct call call = { .verdict = TG_STORE_KEEP };

    sweep_start(c, now_s, max_count, &call);
    call_finish(c, &call);
    assert_int_equal(call.err, TG_OK);
    return call.swept.removed_count;
}

static void look_found(void *ctx, enum tg_err err, const struct tg_store_record *record)
{
    struct call *call = ctx;

    call_see(call, record);
    call->err = err;
    call->done_count++;
}

void look_start(struct client *c, unsigned key, struct call *call)
{
    struct tg_store_key k = key_of(key);

    memset(call, 0, sizeof(*call));
    c->ops->read(c->port, &k, look_found, call);
}

bool look(struct client *c, unsigned key, struct call *call)
{
    look_start(c, key, call);
    call_finish(c, call);
    assert_int_equal(call->err, TG_OK);
    return call->has_seen;
}

void series_start(struct client *c, unsigned series, int64_t end_s, struct call *call)
{
    struct tg_store_key id = key_of(series);

    call->is_applying = true;
    c->ops->series(c->port, &id, end_s, call_done, call);
    call->is_applying = false;
}

enum tg_err series_open(struct client *c, unsigned series, int64_t end_s)
{
    struct call call = { .verdict = TG_STORE_KEEP };

    series_start(c, series, end_s, &call);
    call_finish(c, &call);
    return call.err;
}

static void spend_spent(void *ctx, enum tg_err err, enum tg_spend_outcome outcome,
                        struct tg_bytes sealed)
{
    struct spent *spent = ctx;

    assert_false(spent->is_spending);
    spent->done_count++;
    spent->err = err;
    spent->outcome = outcome;
    spent->len = sealed.len;
    if (sealed.len > 0) {
        memcpy(spent->bytes, sealed.ptr, sealed.len);
    }
}

void spend_start(struct client *c, unsigned series, unsigned key, struct tg_bytes sealed,
                 struct spent *spent)
{
    const struct tg_spend what = { .series = key_of(series), .key = key_of(key), .sealed = sealed };

    memset(spent, 0, sizeof(*spent));
    spent->is_spending = true;
    c->ops->spend(c->port, &what, spend_spent, spent);
    spent->is_spending = false;
}

void spend_finish(struct client *c, struct spent *spent)
{
    while (spent->done_count == 0) {
        client_wait(c);
    }
    assert_int_equal(spent->done_count, 1);
}

enum tg_spend_outcome spend(struct client *c, unsigned series, unsigned key, const char *sealed)
{
    struct spent spent;

    spend_start(c, series, key, tg_bytes_str(sealed), &spent);
    spend_finish(c, &spent);
    assert_int_equal(spent.err, TG_OK);
    return spent.outcome;
}

void call_notify(struct call *call, unsigned key, int64_t due_s, int64_t expires_s,
                 struct tg_bytes sealed)
{
    assert_true(call->note_count < TG_STORE_NOTES_MAX);
    call->notes[call->note_count++] = (struct tg_outbox_note){ .ask = TG_OUTBOX_NOTIFY,
                                                               .key = key_of(key),
                                                               .due_s = due_s,
                                                               .expires_s = expires_s,
                                                               .sealed = sealed };
}

static void lease_leased(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                         size_t count, int64_t next_due_s)
{
    struct leased *l = ctx;

    assert_false(l->is_leasing);
    assert_true(count <= TG_OUTBOX_LEASE_MAX);
    l->done_count++;
    l->err = err;
    l->count = count;
    l->next_due_s = next_due_s;
    for (size_t i = 0; i < count; i++) {
        l->entries[i] = entries[i];
        if (entries[i].sealed.len > 0) {
            assert_true(sizeof(l->bytes) - l->byte_count >= entries[i].sealed.len);
            memcpy(l->bytes + l->byte_count, entries[i].sealed.ptr, entries[i].sealed.len);
        }
        l->entries[i].sealed.ptr = l->bytes + l->byte_count;
        l->byte_count += entries[i].sealed.len;
    }
}

void lease_start(struct client *c, int64_t now_s, int64_t until_s, size_t max_count,
                 struct leased *l)
{
    memset(l, 0, sizeof(*l));
    l->is_leasing = true;
    c->ops->lease(c->port, now_s, until_s, max_count, lease_leased, l);
    l->is_leasing = false;
}

void lease_finish(struct client *c, struct leased *l)
{
    while (l->done_count == 0) {
        client_wait(c);
    }
    assert_int_equal(l->done_count, 1);
    assert_int_equal(l->err, TG_OK);
}

void settle_start(struct client *c, const struct leased *l, size_t i,
                  enum tg_outbox_verdict verdict, int64_t due_s, struct call *call)
{
    assert_true(i < l->count);
    call->is_applying = true;
    c->ops->settle(c->port, &l->entries[i].key, l->entries[i].generation, verdict, due_s, call_done,
                   call);
    call->is_applying = false;
}

static enum tg_err note(struct client *c, struct call *call)
{
    call_start(c, NOTED_KEY, call);
    call_finish(c, call);
    return call->err;
}

enum tg_err tell(struct client *c, unsigned key, int64_t due_s, int64_t expires_s,
                 struct tg_bytes sealed)
{
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    call_notify(&call, key, due_s, expires_s, sealed);
    return note(c, &call);
}

enum tg_err unblock(struct client *c, unsigned key)
{
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    call.note_count = 1;
    call.notes[0] = (struct tg_outbox_note){ .ask = TG_OUTBOX_UNBLOCK, .key = key_of(key) };
    return note(c, &call);
}

void lease(struct client *c, int64_t now_s, int64_t until_s, size_t max_count, struct leased *l)
{
    lease_start(c, now_s, until_s, max_count, l);
    lease_finish(c, l);
}

enum tg_err settle(struct client *c, const struct leased *l, size_t i,
                   enum tg_outbox_verdict verdict, int64_t due_s)
{
    struct call call = { .verdict = TG_STORE_KEEP };

    settle_start(c, l, i, verdict, due_s, &call);
    call_finish(c, &call);
    return call.err;
}

unsigned number_of(const struct tg_store_key *key)
{
    unsigned n = 0;

    for (size_t i = 0; i < sizeof(n); i++) {
        n |= (unsigned)key->bytes[i] << (8 * i);
    }
    return n;
}

void assert_outbox(const struct tg_store *store, uint64_t outbox_count)
{
    struct tg_store_stats stats = { .live_count = 0 };

    store->ops->stats(store, &stats);
    assert_int_equal(stats.outbox_count, outbox_count);
}

void assert_stats(const struct tg_store *store, uint64_t record_count, uint64_t value_bytes)
{
    struct tg_store_stats stats = { .live_count = 0 };

    store->ops->stats(store, &stats);
    assert_int_equal(stats.live_count, record_count);
    assert_int_equal(stats.live_bytes, value_bytes);
}

/* ---- holding the writer ---- */

static enum tg_store_verdict stopper_change(void *ctx, const struct tg_store_record *old,
                                            struct tg_store_next *next)
{
    struct stopper *s = ctx;

    (void)old;
    (void)next;
    (void)sem_post(&s->entered);
    (void)sem_wait(&s->release);
    return TG_STORE_KEEP;
}

static void stopper_done(void *ctx, enum tg_err err)
{
    assert_int_equal(err, TG_OK);
    ((struct stopper *)ctx)->is_done = true;
}

void stopper_start(struct stopper *s, struct client *c)
{
    struct tg_store_key key = key_of(9999);

    memset(s, 0, sizeof(*s));
    (void)sem_init(&s->entered, 0, 0);
    (void)sem_init(&s->release, 0, 0);
    c->ops->apply(c->port, &key, stopper_change, s, stopper_done);
    while (sem_wait(&s->entered) != 0) {
    }
}

void stopper_release(struct stopper *s, struct client *c)
{
    (void)sem_post(&s->release);
    while (!s->is_done) {
        client_wait(c);
    }
    (void)sem_destroy(&s->entered);
    (void)sem_destroy(&s->release);
}
